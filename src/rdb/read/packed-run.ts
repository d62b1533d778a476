/**
 * A collection that an RDB holds as one run of bytes: listpack, and the older ziplist and zipmap.
 * Whatever lies there, what comes of it is a listpack in which every element is written as ours and
 * Redis' code writes it (look-ups compare bytes): the listpack itself, in place, where it is so
 * already, else another one, written anew.
 */

import { INTEGER_BYTES_MAX, isCanonicalInteger } from '../../base/numbers.ts';
import { Slice } from '../../engine/slice.ts';
import {
  elementBytes,
  elementInteger,
  elementTextBytes,
  isEnd,
  isText,
  LISTPACK_COUNT_UNKNOWN,
  LISTPACK_EMPTY_BYTES,
  LISTPACK_HEADER_BYTES,
  readElement,
} from '../../engine/values/packed/listpack.ts';
import type { RdbReader } from '../rdb-reader.ts';
import { PackWriter } from './pack-writer.ts';

export class PackedRun {
  bytes: Uint8Array = new Uint8Array(0);
  view: DataView = new DataView(new ArrayBuffer(0));
  /** First byte of the listpack, its bytes, and its elements. */
  start = 0;
  length = 0;
  count = 0;
  private readonly writer = new PackWriter();
  private readonly element = new Slice();

  /** Takes the listpack that `blob` shows, after a look at every byte of it. */
  openListpack(reader: RdbReader, blob: Slice): void {
    const { bytes, view, offset, length } = blob;
    this.bytes = bytes;
    this.view = view;
    this.start = offset;
    this.length = length;
    this.count = checkListpack(view, offset, length);
    if (this.count < 0) reader.fail('invalid listpack');
    const isCounted = view.getUint16(offset + 4, true) !== LISTPACK_COUNT_UNKNOWN;
    const knowsCount = isCounted || this.count >= LISTPACK_COUNT_UNKNOWN;
    if (!knowsCount || !isCanonical(bytes, view, offset)) this.rewrite();
  }

  openZiplist(reader: RdbReader, blob: Slice): void {
    this.writer.begin();
    if (!copyZiplist(blob, this.writer)) reader.fail('invalid ziplist');
    this.openWritten(this.writer);
  }

  openZipmap(reader: RdbReader, blob: Slice): void {
    this.writer.begin();
    if (!copyZipmap(blob, this.writer, this.element)) reader.fail('invalid zipmap');
    this.openWritten(this.writer);
  }

  /** Takes what a writer has been given; true until its next use. */
  openWritten(writer: PackWriter): void {
    writer.finish();
    this.bytes = writer.bytes;
    this.view = writer.view;
    this.start = 0;
    this.length = writer.packedBytes;
    this.count = writer.count;
  }

  /** Length of the longest element as text. */
  longestText(): number {
    const { view } = this;
    let longest = 0;
    for (let at = this.start + LISTPACK_HEADER_BYTES; !isEnd(view, at); ) {
      const length = elementTextBytes(view, at);
      if (length > longest) longest = length;
      at += elementBytes(view, at);
    }
    return longest;
  }

  private rewrite(): void {
    const { bytes, view, writer, element } = this;
    writer.begin();
    for (let at = this.start + LISTPACK_HEADER_BYTES; !isEnd(view, at); ) {
      readElement(bytes, view, at, element);
      writer.addText(element);
      at += elementBytes(view, at);
    }
    this.openWritten(this.writer);
  }
}

/**
 * Whether the bytes can be walked as a listpack, forwards and backwards, without leaving them.
 * @returns elements; -1 when they cannot
 */
export function checkListpack(view: DataView, start: number, length: number): number {
  if (length < LISTPACK_EMPTY_BYTES || view.getUint32(start, true) !== length) return -1;
  const last = start + length - 1;
  if (view.getUint8(last) !== LISTPACK_END) return -1;
  let count = 0;
  let at = start + LISTPACK_HEADER_BYTES;
  while (at < last) {
    const body = bodyBytes(view, at, last);
    if (body < 0) return -1;
    at = passBackLength(view, at + body, body, last);
    if (at < 0) return -1;
    count++;
  }
  const told = view.getUint16(start + 4, true);
  if (at !== last || (told !== count && told !== LISTPACK_COUNT_UNKNOWN)) return -1;
  return count;
}

const LISTPACK_END = 0xff;
const STRING_32 = 0xf0;
const INT_64 = 0xf4;

/** Head and data of the element at `at`; -1 when they go beyond `last` or begin as none does. */
function bodyBytes(view: DataView, at: number, last: number): number {
  const head = view.getUint8(at);
  let body = 0;
  if (head < 0x80) return 1;
  if (head < 0xc0) body = 1 + (head & 63);
  else if (head < 0xe0) body = 2;
  else if (head < 0xf0) {
    if (at + 2 > last) return -1;
    body = 2 + (((head & 15) << 8) | view.getUint8(at + 1));
  } else if (head === STRING_32) {
    if (at + 5 > last) return -1;
    body = 5 + view.getUint32(at + 1, true);
  } else if (head <= INT_64) body = head === INT_64 ? 9 : head - STRING_32 + 2;
  else return -1;
  return at + body > last ? -1 : body;
}

/** Passes over the length that stands behind an element; -1 when it tells another. */
function passBackLength(view: DataView, at: number, body: number, last: number): number {
  if (body <= 127) {
    return at < last && view.getUint8(at) === body ? at + 1 : -1;
  }
  let byteCount = 2;
  if (body >= 16_383) byteCount = body < 2_097_151 ? 3 : body < 268_435_455 ? 4 : 5;
  if (at + byteCount > last) return -1;
  let rest = body;
  for (let i = byteCount - 1; i >= 0; i--) {
    const expected = (rest & 127) | (i === 0 ? 0 : 128);
    if (view.getUint8(at + i) !== expected) return -1;
    rest = Math.floor(rest / 128);
  }
  return at + byteCount;
}

/** Whether each element is written in the shortest form, and text only where it is no integer. */
function isCanonical(bytes: Uint8Array, view: DataView, start: number): boolean {
  for (let at = start + LISTPACK_HEADER_BYTES; !isEnd(view, at); at += elementBytes(view, at)) {
    const head = view.getUint8(at);
    if (head < 0x80) continue;
    if (isText(view, at) ? !isCanonicalText(bytes, view, at, head) : !isShortest(view, at, head)) {
      return false;
    }
  }
  return true;
}

function isCanonicalText(bytes: Uint8Array, view: DataView, at: number, head: number): boolean {
  if (head < 0xc0) {
    const length = head & 63;
    if (length === 0 || length > INTEGER_BYTES_MAX) return true;
    const first = view.getUint8(at + 1);
    if (first !== MINUS && (first < DIGIT_0 || first > DIGIT_9)) return true;
    return !isCanonicalInteger(bytes, at + 1, length);
  }
  if (head < 0xf0) return (head & 15) !== 0 || view.getUint8(at + 1) >= 64;
  return view.getUint32(at + 1, true) >= 4096;
}

const MINUS = 45;
const DIGIT_0 = 48;
const DIGIT_9 = 57;

function isShortest(view: DataView, at: number, head: number): boolean {
  const value = elementInteger(view, at);
  if (head < 0xe0) return value < 0 || value > 127;
  if (head === 0xf1) return value < -4096 || value > 4095;
  if (head === 0xf2) return value < -32_768 || value > 32_767;
  if (head === 0xf3) return value < -8_388_608 || value > 8_388_607;
  return value !== (value | 0);
}

/**
 * Copies a ziplist element by element.
 *
 *     bytes u32 | place of the last element u32 | count u16 | element ... | 0xFF
 *     element   length of the one before (1 byte, or 0xFE and u32) | encoding | data
 */
function copyZiplist(blob: Slice, writer: PackWriter): boolean {
  const { view, bytes, offset: start, length } = blob;
  if (length < ZIPLIST_HEADER_BYTES + 1 || view.getUint32(start, true) !== length) return false;
  const last = start + length - 1;
  if (view.getUint8(last) !== ZIPLIST_END) return false;
  let at = start + ZIPLIST_HEADER_BYTES;
  let previous = at;
  let previousBytes = 0;
  while (at < last) {
    const isLong = view.getUint8(at) === ZIPLIST_LONG;
    const head = at + (isLong ? 5 : 1);
    if (view.getUint8(at) === ZIPLIST_END || head >= last) return false;
    const told = isLong ? view.getUint32(at + 1, true) : view.getUint8(at);
    if (told !== previousBytes) return false;
    const end = copyZiplistElement(view, bytes, head, last, writer);
    if (end < 0) return false;
    previous = at;
    previousBytes = end - at;
    at = end;
  }
  const told = view.getUint16(start + 8, true);
  if (told !== ZIPLIST_COUNT_UNKNOWN && told !== writer.count) return false;
  return view.getUint32(start + 4, true) === previous - start;
}

const ZIPLIST_HEADER_BYTES = 10;
const ZIPLIST_END = 0xff;
const ZIPLIST_LONG = 0xfe;
const ZIPLIST_COUNT_UNKNOWN = 65_535;

/** @returns what follows it; -1 when it goes beyond `last` or is of no known form */
function copyZiplistElement(
  view: DataView,
  bytes: Uint8Array,
  at: number,
  last: number,
  writer: PackWriter,
): number {
  const head = view.getUint8(at);
  if (head >= 0xc0) return copyZiplistInteger(view, at, last, writer);
  let textAt = at + 1;
  let length = head & 63;
  if (head >= 0x80) {
    if (head !== 0x80 || at + 5 > last) return -1;
    length = view.getUint32(at + 1);
    textAt = at + 5;
  } else if (head >= 0x40) {
    if (at + 2 > last) return -1;
    length = ((head & 63) << 8) | view.getUint8(at + 1);
    textAt = at + 2;
  }
  if (textAt + length > last) return -1;
  writer.plan.ofText(view, bytes, textAt, length);
  writer.addPlanned();
  return textAt + length;
}

function copyZiplistInteger(view: DataView, at: number, last: number, writer: PackWriter): number {
  const head = view.getUint8(at);
  const byteCount = ziplistIntegerBytes(head);
  const from = at + 1;
  if (byteCount < 0 || from + byteCount > last) return -1;
  if (byteCount === 8) {
    writer.addInteger64(view.getBigInt64(from, true));
    return from + 8;
  }
  let value = (head & 15) - 1;
  if (byteCount === 1) value = view.getInt8(from);
  else if (byteCount === 2) value = view.getInt16(from, true);
  else if (byteCount === 3) {
    value = (view.getInt8(from + 2) << 16) | view.getUint16(from, true);
  } else if (byteCount === 4) value = view.getInt32(from, true);
  writer.addInteger(value);
  return from + byteCount;
}

function ziplistIntegerBytes(head: number): number {
  if (head === 0xc0) return 2;
  if (head === 0xd0) return 4;
  if (head === 0xe0) return 8;
  if (head === 0xf0) return 3;
  if (head === 0xfe) return 1;
  return head > 0xf0 && head < 0xfe ? 0 : -1;
}

/**
 * Copies a zipmap, of which redis-server 2.4 made small hashes.
 *
 *     pairs u8 (254: not told) | length, field, length, unused u8, value, unused bytes | ... 0xFF
 *     length   1 byte, or 254 and u32
 */
function copyZipmap(blob: Slice, writer: PackWriter, element: Slice): boolean {
  const { view, bytes, offset: start, length } = blob;
  if (length < 2) return false;
  const last = start + length - 1;
  if (view.getUint8(last) !== ZIPMAP_END) return false;
  let at = start + 1;
  for (let isField = true; at < last; isField = !isField) {
    let elementLength = view.getUint8(at++);
    if (elementLength === ZIPMAP_END) return false;
    if (elementLength === ZIPMAP_LONG) {
      if (at + 4 > last) return false;
      elementLength = view.getUint32(at, true);
      at += 4;
    }
    let unused = 0;
    if (!isField) {
      if (at >= last) return false;
      unused = view.getUint8(at++);
    }
    if (at + elementLength + unused > last) return false;
    element.bytes = bytes;
    element.view = view;
    element.offset = at;
    element.length = elementLength;
    writer.addText(element);
    at += elementLength + unused;
  }
  const told = view.getUint8(start);
  const pairCount = writer.count / 2;
  return told < ZIPMAP_LONG ? told === pairCount : Number.isInteger(pairCount);
}

const ZIPMAP_END = 0xff;
const ZIPMAP_LONG = 254;
