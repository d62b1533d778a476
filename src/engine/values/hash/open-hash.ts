/**
 * A hash that a command works on, in whichever form it lies:
 *
 *     listpack    field, value, field, value ... behind the key, up to PACKED_BYTES_MAX
 *     listpackex  field, value, deadline ... likewise, once a field has had a deadline (0: none)
 *     tree        fields ordered by hash (`field-payload.ts`), beyond that
 *
 * The encoding that is told follows Redis' thresholds; a listpack may be told as a hashtable. Only
 * the encoding LISTPACKEX says that a listpack has deadlines in it.
 *
 * A field whose deadline has passed is no field for anybody who asks; it is removed by those who
 * change the hash or by the background, which records that.
 */
import { bytesEqual, copyBytes } from '../../../base/bytes.ts';
import type { Frame } from '../../../base/frame.ts';
import { hashBytes } from '../../../base/hash.ts';
import type { Database } from '../../database.ts';
import { ENCODING, FLAG, TYPE } from '../../keyspace/entry.ts';
import { Slice } from '../../slice.ts';
import { FORMAT } from '../../tree/page-layout.ts';
import { TreeCursor } from '../../tree/tree-cursor.ts';
import {
  ElementPlan,
  elementAt,
  elementBytes,
  elementInteger,
  initListpack,
  isEnd,
  LISTPACK_EMPTY_BYTES,
  LISTPACK_HEADER_BYTES,
  listpackCount,
  readElement,
} from '../packed/listpack.ts';
import {
  createListpack,
  openValue,
  replaceValue,
  setEncoding,
  spliceListpack,
  valueBytes,
} from '../packed/packed-value.ts';
import { recordHeadBytes, recordTree, setRecordTree } from '../tree-record.ts';
import {
  FieldPayload,
  fieldHeadBytes,
  NO_FIELD_DEADLINE,
  writeFieldHead,
} from './field-payload.ts';

export { NO_FIELD_DEADLINE };

/** A longer listpack becomes a tree: no look-up reads more than this. */
const PACKED_BYTES_MAX = 1024;
const UNPACKED_COUNT_MIN = 4;
const RECORD_BYTES = recordHeadBytes(1);
const KIND_LISTPACK = TYPE.HASH | (ENCODING.LISTPACK << 4);

/** Settings that decide what OBJECT ENCODING tells. */
export interface HashLimits {
  readonly hashMaxListpackEntries: number;
  readonly hashMaxListpackValueBytes: number;
}

export class OpenHash {
  database: Database | null = null;
  /** The hash's entry, which a change may have moved. */
  entry = 0;
  /** Deadline of the field that was found or shown last. */
  deadlineMs = NO_FIELD_DEADLINE;
  private isTree = false;
  /** Elements of a listpack that make one field: 2, or 3 with deadlines. */
  private step = 2;
  private tree = 0;
  private cursor: TreeCursor | null = null;
  private readonly payload = new FieldPayload();
  private readonly fieldPlan = new ElementPlan();
  private readonly valuePlan = new ElementPlan();
  /** In a listpack: where the found field begins, counted from the value; 0: none. */
  private place = 0;
  private hash = 0;

  open(database: Database, entry: number): this {
    this.database = database;
    this.entry = entry;
    const at = openValue(database, entry);
    const { view, base } = database.memory;
    const word0 = view.getUint32(base, true);
    this.isTree = (word0 & FLAG.TREE) !== 0;
    this.step = ((word0 >>> 4) & 15) === ENCODING.LISTPACKEX ? 3 : 2;
    if (this.isTree) {
      this.tree = recordTree(view, at, 0);
      if (this.cursor === null || this.cursor.table !== database.trees.table) {
        this.cursor = new TreeCursor(database.trees.table);
      }
    }
    return this;
  }

  /** Makes an empty hash under the key that the last `find` missed; fields must follow at once. */
  create(database: Database, frame: Frame, keyArg: number): this {
    return this.open(database, createListpack(database, frame, keyArg, KIND_LISTPACK));
  }

  /** Fields, those with a passed deadline included that nobody has removed. */
  get count(): number {
    const database = this.require();
    if (this.isTree) return database.trees.count(this.tree);
    return listpackCount(database.memory.view, openValue(database, this.entry)) / this.step;
  }

  /**
   * Whether the field is there and live; `deadlineMs` is its own then.
   */
  find(view: DataView, bytes: Uint8Array, offset: number, length: number): boolean {
    const isThere = this.locate(view, bytes, offset, length);
    return isThere && !this.isExpired();
  }

  /** Shows the value of the field that was found last. Valid until a change. */
  readValue(slice: Slice): void {
    const database = this.require();
    if (this.isTree) return this.showValue(slice);
    const at = openValue(database, this.entry) + this.place;
    const { view, bytes } = database.memory;
    readElement(bytes, view, at + elementBytes(view, at), slice);
  }

  /**
   * Gives a field a value. Both must lie outside of this hash.
   * @param deadlineMs  NO_FIELD_DEADLINE takes one away that it has
   * @returns           whether the field is new
   */
  set(field: Slice, value: Slice, deadlineMs: number, limits: HashLimits): boolean {
    let isThere = this.locate(field.view, field.bytes, field.offset, field.length);
    const isNew = !isThere || this.isExpired();
    const { step, isTree } = this;
    this.noteLengths(Math.max(field.length, value.length), limits);
    if (deadlineMs !== NO_FIELD_DEADLINE && this.step === 2) this.allowDeadlines();
    if (this.step !== step || this.isTree !== isTree) {
      isThere = this.locate(field.view, field.bytes, field.offset, field.length);
    }
    if (this.isTree) this.setInTree(field, value, deadlineMs, isThere);
    else this.setInPack(field, value, deadlineMs);
    if (!isThere) this.noteCount(limits);
    return isNew;
  }

  /** Removes the field that was found last. The hash may be empty then. */
  removeFound(): void {
    const database = this.require();
    if (this.isTree) return this.cursorOf().removeHere();
    const at = openValue(database, this.entry) + this.place;
    const byteCount = this.tupleBytes(database.memory.view, at);
    this.entry = spliceListpack(database, this.entry, this.place, byteCount, 0, -this.step);
  }

  /** After removals: a tree with little in it becomes a listpack again. */
  settleShrunk(): void {
    if (!this.isTree || this.count > UNPACKED_COUNT_MIN || this.count === 0) return;
    this.packTree();
  }

  // --- walking: one walk at a time for each OpenHash; no changes while it goes on ---

  rewind(): void {
    this.place = -1;
  }

  /** Shows the next live field; false at the end. Valid until a change. */
  next(field: Slice, value: Slice): boolean {
    while (this.step1()) {
      if (this.isExpired()) continue;
      this.show(field, value);
      return true;
    }
    return false;
  }

  /** Shows a field at a place of an order that lasts until the next change; it may be expired. */
  showAt(index: number, field: Slice, value: Slice): boolean {
    const database = this.require();
    if (this.isTree) {
      this.cursorOf().seekRank(this.tree, index);
      this.payload.read(this.cursorOf());
      this.deadlineMs = this.payload.deadlineMs;
    } else {
      const at = openValue(database, this.entry);
      this.place = elementAt(database.memory.view, at, index * this.step) - at;
      this.readDeadline(database.memory.view, at + this.place);
    }
    if (this.isExpired()) return false;
    this.show(field, value);
    return true;
  }

  /**
   * Shows live fields from a cursor of HSCAN on, about `count` of them.
   * @returns  the next cursor, 0 at the end
   */
  scan(from: number, count: number, field: Slice, value: Slice, visit: () => void): number {
    if (!this.isTree) {
      this.rewind();
      while (this.next(field, value)) visit();
      return 0;
    }
    const cursor = this.cursorOf();
    let left = count;
    let key = -1;
    let isThere = cursor.seek(this.tree, from);
    // Fields of one hash are never parted: a cursor is a hash.
    while (isThere && (left > 0 || cursor.key === key)) {
      key = cursor.key;
      this.payload.read(cursor);
      this.deadlineMs = this.payload.deadlineMs;
      if (!this.isExpired()) {
        this.show(field, value);
        visit();
      }
      left--;
      isThere = cursor.next();
    }
    return isThere ? cursor.key : 0;
  }

  /** Whether the field found or shown last has a deadline that has passed. */
  isExpired(): boolean {
    if (this.deadlineMs === NO_FIELD_DEADLINE) return false;
    return this.deadlineMs <= this.require().store.clock.nowMs;
  }

  /** Finds a field even if its deadline has passed. */
  locate(view: DataView, bytes: Uint8Array, offset: number, length: number): boolean {
    const database = this.require();
    if (this.isTree) return this.seekField(view, offset, length);
    const at = openValue(database, this.entry);
    this.fieldPlan.ofText(view, bytes, offset, length);
    const found = this.fieldPlan.find(database.memory.view, at + LISTPACK_HEADER_BYTES, this.step);
    this.place = found === 0 ? 0 : found - at;
    if (found !== 0) this.readDeadline(database.memory.view, found);
    return found !== 0;
  }

  private require(): Database {
    return this.database as Database;
  }

  private cursorOf(): TreeCursor {
    return this.cursor as TreeCursor;
  }

  /** To the next field, live or not. */
  private step1(): boolean {
    const database = this.require();
    if (this.isTree) {
      const cursor = this.cursorOf();
      const isThere = this.place === -1 ? cursor.seekFirst(this.tree) : cursor.next();
      this.place = 0;
      if (isThere) {
        this.payload.read(cursor);
        this.deadlineMs = this.payload.deadlineMs;
      }
      return isThere;
    }
    const at = openValue(database, this.entry);
    const { view } = database.memory;
    if (this.place === -1) this.place = LISTPACK_HEADER_BYTES;
    else this.place += this.tupleBytes(view, at + this.place);
    if (isEnd(view, at + this.place)) return false;
    this.readDeadline(view, at + this.place);
    return true;
  }

  private show(field: Slice, value: Slice): void {
    if (this.isTree) {
      const cursor = this.cursorOf();
      field.bytes = cursor.bytes;
      field.view = cursor.view;
      field.offset = this.payload.fieldAt;
      field.length = this.payload.fieldLength;
      return this.showValue(value);
    }
    const database = this.require();
    const at = openValue(database, this.entry) + this.place;
    const { view, bytes } = database.memory;
    readElement(bytes, view, at, field);
    readElement(bytes, view, at + elementBytes(view, at), value);
  }

  private showValue(slice: Slice): void {
    const cursor = this.cursorOf();
    slice.bytes = cursor.bytes;
    slice.view = cursor.view;
    slice.offset = this.payload.valueAt;
    slice.length = this.payload.valueLength;
  }

  private seekField(view: DataView, offset: number, length: number): boolean {
    const { seed0, seed1 } = this.require().store;
    const hash = hashBytes(view, offset, length, seed0, seed1) >>> 0;
    const cursor = this.cursorOf();
    const { payload } = this;
    this.hash = hash;
    for (let isThere = cursor.seek(this.tree, hash); isThere; isThere = cursor.next()) {
      if (cursor.key !== hash) return false;
      payload.read(cursor);
      if (payload.fieldLength !== length) continue;
      if (!bytesEqual(cursor.view, payload.fieldAt, view, offset, length)) continue;
      this.deadlineMs = payload.deadlineMs;
      return true;
    }
    return false;
  }

  /** Deadline of the tuple at `at` of a listpack. */
  private readDeadline(view: DataView, at: number): void {
    this.deadlineMs = NO_FIELD_DEADLINE;
    if (this.step === 2) return;
    const valueAt = at + elementBytes(view, at);
    this.deadlineMs = elementInteger(view, valueAt + elementBytes(view, valueAt));
  }

  private tupleBytes(view: DataView, at: number): number {
    let end = at;
    for (let i = 0; i < this.step; i++) end += elementBytes(view, end);
    return end - at;
  }

  /** Writes at the place that `locate` found, or at the end where it found none. */
  private setInPack(field: Slice, value: Slice, deadlineMs: number): void {
    const database = this.require();
    const { memory } = database;
    const at = openValue(database, this.entry);
    const length = valueBytes(database);
    this.valuePlan.ofText(value.view, value.bytes, value.offset, value.length);
    const isNew = this.place === 0;
    const place = isNew ? length - 1 : this.place;
    const oldBytes = isNew ? 0 : this.tupleBytes(memory.view, at + place);
    let newBytes = this.fieldPlan.byteCount + this.valuePlan.byteCount;
    if (this.step === 3) newBytes += integerBytes(deadlineMs);
    if (length - oldBytes + newBytes > PACKED_BYTES_MAX) {
      this.becomeTree();
      return this.addToTree(field, value, deadlineMs);
    }
    const change = isNew ? this.step : 0;
    this.entry = spliceListpack(database, this.entry, place, oldBytes, newBytes, change);
    let to = database.valueAt + place;
    this.fieldPlan.writeTo(memory.view, memory.bytes, to);
    to += this.fieldPlan.byteCount;
    this.valuePlan.writeTo(memory.view, memory.bytes, to);
    to += this.valuePlan.byteCount;
    if (this.step === 3) {
      this.valuePlan.ofInteger(deadlineMs);
      this.valuePlan.writeTo(memory.view, memory.bytes, to);
    }
  }

  private addToTree(field: Slice, value: Slice, deadlineMs: number): void {
    const isThere = this.seekField(field.view, field.offset, field.length);
    this.setInTree(field, value, deadlineMs, isThere);
  }

  /** Writes where `seekField` has left the cursor. */
  private setInTree(field: Slice, value: Slice, deadlineMs: number, isThere: boolean): void {
    const cursor = this.cursorOf();
    const hasDeadline = deadlineMs !== NO_FIELD_DEADLINE;
    const length = fieldHeadBytes(field.length, hasDeadline) + field.length + value.length;
    if (!isThere) cursor.insertHere(this.hash, length);
    else if (length !== cursor.payloadLength) cursor.resizeHere(length);
    else cursor.beforeChange();
    const fieldAt = writeFieldHead(cursor, field.length, deadlineMs);
    const { view, bytes } = cursor;
    copyBytes(view, bytes, fieldAt, field.view, field.bytes, field.offset, field.length);
    const valueAt = fieldAt + field.length;
    copyBytes(view, bytes, valueAt, value.view, value.bytes, value.offset, value.length);
  }

  private noteLengths(length: number, limits: HashLimits): void {
    if (length > limits.hashMaxListpackValueBytes) this.becomeHashtable();
  }

  private noteCount(limits: HashLimits): void {
    if (this.count > limits.hashMaxListpackEntries) this.becomeHashtable();
  }

  /** For OBJECT ENCODING. A listpack with deadlines cannot be told from one without then. */
  becomeHashtable(): void {
    const database = this.require();
    const encoding = database.encodingOf(this.entry);
    if (encoding === ENCODING.HASHTABLE) return;
    if (encoding === ENCODING.LISTPACKEX && !this.isTree) this.becomeTree();
    setEncoding(database, this.entry, ENCODING.HASHTABLE);
  }

  /** Makes room for deadlines in a listpack that has none yet. */
  private allowDeadlines(): void {
    const database = this.require();
    if (this.isTree) {
      if (database.encodingOf(this.entry) === ENCODING.LISTPACK) {
        setEncoding(database, this.entry, ENCODING.LISTPACKEX);
      }
      return;
    }
    if (database.encodingOf(this.entry) === ENCODING.HASHTABLE) return this.becomeTree();
    const { memory } = database;
    const at = openValue(database, this.entry);
    let place = LISTPACK_HEADER_BYTES;
    this.valuePlan.ofInteger(NO_FIELD_DEADLINE);
    const { byteCount } = this.valuePlan;
    for (let left = listpackCount(memory.view, at) / 2; left > 0; left--) {
      place += elementBytes(memory.view, database.valueAt + place);
      place += elementBytes(memory.view, database.valueAt + place);
      this.entry = spliceListpack(database, this.entry, place, 0, byteCount, 1);
      this.valuePlan.writeTo(memory.view, memory.bytes, database.valueAt + place);
      place += byteCount;
    }
    setEncoding(database, this.entry, ENCODING.LISTPACKEX);
    this.step = 3;
  }

  private becomeTree(): void {
    const database = this.require();
    const { memory, trees } = database;
    const at = openValue(database, this.entry);
    const packed = memory.bytes.slice(at, at + valueBytes(database));
    const { step } = this;
    const encoding = database.encodingOf(this.entry);
    const id = trees.create(FORMAT.SLOTTED32);
    const kind = TYPE.HASH | (encoding << 4);
    this.entry = replaceValue(database, this.entry, kind, FLAG.TREE, RECORD_BYTES);
    memory.view.setUint32(database.valueAt, 1, true);
    setRecordTree(memory.view, database.valueAt, 0, id);
    this.open(database, this.entry);
    const view = new DataView(packed.buffer);
    const field = database.valueSlice;
    const value = database.sourceSlice;
    let place = LISTPACK_HEADER_BYTES;
    while (!isEnd(view, place)) {
      readElement(packed, view, place, field);
      place += elementBytes(view, place);
      readElement(packed, view, place, value);
      place += elementBytes(view, place);
      let deadlineMs = NO_FIELD_DEADLINE;
      if (step === 3) {
        deadlineMs = elementInteger(view, place);
        place += elementBytes(view, place);
      }
      this.addToTree(field, value, deadlineMs);
    }
  }

  private packTree(): void {
    const database = this.require();
    const { memory } = database;
    const cursor = this.cursorOf();
    const { tree } = this;
    let byteCount = 0;
    for (let isThere = cursor.seekFirst(tree); isThere; isThere = cursor.next()) {
      byteCount += cursor.payloadLength + TUPLE_EXTRA_BYTES;
    }
    const encoding = database.encodingOf(this.entry);
    const isPlain = encoding === ENCODING.LISTPACK || encoding === ENCODING.LISTPACKEX;
    if (byteCount > PACKED_BYTES_MAX / 2 || !isPlain) return;
    const fields: [Uint8Array, Uint8Array, number][] = [];
    for (let isThere = cursor.seekFirst(tree); isThere; isThere = cursor.next()) {
      this.payload.read(cursor);
      const { fieldAt, fieldLength, valueAt, valueLength, deadlineMs } = this.payload;
      const field = cursor.bytes.slice(fieldAt, fieldAt + fieldLength);
      fields.push([field, cursor.bytes.slice(valueAt, valueAt + valueLength), deadlineMs]);
    }
    const kind = TYPE.HASH | (encoding << 4);
    this.entry = replaceValue(database, this.entry, kind, 0, LISTPACK_EMPTY_BYTES);
    initListpack(memory.view, database.valueAt);
    this.open(database, this.entry);
    for (const [field, value, deadlineMs] of fields) {
      this.locate(sliceOf(field).view, field, 0, field.length);
      this.setInPack(sliceOf(field), sliceOf(value), deadlineMs);
    }
  }
}

/** What a listpack adds to a field and its value at most. */
const TUPLE_EXTRA_BYTES = 24;

function integerBytes(value: number): number {
  PLAN.ofInteger(value);
  return PLAN.byteCount;
}

const PLAN = new ElementPlan();

function sliceOf(bytes: Uint8Array): Slice {
  const slice = new Slice();
  slice.bytes = bytes;
  slice.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  slice.length = bytes.length;
  return slice;
}
