import type { Frame } from '../../base/frame.ts';
import { EVENT } from '../../engine/event-table.ts';
import { openString } from '../../engine/values/string/string-value.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { type CommandRow, keysAt } from '../command-row.ts';
import type { Session } from '../session.ts';
import { denseRegister, raiseDense } from './dense.ts';
import { estimate, HISTOGRAM_LENGTH } from './estimate.ts';
import {
  HEADER_BYTES,
  HLL_ENCODING,
  HllTarget,
  hllEncodingOf,
  makeDense,
  refusalOf,
  unshare,
} from './hll-value.ts';
import { hashRegister, INDEX_BITS, INDEX_MASK, REGISTER_COUNT } from './register-hash.ts';
import { describeSparse } from './sparse.ts';

export const pfdebugCommand: CommandRow = {
  name: 'pfdebug',
  arity: 3,
  flags: ['write', 'denyoom', 'admin'],
  keys: [keysAt(2, 0, 1, 'RW ACCESS')],
  group: 'hyperloglog',
  since: '2.8.9',
  complexity: 'N/A',
  summary: 'Shows the registers of a HyperLogLog, or makes them dense',
  syntax: 'subcommand key',
  execute: executePfdebug,
};

export const pfselftestCommand: CommandRow = {
  name: 'pfselftest',
  arity: 1,
  flags: ['admin'],
  group: 'hyperloglog',
  since: '2.8.9',
  complexity: 'N/A',
  summary: 'Tries the registers and the estimate of HyperLogLogs on made-up data',
  syntax: '',
  execute: executePfselftest,
};

const TARGET = new HllTarget();

function executePfdebug(session: Session, frame: Frame, reply: ReplyWriter): void {
  const database = session.database;
  const entry = database.find(frame, 2);
  if (entry === 0) return reply.error(ERRORS.hllNoKey);
  const refusal = refusalOf(database, entry);
  if (refusal !== null) return reply.error(refusal);
  database.touch(entry);
  unshare(database, entry);
  const isSparse = hllEncodingOf(database, entry) === HLL_ENCODING.SPARSE;
  TARGET.open(database, entry, 0);
  if (frame.equals(1, 'GETREG')) {
    if (isSparse && !convert(session, frame)) return reply.error(ERRORS.hllCorrupt);
    return replyRegisters(reply);
  }
  if (frame.equals(1, 'DECODE')) {
    if (!isSparse) return reply.error(ERRORS.hllNotSparse);
    const { bytes, offset, length } = openString(database, entry);
    return reply.bulkLatin1(describeSparse(bytes, offset + HEADER_BYTES, offset + length));
  }
  if (frame.equals(1, 'ENCODING')) return reply.simple(isSparse ? 'sparse' : 'dense');
  if (frame.equals(1, 'TODENSE')) {
    if (isSparse && !convert(session, frame)) return reply.error(ERRORS.hllCorrupt);
    return reply.integer(isSparse ? 1 : 0);
  }
  reply.errorLatin1(`ERR Unknown PFDEBUG subcommand '${cString(frame.latin1(1))}'`);
}

function convert(session: Session, frame: Frame): boolean {
  if (!makeDense(TARGET)) return false;
  session.database.recordCommand(frame, EVENT.none, 2);
  return true;
}

function replyRegisters(reply: ReplyWriter): void {
  const database = TARGET.database as NonNullable<typeof TARGET.database>;
  const { bytes, offset } = openString(database, TARGET.entry);
  reply.array(REGISTER_COUNT);
  for (let i = 0; i < REGISTER_COUNT; i++) {
    reply.integer(denseRegister(bytes, offset + HEADER_BYTES, i));
  }
}

/** As printf shows it: a zero byte ends it. */
function cString(text: string): string {
  const end = text.indexOf('\0');
  return end < 0 ? text : text.slice(0, end);
}

/** Elements that the estimate is tried on, and its largest error that is believed: 4 sigma. */
const TRIED_ELEMENTS = 100_000;
const TRIED_ERROR_MAX = (4 * 1.04) / Math.sqrt(REGISTER_COUNT);

/** Registers must not spill into each other, and an estimate must be near the truth. */
function executePfselftest(session: Session, _frame: Frame, reply: ReplyWriter): void {
  const { random } = session.store;
  const dense = new Uint8Array(HEADER_BYTES + (REGISTER_COUNT * 6) / 8);
  const expected = new Uint8Array(REGISTER_COUNT);
  for (let i = 0; i < REGISTER_COUNT * 8; i++) {
    const word = random.u32();
    const index = word & INDEX_MASK;
    const value = word >>> 26;
    raiseDense(dense, HEADER_BYTES, index, value);
    if (value > expected[index]) expected[index] = value;
  }
  for (let i = 0; i < REGISTER_COUNT; i++) {
    const value = denseRegister(dense, HEADER_BYTES, i);
    if (value !== expected[i]) {
      const text = `TESTFAILED Register ${i} should be ${expected[i]} but is ${value}`;
      return reply.errorText(text);
    }
  }
  const error = Math.abs(estimateOfElements(random.u32()) / TRIED_ELEMENTS - 1);
  if (error > TRIED_ERROR_MAX) {
    return reply.errorText(`TESTFAILED Too big error. card:${TRIED_ELEMENTS} error:${error}`);
  }
  reply.ok();
}

function estimateOfElements(seed: number): number {
  const element = new DataView(new ArrayBuffer(8));
  element.setUint32(4, seed, true);
  const registers = new Uint8Array(REGISTER_COUNT);
  for (let i = 0; i < TRIED_ELEMENTS; i++) {
    element.setUint32(0, i, true);
    const hashed = hashRegister(element, 0, 8);
    const value = hashed >>> INDEX_BITS;
    if (value > registers[hashed & INDEX_MASK]) registers[hashed & INDEX_MASK] = value;
  }
  const histogram = new Int32Array(HISTOGRAM_LENGTH);
  for (let i = 0; i < REGISTER_COUNT; i++) histogram[registers[i]]++;
  return estimate(histogram);
}
