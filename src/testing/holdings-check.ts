/** Whether a database holds exactly what its keys need, and its schedule what their fields say. */
import assert from 'node:assert/strict';
import type { Database } from '../engine/database.ts';
import { DatabaseBlocks } from '../engine/database-blocks.ts';
import { entryBytes, FLAG, headerBytes, keyLength, TYPE } from '../engine/keyspace/entry.ts';
import { AddressBuffer } from '../engine/keyspace/hash-index.ts';
import { Slice } from '../engine/slice.ts';
import { OpenHash } from '../engine/values/hash/open-hash.ts';
import { recordTree } from '../engine/values/tree-record.ts';
import { checkTree } from './tree-check.ts';

/** Moves about that many bytes of blocks, due or not. */
export function compactAnyhow(database: Database, byteCount: number): void {
  database.memory.compact(new DatabaseBlocks(database), byteCount);
}

/** Fails when a byte is held that nobody needs, or a tree or the schedule is broken. */
export function checkHoldings(database: Database): void {
  while (database.trees.drain(1000)) {
    // Until no grave is left.
  }
  const { memory, trees, entries, fieldSchedule } = database;
  let byteCount = entries.byteCount - entries.sideByteCount;
  let treeCount = 0;
  const due = new Map<string, number>();
  for (const entry of entriesOf(database)) {
    memory.locate(entry);
    const { view, base } = memory;
    byteCount += entryBlockBytes(database);
    const word0 = view.getUint32(base, true);
    if ((word0 & FLAG.TREE) !== 0) {
      const at = base + headerBytes(word0) + keyLength(view, base, word0);
      const count = view.getUint32(at, true);
      const ids = Array.from({ length: count }, (_, i) => recordTree(view, at, i));
      for (const id of ids) byteCount += checkTree(trees, id);
      treeCount += count;
    }
    if (database.typeOf(entry) === TYPE.HASH) noteDue(database, entry, due);
  }
  if (fieldSchedule.tree !== 0) {
    byteCount += checkTree(trees, fieldSchedule.tree);
    treeCount++;
  }
  assert.deepEqual(scheduleOf(database), due, 'the schedule names each hash by its earliest field');
  assert.equal(trees.table.treeCount, treeCount, 'no tree is left behind');
  assert.equal(memory.liveBytes, byteCount, 'what is held is what the keys need');
}

function entriesOf(database: Database): number[] {
  const out = new AddressBuffer(128);
  const found: number[] = [];
  let cursor = 0;
  do {
    cursor = database.scan(cursor, 100, out);
    for (let i = 0; i < out.count; i++) found.push(out.addresses[i]);
  } while (cursor !== 0);
  return found;
}

function entryBlockBytes({ memory }: Database): number {
  return memory.classBytes(entryBytes(memory.view, memory.base));
}

function noteDue(database: Database, entry: number, due: Map<string, number>): void {
  const hash = new OpenHash().open(database, entry);
  const field = new Slice();
  const value = new Slice();
  let earliestMs = Number.POSITIVE_INFINITY;
  hash.rewind();
  while (hash.nextOfAll(field, value)) {
    if (hash.deadlineMs !== 0) earliestMs = Math.min(earliestMs, hash.deadlineMs);
  }
  const isScheduled = earliestMs !== Number.POSITIVE_INFINITY;
  assert.equal(hash.isScheduled, isScheduled, 'the flag says whether a field has a deadline');
  if (isScheduled) due.set(keyText(database, entry), earliestMs);
}

function keyText(database: Database, entry: number): string {
  return Buffer.from(database.keySlice(entry).copy()).toString('latin1');
}

function scheduleOf(database: Database): Map<string, number> {
  const { fieldSchedule, trees } = database;
  const found = new Map<string, number>();
  if (fieldSchedule.tree === 0) return found;
  const { cursor } = trees;
  for (let isThere = cursor.seekFirst(fieldSchedule.tree); isThere; isThere = cursor.next()) {
    const end = cursor.payloadOffset + cursor.payloadLength;
    const key = Buffer.from(cursor.bytes.slice(cursor.payloadOffset, end)).toString('latin1');
    assert.ok(!found.has(key), 'a hash is scheduled once');
    found.set(key, cursor.key);
  }
  return found;
}
