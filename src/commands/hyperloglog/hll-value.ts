/**
 * A HyperLogLog as a string value, byte for byte Redis':
 *
 *     0  'HYLL'
 *     4  encoding: 0 dense, 1 sparse
 *     5  three bytes that nobody reads
 *     8  cardinality as it was last estimated, u64; its top bit says that it is stale
 *    16  registers: dense, 12,288 bytes; or sparse, 2 bytes when new
 *
 * Anybody may write such a string with SET or SETRANGE. What does not look like one is refused
 * before anything is done; sparse registers are checked wherever they are walked.
 */
import type { Frame } from '../../base/frame.ts';
import type { Database } from '../../engine/database.ts';
import { ENCODING, TYPE } from '../../engine/keyspace/entry.ts';
import type { Slice } from '../../engine/slice.ts';
import {
  growString,
  openStringToChange,
  resizeString,
} from '../../engine/values/string/string-growth.ts';
import { openString } from '../../engine/values/string/string-value.ts';
import { ERRORS, type ErrorRow } from '../../protocol/error-table.ts';
import {
  countDense,
  DENSE_BYTES,
  denseRegister,
  mergeDense,
  raiseDense,
  writeDense,
} from './dense.ts';
import { estimate, HISTOGRAM_LENGTH } from './estimate.ts';
import { REGISTER_COUNT } from './register-hash.ts';
import {
  countSparse,
  FOUND,
  joinRuns,
  locateSparse,
  mergeSparse,
  SPARSE_VALUE_MAX,
  SparseChange,
  writeOneByte,
  writeSplit,
} from './sparse.ts';

export const HEADER_BYTES = 16;
export const HLL_ENCODING = { DENSE: 0, SPARSE: 1 } as const;
const MAGIC = 0x4c4c5948;
const ENCODING_AT = 4;
const CARDINALITY_AT = 8;
const STALE_AT = 15;
const STALE = 0x80;
const DENSE_VALUE_BYTES = HEADER_BYTES + DENSE_BYTES;
const HIGH_WORD = 0x1_0000_0000;
const INT64_OVERFLOW = 2 ** 63;
/** The most that one XZERO says. */
const EMPTY_REGISTERS = [0x7f, 0xff] as const;
/** Sparse values this long are given room to grow; shorter ones are copied soon enough. */
const SPARE_FROM_BYTES = 200;
const SPARE_BYTES = 128;

/** What `raiseRegister` answers. */
export const RAISED = { CORRUPT: -1, NO: 0, YES: 1 } as const;

/** Scratch memory: used within one call, and holding nothing after it. */
const HISTOGRAM = new Int32Array(HISTOGRAM_LENGTH);
const EXPANDED = new Uint8Array(REGISTER_COUNT);
const CHANGE = new SparseChange();

/** Why the entry is no HyperLogLog; null when it looks like one. */
export function refusalOf(database: Database, entry: number): ErrorRow | null {
  if (database.typeOf(entry) !== TYPE.STRING) return ERRORS.wrongType;
  const { view, offset, length } = openString(database, entry);
  if (length < HEADER_BYTES || view.getUint32(offset, true) !== MAGIC) return ERRORS.hllWrongType;
  const encoding = view.getUint8(offset + ENCODING_AT);
  if (encoding > HLL_ENCODING.SPARSE) return ERRORS.hllWrongType;
  const isWhole = encoding === HLL_ENCODING.SPARSE || length === DENSE_VALUE_BYTES;
  return isWhole ? null : ERRORS.hllWrongType;
}

/** One of HLL_ENCODING. */
export function hllEncodingOf(database: Database, entry: number): number {
  const { view, offset } = openString(database, entry);
  return view.getUint8(offset + ENCODING_AT);
}

/** An empty one under a key that is missing. The caller records its command. */
export function createHll(database: Database, frame: Frame, keyArg: number): number {
  const length = HEADER_BYTES + EMPTY_REGISTERS.length;
  const entry = growString(database, 0, frame, keyArg, length);
  const { bytes, view, offset } = openString(database, entry);
  view.setUint32(offset, MAGIC, true);
  bytes[offset + ENCODING_AT] = HLL_ENCODING.SPARSE;
  bytes[offset + HEADER_BYTES] = EMPTY_REGISTERS[0];
  bytes[offset + HEADER_BYTES + 1] = EMPTY_REGISTERS[1];
  return entry;
}

/** Makes the encoding RAW, as Redis does before it looks whether there is anything to change. */
export function unshare(database: Database, entry: number): void {
  if (database.encodingOf(entry) !== ENCODING.RAW) openStringToChange(database, entry);
}

/** One HyperLogLog that is being changed. Reused; `entry` moves when the value grows. */
export class HllTarget {
  database: Database | null = null;
  entry = 0;
  sparseBytesMax = 0;

  open(database: Database, entry: number, sparseBytesMax: number): void {
    this.database = database;
    this.entry = entry;
    this.sparseBytesMax = sparseBytesMax;
    CHANGE.previousAt = -1;
  }
}

/**
 * Raises one register to at least `value`; a sparse value that becomes too long, or one beyond 32,
 * makes all of them dense. Says nothing of the cardinality: see `markStale`.
 * @returns one of RAISED
 */
export function raiseRegister(target: HllTarget, index: number, value: number): number {
  const database = target.database as Database;
  const slice = openString(database, target.entry);
  const { bytes, view } = slice;
  const start = slice.offset + HEADER_BYTES;
  if (bytes[slice.offset + ENCODING_AT] === HLL_ENCODING.DENSE) {
    if (denseRegister(bytes, start, index) >= value) return RAISED.NO;
    return raiseOpened(openStringToChange(database, target.entry), index, value);
  }
  if (value > SPARSE_VALUE_MAX) return promote(target, index, value);
  const end = slice.offset + slice.length;
  const found = locateSparse(bytes, view, start, end, index, value, CHANGE);
  if (found === FOUND.CORRUPT) return RAISED.CORRUPT;
  if (found === FOUND.NOTHING_TO_DO) return RAISED.NO;
  const { length } = slice;
  let newLength = length;
  if (found === FOUND.SPLIT) {
    const { growth } = CHANGE;
    newLength = length + growth;
    if (growth > 0) {
      if (newLength > target.sparseBytesMax) return promote(target, index, value);
      const spare = newLength < SPARE_FROM_BYTES ? 0 : SPARE_BYTES;
      target.entry = resizeString(database, target.entry, newLength, spare);
    }
  }
  const changed = openStringToChange(database, target.entry);
  const newStart = changed.offset + HEADER_BYTES;
  if (found === FOUND.SPLIT) writeSplit(changed.bytes, newStart, changed.offset + length, CHANGE);
  else writeOneByte(changed.bytes, newStart, CHANGE);
  const newEnd = joinRuns(changed.bytes, newStart, changed.offset + newLength, CHANGE);
  const joinedLength = newEnd - changed.offset;
  changed.bytes[changed.offset + STALE_AT] |= STALE;
  if (joinedLength !== changed.length) {
    target.entry = resizeString(database, target.entry, joinedLength, 0);
  }
  return RAISED.YES;
}

/** Makes sparse registers dense; false when they are corrupt, and nothing was changed. */
export function makeDense(target: HllTarget): boolean {
  const database = target.database as Database;
  const sparse = openString(database, target.entry);
  const start = sparse.offset + HEADER_BYTES;
  EXPANDED.fill(0);
  if (!mergeSparse(EXPANDED, sparse.bytes, start, sparse.offset + sparse.length)) return false;
  target.entry = resizeString(database, target.entry, DENSE_VALUE_BYTES, 0);
  const { bytes, offset } = openString(database, target.entry);
  writeDense(EXPANDED, bytes, offset + HEADER_BYTES);
  bytes[offset + ENCODING_AT] = HLL_ENCODING.DENSE;
  return true;
}

/** The cardinality has to be estimated anew. */
export function markStale(database: Database, entry: number): void {
  const { bytes, offset } = openStringToChange(database, entry);
  bytes[offset + STALE_AT] |= STALE;
}

export function isStale(database: Database, entry: number): boolean {
  const { bytes, offset } = openString(database, entry);
  return (bytes[offset + STALE_AT] & STALE) !== 0;
}

/** The cardinality as it is kept; a safe integer, or else a bigint. */
export function keptCardinality(database: Database, entry: number): number | bigint {
  const { view, offset } = openString(database, entry);
  const low = view.getUint32(offset + CARDINALITY_AT, true);
  const value = view.getInt32(offset + CARDINALITY_AT + 4, true) * HIGH_WORD + low;
  return Number.isSafeInteger(value) ? value : view.getBigInt64(offset + CARDINALITY_AT, true);
}

/** Estimates the cardinality and keeps it; false when the registers are corrupt. */
export function refreshCardinality(database: Database, entry: number): boolean {
  const { bytes, offset, length } = openString(database, entry);
  const start = offset + HEADER_BYTES;
  HISTOGRAM.fill(0);
  if (bytes[offset + ENCODING_AT] === HLL_ENCODING.DENSE) countDense(bytes, start, HISTOGRAM);
  else if (!countSparse(bytes, start, offset + length, HISTOGRAM)) return false;
  const cardinality = estimate(HISTOGRAM);
  const changed = openStringToChange(database, entry);
  const at = changed.offset + CARDINALITY_AT;
  if (cardinality >= INT64_OVERFLOW) {
    // What converting such a number to int64 gives in C; it reads as stale.
    changed.view.setUint32(at, 0, true);
    changed.view.setUint32(at + 4, 0x8000_0000, true);
    return true;
  }
  const high = Math.floor(cardinality / HIGH_WORD);
  changed.view.setUint32(at, cardinality - high * HIGH_WORD, true);
  changed.view.setUint32(at + 4, high, true);
  return true;
}

/** Raises each of 16,384 registers to the entry's; false when they are corrupt. */
export function mergeInto(registers: Uint8Array, database: Database, entry: number): boolean {
  const { bytes, offset, length } = openString(database, entry);
  const start = offset + HEADER_BYTES;
  if (bytes[offset + ENCODING_AT] === HLL_ENCODING.SPARSE) {
    return mergeSparse(registers, bytes, start, offset + length);
  }
  mergeDense(registers, bytes, start);
  return true;
}

/** Overwrites the registers of a dense value. */
export function writeRegisters(database: Database, entry: number, registers: Uint8Array): void {
  const { bytes, offset } = openStringToChange(database, entry);
  writeDense(registers, bytes, offset + HEADER_BYTES);
}

/** Estimate over registers of a byte each; as `keptCardinality`, in range and out of it. */
export function cardinalityOf(registers: Uint8Array): number | bigint {
  HISTOGRAM.fill(0);
  for (let i = 0; i < REGISTER_COUNT; i++) HISTOGRAM[registers[i]]++;
  const cardinality = estimate(HISTOGRAM);
  if (Number.isSafeInteger(cardinality)) return cardinality;
  return cardinality >= INT64_OVERFLOW ? -(2n ** 63n) : BigInt(cardinality);
}

function promote(target: HllTarget, index: number, value: number): number {
  if (!makeDense(target)) return RAISED.CORRUPT;
  return raiseOpened(openString(target.database as Database, target.entry), index, value);
}

function raiseOpened(dense: Slice, index: number, value: number): number {
  const { bytes, offset } = dense;
  raiseDense(bytes, offset + HEADER_BYTES, index, value);
  bytes[offset + STALE_AT] |= STALE;
  return RAISED.YES;
}
