import { INTEGER_BYTES_MAX, parseInt64, parseSafeInteger } from '../../base/numbers.ts';
import { ENCODING, TYPE } from '../../engine/keyspace/entry.ts';
import { Slice } from '../../engine/slice.ts';
import {
  elementBytes,
  isEnd,
  LISTPACK_HEADER_BYTES,
  readElement,
} from '../../engine/values/packed/listpack.ts';
import {
  INTSET_HEADER_BYTES,
  initIntset,
  intsetCount,
  intsetMember,
  intsetWidth,
  setIntsetCount,
  widenIntset,
  widthOf,
  writeIntsetMember,
} from '../../engine/values/set/intset.ts';
import { PACKED_BYTES_MAX } from '../../engine/values/set/open-set.ts';
import { RDB_TYPE } from '../format.ts';
import { FieldTree } from './field-tree.ts';
import { type ReadContext, STEP_ELEMENT_COUNT } from './read-context.ts';
import { areUnique } from './unique-elements.ts';

const KIND_INTSET = TYPE.SET | (ENCODING.INTSET << 4);
const KIND_LISTPACK = TYPE.SET | (ENCODING.LISTPACK << 4);
const KIND_HASHTABLE = TYPE.SET | (ENCODING.HASHTABLE << 4);
/** A member takes at least so much of a listpack: more of them are a tree. */
const MEMBER_BYTES_MIN = 2;

/** Reads a set in any form, with a yield every few hundred members. */
export function* readSet(context: ReadContext, type: number): Generator<void, void> {
  if (type === RDB_TYPE.SET) yield* readMembers(context);
  else if (type === RDB_TYPE.SET_INTSET) yield* readIntset(context);
  else {
    const { run, limits } = context;
    run.openListpack(context.reader, context.next());
    const isListpack = run.count <= limits.setMaxListpackEntries;
    yield* takeRun(context, isListpack ? KIND_LISTPACK : KIND_HASHTABLE);
  }
}

function* readIntset(context: ReadContext): Generator<void, void> {
  const { value, limits, writer, run } = context;
  const blob = context.next();
  const { view, bytes, offset, length } = blob;
  if (!isIntset(blob)) context.fail('invalid intset');
  const count = intsetCount(view, offset);
  value.isEmpty = count === 0;
  if (count <= limits.setMaxIntsetEntries) {
    value.take(KIND_INTSET, view, bytes, offset, length);
    return;
  }
  writer.begin();
  for (let i = 0; i < count; i++) {
    const member = intsetMember(view, offset, i);
    if (typeof member === 'number') writer.addInteger(member);
    else writer.addInteger64(member);
  }
  run.openWritten(writer);
  yield* takeRun(context, KIND_HASHTABLE);
}

/** Whether it is whole, of a width there is, and ascending without repetition. */
function isIntset({ view, offset, length }: Slice): boolean {
  if (length < INTSET_HEADER_BYTES) return false;
  const width = intsetWidth(view, offset);
  if (width !== 2 && width !== 4 && width !== 8) return false;
  const count = intsetCount(view, offset);
  if (INTSET_HEADER_BYTES + count * width !== length) return false;
  for (let i = 1; i < count; i++) {
    if (intsetMember(view, offset, i - 1) >= intsetMember(view, offset, i)) return false;
  }
  return true;
}

/** Makes the run the value. */
function* takeRun(context: ReadContext, kind: number): Generator<void, void> {
  const { run, value } = context;
  value.isEmpty = run.count === 0;
  if (run.length <= PACKED_BYTES_MAX) {
    const { seed0, seed1 } = value.database.store;
    if (!areUnique(run, 1, seed0, seed1)) context.fail('set with a member twice');
    value.take(kind, run.view, run.bytes, run.start, run.length);
    return;
  }
  const tree = new FieldTree(context);
  yield* addRun(context, tree);
  value.recordOf(kind, tree.id);
}

function* addRun({ run }: ReadContext, tree: FieldTree): Generator<void, void> {
  const { view, bytes } = run;
  const member = new Slice();
  for (let at = run.start + LISTPACK_HEADER_BYTES; !isEnd(view, at); ) {
    readElement(bytes, view, at, member);
    at += elementBytes(view, at);
    tree.addMember(member);
    if (tree.count % STEP_ELEMENT_COUNT === 0) yield;
  }
}

/** Members one after the other; few of them become a listpack or an intset. */
function* readMembers(context: ReadContext): Generator<void, void> {
  const { reader, value, limits, run, writer } = context;
  const count = reader.readCount(1);
  const integers = new Integers(count <= limits.setMaxIntsetEntries);
  let longest = 0;
  let left = count;
  writer.begin();
  if (count * MEMBER_BYTES_MIN < PACKED_BYTES_MAX) {
    for (; left > 0 && writer.packedBytes <= PACKED_BYTES_MAX; left--) {
      const member = context.next();
      integers.note(member);
      writer.addText(member);
    }
  }
  run.openWritten(writer);
  longest = context.run.longestText();
  let tree: FieldTree | null = null;
  if (left > 0) {
    tree = new FieldTree(context);
    yield* addRun(context, tree);
  }
  for (; left > 0 && tree !== null; left--) {
    const member = context.next();
    integers.note(member);
    tree.addMember(member);
    if (tree.count % STEP_ELEMENT_COUNT === 0) yield;
  }
  if (integers.members !== null && count > 0) {
    takeIntegers(context, integers.members);
    return;
  }
  if (tree !== null) longest = Math.max(longest, tree.longest);
  const isListpack =
    count <= limits.setMaxIntsetEntries &&
    count <= limits.setMaxListpackEntries &&
    longest <= limits.setMaxListpackValueBytes;
  const kind = isListpack ? KIND_LISTPACK : KIND_HASHTABLE;
  if (tree === null) yield* takeRun(context, kind);
  else value.recordOf(kind, tree.id);
}

/** The members so far, while all of them are integers. */
class Integers {
  members: (number | bigint)[] | null;

  constructor(isPossible: boolean) {
    this.members = isPossible ? [] : null;
  }

  note({ bytes, offset, length }: Slice): void {
    if (this.members === null) return;
    let member: number | bigint | null = null;
    if (length > 0 && length <= INTEGER_BYTES_MAX) {
      const integer = parseSafeInteger(bytes, offset, length);
      member = Number.isNaN(integer) ? parseInt64(bytes, offset, length) : integer;
    }
    if (member === null) this.members = null;
    else this.members.push(member);
  }
}

/** Makes them an intset. What they were put into meanwhile is given back. */
function takeIntegers(context: ReadContext, members: (number | bigint)[]): void {
  const { value } = context;
  members.sort((left, right) => (left < right ? -1 : left > right ? 1 : 0));
  let width = 2;
  for (let i = 0; i < members.length; i++) {
    width = Math.max(width, widthOf(members[i]));
    if (i > 0 && members[i] === members[i - 1]) context.fail('set with a member twice');
  }
  value.release();
  const view = value.beginBytes(KIND_INTSET, INTSET_HEADER_BYTES + members.length * width);
  initIntset(view, 0);
  widenIntset(view, 0, width);
  setIntsetCount(view, 0, members.length);
  members.forEach((member, index) => {
    writeIntsetMember(view, 0, index, member);
  });
}
