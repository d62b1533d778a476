import type { Frame } from '../../base/frame.ts';
import type { Database } from '../../engine/database.ts';
import { EVENT } from '../../engine/event-table.ts';
import { TYPE } from '../../engine/keyspace/entry.ts';
import { Slice } from '../../engine/slice.ts';
import {
  openString,
  setComputedString,
  stringLength,
} from '../../engine/values/string/string-value.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { type CommandRow, keysAt } from '../command-row.ts';
import type { Session } from '../session.ts';

export const bitopCommand: CommandRow = {
  name: 'bitop',
  arity: -4,
  flags: ['write', 'denyoom'],
  keys: [keysAt(2, 0, 1, 'OW UPDATE'), keysAt(3, -1, 1, 'RO ACCESS')],
  group: 'bitmap',
  since: '2.6.0',
  complexity: 'O(N)',
  summary: 'Stores the bitwise AND, OR, XOR or NOT of strings, shorter ones filled up with zeros',
  syntax: 'operation destkey key [key ...]',
  execute: executeBitop,
};

const OPERATIONS = ['AND', 'OR', 'XOR', 'NOT'] as const;
type Operation = (typeof OPERATIONS)[number];
const TARGET_ARG = 2;
const FIRST_SOURCE_ARG = 3;

function executeBitop(session: Session, frame: Frame, reply: ReplyWriter): void {
  const operation = OPERATIONS.find((word) => frame.equals(1, word));
  if (operation === undefined) return reply.error(ERRORS.syntax);
  if (operation === 'NOT' && frame.count !== 4) return reply.error(ERRORS.bitopNotOneSource);
  const database = session.database;
  let length = 0;
  for (let arg = FIRST_SOURCE_ARG; arg < frame.count; arg++) {
    const entry = database.read(frame, arg);
    if (entry === 0) continue;
    if (database.typeOf(entry) !== TYPE.STRING) return reply.error(ERRORS.wrongType);
    length = Math.max(length, stringLength(database, entry));
  }
  const result = length === 0 ? null : combine(database, frame, operation, length);
  const target = database.find(frame, TARGET_ARG);
  if (result !== null) {
    const deadline = database.store.newDeadline();
    setComputedString(database, target, frame, TARGET_ARG, result, deadline, EVENT.set, true);
  } else if (target !== 0) {
    database.remove(target, EVENT.del);
  }
  reply.integer(length);
}

function combine(database: Database, frame: Frame, operation: Operation, length: number): Slice {
  const result = new Slice();
  result.bytes = new Uint8Array(length);
  result.view = new DataView(result.bytes.buffer);
  result.length = length;
  for (let arg = FIRST_SOURCE_ARG; arg < frame.count; arg++) {
    const entry = database.find(frame, arg);
    if (entry === 0) {
      if (operation === 'AND') return zeros(result);
      continue;
    }
    const source = openString(database, entry);
    if (arg === FIRST_SOURCE_ARG) {
      result.bytes.set(source.bytes.subarray(source.offset, source.offset + source.length));
      if (operation === 'NOT') invert(result);
    } else if (operation === 'AND') and(result, source);
    else if (operation === 'OR') or(result, source);
    else xor(result, source);
  }
  return result;
}

function zeros(result: Slice): Slice {
  result.bytes.fill(0);
  return result;
}

/** One loop an operation: a choice inside of the loop would be made 25 million times for 100 MB. */
function and(result: Slice, source: Slice): void {
  const { view, bytes } = result;
  const wordEnd = source.length & ~3;
  for (let i = 0; i < wordEnd; i += 4) {
    const word = view.getInt32(i, true) & source.view.getInt32(source.offset + i, true);
    view.setInt32(i, word, true);
  }
  for (let i = wordEnd; i < source.length; i++) bytes[i] &= source.bytes[source.offset + i];
  bytes.fill(0, source.length);
}

function or(result: Slice, source: Slice): void {
  const { view, bytes } = result;
  const wordEnd = source.length & ~3;
  for (let i = 0; i < wordEnd; i += 4) {
    const word = view.getInt32(i, true) | source.view.getInt32(source.offset + i, true);
    view.setInt32(i, word, true);
  }
  for (let i = wordEnd; i < source.length; i++) bytes[i] |= source.bytes[source.offset + i];
}

function xor(result: Slice, source: Slice): void {
  const { view, bytes } = result;
  const wordEnd = source.length & ~3;
  for (let i = 0; i < wordEnd; i += 4) {
    const word = view.getInt32(i, true) ^ source.view.getInt32(source.offset + i, true);
    view.setInt32(i, word, true);
  }
  for (let i = wordEnd; i < source.length; i++) bytes[i] ^= source.bytes[source.offset + i];
}

function invert(result: Slice): void {
  const { view, bytes, length } = result;
  const wordEnd = length & ~3;
  for (let i = 0; i < wordEnd; i += 4) view.setInt32(i, ~view.getInt32(i, true), true);
  for (let i = wordEnd; i < length; i++) bytes[i] ^= 0xff;
}
