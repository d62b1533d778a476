import { ENCODING } from '../../engine/keyspace/entry.ts';
import type { FrozenEntry } from '../../engine/snapshot/frozen-entry.ts';
import {
  elementBytes,
  isEnd,
  LISTPACK_HEADER_BYTES,
  listpackCount,
} from '../../engine/values/packed/listpack.ts';
import { recordTree } from '../../engine/values/tree-record.ts';
import { RDB_TYPE } from '../format.ts';
import { writeElement } from './element.ts';
import type { EntryWriter } from './entry-writer.ts';
import { StepPace } from './step-pace.ts';

/** 7.0 knows no listpacks of sets: their members are written one by one. */
export function writeSmallSet(writer: EntryWriter, entry: FrozenEntry): void {
  const { value } = entry;
  if (entry.encoding === ENCODING.INTSET) {
    writer.writeHead(entry, RDB_TYPE.SET_INTSET);
    return writer.writeSlice(value);
  }
  writer.writeHead(entry, RDB_TYPE.SET);
  const { bytes, view, offset } = value;
  writer.buffer.writeLength(listpackCount(view, offset));
  for (let at = offset + LISTPACK_HEADER_BYTES; !isEnd(view, at); at += elementBytes(view, at)) {
    writeElement(writer.buffer, bytes, view, at);
  }
}

export function* writeLargeSet(writer: EntryWriter, entry: FrozenEntry): Generator<void, void> {
  const tree = recordTree(entry.value.view, entry.value.offset, 0);
  writer.writeHead(entry, RDB_TYPE.SET);
  writer.buffer.writeLength(entry.treeCount(tree));
  const pace = new StepPace(writer.buffer);
  const walk = entry.walkLast(tree);
  while (walk.next()) {
    writer.writeSlice(walk.payload);
    if (pace.isSpent()) yield;
  }
}
