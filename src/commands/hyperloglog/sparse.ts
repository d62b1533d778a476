/**
 * Sparse registers: runs of equal registers, in order, that together cover all 16,384.
 *
 *     00llllll            ZERO   run of l+1 registers that are 0
 *     01llllll llllllll   XZERO  the same, l+1 up to 16,384
 *     1vvvvvll            VAL    run of l+1 registers, at most 4, of value v+1, at most 32
 *
 * Raising a register finds the run that covers it. A run of one is changed in place; a longer one
 * is split in up to three, and equal values beside each other are joined again, no further than
 * five runs away: the bytes are to be those of Redis, which looks no further.
 *
 * Bytes come from clients (SET, SETRANGE): runs that cover too little or too much, or are cut off,
 * are refused as corrupt.
 */
import { REGISTER_COUNT } from './register-hash.ts';

export const SPARSE_VALUE_MAX = 32;
const VALUE_RUN_MAX = 4;
const ZERO_RUN_MAX = 64;
/** Runs that are looked at for joining, from the one before the change on. */
const JOIN_RUNS = 5;
const LONG_ZERO = 0x40;
const VALUE = 0x80;

/** What `locate` answers. */
export const FOUND = {
  /** No such run: the bytes are no valid registers. */
  CORRUPT: -1,
  /** The register has that value or a larger one. */
  NOTHING_TO_DO: 0,
  /** One byte, at `at`, is to be written: the value with a run of one. */
  ONE_BYTE: 1,
  /** The run at `at` is to be replaced by `sequence`. */
  SPLIT: 2,
} as const;

/** A change that was found and is to be made. Reused; positions count from the registers' start. */
export class SparseChange {
  /** Where the run that covers the register stands. */
  at = 0;
  /** Where the run before it stands; -1 for none. */
  previousAt = -1;
  /** The first register of that run. */
  previousIndex = 0;
  /** Bytes that the run takes now. */
  oldLength = 0;
  readonly sequence = new Uint8Array(5);
  sequenceLength = 0;
  value = 0;

  /** Bytes more than now. */
  get growth(): number {
    return this.sequenceLength - this.oldLength;
  }
}

/** Bits that, without the one above, mark an XZERO in any of four bytes. */
const LONG_ZERO_IN_WORD = 0x40404040;

/** Registers that a run covers, by its first byte; 0 for XZERO, which needs its second. */
const RUN_LENGTHS = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte >= VALUE) return (byte & 3) + 1;
  return byte >= LONG_ZERO ? 0 : byte + 1;
});

/**
 * Finds out what raising a register to `value` (1 to 32) means. Changes no byte. Four runs are
 * passed at once where none is an XZERO: that halves the time.
 * @returns one of FOUND
 */
export function locateSparse(
  bytes: Uint8Array,
  view: DataView,
  start: number,
  end: number,
  index: number,
  value: number,
  change: SparseChange,
): number {
  // Registers are often raised in order: go on from the run before the last change. If ours is that
  // run, the one before it is not known.
  const mayResume = change.previousAt >= 0 && index > change.previousIndex;
  let at = mayResume ? start + change.previousAt : start;
  let left = mayResume ? index - change.previousIndex : index;
  if (mayResume && left < runLengthAt(bytes, at, end)) {
    at = start;
    left = index;
  }
  let previousAt = -1;
  while (at < end) {
    if (at + 4 <= end) {
      const word = view.getInt32(at, true);
      if ((word & ~(word >>> 1) & LONG_ZERO_IN_WORD) === 0) {
        const runs =
          RUN_LENGTHS[word & 0xff] +
          RUN_LENGTHS[(word >>> 8) & 0xff] +
          RUN_LENGTHS[(word >>> 16) & 0xff] +
          RUN_LENGTHS[word >>> 24];
        if (left >= runs) {
          left -= runs;
          previousAt = at + 3;
          at += 4;
          continue;
        }
      }
    }
    const run = RUN_LENGTHS[bytes[at]];
    if (run === 0) {
      const longRun = runLengthAt(bytes, at, end);
      if (left < longRun) break;
      left -= longRun;
      previousAt = at;
      at += 2;
    } else {
      if (left < run) break;
      left -= run;
      previousAt = at;
      at++;
    }
  }
  const oldLength = at < end && RUN_LENGTHS[bytes[at]] === 0 ? 2 : 1;
  if (at + oldLength > end) return FOUND.CORRUPT;
  change.at = at - start;
  change.previousAt = previousAt < 0 ? -1 : previousAt - start;
  if (previousAt >= 0) {
    change.previousIndex = index - left - runLengthAt(bytes, previousAt, end);
  }
  change.oldLength = oldLength;
  change.value = value;
  const first = bytes[at];
  const oldValue = first < VALUE ? 0 : ((first >>> 2) & 31) + 1;
  if (oldValue >= value) return FOUND.NOTHING_TO_DO;
  const run = runLengthAt(bytes, at, end);
  if (run === 1 && oldLength === 1) return FOUND.ONE_BYTE;
  split(change, oldValue, left, run - left - 1);
  return FOUND.SPLIT;
}

/** Sets the one byte of a change of that kind. */
export function writeOneByte(bytes: Uint8Array, start: number, change: SparseChange): void {
  bytes[start + change.at] = valueRun(change.value, 1);
}

/** Puts a split in place. There must be room for `growth` bytes at `end`. */
export function writeSplit(
  bytes: Uint8Array,
  start: number,
  end: number,
  change: SparseChange,
): void {
  const at = start + change.at;
  const next = at + change.oldLength;
  if (change.growth !== 0) bytes.copyWithin(next + change.growth, next, end);
  for (let i = 0; i < change.sequenceLength; i++) bytes[at + i] = change.sequence[i];
}

/**
 * Joins equal values around a change that was made.
 * @returns where the registers end now
 */
export function joinRuns(
  bytes: Uint8Array,
  start: number,
  end: number,
  change: SparseChange,
): number {
  let at = change.previousAt < 0 ? start : start + change.previousAt;
  let newEnd = end;
  for (let looked = 0; looked < JOIN_RUNS && at < newEnd; looked++) {
    const byte = bytes[at];
    if (byte < VALUE) {
      at += byte < LONG_ZERO ? 1 : 2;
      continue;
    }
    if (at + 1 < newEnd) {
      const next = bytes[at + 1];
      const joined = (byte & 3) + 1 + (next & 3) + 1;
      if (byte >>> 2 === next >>> 2 && joined <= VALUE_RUN_MAX) {
        bytes.copyWithin(at, at + 1, newEnd);
        bytes[at] = (byte & ~3) | (joined - 1);
        newEnd--;
        continue;
      }
    }
    at++;
  }
  return newEnd;
}

/** Raises each of the registers, a byte each, to the sparse ones'. False: corrupt. */
export function mergeSparse(
  registers: Uint8Array,
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
  let index = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at];
    if (byte < LONG_ZERO) {
      index += byte + 1;
    } else if (byte < VALUE) {
      at++;
      index += (((byte & 0x3f) << 8) | byteAt(bytes, at, end)) + 1;
    } else {
      const value = ((byte >>> 2) & 31) + 1;
      const runEnd = index + (byte & 3) + 1;
      if (runEnd > REGISTER_COUNT) return false;
      for (; index < runEnd; index++) if (value > registers[index]) registers[index] = value;
    }
    if (index > REGISTER_COUNT) return false;
  }
  return index === REGISTER_COUNT;
}

/** Counts how many registers have each value. False: corrupt. */
export function countSparse(
  bytes: Uint8Array,
  start: number,
  end: number,
  histogram: Int32Array,
): boolean {
  let index = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at];
    let value = 0;
    let run = 0;
    if (byte < LONG_ZERO) {
      run = byte + 1;
    } else if (byte < VALUE) {
      at++;
      run = (((byte & 0x3f) << 8) | byteAt(bytes, at, end)) + 1;
    } else {
      value = ((byte >>> 2) & 31) + 1;
      run = (byte & 3) + 1;
    }
    histogram[value] += run;
    index += run;
    if (index > REGISTER_COUNT) return false;
  }
  return index === REGISTER_COUNT;
}

/** The runs as PFDEBUG DECODE tells them: `z:` ZERO, `Z:` XZERO, `v:value,run`. */
export function describeSparse(bytes: Uint8Array, start: number, end: number): string {
  const runs: string[] = [];
  for (let at = start; at < end; at++) {
    const byte = bytes[at];
    if (byte >= VALUE) runs.push(`v:${((byte >>> 2) & 31) + 1},${(byte & 3) + 1}`);
    else if (byte < LONG_ZERO) runs.push(`z:${byte + 1}`);
    else runs.push(`Z:${(((byte & 0x3f) << 8) | byteAt(bytes, ++at, end)) + 1}`);
  }
  return runs.join(' ');
}

/** Fills `sequence`: what stood before our register, the register, what stood after it. */
function split(change: SparseChange, oldValue: number, before: number, after: number): void {
  let length = putRun(change.sequence, 0, oldValue, before);
  change.sequence[length++] = valueRun(change.value, 1);
  change.sequenceLength = putRun(change.sequence, length, oldValue, after);
}

function putRun(sequence: Uint8Array, at: number, value: number, run: number): number {
  if (run === 0) return at;
  if (value !== 0) {
    sequence[at] = valueRun(value, run);
    return at + 1;
  }
  if (run <= ZERO_RUN_MAX) {
    sequence[at] = run - 1;
    return at + 1;
  }
  sequence[at] = LONG_ZERO | ((run - 1) >>> 8);
  sequence[at + 1] = run - 1;
  return at + 2;
}

function valueRun(value: number, run: number): number {
  return VALUE | ((value - 1) << 2) | (run - 1);
}

/** Registers that the run there covers. */
function runLengthAt(bytes: Uint8Array, at: number, end: number): number {
  const run = RUN_LENGTHS[bytes[at]];
  return run !== 0 ? run : (((bytes[at] & 0x3f) << 8) | byteAt(bytes, at + 1, end)) + 1;
}

function byteAt(bytes: Uint8Array, at: number, end: number): number {
  return at < end ? bytes[at] : 0;
}
