/**
 * A set that a command works on, in whichever form it lies:
 *
 *     intset     behind the key, while OBJECT ENCODING says intset
 *     listpack   behind the key, up to PACKED_BYTES_MAX
 *     tree       members ordered by hash, beyond that (`engine/tree/`)
 *
 * The encoding that is told follows Redis' thresholds and is independent of listpack or tree.
 */
import { bytesEqual, copyBytes } from '../../../base/bytes.ts';
import type { Frame } from '../../../base/frame.ts';
import { hashBytes } from '../../../base/hash.ts';
import { writeDigits } from '../../../base/numbers.ts';
import type { Database } from '../../database.ts';
import { ENCODING, FLAG, TYPE } from '../../keyspace/entry.ts';
import type { Slice } from '../../slice.ts';
import { HASH_END } from '../../tree/descent.ts';
import { FORMAT } from '../../tree/page-layout.ts';
import { TreeCursor } from '../../tree/tree-cursor.ts';
import {
  elementAt,
  elementBytes,
  initListpack,
  isEnd,
  LISTPACK_EMPTY_BYTES,
  LISTPACK_HEADER_BYTES,
  listpackCount,
  readElement,
} from '../packed/listpack.ts';
import {
  createValue,
  openValue,
  replaceValue,
  setEncoding,
  spliceListpack,
  spliceValue,
  valueBytes,
} from '../packed/packed-value.ts';
import { recordHeadBytes, recordTree, setRecordTree } from '../tree-record.ts';
import {
  findInIntset,
  INTSET_HEADER_BYTES,
  initIntset,
  intsetCount,
  intsetMember,
  intsetWidth,
  setIntsetCount,
  widenIntset,
  widthOf,
  writeIntsetMember,
} from './intset.ts';
import { SetMember } from './set-member.ts';

/** A longer listpack becomes a tree: no look-up reads more than this. */
export const PACKED_BYTES_MAX = 1024;
/** A tree with fewer members becomes a listpack again, if that is short. */
const UNPACKED_COUNT_MIN = 8;
const RECORD_BYTES = recordHeadBytes(1);
const KIND_INTSET = TYPE.SET | (ENCODING.INTSET << 4);

/** Settings that decide what OBJECT ENCODING tells. */
export interface SetLimits {
  readonly setMaxIntsetEntries: number;
  readonly setMaxListpackEntries: number;
  readonly setMaxListpackValueBytes: number;
}

export class OpenSet {
  database: Database | null = null;
  /** The set's entry, which a change may have moved. */
  entry = 0;
  private form: 'intset' | 'listpack' | 'tree' = 'listpack';
  private tree = 0;
  private cursor: TreeCursor | null = null;
  /** Where a walk is in an intset (index) or a listpack (place counted from the value). */
  private place = 0;
  private readonly moved = new SetMember();

  open(database: Database, entry: number): this {
    this.database = database;
    this.entry = entry;
    const at = openValue(database, entry);
    const { view, base } = database.memory;
    if ((view.getUint32(base, true) & FLAG.TREE) !== 0) {
      this.form = 'tree';
      this.tree = recordTree(view, at, 0);
      if (this.cursor === null || this.cursor.table !== database.trees.table) {
        this.cursor = new TreeCursor(database.trees.table);
      }
    } else {
      this.form = view.getUint8(base) === KIND_INTSET ? 'intset' : 'listpack';
    }
    return this;
  }

  /**
   * Makes an empty set under the key that the last `find` missed.
   * @param first  a member to come; an integer makes it an intset
   */
  create(
    database: Database,
    frame: Frame,
    keyArg: number,
    options: { first: SetMember; sizeHint: number; limits: SetLimits },
  ): this {
    const { first, sizeHint, limits } = options;
    const isIntset = first.integer() !== null;
    const isListpack = sizeHint <= limits.setMaxListpackEntries;
    const byteCount = isIntset ? INTSET_HEADER_BYTES : LISTPACK_EMPTY_BYTES;
    const encoding = isListpack ? ENCODING.LISTPACK : ENCODING.HASHTABLE;
    const kind = isIntset ? KIND_INTSET : TYPE.SET | (encoding << 4);
    const entry = createValue(database, frame, keyArg, kind, 0, byteCount);
    if (isIntset) initIntset(database.memory.view, database.valueAt);
    else initListpack(database.memory.view, database.valueAt);
    return this.open(database, entry);
  }

  /** Many members are coming: as Redis 7.2, a listpack changes before the first is there. */
  expect(sizeHint: number, limits: SetLimits): void {
    const encoding = this.require().encodingOf(this.entry);
    const isListpack = encoding === ENCODING.LISTPACK;
    if (isListpack && sizeHint > limits.setMaxListpackEntries) this.becomeHashtable();
  }

  get isIntset(): boolean {
    return this.form === 'intset';
  }

  get count(): number {
    const database = this.require();
    if (this.form === 'tree') return database.trees.count(this.tree);
    const at = openValue(database, this.entry);
    const { view } = database.memory;
    return this.form === 'intset' ? intsetCount(view, at) : listpackCount(view, at);
  }

  has(member: SetMember): boolean {
    const database = this.require();
    if (this.form === 'tree') return this.seekMember(member);
    const at = openValue(database, this.entry);
    const { view } = database.memory;
    if (this.form === 'intset') {
      const value = member.integer();
      return value !== null && findInIntset(view, at, value) >= 0;
    }
    return member.planned().find(view, at + LISTPACK_HEADER_BYTES, 1) !== 0;
  }

  /**
   * @param member  its bytes must lie outside of this set
   * @returns       whether it is new
   */
  add(member: SetMember, limits: SetLimits): boolean {
    if (this.form === 'intset') {
      const value = member.integer();
      if (value !== null) return this.addInteger(value, limits);
      this.leaveIntset(member.length, limits);
    }
    if (this.form === 'tree') {
      if (this.seekMember(member)) return false;
      this.noteMember(member.length, limits);
      this.insertAtCursor(member);
      return true;
    }
    const database = this.require();
    const { memory } = database;
    const at = openValue(database, this.entry);
    const plan = member.planned();
    if (plan.find(memory.view, at + LISTPACK_HEADER_BYTES, 1) !== 0) return false;
    this.noteMember(member.length, limits);
    openValue(database, this.entry);
    const length = valueBytes(database);
    if (length + plan.byteCount > PACKED_BYTES_MAX) {
      this.becomeTree();
      this.seekMember(member);
      this.insertAtCursor(member);
      return true;
    }
    this.entry = spliceListpack(database, this.entry, length - 1, 0, plan.byteCount, 1);
    plan.writeTo(memory.view, memory.bytes, database.valueAt + length - 1);
    return true;
  }

  /** @returns whether it was there; the set may be empty then */
  remove(member: SetMember): boolean {
    const database = this.require();
    if (this.form === 'tree') {
      if (!this.seekMember(member)) return false;
      this.cursorOf().removeHere();
      return true;
    }
    const at = openValue(database, this.entry);
    const { view } = database.memory;
    if (this.form === 'intset') {
      const value = member.integer();
      const index = value === null ? -1 : findInIntset(view, at, value);
      if (index < 0) return false;
      this.removeInteger(index);
      return true;
    }
    const place = member.planned().find(view, at + LISTPACK_HEADER_BYTES, 1);
    if (place === 0) return false;
    const byteCount = elementBytes(view, place);
    this.entry = spliceListpack(database, this.entry, place - at, byteCount, 0, -1);
    return true;
  }

  /** After removals: a tree with little in it becomes a listpack again. */
  settleShrunk(): void {
    const database = this.require();
    if (this.form !== 'tree' || this.count > UNPACKED_COUNT_MIN || this.count === 0) return;
    const cursor = this.cursorOf();
    let byteCount = LISTPACK_EMPTY_BYTES;
    for (let isThere = cursor.seekFirst(this.tree); isThere; isThere = cursor.next()) {
      byteCount += cursor.payloadLength + 7;
    }
    if (byteCount > PACKED_BYTES_MAX / 2) return;
    const oldTree = this.tree;
    const encoding = database.encodingOf(this.entry);
    const kind = TYPE.SET | (encoding << 4);
    const { memory } = database;
    const members: Uint8Array[] = [];
    for (let isThere = cursor.seekFirst(oldTree); isThere; isThere = cursor.next()) {
      const end = cursor.payloadOffset + cursor.payloadLength;
      members.push(cursor.bytes.slice(cursor.payloadOffset, end));
    }
    this.entry = replaceValue(database, this.entry, kind, 0, LISTPACK_EMPTY_BYTES);
    initListpack(memory.view, database.valueAt);
    this.open(database, this.entry);
    for (const bytes of members) {
      const plan = this.moved.at(new DataView(bytes.buffer), bytes, 0, bytes.length).planned();
      openValue(database, this.entry);
      const at = valueBytes(database) - 1;
      this.entry = spliceListpack(database, this.entry, at, 0, plan.byteCount, 1);
      plan.writeTo(memory.view, memory.bytes, database.valueAt + at);
    }
  }

  // --- walking: one walk at a time for each OpenSet; no changes while it goes on ---

  /** Goes in front of the first member. */
  rewind(): void {
    this.place = -1;
  }

  /** Shows the next member; false at the end. Valid until a change. */
  next(slice: Slice): boolean {
    const database = this.require();
    if (this.form === 'tree') {
      const cursor = this.cursorOf();
      const isThere = this.place === -1 ? cursor.seekFirst(this.tree) : cursor.next();
      this.place = 0;
      if (isThere) showPayload(cursor, slice);
      return isThere;
    }
    const at = openValue(database, this.entry);
    const { view, bytes } = database.memory;
    if (this.form === 'intset') {
      this.place++;
      if (this.place >= intsetCount(view, at)) return false;
      showInteger(intsetMember(view, at, this.place), slice);
      return true;
    }
    if (this.place === -1) this.place = LISTPACK_HEADER_BYTES;
    else this.place += elementBytes(view, at + this.place);
    if (isEnd(view, at + this.place)) return false;
    readElement(bytes, view, at + this.place, slice);
    return true;
  }

  /** Shows the member at a place of an order that lasts until the next change. */
  memberAt(index: number, slice: Slice): void {
    const database = this.require();
    if (this.form === 'tree') {
      const cursor = this.cursorOf();
      cursor.seekRank(this.tree, index);
      return showPayload(cursor, slice);
    }
    const at = openValue(database, this.entry);
    const { view, bytes } = database.memory;
    if (this.form === 'intset') showInteger(intsetMember(view, at, index), slice);
    else readElement(bytes, view, elementAt(view, at, index), slice);
  }

  /**
   * Shows members from a cursor of SSCAN on, about `count` of them.
   * @returns  the next cursor, 0 at the end
   */
  scan(from: number, count: number, slice: Slice, visit: (slice: Slice) => void): number {
    if (this.form !== 'tree') {
      this.rewind();
      while (this.next(slice)) visit(slice);
      return 0;
    }
    if (from >= HASH_END) return 0;
    const cursor = this.cursorOf();
    let left = count;
    let key = -1;
    let isThere = cursor.seek(this.tree, from);
    // Members of one hash are never parted: a cursor is a hash.
    while (isThere && (left > 0 || cursor.key === key)) {
      key = cursor.key;
      showPayload(cursor, slice);
      visit(slice);
      left--;
      isThere = cursor.next();
    }
    return isThere ? cursor.key : 0;
  }

  private require(): Database {
    return this.database as Database;
  }

  private cursorOf(): TreeCursor {
    return this.cursor as TreeCursor;
  }

  private seekMember(member: SetMember): boolean {
    const { seed0, seed1 } = this.require().store;
    const { view, offset, length } = member;
    const hash = hashBytes(view, offset, length, seed0, seed1) >>> 0;
    const cursor = this.cursorOf();
    this.hash = hash;
    for (let isThere = cursor.seek(this.tree, hash); isThere; isThere = cursor.next()) {
      if (cursor.key !== hash) return false;
      if (
        cursor.payloadLength === length &&
        bytesEqual(cursor.view, cursor.payloadOffset, view, offset, length)
      ) {
        return true;
      }
    }
    return false;
  }

  /** Of the member that was sought last. */
  private hash = 0;

  private insertAtCursor(member: SetMember): void {
    const cursor = this.cursorOf();
    const { view, bytes, offset, length } = member;
    cursor.insertHere(this.hash, length);
    copyBytes(cursor.view, cursor.bytes, cursor.payloadOffset, view, bytes, offset, length);
  }

  /** What one more member of that length means for the encoding. */
  private noteMember(length: number, limits: SetLimits): void {
    if (this.require().encodingOf(this.entry) !== ENCODING.LISTPACK) return;
    if (length <= limits.setMaxListpackValueBytes && this.count < limits.setMaxListpackEntries) {
      return;
    }
    setEncoding(this.require(), this.entry, ENCODING.HASHTABLE);
  }

  private addInteger(value: number | bigint, limits: SetLimits): boolean {
    const database = this.require();
    const { memory } = database;
    let at = openValue(database, this.entry);
    const found = findInIntset(memory.view, at, value);
    if (found >= 0) return false;
    const index = -1 - found;
    const count = intsetCount(memory.view, at);
    const oldWidth = intsetWidth(memory.view, at);
    const width = Math.max(oldWidth, widthOf(value));
    if (width > oldWidth) {
      const added = count * (width - oldWidth);
      const end = valueBytes(database);
      this.entry = spliceValue(database, this.entry, end, 0, added);
      widenIntset(memory.view, database.valueAt, width);
    }
    const place = INTSET_HEADER_BYTES + index * width;
    this.entry = spliceValue(database, this.entry, place, 0, width);
    at = database.valueAt;
    setIntsetCount(memory.view, at, count + 1);
    writeIntsetMember(memory.view, at, index, value);
    if (count + 1 > limits.setMaxIntsetEntries) this.becomeHashtable();
    return true;
  }

  private removeInteger(index: number): void {
    const database = this.require();
    const { view } = database.memory;
    const at = openValue(database, this.entry);
    const width = intsetWidth(view, at);
    const count = intsetCount(view, at);
    const place = INTSET_HEADER_BYTES + index * width;
    this.entry = spliceValue(database, this.entry, place, width, 0);
    setIntsetCount(database.memory.view, database.valueAt, count - 1);
  }

  /** A member that is no integer comes: the intset becomes a listpack, or more. */
  private leaveIntset(length: number, limits: SetLimits): void {
    const database = this.require();
    const { count } = this;
    const at = openValue(database, this.entry);
    let longest = length;
    for (const index of count === 0 ? [] : [0, count - 1]) {
      const text = String(intsetMember(database.memory.view, at, index));
      longest = Math.max(longest, text.length);
    }
    const isShort = longest <= limits.setMaxListpackValueBytes;
    if (isShort && count < limits.setMaxListpackEntries) this.intsetToListpack(ENCODING.LISTPACK);
    else this.becomeHashtable();
  }

  private becomeHashtable(): void {
    if (this.form === 'intset') this.intsetToListpack(ENCODING.HASHTABLE);
    else setEncoding(this.require(), this.entry, ENCODING.HASHTABLE);
  }

  private intsetToListpack(encoding: number): void {
    const database = this.require();
    const { memory } = database;
    const at = openValue(database, this.entry);
    const members: (number | bigint)[] = [];
    for (let i = 0; i < intsetCount(memory.view, at); i++) {
      members.push(intsetMember(memory.view, at, i));
    }
    const kind = TYPE.SET | (encoding << 4);
    this.entry = replaceValue(database, this.entry, kind, 0, LISTPACK_EMPTY_BYTES);
    initListpack(memory.view, database.valueAt);
    this.open(database, this.entry);
    const bytes = new Uint8Array(24);
    const view = new DataView(bytes.buffer);
    for (const member of members) {
      const text = String(member);
      for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
      this.append(this.moved.at(view, bytes, 0, text.length));
    }
  }

  /** Adds a member that is not there, without a look at the encoding. */
  private append(member: SetMember): void {
    const database = this.require();
    const { memory } = database;
    if (this.form === 'listpack') {
      const plan = member.planned();
      openValue(database, this.entry);
      const length = valueBytes(database);
      if (length + plan.byteCount <= PACKED_BYTES_MAX) {
        this.entry = spliceListpack(database, this.entry, length - 1, 0, plan.byteCount, 1);
        plan.writeTo(memory.view, memory.bytes, database.valueAt + length - 1);
        return;
      }
      this.becomeTree();
    }
    this.seekMember(member);
    this.insertAtCursor(member);
  }

  private becomeTree(): void {
    const database = this.require();
    const { memory, trees } = database;
    const at = openValue(database, this.entry);
    const packed = memory.bytes.slice(at, at + valueBytes(database));
    const encoding = database.encodingOf(this.entry);
    const id = trees.create(FORMAT.SLOTTED32);
    const kind = TYPE.SET | (encoding << 4);
    this.entry = replaceValue(database, this.entry, kind, FLAG.TREE, RECORD_BYTES);
    memory.view.setUint32(database.valueAt, 1, true);
    setRecordTree(memory.view, database.valueAt, 0, id);
    this.open(database, this.entry);
    const view = new DataView(packed.buffer);
    const slice = database.valueSlice;
    // Not `moved`: who calls may be about to add that one.
    const member = new SetMember();
    for (
      let place = LISTPACK_HEADER_BYTES;
      !isEnd(view, place);
      place += elementBytes(view, place)
    ) {
      readElement(packed, view, place, slice);
      member.at(slice.view, slice.bytes, slice.offset, slice.length);
      this.seekMember(member);
      this.insertAtCursor(member);
    }
  }
}

function showPayload(cursor: TreeCursor, slice: Slice): void {
  slice.bytes = cursor.bytes;
  slice.view = cursor.view;
  slice.offset = cursor.payloadOffset;
  slice.length = cursor.payloadLength;
}

function showInteger(value: number | bigint, slice: Slice): void {
  slice.useScratch();
  if (typeof value === 'number') {
    slice.length = writeDigits(slice.bytes, 0, value);
    return;
  }
  const text = value.toString();
  for (let i = 0; i < text.length; i++) slice.bytes[i] = text.charCodeAt(i);
  slice.length = text.length;
}
