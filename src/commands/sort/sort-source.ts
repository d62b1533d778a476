/** Copies of the elements of a list, set or sorted set, in its own order. */
import type { Database } from '../../engine/database.ts';
import { TYPE } from '../../engine/keyspace/entry.ts';
import { Slice } from '../../engine/slice.ts';
import { ListWalker } from '../../engine/values/list/list-walker.ts';
import { OpenSet } from '../../engine/values/set/open-set.ts';
import { ZsetWalker } from '../../engine/values/zset/zset-walker.ts';
import { TextColumn } from './text-column.ts';

/** @returns null when the entry is of another type */
export function elementsOf(database: Database, entry: number): TextColumn | null {
  const elements = new TextColumn();
  const type = database.typeOf(entry);
  if (type === TYPE.LIST) addElementsOfList(elements, database, entry);
  else if (type === TYPE.SET) addElementsOfSet(elements, database, entry);
  else if (type === TYPE.ZSET) addElementsOfZset(elements, database, entry);
  else return null;
  return elements;
}

function addElementsOfList(elements: TextColumn, database: Database, entry: number): void {
  const walker = new ListWalker();
  const slice = new Slice();
  for (let has = walker.open(database, entry, 0); has; has = walker.next()) {
    walker.read(slice);
    elements.add(slice);
  }
}

function addElementsOfSet(elements: TextColumn, database: Database, entry: number): void {
  const set = new OpenSet().open(database, entry);
  const slice = new Slice();
  set.rewind();
  while (set.next(slice)) elements.add(slice);
}

function addElementsOfZset(elements: TextColumn, database: Database, entry: number): void {
  const walker = new ZsetWalker().open(database, entry);
  for (let has = walker.seekFirst(); has; has = walker.next()) elements.add(walker.showMember());
}
