import type { Frame } from '../../base/frame.ts';
import { TYPE } from '../../engine/keyspace/entry.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { type CommandRow, keysAt } from '../command-row.ts';
import { roundedIntegerArgument } from '../range-arguments.ts';
import type { Session } from '../session.ts';
import {
  isList,
  parseEnd,
  popMany,
  popOne,
  recordPop,
  settleShrunk,
  WALKER,
} from './list-argument.ts';

const COMPLEXITY =
  'O(N+M) where N is the number of provided keys and M is the number of elements returned.';

export const lmpopCommand: CommandRow = {
  name: 'lmpop',
  arity: -4,
  flags: ['write', 'movablekeys'],
  keys: [
    {
      flags: 'RW ACCESS DELETE',
      begin: { index: 1 },
      find: { keyCountIndex: 0, firstKey: 1, step: 1 },
    },
  ],
  group: 'list',
  since: '7.0.0',
  complexity: COMPLEXITY,
  summary: 'Takes elements out of the first of several lists that has some',
  syntax: 'numkeys key [key ...] <LEFT | RIGHT> [COUNT count]',
  execute(session, frame, reply) {
    const options = parseOptions(frame, 1, reply);
    if (options !== null && !popFirst(session, frame, reply, options)) reply.nullArray();
  },
};

export const blmpopCommand: CommandRow = {
  name: 'blmpop',
  arity: -5,
  flags: ['write', 'blocking', 'movablekeys'],
  keys: [
    {
      flags: 'RW ACCESS DELETE',
      begin: { index: 2 },
      find: { keyCountIndex: 0, firstKey: 1, step: 1 },
    },
  ],
  group: 'list',
  since: '7.0.0',
  complexity: COMPLEXITY,
  summary: 'LMPOP that waits until one of the lists has an element',
  syntax: 'timeout numkeys key [key ...] <LEFT | RIGHT> [COUNT count]',
  execute(session, frame, reply) {
    const { blocking } = session.node;
    const options = parseOptions(frame, 2, reply);
    if (options === null) return;
    const timeoutMs = blocking.parseTimeoutS(frame, 1, reply);
    if (timeoutMs < 0 || popFirst(session, frame, reply, options)) return;
    blocking.blockOnKeys(session, frame, reply, {
      firstKeyArg: 3,
      keyCount: options.keyCount,
      keyCountArg: 2,
      timeoutMs,
      type: TYPE.LIST,
      timeoutReply: 'null-array',
    });
  },
};

export const blpopCommand = blockingPopRow('blpop', true, 'first');
export const brpopCommand = blockingPopRow('brpop', false, 'last');

function blockingPopRow(name: string, atHead: boolean, which: string): CommandRow {
  return {
    name,
    arity: -3,
    flags: ['write', 'noscript', 'blocking'],
    keys: [keysAt(1, -2, 1, 'RW ACCESS DELETE')],
    group: 'list',
    since: '2.0.0',
    complexity: 'O(N) where N is the number of provided keys.',
    summary: `Takes the ${which} element out of the first list that has one, or waits for it`,
    syntax: 'key [key ...] timeout',
    execute(session, frame, reply) {
      const { blocking } = session.node;
      const timeoutMs = blocking.parseTimeoutS(frame, frame.count - 1, reply);
      if (timeoutMs < 0) return;
      const keyCount = frame.count - 2;
      if (popFirst(session, frame, reply, { firstKeyArg: 1, keyCount, atHead, count: 0 })) return;
      blocking.blockOnKeys(session, frame, reply, {
        firstKeyArg: 1,
        keyCount,
        timeoutMs,
        type: TYPE.LIST,
        timeoutReply: 'null-array',
      });
    },
  };
}

interface Options {
  readonly firstKeyArg: number;
  readonly keyCount: number;
  readonly atHead: boolean;
  /** 0: one element, not an array of them. */
  readonly count: number;
}

/** Null after the error reply. */
function parseOptions(frame: Frame, keyCountArg: number, reply: ReplyWriter): Options | null {
  const keyCount = roundedIntegerArgument(frame, keyCountArg);
  if (!(keyCount > 0)) {
    reply.error(ERRORS.keyCountNotPositive);
    return null;
  }
  const endArg = keyCountArg + keyCount + 1;
  if (endArg >= frame.count) {
    reply.error(ERRORS.syntax);
    return null;
  }
  const atHead = parseEnd(frame, endArg, reply);
  if (atHead === null) return null;
  let count = 0;
  for (let arg = endArg + 1; arg < frame.count; arg += 2) {
    if (count !== 0 || !frame.equals(arg, 'COUNT') || arg + 1 === frame.count) {
      reply.error(ERRORS.syntax);
      return null;
    }
    count = roundedIntegerArgument(frame, arg + 1);
    if (!(count > 0)) {
      reply.error(ERRORS.countNotPositive);
      return null;
    }
  }
  return { firstKeyArg: keyCountArg + 1, keyCount, atHead, count: count === 0 ? 1 : count };
}

/**
 * Pops from the first list that has elements and writes the reply, or an error.
 * @returns  false, with nothing written, when all are empty
 */
function popFirst(
  session: Session,
  frame: Frame,
  reply: ReplyWriter,
  { firstKeyArg, keyCount, atHead, count }: Options,
): boolean {
  const { database } = session;
  for (let arg = firstKeyArg; arg < firstKeyArg + keyCount; arg++) {
    const entry = database.find(frame, arg);
    if (entry === 0) continue;
    if (!isList(database, entry, reply)) return true;
    reply.array(2);
    reply.bulk(frame.bytes, frame.offsets[arg], frame.lengths[arg]);
    if (count === 0) {
      const placed = popOne(database, entry, atHead, reply);
      recordPop(database, frame, arg, atHead, 1);
      settleShrunk(session, placed, false);
      return true;
    }
    const taken = popMany(database, entry, atHead, count, reply);
    recordPop(database, frame, arg, atHead, taken);
    settleShrunk(session, WALKER.entry || entry, WALKER.entry === 0);
    return true;
  }
  return false;
}
