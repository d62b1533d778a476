import type { Frame } from '../../base/frame.ts';
import { INT64_MAX, INT64_MIN } from '../../base/numbers.ts';
import { EVENT } from '../../engine/event-table.ts';
import { TYPE } from '../../engine/keyspace/entry.ts';
import {
  addInPlace,
  integer64Of,
  integerOf,
  setInteger,
} from '../../engine/values/string/string-value.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { type CommandRow, keysAt } from '../command-row.ts';
import { integer64Argument, integerArgument } from '../integer-argument.ts';
import type { Session } from '../session.ts';

export const incrCommand: CommandRow = {
  name: 'incr',
  arity: 2,
  flags: ['write', 'denyoom', 'fast'],
  keys: [keysAt(1, 0, 1, 'RW ACCESS UPDATE')],
  group: 'string',
  since: '1.0.0',
  complexity: 'O(1)',
  summary: 'Adds one to the integer that a key holds, 0 when it is missing',
  syntax: 'key',
  execute: (session, frame, reply) => add(session, frame, reply, 1),
};

export const decrCommand: CommandRow = {
  name: 'decr',
  arity: 2,
  flags: ['write', 'denyoom', 'fast'],
  keys: [keysAt(1, 0, 1, 'RW ACCESS UPDATE')],
  group: 'string',
  since: '1.0.0',
  complexity: 'O(1)',
  summary: 'Takes one from the integer that a key holds, 0 when it is missing',
  syntax: 'key',
  execute: (session, frame, reply) => add(session, frame, reply, -1),
};

export const incrbyCommand: CommandRow = {
  name: 'incrby',
  arity: 3,
  flags: ['write', 'denyoom', 'fast'],
  keys: [keysAt(1, 0, 1, 'RW ACCESS UPDATE')],
  group: 'string',
  since: '1.0.0',
  complexity: 'O(1)',
  summary: 'Adds a number to the integer that a key holds, 0 when it is missing',
  syntax: 'key increment',
  execute: executeIncrby,
};

export const decrbyCommand: CommandRow = {
  name: 'decrby',
  arity: 3,
  flags: ['write', 'denyoom', 'fast'],
  keys: [keysAt(1, 0, 1, 'RW ACCESS UPDATE')],
  group: 'string',
  since: '1.0.0',
  complexity: 'O(1)',
  summary: 'Takes a number from the integer that a key holds, 0 when it is missing',
  syntax: 'key decrement',
  execute: executeDecrby,
};

function executeIncrby(session: Session, frame: Frame, reply: ReplyWriter): void {
  const delta = integerArgument(frame, 2);
  if (!Number.isNaN(delta)) return add(session, frame, reply, delta);
  const wide = integer64Argument(frame, 2);
  if (wide === null) return reply.error(ERRORS.notInteger);
  addWide(session, frame, reply, wide);
}

function executeDecrby(session: Session, frame: Frame, reply: ReplyWriter): void {
  const delta = integerArgument(frame, 2);
  if (!Number.isNaN(delta)) return add(session, frame, reply, -delta);
  const wide = integer64Argument(frame, 2);
  if (wide === null) return reply.error(ERRORS.notInteger);
  if (wide === INT64_MIN) return reply.error(ERRORS.decrementOverflow);
  addWide(session, frame, reply, -wide);
}

/** As long as old value, delta and sum are safe integers; `addWide` has the rest of int64. */
function add(session: Session, frame: Frame, reply: ReplyWriter, delta: number): void {
  const database = session.database;
  const entry = database.find(frame, 1);
  let value = 0;
  if (entry !== 0) {
    const inPlace = addInPlace(database, entry, delta, EVENT.incrby);
    if (!Number.isNaN(inPlace)) return reply.integer(inPlace);
    if (database.typeOf(entry) !== TYPE.STRING) return reply.error(ERRORS.wrongType);
    database.touch(entry);
    value = integerOf(database, entry);
  }
  const sum = value + delta;
  if (!(sum <= Number.MAX_SAFE_INTEGER && sum >= -Number.MAX_SAFE_INTEGER)) {
    return addWide(session, frame, reply, BigInt(delta));
  }
  setInteger(database, entry, frame, 1, sum, EVENT.incrby);
  reply.integer(sum);
}

function addWide(session: Session, frame: Frame, reply: ReplyWriter, delta: bigint): void {
  const database = session.database;
  const entry = database.find(frame, 1);
  let value: bigint | null = 0n;
  if (entry !== 0) {
    if (database.typeOf(entry) !== TYPE.STRING) return reply.error(ERRORS.wrongType);
    database.touch(entry);
    value = integer64Of(database, entry);
    if (value === null) return reply.error(ERRORS.notInteger);
  }
  const sum = value + delta;
  if (sum > INT64_MAX || sum < INT64_MIN) return reply.error(ERRORS.incrementOverflow);
  setInteger(database, entry, frame, 1, sum, EVENT.incrby);
  reply.integer64(sum);
}
