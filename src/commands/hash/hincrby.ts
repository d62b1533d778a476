import type { Frame } from '../../base/frame.ts';
import {
  addLongDoubles,
  formatLongDouble,
  LONG_DOUBLE_ZERO,
  parseLongDouble,
} from '../../base/long-double.ts';
import {
  INT64_MAX,
  INT64_MIN,
  parseInt64,
  parseSafeInteger,
  writeDigits,
} from '../../base/numbers.ts';
import { EVENT } from '../../engine/event-table.ts';
import type { Slice } from '../../engine/slice.ts';
import { STORE_STAT } from '../../engine/store-stats.ts';
import { KEEP_FIELD_DEADLINE, NO_FIELD_DEADLINE } from '../../engine/values/hash/open-hash.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { type CommandRow, keysAt } from '../command-row.ts';
import { integer64Argument, integerArgument } from '../integer-argument.ts';
import type { Session } from '../session.ts';
import {
  FIELD,
  findArgument,
  HASH,
  isHash,
  limitsOf,
  openForChange,
  openForWriting,
  showArgument,
  VALUE,
} from './hash-argument.ts';

export const hincrbyCommand: CommandRow = {
  name: 'hincrby',
  arity: 4,
  flags: ['write', 'denyoom', 'fast'],
  keys: [keysAt(1, 0, 1, 'RW ACCESS UPDATE')],
  group: 'hash',
  since: '2.0.0',
  complexity: 'O(1)',
  summary: 'Adds a number to the integer in a field of a hash, 0 when it is missing',
  syntax: 'key field increment',
  execute: executeHincrby,
};

export const hincrbyfloatCommand: CommandRow = {
  name: 'hincrbyfloat',
  arity: 4,
  flags: ['write', 'denyoom', 'fast'],
  keys: [keysAt(1, 0, 1, 'RW ACCESS UPDATE')],
  group: 'hash',
  since: '2.6.0',
  complexity: 'O(1)',
  summary: 'Adds to the number in a field of a hash, fractions included, 0 when it is missing',
  syntax: 'key field increment',
  execute: executeHincrbyfloat,
};

function executeHincrby(session: Session, frame: Frame, reply: ReplyWriter): void {
  const { database } = session;
  const increment = integerArgument(frame, 3);
  if (Number.isNaN(increment)) return incrementWide(session, frame, reply);
  const entry = database.find(frame, 1);
  if (entry !== 0 && !isHash(database, entry, reply)) return;
  let old = 0;
  const isOpen = entry !== 0 && openForChange(database, entry, frame, 2, 2);
  const isThere = isOpen && findArgument(frame, 2);
  if (isThere) {
    HASH.readValue(VALUE);
    old = parseSafeInteger(VALUE.bytes, VALUE.offset, VALUE.length);
  }
  const sum = old + increment;
  if (!Number.isSafeInteger(sum)) return incrementWide(session, frame, reply);
  VALUE.useScratch();
  VALUE.length = writeDigits(VALUE.bytes, 0, sum);
  const limits = limitsOf(session);
  if (!isThere || !HASH.setFound(VALUE, limits)) {
    if (!isOpen) HASH.create(database, frame, 1);
    HASH.set(showArgument(frame, 2, FIELD), VALUE, KEEP_FIELD_DEADLINE, limits);
  }
  database.recordCommand(frame, EVENT.hincrby, 1);
  reply.integer(sum);
}

/** Where some number is none or lies beyond 2^53. */
function incrementWide(session: Session, frame: Frame, reply: ReplyWriter): void {
  const { database } = session;
  const increment = integer64Argument(frame, 3);
  if (increment === null) return reply.error(ERRORS.notInteger);
  const entry = database.find(frame, 1);
  if (entry !== 0 && !isHash(database, entry, reply)) return;
  let value = 0n;
  if (entry !== 0 && openForChange(database, entry, frame, 2, 2) && findArgument(frame, 2)) {
    HASH.readValue(VALUE);
    const old = parseInt64(VALUE.bytes, VALUE.offset, VALUE.length);
    if (old === null) return reply.error(ERRORS.hashNotInteger);
    value = old;
  }
  const sum = value + increment;
  if (sum > INT64_MAX || sum < INT64_MIN) return reply.error(ERRORS.incrementOverflow);
  store(session, frame, reply, String(sum));
  database.recordCommand(frame, EVENT.hincrby, 1);
  reply.integer64(sum);
}

function executeHincrbyfloat(session: Session, frame: Frame, reply: ReplyWriter): void {
  const { database } = session;
  const increment = parseLongDouble(frame.latin1(3));
  if (increment === null) return reply.error(ERRORS.notFloat);
  if (increment.isInfinite) return reply.error(ERRORS.hashNotFinite);
  const entry = database.find(frame, 1);
  if (entry !== 0 && !isHash(database, entry, reply)) return;
  let value = LONG_DOUBLE_ZERO;
  let deadlineMs = NO_FIELD_DEADLINE;
  if (entry !== 0 && openForChange(database, entry, frame, 2, 2) && findArgument(frame, 2)) {
    HASH.readValue(VALUE);
    const old = parseLongDouble(latin1(VALUE));
    if (old === null) return reply.error(ERRORS.hashNotFloat);
    value = old;
    deadlineMs = HASH.deadlineMs;
  }
  const sum = addLongDoubles(value, increment);
  if (sum === null) return reply.error(ERRORS.incrementNotFinite);
  const text = formatLongDouble(sum);
  store(session, frame, reply, text);
  recordFloat(session, frame, text, deadlineMs);
  reply.bulkText(text);
}

/** As the sum itself: where it is applied the old value may have been rounded otherwise. */
function recordFloat(session: Session, frame: Frame, text: string, deadlineMs: number): void {
  const { database, store } = session;
  store.stats[STORE_STAT.CHANGES]++;
  if (store.sink.isActive) {
    const { bytes, offsets, lengths } = frame;
    const keeps = deadlineMs !== NO_FIELD_DEADLINE;
    const effect = store.effect.begin(keeps ? 'HSETEX' : 'HSET', database.index, 1);
    effect.bytes(bytes, offsets[1], lengths[1]);
    if (keeps) effect.text('KEEPTTL').text('FIELDS').text('1');
    effect.bytes(bytes, offsets[2], lengths[2]).text(text);
    store.recordEffect(EVENT.hincrbyfloat);
  }
  database.recordNewDeadline(frame, 1);
}

function store(session: Session, frame: Frame, reply: ReplyWriter, text: string): void {
  if (!openForWriting(session.database, frame, reply, 2)) return;
  const bytes = Buffer.from(text, 'latin1');
  VALUE.bytes = bytes;
  VALUE.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  VALUE.offset = 0;
  VALUE.length = bytes.length;
  HASH.set(showArgument(frame, 2, FIELD), VALUE, KEEP_FIELD_DEADLINE, limitsOf(session));
}

function latin1(slice: Slice): string {
  const { bytes, offset, length } = slice;
  return Buffer.from(bytes.buffer, bytes.byteOffset + offset, length).toString('latin1');
}
