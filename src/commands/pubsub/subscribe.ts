import type { Frame } from '../../base/frame.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { type CommandRow, keysAt } from '../command-row.ts';
import type { SubscriptionKind } from '../node-services.ts';
import type { Session } from '../session.ts';
import { replySubscription } from './subscription-reply.ts';

const FLAGS = ['pubsub', 'noscript', 'loading', 'stale'] as const;

export const subscribeCommand: CommandRow = {
  name: 'subscribe',
  arity: -2,
  flags: FLAGS,
  group: 'pubsub',
  since: '2.0.0',
  complexity: 'O(N) where N is the number of channels to subscribe to.',
  summary: 'Listen to channels',
  syntax: 'channel [channel ...]',
  execute(session, frame, reply) {
    subscribe(session, frame, reply, 'channel');
  },
};

export const psubscribeCommand: CommandRow = {
  name: 'psubscribe',
  arity: -2,
  flags: FLAGS,
  group: 'pubsub',
  since: '2.0.0',
  complexity: 'O(N) where N is the number of patterns the client is already subscribed to.',
  summary: 'Listen to all channels whose names match patterns',
  syntax: 'pattern [pattern ...]',
  execute(session, frame, reply) {
    subscribe(session, frame, reply, 'pattern');
  },
};

export const ssubscribeCommand: CommandRow = {
  name: 'ssubscribe',
  arity: -2,
  flags: FLAGS,
  keys: [keysAt(1, -1, 1, 'NOT_KEY')],
  group: 'pubsub',
  since: '7.0.0',
  complexity: 'O(N) where N is the number of shard channels to subscribe to.',
  summary: 'Listen to shard channels',
  syntax: 'shardchannel [shardchannel ...]',
  execute(session, frame, reply) {
    subscribe(session, frame, reply, 'shard');
  },
};

const WORDS = { channel: 'subscribe', pattern: 'psubscribe', shard: 'ssubscribe' } as const;

function subscribe(
  session: Session,
  frame: Frame,
  reply: ReplyWriter,
  kind: SubscriptionKind,
): void {
  for (let arg = 1; arg < frame.count; arg++) {
    const name = frame.latin1(arg);
    session.node.pubsub.subscribe(session, kind, name);
    replySubscription(session, reply, kind, WORDS[kind], name);
  }
}
