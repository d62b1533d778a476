/**
 * One store as repair changes it: by keys that come whole from another node, each with the stamp
 * that it has there. At a replica such a change is applied and goes no further; at the owner it is
 * recorded like one of a client, and so goes to everybody, with the stamp that was given.
 */
import type { Frame } from '../../base/frame.ts';
import type { Database } from '../../engine/database.ts';
import { Effect } from '../../engine/effect.ts';
import { EVENT } from '../../engine/event-table.ts';
import type { Store } from '../../engine/store.ts';
import type { CommandReplay } from '../../replay/command-replay.ts';
import type { EffectStream } from '../replication/effect-stream.ts';
import { dropOlder } from '../replication/flush-older.ts';
import type { HybridClock } from '../replication/hybrid-clock.ts';
import { encodeKey } from '../replication/key-state.ts';
import { isNewer } from '../replication/stamp.ts';
import type { StampTable } from '../replication/stamp-table.ts';
import type { StoreStamps } from '../replication/store-stamps.ts';
import type { ElementStamps } from './elements/element-stamps.ts';
import { KEY_ACTION, type KeyMarks } from './key-marks.ts';
import { KeyPass } from './key-pass.ts';

export interface StampedStoreOptions {
  readonly store: Store;
  readonly stamps: StoreStamps;
  readonly stream: EffectStream;
  readonly replay: CommandReplay;
  readonly clock: HybridClock;
  readonly elements: ElementStamps;
  /** This node executes for the slot; of a store with one owner, for all of them. */
  readonly isOwner: (slot: number) => boolean;
  /** For some slot at least. */
  readonly isServing: () => boolean;
}

export class StampedStore {
  readonly store: Store;
  readonly stamps: StoreStamps;
  readonly elements: ElementStamps;
  /** Stamp of all that was loaded from the disk, and not changed since; 0, 0: nothing was. */
  loadedHigh = 0;
  loadedLow = 0;
  /** What `locate` found. */
  slot = 0;
  tag = 0;
  private readonly options: StampedStoreOptions;
  private readonly effect = new Effect('');

  constructor(options: StampedStoreOptions) {
    this.options = options;
    this.store = options.store;
    this.stamps = options.stamps;
    this.elements = options.elements;
  }

  tableOf(database: Database): StampTable {
    return this.stamps.tableOf(database.index);
  }

  /** What was recorded so far is in the links when it returns: what is sent next is behind it. */
  flush(): void {
    this.options.stream.flush();
  }

  /** Looks up the stamp of the key in an argument: sets `slot` and `tag`, and what `find` sets. */
  locate(table: StampTable, frame: Frame, arg: number): boolean {
    const { bytes, lengths, offsets, view } = frame;
    this.slot = table.slotOf(bytes, offsets[arg], lengths[arg]);
    this.tag = table.tagOf(view, offsets[arg], lengths[arg], this.slot);
    return table.find(this.slot, this.tag);
  }

  /**
   * Whether the key that was located has that very stamp and is not there: then it shares its tag,
   * and so its stamp, with another one.
   */
  isShared(database: Database, frame: Frame, high: number, low: number): boolean {
    const table = this.tableOf(database);
    return table.high === high && table.low === low && database.find(frame, 1) === 0;
  }

  /**
   * Executes a command that sets the whole state of the key in argument 1, as a change of that
   * stamp.
   * @returns '' or why it could not be executed
   */
  applyCopy(database: Database, frame: Frame, high: number, low: number): string {
    const table = this.tableOf(database);
    this.locate(table, frame, 1);
    const { slot, tag } = this;
    const reason = this.asChange(this.options.isOwner(slot), high, low, () => {
      return this.options.replay.applyEffect(frame, database.index);
    });
    if (reason !== '') return reason;
    // A deadline that has passed makes of it a key that is not there.
    table.put(slot, tag, high, low, database.find(frame, 1) === 0);
    return '';
  }

  /** Owners only: a change of a part of the key, with a new stamp of this node's clock. */
  applyChange(database: Database, frame: Frame): string {
    return this.options.replay.applyEffect(frame, database.index);
  }

  /**
   * Owners: the key that was located as it is now, with a stamp that is later than that one.
   * @param entry  0: it is not there, which is known with that stamp from now on
   */
  restamp(database: Database, entry: number, high: number, low: number): void {
    const { clock } = this.options;
    clock.witness(high, low);
    clock.tick();
    if (entry === 0) {
      this.tableOf(database).put(this.slot, this.tag, clock.high, clock.low, true);
    } else if (encodeKey(this.effect, database, entry)) {
      this.applyCopy(database, this.effect.frame, clock.high, clock.low);
    }
  }

  /** Removes the key, as a change of that stamp. */
  removeKey(database: Database, entry: number, high: number, low: number): void {
    const table = this.tableOf(database);
    const key = database.keySlice(entry);
    const slot = table.slotOf(key.bytes, key.offset, key.length);
    const tag = table.tagOf(key.view, key.offset, key.length, slot);
    this.asChange(this.options.isOwner(slot), high, low, () => {
      database.removeUnfound(entry, EVENT.del);
      return '';
    });
    table.put(slot, tag, high, low, true);
  }

  /**
   * The key is not here, and was removed elsewhere at that time: what this node writes of it later,
   * it may own it in a moment, has a later stamp.
   */
  bury(table: StampTable, slot: number, tag: number, high: number, low: number): void {
    this.options.clock.witness(high, low);
    table.put(slot, tag, high, low, true);
  }

  /** This node keeps the key no more: its log hears of it, and nobody else. */
  dropKey(database: Database, entry: number, slot: number): void {
    const table = this.tableOf(database);
    const key = database.keySlice(entry);
    const tag = table.tagOf(key.view, key.offset, key.length, slot);
    table.find(slot, tag);
    const { high, low } = table;
    this.asChange(false, high, low, () => {
      database.removeUnfound(entry, EVENT.none);
      return '';
    });
    table.drop(slot, tag);
  }

  /**
   * After a pass over all keys: those which it was to meet, and did not, are not there, whatever
   * their stamps say.
   */
  markUnmet(database: Database, marks: KeyMarks): void {
    const table = this.tableOf(database);
    marks.eachUnmet((slot, tag, action, high, low) => {
      if (!table.find(slot, tag)) return;
      const isRemoved = action === KEY_ACTION.remove;
      if (isRemoved && isNewer(high, low, table.high, table.low)) {
        table.put(slot, tag, high, low, true);
      } else if (!isRemoved && table.high === high && table.low === low) {
        table.mark(slot, tag, true);
      }
    });
  }

  /** A flush at that stamp, if it is not known yet: nothing that is not later stays. */
  raiseFloor(database: Database, high: number, low: number): void {
    const table = this.tableOf(database);
    if (!isNewer(high, low, table.floorHigh, table.floorLow)) return;
    this.asChange(this.options.isServing(), high, low, () => {
      const isPlain = !isNewer(table.newestHigh, table.newestLow, high, low);
      if (isPlain) database.flush();
      else dropOlder(database, table, high, low);
      return '';
    });
    table.raiseFloor(high, low);
  }

  /**
   * Gives every key that has no stamp this one: those that were loaded, or were there before the
   * cluster was. Before the first command.
   */
  adopt(database: Database, high: number, low: number): void {
    const table = this.tableOf(database);
    const pass = new KeyPass(database, (entry, slot) => {
      const key = database.keySlice(entry);
      const tag = table.tagOf(key.view, key.offset, key.length, slot);
      // A key that shares its tag with one that is gone.
      if (!table.find(slot, tag)) table.put(slot, tag, high, low, false);
      else if (table.isAbsent) table.mark(slot, tag, false);
    });
    pass.run(
      () => false,
      () => true,
    );
  }

  /**
   * What is recorded meanwhile bears that stamp.
   * @param isTold  it goes to everybody else
   */
  private asChange(isTold: boolean, high: number, low: number, act: () => string): string {
    const { clock } = this.options;
    const { elements, stamps, store } = this;
    const { isMerging } = elements;
    const { defaultTtlMs } = store;
    clock.witness(high, low);
    if (isTold) stamps.given = { high, low };
    else stamps.isApplying = true;
    stamps.lastHigh = high;
    stamps.lastLow = low;
    // It is no change of its own: what is kept of its elements stays true.
    elements.isMerging = true;
    // The key has the deadline that it is said to have, or none.
    store.defaultTtlMs = 0;
    try {
      return act();
    } finally {
      store.defaultTtlMs = defaultTtlMs;
      elements.isMerging = isMerging;
      stamps.given = null;
      stamps.isApplying = false;
    }
  }
}
