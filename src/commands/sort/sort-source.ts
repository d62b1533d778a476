/** Copies of the elements of a list, set or sorted set, in its own order. */
import type { Database } from '../../engine/database.ts';
import { TYPE } from '../../engine/keyspace/entry.ts';
import { Slice } from '../../engine/slice.ts';
import { ListWalker } from '../../engine/values/list/list-walker.ts';
import { OpenSet } from '../../engine/values/set/open-set.ts';
import { ZsetWalker } from '../../engine/values/zset/zset-walker.ts';

/** @returns null when the entry is of another type */
export function elementsOf(database: Database, entry: number): Uint8Array[] | null {
  const type = database.typeOf(entry);
  if (type === TYPE.LIST) return elementsOfList(database, entry);
  if (type === TYPE.SET) return elementsOfSet(database, entry);
  return type === TYPE.ZSET ? elementsOfZset(database, entry) : null;
}

function elementsOfList(database: Database, entry: number): Uint8Array[] {
  const elements: Uint8Array[] = [];
  const walker = new ListWalker();
  const slice = new Slice();
  for (let has = walker.open(database, entry, 0); has; has = walker.next()) {
    walker.read(slice);
    elements.push(slice.copy());
  }
  return elements;
}

function elementsOfSet(database: Database, entry: number): Uint8Array[] {
  const elements: Uint8Array[] = [];
  const set = new OpenSet().open(database, entry);
  const slice = new Slice();
  set.rewind();
  while (set.next(slice)) elements.push(slice.copy());
  return elements;
}

function elementsOfZset(database: Database, entry: number): Uint8Array[] {
  const elements: Uint8Array[] = [];
  const walker = new ZsetWalker().open(database, entry);
  for (let has = walker.seekFirst(); has; has = walker.next()) {
    elements.push(walker.showMember().copy());
  }
  return elements;
}
