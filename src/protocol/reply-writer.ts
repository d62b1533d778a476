import { copyBytes } from '../base/bytes.ts';
import { LIMITS } from '../base/limits.ts';
import { formatDouble, INTEGER_BYTES_MAX, writeDigits } from '../base/numbers.ts';
import type { ErrorRow } from './error-table.ts';

/**
 * Encodes replies into one growing buffer. RESP2 or RESP3 by `protocol`: map, set, double, boolean,
 * null, big number, verbatim and push fall back to what Redis sends to a RESP2 client.
 *
 * The usual replies make nothing: digits are written where they belong, constant heads are one
 * 32-bit store, short bytes are copied by words. Every method first makes sure of room for all that
 * it writes, then writes without a check.
 */
export class ReplyWriter {
  bytes: Uint8Array;
  /** The same memory as `bytes`. */
  view: DataView;
  /** End of what is written. */
  position = 0;
  protocol: 2 | 3 = 2;
  /** Errors written since the owner last set it to 0; the door counts failed calls by it. */
  errorCount = 0;
  /** Of those, what tells again of an error that was counted before; the door sets it to 0. */
  retoldErrorCount = 0;
  /** Of those, what a script made up, anywhere in its reply; the door empties it. */
  readonly madeErrors: string[] = [];
  private readonly byteCountMin: number;

  constructor(byteCount: number = 64 * 1024) {
    this.byteCountMin = byteCount;
    this.bytes = new Uint8Array(byteCount);
    this.view = new DataView(this.bytes.buffer);
  }

  /** What is written was sent: begins anew, and gives a buffer back that grew large. */
  reset(): void {
    this.position = 0;
    if (this.bytes.length > LIMITS.replyBufferBytesKept) this.replace(this.byteCountMin);
  }

  /** Gives the buffer away, written up to `position`, and begins anew in another. */
  detach(): Uint8Array {
    const { bytes } = this;
    this.position = 0;
    this.replace(this.byteCountMin);
    return bytes;
  }

  ok(): void {
    this.word5(OK_WORD);
  }
  /** `text` is ours: ASCII, never a client's bytes, never CR or LF. */
  simple(text: string): void {
    this.line(PLUS, text);
  }
  error(row: ErrorRow): void {
    this.errorCount++;
    this.copy(row.bytes, 0, row.bytes.length);
  }
  /** Any text; CR and LF become spaces. First word is the code, such as ERR. */
  errorText(text: string): void {
    this.errorBytes(Buffer.from(text, 'utf8'));
  }
  /** As `errorText`, one byte per char: for text that repeats a client's bytes. */
  errorLatin1(text: string): void {
    this.errorBytes(Buffer.from(text, 'latin1'));
  }
  /** A safe integer. */
  integer(value: number): void {
    this.head(COLON, value);
  }
  integer64(value: bigint): void {
    this.line(COLON, value.toString());
  }
  bulk(bytes: Uint8Array, offset: number, length: number): void {
    this.reserve(length + HEAD_BYTES_MAX + 2);
    this.head(DOLLAR, length);
    this.put(bytes, offset, length);
    this.endLine();
  }
  /** As `bulk`, quicker when short. `view` covers the same memory as `bytes`, index for index. */
  bulkView(bytes: Uint8Array, view: DataView, offset: number, length: number): void {
    this.reserve(length + HEAD_BYTES_MAX + 2);
    if (length < 10 || length > 99) {
      this.head(DOLLAR, length);
    } else {
      const tens = (length * 205) >>> 11;
      const digits = (tens << 8) + ((length - tens * 10) << 16);
      this.view.setUint32(this.position, BULK_WORD + digits, true);
      this.bytes[this.position + 4] = LF;
      this.position += 5;
    }
    copyBytes(this.view, this.bytes, this.position, view, bytes, offset, length);
    this.position += length;
    this.endLine();
  }
  /** `count` bulks that lie in one memory: each quicker than by a call of its own. */
  bulkRun(
    bytes: Uint8Array,
    view: DataView,
    offsets: Uint32Array,
    lengths: Uint32Array,
    count: number,
  ): void {
    let byteCount = 0;
    for (let i = 0; i < count; i++) byteCount += lengths[i] + HEAD_BYTES_MAX + 2;
    this.reserve(byteCount);
    const to = this.view;
    for (let i = 0; i < count; i++) {
      const length = lengths[i];
      const from = offsets[i];
      if (length < 10 || length > WORDS_BYTES_MAX) {
        this.bulkView(bytes, view, from, length);
        continue;
      }
      const { position } = this;
      this.position = position + length + 7;
      const tens = (length * 205) >>> 11;
      to.setUint32(position, BULK_WORD + (tens << 8) + ((length - tens * 10) << 16), true);
      to.setUint8(position + 4, LF);
      const at = position + 5;
      // The last word may cover a part of the one before.
      const last = length - 4;
      for (let j = 0; j < last; j += 4) {
        to.setUint32(at + j, view.getUint32(from + j, true), true);
      }
      to.setUint32(at + last, view.getUint32(from + last, true), true);
      to.setUint16(at + length, CR_LF, true);
    }
  }
  /** A bulk that is written in pieces by `copy`; `bulkEnd` must follow after `length` bytes. */
  bulkStart(length: number): void {
    this.reserve(length + HEAD_BYTES_MAX + 2);
    this.head(DOLLAR, length);
  }
  bulkEnd(): void {
    this.reserve(2);
    this.endLine();
  }
  /** Text as UTF-8. */
  bulkText(text: string): void {
    if (text.length <= LOOPED_CHARS_MAX && isAscii(text)) this.bulkLatin1(text);
    else {
      const bytes = Buffer.from(text, 'utf8');
      this.bulk(bytes, 0, bytes.length);
    }
  }
  /** Text with one byte per char. */
  bulkLatin1(text: string): void {
    this.reserve(text.length + HEAD_BYTES_MAX + 2);
    this.head(DOLLAR, text.length);
    this.putLatin1(text);
    this.endLine();
  }
  /** A safe integer as a bulk string of its digits. */
  bulkInteger(value: number): void {
    this.reserve(2 * HEAD_BYTES_MAX);
    const { bytes, position } = this;
    // The head is written last: five bytes are kept for it, `$dd` CR LF, one too many for `$d`.
    const start = position + (value < 1e9 && value > -1e8 ? 4 : 5);
    const length = writeDigits(bytes, start, value) - start;
    this.head(DOLLAR, length);
    this.position = start + length;
    this.endLine();
  }
  /** RESP2 `$-1`, RESP3 `_`. */
  null(): void {
    if (this.protocol === 3) this.null3();
    else this.word5(NULL_WORD);
  }
  /** RESP2 `*-1`, RESP3 `_`. */
  nullArray(): void {
    if (this.protocol === 3) this.null3();
    else this.word5(NULL_ARRAY_WORD);
  }
  array(count: number): void {
    this.head(STAR, count);
  }
  /** `count` pairs: RESP3 `%count`, RESP2 `*2*count`. */
  map(count: number): void {
    if (this.protocol === 3) this.head(PERCENT, count);
    else this.head(STAR, count * 2);
  }
  set(count: number): void {
    this.head(this.protocol === 3 ? TILDE : STAR, count);
  }
  push(count: number): void {
    this.head(this.protocol === 3 ? GREATER : STAR, count);
  }
  /** RESP3 only: stands before the reply that it describes. */
  attribute(count: number): void {
    this.head(BAR, count);
  }
  /** As redis-server 7.0: `%.17g`, `inf`, `-inf`, `nan`; RESP2 sends it as a bulk string. */
  double(value: number): void {
    this.doubleText(formatDouble(value));
  }
  /** A double whose text is made elsewhere: RESP2 sends it as a bulk string. */
  doubleText(text: string): void {
    if (this.protocol === 3) this.line(COMMA, text);
    else this.bulkLatin1(text);
  }
  /** RESP2 sends :1 or :0. */
  boolean(value: boolean): void {
    if (this.protocol === 3) this.line(HASH, value ? 't' : 'f');
    else this.head(COLON, value ? 1 : 0);
  }
  bigNumber(digits: string): void {
    if (this.protocol === 3) this.line(PARENTHESIS, digits);
    else this.bulkLatin1(digits);
  }
  /** @param format  three characters, such as `txt` or `mkd` */
  verbatim(format: string, text: string): void {
    if (this.protocol !== 3) this.bulkText(text);
    else {
      const bytes = Buffer.from(`${format}:${text}`, 'utf8');
      this.reserve(bytes.length + HEAD_BYTES_MAX + 2);
      this.head(EQUALS, bytes.length);
      this.put(bytes, 0, bytes.length);
      this.endLine();
    }
  }

  /** Leaves room for a head whose count is not known yet; pass the mark to `close*`. */
  openAggregate(): number {
    this.reserve(OPEN_BYTES);
    const mark = this.position;
    this.position += OPEN_BYTES;
    return mark;
  }
  closeArray(mark: number, count: number): void {
    this.close(mark, STAR, count);
  }
  /** @param count  pairs */
  closeMap(mark: number, count: number): void {
    if (this.protocol === 3) this.close(mark, PERCENT, count);
    else this.close(mark, STAR, count * 2);
  }
  closeSet(mark: number, count: number): void {
    this.close(mark, this.protocol === 3 ? TILDE : STAR, count);
  }

  /** Makes room for `byteCount` more bytes; afterwards `bytes` may be another buffer. */
  reserve(byteCount: number): void {
    if (this.position + byteCount > this.bytes.length) this.grow(byteCount);
  }
  /** Already encoded RESP. */
  copy(bytes: Uint8Array, offset: number, length: number): void {
    this.reserve(length);
    this.put(bytes, offset, length);
  }

  private grow(byteCount: number): void {
    const { bytes, position } = this;
    this.replace(Math.max(position + byteCount, bytes.length * 2));
    this.bytes.set(bytes.subarray(0, position));
  }

  /** Memory that is not zeroed: nothing beyond `position` is ever sent. */
  private replace(byteCount: number): void {
    this.bytes = new Uint8Array(Buffer.allocUnsafeSlow(byteCount).buffer);
    this.view = new DataView(this.bytes.buffer);
  }

  /** Four bytes and a line feed. */
  private word5(word: number): void {
    this.reserve(5);
    const { position } = this;
    this.view.setUint32(position, word, true);
    this.bytes[position + 4] = LF;
    this.position = position + 5;
  }

  private null3(): void {
    this.reserve(4);
    this.view.setUint32(this.position, NULL3_WORD, true);
    this.position += 3;
  }

  /** A type and a number on a line. */
  private head(type: number, value: number): void {
    this.reserve(HEAD_BYTES_MAX);
    this.position = this.putHead(this.position, type, value);
  }

  private putHead(position: number, type: number, value: number): number {
    if (value >= 0 && value < 10) {
      this.view.setUint32(position, HEAD_WORD + (value << 8) + type, true);
      return position + 4;
    }
    const { bytes } = this;
    bytes[position] = type;
    const end = writeDigits(bytes, position + 1, value);
    bytes[end] = CR;
    bytes[end + 1] = LF;
    return end + 2;
  }

  private line(type: number, text: string): void {
    this.reserve(text.length + 3);
    this.bytes[this.position++] = type;
    this.putLatin1(text);
    this.endLine();
  }

  private endLine(): void {
    const { bytes, position } = this;
    bytes[position] = CR;
    bytes[position + 1] = LF;
    this.position = position + 2;
  }

  private errorBytes(text: Buffer): void {
    this.errorCount++;
    let length = text.length;
    while (length > 0 && isLineBreak(text[length - 1])) length--;
    for (let i = 0; i < length; i++) if (isLineBreak(text[i])) text[i] = SPACE;
    this.reserve(length + 3);
    this.bytes[this.position++] = MINUS;
    this.put(text, 0, length);
    this.endLine();
  }

  private put(bytes: Uint8Array, offset: number, length: number): void {
    const to = this.bytes;
    const at = this.position;
    if (length <= LOOPED_BYTES_MAX) {
      for (let i = 0; i < length; i++) to[at + i] = bytes[offset + i];
    } else to.set(bytes.subarray(offset, offset + length), at);
    this.position = at + length;
  }

  private putLatin1(text: string): void {
    const { bytes, position } = this;
    const { length } = text;
    if (length <= LOOPED_CHARS_MAX) {
      for (let i = 0; i < length; i++) bytes[position + i] = text.charCodeAt(i);
    } else bytes.set(Buffer.from(text, 'latin1'), position);
    this.position = position + length;
  }

  private close(mark: number, type: number, count: number): void {
    const contentStart = mark + OPEN_BYTES;
    const end = this.putHead(mark, type, count);
    this.bytes.copyWithin(end, contentStart, this.position);
    this.position -= contentStart - end;
  }
}

const PLUS = 43;
const MINUS = 45;
const COLON = 58;
const DOLLAR = 36;
const STAR = 42;
const PERCENT = 37;
const TILDE = 126;
const GREATER = 62;
const BAR = 124;
const COMMA = 44;
const HASH = 35;
const PARENTHESIS = 40;
const EQUALS = 61;
const CR = 13;
const LF = 10;
const SPACE = 32;
/** `+OK CR`, `$-1 CR`, `*-1 CR`, `_ CR LF`, and `. 0 CR LF` with the type left out. */
const OK_WORD = 0x0d4b4f2b;
const NULL_WORD = 0x0d312d24;
const NULL_ARRAY_WORD = 0x0d312d2a;
const NULL3_WORD = 0x000a0d5f;
const HEAD_WORD = 0x0a0d3000;
/** `$00 CR`: a bulk's head of two digits, which are added. */
const BULK_WORD = 0x0d303024;
/** Type, digits, CR LF. */
const HEAD_BYTES_MAX = INTEGER_BYTES_MAX + 3;
/** Room for the head of an aggregate of up to 10^13 members. */
const OPEN_BYTES = 16;
const CR_LF = 0x0a0d;
const LOOPED_BYTES_MAX = 24;
/** Longer ones are copied by the native call. */
const WORDS_BYTES_MAX = 64;
const LOOPED_CHARS_MAX = 64;

function isLineBreak(byte: number): boolean {
  return byte === CR || byte === LF;
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false;
  return true;
}
