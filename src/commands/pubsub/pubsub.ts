import type { Frame } from '../../base/frame.ts';
import { subcommandSyntaxText } from '../../protocol/error-echo.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import type { CommandRow } from '../command-row.ts';
import { replyHelp } from '../help-reply.ts';
import type { Session } from '../session.ts';

const SHARED = { flags: ['pubsub', 'loading', 'stale'], group: 'pubsub' } as const;

const channelsCommand: CommandRow = {
  ...SHARED,
  name: 'channels',
  arity: -2,
  since: '2.8.0',
  complexity:
    'O(N) where N is the number of active channels, and assuming constant time pattern matching ' +
    '(relatively short channels and patterns)',
  summary: 'List the channels that somebody listens to',
  syntax: '[pattern]',
  execute(session, frame, reply) {
    listChannels(session, frame, reply, 'channel');
  },
};

const shardchannelsCommand: CommandRow = {
  ...SHARED,
  name: 'shardchannels',
  arity: -2,
  since: '7.0.0',
  complexity:
    'O(N) where N is the number of active shard channels, and assuming constant time pattern ' +
    'matching (relatively short shard channels).',
  summary: 'List the shard channels that somebody listens to',
  syntax: '[pattern]',
  execute(session, frame, reply) {
    listChannels(session, frame, reply, 'shard');
  },
};

const numsubCommand: CommandRow = {
  ...SHARED,
  name: 'numsub',
  arity: -2,
  since: '2.8.0',
  complexity: 'O(N) for the NUMSUB subcommand, where N is the number of requested channels',
  summary: 'Count who listens to each of these channels',
  syntax: '[channel [channel ...]]',
  execute(session, frame, reply) {
    countListeners(session, frame, reply, 'channel');
  },
};

const shardnumsubCommand: CommandRow = {
  ...SHARED,
  name: 'shardnumsub',
  arity: -2,
  since: '7.0.0',
  complexity:
    'O(N) for the SHARDNUMSUB subcommand, where N is the number of requested shard channels',
  summary: 'Count who listens to each of these shard channels',
  syntax: '[shardchannel [shardchannel ...]]',
  execute(session, frame, reply) {
    countListeners(session, frame, reply, 'shard');
  },
};

const numpatCommand: CommandRow = {
  ...SHARED,
  name: 'numpat',
  arity: 2,
  since: '2.8.0',
  complexity: 'O(1)',
  summary: 'Count the patterns that somebody listens to',
  syntax: '',
  execute(session, _frame, reply) {
    reply.integer(session.node.pubsub.patternCount);
  },
};

const helpCommand: CommandRow = {
  name: 'help',
  arity: 2,
  flags: ['loading', 'stale'],
  group: 'pubsub',
  since: '6.2.0',
  complexity: 'O(1)',
  summary: 'Explain the subcommands',
  syntax: '',
  execute(_session, _frame, reply) {
    replyHelp(reply, 'PUBSUB', HELP_LINES);
  },
};

const HELP_LINES = [
  'CHANNELS [<pattern>]',
  "    Return the currently active channels matching a <pattern> (default: '*').",
  'NUMPAT',
  '    Return number of subscriptions to patterns.',
  'NUMSUB [<channel> ...]',
  '    Return the number of subscribers for the specified channels, excluding',
  '    pattern subscriptions(default: no channels).',
  'SHARDCHANNELS [<pattern>]',
  "    Return the currently active shard level channels matching a <pattern> (default: '*').",
  'SHARDNUMSUB [<shardchannel> ...]',
  '    Return the number of subscribers for the specified shard level channel(s)',
];

export const pubsubCommand: CommandRow = {
  name: 'pubsub',
  arity: -2,
  flags: [],
  group: 'pubsub',
  since: '2.8.0',
  complexity: 'Depends on subcommand.',
  summary: 'Ask who listens to what',
  syntax: '',
  subcommands: [
    channelsCommand,
    helpCommand,
    numpatCommand,
    numsubCommand,
    shardchannelsCommand,
    shardnumsubCommand,
  ],
};

function listChannels(
  session: Session,
  frame: Frame,
  reply: ReplyWriter,
  kind: 'channel' | 'shard',
): void {
  if (frame.count > 3) {
    reply.errorLatin1(subcommandSyntaxText(frame, 'PUBSUB'));
    return;
  }
  const pattern = frame.count === 3 ? frame.copyArgument(2) : null;
  const names = session.node.pubsub.channels(pattern, kind);
  reply.array(names.length);
  for (const name of names) replyName(reply, name);
}

function countListeners(
  session: Session,
  frame: Frame,
  reply: ReplyWriter,
  kind: 'channel' | 'shard',
): void {
  reply.array((frame.count - 2) * 2);
  for (let arg = 2; arg < frame.count; arg++) {
    const name = frame.latin1(arg);
    replyName(reply, name);
    reply.integer(session.node.pubsub.subscriberCount(name, kind));
  }
}

function replyName(reply: ReplyWriter, name: string): void {
  const bytes = Buffer.from(name, 'latin1');
  reply.bulk(bytes, 0, bytes.length);
}
