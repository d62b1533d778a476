import { FORMAT } from '../../engine/tree/page-layout.ts';
import { StreamId } from '../../engine/values/stream/stream-id.ts';
import { PendingEntries } from '../../engine/values/stream/stream-pending.ts';
import { CONSUMER, GROUP } from '../../engine/values/stream/stream-record.ts';
import { setRecordTree } from '../../engine/values/tree-record.ts';
import { RDB_TYPE } from '../format.ts';
import { readRawId } from './loaded-nodes.ts';
import { type ReadContext, STEP_ELEMENT_COUNT } from './read-context.ts';
import { readId, type StreamFacts, wordsOf } from './stream-facts.ts';

export interface LoadedGroup {
  readonly name: Uint8Array;
  readonly lastId: StreamId;
  readonly entriesRead: bigint;
  /** Its pending entries. */
  readonly tree: number;
  readonly consumers: LoadedConsumer[];
}

interface LoadedConsumer {
  readonly name: Uint8Array;
  readonly number: number;
  readonly seenMs: number;
  readonly activeMs: number;
  pendingCount: number;
}

interface GroupsToRead {
  readonly type: number;
  readonly facts: StreamFacts;
  readonly groups: LoadedGroup[];
}

/** A pending entry whose consumer has not been read yet. */
const NOBODY = 0xffff_ffff;
const RAW_ID_BYTES = 16;
/** Its id, when it was delivered, and how often. */
const PENDING_BYTES_MIN = RAW_ID_BYTES + 9;
/** Name, time, pending entries. */
const CONSUMER_BYTES_MIN = 10;
/** What a pending entry takes in its tree, about. */
const PENDING_TREE_BYTES = 48;
/** Times beyond are brought back to what a double holds exactly. */
const MS_MAX = BigInt(Number.MAX_SAFE_INTEGER);

export function* readGroups(context: ReadContext, target: GroupsToRead): Generator<void, void> {
  const { reader } = context;
  const { groups } = target;
  for (let left = reader.readCount(4); left > 0; left--) yield* readGroup(context, target);
  groups.sort((left, right) => Buffer.compare(left.name, right.name));
  for (let i = 1; i < groups.length; i++) {
    if (Buffer.compare(groups[i - 1].name, groups[i].name) === 0) {
      context.fail('stream with two groups of one name');
    }
  }
}

function* readGroup(
  context: ReadContext,
  { type, facts, groups }: GroupsToRead,
): Generator<void, void> {
  const { reader, value } = context;
  const name = context.next().copy();
  const lastId = readId(reader);
  let entriesRead = estimateEntriesRead(facts, lastId);
  if (type !== RDB_TYPE.STREAM_LISTPACKS) {
    reader.readWords();
    entriesRead = BigInt.asIntN(64, wordsOf(reader));
    if (entriesRead < -1n) context.fail('group that has read less than nothing');
  }
  const tree = value.createTree(FORMAT.SLOTTED64);
  const pending = new PendingEntries(value.database.trees).open(tree);
  const pendingCount = yield* readPending(context, pending);
  const consumers: LoadedConsumer[] = [];
  let ownedCount = 0;
  for (let left = reader.readCount(CONSUMER_BYTES_MIN); left > 0; left--) {
    const consumer = readConsumer(context, type, consumers.length);
    consumers.push(consumer);
    yield* readOwned(context, pending, consumer);
    ownedCount += consumer.pendingCount;
  }
  if (ownedCount !== pendingCount) context.fail('pending entry that no consumer has');
  consumers.sort((left, right) => Buffer.compare(left.name, right.name));
  for (let i = 1; i < consumers.length; i++) {
    if (Buffer.compare(consumers[i - 1].name, consumers[i].name) === 0) {
      context.fail('group with two consumers of one name');
    }
  }
  groups.push({ name, lastId, entriesRead, tree, consumers });
}

function* readPending(
  context: ReadContext,
  pending: PendingEntries,
): Generator<void, number, void> {
  const { reader } = context;
  const id = new StreamId();
  const count = reader.readCount(PENDING_BYTES_MIN);
  for (let left = count; left > 0; left--) {
    readRaw(context, id);
    const deliveredMs = safeMs(reader.readInt64());
    reader.readWords();
    const times = BigInt.asIntN(64, wordsOf(reader));
    context.spend(PENDING_TREE_BYTES);
    if (pending.find(id)) context.fail('group with a pending entry twice');
    pending.insertMissed(id, NOBODY, deliveredMs, 0);
    pending.setTimesDelivered(times);
    if (left % STEP_ELEMENT_COUNT === 0) yield;
  }
  return count;
}

function readConsumer(context: ReadContext, type: number, number: number): LoadedConsumer {
  const { reader } = context;
  const name = context.next().copy();
  const seenMs = safeMs(reader.readInt64());
  const knowsActive = type === RDB_TYPE.STREAM_LISTPACKS_3;
  const activeMs = knowsActive ? safeMs(reader.readInt64()) : seenMs;
  return { name, number, seenMs, activeMs, pendingCount: 0 };
}

function* readOwned(
  context: ReadContext,
  pending: PendingEntries,
  consumer: LoadedConsumer,
): Generator<void, void> {
  const { reader } = context;
  const id = new StreamId();
  for (let left = reader.readCount(RAW_ID_BYTES); left > 0; left--) {
    readRaw(context, id);
    if (!pending.find(id) || pending.consumer !== NOBODY) {
      context.fail('consumer with an entry that is not pending, or is of another');
    }
    pending.deliver(consumer.number, pending.deliveredMs);
    consumer.pendingCount++;
    if (left % STEP_ELEMENT_COUNT === 0) yield;
  }
}

function readRaw({ reader }: ReadContext, id: StreamId): void {
  reader.need(RAW_ID_BYTES);
  readRawId(id, reader.view, reader.at);
  reader.at += RAW_ID_BYTES;
}

/** -1 stays: it stands for never. */
function safeMs(ms: bigint): number {
  if (ms > MS_MAX) return Number.MAX_SAFE_INTEGER;
  return ms < -1n ? 0 : Number(ms);
}

/** What redis-server takes for it where it is not told and nothing was removed. -1: not known. */
function estimateEntriesRead(facts: StreamFacts, id: StreamId): bigint {
  const { length, lastId, firstId } = facts;
  if (length === 0) return 0n;
  const orderToLast = id.compare(lastId);
  if (orderToLast === 0) return BigInt(length);
  const orderToFirst = id.compare(firstId);
  if (orderToLast > 0 || orderToFirst > 0) return -1n;
  return orderToFirst === 0 ? 1n : 0n;
}

export function groupsBytes(groups: readonly LoadedGroup[]): number {
  return groups.reduce((sum, group) => sum + groupBytes(group), 0);
}

function groupBytes({ name, consumers }: LoadedGroup): number {
  let byteCount = GROUP.NAME + name.length;
  for (const consumer of consumers) byteCount += CONSUMER.NAME + consumer.name.length;
  return byteCount;
}

/** Writes the groups into the record that begins at 0, from `at` on. */
export function writeGroups(
  bytes: Uint8Array,
  view: DataView,
  from: number,
  groups: readonly LoadedGroup[],
): void {
  let at = from;
  groups.forEach((group, index) => {
    const { name, lastId, entriesRead, tree, consumers } = group;
    setRecordTree(view, 0, 1 + index, tree);
    view.setUint32(at + GROUP.BYTES, groupBytes(group), true);
    view.setUint32(at + GROUP.NAME_LENGTH, name.length, true);
    lastId.write(view, at + GROUP.LAST_ID);
    view.setBigInt64(at + GROUP.ENTRIES_READ, entriesRead, true);
    view.setUint32(at + GROUP.CONSUMER_COUNT, consumers.length, true);
    view.setUint32(at + GROUP.NEXT_NUMBER, consumers.length, true);
    bytes.set(name, at + GROUP.NAME);
    at += GROUP.NAME + name.length;
    for (const consumer of consumers) {
      writeConsumer(bytes, view, at, consumer);
      at += CONSUMER.NAME + consumer.name.length;
    }
  });
}

function writeConsumer(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  { name, number, pendingCount, seenMs, activeMs }: LoadedConsumer,
): void {
  view.setUint32(at + CONSUMER.NAME_LENGTH, name.length, true);
  view.setUint32(at + CONSUMER.NUMBER, number, true);
  view.setUint32(at + CONSUMER.PENDING, pendingCount, true);
  view.setFloat64(at + CONSUMER.SEEN, seenMs, true);
  view.setFloat64(at + CONSUMER.ACTIVE, activeMs, true);
  bytes.set(name, at + CONSUMER.NAME);
}
