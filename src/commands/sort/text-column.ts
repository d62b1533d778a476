import { copyBytes } from '../../base/bytes.ts';
import type { Slice } from '../../engine/slice.ts';

/** The length of what is not there, as another key's text may be. */
const ABSENT = -1;
const BYTES_MIN = 256;
const COUNT_MIN = 16;

/**
 * Texts one behind the other in one buffer: a million of them are three arrays and no objects, so
 * that to sort them leaves nothing for the garbage collector to walk over.
 */
export class TextColumn {
  bytes: Uint8Array = new Uint8Array(BYTES_MIN);
  /** The same memory as `bytes`, index for index. */
  view: DataView = new DataView(this.bytes.buffer);
  count = 0;
  private starts = new Float64Array(COUNT_MIN);
  private lengths = new Int32Array(COUNT_MIN);
  private end = 0;

  add(text: Slice): void {
    const { length } = text;
    if (this.end + length > this.bytes.length) this.growBytes(length);
    copyBytes(this.view, this.bytes, this.end, text.view, text.bytes, text.offset, length);
    this.note(length);
  }

  addAbsent(): void {
    this.note(ABSENT);
  }

  isAbsent(index: number): boolean {
    return this.lengths[index] === ABSENT;
  }

  start(index: number): number {
    return this.starts[index];
  }

  length(index: number): number {
    return this.lengths[index];
  }

  private note(length: number): void {
    if (this.count === this.starts.length) this.growCount();
    this.starts[this.count] = this.end;
    this.lengths[this.count++] = length;
    if (length !== ABSENT) this.end += length;
  }

  private growBytes(length: number): void {
    const bytes = new Uint8Array(Math.max(this.bytes.length * 2, this.end + length));
    bytes.set(this.bytes.subarray(0, this.end));
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer);
  }

  private growCount(): void {
    const starts = new Float64Array(this.count * 2);
    const lengths = new Int32Array(this.count * 2);
    starts.set(this.starts);
    lengths.set(this.lengths);
    this.starts = starts;
    this.lengths = lengths;
  }
}

/** Lets the slice show a text that is there. */
export function showText(column: TextColumn, index: number, slice: Slice): Slice {
  slice.bytes = column.bytes;
  slice.view = column.view;
  slice.offset = column.start(index);
  slice.length = column.length(index);
  return slice;
}

/** memcmp, and the shorter one first where they are alike. */
export function compareTexts(column: TextColumn, left: number, right: number): number {
  return compareBytes(column, left, right, column.length(left), column.length(right));
}

/** strcoll of the C locale: a zero byte is the end. */
export function compareCStrings(column: TextColumn, left: number, right: number): number {
  return compareBytes(column, left, right, cLength(column, left), cLength(column, right));
}

function compareBytes(
  column: TextColumn,
  left: number,
  right: number,
  leftLength: number,
  rightLength: number,
): number {
  const { bytes } = column;
  const leftAt = column.start(left);
  const rightAt = column.start(right);
  const length = Math.min(leftLength, rightLength);
  for (let i = 0; i < length; i++) {
    const difference = bytes[leftAt + i] - bytes[rightAt + i];
    if (difference !== 0) return difference;
  }
  return leftLength - rightLength;
}

function cLength(column: TextColumn, index: number): number {
  const { bytes } = column;
  const start = column.start(index);
  const length = column.length(index);
  let i = 0;
  while (i < length && bytes[start + i] !== 0) i++;
  return i;
}
