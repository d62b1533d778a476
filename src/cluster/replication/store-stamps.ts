/**
 * Stamps every change of one store, whoever made it, and hands it to the stream. A change that
 * comes from another node has a stamp already: while it is applied this stays out of the way.
 *
 * What happens on each node by itself is neither stamped nor sent: a key or a field whose deadline
 * has passed. The key is marked as absent, and keeps its stamp.
 */
import { SLOT_COUNT } from '../../base/digest/key-slot.ts';
import type { Effect } from '../../engine/effect.ts';
import { EVENT } from '../../engine/event-table.ts';
import type { MutationReader } from '../../engine/mutation-sink.ts';
import type { Store } from '../../engine/store.ts';
import type { CommandHints } from '../../engine/warm-ahead.ts';
import type { RealNames } from '../../journal/real-names.ts';
import { EVERY_SLOT } from './delivery/record-slots.ts';
import { EffectKeys, isGoneAfter, ROLE } from './effect-keys.ts';
import { RECORD } from './effect-record.ts';
import type { EffectStream } from './effect-stream.ts';
import type { HybridClock } from './hybrid-clock.ts';
import { isPut, Put } from './put-record.ts';
import { isNewer } from './stamp.ts';
import { type StampSeeds, StampTable } from './stamp-table.ts';

/** Hashes whose fields have expired lately: so many are told apart. */
const EXPIRED_HASH_COUNT_MAX = 10_000;

export class StoreStamps implements MutationReader {
  readonly store: Store;
  /** A change of another node is being applied: its stamp is put by who applies it. */
  isApplying = false;
  /** Stamp of what is recorded now; null: the clock makes one. */
  given: { readonly high: number; readonly low: number } | null = null;
  /** What was recorded last. */
  lastHigh = 0;
  lastLow = 0;
  /** Its first key was not there before. */
  wasAbsent = false;
  private readonly clock: HybridClock;
  private readonly seeds: StampSeeds;
  private readonly stream: EffectStream;
  private readonly keys: EffectKeys;
  private readonly tables: (StampTable | undefined)[] = [];
  /** The last FLUSHALL, for databases that have no table yet. */
  private floorHigh = 0;
  private floorLow = 0;
  /** Columns beside `keys`. */
  private readonly slots: number[] = [];
  private readonly tags: number[] = [];
  private readonly before = {
    highs: [] as number[],
    lows: [] as number[],
    areAbsent: [] as boolean[],
  };
  private readonly put = new Put();
  /** At the last `warm`: position of the stream, and how many commands were to come. */
  private warmedPosition = 0;
  private warmedCount = 0;
  /** Slot and tag of hashes that lost fields by their deadlines -> when, by the clock then. */
  private expiredHashes = new Map<number, number>();

  constructor(options: {
    store: Store;
    clock: HybridClock;
    seeds: StampSeeds;
    stream: EffectStream;
    names: RealNames;
  }) {
    this.store = options.store;
    this.clock = options.clock;
    this.seeds = options.seeds;
    this.stream = options.stream;
    this.keys = new EffectKeys(options.names);
  }

  /** Stamps of a numbered database. */
  tableOf(databaseIndex: number): StampTable {
    let table = this.tables[databaseIndex];
    if (table === undefined) {
      table = new StampTable(this.seeds);
      table.raiseFloor(this.floorHigh, this.floorLow);
      this.tables[databaseIndex] = table;
    }
    return table;
  }

  /** Whether some key of that database may have been changed later than that. */
  isNewerThan(databaseIndex: number, high: number, low: number): boolean {
    const table = this.tables[databaseIndex];
    return table !== undefined && isNewer(table.newestHigh, table.newestLow, high, low);
  }

  /** Those databases of which the stamps say something. */
  get databaseIndexes(): number[] {
    const indexes: number[] = [];
    for (const [index, table] of this.tables.entries()) {
      if (table?.isUnused === false) indexes.push(index);
    }
    return indexes;
  }

  /** Of slots from that on, the first of which any database may know a key; SLOT_COUNT: none. */
  nextUsed(slot: number): number {
    let next = SLOT_COUNT;
    for (const table of this.tables) next = Math.min(next, table?.nextUsed(slot) ?? SLOT_COUNT);
    return next;
  }

  /** Whether any database knows of a key of the slot, if only that it is gone. */
  hasEntries(slot: number): boolean {
    return this.tables.some((table) => table !== undefined && table.entryCountOf(slot) > 0);
  }

  get byteCount(): number {
    return this.tables.reduce((sum, table) => sum + (table?.byteCount ?? 0), 0);
  }

  onEffect(effect: Effect, eventId: number, actorId: number): void {
    if (eventId === EVENT.expired) return this.markGone(effect);
    if (eventId === EVENT.hexpired) return this.noteExpiredFields(effect);
    if (this.isApplying) return;
    if (isPut(effect, eventId)) return this.onPut(effect, actorId);
    const { keys, tags } = this;
    keys.read(effect, eventId);
    this.makeStamp();
    const { lastHigh: high, lastLow: low } = this;
    const { bytes, lengths, offsets, view } = effect.frame;
    for (let i = 0; i < keys.count; i++) {
      const table = this.tableOf(keys.databases[i]);
      const arg = keys.args[i];
      const slot = table.slotOf(bytes, offsets[arg], lengths[arg]);
      this.slots[i] = slot;
      tags[i] = table.tagOf(view, offsets[arg], lengths[arg], slot);
      table.find(slot, tags[i]);
      this.before.highs[i] = table.high;
      this.before.lows[i] = table.low;
      this.before.areAbsent[i] = table.isAbsent;
    }
    this.wasAbsent = keys.count > 0 && this.before.areAbsent[0];
    this.stream.append(effect, keys, this.before, high, low, actorId, this.slotOfAll());
    if (keys.count === 0) return this.applyWhole(effect, high, low);
    for (let i = 0; i < keys.count; i++) {
      const role = keys.roles[i];
      if (role === ROLE.read) continue;
      this.tableOf(keys.databases[i]).put(this.slots[i], tags[i], high, low, isGoneAfter(role));
    }
  }

  /** What most changes are, by a shorter way. */
  private onPut({ databaseIndex, frame }: Effect, actorId: number): void {
    const { put } = this;
    const table = this.tableOf(databaseIndex);
    const slot = table.slotOf(frame.bytes, frame.offsets[1], frame.lengths[1]);
    const tag = table.tagOf(frame.view, frame.offsets[1], frame.lengths[1], slot);
    this.makeStamp();
    table.find(slot, tag);
    this.wasAbsent = table.isAbsent;
    put.databaseIndex = databaseIndex;
    put.slot = slot;
    put.tag = tag;
    put.high = this.lastHigh;
    put.low = this.lastLow;
    put.beforeHigh = table.high;
    put.beforeLow = table.low;
    put.wasAbsent = table.isAbsent;
    this.stream.appendPut(frame, put, actorId);
    table.put(slot, tag, this.lastHigh, this.lastLow, false);
  }

  /** Where what came since the last look was reading for the most part, nothing is fetched. */
  warm(databaseIndex: number, bytes: Uint8Array, view: DataView, hints: CommandHints): void {
    const { count, lengths, offsets } = hints;
    const { position } = this.stream;
    const isWriting = this.isApplying || (position - this.warmedPosition) * 2 >= this.warmedCount;
    this.warmedPosition = position;
    this.warmedCount = count;
    if (isWriting) this.tableOf(databaseIndex).warm(bytes, view, offsets, lengths, count);
  }

  /** A collection lost its last element: the change that took it is stamped already. */
  onEmptied(effect: Effect): void {
    this.markGone(effect);
  }

  onFunctions(effect: Effect): void {
    if (!this.isApplying) this.stream.appendOther(effect, RECORD.functions);
  }

  onStores(effect: Effect): void {
    if (!this.isApplying) this.stream.appendOther(effect, RECORD.stores);
  }

  onGroupBegin(): void {
    if (!this.isApplying) this.stream.beginGroup();
  }

  onGroupEnd(): void {
    if (!this.isApplying) this.stream.endGroup();
  }

  /** What an effect without keys does to the stamps: FLUSHALL, FLUSHDB, SWAPDB. */
  applyWhole({ databaseIndex, frame }: Effect, high: number, low: number): void {
    if (frame.equals(0, 'FLUSHALL')) return this.raiseFloors(high, low);
    if (frame.equals(0, 'FLUSHDB')) return this.tableOf(databaseIndex).raiseFloor(high, low);
    if (!frame.equals(0, 'SWAPDB')) return;
    this.swap(Number(frame.latin1(1)), Number(frame.latin1(2)));
  }

  /** FLUSHALL at that stamp. */
  raiseFloors(high: number, low: number): void {
    for (const table of this.tables) table?.raiseFloor(high, low);
    this.floorHigh = high;
    this.floorLow = low;
  }

  swap(left: number, right: number): void {
    const table = this.tableOf(left);
    this.tables[left] = this.tableOf(right);
    this.tables[right] = table;
  }

  /**
   * Whether fields of that hash have expired here after the time that another node's clock showed
   * when it changed it: then what that change made of the hash there is not what it makes here.
   */
  hasExpiredFieldsSince(slot: number, tag: number, timeMs: number): boolean {
    if (this.expiredHashes.size === 0) return false;
    const expiredMs = this.expiredHashes.get(hashId(slot, tag));
    return expiredMs !== undefined && expiredMs > timeMs;
  }

  /** Of the keys of what is recorded now. */
  private slotOfAll(): number {
    const { keys, slots } = this;
    if (keys.count === 0) return EVERY_SLOT;
    for (let i = 1; i < keys.count; i++) if (slots[i] !== slots[0]) return EVERY_SLOT;
    return slots[0];
  }

  private makeStamp(): void {
    const { clock, given } = this;
    if (given === null) clock.tick();
    this.lastHigh = given === null ? clock.high : given.high;
    this.lastLow = given === null ? clock.low : given.low;
  }

  private markGone(effect: Effect): void {
    const { bytes, lengths, offsets, view } = effect.frame;
    const table = this.tableOf(effect.databaseIndex);
    const slot = table.slotOf(bytes, offsets[1], lengths[1]);
    table.mark(slot, table.tagOf(view, offsets[1], lengths[1], slot), true);
  }

  private noteExpiredFields(effect: Effect): void {
    const { bytes, lengths, offsets, view } = effect.frame;
    const table = this.tableOf(effect.databaseIndex);
    const slot = table.slotOf(bytes, offsets[1], lengths[1]);
    const tag = table.tagOf(view, offsets[1], lengths[1], slot);
    if (this.expiredHashes.size >= EXPIRED_HASH_COUNT_MAX) this.expiredHashes = new Map();
    this.expiredHashes.set(hashId(slot, tag), this.store.clock.nowMs);
  }
}

/** One number for a key, of whichever database. */
function hashId(slot: number, tag: number): number {
  return slot * 2 ** 31 + tag;
}
