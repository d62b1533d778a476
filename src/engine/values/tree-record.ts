/**
 * What an entry holds whose value lies in trees (FLAG.TREE): the record of a large collection.
 *
 *     tree count u32 | tree id u32 ... | whatever the type keeps beside
 *
 * So that removing, copying and measuring a value need not know its type.
 */
import type { Database } from '../database.ts';
import { FLAG, headerBytes, keyLength } from '../keyspace/entry.ts';

/** Bytes before what the type keeps beside. */
export function recordHeadBytes(treeCount: number): number {
  return 4 + 4 * treeCount;
}

/** The `index`-th tree of the record that begins at `valueAt`. */
export function recordTree(view: DataView, valueAt: number, index: number): number {
  return view.getUint32(valueAt + 4 + 4 * index, true);
}

export function setRecordTree(view: DataView, valueAt: number, index: number, id: number): void {
  view.setUint32(valueAt + 4 + 4 * index, id, true);
}

/** Gives all trees of the entry to the background, which frees them in steps. */
export function releaseTrees(database: Database, entry: number): void {
  const { memory } = database;
  memory.locate(entry);
  const { view } = memory;
  const at = recordAt(database);
  const count = view.getUint32(at, true);
  for (let i = 0; i < count; i++) database.trees.release(recordTree(view, at, i));
  memory.locate(entry);
}

/** Exact bytes of all trees of the entry; 0 for a value that has none. */
export function treeBytes(database: Database, entry: number): number {
  const { memory } = database;
  memory.locate(entry);
  const { view, base } = memory;
  if ((view.getUint32(base, true) & FLAG.TREE) === 0) return 0;
  const at = recordAt(database);
  const count = view.getUint32(at, true);
  let byteCount = 0;
  for (let i = 0; i < count; i++) byteCount += database.trees.byteCount(recordTree(view, at, i));
  memory.locate(entry);
  return byteCount;
}

/** The located copy of a record gets trees of its own, copies of `source`'s. */
export function copyRecordTrees(target: Database, entry: number, source: Database): void {
  const { memory } = target;
  memory.locate(entry);
  const count = memory.view.getUint32(recordAt(target), true);
  for (let i = 0; i < count; i++) {
    memory.locate(entry);
    const id = recordTree(memory.view, recordAt(target), i);
    const copied = source.trees.copy(id, target.trees);
    memory.locate(entry);
    setRecordTree(memory.view, recordAt(target), i, copied);
  }
}

function recordAt(database: Database): number {
  const { view, base } = database.memory;
  const word0 = view.getUint32(base, true);
  return base + headerBytes(word0) + keyLength(view, base, word0);
}
