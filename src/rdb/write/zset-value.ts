/**
 * Sorted sets. redis-server writes a skiplist from its last member to its first; we do so where
 * that is one step, and in order where the set is larger: trees are walked forwards.
 */
import { ENCODING } from '../../engine/keyspace/entry.ts';
import type { FrozenEntry } from '../../engine/snapshot/frozen-entry.ts';
import {
  listpackBytes,
  listpackCount,
  previousElement,
} from '../../engine/values/packed/listpack.ts';
import { recordTree } from '../../engine/values/tree-record.ts';
import { readScore } from '../../engine/values/zset/score-element.ts';
import { RDB_TYPE } from '../format.ts';
import { writeElement } from './element.ts';
import type { EntryWriter } from './entry-writer.ts';
import { StepPace } from './step-pace.ts';

/** Beyond, neither a listpack is put together nor the order turned round. */
const ONE_STEP_COUNT_MAX = 512;

export function writeSmallZset(writer: EntryWriter, entry: FrozenEntry): void {
  const { value } = entry;
  if (entry.encoding === ENCODING.LISTPACK) {
    writer.writeHead(entry, RDB_TYPE.ZSET_LISTPACK);
    return writer.writeSlice(value);
  }
  writer.writeHead(entry, RDB_TYPE.ZSET_2);
  const { buffer } = writer;
  const { bytes, view, offset } = value;
  buffer.writeLength(listpackCount(view, offset) >>> 1);
  let scoreAt = previousElement(view, offset + listpackBytes(view, offset) - 1, offset);
  while (scoreAt !== 0) {
    const memberAt = previousElement(view, scoreAt, offset);
    writeElement(buffer, bytes, view, memberAt);
    buffer.writeDouble(readScore(view, bytes, scoreAt));
    scoreAt = previousElement(view, memberAt, offset);
  }
}

export function* writeLargeZset(writer: EntryWriter, entry: FrozenEntry): Generator<void, void> {
  const tree = recordTree(entry.value.view, entry.value.offset, 0);
  const count = entry.treeCount(tree);
  if (count <= ONE_STEP_COUNT_MAX) {
    if (entry.encoding === ENCODING.LISTPACK) return writeAsPack(writer, entry, tree);
    return writeBackwards(writer, entry, tree, count);
  }
  const { buffer } = writer;
  writer.writeHead(entry, RDB_TYPE.ZSET_2);
  buffer.writeLength(count);
  const pace = new StepPace(buffer);
  const walk = entry.walkLast(tree);
  while (walk.next()) {
    writer.writeSlice(walk.payload);
    buffer.writeDouble(walk.key);
    if (pace.isSpent()) yield;
  }
}

function writeAsPack(writer: EntryWriter, entry: FrozenEntry, tree: number): void {
  const { pack } = writer;
  pack.begin();
  const walk = entry.walkLast(tree);
  while (walk.next()) {
    pack.addSlice(walk.payload);
    pack.addScore(walk.key);
  }
  writer.writeHead(entry, RDB_TYPE.ZSET_LISTPACK);
  writer.writePack();
}

function writeBackwards(
  writer: EntryWriter,
  entry: FrozenEntry,
  tree: number,
  count: number,
): void {
  writer.writeHead(entry, RDB_TYPE.ZSET_2);
  writer.buffer.writeLength(count);
  // In order into the scratch buffer, and then each member from there, the last first.
  const { buffer: scratch } = writer.pack;
  scratch.clear();
  const starts: number[] = [];
  const walk = entry.walkLast(tree);
  while (walk.next()) {
    starts.push(scratch.length);
    const { bytes, view, offset, length } = walk.payload;
    scratch.writeString(bytes, view, offset, length);
    scratch.writeDouble(walk.key);
  }
  let end = scratch.length;
  for (let i = starts.length - 1; i >= 0; i--) {
    writer.buffer.writeRaw(scratch.bytes, scratch.view, starts[i], end - starts[i]);
    end = starts[i];
  }
}
