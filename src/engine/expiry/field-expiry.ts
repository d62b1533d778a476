/** Removes fields of hashes whose deadline has passed, in steps of a bounded number of fields. */
import type { Database } from '../database.ts';
import { EVENT } from '../event-table.ts';
import { Slice } from '../slice.ts';
import { STORE_STAT } from '../store-stats.ts';
import { OpenHash } from '../values/hash/open-hash.ts';

/** Work areas; they hold nothing between two steps. */
const HASH = new OpenHash();
const KEY = new Slice();
const FIELD = new Slice();
const VALUE = new Slice();

/** Whether some field's deadline has passed. */
export function fieldsAreDue(database: Database): boolean {
  return database.fieldSchedule.firstMs(database.trees) <= database.store.clock.nowMs;
}

/**
 * Removes up to `fieldCountMax` due fields of the hash that is due first, and records that as one
 * HDEL. A hash that loses its last field goes.
 */
export function expireFields(database: Database, fieldCountMax: number): void {
  const { store, fieldSchedule } = database;
  if (!fieldsAreDue(database)) return;
  fieldSchedule.showFirst(database.trees, KEY);
  // A key that has expired itself is removed here, and with it its place in the schedule.
  const entry = database.findBytes(KEY.bytes, KEY.view, KEY.offset, KEY.length);
  if (entry === 0) return;
  const actorId = store.actorId;
  store.actorId = 0;
  HASH.open(database, entry);
  dropDueFields(HASH, fieldCountMax);
  if (HASH.count === 0) database.dropEmptied(HASH.entry);
  else HASH.settleShrunk();
  store.actorId = actorId;
}

function dropDueFields(hash: OpenHash, fieldCountMax: number): void {
  const database = hash.database as Database;
  const { store } = database;
  const { isActive } = store.sink;
  const effect = isActive ? database.beginEffect('HDEL', hash.entry) : store.effect;
  let removed = 0;
  while (removed < fieldCountMax && hash.findDue(FIELD, VALUE)) {
    if (isActive) effect.bytes(FIELD.bytes, FIELD.offset, FIELD.length);
    hash.removeFound();
    removed++;
  }
  noteExpiredFields(database, removed);
}

/** After expired fields were removed: counts them, and records the effect that names them. */
export function noteExpiredFields(database: Database, count: number): void {
  const { store } = database;
  store.stats[STORE_STAT.EXPIRED_FIELDS] += count;
  store.stats[STORE_STAT.CHANGES] += count;
  if (store.sink.isActive) store.recordEffect(EVENT.hexpired);
}
