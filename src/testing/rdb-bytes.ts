/**
 * RDB by hand, for tests: forms that our writer does not write, and bytes that nobody should write.
 * Made from the description of the format, not from our code.
 */
import { crc64 } from '../base/digest/crc64.ts';

export type Text = string | Uint8Array;

export function bytesOf(text: Text): Buffer {
  return typeof text === 'string' ? Buffer.from(text, 'latin1') : Buffer.from(text);
}

export function lengthBytes(length: number): Buffer {
  if (length < 64) return Buffer.of(length);
  if (length < 16_384) return Buffer.of(0x40 | (length >> 8), length & 255);
  const bytes = Buffer.alloc(5, 0x80);
  bytes.writeUInt32BE(length, 1);
  return bytes;
}

/** A number of 64 bits as stream ids are written. */
export function wideBytes(value: number | bigint): Buffer {
  const bytes = Buffer.alloc(9, 0x81);
  bytes.writeBigUInt64BE(BigInt(value), 1);
  return bytes;
}

export function stringBytes(text: Text): Buffer {
  const bytes = bytesOf(text);
  return Buffer.concat([lengthBytes(bytes.length), bytes]);
}

/** Behind the 0xC3 form: LZF of literals alone, which any decompressor takes. */
export function packedBytes(text: Text): Buffer {
  const bytes = bytesOf(text);
  const runs: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += 32) {
    const run = bytes.subarray(at, at + 32);
    runs.push(Buffer.of(run.length - 1), run);
  }
  const packed = Buffer.concat(runs);
  return Buffer.concat([
    Buffer.of(0xc3),
    lengthBytes(packed.length),
    lengthBytes(bytes.length),
    packed,
  ]);
}

/** Version and checksum behind a payload's type and object. */
export function sealed(body: Uint8Array, version = 10): Buffer {
  const bytes = Buffer.concat([body, Buffer.of(version & 255, version >> 8)]);
  return Buffer.concat([bytes, crc64(bytes)]);
}

export function payloadOf(type: number, body: Uint8Array | readonly Uint8Array[]): Buffer {
  const parts = body instanceof Uint8Array ? [body] : body;
  return sealed(Buffer.concat([Buffer.of(type), ...parts]));
}

/** A payload without its footer. */
export function bodyOf(payload: Uint8Array): Buffer {
  return Buffer.from(payload.subarray(0, payload.length - 10));
}

/** A file of these parts, with header, EOF and checksum. */
export function fileOf(parts: readonly Uint8Array[], version = '0010'): Buffer {
  const bytes = Buffer.concat([Buffer.from(`REDIS${version}`), ...parts, Buffer.of(255)]);
  return Buffer.concat([bytes, crc64(bytes)]);
}

/** Elements as redis-server before 7.0 kept them: a number is kept as one, all else as text. */
export function ziplistBytes(elements: readonly (Text | number | bigint)[]): Buffer {
  const parts: Buffer[] = [];
  let previous = 0;
  let tail = 10;
  let at = 10;
  for (const element of elements) {
    const head = previous < 254 ? Buffer.of(previous) : Buffer.alloc(5, 0xfe);
    if (previous >= 254) head.writeUInt32LE(previous, 1);
    const isNumber = typeof element === 'number' || typeof element === 'bigint';
    const data = isNumber ? ziplistInteger(BigInt(element)) : ziplistText(bytesOf(element));
    const whole = Buffer.concat([head, data]);
    parts.push(whole);
    tail = at;
    at += whole.length;
    previous = whole.length;
  }
  const header = Buffer.alloc(10);
  header.writeUInt32LE(at + 1, 0);
  header.writeUInt32LE(tail, 4);
  header.writeUInt16LE(Math.min(elements.length, 65_535), 8);
  return Buffer.concat([header, ...parts, Buffer.of(255)]);
}

function ziplistText(bytes: Buffer): Buffer {
  if (bytes.length < 64) return Buffer.concat([Buffer.of(bytes.length), bytes]);
  if (bytes.length < 16_384) {
    return Buffer.concat([Buffer.of(0x40 | (bytes.length >> 8), bytes.length & 255), bytes]);
  }
  const head = Buffer.alloc(5, 0x80);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

function ziplistInteger(value: bigint): Buffer {
  if (value >= 0n && value <= 12n) return Buffer.of(0xf1 + Number(value));
  const wide = Buffer.alloc(8);
  wide.writeBigInt64LE(value);
  for (const [head, byteCount] of [
    [0xfe, 1],
    [0xc0, 2],
    [0xf0, 3],
    [0xd0, 4],
  ]) {
    if (BigInt.asIntN(8 * byteCount, value) !== value) continue;
    return Buffer.concat([Buffer.of(head), wide.subarray(0, byteCount)]);
  }
  return Buffer.concat([Buffer.of(0xe0), wide]);
}

/** @param unused  bytes left behind each value, as an overwritten value leaves them */
export function zipmapBytes(pairs: readonly (readonly [Text, Text])[], unused = 0): Buffer {
  const parts: Buffer[] = [Buffer.of(Math.min(pairs.length, 254))];
  const lengthOf = (length: number): Buffer => {
    if (length < 254) return Buffer.of(length);
    const bytes = Buffer.alloc(5, 254);
    bytes.writeUInt32LE(length, 1);
    return bytes;
  };
  for (const [field, value] of pairs) {
    const fieldBytes = bytesOf(field);
    const valueBytes = bytesOf(value);
    parts.push(lengthOf(fieldBytes.length), fieldBytes, lengthOf(valueBytes.length));
    parts.push(Buffer.of(unused), valueBytes, Buffer.alloc(unused, 0x2a));
  }
  return Buffer.concat([...parts, Buffer.of(255)]);
}

/** Texts are kept as texts, even of digits. */
export function listpackBytes(elements: readonly (Text | number | bigint)[]): Buffer {
  const parts: Buffer[] = [];
  for (const element of elements) {
    const isNumber = typeof element === 'number' || typeof element === 'bigint';
    const body = isNumber ? listpackInteger(BigInt(element)) : listpackText(bytesOf(element));
    parts.push(body, backLength(body.length));
  }
  const elementBytes = Buffer.concat(parts);
  const header = Buffer.alloc(6);
  header.writeUInt32LE(elementBytes.length + 7, 0);
  header.writeUInt16LE(Math.min(elements.length, 65_535), 4);
  return Buffer.concat([header, elementBytes, Buffer.of(255)]);
}

function listpackText(bytes: Buffer): Buffer {
  if (bytes.length < 64) return Buffer.concat([Buffer.of(0x80 | bytes.length), bytes]);
  if (bytes.length < 4096) {
    return Buffer.concat([Buffer.of(0xe0 | (bytes.length >> 8), bytes.length & 255), bytes]);
  }
  const head = Buffer.alloc(5, 0xf0);
  head.writeUInt32LE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

function listpackInteger(value: bigint): Buffer {
  if (value >= 0n && value <= 127n) return Buffer.of(Number(value));
  if (value >= -4096n && value <= 4095n) {
    const bits = Number(BigInt.asUintN(13, value));
    return Buffer.of(0xc0 | (bits >> 8), bits & 255);
  }
  const wide = Buffer.alloc(8);
  wide.writeBigInt64LE(value);
  for (const [head, byteCount] of [
    [0xf1, 2],
    [0xf2, 3],
    [0xf3, 4],
  ]) {
    if (BigInt.asIntN(8 * byteCount, value) !== value) continue;
    return Buffer.concat([Buffer.of(head), wide.subarray(0, byteCount)]);
  }
  return Buffer.concat([Buffer.of(0xf4), wide]);
}

function backLength(body: number): Buffer {
  const bytes: number[] = [body & 127];
  for (let rest = body >> 7; rest > 0; rest >>= 7) bytes.unshift((rest & 127) | 128);
  // The highest seven bits come first, without the mark of those that follow.
  bytes[0] &= 127;
  for (let i = 1; i < bytes.length; i++) bytes[i] |= 128;
  return Buffer.from(bytes);
}

export function intsetBytes(members: readonly bigint[], width: 2 | 4 | 8): Buffer {
  const bytes = Buffer.alloc(8 + width * members.length);
  bytes.writeUInt32LE(width, 0);
  bytes.writeUInt32LE(members.length, 4);
  members.forEach((member, i) => {
    if (width === 2) bytes.writeInt16LE(Number(member), 8 + 2 * i);
    else if (width === 4) bytes.writeInt32LE(Number(member), 8 + 4 * i);
    else bytes.writeBigInt64LE(member, 8 + 8 * i);
  });
  return bytes;
}

export function doubleBytes(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return bytes;
}

/** An id as nodes of streams and pending entries have it. */
export function rawId(ms: number | bigint, seq: number | bigint): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeBigUInt64BE(BigInt(ms), 0);
  bytes.writeBigUInt64BE(BigInt(seq), 8);
  return bytes;
}

export function msBytes(ms: number | bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt(ms));
  return bytes;
}

export interface HandEntry {
  readonly ms: number;
  readonly seq: number;
  /** Undefined: those of the node. */
  readonly fields?: readonly string[];
  readonly values: readonly (string | number)[];
  readonly isDeleted?: boolean;
}

/** A node of a stream: its id and its listpack, as two strings. */
export function streamNode(
  ms: number,
  seq: number,
  fields: readonly string[],
  entries: readonly HandEntry[],
): Buffer {
  const deleted = entries.filter((entry) => entry.isDeleted).length;
  const elements: (Text | number)[] = [
    entries.length - deleted,
    deleted,
    fields.length,
    ...fields,
    0,
  ];
  for (const entry of entries) {
    const flags = (entry.isDeleted ? 1 : 0) | (entry.fields === undefined ? 2 : 0);
    elements.push(flags, entry.ms - ms, entry.seq - seq);
    if (entry.fields === undefined) {
      elements.push(...entry.values, entry.values.length + 3);
      continue;
    }
    elements.push(entry.fields.length);
    entry.fields.forEach((field, i) => {
      elements.push(field, entry.values[i]);
    });
    elements.push(entry.fields.length * 2 + 4);
  }
  return Buffer.concat([stringBytes(rawId(ms, seq)), stringBytes(listpackBytes(elements))]);
}
