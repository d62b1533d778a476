import type { Frame } from '../../base/frame.ts';
import { EVENT } from '../../engine/event-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { type CommandRow, type Execute, type KeySpec, keysAt } from '../command-row.ts';
import type { Session } from '../session.ts';
import { combine, countCommon, type Operation, parseCombination } from './combination.ts';
import { replyMember, replyScore, storeBuilt, walker } from './sorted-set.ts';

const UNION_COMPLEXITY =
  'O(N)+O(M*log(M)) with N being the sum of the sizes of the input sorted sets, and M being the ' +
  'number of elements in the resulting sorted set.';
const INTER_COMPLEXITY =
  'O(N*K)+O(M*log(M)) worst case with N being the smallest input sorted set, K being the number ' +
  'of input sorted sets and M being the number of elements in the resulting sorted set.';
const DIFF_COMPLEXITY =
  'O(L + (N-K)log(N)) worst case where L is the total number of elements in all the sets, N is ' +
  'the size of the first set, and K is the size of the result set.';
const WEIGHING = '[WEIGHTS weight [weight ...]] [AGGREGATE <SUM | MIN | MAX>]';

function countedKeys(index: number): KeySpec {
  const find = { keyCountIndex: 0, firstKey: 1, step: 1 };
  return { flags: 'RO ACCESS', begin: { index }, find };
}

type Facts = Pick<CommandRow, 'name' | 'since' | 'complexity' | 'summary' | 'syntax'>;

function replyRow(facts: Facts, execute: Execute): CommandRow {
  return {
    arity: -3,
    flags: ['readonly', 'movablekeys'],
    keys: [countedKeys(1)],
    group: 'sorted-set',
    execute,
    ...facts,
  };
}

function storeRow(facts: Facts, operation: Operation, event: number): CommandRow {
  return {
    arity: -4,
    flags: ['write', 'denyoom', 'movablekeys'],
    keys: [keysAt(1, 0, 1, 'OW UPDATE'), countedKeys(2)],
    group: 'sorted-set',
    execute: (session, frame, reply) => {
      const purpose = { name: facts.name, operation, purpose: 'store' } as const;
      const combination = parseCombination(session, frame, reply, purpose);
      if (combination === null) return;
      storeBuilt(session, frame, combine(session, combination), event, reply);
    },
    ...facts,
  };
}

export const zunionCommand: CommandRow = replyRow(
  {
    name: 'zunion',
    since: '6.2.0',
    complexity: UNION_COMPLEXITY,
    summary: 'Lists the members of several sorted sets together',
    syntax: `numkeys key [key ...] ${WEIGHING} [WITHSCORES]`,
  },
  (session, frame, reply) => executeReply(session, frame, reply, 'zunion', 'union'),
);

export const zinterCommand: CommandRow = replyRow(
  {
    name: 'zinter',
    since: '6.2.0',
    complexity: INTER_COMPLEXITY,
    summary: 'Lists the members that several sorted sets have in common',
    syntax: `numkeys key [key ...] ${WEIGHING} [WITHSCORES]`,
  },
  (session, frame, reply) => executeReply(session, frame, reply, 'zinter', 'inter'),
);

export const zdiffCommand: CommandRow = replyRow(
  {
    name: 'zdiff',
    since: '6.2.0',
    complexity: DIFF_COMPLEXITY,
    summary: 'Lists the members of a sorted set that others do not have',
    syntax: 'numkeys key [key ...] [WITHSCORES]',
  },
  (session, frame, reply) => executeReply(session, frame, reply, 'zdiff', 'diff'),
);

export const zintercardCommand: CommandRow = replyRow(
  {
    name: 'zintercard',
    since: '7.0.0',
    complexity:
      'O(N*K) worst case with N being the smallest input sorted set, K being the number of input ' +
      'sorted sets.',
    summary: 'Counts the members that several sorted sets have in common',
    syntax: 'numkeys key [key ...] [LIMIT limit]',
  },
  (session, frame, reply) => {
    const facts = { name: 'zintercard', operation: 'inter', purpose: 'count' } as const;
    const combination = parseCombination(session, frame, reply, facts);
    if (combination !== null) reply.integer(countCommon(combination));
  },
);

export const zunionstoreCommand: CommandRow = storeRow(
  {
    name: 'zunionstore',
    since: '2.0.0',
    complexity:
      'O(N)+O(M log(M)) with N being the sum of the sizes of the input sorted sets, and M being ' +
      'the number of elements in the resulting sorted set.',
    summary: 'Keeps the members of several sorted sets together under a key',
    syntax: `destination numkeys key [key ...] ${WEIGHING}`,
  },
  'union',
  EVENT.zunionstore,
);

export const zinterstoreCommand: CommandRow = storeRow(
  {
    name: 'zinterstore',
    since: '2.0.0',
    complexity: INTER_COMPLEXITY,
    summary: 'Keeps the members that several sorted sets have in common under a key',
    syntax: `destination numkeys key [key ...] ${WEIGHING}`,
  },
  'inter',
  EVENT.zinterstore,
);

export const zdiffstoreCommand: CommandRow = storeRow(
  {
    name: 'zdiffstore',
    since: '6.2.0',
    complexity: DIFF_COMPLEXITY,
    summary: 'Keeps the members of a sorted set that others do not have under a key',
    syntax: 'destination numkeys key [key ...]',
  },
  'diff',
  EVENT.zdiffstore,
);

function executeReply(
  session: Session,
  frame: Frame,
  reply: ReplyWriter,
  name: string,
  operation: Operation,
): void {
  const facts = { name, operation, purpose: 'reply' } as const;
  const combination = parseCombination(session, frame, reply, facts);
  if (combination === null) return;
  const builder = combine(session, combination);
  const { withScores } = combination;
  const isNested = withScores && reply.protocol === 3;
  reply.array(withScores && !isNested ? builder.count * 2 : builder.count);
  builder.walk(walker);
  for (let isLeft = walker.seekFirst(); isLeft; isLeft = walker.next()) {
    if (isNested) reply.array(2);
    replyMember(reply, walker.showMember());
    if (withScores) replyScore(reply, walker.score());
  }
  builder.release();
}
