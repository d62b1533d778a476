import type { Frame } from '../../base/frame.ts';
import type { Database } from '../../engine/database.ts';
import { listLength } from '../../engine/values/list/list-form.ts';
import type { ElementPlan } from '../../engine/values/packed/listpack.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { type CommandRow, keysAt } from '../command-row.ts';
import { roundedIntegerArgument } from '../range-arguments.ts';
import type { Session } from '../session.ts';
import { isList, planArgument, WALKER } from './list-argument.ts';

export const lposCommand: CommandRow = {
  name: 'lpos',
  arity: -3,
  flags: ['readonly'],
  keys: [keysAt(1, 0, 1, 'RO ACCESS')],
  group: 'list',
  since: '6.0.6',
  complexity:
    'O(N) where N is the number of elements in the list, for the average case. When searching ' +
    'for elements near the head or the tail of the list, or when the MAXLEN option is ' +
    'provided, the command may run in constant time.',
  summary: 'Tells at which indexes of a list an element stands',
  syntax: 'key element [RANK rank] [COUNT num-matches] [MAXLEN len]',
  execute: executeLpos,
};

interface Options {
  rank: number;
  /** -1: one index, not an array. 0: all. */
  count: number;
  /** 0: as many as there are. */
  lengthMax: number;
}

function executeLpos({ database }: Session, frame: Frame, reply: ReplyWriter): void {
  const options: Options = { rank: 1, count: -1, lengthMax: 0 };
  if (!parseOptions(frame, options, reply)) return;
  const entry = database.read(frame, 1);
  const isArray = options.count >= 0;
  if (entry === 0) return isArray ? reply.array(0) : reply.null();
  if (!isList(database, entry, reply)) return;
  const wanted = planArgument(frame, 2);
  if (isArray) {
    const mark = reply.openAggregate();
    reply.closeArray(mark, findMatches(database, entry, wanted, options, reply));
  } else if (findMatches(database, entry, wanted, options, reply) === 0) {
    reply.null();
  }
}

function parseOptions(frame: Frame, options: Options, reply: ReplyWriter): boolean {
  for (let arg = 3; arg < frame.count; arg += 2) {
    if (arg + 1 === frame.count) return refuse(reply, ERRORS.syntax);
    const value = roundedIntegerArgument(frame, arg + 1);
    if (frame.equals(arg, 'RANK')) {
      if (Number.isNaN(value)) return refuse(reply, ERRORS.notInteger);
      if (value === 0) return refuse(reply, ERRORS.listRankZero);
      options.rank = value;
    } else if (frame.equals(arg, 'COUNT')) {
      if (!(value >= 0)) return refuse(reply, ERRORS.listCountNegative);
      options.count = value;
    } else if (frame.equals(arg, 'MAXLEN')) {
      if (!(value >= 0)) return refuse(reply, ERRORS.listMaxlenNegative);
      options.lengthMax = value;
    } else {
      return refuse(reply, ERRORS.syntax);
    }
  }
  return true;
}

function refuse(reply: ReplyWriter, row: (typeof ERRORS)['syntax']): boolean {
  reply.error(row);
  return false;
}

/** Writes the indexes that match. Returns how many. */
function findMatches(
  database: Database,
  entry: number,
  wanted: ElementPlan,
  options: Options,
  reply: ReplyWriter,
): number {
  const length = listLength(database, entry);
  const isForward = options.rank > 0;
  const most = options.count === 0 ? Infinity : Math.max(1, options.count);
  let toSkip = Math.abs(options.rank) - 1;
  let left = options.lengthMax === 0 ? length : Math.min(length, options.lengthMax);
  let index = isForward ? 0 : length - 1;
  let found = 0;
  let isThere = WALKER.open(database, entry, index);
  while (isThere && left > 0) {
    if (WALKER.has(wanted) && --toSkip < 0) {
      reply.integer(index);
      if (++found >= most) break;
    }
    isThere = isForward ? WALKER.next() : WALKER.prev();
    index += isForward ? 1 : -1;
    left--;
  }
  return found;
}
