/**
 * A node of a stream (`stream-node.ts`) as Redis' listpack of the same entries:
 *
 *     live count, removed count, field count, field ..., 0
 *     flags, ms and sequence number beyond the node's id, values ...,         element count
 *     flags, ms, sequence number, field count, field, value ...,              element count
 */
import type { Slice } from '../../engine/slice.ts';
import { StreamId } from '../../engine/values/stream/stream-id.ts';
import {
  ENTRY_FLAG,
  NODE,
  readEntryHead,
  readInteger,
  readVarint,
  skipVarint,
} from '../../engine/values/stream/stream-node.ts';
import type { ListpackBuilder } from './listpack-builder.ts';

/** Redis' flags of an entry. */
const DELETED = 1;
const SAME_FIELDS = 2;
/** Elements of an entry beside its fields and values. */
const SAME_EXTRA_COUNT = 3;
const OWN_EXTRA_COUNT = 4;
const HIGH_WORD = 0x1_0000_0000;
/** High word of 2^53. */
const WIDE_FROM = 0x20_0000;

export class StreamNodePacker {
  private readonly builder: ListpackBuilder;
  private readonly first = new StreamId();
  private readonly id = new StreamId();
  private bytes: Uint8Array = new Uint8Array(0);
  private view: DataView = new DataView(this.bytes.buffer);

  constructor(builder: ListpackBuilder) {
    this.builder = builder;
  }

  /** Builds the listpack, but for its end. */
  pack(node: Slice): void {
    const { builder, first, id } = this;
    const { view, bytes, offset } = node;
    this.bytes = bytes;
    this.view = view;
    const liveCount = view.getUint32(offset + NODE.LIVE_COUNT, true);
    const entryCount = view.getUint32(offset + NODE.ENTRY_COUNT, true);
    const fieldCount = view.getUint32(offset + NODE.FIELD_COUNT, true);
    const end = offset + view.getUint32(offset + NODE.END, true);
    builder.begin();
    builder.addInteger(liveCount);
    builder.addInteger(entryCount - liveCount);
    builder.addInteger(fieldCount);
    this.packNames(offset + NODE.HEAD_BYTES, fieldCount);
    builder.addInteger(0);
    id.copyFrom(first.read(view, offset + NODE.FIRST_ID));
    let at = offset + view.getUint32(offset + NODE.ENTRIES_AT, true);
    while (at !== end) at = this.packEntry(at, fieldCount);
  }

  private packNames(from: number, fieldCount: number): void {
    let at = from;
    for (let left = fieldCount; left > 0; left--) {
      const length = readVarint(this.view, at);
      at = skipVarint(this.view, at);
      this.builder.addText(this.bytes, this.view, at, length);
      at += length;
    }
  }

  /** @returns the next entry */
  private packEntry(entryAt: number, nodeFieldCount: number): number {
    const { builder, view, id } = this;
    const flags = view.getUint8(entryAt);
    const isSame = (flags & ENTRY_FLAG.SAME_FIELDS) !== 0;
    const isMarked = (flags & ENTRY_FLAG.MARKED) !== 0;
    let at = readEntryHead(view, entryAt, flags, id);
    builder.addInteger((isMarked ? DELETED : 0) | (isSame ? SAME_FIELDS : 0));
    this.packDistance(0);
    this.packDistance(2);
    let elementCount = nodeFieldCount;
    if (!isSame) {
      const fieldCount = readVarint(view, at);
      at = skipVarint(view, at);
      builder.addInteger(fieldCount);
      elementCount = fieldCount * 2;
    }
    for (let left = elementCount; left > 0; left--) at = this.packElement(at);
    builder.addInteger(elementCount + (isSame ? SAME_EXTRA_COUNT : OWN_EXTRA_COUNT));
    return at;
  }

  /** How far a part of the id is from the node's: two words from `index` on. */
  private packDistance(index: number): void {
    const { words } = this.id;
    const from = this.first.words;
    if (words[index] < WIDE_FROM && from[index] < WIDE_FROM) {
      const high = words[index] - from[index];
      this.builder.addInteger(high * HIGH_WORD + (words[index + 1] - from[index + 1]));
      return;
    }
    const distance = wide(words, index) - wide(from, index);
    this.builder.addInteger64(BigInt.asIntN(64, distance));
  }

  private packElement(from: number): number {
    const { view, builder } = this;
    const head = readVarint(view, from);
    const at = skipVarint(view, from);
    const length = Math.floor(head / 2);
    if ((head & 1) === 1) builder.addInteger(readInteger(view, at, length));
    else builder.addText(this.bytes, view, at, length);
    return at + length;
  }
}

function wide(words: Uint32Array, index: number): bigint {
  return (BigInt(words[index]) << 32n) | BigInt(words[index + 1]);
}
