/**
 * A run of short elements as bytes: Redis' listpack, byte for byte, so that a small collection is
 * written to a snapshot as it lies in memory.
 *
 *     total bytes u32 | element count u16 | element ... | 0xFF
 *     element   encoding and data | length of both, readable backwards
 *
 *     0xxxxxxx             0 to 127                      110xxxxx +1  13 bits, signed
 *     10xxxxxx             string below 64 B             1110xxxx +1  string below 4 KiB
 *     0xF1 F2 F3 F4        int16, int24, int32, int64    0xF0 +4      longer string
 *
 * Text that is a canonical integer is kept as one. Everything here works on (view, bytes, offset)
 * of whatever holds the listpack: an entry's value, a page of a tree. Offsets stay true as long as
 * that block does.
 */
import { bytesEqual, copyBytes } from '../../../base/bytes.ts';
import { parseInt64, parseSafeInteger, writeDigits } from '../../../base/numbers.ts';
import type { Slice } from '../../slice.ts';

export const LISTPACK_HEADER_BYTES = 6;
export const LISTPACK_EMPTY_BYTES = 7;
/** Stands in the count when there are more: then they must be counted one by one. */
export const LISTPACK_COUNT_UNKNOWN = 65_535;

const END = 0xff;
const STRING_32 = 0xf0;
const INT_16 = 0xf1;
const INT_24 = 0xf2;
const INT_32 = 0xf3;
const INT_64 = 0xf4;
const HIGH_WORD = 0x1_0000_0000;

/** Writes an empty listpack. */
export function initListpack(view: DataView, at: number): void {
  view.setUint32(at, LISTPACK_EMPTY_BYTES, true);
  view.setUint16(at + 4, 0, true);
  view.setUint8(at + LISTPACK_HEADER_BYTES, END);
}

export function listpackBytes(view: DataView, at: number): number {
  return view.getUint32(at, true);
}

/** Elements in it; walks the whole of it where the header does not know. */
export function listpackCount(view: DataView, at: number): number {
  const known = view.getUint16(at + 4, true);
  if (known !== LISTPACK_COUNT_UNKNOWN) return known;
  let count = 0;
  for (let place = at + LISTPACK_HEADER_BYTES; !isEnd(view, place); count++) {
    place += elementBytes(view, place);
  }
  return count;
}

/** Sets both header fields after elements were put in or taken out. */
export function setListpackHeader(view: DataView, at: number, byteCount: number, count: number) {
  view.setUint32(at, byteCount, true);
  view.setUint16(at + 4, Math.min(count, LISTPACK_COUNT_UNKNOWN), true);
}

/** Whether the walk has come to the end mark. */
export function isEnd(view: DataView, at: number): boolean {
  return view.getUint8(at) === END;
}

/** Bytes of the element at `at`, all included: the next one is that much further. */
export function elementBytes(view: DataView, at: number): number {
  const head = view.getUint8(at);
  if (head < 0x80) return 2;
  if (head < 0xc0) return (head & 63) + 2;
  const body = bodyBytes(view, at);
  return body + backLengthBytes(body);
}

/**
 * The element before the one at `at`, which may be the end mark; 0 when that was the first.
 * @param start  the listpack's first byte
 */
export function previousElement(view: DataView, at: number, start: number): number {
  if (at <= start + LISTPACK_HEADER_BYTES) return 0;
  let back = at - 1;
  let body = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = view.getUint8(back);
    body += (byte & 127) * 2 ** shift;
    if (byte < 128) break;
    back--;
  }
  return back - body;
}

/**
 * The element `index` places from the first (or, negative, from behind: -1 is the last); 0 when
 * there is none.
 */
export function elementAt(view: DataView, start: number, index: number): number {
  if (index >= 0) {
    let at = start + LISTPACK_HEADER_BYTES;
    for (let left = index; left > 0 && !isEnd(view, at); left--) at += elementBytes(view, at);
    return isEnd(view, at) ? 0 : at;
  }
  let at = start + listpackBytes(view, start) - 1;
  for (let left = index; left < 0 && at !== 0; left++) at = previousElement(view, at, start);
  return at;
}

/** Lets `slice` show the element as text: in place, an integer's digits in the slice's scratch. */
export function readElement(bytes: Uint8Array, view: DataView, at: number, slice: Slice): void {
  const head = view.getUint8(at);
  if (isStringHead(head)) {
    slice.bytes = bytes;
    slice.view = view;
    slice.offset = at + stringHeadBytes(head);
    slice.length = stringLength(view, at, head);
    return;
  }
  slice.useScratch();
  const integer = integerAt(view, at, head);
  if (Number.isSafeInteger(integer)) {
    slice.length = writeDigits(slice.bytes, 0, integer);
    return;
  }
  const text = view.getBigInt64(at + 1, true).toString();
  for (let i = 0; i < text.length; i++) slice.bytes[i] = text.charCodeAt(i);
  slice.length = text.length;
}

/** Whether the element is kept as text, not as an integer. */
export function isText(view: DataView, at: number): boolean {
  return isStringHead(view.getUint8(at));
}

/** Where the bytes of an element that is text begin. */
export function textOffset(view: DataView, at: number): number {
  return at + stringHeadBytes(view.getUint8(at));
}

/** The integer that the element is, exact up to 2^53; NaN when it is a string. */
export function elementInteger(view: DataView, at: number): number {
  const head = view.getUint8(at);
  return isStringHead(head) ? Number.NaN : integerAt(view, at, head);
}

/** The element's integer, exact; null when it is a string. */
export function elementInteger64(view: DataView, at: number): bigint | null {
  const head = view.getUint8(at);
  if (isStringHead(head)) return null;
  return head === INT_64 ? view.getBigInt64(at + 1, true) : BigInt(integerAt(view, at, head));
}

/** Length of the element as text, without making the text. */
export function elementTextBytes(view: DataView, at: number): number {
  const head = view.getUint8(at);
  if (isStringHead(head)) return stringLength(view, at, head);
  if (head === INT_64) return view.getBigInt64(at + 1, true).toString().length;
  const integer = integerAt(view, at, head);
  let digits = integer < 0 ? 2 : 1;
  for (let rest = Math.abs(integer); rest >= 10; rest = Math.floor(rest / 10)) digits++;
  return digits;
}

/**
 * Text that is looked for, or an element to be written: parsed once, reused for the next one.
 */
export class ElementPlan {
  /** What the element will take, all included. */
  byteCount = 0;
  /** Whether it is kept as an integer. */
  isInteger = false;
  private head = 0;
  private integer = 0;
  private integer64: bigint | null = null;
  private bytes: Uint8Array = new Uint8Array(0);
  private view: DataView = new DataView(new ArrayBuffer(0));
  private offset = 0;
  private length = 0;

  /** Plans an element of that text, which must stay where it is until it is written. */
  ofText(view: DataView, bytes: Uint8Array, offset: number, length: number): void {
    this.view = view;
    this.bytes = bytes;
    this.offset = offset;
    this.length = length;
    if (length <= INTEGER_TEXT_BYTES_MAX && length > 0 && this.parseInteger()) return;
    this.isInteger = false;
    const headBytes = length < 64 ? 1 : length < 4096 ? 2 : 5;
    const body = headBytes + length;
    this.byteCount = body + backLengthBytes(body);
  }

  ofInteger(value: number): void {
    this.isInteger = true;
    this.integer = value;
    this.integer64 = null;
    this.head = integerHead(value);
    const body = integerBodyBytes(this.head);
    this.byteCount = body + 1;
  }

  /** Writes the element; its bytes are `byteCount`. */
  writeTo(view: DataView, bytes: Uint8Array, at: number): void {
    if (this.isInteger) return this.writeInteger(view, at);
    const { length } = this;
    let to = at;
    if (length < 64) {
      view.setUint8(to++, 0x80 | length);
    } else if (length < 4096) {
      view.setUint8(to, 0xe0 | (length >>> 8));
      view.setUint8(to + 1, length & 255);
      to += 2;
    } else {
      view.setUint8(to, STRING_32);
      view.setUint32(to + 1, length, true);
      to += 5;
    }
    copyBytes(view, bytes, to, this.view, this.bytes, this.offset, length);
    writeBackLength(view, to + length, to + length - at);
  }

  /** Whether the element at `at` has the planned text. */
  isAt(view: DataView, at: number): boolean {
    const head = view.getUint8(at);
    if (!isStringHead(head)) {
      if (!this.isInteger) return false;
      if (head === INT_64 && this.head === INT_64) {
        return view.getBigInt64(at + 1, true) === (this.integer64 ?? BigInt(this.integer));
      }
      return integerAt(view, at, head) === this.integer && head !== INT_64;
    }
    if (this.isInteger) return false;
    const { length } = this;
    if (stringLength(view, at, head) !== length) return false;
    return bytesEqual(view, at + stringHeadBytes(head), this.view, this.offset, length);
  }

  /**
   * The first element from `at` on that has the planned text, looking at every `step`-th; 0 when
   * there is none.
   */
  find(view: DataView, at: number, step: number): number {
    if (!this.isInteger && this.length < 64) return this.findShort(view, at, step);
    let place = at;
    for (;;) {
      if (isEnd(view, place)) return 0;
      if (this.isAt(view, place)) return place;
      for (let i = 0; i < step; i++) {
        if (isEnd(view, place)) return 0;
        place += elementBytes(view, place);
      }
    }
  }

  /** For a short string: an element's first byte tells whether it may be the one, mostly. */
  private findShort(view: DataView, at: number, step: number): number {
    const { length, offset } = this;
    const wanted = 0x80 | length;
    const tailLength = length < 4 ? 0 : length - 4;
    // Texts that are alike begin alike more often than they end alike.
    const tail = length < 4 ? 0 : this.view.getUint32(offset + tailLength, true);
    let left = 1;
    for (let place = at; ; ) {
      const head = view.getUint8(place);
      if (--left === 0) {
        left = step;
        if (
          head === wanted &&
          (length < 4 || view.getUint32(place + 1 + tailLength, true) === tail) &&
          bytesEqual(view, place + 1, this.view, offset, length)
        ) {
          return place;
        }
      }
      if (head < 0x80) place += 2;
      else if (head < 0xc0) place += (head & 63) + 2;
      else if (head === END) return 0;
      else place += elementBytes(view, place);
    }
  }

  private parseInteger(): boolean {
    const { bytes, offset, length } = this;
    const first = bytes[offset];
    if (first !== MINUS && (first < DIGIT_0 || first > DIGIT_9)) return false;
    const integer = parseSafeInteger(bytes, offset, length);
    if (!Number.isNaN(integer)) {
      this.ofInteger(integer);
      return true;
    }
    const integer64 = length < 16 ? null : parseInt64(bytes, offset, length);
    if (integer64 === null) return false;
    this.isInteger = true;
    this.integer = Number(integer64);
    this.integer64 = integer64;
    this.head = INT_64;
    this.byteCount = 10;
    return true;
  }

  private writeInteger(view: DataView, at: number): void {
    const { head, integer } = this;
    if (head < 128) {
      view.setUint8(at, integer);
    } else if (head < 0xe0) {
      view.setUint8(at, 0xc0 | ((integer >> 8) & 31));
      view.setUint8(at + 1, integer & 255);
    } else {
      view.setUint8(at, head);
      if (head === INT_16) view.setInt16(at + 1, integer, true);
      else if (head === INT_24) {
        view.setUint16(at + 1, integer & 0xffff, true);
        view.setUint8(at + 3, (integer >> 16) & 255);
      } else if (head === INT_32) view.setInt32(at + 1, integer, true);
      else if (this.integer64 !== null) view.setBigInt64(at + 1, this.integer64, true);
      else {
        const high = Math.floor(integer / HIGH_WORD);
        view.setUint32(at + 1, integer - high * HIGH_WORD, true);
        view.setInt32(at + 5, high, true);
      }
    }
    const body = integerBodyBytes(head);
    view.setUint8(at + body, body);
  }
}

const INTEGER_TEXT_BYTES_MAX = 20;
const MINUS = 45;
const DIGIT_0 = 48;
const DIGIT_9 = 57;

function isStringHead(head: number): boolean {
  return (head & 0xc0) === 0x80 || (head & 0xf0) === 0xe0 || head === STRING_32;
}

function stringHeadBytes(head: number): number {
  if (head < 0xc0) return 1;
  return head < 0xf0 ? 2 : 5;
}

function stringLength(view: DataView, at: number, head: number): number {
  if (head < 0xc0) return head & 63;
  if (head < 0xf0) return ((head & 15) << 8) | view.getUint8(at + 1);
  return view.getUint32(at + 1, true);
}

function integerAt(view: DataView, at: number, head: number): number {
  if (head < 128) return head;
  if (head < 0xe0) return (((head & 31) << 27) >> 19) | view.getUint8(at + 1);
  if (head === INT_16) return view.getInt16(at + 1, true);
  if (head === INT_24) return (view.getInt8(at + 3) << 16) | view.getUint16(at + 1, true);
  if (head === INT_32) return view.getInt32(at + 1, true);
  return view.getInt32(at + 5, true) * HIGH_WORD + view.getUint32(at + 1, true);
}

function integerHead(value: number): number {
  if (value >= 0 && value <= 127) return 0;
  if (value >= -4096 && value <= 4095) return 0xc0;
  if (value >= -32_768 && value <= 32_767) return INT_16;
  if (value >= -8_388_608 && value <= 8_388_607) return INT_24;
  return value === (value | 0) ? INT_32 : INT_64;
}

function integerBodyBytes(head: number): number {
  if (head < 128) return 1;
  if (head < 0xe0) return 2;
  return head === INT_64 ? 9 : head - INT_16 + 3;
}

function bodyBytes(view: DataView, at: number): number {
  const head = view.getUint8(at);
  if (head < 128) return 1;
  if (isStringHead(head)) return stringHeadBytes(head) + stringLength(view, at, head);
  return integerBodyBytes(head);
}

/** As Redis: 16,383 itself takes three bytes. */
function backLengthBytes(body: number): number {
  if (body <= 127) return 1;
  if (body < 16_383) return 2;
  if (body < 2_097_151) return 3;
  return body < 268_435_455 ? 4 : 5;
}

function writeBackLength(view: DataView, at: number, body: number): void {
  if (body <= 127) return view.setUint8(at, body);
  const byteCount = backLengthBytes(body);
  let rest = body;
  for (let i = byteCount - 1; i >= 0; i--) {
    view.setUint8(at + i, (rest & 127) | (i === 0 ? 0 : 128));
    rest = Math.floor(rest / 128);
  }
}
