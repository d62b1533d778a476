import { copyBytes } from '../base/bytes.ts';
import { assert } from '../base/errors.ts';
import type { Frame } from '../base/frame.ts';
import { type Database, NO_DEADLINE } from './database.ts';
import { untrackEntry } from './entry-access.ts';
import { EVENT } from './event-table.ts';
import { FLAG, headerBytes } from './keyspace/entry.ts';
import { writeEntry } from './keyspace/entry-writer.ts';
import { hugeHeadFits, writeHugeHead } from './keyspace/huge-head.ts';
import { HUGE_ADDRESS_MIN } from './memory/block-address.ts';
import { STORE_STAT } from './store-stats.ts';
import { copyRecordTrees } from './values/tree-record.ts';

/**
 * RENAME: the entry that `find` found under `fromArg` goes on under `toArg`, over what is there.
 */
export function renameEntry(
  database: Database,
  entry: number,
  frame: Frame,
  fromArg: number,
  toArg: number,
): void {
  const store = database.store;
  if (!handOver(database, entry, database, frame, toArg)) {
    const placed = writeUnder(database, entry, database, frame, toArg, false);
    const isScheduled = (wordOf(database, entry) & FLAG.SCHEDULED) !== 0;
    if (isScheduled) database.fieldSchedule.removeEntry(database, entry);
    forgetTrees(database, entry);
    database.dropUnfound(entry);
    if (isScheduled) database.fieldSchedule.addEntry(database, placed);
  }
  store.stats[STORE_STAT.CHANGES]++;
  if (!store.sink.isActive) return;
  store.effect.begin('RENAME', database.index, 1);
  addArguments(database, frame, fromArg, toArg);
  store.effect.alsoChanges(2);
  store.recordEffect(EVENT.rename);
}

/** COPY into a database of the same store; value and deadline. */
export function copyEntry(
  database: Database,
  entry: number,
  target: Database,
  frame: Frame,
  toArg: number,
): void {
  const placed = duplicate(database, entry, target, frame, toArg, true);
  const store = target.store;
  store.stats[STORE_STAT.CHANGES]++;
  if (!store.sink.isActive) return;
  const key = database.keySlice(entry);
  store.effect.begin('COPY', database.index, 2).bytes(key.bytes, key.offset, key.length);
  const copied = target.keySlice(placed);
  store.effect.bytes(copied.bytes, copied.offset, copied.length);
  // A named store has one database, of which no number is the name.
  if (target !== database) store.effect.text('DB').number(target.index);
  store.effect.text('REPLACE');
  store.recordEffect(EVENT.copyTo);
}

/**
 * MOVE: the same key in another database of the store; the caller checked that it is free there.
 */
export function moveEntry(
  database: Database,
  entry: number,
  target: Database,
  frame: Frame,
  keyArg: number,
): void {
  const store = database.store;
  if (!handOver(database, entry, target, frame, keyArg)) {
    duplicate(database, entry, target, frame, keyArg, false);
    database.dropUnfound(entry);
  }
  store.stats[STORE_STAT.CHANGES]++;
  if (!store.sink.isActive) return;
  store.effect.begin('MOVE', database.index, 1);
  store.effect.bytes(frame.bytes, frame.offsets[keyArg], frame.lengths[keyArg]);
  store.effect.number(target.index);
  store.recordEffect(EVENT.move);
}

/**
 * RENAME and MOVE of a huge entry: its segment goes on under the key in `toArg`, over what is
 * there.
 * @returns false when it is not huge, or its head would not fit; nothing has changed then
 */
function handOver(
  source: Database,
  entry: number,
  target: Database,
  frame: Frame,
  toArg: number,
): boolean {
  if (entry < HUGE_ADDRESS_MIN) return false;
  const isSame = source === target;
  const deadline = source.deadline64Of(entry);
  const hasDeadline = source.deadlineOf(entry) !== NO_DEADLINE;
  const keyLength = frame.lengths[toArg];
  source.memory.locate(entry);
  if (!hugeHeadFits(source.memory, keyLength, hasDeadline)) return false;
  if (!isSame && !target.memory.canAdopt) return false;
  const replaced = target.find(frame, toArg);
  if (replaced !== 0) target.dropFound(replaced);
  source.memory.beforeChange(entry);
  if (!isSame && hasDeadline) source.wheel?.remove(entry);
  const isFound = source.entries.findAddress(source.hashOf(entry), entry);
  assert(isFound, 'an entry that is handed over is in the index');
  const { tracker } = source.store;
  if (tracker !== null) untrackEntry(source, tracker, entry);
  source.filter?.remove(entry);
  source.entries.removeFound();
  const placed = isSame ? entry : target.memory.adoptHuge(source.memory, entry);
  const keyAt = frame.offsets[toArg];
  target.memory.locate(placed);
  const key = frame.bytes.subarray(keyAt, keyAt + keyLength);
  writeHugeHead(target.memory, key, hasDeadline);
  target.find(frame, toArg);
  // Within one database the wheel knows the entry, by the address that it keeps.
  target.install(placed, 0, isSame || !hasDeadline ? NO_DEADLINE : deadline);
  return true;
}

/**
 * Writes a copy of the entry under the key in `toArg`, trees and all.
 * @param isNew  to the eviction policy too
 */
function duplicate(
  source: Database,
  entry: number,
  target: Database,
  frame: Frame,
  toArg: number,
  isNew: boolean,
): number {
  const placed = writeUnder(source, entry, target, frame, toArg, isNew);
  const word0 = wordOf(target, placed);
  if ((word0 & FLAG.TREE) !== 0) copyRecordTrees(target, placed, source);
  if ((word0 & FLAG.SCHEDULED) !== 0) target.fieldSchedule.addEntry(target, placed);
  return placed;
}

/** Its trees belong to another entry now. */
function forgetTrees(database: Database, entry: number): void {
  database.memory.beforeChange(entry);
  const word0 = wordOf(database, entry) & ~FLAG.TREE;
  database.memory.view.setUint32(database.memory.base, word0, true);
}

function wordOf(database: Database, entry: number): number {
  database.memory.locate(entry);
  return database.memory.view.getUint32(database.memory.base, true);
}

/**
 * Writes the entry's bytes under the key in `toArg`, over what is there. Leaves the source
 * untouched: a record names the same trees in both.
 */
function writeUnder(
  source: Database,
  entry: number,
  target: Database,
  frame: Frame,
  toArg: number,
  isNew: boolean,
): number {
  const replaced = target.find(frame, toArg);
  if (replaced !== 0) target.dropFound(replaced);
  // Again, since removing may have changed where the key would go.
  target.find(frame, toArg);
  const deadline = source.deadline64Of(entry);
  const from = source.planFrom(entry);
  const fromView = source.memory.view;
  const fromBytes = source.memory.bytes;
  const fromValue = from.keyOffset + from.keyLength;
  const { kind, flags, valueLength, hasDeadline, access } = from;
  const plan = target.planFor(frame, toArg);
  plan.kind = kind;
  plan.flags = flags;
  plan.valueLength = valueLength;
  plan.capacity = valueLength;
  plan.hasDeadline = hasDeadline;
  if (!isNew) plan.access = access;
  const memory = target.memory;
  const placed = writeEntry(memory, plan);
  const { view, bytes, base } = memory;
  const at = base + headerBytes(view.getUint32(base, true)) + plan.keyLength;
  copyBytes(view, bytes, at, fromView, fromBytes, fromValue, valueLength);
  target.install(placed, 0, hasDeadline ? deadline : NO_DEADLINE);
  return placed;
}

function addArguments(database: Database, frame: Frame, fromArg: number, toArg: number): void {
  const effect = database.store.effect;
  effect.bytes(frame.bytes, frame.offsets[fromArg], frame.lengths[fromArg]);
  effect.bytes(frame.bytes, frame.offsets[toArg], frame.lengths[toArg]);
}
