/**
 * What the entry of a stream holds: a record (`tree-record.ts`) with the tree of nodes
 * (`stream-node.ts`), one tree of pending entries a group (`stream-pending.ts`), and then
 *
 *      0  last id, largest id removed, first id     4 words each
 *     48  entries ever added                        u64
 *     56  entries that are there                    u32
 *     60  group ...                                 in order of their names, as their trees
 *
 *     group      bytes of all of it u32, name length u32, last delivered id, entries read i64,
 *                consumer count u32, next consumer's number u32, name, consumer ...
 *     consumer   name length u32, number u32, pending entries u32, seen f64, active f64, name
 *
 * Consumers stand in order of their names too. Pending entries name their consumer by its number,
 * which it keeps. Groups and consumers are few and looked for one after the other.
 */
import type { Frame } from '../../../base/frame.ts';
import type { Database } from '../../database.ts';
import { ENCODING, FLAG, TYPE } from '../../keyspace/entry.ts';
import { FORMAT } from '../../tree/page-layout.ts';
import { createValue, openValue, valueBytes } from '../packed/packed-value.ts';
import { recordHeadBytes, recordTree, setRecordTree } from '../tree-record.ts';
import { compareMembers } from '../zset/member-order.ts';
import { STREAM_ID_BYTES, type StreamId } from './stream-id.ts';

/** Where what belongs to the stream itself stands, behind the record's trees. */
export const STREAM_OFFSET = {
  LAST_ID: 0,
  MAX_DELETED_ID: STREAM_ID_BYTES,
  FIRST_ID: 2 * STREAM_ID_BYTES,
  ENTRIES_ADDED: 48,
  LENGTH: 56,
} as const;

const { LAST_ID, MAX_DELETED_ID, FIRST_ID, ENTRIES_ADDED, LENGTH } = STREAM_OFFSET;
/** Bytes of a record without groups, after its trees. */
export const RECORD_BYTES = 60;

export const GROUP = {
  BYTES: 0,
  NAME_LENGTH: 4,
  LAST_ID: 8,
  ENTRIES_READ: 24,
  CONSUMER_COUNT: 32,
  NEXT_NUMBER: 36,
  NAME: 40,
} as const;

export const CONSUMER = {
  NAME_LENGTH: 0,
  NUMBER: 4,
  PENDING: 8,
  SEEN: 12,
  ACTIVE: 20,
  NAME: 28,
} as const;

const STREAM_KIND = TYPE.STREAM | (ENCODING.STREAM << 4);
const HIGH_WORD = 0x1_0000_0000;

/** An empty stream under the key that the last `find` missed. @returns its entry */
export function createStream(database: Database, frame: Frame, keyArg: number): number {
  const nodes = database.trees.create(FORMAT.BLOCK);
  const byteCount = recordHeadBytes(1) + RECORD_BYTES;
  const entry = createValue(database, frame, keyArg, STREAM_KIND, FLAG.TREE, byteCount);
  const { view } = database.memory;
  const at = database.valueAt;
  view.setUint32(at, 1, true);
  setRecordTree(view, at, 0, nodes);
  for (let i = 0; i < RECORD_BYTES; i += 4) view.setUint32(at + recordHeadBytes(1) + i, 0, true);
  return entry;
}

/**
 * A stream's record where it lies, and a place in it: a group, and a consumer of that group. True
 * until the entry changes its length or the command ends. Whoever writes calls `beforeChange`.
 */
export class StreamRecord {
  view: DataView = new DataView(new ArrayBuffer(0));
  bytes: Uint8Array = new Uint8Array(0);
  /** First byte of the record, and of what is behind its trees. */
  at = 0;
  own = 0;
  groupCount = 0;
  /** Tree of nodes. */
  nodes = 0;
  /** The group here, or, after a search that missed, the place where it belongs. */
  groupAt = 0;
  groupIndex = 0;
  consumerAt = 0;
  entry = 0;
  private database: Database | null = null;
  private end = 0;

  open(database: Database, entry: number): this {
    const at = openValue(database, entry);
    const { memory } = database;
    this.database = database;
    this.entry = entry;
    return this.openAt(memory.bytes, memory.view, at, valueBytes(database));
  }

  /** Only to read: a record that lies in those bytes, of no entry's. */
  openCopy(bytes: Uint8Array): this {
    this.database = null;
    this.entry = 0;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return this.openAt(bytes, view, 0, bytes.length);
  }

  private openAt(bytes: Uint8Array, view: DataView, at: number, length: number): this {
    this.view = view;
    this.bytes = bytes;
    this.at = at;
    const treeCount = view.getUint32(at, true);
    this.groupCount = treeCount - 1;
    this.own = at + recordHeadBytes(treeCount);
    this.nodes = recordTree(view, at, 0);
    this.end = at + length;
    this.consumerAt = 0;
    return this;
  }

  beforeChange(): void {
    this.database?.memory.beforeChange(this.entry);
  }

  readLastId(id: StreamId): StreamId {
    return id.read(this.view, this.own + LAST_ID);
  }

  writeLastId(id: StreamId): void {
    id.write(this.view, this.own + LAST_ID);
  }

  /** Largest id that XDEL removed; zero: none. */
  readMaxDeletedId(id: StreamId): StreamId {
    return id.read(this.view, this.own + MAX_DELETED_ID);
  }

  writeMaxDeletedId(id: StreamId): void {
    id.write(this.view, this.own + MAX_DELETED_ID);
  }

  /** Of the first entry that is there; zero: there is none. */
  readFirstId(id: StreamId): StreamId {
    return id.read(this.view, this.own + FIRST_ID);
  }

  writeFirstId(id: StreamId): void {
    id.write(this.view, this.own + FIRST_ID);
  }

  /** Rounded beyond 2^53. */
  get entriesAdded(): number {
    const at = this.own + ENTRIES_ADDED;
    return this.view.getUint32(at + 4, true) * HIGH_WORD + this.view.getUint32(at, true);
  }

  get entriesAdded64(): bigint {
    return this.view.getBigUint64(this.own + ENTRIES_ADDED, true);
  }

  set entriesAdded64(count: bigint) {
    this.view.setBigUint64(this.own + ENTRIES_ADDED, count, true);
  }

  /** Notes the entry that was added at the end. */
  noteAdded(id: StreamId): void {
    const { view, own } = this;
    id.write(view, own + LAST_ID);
    addOne(view, own + ENTRIES_ADDED);
    const length = view.getUint32(own + LENGTH, true);
    view.setUint32(own + LENGTH, length + 1, true);
    if (length === 0) id.write(view, own + FIRST_ID);
  }

  /** Entries that are there. */
  get length(): number {
    return this.view.getUint32(this.own + LENGTH, true);
  }

  changeLength(change: number): void {
    this.view.setUint32(this.own + LENGTH, this.length + change, true);
  }

  // --- groups ---

  /** Tree of the group's pending entries. */
  get pendingTree(): number {
    return recordTree(this.view, this.at, 1 + this.groupIndex);
  }

  /** Goes to the first group. @returns whether there is one */
  firstGroup(): boolean {
    this.groupAt = this.own + RECORD_BYTES;
    this.groupIndex = 0;
    return this.groupCount > 0;
  }

  nextGroup(): boolean {
    this.groupAt += this.view.getUint32(this.groupAt + GROUP.BYTES, true);
    return ++this.groupIndex < this.groupCount;
  }

  /** Goes to the group of that name, or to where it would stand. @returns whether it is there */
  findGroup(view: DataView, offset: number, length: number): boolean {
    for (let isThere = this.firstGroup(); isThere; isThere = this.nextGroup()) {
      const nameLength = this.view.getUint32(this.groupAt + GROUP.NAME_LENGTH, true);
      const nameAt = this.groupAt + GROUP.NAME;
      const order = compareMembers(this.view, nameAt, nameLength, view, offset, length);
      if (order >= 0) return order === 0;
    }
    return false;
  }

  readDeliveredId(id: StreamId): StreamId {
    return id.read(this.view, this.groupAt + GROUP.LAST_ID);
  }

  writeDeliveredId(id: StreamId): void {
    id.write(this.view, this.groupAt + GROUP.LAST_ID);
  }

  /** -1: not known. */
  get entriesRead64(): bigint {
    return this.view.getBigInt64(this.groupAt + GROUP.ENTRIES_READ, true);
  }

  set entriesRead64(count: bigint) {
    this.view.setBigInt64(this.groupAt + GROUP.ENTRIES_READ, count, true);
  }

  get knowsEntriesRead(): boolean {
    return this.view.getInt32(this.groupAt + GROUP.ENTRIES_READ + 4, true) >= 0;
  }

  countRead(): void {
    addOne(this.view, this.groupAt + GROUP.ENTRIES_READ);
  }

  get consumerCount(): number {
    return this.view.getUint32(this.groupAt + GROUP.CONSUMER_COUNT, true);
  }

  // --- consumers of the group ---

  /** Goes to the group's first consumer, or behind the group when it has none. */
  firstConsumer(): boolean {
    const nameLength = this.view.getUint32(this.groupAt + GROUP.NAME_LENGTH, true);
    this.consumerAt = this.groupAt + GROUP.NAME + nameLength;
    return this.consumerAt < this.groupEnd;
  }

  nextConsumer(): boolean {
    this.consumerAt += consumerBytes(this.view, this.consumerAt);
    return this.consumerAt < this.groupEnd;
  }

  findConsumer(view: DataView, offset: number, length: number): boolean {
    for (let isThere = this.firstConsumer(); isThere; isThere = this.nextConsumer()) {
      const nameLength = this.view.getUint32(this.consumerAt + CONSUMER.NAME_LENGTH, true);
      const nameAt = this.consumerAt + CONSUMER.NAME;
      const order = compareMembers(this.view, nameAt, nameLength, view, offset, length);
      if (order >= 0) return order === 0;
    }
    return false;
  }

  /** Goes to the consumer with that number, which is one of the group's. */
  goToConsumer(number: number): void {
    let isThere = this.consumerAt > this.groupAt && this.consumerAt < this.groupEnd;
    if (isThere && this.consumerNumber === number) return;
    for (isThere = this.firstConsumer(); isThere; isThere = this.nextConsumer()) {
      if (this.consumerNumber === number) return;
    }
  }

  get consumerNumber(): number {
    return this.view.getUint32(this.consumerAt + CONSUMER.NUMBER, true);
  }

  get consumerPending(): number {
    return this.view.getUint32(this.consumerAt + CONSUMER.PENDING, true);
  }

  /** More or fewer entries are pending for the consumer here. */
  changePending(change: number): void {
    const at = this.consumerAt + CONSUMER.PENDING;
    this.view.setUint32(at, this.view.getUint32(at, true) + change, true);
  }

  get seenMs(): number {
    return this.view.getFloat64(this.consumerAt + CONSUMER.SEEN, true);
  }

  set seenMs(ms: number) {
    this.view.setFloat64(this.consumerAt + CONSUMER.SEEN, ms, true);
  }

  /** When it last got an entry; -1: never. */
  get activeMs(): number {
    return this.view.getFloat64(this.consumerAt + CONSUMER.ACTIVE, true);
  }

  set activeMs(ms: number) {
    this.view.setFloat64(this.consumerAt + CONSUMER.ACTIVE, ms, true);
  }

  get groupEnd(): number {
    return this.groupAt + this.view.getUint32(this.groupAt + GROUP.BYTES, true);
  }

  /** Whether the places still lie within the record: what tests look at. */
  get isWhole(): boolean {
    let at = this.own + RECORD_BYTES;
    for (let i = 0; i < this.groupCount; i++) at += this.view.getUint32(at + GROUP.BYTES, true);
    return at === this.end;
  }
}

export function consumerBytes(view: DataView, at: number): number {
  return CONSUMER.NAME + view.getUint32(at + CONSUMER.NAME_LENGTH, true);
}

/** Adds 1 to a number of 64 bits. */
function addOne(view: DataView, at: number): void {
  const low = view.getUint32(at, true);
  if (low !== 0xffff_ffff) {
    view.setUint32(at, low + 1, true);
    return;
  }
  view.setUint32(at, 0, true);
  view.setUint32(at + 4, view.getUint32(at + 4, true) + 1, true);
}
