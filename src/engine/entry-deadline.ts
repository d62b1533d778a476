import { copyBytes } from '../base/bytes.ts';
import { type Database, NO_DEADLINE } from './database.ts';
import { EVENT } from './event-table.ts';
import { headerBytes } from './keyspace/entry.ts';
import { writeEntry } from './keyspace/entry-writer.ts';
import { toggleHugeDeadline } from './keyspace/huge-head.ts';
import { STORE_STAT } from './store-stats.ts';

/** Gives the entry that deadline. Returns its address, which changes when it had none before. */
export function setDeadline(
  database: Database,
  entry: number,
  deadlineMs: number | bigint,
): number {
  const placed = placeDeadline(database, entry, deadlineMs);
  const store = database.store;
  store.stats[STORE_STAT.CHANGES]++;
  if (store.sink.isActive) {
    database.beginEffect('PEXPIREAT', placed).number(deadlineMs);
    store.recordEffect(EVENT.expire);
  }
  return placed;
}

/** Takes the entry's deadline away. Returns its new address. */
export function clearDeadline(database: Database, entry: number): number {
  const placed = rewrite(database, entry, false, NO_DEADLINE);
  const store = database.store;
  store.stats[STORE_STAT.CHANGES]++;
  if (store.sink.isActive) {
    database.beginEffect('PERSIST', placed);
    store.recordEffect(EVENT.persist);
  }
  return placed;
}

function placeDeadline(database: Database, entry: number, deadlineMs: number | bigint): number {
  if (database.deadlineOf(entry) === NO_DEADLINE) return rewrite(database, entry, true, deadlineMs);
  database.memory.beforeChange(entry);
  database.changeDeadline(entry, deadlineMs);
  return entry;
}

/** Rewrites the entry with or without the deadline field, value and all. */
function rewrite(
  database: Database,
  entry: number,
  hasDeadline: boolean,
  deadline: number | bigint,
): number {
  const { memory } = database;
  if (toggleHugeDeadline(memory, database.wheel, entry, hasDeadline)) {
    if (deadline !== NO_DEADLINE) database.startDeadline(entry, deadline);
    return entry;
  }
  database.refind(entry);
  const plan = database.planFrom(entry);
  plan.hasDeadline = hasDeadline;
  const fromView = memory.view;
  const fromBytes = memory.bytes;
  const fromValue = plan.keyOffset + plan.keyLength;
  const placed = writeEntry(memory, plan);
  const { view, bytes, base } = memory;
  const toValue = base + headerBytes(view.getUint32(base, true)) + plan.keyLength;
  copyBytes(view, bytes, toValue, fromView, fromBytes, fromValue, plan.valueLength);
  database.install(placed, entry, deadline);
  return placed;
}
