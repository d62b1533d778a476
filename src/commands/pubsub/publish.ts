import type { Frame } from '../../base/frame.ts';
import { type CommandRow, keysAt } from '../command-row.ts';
import type { Session } from '../session.ts';

export const publishCommand: CommandRow = {
  name: 'publish',
  arity: 3,
  flags: ['pubsub', 'loading', 'stale', 'fast'],
  mayReplicate: true,
  group: 'pubsub',
  since: '2.0.0',
  complexity:
    'O(N+M) where N is the number of clients subscribed to the receiving channel and M is the ' +
    'total number of subscribed patterns (by any client).',
  summary: 'Send a message to all who listen to a channel',
  syntax: 'channel message',
  execute(session, frame, reply) {
    reply.integer(publish(session, frame, 'channel'));
  },
};

export const spublishCommand: CommandRow = {
  name: 'spublish',
  arity: 3,
  flags: ['pubsub', 'loading', 'stale', 'fast'],
  keys: [keysAt(1, 0, 1, 'NOT_KEY')],
  mayReplicate: true,
  group: 'pubsub',
  since: '7.0.0',
  complexity: 'O(N) where N is the number of clients subscribed to the receiving shard channel.',
  summary: 'Send a message to all who listen to a shard channel',
  syntax: 'shardchannel message',
  execute(session, frame, reply) {
    reply.integer(publish(session, frame, 'shard'));
  },
};

/** @returns clients of this node that heard it */
function publish(session: Session, frame: Frame, kind: 'channel' | 'shard'): number {
  const offset = frame.offsets[2];
  const length = frame.lengths[2];
  const { cluster } = session.node;
  if (cluster.isOn) cluster.publish(frame, kind === 'shard');
  return session.node.pubsub.publish(kind, frame.latin1(1), frame.bytes, offset, length);
}
