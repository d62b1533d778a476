/**
 * Applies changes of other nodes to one store. Each key of a change has a stamp before and after;
 * in whatever order they come, from whomever, the latest stamp wins:
 *
 *     what is here                      the change says all of the key    it depends on what was
 *     a stamp that is not older         nothing                           nothing
 *     the stamp before, or absent both  applied                           applied
 *     anything else                     applied                           the key is fetched
 *
 * So a change that was lost, came twice or met another one made at the same time does no harm: the
 * key is asked for as the sender has it. Commands see the sender's clock, so that what was alive
 * there is alive here.
 */
import type { Frame } from '../../base/frame.ts';
import { LIMITS } from '../../base/limits.ts';
import type { NodeServices } from '../../commands/node-services.ts';
import { type Database, NO_DEADLINE } from '../../engine/database.ts';
import type { Store } from '../../engine/store.ts';
import { setPlain } from '../../engine/values/string/string-value.ts';
import { isWarmed, warmAhead, warmEntries } from '../../engine/warm-ahead.ts';
import { KeyHints } from '../../protocol/key-peek.ts';
import { CommandReplay } from '../../replay/command-replay.ts';
import type { MessageReader } from '../peers/message-reader.ts';
import { dependsOnBefore, isGoneAfter, ROLE } from './effect-keys.ts';
import { RECORD, RecordReader } from './effect-record.ts';
import { dropOlder } from './flush-older.ts';
import type { HybridClock } from './hybrid-clock.ts';
import { isNewer } from './stamp.ts';
import type { StampTable } from './stamp-table.ts';
import type { StoreStamps } from './store-stamps.ts';

export interface ApplierListener {
  /** The key in that argument is to be fetched. */
  onUnknown(databaseIndex: number, frame: Frame, arg: number): void;
  /** Databases were swapped: keys that were asked for may stand elsewhere now. */
  onSwap(): void;
  /** Whether `onApplied` is to be called for the changes of a batch. */
  isTraced(): boolean;
  /** A change was executed; `correlationId` of the client that made it, or ''. */
  onApplied(frame: Frame, correlationId: string): void;
  /** It answered with an error: this node differs from the one that sent it. */
  onFailed(reason: string): void;
}

/**
 * Whether changes of the key in that argument are left out for now: what this node has of it is to
 * be merged, and goes to the owner first.
 * @param isAsBefore  the key is here what it was at the sender: nothing is lost by the change
 */
export type KeyGuard = (
  databaseIndex: number,
  frame: Frame,
  arg: number,
  isAsBefore: boolean,
) => boolean;

export class EffectApplier {
  /** Asked while `apply` runs; null: every change is applied. */
  guard: KeyGuard | null = null;
  appliedCount = 0;
  /** Not newer than what is here. */
  skippedCount = 0;
  /** Keys that had to be asked for. */
  unknownCount = 0;
  /** Versions of keys that were made here, or elsewhere, at the same time, and lost. */
  lostCount = 0;
  private readonly node: NodeServices;
  private readonly store: Store;
  private readonly stamps: StoreStamps;
  private readonly clock: HybridClock;
  readonly listener: ApplierListener;
  readonly replay: CommandReplay;
  private readonly reader = new RecordReader();
  private readonly hints = new KeyHints(LIMITS.warmedKeyCountMax);
  private readonly slots: number[] = [];
  private readonly tags: number[] = [];
  private isInGroup = false;
  private isTraced = false;

  constructor(options: {
    node: NodeServices;
    stamps: StoreStamps;
    clock: HybridClock;
    listener: ApplierListener;
  }) {
    this.node = options.node;
    this.stamps = options.stamps;
    this.store = options.stamps.store;
    this.clock = options.clock;
    this.listener = options.listener;
    this.replay = new CommandReplay(options.node, this.store);
  }

  /**
   * @param message  `bytes` was read: records
   * @throws NodeError MESSAGE_BROKEN; what came before is applied
   */
  apply(message: MessageReader): void {
    const { reader, stamps, store } = this;
    const { clock } = this.node;
    const { nowMs } = clock;
    const { defaultTtlMs } = store;
    store.defaultTtlMs = 0;
    stamps.isApplying = true;
    this.isTraced = this.listener.isTraced();
    reader.open(message);
    reader.correlationId = '';
    try {
      for (let aheadCount = 0; reader.next(); aheadCount--) {
        if (reader.kind === RECORD.put) {
          this.applyPuts();
          continue;
        }
        if (aheadCount <= 0) aheadCount = this.warmAhead();
        this.applyRecord();
      }
    } finally {
      if (this.isInGroup) this.endGroup();
      reader.close();
      stamps.isApplying = false;
      store.defaultTtlMs = defaultTtlMs;
      clock.nowMs = nowMs;
      clock.refresh();
    }
  }

  /**
   * Has the memory behind the next records fetched while this one's is at hand.
   * @returns records until the next look ahead
   */
  private warmAhead(): number {
    const { hints, reader, store } = this;
    const recordCount = reader.peek(hints);
    const database = store.databases[reader.aheadIndex];
    if (database !== undefined && hints.count >= LIMITS.warmedKeyCountMin) {
      warmAhead(database, reader.bytes, reader.view, hints, false);
    }
    return recordCount;
  }

  private applyRecord(): void {
    const { reader, store } = this;
    switch (reader.kind) {
      case RECORD.time:
        this.node.clock.nowMs = reader.timeMs;
        return;
      case RECORD.groupBegin:
        this.isInGroup = true;
        store.sink.beginGroup();
        return;
      case RECORD.groupEnd:
        return this.endGroup();
      case RECORD.functions:
      case RECORD.stores:
        this.execute(0);
        return;
      case RECORD.effect:
        this.clock.witness(reader.high, reader.low);
        if (!this.hasDatabases()) this.listener.onFailed(NO_DATABASE);
        else if (reader.keys.count === 0) this.applyWhole();
        else this.applyEffect();
    }
  }

  /** Strings that keys are given, whatever they held. */
  private applyPuts(): void {
    const { clock, guard, reader, store } = this;
    const { puts } = reader;
    const database = store.databases[puts.databaseIndex];
    if (database === undefined) return this.listener.onFailed(NO_DATABASE);
    const table = this.stamps.tableOf(puts.databaseIndex);
    if (puts.count >= LIMITS.warmedKeyCountMin && isWarmed(database)) {
      warmEntries(database, reader.view, puts);
      table.warmPlaces(puts);
    }
    for (let i = 0; i < puts.count; i++) {
      clock.witness(puts.highs[i], puts.lows[i]);
      if (guard === null) {
        this.applyPut(database, table, i);
      } else {
        reader.takePut(i);
        this.applyEffect();
      }
    }
  }

  private applyPut(database: Database, table: StampTable, i: number): void {
    const { reader, stamps } = this;
    const { frame, puts } = reader;
    const high = puts.highs[i];
    const low = puts.lows[i];
    puts.frameInto(frame, i);
    // If it has expired by the sender's clock, which shows now, it goes before all.
    const entry = database.find(frame, 1);
    table.find(puts.slots[i], puts.tags[i]);
    if (!isNewer(high, low, table.high, table.low)) {
      this.skippedCount++;
      return;
    }
    this.countLost(table, puts.beforeHighs[i], puts.beforeLows[i]);
    stamps.lastHigh = high;
    stamps.lastLow = low;
    stamps.wasAbsent = puts.wereAbsent[i] !== 0;
    table.put(puts.slots[i], puts.tags[i], high, low, false);
    this.appliedCount++;
    this.store.actorId = 0;
    setPlain(database, entry, frame, NO_DEADLINE);
    if (this.isTraced) this.listener.onApplied(frame, reader.correlationId);
  }

  private endGroup(): void {
    if (!this.isInGroup) return;
    this.isInGroup = false;
    this.store.sink.endGroup();
  }

  private applyEffect(): void {
    const { reader, stamps } = this;
    const { frame, high, keys, low } = reader;
    if (this.guard !== null && this.isGuarded(this.guard)) return;
    const verdict = this.judge();
    if (verdict === VERDICT.old) {
      this.skippedCount++;
      return;
    }
    if (verdict === VERDICT.unknown) return this.askForKeys();
    stamps.lastHigh = high;
    stamps.lastLow = low;
    stamps.wasAbsent = keys.wereAbsent[0];
    this.putStamps();
    this.appliedCount++;
    if (!this.execute(reader.databaseIndex)) this.askAnew();
    else if (keys.count === 1 && keys.roles[0] === ROLE.set && frame.count > 3) this.markIfGone();
  }

  /** Settings may differ from node to node. */
  private hasDatabases(): boolean {
    const { databaseIndex, keys } = this.reader;
    const { length } = this.store.databases;
    for (let i = 0; i < keys.count; i++) if (keys.databases[i] >= length) return false;
    return databaseIndex < length;
  }

  /** It failed here: what is here is not what was there, whatever the stamps say. */
  private askAnew(): void {
    const { keys } = this.reader;
    for (let i = 0; i < keys.count; i++) {
      this.stamps.tableOf(keys.databases[i]).drop(this.slots[i], this.tags[i]);
    }
    this.askForKeys();
  }

  private isGuarded(guard: KeyGuard): boolean {
    const { frame, keys } = this.reader;
    for (let i = 0; i < keys.count; i++) {
      if (keys.roles[i] === ROLE.read) continue;
      const isAsBefore = this.isAsBefore(i, this.locate(i));
      if (guard(keys.databases[i], frame, keys.args[i], isAsBefore)) return true;
    }
    return false;
  }

  /** Compares the stamps of all keys with those that the sender had. */
  private judge(): number {
    const { keys, high, low } = this.reader;
    const { beforeHighs, beforeLows } = keys;
    let isOld = false;
    let isUnknown = false;
    for (let i = 0; i < keys.count; i++) {
      const role = keys.roles[i];
      const table = this.locate(i);
      if (role !== ROLE.read && !isNewer(high, low, table.high, table.low)) isOld = true;
      else if (!dependsOnBefore(role)) this.countLost(table, beforeHighs[i], beforeLows[i]);
      else if (!this.isAsBefore(i, table)) isUnknown = true;
    }
    if (isUnknown || (isOld && keys.count > 1 && !this.areAllOld())) return VERDICT.unknown;
    return isOld ? VERDICT.old : VERDICT.applies;
  }

  private areAllOld(): boolean {
    const { keys, high, low } = this.reader;
    for (let i = 0; i < keys.count; i++) {
      if (keys.roles[i] === ROLE.read) continue;
      const table = this.tableAt(i);
      if (isNewer(high, low, table.high, table.low)) return false;
    }
    return true;
  }

  /** Whether the key is here what it was there: of one stamp, or gone at both. */
  private isAsBefore(index: number, table: StampTable): boolean {
    const { keys, timeMs } = this.reader;
    if (keys.wereAbsent[index] || table.isAbsent) return keys.wereAbsent[index] && table.isAbsent;
    const isSame = table.high === keys.beforeHighs[index] && table.low === keys.beforeLows[index];
    return (
      isSame && !this.stamps.hasExpiredFieldsSince(this.slots[index], this.tags[index], timeMs)
    );
  }

  /** What is here was made at the same time as what replaces it. */
  private countLost(table: StampTable, beforeHigh: number, beforeLow: number): void {
    if (table.isAbsent || beforeHigh === 0) return;
    if (isNewer(table.high, table.low, beforeHigh, beforeLow)) this.lostCount++;
  }

  private locate(index: number): StampTable {
    const { frame, keys } = this.reader;
    const table = this.stamps.tableOf(keys.databases[index]);
    const arg = keys.args[index];
    const offset = frame.offsets[arg];
    const length = frame.lengths[arg];
    const slot = table.slotOf(frame.bytes, offset, length);
    this.slots[index] = slot;
    this.tags[index] = table.tagOf(frame.view, offset, length, slot);
    table.find(slot, this.tags[index]);
    const database = this.store.databases[keys.databases[index]];
    if (table.isAbsent || database.deadlineCount === 0) return table;
    // By the sender's clock, which commands see now, it may have expired: then it goes before all.
    return database.find(frame, arg) !== 0 ? table : this.tableAt(index);
  }

  private tableAt(index: number): StampTable {
    const table = this.stamps.tableOf(this.reader.keys.databases[index]);
    table.find(this.slots[index], this.tags[index]);
    return table;
  }

  /** Before the command runs: a collection that it empties is marked as absent by the way. */
  private putStamps(): void {
    const { keys, high, low } = this.reader;
    for (let i = 0; i < keys.count; i++) {
      const role = keys.roles[i];
      if (role === ROLE.read) continue;
      const table = this.stamps.tableOf(keys.databases[i]);
      table.put(this.slots[i], this.tags[i], high, low, isGoneAfter(role));
    }
  }

  /** A value whose deadline has passed by the time it comes is not stored. */
  private markIfGone(): void {
    const { frame, keys } = this.reader;
    const database = this.store.databases[keys.databases[0]];
    if (database.find(frame, keys.args[0]) !== 0) return;
    this.stamps.tableOf(keys.databases[0]).mark(this.slots[0], this.tags[0], true);
  }

  private askForKeys(): void {
    const { frame, keys } = this.reader;
    for (let i = 0; i < keys.count; i++) {
      this.unknownCount++;
      this.listener.onUnknown(keys.databases[i], frame, keys.args[i]);
    }
  }

  /** FLUSHALL, FLUSHDB, SWAPDB: what is here and newer than a flush stays. */
  private applyWhole(): void {
    const { databaseIndex, frame, high, low } = this.reader;
    const { stamps } = this;
    if (frame.equals(0, 'SWAPDB')) {
      if (!this.execute(databaseIndex)) return;
      stamps.swap(Number(frame.latin1(1)), Number(frame.latin1(2)));
      return this.listener.onSwap();
    }
    if (frame.equals(0, 'FLUSHALL')) this.flush(-1, high, low);
    else if (frame.equals(0, 'FLUSHDB')) this.flush(databaseIndex, high, low);
    else this.execute(databaseIndex);
  }

  /** @param databaseIndex  -1: all of them */
  flush(databaseIndex: number, high: number, low: number): void {
    const { stamps, store } = this;
    const indexes = databaseIndex < 0 ? [...store.databases.keys()] : [databaseIndex];
    const isPlain = indexes.every((index) => !stamps.isNewerThan(index, high, low));
    const wasApplying = stamps.isApplying;
    stamps.isApplying = true;
    if (!isPlain) {
      for (const index of indexes) {
        const database = store.databases[index];
        if (database.count > 0) dropOlder(database, stamps.tableOf(index), high, low);
      }
    } else if (databaseIndex < 0) {
      store.flushAll();
    } else {
      store.databases[databaseIndex].flush();
    }
    stamps.isApplying = wasApplying;
    if (databaseIndex < 0) stamps.raiseFloors(high, low);
    else stamps.tableOf(databaseIndex).raiseFloor(high, low);
    this.appliedCount++;
  }

  private execute(databaseIndex: number): boolean {
    const { frame, correlationId } = this.reader;
    const reason = this.replay.applyEffect(frame, databaseIndex);
    if (reason !== '') this.listener.onFailed(reason);
    else if (this.isTraced) this.listener.onApplied(frame, correlationId);
    return reason === '';
  }
}

const NO_DATABASE = 'there is no such database';
const VERDICT = { applies: 0, old: 1, unknown: 2 } as const;
