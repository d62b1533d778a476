/**
 * Meets every key of a database once, in short steps between which commands run. A key that is
 * there from the beginning to the end of the pass is met; one that comes or goes meanwhile may be.
 */
import { slotOfKey } from '../../base/digest/key-slot.ts';
import type { Database } from '../../engine/database.ts';
import { AddressBuffer } from '../../engine/keyspace/hash-index.ts';

/** One at a time: how long a value is shows only when it is met, and then the pass may pause. */
const STEP_ENTRY_COUNT = 1;
/** Entries between two readings of the clock. */
const CLOCK_ENTRY_COUNT = 16;

/** Called with an entry that has not expired; it may be removed, and nothing else may be. */
export type KeyVisit = (entry: number, slot: number) => void;

export class KeyPass {
  isOver = false;
  /** Entries met so far. */
  metCount = 0;
  private readonly database: Database;
  private readonly visit: KeyVisit;
  private readonly addresses = new AddressBuffer(STEP_ENTRY_COUNT);
  private cursor = 0;
  private swapCount: number;

  constructor(database: Database, visit: KeyVisit) {
    this.database = database;
    this.visit = visit;
    this.swapCount = database.store.swapCount;
  }

  /**
   * Goes on until it is late.
   * @param mayGoOn  asked between two steps: false ends this call
   * @returns        whether all have been met
   */
  run(isLate: () => boolean, mayGoOn: () => boolean): boolean {
    for (let left = CLOCK_ENTRY_COUNT; !this.isOver && mayGoOn(); left--) {
      this.step();
      if (left > 1) continue;
      if (isLate()) break;
      left = CLOCK_ENTRY_COUNT;
    }
    return this.isOver;
  }

  private step(): void {
    const { addresses, database, visit } = this;
    // What was met lies in another database now.
    if (database.store.swapCount !== this.swapCount) {
      this.swapCount = database.store.swapCount;
      this.cursor = 0;
    }
    this.cursor = database.scan(this.cursor, STEP_ENTRY_COUNT, addresses);
    for (let i = 0; i < addresses.count; i++) {
      const entry = addresses.addresses[i];
      if (database.isExpired(entry)) {
        // Nobody has looked for it since: what is told of it is that it is gone.
        database.expire(entry);
        continue;
      }
      const key = database.keySlice(entry);
      this.metCount++;
      visit(entry, slotOfKey(key.bytes, key.offset, key.length));
    }
    this.isOver = this.cursor === 0;
  }
}
