/**
 * One numbered keyspace of a store: the index that finds entries, the memory they lie in, the wheel
 * that knows who is due. All values pass through here; the types live in `values/`.
 *
 * An *entry* is the address of its block, 0 for none. Within one command addresses stay valid: room
 * is made before the command runs, and compaction, expiry slices and eviction run between commands.
 * A mutator that has to move the entry returns its new address.
 */
import { copyBytes } from '../base/bytes.ts';
import { assert } from '../base/errors.ts';
import type { Frame } from '../base/frame.ts';
import { hashBytes } from '../base/hash.ts';
import { DatabaseBlocks } from './database-blocks.ts';
import type { Effect } from './effect.ts';
import { overwrittenAccess, trackEntry, untrackEntry } from './entry-access.ts';
import { FLAGS_HELD, releaseHoldings, releaseReplaced } from './entry-holdings.ts';
import { EVENT } from './event-table.ts';
import { FieldSchedule } from './expiry/field-schedule.ts';
import { TimingWheel } from './expiry/timing-wheel.ts';
import { KeyFilter } from './filter/key-filter.ts';
import {
  deadlineOffset,
  entryBytes,
  FLAG,
  headerBytes,
  keyLength,
  readDeadline,
  TYPE_NAMES,
  valueLength,
  writeDeadline,
} from './keyspace/entry.ts';
import { EntryPlan } from './keyspace/entry-writer.ts';
import { type AddressBuffer, HashIndex } from './keyspace/hash-index.ts';
import { Memory } from './memory/memory.ts';
import { Slice } from './slice.ts';
import type { Store } from './store.ts';
import { STORE_STAT } from './store-stats.ts';
import { Trees } from './tree/trees.ts';

export const NO_DEADLINE = -1;
export const KEEP_DEADLINE = -2;
/** What stays with a value wherever its entry is written. */
const FLAGS_KEPT = FLAG.JSON | FLAG.TREE | FLAG.SCHEDULED;
/** Bytes that DEADLINE adds to an entry. */
const DEADLINE_BYTES = 16;

export class Database {
  readonly store: Store;
  readonly index: number;
  memory: Memory;
  entries: HashIndex;
  /** Large collections. */
  trees: Trees;
  wheel: TimingWheel | null = null;
  /** Null when the store keeps none. */
  filter: KeyFilter | null = null;
  readonly fieldSchedule = new FieldSchedule();
  /** Hash of the key that the last `find` looked for. */
  hash = 0;
  /** What `openString` and `keySlice` answer with. */
  readonly valueSlice = new Slice();
  /** Where the value types put a frame's argument before they store it. */
  readonly sourceSlice = new Slice();
  /** Where the value of the block being written begins in `memory.bytes`. */
  valueAt = 0;
  /** The default deadline that `growString` gave to a new key, until its command is recorded. */
  newDeadlineMs = NO_DEADLINE;
  private readonly keySliceReused = new Slice();
  private readonly plan = new EntryPlan();
  private readonly blockOwner = new DatabaseBlocks(this);
  private warmed = 0;
  private readonly seed0: number;
  private readonly seed1: number;

  constructor(store: Store, index: number) {
    this.store = store;
    this.index = index;
    this.seed0 = store.seed0;
    this.seed1 = store.seed1;
    this.memory = new Memory(store.pool);
    this.entries = new HashIndex(this.memory);
    this.trees = new Trees(this.memory);
    const plan = store.filterPlan;
    if (plan !== null) this.filter = new KeyFilter(plan, this.entries, this.memory);
  }

  get count(): number {
    return this.entries.count;
  }

  get deadlineCount(): number {
    return this.wheel === null ? 0 : this.wheel.count;
  }

  /** Live entry under that argument, or 0; one that has expired is removed on the way. */
  find(frame: Frame, arg: number): number {
    return this.findBytes(frame.bytes, frame.view, frame.offsets[arg], frame.lengths[arg]);
  }

  findBytes(_bytes: Uint8Array, view: DataView, offset: number, length: number): number {
    const hash = hashBytes(view, offset, length, this.seed0, this.seed1);
    this.hash = hash;
    const entry = this.entries.find(hash, view, offset, length);
    if (entry === 0) return 0;
    const memory = this.memory;
    const word0 = memory.view.getUint32(memory.base, true);
    if ((word0 & FLAG.DEADLINE) !== 0 && this.isDue(word0)) {
      this.removeExpired(entry);
      return 0;
    }
    return entry;
  }

  /** Keeps loads that were made only to fill the cache from being optimised away. */
  noteWarmed(seen: number): void {
    this.warmed ^= seen;
  }

  /** `find` for commands that read the value: counts the hit or miss and tells the policy. */
  read(frame: Frame, arg: number): number {
    const entry = this.find(frame, arg);
    if (entry === 0) {
      this.store.stats[STORE_STAT.MISSES]++;
      if (this.store.sink.wantsEvents) this.announceMiss(frame, arg);
      return 0;
    }
    this.store.stats[STORE_STAT.HITS]++;
    this.touchLocated();
    return entry;
  }

  touch(entry: number): void {
    this.memory.locate(entry);
    this.touchLocated();
  }

  typeOf(entry: number): number {
    this.memory.locate(entry);
    return this.memory.view.getUint8(this.memory.base) & 15;
  }

  encodingOf(entry: number): number {
    this.memory.locate(entry);
    return this.memory.view.getUint8(this.memory.base) >>> 4;
  }

  typeName(entry: number): string {
    return TYPE_NAMES[this.typeOf(entry)];
  }

  keySlice(entry: number): Slice {
    const memory = this.memory;
    memory.locate(entry);
    const { view, base } = memory;
    const word0 = view.getUint32(base, true);
    const slice = this.keySliceReused;
    slice.bytes = memory.bytes;
    slice.view = view;
    slice.offset = base + headerBytes(word0);
    slice.length = keyLength(view, base, word0);
    return slice;
  }

  hashOf(entry: number): number {
    const key = this.keySlice(entry);
    return hashBytes(key.view, key.offset, key.length, this.seed0, this.seed1);
  }

  deadlineOf(entry: number): number {
    const memory = this.memory;
    memory.locate(entry);
    const word0 = memory.view.getUint32(memory.base, true);
    return (word0 & FLAG.DEADLINE) === 0 ? NO_DEADLINE : this.deadlineLocated(word0);
  }

  deadline64Of(entry: number): bigint {
    const memory = this.memory;
    memory.locate(entry);
    const word0 = memory.view.getUint32(memory.base, true);
    if ((word0 & FLAG.DEADLINE) === 0) return -1n;
    return memory.view.getBigInt64(memory.base + deadlineOffset(word0), true);
  }

  isExpired(entry: number): boolean {
    const deadlineMs = this.deadlineOf(entry);
    return deadlineMs !== NO_DEADLINE && deadlineMs <= this.store.clock.nowMs;
  }

  /** Removes the entry that the last `find` found, and records it as DEL with that event. */
  remove(entry: number, event: number): void {
    const store = this.store;
    store.stats[STORE_STAT.CHANGES]++;
    if (store.sink.isActive) this.beginEffect('DEL', entry);
    this.dropFound(entry);
    if (store.sink.isActive) store.recordEffect(event);
  }

  /** Removes an entry that `find` did not just find. */
  removeUnfound(entry: number, event: number): void {
    const found = this.entries.findAddress(this.hashOf(entry), entry);
    if (found) this.remove(entry, event);
  }

  dropUnfound(entry: number): void {
    if (this.entries.findAddress(this.hashOf(entry), entry)) this.dropFound(entry);
  }

  /** Makes a live entry the one that `find` found last, as `install` and `dropFound` need it. */
  refind(entry: number): void {
    if (this.entries.foundAddress === entry) return;
    assert(this.entries.findAddress(this.hashOf(entry), entry), 'a changed entry is live');
  }

  randomEntry(): number {
    // A sample may be expired and not yet removed; then it goes, and another is drawn.
    while (this.count > 0) {
      const entry = this.sample();
      if (entry === 0 || !this.isExpired(entry)) return entry;
      this.expire(entry);
    }
    return 0;
  }

  /** Nearly uniform over all entries, expired ones included; 0 when there is none. */
  sample(): number {
    return this.entries.sample(this.store.random.u32());
  }

  scan(cursor: number, count: number, out: AddressBuffer): number {
    return this.entries.scan(cursor, count, out);
  }

  /**
   * Records the client's command itself as the effect: for commands that depend on nothing else.
   */
  recordCommand(frame: Frame, event: number, keyArg: number): void {
    const store = this.store;
    store.stats[STORE_STAT.CHANGES]++;
    if (store.sink.isActive) {
      store.sink.record(store.effect.borrow(frame, this.index, keyArg), event, store.actorId);
    }
    this.recordNewDeadline(frame, keyArg);
  }

  /** Records the default deadline of a key that the change made; for after the change itself. */
  recordNewDeadline(frame: Frame, keyArg: number): void {
    const { store } = this;
    const deadlineMs = this.newDeadlineMs;
    this.newDeadlineMs = NO_DEADLINE;
    if (deadlineMs === NO_DEADLINE || !store.sink.isActive) return;
    const effect = store.effect.begin('PEXPIREAT', this.index, 1);
    effect.bytes(frame.bytes, frame.offsets[keyArg], frame.lengths[keyArg]).number(deadlineMs);
    store.recordEffect(EVENT.expire);
  }

  /**
   * Removes a collection that lost its last element. The change that took it was recorded already,
   * and means the same wherever it is applied: this is only announced.
   */
  dropEmptied(entry: number): void {
    this.refind(entry);
    const key = this.keySlice(entry);
    this.store.recordEmptied(this.index, key.bytes, key.offset, key.length);
    this.dropFound(entry);
  }

  /** Empties the database; constant time. */
  flush(): void {
    const store = this.store;
    store.stats[STORE_STAT.CHANGES] += this.count;
    this.clear();
    if (!store.sink.isActive) return;
    store.effect.begin('FLUSHDB', this.index, 0);
    store.recordEffect(EVENT.none);
  }

  clear(): void {
    this.entries.clear();
    this.memory.clear();
    this.trees.clear();
    this.filter?.clear();
    this.fieldSchedule.tree = 0;
    this.wheel = null;
    this.store.tracker?.onCleared(this.store.entryCount);
  }

  swapContents(other: Database): void {
    const { memory, entries, trees, wheel, filter } = this;
    this.fieldSchedule.swap(other.fieldSchedule);
    this.memory = other.memory;
    this.entries = other.entries;
    this.trees = other.trees;
    this.wheel = other.wheel;
    this.filter = other.filter;
    other.memory = memory;
    other.entries = entries;
    other.trees = trees;
    other.wheel = wheel;
    other.filter = filter;
  }

  /** One bounded step of giving sparse segments back; false when there is nothing to do. */
  compact(byteBudget: number): boolean {
    if (this.memory.isWatched || !this.memory.compactionIsDue()) return false;
    this.memory.compact(this.blockOwner, byteBudget);
    return true;
  }

  countedBytes(): number {
    let sideBytes = this.entries.sideByteCount + this.trees.sideByteCount;
    if (this.filter !== null) sideBytes += this.filter.sideByteCount;
    return this.memory.liveBytes + sideBytes + (this.wheel?.byteCount ?? 0);
  }

  /** Removes entries that are due until none is left or the budget is spent. */
  expireDue(budget: { left: number }): void {
    if (this.wheel === null) return;
    const nowMs = this.store.clock.nowMs;
    for (;;) {
      const entry = this.wheel.nextDue(nowMs, budget);
      if (entry === 0) return;
      this.expire(entry);
    }
  }

  /** Finds the entry again and removes it as expired. */
  expire(entry: number): void {
    if (this.entries.findAddress(this.hashOf(entry), entry)) this.removeExpired(entry);
  }

  // --- below: for the value types in `values/` only ---

  /**
   * Fills the plan's key from a frame argument.
   * @param replaced  the entry that will be replaced, which memory is located at; 0: a new one
   */
  planFor(frame: Frame, keyArg: number, replaced = 0): EntryPlan {
    const plan = this.plan;
    plan.keyView = frame.view;
    plan.keyBytes = frame.bytes;
    plan.keyOffset = frame.offsets[keyArg];
    plan.keyLength = frame.lengths[keyArg];
    plan.access = replaced === 0 ? this.store.policy.initialAccess() : overwrittenAccess(this);
    plan.flags = 0;
    return plan;
  }

  /** Fills the plan from an entry, to write it anew with other space or flags. */
  planFrom(entry: number): EntryPlan {
    const key = this.keySlice(entry);
    const plan = this.plan;
    plan.keyView = key.view;
    plan.keyBytes = key.bytes;
    plan.keyOffset = key.offset;
    plan.keyLength = key.length;
    const { view, base } = this.memory;
    const word0 = view.getUint32(base, true);
    plan.kind = word0 & 0xff;
    plan.flags = word0 & FLAGS_KEPT;
    plan.valueLength = valueLength(view, base);
    plan.capacity = entryBytes(view, base) - headerBytes(word0) - plan.keyLength;
    plan.hasDeadline = (word0 & FLAG.DEADLINE) !== 0;
    plan.access = view.getUint32(base + 4, true) >>> 8;
    return plan;
  }

  /**
   * Puts a written block into the index: in place of `replaced`, whose block is freed, or as the
   * key that the last `find` missed. The block's deadline fields are filled here.
   * @param deadline  KEEP_DEADLINE, NO_DEADLINE or ms; must agree with the block's DEADLINE flag
   */
  install(entry: number, replaced: number, deadline: number | bigint): void {
    const memory = this.memory;
    if (replaced === 0) {
      if (typeof deadline === 'bigint' || deadline >= 0) this.startDeadline(entry, deadline);
      assert(this.entries.insert(this.hash, entry), 'where an entry has room its index has some');
      if (this.filter !== null) this.filter.add(this.hash, entry);
      const store = this.store;
      if (this.index >= store.usedDatabaseCount) store.usedDatabaseCount = this.index + 1;
      if (store.tracker !== null) trackEntry(this, store.tracker, entry);
      if (store.sink.wantsEvents) this.announceNew(entry);
      return;
    }
    memory.beforeRemoval(replaced);
    memory.locate(replaced);
    const oldWord0 = memory.view.getUint32(memory.base, true);
    if ((oldWord0 & FLAGS_HELD) !== 0) releaseReplaced(this, replaced, oldWord0, entry);
    const byteCount = entryBytes(memory.view, memory.base);
    if ((oldWord0 & FLAG.DEADLINE) === 0) {
      if (deadline !== KEEP_DEADLINE && deadline !== NO_DEADLINE)
        this.startDeadline(entry, deadline);
    } else if (deadline === NO_DEADLINE) {
      this.wheel?.remove(replaced);
    } else {
      this.carryDeadline(replaced, oldWord0, entry);
      if (deadline !== KEEP_DEADLINE) this.changeDeadline(entry, deadline);
    }
    this.entries.replaceFound(entry);
    memory.free(replaced, byteCount);
  }

  /** Overwrites the deadline of an entry that has one. */
  changeDeadline(entry: number, deadlineMs: number | bigint): void {
    const memory = this.memory;
    memory.locate(entry);
    const word0 = memory.view.getUint32(memory.base, true);
    const oldMs = this.deadlineLocated(word0);
    writeDeadline(memory.view, memory.base + deadlineOffset(word0), deadlineMs);
    this.wheel?.update(entry, oldMs, Number(deadlineMs));
  }

  /** Notes an access to the entry that memory is located at. */
  touchLocated(): void {
    const store = this.store;
    if (!store.touchesKeys) return;
    const { view, base } = this.memory;
    const word1 = view.getUint32(base + 4, true);
    const access = store.policy.onAccess(word1 >>> 8, this.hash);
    if (access !== word1 >>> 8) view.setUint32(base + 4, (word1 & 0xff) | (access << 8), true);
  }

  private announceMiss(frame: Frame, arg: number): void {
    const length = frame.lengths[arg];
    this.store.recordEvent(EVENT.keymiss, this.index, frame.bytes, frame.offsets[arg], length);
  }

  private announceNew(entry: number): void {
    const key = this.keySlice(entry);
    this.store.recordEvent(EVENT.new, this.index, key.bytes, key.offset, key.length);
  }

  /** An effect on that entry's key, to be completed and recorded. */
  beginEffect(name: string, entry: number): Effect {
    const key = this.keySlice(entry);
    const effect = this.store.effect.begin(name, this.index, 1);
    return effect.bytes(key.bytes, key.offset, key.length);
  }

  /** Fills the deadline of an entry that has the field, and tells the wheel. */
  startDeadline(entry: number, deadlineMs: number | bigint): void {
    const memory = this.memory;
    memory.locate(entry);
    const at = memory.base + deadlineOffset(memory.view.getUint32(memory.base, true));
    writeDeadline(memory.view, at, deadlineMs);
    this.wheel ??= new TimingWheel(memory, this.store.clock.nowMs);
    this.wheel.add(entry, Number(deadlineMs));
  }

  /** Copies deadline and links from one block of an entry to its next. */
  private carryDeadline(from: number, fromWord0: number, to: number): void {
    const memory = this.memory;
    memory.locate(from);
    const fromView = memory.view;
    const fromAt = memory.base + deadlineOffset(fromWord0);
    memory.locate(to);
    const toAt = memory.base + deadlineOffset(memory.view.getUint32(memory.base, true));
    copyBytes(memory.view, memory.bytes, toAt, fromView, memory.bytes, fromAt, DEADLINE_BYTES);
    this.wheel?.relocate(from, to);
  }

  private deadlineLocated(word0: number): number {
    const { view, base } = this.memory;
    return readDeadline(view, base + deadlineOffset(word0));
  }

  private isDue(word0: number): boolean {
    return this.deadlineLocated(word0) <= this.store.clock.nowMs;
  }

  private removeExpired(entry: number): void {
    const store = this.store;
    store.stats[STORE_STAT.EXPIRED]++;
    const actorId = store.actorId;
    store.actorId = 0;
    this.remove(entry, EVENT.expired);
    store.actorId = actorId;
  }

  /**
   * Takes the found entry out of wheel and index and frees its block, unrecorded: for a larger
   * change that records itself.
   */
  dropFound(entry: number): void {
    const memory = this.memory;
    memory.beforeRemoval(entry);
    memory.locate(entry);
    const byteCount = entryBytes(memory.view, memory.base);
    const word0 = memory.view.getUint32(memory.base, true);
    if ((word0 & FLAGS_HELD) !== 0) releaseHoldings(this, entry, word0);
    if ((word0 & FLAG.DEADLINE) !== 0) this.wheel?.remove(entry);
    const { tracker } = this.store;
    if (tracker !== null) untrackEntry(this, tracker, entry);
    if (this.filter !== null) this.filter.remove(entry);
    this.entries.removeFound();
    memory.free(entry, byteCount);
  }
}
