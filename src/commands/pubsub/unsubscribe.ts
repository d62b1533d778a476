import type { Frame } from '../../base/frame.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { type CommandRow, keysAt } from '../command-row.ts';
import type { SubscriptionKind } from '../node-services.ts';
import type { Session } from '../session.ts';
import { replySubscription } from './subscription-reply.ts';

const FLAGS = ['pubsub', 'noscript', 'loading', 'stale'] as const;

export const unsubscribeCommand: CommandRow = {
  name: 'unsubscribe',
  arity: -1,
  flags: FLAGS,
  group: 'pubsub',
  since: '2.0.0',
  complexity: 'O(N) where N is the number of clients already subscribed to a channel.',
  summary: 'Stop listening to channels, or to all of them',
  syntax: '[channel [channel ...]]',
  execute(session, frame, reply) {
    unsubscribe(session, frame, reply, 'channel');
  },
};

export const punsubscribeCommand: CommandRow = {
  name: 'punsubscribe',
  arity: -1,
  flags: FLAGS,
  group: 'pubsub',
  since: '2.0.0',
  complexity:
    'O(N+M) where N is the number of patterns the client is already subscribed and M is the ' +
    'total number of patterns subscribed in the system (by any client).',
  summary: 'Stop listening to patterns, or to all of them',
  syntax: '[pattern [pattern ...]]',
  execute(session, frame, reply) {
    unsubscribe(session, frame, reply, 'pattern');
  },
};

export const sunsubscribeCommand: CommandRow = {
  name: 'sunsubscribe',
  arity: -1,
  flags: FLAGS,
  keys: [keysAt(1, -1, 1, 'NOT_KEY')],
  group: 'pubsub',
  since: '7.0.0',
  complexity: 'O(N) where N is the number of clients already subscribed to a shard channel.',
  summary: 'Stop listening to shard channels, or to all of them',
  syntax: '[shardchannel [shardchannel ...]]',
  execute(session, frame, reply) {
    unsubscribe(session, frame, reply, 'shard');
  },
};

const WORDS = { channel: 'unsubscribe', pattern: 'punsubscribe', shard: 'sunsubscribe' } as const;

function unsubscribe(
  session: Session,
  frame: Frame,
  reply: ReplyWriter,
  kind: SubscriptionKind,
): void {
  const { pubsub } = session.node;
  const names: (string | null)[] = frame.count > 1 ? [] : pubsub.names(session, kind);
  for (let arg = 1; arg < frame.count; arg++) names.push(frame.latin1(arg));
  if (names.length === 0) names.push(null);
  for (const name of names) {
    if (name !== null) pubsub.unsubscribe(session, kind, name);
    replySubscription(session, reply, kind, WORDS[kind], name);
  }
}
