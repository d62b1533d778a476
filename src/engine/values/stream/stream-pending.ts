/**
 * What a consumer group has delivered and not yet heard of again: a SLOTTED64 tree by milliseconds
 * of the entry's id, and within them by the rest of it.
 *
 *      0  sequence number      2 words, the highest first
 *      8  consumer's number    u32
 *     12  delivered at, ms     f64
 *     20  times delivered      i64
 *     28  milliseconds         2 words; only from 2^53 on, where the key is rounded
 *
 * 39 bytes an entry, slot included. Entries of one consumer are found by looking at all of the
 * group; how many there are the consumer's own record says.
 */
import type { Database } from '../../database.ts';
import { type TieOrder, TreeCursor } from '../../tree/tree-cursor.ts';
import type { Trees } from '../../tree/trees.ts';
import { StreamId } from './stream-id.ts';

/** Where what of a payload stands; one of WIDE_BYTES has its own milliseconds. */
export const PENDING = { CONSUMER: 8, DELIVERED: 12, TIMES: 20, MS: 28, WIDE_BYTES: 36 } as const;
const { CONSUMER, DELIVERED, TIMES, MS, WIDE_BYTES } = PENDING;
/** High word of 2^53. */
const WIDE_FROM = 0x20_0000;

class PendingOrder implements TieOrder {
  readonly sought = new StreamId();

  compare(_bytes: Uint8Array, view: DataView, offset: number, length: number): number {
    const { words } = this.sought;
    if (length === WIDE_BYTES) {
      const high = view.getUint32(offset + MS, true);
      if (high !== words[0]) return high < words[0] ? -1 : 1;
      const low = view.getUint32(offset + MS + 4, true);
      if (low !== words[1]) return low < words[1] ? -1 : 1;
    }
    const high = view.getUint32(offset, true);
    if (high !== words[2]) return high < words[2] ? -1 : 1;
    const low = view.getUint32(offset + 4, true);
    if (low === words[3]) return 0;
    return low < words[3] ? -1 : 1;
  }
}

const ORDER = new PendingOrder();

/** A place among the pending entries of a group. */
export class PendingEntries {
  private readonly cursor: TreeCursor;
  private tree = 0;

  constructor(trees: Trees) {
    this.cursor = new TreeCursor(trees.table);
  }

  /** @param tree  a record's `pendingTree` */
  open(tree: number): this {
    this.tree = tree;
    return this;
  }

  /** Whether there is an entry here; false behind the last one. */
  get isThere(): boolean {
    return this.cursor.isAtElement;
  }

  /** Goes to the entry, or to where it belongs. @returns whether it is there */
  find(id: StreamId): boolean {
    ORDER.sought.copyFrom(id);
    return this.cursor.seekTied(this.tree, id.ms, ORDER);
  }

  /** Goes to the first entry that is not below the id. @returns whether there is one */
  seek(id: StreamId): boolean {
    this.find(id);
    return this.cursor.isAtElement;
  }

  seekFirst(): boolean {
    return this.cursor.seekFirst(this.tree);
  }

  seekLast(): boolean {
    return this.cursor.seekLast(this.tree);
  }

  next(): boolean {
    return this.cursor.next();
  }

  readId(id: StreamId): StreamId {
    const { view, payloadOffset, payloadLength, key } = this.cursor;
    const { words } = id;
    if (payloadLength === WIDE_BYTES) {
      words[0] = view.getUint32(payloadOffset + MS, true);
      words[1] = view.getUint32(payloadOffset + MS + 4, true);
    } else {
      id.set(key, 0);
    }
    words[2] = view.getUint32(payloadOffset, true);
    words[3] = view.getUint32(payloadOffset + 4, true);
    return id;
  }

  get consumer(): number {
    return this.cursor.view.getUint32(this.cursor.payloadOffset + CONSUMER, true);
  }

  get deliveredMs(): number {
    return this.cursor.view.getFloat64(this.cursor.payloadOffset + DELIVERED, true);
  }

  get timesDelivered(): bigint {
    return this.cursor.view.getBigInt64(this.cursor.payloadOffset + TIMES, true);
  }

  /** Changes the entry here. */
  deliver(consumer: number, deliveredMs: number): void {
    this.cursor.beforeChange();
    const { view, payloadOffset } = this.cursor;
    view.setUint32(payloadOffset + CONSUMER, consumer, true);
    view.setFloat64(payloadOffset + DELIVERED, deliveredMs, true);
  }

  setTimesDelivered(count: bigint): void {
    this.cursor.beforeChange();
    this.cursor.view.setBigInt64(this.cursor.payloadOffset + TIMES, count, true);
  }

  countDelivery(): void {
    this.setTimesDelivered(this.timesDelivered + 1n);
  }

  /** Adds the entry that `find` missed; it has been delivered `count` times. */
  insertMissed(id: StreamId, consumer: number, deliveredMs: number, count: number): void {
    const { cursor } = this;
    const { words } = id;
    const isWide = words[0] >= WIDE_FROM;
    cursor.insertHere(id.ms, isWide ? WIDE_BYTES : MS);
    const { view, payloadOffset } = cursor;
    view.setUint32(payloadOffset, words[2], true);
    view.setUint32(payloadOffset + 4, words[3], true);
    view.setUint32(payloadOffset + CONSUMER, consumer, true);
    view.setFloat64(payloadOffset + DELIVERED, deliveredMs, true);
    view.setUint32(payloadOffset + TIMES, count, true);
    view.setUint32(payloadOffset + TIMES + 4, 0, true);
    if (!isWide) return;
    view.setUint32(payloadOffset + MS, words[0], true);
    view.setUint32(payloadOffset + MS + 4, words[1], true);
  }

  /** Takes the entry here out; the one that followed is here then. */
  remove(): void {
    this.cursor.removeHere();
  }
}

const byTrees = new WeakMap<Trees, PendingEntries>();

/** The place that commands on this database's streams share. */
export function pendingEntriesOf(database: Database): PendingEntries {
  const { trees } = database;
  let pending = byTrees.get(trees);
  if (pending === undefined) {
    pending = new PendingEntries(trees);
    byTrees.set(trees, pending);
  }
  return pending;
}
