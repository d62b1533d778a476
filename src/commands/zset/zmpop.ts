import type { Frame } from '../../base/frame.ts';
import { TYPE } from '../../engine/keyspace/entry.ts';
import { zsetCount } from '../../engine/values/zset/zset-form.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { type CommandRow, keysAt } from '../command-row.ts';
import { roundedIntegerArgument } from '../range-arguments.ts';
import type { Session } from '../session.ts';
import { findPoppable, type PopSide, pop } from './zpop.ts';

const MULTIPLE_COMPLEXITY =
  'O(K) + O(M*log(N)) where K is the number of provided keys, N being the number of elements in ' +
  'the sorted set, and M being the number of elements popped.';

export const zmpopCommand: CommandRow = {
  name: 'zmpop',
  arity: -4,
  flags: ['write', 'movablekeys'],
  keys: [
    {
      flags: 'RW ACCESS DELETE',
      begin: { index: 1 },
      find: { keyCountIndex: 0, firstKey: 1, step: 1 },
    },
  ],
  group: 'sorted-set',
  since: '7.0.0',
  complexity: MULTIPLE_COMPLEXITY,
  summary: 'Takes members off one end of the first sorted set that is there',
  syntax: 'numkeys key [key ...] <MIN | MAX> [COUNT count]',
  execute(session, frame, reply) {
    if (!parseMultiple(frame, 1, reply)) return;
    if (!popFirst(session, frame, reply)) reply.nullArray();
  },
};

export const bzmpopCommand: CommandRow = {
  name: 'bzmpop',
  arity: -5,
  flags: ['write', 'blocking', 'movablekeys'],
  keys: [
    {
      flags: 'RW ACCESS DELETE',
      begin: { index: 2 },
      find: { keyCountIndex: 0, firstKey: 1, step: 1 },
    },
  ],
  group: 'sorted-set',
  since: '7.0.0',
  complexity: MULTIPLE_COMPLEXITY,
  summary: 'Takes members off one end of the first sorted set that is there, or waits for one',
  syntax: 'timeout numkeys key [key ...] <MIN | MAX> [COUNT count]',
  execute(session, frame, reply) {
    if (!parseMultiple(frame, 2, reply)) return;
    const { blocking } = session.node;
    const timeoutMs = blocking.parseTimeoutS(frame, 1, reply);
    if (timeoutMs < 0 || popFirst(session, frame, reply)) return;
    blocking.blockOnKeys(session, frame, reply, {
      firstKeyArg: options.firstKeyArg,
      keyCount: options.keyCount,
      keyCountArg: 2,
      timeoutMs,
      type: TYPE.ZSET,
      timeoutReply: 'null-array',
    });
  },
};

const BLOCKING_ROW = {
  arity: -3,
  flags: ['write', 'noscript', 'blocking', 'fast'],
  keys: [keysAt(1, -2, 1, 'RW ACCESS DELETE')],
  group: 'sorted-set',
  since: '5.0.0',
  complexity: 'O(log(N)) with N being the number of elements in the sorted set.',
  syntax: 'key [key ...] timeout',
} as const;

export const bzpopminCommand: CommandRow = {
  ...BLOCKING_ROW,
  name: 'bzpopmin',
  summary:
    'Takes the member of the lowest score of the first sorted set there is, or waits for one',
  execute: (session, frame, reply) => executeBlocking(session, frame, reply, 'min'),
};

export const bzpopmaxCommand: CommandRow = {
  ...BLOCKING_ROW,
  name: 'bzpopmax',
  summary:
    'Takes the member of the highest score of the first sorted set there is, or waits for one',
  execute: (session, frame, reply) => executeBlocking(session, frame, reply, 'max'),
};

/** One command's wishes; nothing outlives the command. */
const options = { firstKeyArg: 0, keyCount: 0, count: 0, side: 'min' as PopSide };

function parseMultiple(frame: Frame, keyCountArg: number, reply: ReplyWriter): boolean {
  const keyCount = roundedIntegerArgument(frame, keyCountArg);
  const sideArg = keyCountArg + keyCount + 1;
  if (Number.isNaN(keyCount) || keyCount < 1) {
    reply.error(ERRORS.keyCountNotPositive);
    return false;
  }
  const isMin = sideArg < frame.count && frame.equals(sideArg, 'MIN');
  let isGood = isMin || (sideArg < frame.count && frame.equals(sideArg, 'MAX'));
  options.firstKeyArg = keyCountArg + 1;
  options.keyCount = keyCount;
  options.side = isMin ? 'min' : 'max';
  options.count = 0;
  for (let arg = sideArg + 1; isGood && arg < frame.count; arg += 2) {
    isGood = options.count === 0 && frame.equals(arg, 'COUNT') && arg + 1 < frame.count;
    if (!isGood) break;
    options.count = roundedIntegerArgument(frame, arg + 1);
    if (Number.isNaN(options.count) || options.count < 1) {
      reply.error(ERRORS.countNotPositive);
      return false;
    }
  }
  if (!isGood) reply.error(ERRORS.syntax);
  else if (options.count === 0) options.count = 1;
  return isGood;
}

/** @returns false when no key holds a sorted set, and no reply was written */
function popFirst({ database }: Session, frame: Frame, reply: ReplyWriter): boolean {
  const keyArg = findPoppable(database, frame, options.firstKeyArg, options.keyCount, reply);
  if (keyArg <= 0) return keyArg < 0;
  const count = Math.min(options.count, zsetCount(database, database.find(frame, keyArg)));
  reply.array(2);
  replyKey(frame, keyArg, reply);
  reply.array(count);
  pop(database, frame, keyArg, options.side, count, true, reply);
  return true;
}

function executeBlocking(session: Session, frame: Frame, reply: ReplyWriter, side: PopSide): void {
  const { database } = session;
  const { blocking } = session.node;
  const timeoutMs = blocking.parseTimeoutS(frame, frame.count - 1, reply);
  if (timeoutMs < 0) return;
  const keyArg = findPoppable(database, frame, 1, frame.count - 2, reply);
  if (keyArg < 0) return;
  if (keyArg > 0) {
    reply.array(3);
    replyKey(frame, keyArg, reply);
    return pop(database, frame, keyArg, side, 1, false, reply);
  }
  blocking.blockOnKeys(session, frame, reply, {
    firstKeyArg: 1,
    keyCount: frame.count - 2,
    timeoutMs,
    type: TYPE.ZSET,
    timeoutReply: 'null-array',
  });
}

function replyKey(frame: Frame, arg: number, reply: ReplyWriter): void {
  reply.bulkView(frame.bytes, frame.view, frame.offsets[arg], frame.lengths[arg]);
}
