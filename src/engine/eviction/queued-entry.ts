import { AddressBuffer } from '../keyspace/address-buffer.ts';
import { entryBytes } from '../keyspace/entry.ts';
import type { Store } from '../store.ts';

/**
 * The entry that an item of a queue stands for: it has that hash and, under the mask, those access
 * bits. Left found in `store.victimDatabase`, with its memory located.
 * @returns  address, 0 when the item is stale
 */
export function findQueued(store: Store, hash: number, mask: number, wanted: number): number {
  const { databases, usedDatabaseCount } = store;
  for (let i = 0; i < usedDatabaseCount; i++) {
    const database = databases[i];
    const entry = database.entries.findAccess(hash, mask, wanted);
    if (entry === 0) continue;
    store.victimDatabase = database;
    return entry;
  }
  return 0;
}

/** Of the entry that `findQueued` found just now. */
export function accessOfQueued(store: Store): number {
  const { memory } = store.victimDatabase;
  return memory.view.getUint32(memory.base + 4, true) >>> 8;
}

export function bytesOfQueued(store: Store): number {
  const { memory } = store.victimDatabase;
  return entryBytes(memory.view, memory.base);
}

export function writeQueued(store: Store, access: number): void {
  const { memory } = store.victimDatabase;
  const at = memory.base + 4;
  memory.view.setUint32(at, (memory.view.getUint32(at, true) & 0xff) | (access << 8), true);
}

/** Takes in an entry that was there before the policy. */
export interface Adopter {
  /** @returns its new access bits; -1 when it was taken in already */
  adopt(access: number, hash: number, byteCount: number): number;
}

/**
 * Goes once through all entries that a store held when its policy came, in bounded steps; what is
 * inserted meanwhile is met too, and known already.
 */
export class Adoption {
  isDone: boolean;
  private databaseIndex = 0;
  private cursor = 0;
  private readonly out = new AddressBuffer(64);

  constructor(isNeeded: boolean) {
    this.isDone = !isNeeded;
  }

  step(store: Store, entryCount: number, adopter: Adopter): void {
    const database = store.databases[this.databaseIndex];
    this.cursor = database.scan(this.cursor, entryCount, this.out);
    for (let i = 0; i < this.out.count; i++) {
      const entry = this.out.addresses[i];
      const hash = database.hashOf(entry);
      const { memory } = database;
      memory.locate(entry);
      const word1 = memory.view.getUint32(memory.base + 4, true);
      const bytes = entryBytes(memory.view, memory.base);
      const access = adopter.adopt(word1 >>> 8, hash, bytes);
      if (access < 0) continue;
      memory.locate(entry);
      memory.view.setUint32(memory.base + 4, (word1 & 0xff) | (access << 8), true);
    }
    if (this.cursor !== 0) return;
    this.databaseIndex++;
    this.isDone = this.databaseIndex >= store.usedDatabaseCount;
  }
}
