/**
 * A set that is being put together from others and has no key yet: a tree of members, which then
 * becomes a key's value or is thrown away.
 */
import { bytesEqual, copyBytes } from '../../../base/bytes.ts';
import type { Frame } from '../../../base/frame.ts';
import { hashBytes } from '../../../base/hash.ts';
import type { Database } from '../../database.ts';
import { ENCODING, FLAG, TYPE } from '../../keyspace/entry.ts';
import type { Slice } from '../../slice.ts';
import { FORMAT } from '../../tree/page-layout.ts';
import { TreeCursor } from '../../tree/tree-cursor.ts';
import { createValue } from '../packed/packed-value.ts';
import { recordHeadBytes, setRecordTree } from '../tree-record.ts';
import { OpenSet, type SetLimits } from './open-set.ts';
import { SetMember } from './set-member.ts';

/** So many members do not fit into a listpack, however short they are. */
const ADOPTED_COUNT_MIN = 512;
/** Members of one recorded SADD. */
const RECORDED_MEMBERS_MAX = 1000;

export class SetBuilder {
  private readonly database: Database;
  private readonly limits: SetLimits;
  private readonly cursor: TreeCursor;
  private readonly tree: number;
  private readonly member = new SetMember();
  /** The tree is a key's value now. */
  private isAdopted = false;

  constructor(database: Database, limits: SetLimits) {
    this.database = database;
    this.limits = limits;
    this.cursor = new TreeCursor(database.trees.table);
    this.tree = database.trees.create(FORMAT.SLOTTED32);
  }

  get count(): number {
    return this.database.trees.count(this.tree);
  }

  /** Adds the member, if it is not there. Its bytes may lie in another set of the database. */
  add({ view, bytes, offset, length }: SetMember): void {
    const { cursor } = this;
    const { seed0, seed1 } = this.database.store;
    const hash = hashBytes(view, offset, length, seed0, seed1) >>> 0;
    let isThere = cursor.seek(this.tree, hash);
    for (; isThere && cursor.key === hash; isThere = cursor.next()) {
      if (cursor.payloadLength !== length) continue;
      if (bytesEqual(cursor.view, cursor.payloadOffset, view, offset, length)) return;
    }
    cursor.insertHere(hash, length);
    copyBytes(cursor.view, cursor.bytes, cursor.payloadOffset, view, bytes, offset, length);
  }

  /** Shows each member. @returns how many */
  each(slice: Slice, visit: () => void): number {
    const { cursor } = this;
    for (let isThere = cursor.seekFirst(this.tree); isThere; isThere = cursor.next()) {
      slice.bytes = cursor.bytes;
      slice.view = cursor.view;
      slice.offset = cursor.payloadOffset;
      slice.length = cursor.payloadLength;
      visit();
    }
    return this.count;
  }

  /** To be called in the end, whatever became of the members. */
  release(): void {
    if (!this.isAdopted) this.database.trees.release(this.tree);
  }

  /** Makes the members the value of the key that the last `find` missed: many, the tree itself. */
  finish(frame: Frame, keyArg: number): void {
    const { database, cursor, limits, count } = this;
    const isLarge = count > limits.setMaxIntsetEntries;
    if (isLarge && count > ADOPTED_COUNT_MIN) {
      this.adopt(frame, keyArg);
      return;
    }
    const target = new OpenSet();
    let isFirst = true;
    const sizeHint = isLarge ? Infinity : 1;
    for (let isThere = cursor.seekFirst(this.tree); isThere; isThere = cursor.next()) {
      const { view, bytes, payloadOffset, payloadLength } = cursor;
      const member = this.member.at(view, bytes, payloadOffset, payloadLength);
      if (isFirst) target.create(database, frame, keyArg, { first: member, sizeHint, limits });
      isFirst = false;
      target.add(member, limits);
    }
  }

  private adopt(frame: Frame, keyArg: number): void {
    const { database } = this;
    const kind = TYPE.SET | (ENCODING.HASHTABLE << 4);
    createValue(database, frame, keyArg, kind, FLAG.TREE, recordHeadBytes(1));
    database.memory.view.setUint32(database.valueAt, 1, true);
    setRecordTree(database.memory.view, database.valueAt, 0, this.tree);
    this.isAdopted = true;
  }

  /** Records the members as SADD commands. */
  record(frame: Frame, keyArg: number, event: number): void {
    const { database, cursor } = this;
    const { store } = database;
    let isThere = cursor.seekFirst(this.tree);
    for (let isFirst = true; isThere; isFirst = false) {
      const effect = store.effect.begin('SADD', database.index, 1);
      effect.bytes(frame.bytes, frame.offsets[keyArg], frame.lengths[keyArg]);
      for (let i = 0; isThere && i < RECORDED_MEMBERS_MAX; i++) {
        effect.bytes(cursor.bytes, cursor.payloadOffset, cursor.payloadLength);
        isThere = cursor.next();
      }
      store.recordEffect(isFirst ? event : 0);
    }
  }
}
