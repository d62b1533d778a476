/**
 * MessagePack as Serf's agents write it: bytes and text alike as raw (fixstr, str16, str32), never
 * str8 or bin, which their decoder does not know.
 * @source https://github.com/msgpack/msgpack/blob/master/spec-old.md
 */
const FIX_MAP = 0x80;
const FIX_ARRAY = 0x90;
const FIX_RAW = 0xa0;
const NIL = 0xc0;
const FALSE = 0xc2;
const TRUE = 0xc3;
const BYTES_AT_FIRST = 256;
const U32_RANGE = 0x1_0000_0000;

export class MsgpackWriter {
  private bytes = new Uint8Array(BYTES_AT_FIRST);
  private view = new DataView(this.bytes.buffer);
  private length = 0;

  /** A byte before or behind what is MessagePack, such as a message's type. */
  byte(value: number): this {
    this.reserve(1);
    this.bytes[this.length++] = value;
    return this;
  }

  /** Bytes as they are. */
  append(bytes: Uint8Array): this {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
    return this;
  }

  nil(): this {
    return this.byte(NIL);
  }

  bool(value: boolean): this {
    return this.byte(value ? TRUE : FALSE);
  }

  /** @param value  a whole number, 0 .. 2^53 - 1 */
  uint(value: number): this {
    this.reserve(9);
    if (value < 0x80) return this.byte(value);
    if (value < 0x100) return this.byte(0xcc).byte(value);
    if (value < 0x1_0000) return this.byte(0xcd).u16(value);
    if (value < U32_RANGE) return this.byte(0xce).u32(value);
    return this.byte(0xcf)
      .u32(Math.floor(value / U32_RANGE))
      .u32(value % U32_RANGE);
  }

  text(value: string): this {
    return this.raw(encoder.encode(value));
  }

  raw(value: Uint8Array): this {
    const { length } = value;
    this.reserve(5);
    if (length < 32) this.byte(FIX_RAW | length);
    else if (length < 0x1_0000) this.byte(0xda).u16(length);
    else this.byte(0xdb).u32(length);
    return this.append(value);
  }

  arrayHeader(count: number): this {
    return this.header(count, FIX_ARRAY, 0xdc);
  }

  mapHeader(count: number): this {
    return this.header(count, FIX_MAP, 0xde);
  }

  /** What was written so far, as a copy; the writer is empty again. */
  take(): Uint8Array {
    const taken = this.bytes.slice(0, this.length);
    this.length = 0;
    return taken;
  }

  private header(count: number, fix: number, sixteen: number): this {
    this.reserve(5);
    if (count < 16) return this.byte(fix | count);
    if (count < 0x1_0000) return this.byte(sixteen).u16(count);
    return this.byte(sixteen + 1).u32(count);
  }

  private u16(value: number): this {
    this.reserve(2);
    this.view.setUint16(this.length, value);
    this.length += 2;
    return this;
  }

  private u32(value: number): this {
    this.reserve(4);
    this.view.setUint32(this.length, value);
    this.length += 4;
    return this;
  }

  private reserve(byteCount: number): void {
    if (this.length + byteCount <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.length + byteCount));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
  }
}

const encoder = new TextEncoder();
