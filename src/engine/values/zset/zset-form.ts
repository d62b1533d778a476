/**
 * A sorted set's two forms.
 *
 * Small: a listpack behind the key, each member followed by its score, ordered by (score, member):
 * the bytes that redis-server keeps and saves. Large: a record (`tree-record.ts`) of two trees
 * (`zset-trees.ts`). What OBJECT ENCODING tells follows Redis' thresholds and says nothing about
 * the form; but a sorted set that tells `listpack` has no negative zero, as in Redis.
 */
import { assert } from '../../../base/errors.ts';
import type { Database } from '../../database.ts';
import { ENCODING, FLAG, headerBytes, keyLength, TYPE } from '../../keyspace/entry.ts';
import { Slice } from '../../slice.ts';
import {
  elementBytes,
  isEnd,
  LISTPACK_HEADER_BYTES,
  listpackCount,
  readElement,
} from '../packed/listpack.ts';
import { openValue, replaceValue, valueBytes } from '../packed/packed-value.ts';
import { recordHeadBytes, recordTree, setRecordTree } from '../tree-record.ts';
import { Member } from './member-order.ts';
import { readScore } from './score-element.ts';
import { type ZsetTrees, zsetTreesOf } from './zset-trees.ts';

export const ZSET_KIND: number = TYPE.ZSET | (ENCODING.LISTPACK << 4);
/** All members are looked at to find one: more go into trees. */
export const PACKED_COUNT_MAX = 128;
export const PACKED_BYTES_MAX = 8192;
export const ZSET_RECORD_BYTES: number = recordHeadBytes(2);
const ORDERED = 0;
const HASHED = 1;

const shown = new Slice();
const member = new Member();

/**
 * Opens the value: afterwards memory is located at the entry, and `database.valueAt` is where the
 * value begins.
 * @returns the set's trees; null when it is a listpack
 */
export function openZset(database: Database, entry: number): ZsetTrees | null {
  const { memory } = database;
  memory.locate(entry);
  const { view, base } = memory;
  const word0 = view.getUint32(base, true);
  const at = base + headerBytes(word0) + keyLength(view, base, word0);
  database.valueAt = at;
  if ((word0 & FLAG.TREE) === 0) return null;
  const orderedId = recordTree(view, at, ORDERED);
  return zsetTreesOf(database).open(database, orderedId, recordTree(view, at, HASHED));
}

/** `openZset` of one that lies in trees. */
export function requireTrees(database: Database, entry: number): ZsetTrees {
  const trees = openZset(database, entry);
  assert(trees !== null, 'the sorted set lies in trees');
  return trees as ZsetTrees;
}

/** Members. */
export function zsetCount(database: Database, entry: number): number {
  const trees = openZset(database, entry);
  if (trees !== null) return trees.count;
  return listpackCount(database.memory.view, database.valueAt) >>> 1;
}

/** Writes the record that names the trees at `database.valueAt`. */
export function writeRecord(database: Database, trees: ZsetTrees): void {
  const { view } = database.memory;
  const at = database.valueAt;
  view.setUint32(at, 2, true);
  setRecordTree(view, at, ORDERED, trees.orderedId);
  setRecordTree(view, at, HASHED, trees.hashedId);
}

/** Puts the members of a listpack into trees. @returns the entry's new address */
export function unpackZset(database: Database, entry: number): number {
  const { memory } = database;
  const start = openValue(database, entry);
  const bytes = memory.bytes.slice(start, start + valueBytes(database));
  const view = new DataView(bytes.buffer);
  const trees = zsetTreesOf(database).create(database);
  for (let at = LISTPACK_HEADER_BYTES; !isEnd(view, at); ) {
    const scoreAt = at + elementBytes(view, at);
    readElement(bytes, view, at, shown);
    member.point(shown.bytes, shown.view, shown.offset, shown.length);
    assert(!trees.find(member), 'a sorted set has each member once');
    trees.insertMissed(member, readScore(view, bytes, scoreAt));
    at = scoreAt + elementBytes(view, scoreAt);
  }
  const kind = TYPE.ZSET | (database.encodingOf(entry) << 4);
  const placed = replaceValue(database, entry, kind, FLAG.TREE, ZSET_RECORD_BYTES);
  writeRecord(database, trees);
  return placed;
}
