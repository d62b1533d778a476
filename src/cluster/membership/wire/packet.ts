/**
 * One UDP packet, outermost first:
 *
 *     label: 244, length u8, bytes         when the cluster has one
 *     version, nonce, ciphertext, tag      when it has a key
 *     12, CRC-32 of the rest               when the receiver understands it
 *     one message, which may be `compound` (several) or `compress` (packed)
 *
 * @source https://github.com/hashicorp/memberlist (net.go, security.go, label.go)
 */
import { crc32 } from '../../../base/digest/crc32.ts';
import { LIMITS } from '../../../base/limits.ts';
import { unpackLzw } from './lzw.ts';
import { MsgpackReader, readFields } from './msgpack-reader.ts';
import { SEAL_BYTES, type Sealing } from './sealing.ts';
import { SWIM } from './swim-messages.ts';

/** Of memberlist's local-area settings: fits an Ethernet frame with room to spare. */
export const PACKET_BYTES_MAX = 1400;
const COMPOUND_COUNT_MAX = 255;
const COMPOUND_HEADER_BYTES = 2;
/** What each message within a compound costs besides itself. */
export const COMPOUND_PART_BYTES = 2;
const CRC_BYTES = 5;
/** Protocol of the receiver from which on it knows checksums. */
const CRC_PROTOCOL = 5;
/** `compound` and `compress` within one another. */
const NESTING_MAX = 4;

export interface Envelope {
  /** null: nothing is sealed, and nothing sealed is taken. */
  readonly sealing: Sealing | null;
  /** UTF-8; empty: none. */
  readonly label: Uint8Array;
}

/** What all messages of one packet may have together, their own headers within it included. */
export function messageBytesMax({ sealing, label }: Envelope): number {
  const sealBytes = sealing === null ? 0 : SEAL_BYTES;
  const labelBytes = label.length === 0 ? 0 : 2 + label.length;
  return PACKET_BYTES_MAX - COMPOUND_HEADER_BYTES - CRC_BYTES - sealBytes - labelBytes;
}

/** @param protocolMax  what the receiver understands at most; 0: not known */
export function encodePacket(
  envelope: Envelope,
  message: Uint8Array,
  protocolMax: number,
): Uint8Array {
  const { sealing, label } = envelope;
  let packet = protocolMax >= CRC_PROTOCOL ? withCrc(message) : message;
  if (sealing !== null) packet = sealing.seal(packet, label);
  return label.length === 0 ? packet : withLabel(label, packet);
}

/** @returns a copy of the message, or null when the packet is damaged or not of this cluster */
export function parsePacket(
  envelope: Envelope,
  bytes: Uint8Array,
  start: number,
  end: number,
): Uint8Array | null {
  const { sealing, label } = envelope;
  const packet: Uint8Array = bytes.slice(start, end);
  const labelBytes = matchLabel(packet, label);
  if (labelBytes === -1) return null;
  let message = packet.subarray(labelBytes);
  if (sealing !== null) {
    const plain = sealing.open(message, label);
    if (plain === null) return null;
    message = plain;
  }
  return message[0] === SWIM.hasCrc ? withoutCrc(message) : message;
}

/**
 * @returns how many bytes the label takes; -1: it is not ours, or not whole (of a stream, where
 *          more may come, `isLabelWhole` tells)
 */
export function matchLabel(bytes: Uint8Array, label: Uint8Array): number {
  if (bytes[0] !== SWIM.hasLabel) return label.length === 0 ? 0 : -1;
  const length = bytes[1];
  if (length !== label.length || bytes.length < 2 + length) return -1;
  for (let i = 0; i < length; i++) if (bytes[2 + i] !== label[i]) return -1;
  return 2 + length;
}

export function isLabelWhole(bytes: Uint8Array): boolean {
  if (bytes.length === 0) return false;
  if (bytes[0] !== SWIM.hasLabel) return true;
  return bytes.length >= 2 && bytes.length >= 2 + bytes[1];
}

export function withLabel(label: Uint8Array, rest: Uint8Array): Uint8Array {
  const labelled = new Uint8Array(2 + label.length + rest.length);
  labelled[0] = SWIM.hasLabel;
  labelled[1] = label.length;
  labelled.set(label, 2);
  labelled.set(rest, 2 + label.length);
  return labelled;
}

/** Several messages as one; those that do not fit by number begin another. */
export function encodeCompounds(messages: readonly Uint8Array[]): Uint8Array[] {
  const compounds: Uint8Array[] = [];
  for (let from = 0; from < messages.length; from += COMPOUND_COUNT_MAX) {
    compounds.push(encodeCompound(messages.slice(from, from + COMPOUND_COUNT_MAX)));
  }
  return compounds;
}

/**
 * Takes compounds apart and unpacks. What lies within one another deeper than members ever send,
 * or is more than a packet can reasonably hold, is left out.
 * @param onMessage  called with each plain message
 * @returns          false when a part of it was damaged or left out
 */
export function splitMessage(
  message: Uint8Array,
  onMessage: (message: Uint8Array) => void,
): boolean {
  const waiting = [{ message, depth: 0 }];
  let isWhole = true;
  let count = 0;
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const type = next.message[0];
    if (type !== SWIM.compound && type !== SWIM.compress) {
      if (++count > LIMITS.gossipMessageCountMax) return false;
      if (next.message.length > 0) onMessage(next.message);
      continue;
    }
    const depth = next.depth + 1;
    const parts = type === SWIM.compound ? splitCompound(next.message) : unpack(next.message);
    if (parts === null || depth > NESTING_MAX) {
      isWhole = false;
      continue;
    }
    // The last comes off first: in order of sending they were before one another.
    for (const part of parts.reverse()) waiting.push({ message: part, depth });
  }
  return isWhole;
}

/** Of a message of type `compress`. */
export function unpackMessage(message: Uint8Array, byteCountMax: number): Uint8Array | null {
  const reader = new MsgpackReader(message, 1);
  const packed = readPacked(reader);
  return packed === null ? null : unpackLzw(packed, byteCountMax);
}

/** @returns null when it is not sound, or of an algorithm that nobody has */
export function readPacked(reader: MsgpackReader): Uint8Array | null {
  let algorithm = 0;
  let packed = new Uint8Array(0);
  readFields(reader, (name) => {
    if (name === 'Algo') algorithm = reader.uint();
    else if (name === 'Buf') packed = new Uint8Array(reader.raw());
    else return false;
    return true;
  });
  return reader.isSound && algorithm === 0 ? packed : null;
}

function unpack(message: Uint8Array): Uint8Array[] | null {
  const unpacked = unpackMessage(message, LIMITS.gossipUnpackedBytesMax);
  return unpacked === null ? null : [unpacked];
}

function encodeCompound(messages: readonly Uint8Array[]): Uint8Array {
  const headerBytes = COMPOUND_HEADER_BYTES + messages.length * COMPOUND_PART_BYTES;
  const byteCount = messages.reduce((sum, { length }) => sum + length, headerBytes);
  const compound = new Uint8Array(byteCount);
  const view = new DataView(compound.buffer);
  compound[0] = SWIM.compound;
  compound[1] = messages.length;
  let at = headerBytes;
  for (let i = 0; i < messages.length; i++) {
    view.setUint16(COMPOUND_HEADER_BYTES + i * COMPOUND_PART_BYTES, messages[i].length);
    compound.set(messages[i], at);
    at += messages[i].length;
  }
  return compound;
}

/** @returns those that are whole; null when not even the lengths are */
function splitCompound(compound: Uint8Array): Uint8Array[] | null {
  const count = compound[1] ?? 0;
  let at = COMPOUND_HEADER_BYTES + count * COMPOUND_PART_BYTES;
  if (compound.length < at) return null;
  const view = new DataView(compound.buffer, compound.byteOffset, compound.length);
  const parts: Uint8Array[] = [];
  for (let i = 0; i < count; i++) {
    const length = view.getUint16(COMPOUND_HEADER_BYTES + i * COMPOUND_PART_BYTES);
    if (at + length > compound.length) return parts;
    parts.push(compound.subarray(at, at + length));
    at += length;
  }
  return parts;
}

function withCrc(message: Uint8Array): Uint8Array {
  const packet = new Uint8Array(CRC_BYTES + message.length);
  const view = new DataView(packet.buffer);
  packet[0] = SWIM.hasCrc;
  packet.set(message, CRC_BYTES);
  view.setUint32(1, crc32(packet, view, CRC_BYTES, packet.length));
  return packet;
}

function withoutCrc(packet: Uint8Array): Uint8Array | null {
  if (packet.length < CRC_BYTES) return null;
  const view = new DataView(packet.buffer, packet.byteOffset, packet.length);
  if (view.getUint32(1) !== crc32(packet, view, CRC_BYTES, packet.length)) return null;
  return packet.subarray(CRC_BYTES);
}
