/**
 * Frozen entries as plain text, to be compared: type, flags, deadline, and every byte of the value.
 */
import type { Database } from '../engine/database.ts';
import { TYPE } from '../engine/keyspace/entry.ts';
import { AddressBuffer } from '../engine/keyspace/hash-index.ts';
import type { FrozenEntry, FrozenWalk, SnapshotTarget } from '../engine/snapshot/frozen-entry.ts';
import { freezeNow } from '../engine/snapshot/live-entry.ts';
import type { Store } from '../engine/store.ts';
import { recordTree, setRecordTree } from '../engine/values/tree-record.ts';
import type { Draw } from './seeded.ts';

/** Text of each entry by database and key. */
export type FrozenModel = Map<string, string>;

/** What the store holds now. */
export function modelOf(store: Store): FrozenModel {
  const model: FrozenModel = new Map();
  for (const database of store.databases) {
    for (const entry of entriesOf(database)) {
      const frozen = freezeNow(database, entry);
      const text = new EntryText(frozen);
      for (const id of text.treeIds) text.addWalk(frozen.treeCount(id), frozen.walk(id));
      model.set(nameOf(frozen), text.text);
    }
  }
  return model;
}

/** Keeps what it is told, and now and then lets others run. */
export class ModelTarget implements SnapshotTarget {
  readonly model: FrozenModel = new Map();
  /** Entries that came while a large one was under way. */
  earlyCount = 0;
  largeCount = 0;
  private isWriting = false;
  private readonly draw: Draw;

  constructor(draw: Draw) {
    this.draw = draw;
  }

  writeSmall(frozen: FrozenEntry): void {
    if (this.isWriting) this.earlyCount++;
    const text = new EntryText(frozen);
    const { draw } = this;
    for (const id of text.treeIds) {
      const count = frozen.treeCount(id);
      text.addWalk(count, draw(2) === 0 ? frozen.walk(id) : frozen.walkLast(id));
    }
    this.put(frozen, text.text);
  }

  *writeLarge(frozen: FrozenEntry): Generator<void, void> {
    this.largeCount++;
    this.isWriting = true;
    const { draw } = this;
    if (draw(2) === 0) yield;
    const text = new EntryText(frozen);
    for (const id of text.treeIds) {
      const count = frozen.treeCount(id);
      // Twice, as who writes what a group has pending does.
      if (draw(3) === 0) {
        const first = new EntryText(frozen);
        first.addWalk(count, frozen.walk(id));
        yield;
      }
      const walk = draw(3) === 0 ? frozen.walk(id) : frozen.walkLast(id);
      text.text += `|${count}`;
      while (walk.next()) {
        text.addElement(walk);
        if (draw(20) === 0) yield;
      }
    }
    if (!frozen.isLarge) {
      yield;
      text.text = new EntryText(frozen).text;
    }
    this.put(frozen, text.text);
    this.isWriting = false;
  }

  private put(frozen: FrozenEntry, text: string): void {
    const name = nameOf(frozen);
    if (this.model.has(name)) throw new Error(`${name} was written twice`);
    this.model.set(name, text);
  }
}

/** Which entries differ, in words. */
export function differencesOf(found: FrozenModel, wanted: FrozenModel): string[] {
  const told: string[] = [];
  for (const [name, text] of wanted) {
    const other = found.get(name);
    if (other === undefined) told.push(`${name} is missing`);
    else if (other !== text)
      told.push(`${name} is ${brief(other, text)}, not ${brief(text, other)}`);
  }
  for (const name of found.keys()) if (!wanted.has(name)) told.push(`${name} was not there`);
  return told;
}

/** Live entries. */
export function entriesOf(database: Database): number[] {
  const out = new AddressBuffer(128);
  const found: number[] = [];
  let cursor = 0;
  do {
    cursor = database.scan(cursor, 100, out);
    for (let i = 0; i < out.count; i++) found.push(out.addresses[i]);
  } while (cursor !== 0);
  return found;
}

class EntryText {
  text: string;
  readonly treeIds: number[] = [];

  constructor(frozen: FrozenEntry) {
    const { type, encoding, isJson, deadlineMs, isLarge, value } = frozen;
    const bytes = value.copy();
    if (isLarge) {
      const view = new DataView(bytes.buffer);
      const count = view.getUint32(0, true);
      const walked = type === TYPE.HASH || type === TYPE.ZSET ? 1 : count;
      for (let i = 0; i < count; i++) {
        if (i < walked) this.treeIds.push(recordTree(view, 0, i));
        setRecordTree(view, 0, i, 0);
      }
    }
    const flags = `${isJson ? 'json ' : ''}${isLarge ? 'large ' : ''}`;
    this.text = `${type}/${encoding} ${flags}until ${deadlineMs}: ${latin1(bytes)}`;
  }

  addWalk(count: number, walk: FrozenWalk): void {
    this.text += `|${count}`;
    while (walk.next()) this.addElement(walk);
  }

  addElement(walk: FrozenWalk): void {
    this.text += `,${walk.key}*${walk.elementCount}=${latin1(walk.payload.copy())}`;
  }
}

function nameOf(frozen: FrozenEntry): string {
  return `${frozen.databaseIndex}/${latin1(frozen.key.copy())}`;
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

/** Where it begins to differ. */
function brief(text: string, other: string): string {
  let at = 0;
  while (at < text.length && text[at] === other[at]) at++;
  return JSON.stringify(`${text.slice(0, 20)}...@${at}${text.slice(at, at + 40)}`);
}
