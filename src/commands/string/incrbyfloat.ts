import type { Frame } from '../../base/frame.ts';
import {
  addLongDoubles,
  formatLongDouble,
  LONG_DOUBLE_ZERO,
  parseLongDouble,
} from '../../base/long-double.ts';
import { KEEP_DEADLINE } from '../../engine/database.ts';
import { EVENT } from '../../engine/event-table.ts';
import { TYPE } from '../../engine/keyspace/entry.ts';
import { Slice } from '../../engine/slice.ts';
import { openString, setComputedString } from '../../engine/values/string/string-value.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { type CommandRow, keysAt } from '../command-row.ts';
import type { Session } from '../session.ts';

/** A sum has up to 4,933 digits before the point, and 17 behind it. */
const SUM_BYTES_MAX = 5 * 1024;

export const incrbyfloatCommand: CommandRow = {
  name: 'incrbyfloat',
  arity: 3,
  flags: ['write', 'denyoom', 'fast'],
  keys: [keysAt(1, 0, 1, 'RW ACCESS UPDATE')],
  group: 'string',
  since: '2.6.0',
  complexity: 'O(1)',
  summary: 'Adds to the number that a key holds, fractions included, 0 when it is missing',
  syntax: 'key increment',
  execute: executeIncrbyfloat,
};

function executeIncrbyfloat(session: Session, frame: Frame, reply: ReplyWriter): void {
  const database = session.database;
  const entry = database.find(frame, 1);
  let value = LONG_DOUBLE_ZERO;
  if (entry !== 0) {
    if (database.typeOf(entry) !== TYPE.STRING) return reply.error(ERRORS.wrongType);
    const old = openString(database, entry);
    const parsed = parseLongDouble(latin1(old.bytes, old.offset, old.length));
    if (parsed === null) return reply.error(ERRORS.notFloat);
    value = parsed;
  }
  const increment = parseLongDouble(frame.latin1(2));
  if (increment === null) return reply.error(ERRORS.notFloat);
  const sum = addLongDoubles(value, increment);
  if (sum === null) return reply.error(ERRORS.incrementNotFinite);
  const text = asciiSlice(formatLongDouble(sum));
  const deadline = entry === 0 ? database.store.newDeadline() : KEEP_DEADLINE;
  setComputedString(database, entry, frame, 1, text, deadline, EVENT.incrbyfloat, false, true);
  reply.bulk(text.bytes, text.offset, text.length);
}

function latin1(bytes: Uint8Array, offset: number, length: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + offset, length).toString('latin1');
}

/** The sum's text; rewritten by each call. */
const SUM = new Slice();
SUM.bytes = new Uint8Array(SUM_BYTES_MAX);
SUM.view = new DataView(SUM.bytes.buffer);

function asciiSlice(text: string): Slice {
  for (let i = 0; i < text.length; i++) SUM.bytes[i] = text.charCodeAt(i);
  SUM.length = text.length;
  return SUM;
}
