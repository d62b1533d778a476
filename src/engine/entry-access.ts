/** What passes between an entry's access bits and the policy of its store. */
import type { Database } from './database.ts';
import type { EntryTracker } from './eviction/eviction-policy.ts';
import { entryBytes, FLAG } from './keyspace/entry.ts';
import { raisedHash } from './keyspace/hash-index.ts';

/** Items of its queues that a policy which is behind looks at for each new entry. */
const KEPT_UP_COUNT = 4;

export function accessOf(database: Database, entry: number): number {
  const { memory } = database;
  memory.locate(entry);
  return memory.view.getUint32(memory.base + 4, true) >>> 8;
}

/** Seconds since the last use; -1 when the policy does not keep that. */
export function idleSecondsOf(database: Database, entry: number): number {
  return database.store.policy.idleS(accessOf(database, entry));
}

/** On the policy's own scale; -1 when it does not keep that. */
export function frequencyOf(database: Database, entry: number): number {
  return database.store.policy.frequency(accessOf(database, entry), database.hashOf(entry));
}

/**
 * What RESTORE and files say of a key's use, as far as the policy keeps that; -1: not said.
 * @param frequency  0 to 255
 */
export function setUse(database: Database, entry: number, idleS: number, frequency: number): void {
  const { policy } = database.store;
  const fresh = policy.initialAccess();
  let access = -1;
  if (policy.accessKind === 'lfu' && frequency >= 0) access = (fresh & ~0xff) | frequency;
  if (policy.accessKind === 'clock' && idleS >= 0) access = (fresh - idleS) & 0xff_ffff;
  if (policy.accessKind === 'session' && idleS >= 0) access = (fresh - idleS) & 0x7f_ffff;
  if (access < 0) return;
  const { memory } = database;
  memory.beforeChange(entry);
  memory.locate(entry);
  const { view, base } = memory;
  view.setUint32(base + 4, (view.getUint32(base + 4, true) & 0xff) | (access << 8), true);
}

export function hasDeadline(database: Database, entry: number): boolean {
  const { memory } = database;
  memory.locate(entry);
  return (memory.view.getUint32(memory.base, true) & FLAG.DEADLINE) !== 0;
}

/** Access bits of the located entry, once another value has taken its value's place. */
export function overwrittenAccess(database: Database): number {
  const { view, base } = database.memory;
  return database.store.policy.onOverwrite(view.getUint32(base + 4, true) >>> 8, database.hash);
}

/** Tells the policy of an entry that came into the index as the key that was looked for last. */
export function trackEntry(database: Database, tracker: EntryTracker, entry: number): void {
  const { memory, store } = database;
  memory.locate(entry);
  const { view, base } = memory;
  const word1 = view.getUint32(base + 4, true);
  const hash = raisedHash(database.hash);
  const access = tracker.onInsert(word1 >>> 8, hash, entryBytes(view, base));
  view.setUint32(base + 4, (word1 & 0xff) | (access << 8), true);
  if (tracker.isBehind) tracker.keepUp(store, KEPT_UP_COUNT);
}

/** Tells the policy of the entry that was found last, and leaves the index. */
export function untrackEntry(database: Database, tracker: EntryTracker, entry: number): void {
  tracker.onRemoved(accessOf(database, entry), database.entries.foundHash);
}
