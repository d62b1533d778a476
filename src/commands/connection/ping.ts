import type { CommandRow } from '../command-row.ts';
import { isSubscriber } from '../subscriber.ts';

export const pingCommand: CommandRow = {
  name: 'ping',
  arity: -1,
  flags: ['fast'],
  group: 'connection',
  since: '1.0.0',
  complexity: 'O(1)',
  summary: 'Ask whether the server answers',
  syntax: '[message]',
  tips: ['request_policy:all_shards', 'response_policy:all_succeeded'],
  execute(session, frame, reply) {
    if (frame.count > 2) {
      reply.errorText("ERR wrong number of arguments for 'ping' command");
      return;
    }
    if (session.subscriptions !== null && session.protocol === 2 && isSubscriber(session)) {
      // A RESP2 client that listens takes every reply for a message: this one has a message's form.
      reply.array(2);
      reply.bulkText('pong');
      if (frame.count === 1) reply.bulkText('');
      else reply.bulk(frame.bytes, frame.offsets[1], frame.lengths[1]);
      return;
    }
    if (frame.count === 1) reply.simple('PONG');
    else reply.bulk(frame.bytes, frame.offsets[1], frame.lengths[1]);
  },
};

export const echoCommand: CommandRow = {
  name: 'echo',
  arity: 2,
  flags: ['loading', 'stale', 'fast'],
  group: 'connection',
  since: '1.0.0',
  complexity: 'O(1)',
  summary: 'Answer with the message given',
  syntax: 'message',
  execute(_session, frame, reply) {
    reply.bulk(frame.bytes, frame.offsets[1], frame.lengths[1]);
  },
};
