import { ENCODING, TYPE } from '../../engine/keyspace/entry.ts';
import { Slice } from '../../engine/slice.ts';
import { FORMAT } from '../../engine/tree/page-layout.ts';
import {
  elementBytes,
  isEnd,
  isText,
  LISTPACK_HEADER_BYTES,
  readElement,
} from '../../engine/values/packed/listpack.ts';
import { setRecordTree } from '../../engine/values/tree-record.ts';
import { compareMembers, Member } from '../../engine/values/zset/member-order.ts';
import { planScore, readScore } from '../../engine/values/zset/score-element.ts';
import { PACKED_BYTES_MAX, PACKED_COUNT_MAX } from '../../engine/values/zset/zset-form.ts';
import { ZsetTrees } from '../../engine/values/zset/zset-trees.ts';
import { RDB_TYPE } from '../format.ts';
import { DECIMAL } from '../rdb-reader.ts';
import { type ReadContext, STEP_ELEMENT_COUNT } from './read-context.ts';
import { areUnique } from './unique-elements.ts';

const KIND_LISTPACK = TYPE.ZSET | (ENCODING.LISTPACK << 4);
const KIND_SKIPLIST = TYPE.ZSET | (ENCODING.SKIPLIST << 4);
/** What the trees take for a member beside its bytes, about. */
const MEMBER_EXTRA_BYTES = 40;
const DIGIT_0 = 48;
const DIGIT_9 = 57;
const POINT = 46;
const MINUS = 45;

/** Reads a sorted set in any form, with a yield every few hundred members. */
export function* readZset(context: ReadContext, type: number): Generator<void, void> {
  if (type === RDB_TYPE.ZSET || type === RDB_TYPE.ZSET_2) {
    yield* readMembers(context, type === RDB_TYPE.ZSET);
    return;
  }
  const { reader, run, limits, value } = context;
  const blob = context.next();
  if (type === RDB_TYPE.ZSET_LISTPACK) run.openListpack(reader, blob);
  else run.openZiplist(reader, blob);
  if (run.count % 2 !== 0) context.fail('sorted set with a member without a score');
  const count = run.count / 2;
  value.isEmpty = count === 0;
  const kind = count <= limits.zsetMaxListpackEntries ? KIND_LISTPACK : KIND_SKIPLIST;
  const hasNegativeZero = checkOrder(context);
  if (count <= PACKED_COUNT_MAX && run.length <= PACKED_BYTES_MAX) {
    const { seed0, seed1 } = value.database.store;
    if (!areUnique(run, 2, seed0, seed1)) context.fail(TWICE);
    if (hasNegativeZero && kind === KIND_LISTPACK) dropNegativeZeros(context);
    value.take(kind, run.view, run.bytes, run.start, run.length);
    return;
  }
  const trees = new LoadedZset(context);
  yield* addRun(context, trees);
  trees.finish(kind);
}

const TWICE = 'sorted set with a member twice';

/** Refuses a run that is out of order or has no score where one must be. @returns -0 is in it */
function checkOrder(context: ReadContext): boolean {
  const { view, bytes, start } = context.run;
  let member = new Slice();
  let before = new Slice();
  let scoreBefore = Number.NEGATIVE_INFINITY;
  let hasNegativeZero = false;
  let isFirst = true;
  for (let at = start + LISTPACK_HEADER_BYTES; !isEnd(view, at); isFirst = false) {
    readElement(bytes, view, at, member);
    at += elementBytes(view, at);
    if (!isScore(bytes, view, at)) context.fail('sorted set with a score that is no number');
    const score = readScore(view, bytes, at);
    at += elementBytes(view, at);
    if (score === 0 && 1 / score < 0) hasNegativeZero = true;
    if (!isFirst && !isBefore(scoreBefore, before, score, member)) {
      context.fail('sorted set out of order');
    }
    scoreBefore = score;
    [member, before] = [before, member];
  }
  return hasNegativeZero;
}

function isBefore(leftScore: number, left: Slice, rightScore: number, right: Slice): boolean {
  if (leftScore !== rightScore) return leftScore < rightScore;
  const { view, offset, length } = left;
  return compareMembers(view, offset, length, right.view, right.offset, right.length) < 0;
}

const scoreText = new Slice();

/** Whether the element is an integer, a plain decimal, or a number as printf writes it. */
function isScore(bytes: Uint8Array, view: DataView, at: number): boolean {
  if (!isText(view, at)) return true;
  readElement(bytes, view, at, scoreText);
  const { offset, length } = scoreText;
  let digitCount = 0;
  let pointCount = 0;
  for (let i = 0; i < length; i++) {
    const byte = bytes[offset + i];
    if (byte >= DIGIT_0 && byte <= DIGIT_9) digitCount++;
    else if (byte === POINT) pointCount++;
    else if (byte !== MINUS || i > 0) return isWrittenDouble(bytes, offset, length);
  }
  return digitCount > 0 && pointCount <= 1;
}

function isWrittenDouble(bytes: Uint8Array, offset: number, length: number): boolean {
  if (length > SCORE_TEXT_BYTES_MAX) return false;
  const text = String.fromCharCode(...bytes.subarray(offset, offset + length));
  return text === 'inf' || text === '-inf' || DECIMAL.test(text);
}

const SCORE_TEXT_BYTES_MAX = 64;

/** Writes the run anew, each -0 as 0: a listpack has none. */
function dropNegativeZeros({ run, writer }: ReadContext): void {
  const { view, bytes, start } = run;
  const member = new Slice();
  writer.begin();
  for (let at = start + LISTPACK_HEADER_BYTES; !isEnd(view, at); ) {
    readElement(bytes, view, at, member);
    writer.addText(member);
    at += elementBytes(view, at);
    const score = readScore(view, bytes, at);
    planScore(writer.plan, score === 0 ? 0 : score);
    writer.addPlanned();
    at += elementBytes(view, at);
  }
  run.openWritten(writer);
}

function* addRun({ run }: ReadContext, trees: LoadedZset): Generator<void, void> {
  const { view, bytes } = run;
  const member = new Slice();
  for (let at = run.start + LISTPACK_HEADER_BYTES; !isEnd(view, at); ) {
    readElement(bytes, view, at, member);
    at += elementBytes(view, at);
    trees.add(member, readScore(view, bytes, at));
    at += elementBytes(view, at);
    if (trees.count % STEP_ELEMENT_COUNT === 0) yield;
  }
}

/** Members and scores one after the other, in any order. */
function* readMembers(context: ReadContext, isTextual: boolean): Generator<void, void> {
  const { reader, value, limits } = context;
  const count = reader.readCount(isTextual ? 2 : 9);
  value.isEmpty = count === 0;
  if (value.isEmpty) return;
  const trees = new LoadedZset(context);
  for (let left = count; left > 0; left--) {
    const member = context.nextKept();
    const score = isTextual ? reader.readTextDouble() : reader.readDouble();
    if (Number.isNaN(score)) context.fail('sorted set with a score that is no number');
    trees.add(member, score);
    if (trees.count % STEP_ELEMENT_COUNT === 0) yield;
  }
  const isShort = trees.longest <= limits.zsetMaxListpackValueBytes;
  const isListpack = isShort && count <= limits.zsetMaxListpackEntries;
  trees.finish(isListpack ? KIND_LISTPACK : KIND_SKIPLIST);
}

/** Both trees of a sorted set that has no key yet. */
class LoadedZset {
  count = 0;
  longest = 0;
  private readonly context: ReadContext;
  private readonly trees: ZsetTrees;
  private readonly member = new Member();

  constructor(context: ReadContext) {
    const { value } = context;
    const { database } = value;
    this.context = context;
    const orderedId = value.createTree(FORMAT.SLOTTED64);
    const hashedId = value.createTree(FORMAT.SLOTTED32);
    this.trees = new ZsetTrees(database.trees).open(database, orderedId, hashedId);
  }

  add({ bytes, view, offset, length }: Slice, score: number): void {
    this.context.spend(length + MEMBER_EXTRA_BYTES);
    if (this.trees.find(this.member.point(bytes, view, offset, length))) this.context.fail(TWICE);
    this.trees.insertMissed(this.member, score);
    this.count++;
    if (length > this.longest) this.longest = length;
  }

  /** Makes them the value, or a listpack of few of them. */
  finish(kind: number): void {
    const { value } = this.context;
    const { orderedId, hashedId } = this.trees;
    if (kind === KIND_LISTPACK) this.dropNegativeZeros();
    if (this.count <= PACKED_COUNT_MAX && this.pack()) {
      const { run } = this.context;
      value.release();
      value.take(kind, run.view, run.bytes, run.start, run.length);
      return;
    }
    const view = value.beginRecord(kind, 2, 0);
    setRecordTree(view, 0, 0, orderedId);
    setRecordTree(view, 0, 1, hashedId);
  }

  private dropNegativeZeros(): void {
    const { ordered, orderedId } = this.trees;
    let isLeft = ordered.seek(orderedId, 0);
    while (isLeft && ordered.key === 0) {
      if (1 / ordered.key < 0) ordered.setKeyHere(0);
      isLeft = ordered.next();
    }
  }

  /** @returns whether they fit */
  private pack(): boolean {
    const { writer, run } = this.context;
    const { ordered, orderedId } = this.trees;
    writer.begin();
    for (let isLeft = ordered.seekFirst(orderedId); isLeft; isLeft = ordered.next()) {
      const { view, bytes, payloadOffset, payloadLength } = ordered;
      writer.plan.ofText(view, bytes, payloadOffset, payloadLength);
      writer.addPlanned();
      planScore(writer.plan, ordered.key);
      writer.addPlanned();
      if (writer.packedBytes > PACKED_BYTES_MAX) return false;
    }
    run.openWritten(writer);
    return true;
  }
}
