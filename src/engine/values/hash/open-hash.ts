/**
 * A hash that a command works on, in whichever form it lies:
 *
 *     listpack    field, value, field, value ... behind the key, as long as `fitsPack`
 *     listpackex  field, value, deadline ... likewise, once a field has had a deadline (0: none)
 *     tree        fields ordered by hash (`field-payload.ts`), beyond that
 *
 * The encoding that is told follows Redis' thresholds; a listpack may be told as a hashtable. Only
 * the encoding LISTPACKEX says that a listpack has deadlines in it.
 *
 * A field whose deadline has passed is no field for anybody who asks; it is removed by those who
 * change the hash or by the background, which records that. While some field has a deadline, the
 * hash stands in the database's schedule with the earliest; each change here keeps that true.
 */
import { bytesEqual } from '../../../base/bytes.ts';
import type { Frame } from '../../../base/frame.ts';
import { hashBytes } from '../../../base/hash.ts';
import type { Database } from '../../database.ts';
import { ENCODING, FLAG, TYPE } from '../../keyspace/entry.ts';
import type { Slice } from '../../slice.ts';
import { TreeCursor } from '../../tree/tree-cursor.ts';
import {
  ElementPlan,
  elementAt,
  elementBytes,
  isEnd,
  LISTPACK_HEADER_BYTES,
  listpackCount,
  readElement,
} from '../packed/listpack.ts';
import {
  createListpack,
  openValue,
  setEncoding,
  spliceListpack,
  valueBytes,
} from '../packed/packed-value.ts';
import { recordTree } from '../tree-record.ts';
import { DEADLINE_TREE, NEVER_MS, packedDeadline } from './field-deadlines.ts';
import {
  changeFieldHead,
  FieldPayload,
  fieldBytes,
  NO_FIELD_DEADLINE,
  replaceFieldValue,
  writeField,
} from './field-payload.ts';
import { fitsPack, packTree, replaceElement, unpackHash, widenPack } from './hash-forms.ts';
import type { HashLimits } from './hash-limits.ts';
import { changeDeadlineTree, reschedule, scheduledMs } from './hash-schedule.ts';

export { NO_FIELD_DEADLINE };
/** In place of a deadline: the field keeps the one that it has. */
export const KEEP_FIELD_DEADLINE = -1;

const KIND_LISTPACK = TYPE.HASH | (ENCODING.LISTPACK << 4);

export class OpenHash {
  database: Database | null = null;
  /** The hash's entry, which a change may have moved. */
  entry = 0;
  /** Deadline of the field that was found or shown last. */
  deadlineMs = NO_FIELD_DEADLINE;
  /** Some field has a deadline, which may have passed. */
  isScheduled = false;
  /** Elements of a listpack that make one field: 2, or 3 with deadlines. */
  step = 2;
  private isTree = false;
  private tree = 0;
  /** Fields by deadline; 0 while none has had one. */
  private deadlineTree = 0;
  private cursor: TreeCursor | null = null;
  private deadlineCursor: TreeCursor | null = null;
  private readonly payload = new FieldPayload();
  private readonly fieldPlan = new ElementPlan();
  private readonly valuePlan = new ElementPlan();
  /** In a listpack: where the found field begins, counted from the value; 0: none. */
  private place = 0;
  /** Where a walk of a tree begins. */
  private startKey = 0;
  private hash = 0;

  open(database: Database, entry: number): this {
    this.database = database;
    this.entry = entry;
    const at = openValue(database, entry);
    const { view, base } = database.memory;
    const word0 = view.getUint32(base, true);
    this.isTree = (word0 & FLAG.TREE) !== 0;
    this.isScheduled = (word0 & FLAG.SCHEDULED) !== 0;
    this.step = ((word0 >>> 4) & 15) === ENCODING.LISTPACKEX ? 3 : 2;
    if (this.isTree) {
      this.tree = recordTree(view, at, 0);
      this.deadlineTree = view.getUint32(at, true) === 1 ? 0 : recordTree(view, at, DEADLINE_TREE);
      if (this.cursor === null || this.cursor.table !== database.trees.table)
        this.makeCursors(database);
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
    const at = openValue(database, this.entry);
    return listpackCount(database.memory.view, at) / this.step;
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

  /** Fields without those whose deadline has passed. */
  get liveCount(): number {
    if (!this.isScheduled) return this.count;
    if (this.isTree) {
      const cursor = this.deadlineCursor as TreeCursor;
      cursor.seek(this.deadlineTree, this.require().store.clock.nowMs + 1);
      return this.count - cursor.rankHere();
    }
    let count = 0;
    this.rewind();
    while (this.step1()) if (!this.isExpired()) count++;
    return count;
  }

  /**
   * Gives a field a value. Both must lie outside of this hash.
   * @param deadlineMs  NO_FIELD_DEADLINE takes one away that it has; KEEP_FIELD_DEADLINE
   * @returns           whether the field is new
   */
  set(field: Slice, value: Slice, deadlineMs: number, limits: HashLimits): boolean {
    let isThere = this.locate(field.view, field.bytes, field.offset, field.length);
    const oldMs = isThere ? this.deadlineMs : NO_FIELD_DEADLINE;
    const isNew = !isThere || (oldMs !== NO_FIELD_DEADLINE && this.isExpired());
    let newMs = deadlineMs;
    if (newMs === KEEP_FIELD_DEADLINE) newMs = isNew ? NO_FIELD_DEADLINE : oldMs;
    const { step, isTree } = this;
    const longest = field.length > value.length ? field.length : value.length;
    if (longest > limits.hashMaxListpackValueBytes) this.becomeHashtable();
    if (newMs !== NO_FIELD_DEADLINE) this.allowDeadlines();
    if (this.step !== step || this.isTree !== isTree) {
      isThere = this.locate(field.view, field.bytes, field.offset, field.length);
    }
    const fromMs = oldMs === newMs ? NEVER_MS : scheduledMs(this);
    if (this.isTree) this.setInTree(field, value, newMs, isThere);
    else this.setInPack(field, value, newMs);
    if (!isThere && this.count > limits.hashMaxListpackEntries) this.becomeHashtable();
    if (oldMs !== newMs) reschedule(this, fromMs, oldMs, newMs);
    return isNew;
  }

  /**
   * Gives the field that was found last another value; its deadline stays.
   * @returns  false, and nothing has changed, when that would be a change of encoding or form
   */
  setFound(value: Slice, limits: HashLimits): boolean {
    if (value.length > limits.hashMaxListpackValueBytes) return false;
    if (!this.isTree) {
      this.valuePlan.ofText(value.view, value.bytes, value.offset, value.length);
      return this.replaceInTuple(1, this.valuePlan);
    }
    replaceFieldValue(this.cursorOf(), this.payload, value);
    return true;
  }

  /** Gives a field that is there another deadline, NO_FIELD_DEADLINE for none. */
  setDeadline(field: Slice, deadlineMs: number): void {
    if (deadlineMs !== NO_FIELD_DEADLINE) this.allowDeadlines();
    this.locate(field.view, field.bytes, field.offset, field.length);
    const oldMs = this.deadlineMs;
    if (oldMs === deadlineMs) return;
    const fromMs = scheduledMs(this);
    DEADLINE.ofInteger(deadlineMs);
    if (!this.isTree && !this.replaceInTuple(2, DEADLINE)) {
      unpackHash(this);
      this.locate(field.view, field.bytes, field.offset, field.length);
    }
    if (this.isTree) {
      changeFieldHead(this.cursorOf(), this.payload, deadlineMs);
      this.changeDeadlineTree(oldMs, deadlineMs, this.cursorOf().key);
    }
    reschedule(this, fromMs, oldMs, deadlineMs);
  }

  /** Removes the field that was found or shown last. The hash may be empty then. */
  removeFound(): void {
    const database = this.require();
    const oldMs = this.deadlineMs;
    const fromMs = oldMs === NO_FIELD_DEADLINE ? NEVER_MS : scheduledMs(this);
    if (this.isTree) {
      const cursor = this.cursorOf();
      const hash = cursor.key;
      cursor.removeHere();
      this.changeDeadlineTree(oldMs, NO_FIELD_DEADLINE, hash);
    } else {
      const at = openValue(database, this.entry) + this.place;
      const byteCount = this.tupleBytes(database.memory.view, at);
      this.entry = spliceListpack(database, this.entry, this.place, byteCount, 0, -this.step);
    }
    if (oldMs !== NO_FIELD_DEADLINE) reschedule(this, fromMs, oldMs, NO_FIELD_DEADLINE);
  }

  /** Shows a field whose deadline has passed, so that it can be removed; false: there is none. */
  findDue(field: Slice, value: Slice): boolean {
    if (!this.isScheduled) return false;
    const { nowMs } = this.require().store.clock;
    if (this.isTree) {
      const deadlines = this.deadlineCursor as TreeCursor;
      if (!deadlines.seekFirst(this.deadlineTree) || deadlines.key > nowMs) return false;
      const dueMs = deadlines.key;
      const cursor = this.cursorOf();
      cursor.seek(this.tree, deadlines.view.getUint32(deadlines.payloadOffset, true));
      for (this.payload.read(cursor); this.payload.deadlineMs !== dueMs; ) {
        cursor.next();
        this.payload.read(cursor);
      }
      this.deadlineMs = dueMs;
    } else {
      this.rewind();
      while (this.step1()) if (this.isExpired()) break;
      if (this.place === 0) return false;
    }
    this.show(field, value);
    return true;
  }

  /** After removals: a tree with little in it becomes a listpack again. */
  settleShrunk(): void {
    if (this.isTree) packTree(this);
  }

  // --- walking: one walk at a time for each OpenHash; no changes while it goes on ---

  /** @param from  of a tree: the hash to begin at */
  rewind(from = 0): void {
    this.place = -1;
    this.startKey = from;
  }

  /** What a scan is at: the hash of the field shown last; -1 in a listpack. */
  get scanKey(): number {
    return this.isTree ? this.cursorOf().key : -1;
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

  /** The same, fields whose deadline has passed included. */
  nextOfAll(field: Slice, value: Slice): boolean {
    const isThere = this.step1();
    if (isThere) this.show(field, value);
    return isThere;
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
      const isStart = this.place === -1;
      const isThere = isStart ? cursor.seek(this.tree, this.startKey) : cursor.next();
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
    if (isEnd(view, at + this.place)) {
      this.place = 0;
      return false;
    }
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

  private readDeadline(view: DataView, at: number): void {
    this.deadlineMs = this.step === 2 ? NO_FIELD_DEADLINE : packedDeadline(view, at);
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
    if (this.step === 3) {
      DEADLINE.ofInteger(deadlineMs);
      newBytes += DEADLINE.byteCount;
    }
    const change = isNew ? this.step : 0;
    if (!fitsPack(length - oldBytes + newBytes, listpackCount(memory.view, at) + change)) {
      unpackHash(this);
      return this.put(field, value, deadlineMs);
    }
    this.entry = spliceListpack(database, this.entry, place, oldBytes, newBytes, change);
    let to = database.valueAt + place;
    this.fieldPlan.writeTo(memory.view, memory.bytes, to);
    to += this.fieldPlan.byteCount;
    this.valuePlan.writeTo(memory.view, memory.bytes, to);
    to += this.valuePlan.byteCount;
    if (this.step === 3) DEADLINE.writeTo(memory.view, memory.bytes, to);
  }

  /** Writes where `seekField` has left the cursor. */
  private setInTree(field: Slice, value: Slice, deadlineMs: number, isThere: boolean): void {
    const cursor = this.cursorOf();
    const oldMs = isThere ? this.payload.deadlineMs : NO_FIELD_DEADLINE;
    const length = fieldBytes(field.length, value.length, deadlineMs);
    if (!isThere) cursor.insertHere(this.hash, length);
    else if (length !== cursor.payloadLength) cursor.resizeHere(length);
    else cursor.beforeChange();
    writeField(cursor, field, value, deadlineMs);
    this.changeDeadlineTree(oldMs, deadlineMs, this.hash);
  }

  /** Puts a planned element in place of one of the found field's. */
  private replaceInTuple(index: number, plan: ElementPlan): boolean {
    const database = this.require();
    const { view } = database.memory;
    const at = openValue(database, this.entry);
    const byteCount = valueBytes(database);
    let { place } = this;
    for (let i = 0; i < index; i++) place += elementBytes(view, at + place);
    const added = plan.byteCount - elementBytes(view, at + place);
    if (added > 0 && !fitsPack(byteCount + added, listpackCount(view, at))) return false;
    this.entry = replaceElement(database, this.entry, place, plan);
    return true;
  }

  private changeDeadlineTree(oldMs: number, newMs: number, fieldHash: number): void {
    if (oldMs === newMs) return;
    const cursor = this.deadlineCursor as TreeCursor;
    const change = { oldMs, newMs, fieldHash };
    this.deadlineTree = changeDeadlineTree(this, cursor, this.deadlineTree, change);
  }

  /** For OBJECT ENCODING. A listpack with deadlines cannot be told from one without then. */
  private becomeHashtable(): void {
    const database = this.require();
    const encoding = database.encodingOf(this.entry);
    if (encoding === ENCODING.HASHTABLE) return;
    if (encoding === ENCODING.LISTPACKEX && !this.isTree) unpackHash(this);
    setEncoding(database, this.entry, ENCODING.HASHTABLE);
  }

  /** Makes room for deadlines in a hash that has had none yet. */
  private allowDeadlines(): void {
    if (this.step === 3) return;
    const database = this.require();
    const encoding = database.encodingOf(this.entry);
    if (!this.isTree && encoding === ENCODING.HASHTABLE) unpackHash(this);
    else if (!this.isTree) widenPack(this);
    if (encoding === ENCODING.LISTPACK) setEncoding(database, this.entry, ENCODING.LISTPACKEX);
    if (encoding === ENCODING.LISTPACK) this.step = 3;
  }

  // --- below: for hash-forms.ts ---

  /** Adds a field, without a look at encoding and schedule. */
  put(field: Slice, value: Slice, deadlineMs: number): void {
    const isThere = this.locate(field.view, field.bytes, field.offset, field.length);
    if (this.isTree) this.setInTree(field, value, deadlineMs, isThere);
    else this.setInPack(field, value, deadlineMs);
  }

  private makeCursors(database: Database): void {
    this.cursor = new TreeCursor(database.trees.table);
    this.deadlineCursor = new TreeCursor(database.trees.table);
  }
}

const DEADLINE = new ElementPlan();
