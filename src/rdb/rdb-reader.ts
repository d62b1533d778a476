/**
 * The primitives of an RDB: bytes, lengths, strings, doubles, of a payload in memory or of a file
 * that is read in windows.
 *
 *     source   [ .......... | window: bytes[0, end) ............ | .......... ]
 *              0            base            at: the next byte                 byteCount
 *
 * Whoever claims a length is held to it: no more is asked of the source, and no more memory taken,
 * than there are bytes left. What a packed (LZF) string claims to become is held to what its bytes
 * can become at best. All that is wrong is thrown as RdbError with its offset.
 *
 * What is shown (`bytes` from `at` on, the slice of `readString`) is true until the next read.
 */
import { LIMITS } from '../base/limits.ts';
import type { Slice } from '../engine/slice.ts';
import { LENGTH_32, LENGTH_64, STRING_FORM } from './format.ts';
import { decompressLzf } from './lzf.ts';
import { RdbError } from './rdb-error.ts';

/** What a file is read from; `ReadFile` of the World's disk fits. */
export interface RdbSource {
  readonly byteCount: number;
  /** Fills into[start, end) from `position` on. @returns how many bytes that were */
  read(into: Uint8Array, start: number, end: number, position: number): number;
}

/** Hears of all bytes once, in order, after they were read. */
export interface RdbChecksum {
  update(bytes: Uint8Array, start: number, end: number): void;
}

/** Bytes of a file that are read at once. */
const WINDOW_BYTES = 256 * 1024;
/** A window that grew for one long string is given back when it is larger than this. */
const KEPT_WINDOW_BYTES = 4 * WINDOW_BYTES;
/** Where the scratch of packed strings begins. */
const UNPACKED_BYTES_MIN = 4096;
const HIGH_WORD = 0x1_0000_0000;
/** High words of integers that a double holds exactly. */
const SAFE_HIGH_WORD_MAX = 0x1f_ffff;

const NO_BYTES = new Uint8Array(0);
const NO_VIEW = new DataView(NO_BYTES.buffer);
const TRUNCATED = 'unexpected end of data';

export class RdbReader {
  /** The window. */
  bytes: Uint8Array;
  view: DataView;
  /** The next byte to be read, and the first one that is not there, in the window. */
  at: number;
  end: number;
  /** A packed string that claims to be longer is refused. */
  stringBytesMax: number = LIMITS.bulkBytesMax;
  /** Both words of the number that `readWords` met. */
  low = 0;
  high = 0;
  private readonly source: RdbSource | null;
  /** Offset of bytes[0] in the source. */
  private base = 0;
  private readonly sourceEnd: number;
  private checksum: RdbChecksum | null = null;
  /** Up to where the checksum has heard of the window. */
  private checkedTo = 0;
  private unpacked = new Uint8Array(0);
  private unpackedView = new DataView(this.unpacked.buffer);

  private constructor(source: RdbSource | null, bytes: Uint8Array, start: number, end: number) {
    this.source = source;
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = start;
    this.end = end;
    this.base = source === null ? -start : 0;
    this.sourceEnd = source === null ? end - start : source.byteCount;
  }

  /** Reads bytes[start, end), which must stay as they are meanwhile. Offsets count from `start`. */
  static ofBytes(bytes: Uint8Array, start = 0, end: number = bytes.length): RdbReader {
    return new RdbReader(null, bytes, start, end);
  }

  static ofSource(source: RdbSource): RdbReader {
    const byteCount = Math.min(WINDOW_BYTES, source.byteCount);
    return new RdbReader(source, new Uint8Array(byteCount), 0, 0);
  }

  /** Lets the bytes go that it reads; nothing can be read any more. */
  close(): void {
    this.bytes = NO_BYTES;
    this.view = NO_VIEW;
    this.end = this.at;
  }

  /** Bytes read so far. */
  get offset(): number {
    return this.base + this.at;
  }

  /** Bytes that are still to come. */
  get left(): number {
    return this.sourceEnd - this.base - this.at;
  }

  /** Lets the checksum hear of all bytes from here on; null: of no more. */
  checkBy(checksum: RdbChecksum | null): void {
    this.tellChecksum();
    this.checksum = checksum;
    this.checkedTo = this.at;
  }

  /** Brings the checksum up to the last byte read. */
  tellChecksum(): void {
    if (this.checkedTo === this.at) return;
    this.checksum?.update(this.bytes, this.checkedTo, this.at);
    this.checkedTo = this.at;
  }

  fail(reason: string): never {
    throw new RdbError(reason, this.offset);
  }

  /** Makes sure that the next `byteCount` bytes lie in the window. */
  need(byteCount: number): void {
    if (this.end - this.at < byteCount) this.fill(byteCount);
  }

  readByte(): number {
    if (this.at === this.end) this.fill(1);
    return this.bytes[this.at++];
  }

  readUint32(): number {
    this.need(4);
    this.at += 4;
    return this.view.getUint32(this.at - 4, true);
  }

  readInt64(): bigint {
    this.need(8);
    this.at += 8;
    return this.view.getBigInt64(this.at - 8, true);
  }

  /** Milliseconds; beyond 2^53, either way, as a bigint. */
  readMs(): number | bigint {
    this.need(8);
    this.at += 8;
    const value =
      this.view.getInt32(this.at - 4, true) * HIGH_WORD + this.view.getUint32(this.at - 8, true);
    return Number.isSafeInteger(value) ? value : this.view.getBigInt64(this.at - 8, true);
  }

  /** A double as ZSET_2 has them: 8 bytes. */
  readDouble(): number {
    this.need(8);
    this.at += 8;
    return this.view.getFloat64(this.at - 8, true);
  }

  /** A double as ZSET has them: text. */
  readTextDouble(): number {
    const length = this.readByte();
    if (length === 253) return Number.NaN;
    if (length === 254) return Number.POSITIVE_INFINITY;
    if (length === 255) return Number.NEGATIVE_INFINITY;
    this.need(length);
    const text = String.fromCharCode(...this.bytes.subarray(this.at, this.at + length));
    this.at += length;
    return DECIMAL.test(text) ? Number(text) : Number.NaN;
  }

  /** A count or length; what is beyond 2^53 is refused. */
  readLength(): number {
    const first = this.at < this.end ? this.bytes[this.at] : this.peekByte();
    if (first < 64) {
      this.at++;
      return first;
    }
    if (first < 128) {
      this.need(2);
      this.at += 2;
      return ((first & 63) << 8) | this.bytes[this.at - 1];
    }
    this.readWords();
    if (this.high > SAFE_HIGH_WORD_MAX) this.fail('length out of range');
    return this.high * HIGH_WORD + this.low;
  }

  /** A number of 64 bits, written as lengths are, into `high` and `low`. */
  readWords(): void {
    const first = this.readByte();
    this.high = 0;
    if (first < 64) {
      this.low = first;
    } else if (first < 128) {
      this.low = ((first & 63) << 8) | this.readByte();
    } else if (first === LENGTH_32) {
      this.need(4);
      this.low = this.view.getUint32(this.at);
      this.at += 4;
    } else if (first === LENGTH_64) {
      this.need(8);
      this.high = this.view.getUint32(this.at);
      this.low = this.view.getUint32(this.at + 4);
      this.at += 8;
    } else {
      this.at--;
      this.fail('unknown length encoding');
    }
  }

  /** How many follow, each of at least `byteCountMin` bytes: no more than can. */
  readCount(byteCountMin: number): number {
    const count = this.readLength();
    if (count * byteCountMin > this.left) this.fail('more elements announced than there are');
    return count;
  }

  /** A string in any form; an integer is shown as its text. */
  readString(slice: Slice): void {
    const first = this.at < this.end ? this.bytes[this.at] : this.peekByte();
    if (first >= ENCODED) return this.readEncoded(slice);
    const length = this.readLength();
    if (this.end - this.at < length) this.fill(length);
    slice.bytes = this.bytes;
    slice.view = this.view;
    slice.offset = this.at;
    slice.length = length;
    this.at += length;
  }

  /** Passes over a string without a look at what is in it. */
  skipString(): void {
    const first = this.peekByte();
    let byteCount = 0;
    if (first < ENCODED) {
      byteCount = this.readLength();
    } else {
      this.at++;
      if (first > STRING_FORM.LZF) this.fail('unknown string encoding');
      if (first === STRING_FORM.LZF) {
        byteCount = this.readLength();
        this.readLength();
      } else {
        byteCount = integerBytes(first);
      }
    }
    this.skip(byteCount);
  }

  skip(byteCount: number): void {
    if (byteCount > this.left) this.fail(TRUNCATED);
    let rest = byteCount;
    while (rest > 0) {
      this.need(1);
      const step = Math.min(rest, this.end - this.at);
      this.at += step;
      rest -= step;
    }
  }

  private peekByte(): number {
    if (this.at === this.end) this.fill(1);
    return this.bytes[this.at];
  }

  private readEncoded(slice: Slice): void {
    const form = this.readByte();
    if (form === STRING_FORM.LZF) return this.readPacked(slice);
    if (form > STRING_FORM.LZF) this.fail('unknown string encoding');
    const byteCount = integerBytes(form);
    this.need(byteCount);
    let value = this.view.getInt8(this.at);
    if (form === STRING_FORM.INT_16) value = this.view.getInt16(this.at, true);
    else if (form === STRING_FORM.INT_32) value = this.view.getInt32(this.at, true);
    this.at += byteCount;
    slice.useScratch();
    const text = String(value);
    for (let i = 0; i < text.length; i++) slice.bytes[i] = text.charCodeAt(i);
    slice.length = text.length;
  }

  private readPacked(slice: Slice): void {
    const packedLength = this.readLength();
    const length = this.readLength();
    if (packedLength > this.left) this.fail(TRUNCATED);
    if (length > this.stringBytesMax || length > packedLength * LZF_RATIO_MAX) {
      this.fail('compressed string claims more than it can hold');
    }
    this.need(packedLength);
    if (this.unpacked.length < length || this.unpacked.length > KEPT_WINDOW_BYTES) {
      this.unpacked = new Uint8Array(Math.max(length, UNPACKED_BYTES_MIN));
      this.unpackedView = new DataView(this.unpacked.buffer);
    }
    const isWhole = decompressLzf(
      this.bytes,
      this.at,
      this.at + packedLength,
      this.unpacked,
      0,
      length,
    );
    if (!isWhole) this.fail('invalid compressed string');
    this.at += packedLength;
    slice.bytes = this.unpacked;
    slice.view = this.unpackedView;
    slice.offset = 0;
    slice.length = length;
  }

  /** Moves the window on, so that `byteCount` bytes from `at` on are in it. */
  private fill(byteCount: number): void {
    const { source } = this;
    if (source === null || byteCount > this.left) this.fail(TRUNCATED);
    this.tellChecksum();
    const kept = this.end - this.at;
    const position = this.base + this.end;
    const old = this.bytes;
    const isTooLong = old.length > KEPT_WINDOW_BYTES;
    const isTooShort = old.length < byteCount;
    if (isTooShort || (isTooLong && byteCount <= WINDOW_BYTES)) {
      this.bytes = new Uint8Array(Math.max(byteCount, WINDOW_BYTES));
      this.view = new DataView(this.bytes.buffer);
      this.bytes.set(old.subarray(this.at, this.end));
    } else {
      old.copyWithin(0, this.at, this.end);
    }
    this.base += this.at;
    this.at = 0;
    this.end = kept;
    this.checkedTo = 0;
    const wanted = Math.min(this.bytes.length, this.sourceEnd - this.base);
    const came = source.read(this.bytes, kept, wanted, position);
    this.end = kept + came;
    while (this.end < byteCount) this.end += this.readMore(source, byteCount);
  }

  private readMore(source: RdbSource, byteCount: number): number {
    const came = source.read(this.bytes, this.end, byteCount, this.base + this.end);
    // The file is shorter than it was.
    if (came === 0) this.fail(TRUNCATED);
    return came;
  }
}

/** From here on the first byte says how, not how long. */
const ENCODED = STRING_FORM.INT_8;
/** Three bytes of LZF can stand for 264. */
const LZF_RATIO_MAX = 88;
/** What printf writes of a double; a longer text is none. */
export const DECIMAL = /^-?(\d{1,40}(\.\d{0,40})?|\.\d{1,40})(e[+-]?\d{1,4})?$/;

function integerBytes(form: number): number {
  return 1 << (form - STRING_FORM.INT_8);
}
