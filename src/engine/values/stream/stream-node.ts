/**
 * One block of a stream's tree: entries of neighbouring ids, in order, one behind the other.
 *
 *      0  bytes in use, from the first on          u32
 *      4  bytes of Redis' listpack of the same     u32     without its two counters
 *      8  entries, marked ones included            u32
 *     12  entries marked so far                    u32     as Redis counts them
 *     16  first id, last id                        4 words each, as first written
 *     48  where the entries begin, field count     u32 each
 *     56  a place to read from, id before it       u32, 4 words: see `CHECK_EVERY`
 *     76  entries that are there                   u32
 *     80  names of the first entry's fields        varint length, bytes
 *         entry ... free
 *
 *     entry    flags, id, values                   with other fields than the first one's:
 *              flags, id, field count, field, value ...
 *     id       nothing when it is the id before + 1; the same milliseconds: varint of the distance;
 *              else varint of the distance in ms, and varint of the sequence number when not 0;
 *              far off, or below the one before (XSETID may go back): all of it
 *     element  varint (length << 1), bytes         or (byte count << 1 | 1) and an integer
 *
 * An entry that is removed is only marked; when most are, the node is written anew without them.
 * How many entries a node takes follows Redis' two settings, counted in the bytes that Redis' own
 * node would have, so that trimming with `~` takes the same entries away.
 *
 * Cost: an entry of one field and a value of 16 B is 18 or 19 bytes, the node 100 and its names,
 * the tree 16 a node; at 100 entries a node 20 bytes an entry, where Redis has 28.
 */
import { bytesEqual, copyBytes } from '../../../base/bytes.ts';
import type { Frame } from '../../../base/frame.ts';
import { INTEGER_BYTES_MAX, isCanonicalInteger, parseSafeInteger } from '../../../base/numbers.ts';
import { compareStored, STREAM_ID_BYTES, StreamId } from './stream-id.ts';

export const NODE = {
  END: 0,
  PACK_BYTES: 4,
  ENTRY_COUNT: 8,
  MARKED_COUNT: 12,
  FIRST_ID: 16,
  LAST_ID: 32,
  ENTRIES_AT: 48,
  FIELD_COUNT: 52,
  CHECK_AT: 56,
  CHECK_ID: 60,
  LIVE_COUNT: 76,
  HEAD_BYTES: 80,
} as const;

export const ENTRY_FLAG = {
  /** The entry was removed. */
  MARKED: 1,
  /** Its fields are the node's. */
  SAME_FIELDS: 2,
  SAME_MS: 4,
  /** The sequence number is the one before + 1, or 0 in another millisecond. */
  NEXT_SEQ: 8,
  /** The id stands there whole. */
  WIDE: 16,
} as const;

/**
 * Entries can only be read one after the other. So that who reads a stream's end, as most do, need
 * not read a whole node, each 16th entry's place is noted, in place of the one noted before.
 */
const CHECK_EVERY = 16;
/** Flags and an id. */
export const ENTRY_HEAD_BYTES_MAX = 1 + STREAM_ID_BYTES;
/** A length or a count. */
const VARINT_BYTES_MAX = 5;
/** Distances above are written whole. */
const DISTANCE_MAX = 2 ** 48;
/** Shorter texts have a length of one byte, here and in Redis' node. */
const SHORT_BYTES_END = 64;
/** Integers of more bytes stay text: shorter than that they gain nothing. */
const INTEGER_MAX = 2 ** 47;
const HIGH_WORD = 0x1_0000_0000;
/** Header, end mark and the end of the names in Redis' node. */
const PACK_HEAD_BYTES = 9;
const MINUS = 45;
const ZERO = 48;

/** What an element of that text takes at most. */
export function elementBytesMax(length: number): number {
  return VARINT_BYTES_MAX + length;
}

/** Whether the fields of arguments `fieldArg`, +2 ... are the node's. */
export function hasFields(view: DataView, node: number, frame: Frame, fieldArg: number): boolean {
  const count = view.getUint32(node + NODE.FIELD_COUNT, true);
  if (frame.count - fieldArg !== count * 2) return false;
  let at = node + NODE.HEAD_BYTES;
  for (let arg = fieldArg; arg < frame.count; arg += 2) {
    const length = frame.lengths[arg];
    if (length < 128) {
      if (view.getUint8(at++) !== length) return false;
    } else {
      if (readVarint(view, at) !== length) return false;
      at = skipVarint(view, at);
    }
    if (!bytesEqual(view, at, frame.view, frame.offsets[arg], length)) return false;
    at += length;
  }
  return true;
}

/** Writes nodes and entries; reused for the next. */
export class NodeWriter {
  /** Where the next byte goes. */
  at = 0;
  /** What Redis would have written so far. */
  packBytes = 0;
  private bytes: Uint8Array = new Uint8Array(0);
  private view: DataView = new DataView(new ArrayBuffer(0));

  open(bytes: Uint8Array, view: DataView, at: number): this {
    this.bytes = bytes;
    this.view = view;
    this.at = at;
    this.packBytes = 0;
    return this;
  }

  /** The head of a node that is to begin with that entry, whose fields are given. */
  writeHead(node: number, id: StreamId, frame: Frame, fieldArg: number): void {
    const { view } = this;
    const fieldCount = (frame.count - fieldArg) >>> 1;
    this.at = node + NODE.HEAD_BYTES;
    this.packBytes = PACK_HEAD_BYTES + packedInteger(fieldCount);
    for (let arg = fieldArg; arg < frame.count; arg += 2) {
      const length = frame.lengths[arg];
      this.packBytes += packedText(frame.bytes, frame.offsets[arg], length);
      this.writeVarint(length);
      this.copy(frame.bytes, frame.view, frame.offsets[arg], length);
    }
    view.setUint32(node + NODE.END, this.at - node, true);
    view.setUint32(node + NODE.PACK_BYTES, this.packBytes, true);
    view.setUint32(node + NODE.ENTRY_COUNT, 0, true);
    view.setUint32(node + NODE.MARKED_COUNT, 0, true);
    id.write(view, node + NODE.FIRST_ID);
    id.write(view, node + NODE.LAST_ID);
    view.setUint32(node + NODE.ENTRIES_AT, this.at - node, true);
    view.setUint32(node + NODE.FIELD_COUNT, fieldCount, true);
    view.setUint32(node + NODE.CHECK_AT, this.at - node, true);
    id.write(view, node + NODE.CHECK_ID);
    view.setUint32(node + NODE.LIVE_COUNT, 0, true);
  }

  /** Adds an entry at the node's end, where there must be room, and counts it. */
  appendEntry(node: number, id: StreamId, frame: Frame, fieldArg: number, isSame: boolean): void {
    const { view } = this;
    const fieldCount = (frame.count - fieldArg) >>> 1;
    const end = view.getUint32(node + NODE.END, true);
    const count = view.getUint32(node + NODE.ENTRY_COUNT, true);
    this.at = node + end;
    this.packBytes = 2 + packedDistance(view, node, id);
    this.packBytes += packedInteger(fieldCount * (isSame ? 1 : 2) + (isSame ? 3 : 4));
    const flags = isSame ? ENTRY_FLAG.SAME_FIELDS : 0;
    if (count % CHECK_EVERY === 0) {
      view.setUint32(node + NODE.CHECK_AT, end, true);
      PREVIOUS.read(view, node + NODE.LAST_ID).write(view, node + NODE.CHECK_ID);
    }
    if (isFollowing(id, view, node + NODE.LAST_ID)) {
      view.setUint8(this.at++, flags | ENTRY_FLAG.SAME_MS | ENTRY_FLAG.NEXT_SEQ);
      view.setUint32(node + NODE.LAST_ID + 12, id.words[3], true);
    } else {
      this.writeEntryHead(id, PREVIOUS.read(view, node + NODE.LAST_ID), flags);
      id.write(view, node + NODE.LAST_ID);
    }
    if (!isSame) {
      this.writeVarint(fieldCount);
      this.packBytes += packedInteger(fieldCount);
    }
    const { offsets, lengths, bytes: from, view: fromView } = frame;
    for (let arg = fieldArg; arg < frame.count; arg += 2) {
      if (!isSame) this.writeElement(frame, arg);
      const offset = offsets[arg + 1];
      const length = lengths[arg + 1];
      if (length < SHORT_BYTES_END && !mayBeInteger(from, offset, length)) {
        const { at } = this;
        view.setUint8(at, length << 1);
        copyBytes(view, this.bytes, at + 1, fromView, from, offset, length);
        this.at = at + 1 + length;
        this.packBytes += length + 2;
      } else {
        this.writeElement(frame, arg + 1);
      }
    }
    const packBytes = view.getUint32(node + NODE.PACK_BYTES, true) + this.packBytes;
    view.setUint32(node + NODE.PACK_BYTES, packBytes, true);
    view.setUint32(node + NODE.ENTRY_COUNT, count + 1, true);
    const liveCount = view.getUint32(node + NODE.LIVE_COUNT, true) + 1;
    view.setUint32(node + NODE.LIVE_COUNT, liveCount, true);
    view.setUint32(node + NODE.END, this.at - node, true);
  }

  /** Flags and the id, told from the one before. */
  writeEntryHead(id: StreamId, previous: StreamId, flags: number): void {
    const { view } = this;
    const msDistance = id.ms - previous.ms;
    const seqDistance = msDistance === 0 ? id.seq - previous.seq : id.seq;
    if (!isNear(msDistance) || !isNear(seqDistance) || isFar(id)) {
      view.setUint8(this.at++, flags | ENTRY_FLAG.WIDE);
      id.write(view, this.at);
      this.at += STREAM_ID_BYTES;
      return;
    }
    const isNext = seqDistance === (msDistance === 0 ? 1 : 0);
    const sameMs = msDistance === 0 ? ENTRY_FLAG.SAME_MS : 0;
    view.setUint8(this.at++, flags | sameMs | (isNext ? ENTRY_FLAG.NEXT_SEQ : 0));
    if (msDistance !== 0) this.writeVarint(msDistance);
    if (!isNext) this.writeVarint(seqDistance);
  }

  /** An argument as an element. */
  private writeElement(frame: Frame, arg: number): void {
    const { bytes, offsets, lengths } = frame;
    const offset = offsets[arg];
    const length = lengths[arg];
    if (mayBeInteger(bytes, offset, length)) {
      const value = parseSafeInteger(bytes, offset, length);
      if (!Number.isNaN(value)) {
        this.packBytes += packedInteger(value);
        if (value < INTEGER_MAX && value >= -INTEGER_MAX) {
          this.writeInteger(value);
          return;
        }
      } else if (isCanonicalInteger(bytes, offset, length)) {
        this.packBytes += PACKED_INT64_BYTES;
      } else {
        this.packBytes += packedString(length);
      }
    } else {
      this.packBytes += packedString(length);
    }
    this.writeVarint(length * 2);
    this.copy(bytes, frame.view, offset, length);
  }

  private writeInteger(value: number): void {
    const byteCount = integerBytes(value);
    const { view } = this;
    view.setUint8(this.at++, (byteCount << 1) | 1);
    let rest = value;
    for (let i = 0; i < byteCount; i++) {
      const next = Math.floor(rest / 256);
      view.setUint8(this.at++, rest - next * 256);
      rest = next;
    }
  }

  /** @param value  a whole number from 0 to 2^53 */
  writeVarint(value: number): void {
    const { view } = this;
    let rest = value;
    while (rest >= 128) {
      const next = Math.floor(rest / 128);
      view.setUint8(this.at++, rest - next * 128 + 128);
      rest = next;
    }
    view.setUint8(this.at++, rest);
  }

  private copy(bytes: Uint8Array, view: DataView, offset: number, length: number): void {
    copyBytes(this.view, this.bytes, this.at, view, bytes, offset, length);
    this.at += length;
  }
}

/** Reads an entry's id, told from the one before, which `id` holds. @returns what follows it */
export function readEntryHead(view: DataView, at: number, flags: number, id: StreamId): number {
  if ((flags & (ENTRY_FLAG.SAME_MS | ENTRY_FLAG.NEXT_SEQ)) === 12) {
    id.addSeq(1);
    return at + 1;
  }
  if ((flags & ENTRY_FLAG.WIDE) !== 0) {
    id.read(view, at + 1);
    return at + 1 + STREAM_ID_BYTES;
  }
  let next = at + 1;
  if ((flags & ENTRY_FLAG.SAME_MS) === 0) {
    id.addMs(readVarint(view, next));
    next = skipVarint(view, next);
    id.setSeqNumber(0);
    if ((flags & ENTRY_FLAG.NEXT_SEQ) !== 0) return next;
  }
  id.addSeq(readVarint(view, next));
  return skipVarint(view, next);
}

export function readVarint(view: DataView, at: number): number {
  const first = view.getUint8(at);
  if (first < 128) return first;
  let value = first & 127;
  let factor = 128;
  for (let place = at + 1; ; place++) {
    const byte = view.getUint8(place);
    value += (byte & 127) * factor;
    if (byte < 128) return value;
    factor *= 128;
  }
}

export function skipVarint(view: DataView, at: number): number {
  let place = at;
  while (view.getUint8(place) >= 128) place++;
  return place + 1;
}

/** Whether all entries before the noted place come before the id: an id is above all before it. */
export function isBehindCheck(view: DataView, node: number, id: StreamId): boolean {
  return compareStored(view, node + NODE.CHECK_ID, id) < 0;
}

/** The element after the one at `at`. */
export function skipElement(view: DataView, at: number): number {
  const head = view.getUint8(at);
  if (head < 128) return at + 1 + (head >>> 1);
  const wide = readVarint(view, at);
  return skipVarint(view, at) + Math.floor(wide / 2);
}

/** The integer of that many bytes, signed. */
export function readInteger(view: DataView, at: number, byteCount: number): number {
  let value = view.getInt8(at + byteCount - 1);
  for (let i = byteCount - 2; i >= 0; i--) value = value * 256 + view.getUint8(at + i);
  return value;
}

/** What an integer takes in Redis' node. */
export function packedInteger(value: number): number {
  if (value >= 0 && value < 128) return 2;
  if (value >= -4096 && value < 4096) return 3;
  if (value >= -32_768 && value < 32_768) return 4;
  if (value >= -8_388_608 && value < 8_388_608) return 5;
  if (value >= -2_147_483_648 && value < 2_147_483_648) return 6;
  return PACKED_INT64_BYTES;
}

const PREVIOUS = new StreamId();
const PACKED_INT64_BYTES = 10;

function packedText(bytes: Uint8Array, offset: number, length: number): number {
  if (!mayBeInteger(bytes, offset, length)) return packedString(length);
  const value = parseSafeInteger(bytes, offset, length);
  if (!Number.isNaN(value)) return packedInteger(value);
  const isInteger = isCanonicalInteger(bytes, offset, length);
  return isInteger ? PACKED_INT64_BYTES : packedString(length);
}

/** Head, bytes, and the length backwards. */
function packedString(length: number): number {
  const body = (length < 64 ? 1 : length < 4096 ? 2 : 5) + length;
  if (body < 128) return body + 1;
  if (body < 16_384) return body + 2;
  return body + (body < 2_097_152 ? 3 : body < 268_435_456 ? 4 : 5);
}

/** Both parts of an id as Redis' node has them: distances from the node's first id. */
function packedDistance(view: DataView, node: number, id: StreamId): number {
  const { words } = id;
  const at = node + NODE.FIRST_ID;
  const msHigh = words[0] - view.getUint32(at, true);
  const seqHigh = words[2] - view.getUint32(at + 8, true);
  const ms = msHigh * HIGH_WORD + (words[1] - view.getUint32(at + 4, true));
  const seq = seqHigh * HIGH_WORD + (words[3] - view.getUint32(at + 12, true));
  return packedInteger(ms) + packedInteger(seq);
}

/** Whether the id is the one before + 1, in the lowest word. */
function isFollowing({ words }: StreamId, view: DataView, previousAt: number): boolean {
  return (
    words[3] - view.getUint32(previousAt + 12, true) === 1 &&
    words[1] === view.getUint32(previousAt + 4, true) &&
    words[0] === view.getUint32(previousAt, true) &&
    words[2] === view.getUint32(previousAt + 8, true)
  );
}

/** A quick look at both ends; most texts are none. */
function mayBeInteger(bytes: Uint8Array, offset: number, length: number): boolean {
  if (length === 0 || length > INTEGER_BYTES_MAX) return false;
  const first = bytes[offset] - ZERO;
  const last = bytes[offset + length - 1] - ZERO;
  if (last < 0 || last > 9) return false;
  return first > 0 ? first <= 9 : first === MINUS - ZERO || length === 1;
}

/** After XSETID an id may be below that of an entry that was removed: the distance is negative. */
function isNear(distance: number): boolean {
  return distance >= 0 && distance < DISTANCE_MAX;
}

/** Whether doubles do not hold both parts exactly. */
function isFar({ words }: StreamId): boolean {
  return words[0] > 0x1f_ffff || words[2] > 0x1f_ffff;
}

function integerBytes(value: number): number {
  const magnitude = value < 0 ? -1 - value : value;
  if (magnitude < 128) return 1;
  if (magnitude < 32_768) return 2;
  if (magnitude < 8_388_608) return 3;
  if (magnitude < HIGH_WORD / 2) return 4;
  return magnitude < 2 ** 39 ? 5 : 6;
}
