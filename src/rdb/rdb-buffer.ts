/** A growing run of bytes, with the forms in which the RDB format writes lengths and strings. */
import { copyBytes } from '../base/bytes.ts';
import { parseSafeInteger, writeDigits } from '../base/numbers.ts';
import {
  INTEGER_TEXT_BYTES_MAX,
  LENGTH_6_MAX,
  LENGTH_14,
  LENGTH_14_MAX,
  LENGTH_32,
  LENGTH_64,
  LENGTH_BYTES_MAX,
  STRING_FORM,
} from './format.ts';
import { compressLzf } from './lzf.ts';

const BYTES_MIN = 512;
/** Shorter strings are not compressed, and what saves no more than this is not kept. */
const COMPRESSED_FROM_BYTES = 21;
const SAVED_BYTES_MIN = 4;
/** In front of compressed bytes: form, two lengths. */
const LZF_HEAD_BYTES_MAX = 1 + 2 * LENGTH_BYTES_MAX;
const HIGH_WORD = 0x1_0000_0000;
const MINUS = 45;
const ZERO = 48;
const NINE = 57;

export interface RdbBufferOptions {
  /** rdbcompression. */
  readonly compresses: boolean;
  /** Longer strings are written as they are: compressing takes 5 ms a MB. */
  readonly compressedBytesMax: number;
}

export class RdbBuffer {
  bytes: Uint8Array;
  /** The same memory, index for index. */
  view: DataView;
  /** Bytes written. */
  length = 0;
  private readonly options: RdbBufferOptions;

  constructor(options: RdbBufferOptions, byteCount = BYTES_MIN) {
    this.options = options;
    this.bytes = new Uint8Array(byteCount);
    this.view = new DataView(this.bytes.buffer);
  }

  /** Empties it; keeps the memory up to `keptBytesMax`. */
  clear(keptBytesMax: number = Number.POSITIVE_INFINITY): void {
    this.length = 0;
    if (this.bytes.length <= keptBytesMax) return;
    this.bytes = new Uint8Array(BYTES_MIN);
    this.view = new DataView(this.bytes.buffer);
  }

  /** Makes room behind what is written. */
  reserve(byteCount: number): void {
    const needed = this.length + byteCount;
    if (needed > this.bytes.length) this.grow(needed);
  }

  writeByte(byte: number): void {
    this.reserve(1);
    this.bytes[this.length++] = byte;
  }

  /** @param length  a whole number from 0 to 2^53 */
  writeLength(length: number): void {
    this.reserve(LENGTH_BYTES_MAX);
    const { bytes, view } = this;
    const at = this.length;
    if (length <= LENGTH_6_MAX) {
      bytes[at] = length;
      this.length = at + 1;
    } else if (length <= LENGTH_14_MAX) {
      bytes[at] = LENGTH_14 | (length >>> 8);
      bytes[at + 1] = length;
      this.length = at + 2;
    } else if (length < HIGH_WORD) {
      bytes[at] = LENGTH_32;
      view.setUint32(at + 1, length);
      this.length = at + 5;
    } else {
      this.writeLengthWords(Math.floor(length / HIGH_WORD), length % HIGH_WORD);
    }
  }

  /** A length of 64 bits, given as two words. */
  writeLengthWords(high: number, low: number): void {
    if (high === 0) return this.writeLength(low);
    this.reserve(LENGTH_BYTES_MAX);
    this.bytes[this.length] = LENGTH_64;
    this.view.setUint32(this.length + 1, high);
    this.view.setUint32(this.length + 5, low);
    this.length += LENGTH_BYTES_MAX;
  }

  /** A length of 64 bits; a negative one as its two's complement. */
  writeLength64(length: bigint): void {
    const unsigned = BigInt.asUintN(64, length);
    this.writeLengthWords(Number(unsigned >> 32n), Number(unsigned & 0xffff_ffffn));
  }

  /** Bytes as they are; the view covers the same memory. */
  writeRaw(bytes: Uint8Array, view: DataView, offset: number, byteCount: number): void {
    this.reserve(byteCount);
    copyBytes(this.view, this.bytes, this.length, view, bytes, offset, byteCount);
    this.length += byteCount;
  }

  /** A string: as an integer when it is the text of one, compressed when that is worth it. */
  writeString(bytes: Uint8Array, view: DataView, offset: number, byteCount: number): void {
    if (byteCount <= INTEGER_TEXT_BYTES_MAX) {
      if (this.writeAsInteger(bytes, offset, byteCount)) return;
    } else if (
      byteCount >= COMPRESSED_FROM_BYTES &&
      this.options.compresses &&
      byteCount <= this.options.compressedBytesMax &&
      this.writeCompressed(bytes, offset, byteCount)
    ) {
      return;
    }
    this.writeLength(byteCount);
    this.writeRaw(bytes, view, offset, byteCount);
  }

  /** A string of the buffer's own kind: what `source` holds. */
  writeBuffer(source: RdbBuffer): void {
    this.writeString(source.bytes, source.view, 0, source.length);
  }

  /** A string of ASCII. */
  writeText(text: string): void {
    const { length } = text;
    this.reserve(LENGTH_BYTES_MAX + length);
    this.writeLength(length);
    const at = this.length;
    for (let i = 0; i < length; i++) this.bytes[at + i] = text.charCodeAt(i);
    this.length = at + length;
  }

  /** A safe integer as a string. */
  writeIntegerString(value: number): void {
    if (value === (value | 0)) return this.writeInteger32(value);
    this.reserve(LENGTH_BYTES_MAX + DIGITS_MAX);
    // More than eleven bytes, or beyond 32 bits: a length of one byte, then digits.
    const at = this.length;
    const end = writeDigits(this.bytes, at + 1, value);
    this.bytes[at] = end - at - 1;
    this.length = end;
  }

  writeInteger64String(value: bigint): void {
    const number = Number(value);
    if (Number.isSafeInteger(number)) return this.writeIntegerString(number);
    this.writeText(value.toString());
  }

  /** Little-endian. */
  writeDouble(value: number): void {
    this.reserve(8);
    this.view.setFloat64(this.length, value, true);
    this.length += 8;
  }

  /** Milliseconds as int64, little-endian. */
  writeMs(ms: number | bigint): void {
    this.reserve(8);
    if (typeof ms === 'bigint') {
      this.view.setBigInt64(this.length, ms, true);
    } else {
      const high = Math.floor(ms / HIGH_WORD);
      this.view.setUint32(this.length, ms - high * HIGH_WORD, true);
      this.view.setInt32(this.length + 4, high, true);
    }
    this.length += 8;
  }

  private writeInteger32(value: number): void {
    this.reserve(5);
    const { view } = this;
    const at = this.length;
    if (value >= -128 && value <= 127) {
      view.setUint8(at, STRING_FORM.INT_8);
      view.setInt8(at + 1, value);
      this.length = at + 2;
    } else if (value >= -32_768 && value <= 32_767) {
      view.setUint8(at, STRING_FORM.INT_16);
      view.setInt16(at + 1, value, true);
      this.length = at + 3;
    } else {
      view.setUint8(at, STRING_FORM.INT_32);
      view.setInt32(at + 1, value, true);
      this.length = at + 5;
    }
  }

  private writeAsInteger(bytes: Uint8Array, offset: number, byteCount: number): boolean {
    if (byteCount === 0) return false;
    const first = bytes[offset];
    if (first !== MINUS && (first < ZERO || first > NINE)) return false;
    const value = parseSafeInteger(bytes, offset, byteCount);
    if (value !== (value | 0)) return false;
    this.writeInteger32(value);
    return true;
  }

  private writeCompressed(bytes: Uint8Array, offset: number, byteCount: number): boolean {
    const room = byteCount - SAVED_BYTES_MIN;
    this.reserve(LZF_HEAD_BYTES_MAX + byteCount);
    // The lengths in front are known afterwards.
    const start = this.length + LZF_HEAD_BYTES_MAX;
    const written = compressLzf(bytes, offset, offset + byteCount, this.bytes, start, room);
    if (written === 0) return false;
    this.bytes[this.length++] = STRING_FORM.LZF;
    this.writeLength(written);
    this.writeLength(byteCount);
    this.bytes.copyWithin(this.length, start, start + written);
    this.length += written;
    return true;
  }

  private grow(needed: number): void {
    let byteCount = Math.max(BYTES_MIN, this.bytes.length);
    while (byteCount < needed) byteCount *= 2;
    const bytes = new Uint8Array(byteCount);
    bytes.set(this.bytes.subarray(0, this.length));
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer);
  }
}

const DIGITS_MAX = 20;
