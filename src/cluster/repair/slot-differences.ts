/** What a replica finds to be different, and what is to be done about it. */
import type { Database } from '../../engine/database.ts';
import { SlotSet } from '../placement/slot-set.ts';
import { isNewer } from '../replication/stamp.ts';
import type { StampTable } from '../replication/stamp-table.ts';
import { KEY_ACTION, KeyMarks } from './key-marks.ts';
import type { KeyPass } from './key-pass.ts';
import { type SlotDifference, StampRun } from './stamp-run.ts';
import type { SyncClient } from './sync-client.ts';

/** One database, as it differs. */
export class DifferingDatabase {
  readonly database: Database;
  readonly listed = new SlotSet();
  readonly whole = new SlotSet();
  readonly marks = new KeyMarks();
  readonly wants = new StampRun();
  readonly buries = new StampRun();
  purgedHigh = 0;
  purgedLow = 0;
  /** Of what the owner has loaded from its disk. */
  loadedHigh = 0;
  loadedLow = 0;
  pass: KeyPass | null = null;
  /** Keys that are not the same, while single elements are kept. */
  readonly changed = new KeyMarks();
  isAsked = false;

  constructor(database: Database) {
    this.database = database;
  }
}

/** Called for each key of a slot that is not the same here and there. */
export class SlotDifferences implements SlotDifference {
  private readonly client: SyncClient;
  private readonly differing: DifferingDatabase;
  private readonly table: StampTable;
  private readonly slot: number;
  private readonly isStale: boolean;

  constructor(client: SyncClient, differing: DifferingDatabase, table: StampTable, slot: number) {
    this.client = client;
    this.differing = differing;
    this.table = table;
    this.slot = slot;
    this.isStale = client.isStale;
  }

  onTheirs(tag: number, high: number, low: number): void {
    const { differing, slot, table } = this;
    if (!isNewer(high, low, table.floorHigh, table.floorLow)) return;
    // Nothing is taken; what was changed here is merged into it.
    if (this.client.isGiving) return this.note(tag);
    if (this.wasForgottenHere(tag, high, low)) {
      const { purged } = table;
      differing.buries.add(slot, tag, purged.high, purged.low, true);
      table.put(slot, tag, purged.high, purged.low, true);
      return;
    }
    differing.wants.add(slot, tag, high, low, false);
    this.note(tag);
  }

  onRemovedThere(tag: number, high: number, low: number): void {
    const { differing, slot, table } = this;
    if (!isNewer(high, low, table.floorHigh, table.floorLow)) return;
    if (this.client.isGiving) return this.note(tag);
    const isHere = table.find(slot, tag) && !table.isAbsent;
    if (isHere) {
      differing.marks.mark(slot, tag, KEY_ACTION.remove, high, low);
      // Another key that shares the tag may still be there.
      differing.wants.add(slot, tag, high, low, false);
    } else this.client.stamped.bury(table, slot, tag, high, low);
    this.note(tag);
  }

  onMine(tag: number, high: number, low: number, theirAt: number): void {
    const { differing, slot } = this;
    const { marks, purgedHigh, purgedLow } = differing;
    if (theirAt >= 0 && this.isBeforeAll(high, low, theirAt)) return this.yieldTo(tag, theirAt);
    // What the owner has not, and had when removals of that time were forgotten, it has removed.
    const isGone = theirAt < 0 && !isNewer(high, low, purgedHigh, purgedLow);
    const isForgotten = this.isStale || isGone;
    // What is given away is dropped as a whole.
    if (isForgotten && this.client.isGiving) return;
    marks.mark(slot, tag, isForgotten ? KEY_ACTION.forget : KEY_ACTION.send, high, low);
    this.note(tag);
  }

  /**
   * It was loaded from the disk here, so that nothing is known of when it was written but that it
   * was before then; the owner's was not.
   */
  private isBeforeAll(high: number, low: number, theirAt: number): boolean {
    const { stamped, theirs } = this.client;
    const { loadedHigh, loadedLow } = this.differing;
    if (high !== stamped.loadedHigh || low !== stamped.loadedLow) return false;
    const { words } = theirs;
    return words[theirAt + 1] !== loadedHigh || words[theirAt + 2] !== loadedLow;
  }

  private yieldTo(tag: number, theirAt: number): void {
    if (this.client.isGiving) return;
    const { words } = this.client.theirs;
    this.table.put(this.slot, tag, OLDEST.high, OLDEST.low, false);
    const tell = words[theirAt] >>> 31 === 0 ? this.onTheirs : this.onRemovedThere;
    tell.call(this, tag, words[theirAt + 1], words[theirAt + 2]);
  }

  onRemovedHere(tag: number, high: number, low: number): void {
    const { differing, slot, table } = this;
    const isForgotten = !isNewer(high, low, differing.purgedHigh, differing.purgedLow);
    if (this.isStale || isForgotten) table.drop(slot, tag);
    else differing.buries.add(slot, tag, high, low, true);
    this.note(tag);
  }

  /**
   * It was removed here so long ago that it is not known any more, and the owner has not heard of
   * it: what the owner has is from before, as of a node whose data are older than those of others.
   */
  private wasForgottenHere(tag: number, high: number, low: number): boolean {
    const { differing, slot, table } = this;
    const { purgedHigh, purgedLow } = differing;
    // An owner of slots tells the earliest of their marks, and may have forgotten more.
    if (this.client.slots !== null) return false;
    table.purged.find(slot);
    if (!isNewer(table.purged.high, table.purged.low, purgedHigh, purgedLow)) return false;
    return !isNewer(high, low, purgedHigh, purgedLow) && !table.find(slot, tag);
  }

  private note(tag: number): void {
    if (this.isStale || !this.client.hasElements) return;
    this.differing.changed.mark(this.slot, tag, KEY_ACTION.merge);
  }
}

/** Any other stamp is later. */
const OLDEST = { high: 0, low: 1 } as const;
