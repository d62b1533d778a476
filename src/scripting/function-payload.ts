/**
 * What FUNCTION DUMP gives and FUNCTION RESTORE takes: for each library the opcode 245 and its
 * source as an RDB string, then the RDB version and a CRC-64 of all before it. Sources are written
 * as they are; compressed ones (LZF) are read.
 */
import { crc64 } from '../base/digest/crc64.ts';

const FUNCTION_OPCODE = 245;
const RDB_VERSION = 10;
/** Version and checksum. */
const FOOTER_BYTES = 10;
/** The longest source a payload may claim to hold. */
const SOURCE_BYTES_MAX = 512 * 1024 * 1024;

const WRONG_FOOTER = 'ERR DUMP payload version or checksum are wrong';
const WRONG_TYPE = 'ERR given type is not a function';
const WRONG_SOURCE = 'ERR Failed loading library data';

export function encodeFunctionPayload(codes: readonly string[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const code of codes) {
    const source = Buffer.from(code, 'latin1');
    parts.push(Uint8Array.of(FUNCTION_OPCODE), lengthBytes(source.length), source);
  }
  parts.push(Uint8Array.of(RDB_VERSION, 0));
  const body = Buffer.concat(parts);
  return Buffer.concat([body, crc64(body)]);
}

/** @returns the sources, one char per byte, or the error's text */
export function decodeFunctionPayload(payload: Uint8Array): string[] | string {
  const end = payload.length - FOOTER_BYTES;
  if (end < 0) return WRONG_FOOTER;
  const version = payload[end] | (payload[end + 1] << 8);
  const checksum = payload.subarray(end + 2);
  if (version > RDB_VERSION || !isEqual(crc64(payload, 0, end + 2), checksum)) return WRONG_FOOTER;
  const codes: string[] = [];
  const reader = new SourceReader(payload, end);
  while (!reader.isAtEnd) {
    if (reader.byte() !== FUNCTION_OPCODE) return WRONG_TYPE;
    const source = reader.source();
    if (source === null) return WRONG_SOURCE;
    codes.push(source);
  }
  return codes;
}

/** RDB strings. Reading beyond the end gives null. */
class SourceReader {
  private readonly bytes: Uint8Array;
  private readonly end: number;
  private at = 0;

  constructor(bytes: Uint8Array, end: number) {
    this.bytes = bytes;
    this.end = end;
  }

  get isAtEnd(): boolean {
    return this.at >= this.end;
  }

  byte(): number {
    return this.at < this.end ? this.bytes[this.at++] : -1;
  }

  source(): string | null {
    const first = this.bytes[this.at];
    if (this.isAtEnd) return null;
    if (first >> 6 === 3) return this.encoded(this.byte() & 63);
    const length = this.length();
    if (length < 0 || length > this.end - this.at) return null;
    return this.text(length);
  }

  private encoded(encoding: number): string | null {
    if (encoding < 3) return this.integer(1 << encoding);
    if (encoding !== 3) return null;
    const packedLength = this.length();
    const length = this.length();
    const isPossible = packedLength >= 0 && packedLength <= this.end - this.at;
    // What LZF packs best is 264 bytes in three: a claim beyond that is a lie.
    if (!isPossible || length < 0 || length > Math.min(SOURCE_BYTES_MAX, packedLength * 88 + 264)) {
      return null;
    }
    const start = this.at;
    this.at += packedLength;
    return unpackLzf(this.bytes, start, this.at, length);
  }

  /** A number saved as such: 1, 2 or 4 bytes. */
  private integer(byteCount: number): string | null {
    if (this.end - this.at < byteCount) return null;
    let value = 0;
    for (let i = 0; i < byteCount; i++) value |= this.byte() << (8 * i);
    const shift = 32 - 8 * byteCount;
    return String((value << shift) >> shift);
  }

  /** @returns -1 when it is cut or of no known form */
  private length(): number {
    const first = this.byte();
    if (first < 0) return -1;
    if (first >> 6 === 0) return first;
    if (first >> 6 === 1) {
      const second = this.byte();
      return second < 0 ? -1 : ((first & 63) << 8) | second;
    }
    if (first !== 0x80 && first !== 0x81) return -1;
    let length = 0;
    for (let i = first === 0x80 ? 4 : 8; i > 0; i--) {
      const byte = this.byte();
      if (byte < 0) return -1;
      length = length * 256 + byte;
    }
    return length;
  }

  private text(length: number): string {
    const start = this.at;
    this.at += length;
    return Buffer.from(this.bytes.subarray(start, this.at)).toString('latin1');
  }
}

/** @returns null when the bytes do not unpack to exactly `length` */
function unpackLzf(bytes: Uint8Array, start: number, end: number, length: number): string | null {
  const out = Buffer.allocUnsafe(length);
  let at = start;
  let to = 0;
  while (at < end) {
    const control = bytes[at++];
    if (control < 32) {
      const count = control + 1;
      if (at + count > end || to + count > length) return null;
      for (let i = 0; i < count; i++) out[to++] = bytes[at++];
      continue;
    }
    let count = (control >> 5) + 2;
    if (count === 9 && at < end) count += bytes[at++];
    if (at >= end) return null;
    let from = to - ((control & 31) << 8) - bytes[at++] - 1;
    if (from < 0 || to + count > length) return null;
    // Byte by byte: the two ranges may overlap, which repeats what was written just now.
    for (; count > 0; count--) out[to++] = out[from++];
  }
  return to === length ? out.toString('latin1') : null;
}

function lengthBytes(length: number): Uint8Array {
  if (length < 64) return Uint8Array.of(length);
  if (length < 16_384) return Uint8Array.of(0x40 | (length >> 8), length & 255);
  const bytes = new Uint8Array(5);
  bytes[0] = 0x80;
  new DataView(bytes.buffer).setUint32(1, length);
  return bytes;
}

function isEqual(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.compare(left, right) === 0;
}
