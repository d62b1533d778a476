/**
 * A sorted set that is being made of others: two trees without a key, whose members are then told
 * in order, or become the value of a key. It has cursors of its own, so that whoever fills it may
 * walk other sorted sets of the same database meanwhile.
 */
import type { Frame } from '../../../base/frame.ts';
import type { Database } from '../../database.ts';
import { ENCODING, FLAG, TYPE } from '../../keyspace/entry.ts';
import type { Slice } from '../../slice.ts';
import {
  ElementPlan,
  LISTPACK_EMPTY_BYTES,
  LISTPACK_HEADER_BYTES,
  setListpackHeader,
} from '../packed/listpack.ts';
import { createValue } from '../packed/packed-value.ts';
import { Member } from './member-order.ts';
import { planScore } from './score-element.ts';
import { PACKED_BYTES_MAX, PACKED_COUNT_MAX, writeRecord, ZSET_RECORD_BYTES } from './zset-form.ts';
import type { ZsetThresholds } from './zset-members.ts';
import { ZsetTrees } from './zset-trees.ts';
import type { ZsetWalker } from './zset-walker.ts';

const LISTPACK_END = 0xff;
const memberPlan = new ElementPlan();
const scorePlan = new ElementPlan();
/** The listpack being written, before its key is there. */
const packed = new Uint8Array(PACKED_BYTES_MAX);
const packedView = new DataView(packed.buffer);

/** What the score of a member that comes twice becomes. */
export type Aggregate = 'sum' | 'min' | 'max';

export class ZsetBuilder {
  private readonly database: Database;
  private readonly trees: ZsetTrees;
  private readonly member = new Member();
  private scratch = new Uint8Array(64);
  private scratchView = new DataView(this.scratch.buffer);
  private memberBytesMax = 0;

  constructor(database: Database) {
    this.database = database;
    this.trees = new ZsetTrees(database.trees).create(database);
  }

  get count(): number {
    return this.trees.count;
  }

  /** Adds a member, or joins its score to the one it has. */
  add(member: Slice, score: number, aggregate: Aggregate): void {
    const { trees } = this;
    const own = this.keep(member);
    if (trees.find(own)) {
      const current = trees.ordered.key;
      const joined = aggregateScores(current, score, aggregate);
      if (!Object.is(joined, current)) trees.moveFound(own, joined);
      return;
    }
    trees.insertMissed(own, score);
    if (own.length > this.memberBytesMax) this.memberBytesMax = own.length;
  }

  /** Lets the walker walk the members there are. */
  walk(walker: ZsetWalker): ZsetWalker {
    return walker.openTrees(this.trees);
  }

  release(): void {
    this.trees.release();
  }

  /**
   * The members become the value of the key in `keyArg`, in place of what is there; there are some.
   * Nothing is recorded. The builder is used up.
   */
  store(frame: Frame, keyArg: number, thresholds: ZsetThresholds): void {
    const { database, count } = this;
    const isListpack =
      count <= thresholds.zsetMaxListpackEntries &&
      this.memberBytesMax <= thresholds.zsetMaxListpackValueBytes;
    const kind = TYPE.ZSET | ((isListpack ? ENCODING.LISTPACK : ENCODING.SKIPLIST) << 4);
    if (isListpack) this.dropNegativeZeros();
    const byteCount = count <= PACKED_COUNT_MAX ? this.pack() : 0;
    const replaced = database.find(frame, keyArg);
    if (replaced !== 0) {
      database.dropFound(replaced);
      database.find(frame, keyArg);
    }
    if (byteCount === 0) {
      createValue(database, frame, keyArg, kind, FLAG.TREE, ZSET_RECORD_BYTES);
      writeRecord(database, this.trees);
      return;
    }
    createValue(database, frame, keyArg, kind, 0, byteCount);
    database.memory.bytes.set(packed.subarray(0, byteCount), database.valueAt);
    this.release();
  }

  /** The member's bytes may lie in the database, where adding one moves others. */
  private keep(member: Slice): Member {
    const { length } = member;
    if (length > this.scratch.length) {
      this.scratch = new Uint8Array(length * 2);
      this.scratchView = new DataView(this.scratch.buffer);
    }
    const { scratch } = this;
    for (let i = 0; i < length; i++) scratch[i] = member.bytes[member.offset + i];
    return this.member.point(scratch, this.scratchView, 0, length);
  }

  private dropNegativeZeros(): void {
    const { ordered, orderedId } = this.trees;
    let isLeft = ordered.seek(orderedId, 0);
    while (isLeft && ordered.key === 0) {
      if (1 / ordered.key < 0) ordered.setKeyHere(0);
      isLeft = ordered.next();
    }
  }

  /** Writes the members into `packed`. @returns bytes; 0 when they are too many for a listpack */
  private pack(): number {
    const { ordered, orderedId } = this.trees;
    let at = LISTPACK_HEADER_BYTES;
    let count = 0;
    for (let isLeft = ordered.seekFirst(orderedId); isLeft; isLeft = ordered.next()) {
      memberPlan.ofText(ordered.view, ordered.bytes, ordered.payloadOffset, ordered.payloadLength);
      planScore(scorePlan, ordered.key);
      const byteCount = memberPlan.byteCount + scorePlan.byteCount;
      if (at + byteCount >= PACKED_BYTES_MAX) return 0;
      memberPlan.writeTo(packedView, packed, at);
      scorePlan.writeTo(packedView, packed, at + memberPlan.byteCount);
      at += byteCount;
      count += 2;
    }
    packed[at] = LISTPACK_END;
    const byteCount = at - LISTPACK_HEADER_BYTES + LISTPACK_EMPTY_BYTES;
    setListpackHeader(packedView, 0, byteCount, count);
    return byteCount;
  }
}

export function aggregateScores(current: number, score: number, aggregate: Aggregate): number {
  if (aggregate === 'min') return score < current ? score : current;
  if (aggregate === 'max') return score > current ? score : current;
  // Two infinities of different sign.
  const sum = current + score;
  return Number.isNaN(sum) ? 0 : sum;
}
