import { ENCODING, TYPE } from '../../engine/keyspace/entry.ts';
import { Slice } from '../../engine/slice.ts';
import { fitsPack, PACKED_BYTES_MAX } from '../../engine/values/hash/hash-forms.ts';
import {
  elementBytes,
  isEnd,
  LISTPACK_HEADER_BYTES,
  readElement,
} from '../../engine/values/packed/listpack.ts';
import { RDB_TYPE } from '../format.ts';
import { FieldTree } from './field-tree.ts';
import { type ReadContext, STEP_ELEMENT_COUNT } from './read-context.ts';
import { areUnique } from './unique-elements.ts';

/** A field and its value take at least so much of a listpack: more of them are a tree. */
const PAIR_BYTES_MIN = 4;

/** Reads a hash in any form, with a yield every few hundred fields. */
export function* readHash(context: ReadContext, type: number): Generator<void, void> {
  if (type === RDB_TYPE.HASH) {
    yield* readPairs(context);
    return;
  }
  const { reader, run } = context;
  const blob = context.next();
  if (type === RDB_TYPE.HASH_LISTPACK) run.openListpack(reader, blob);
  else if (type === RDB_TYPE.HASH_ZIPLIST) run.openZiplist(reader, blob);
  else run.openZipmap(reader, blob);
  if (run.count % 2 !== 0) context.fail('hash with a field without a value');
  const isZipmap = type === RDB_TYPE.HASH_ZIPMAP;
  const { limits } = context;
  const isShort = !isZipmap || context.run.longestText() <= limits.hashMaxListpackValueBytes;
  const isListpack = isShort && run.count / 2 <= limits.hashMaxListpackEntries;
  yield* takeRun(context, isListpack ? ENCODING.LISTPACK : ENCODING.HASHTABLE);
}

/** Makes the run the value. */
function* takeRun(context: ReadContext, encoding: number): Generator<void, void> {
  const { run, value } = context;
  const kind = TYPE.HASH | (encoding << 4);
  value.isEmpty = run.count === 0;
  if (fitsPack(run.length, run.count)) {
    const { seed0, seed1 } = value.database.store;
    if (!areUnique(run, 2, seed0, seed1)) context.fail('hash with a field twice');
    value.take(kind, run.view, run.bytes, run.start, run.length);
    return;
  }
  const tree = new FieldTree(context);
  yield* addRun(context, tree);
  value.recordOf(kind, tree.id);
}

function* addRun({ run }: ReadContext, tree: FieldTree): Generator<void, void> {
  const { view, bytes } = run;
  const field = new Slice();
  const text = new Slice();
  for (let at = run.start + LISTPACK_HEADER_BYTES; !isEnd(view, at); ) {
    readElement(bytes, view, at, field);
    at += elementBytes(view, at);
    readElement(bytes, view, at, text);
    at += elementBytes(view, at);
    tree.addField(field, text);
    if (tree.count % STEP_ELEMENT_COUNT === 0) yield;
  }
}

/** Fields and values one after the other; few of them become a listpack. */
function* readPairs(context: ReadContext): Generator<void, void> {
  const { reader, value, limits } = context;
  const count = reader.readCount(2);
  let isListpack = count <= limits.hashMaxListpackEntries;
  let tree: FieldTree | null = null;
  let left = count;
  if (count * PAIR_BYTES_MIN < PACKED_BYTES_MAX) {
    left = packPairs(context, count);
    if (context.run.longestText() > limits.hashMaxListpackValueBytes) isListpack = false;
  }
  if (left > 0) {
    tree = new FieldTree(context);
    if (left < count) yield* addRun(context, tree);
  }
  for (; left > 0 && tree !== null; left--) {
    const field = context.nextKept();
    tree.addField(field, context.next());
    if (tree.count % STEP_ELEMENT_COUNT === 0) yield;
  }
  if (tree !== null && tree.longest > limits.hashMaxListpackValueBytes) isListpack = false;
  const encoding = isListpack ? ENCODING.LISTPACK : ENCODING.HASHTABLE;
  if (tree === null) {
    yield* takeRun(context, encoding);
    return;
  }
  value.recordOf(TYPE.HASH | (encoding << 4), tree.id);
}

/**
 * Reads pairs into the context's run while that may stay a listpack.
 * @returns how many are left to read
 */
function packPairs(context: ReadContext, count: number): number {
  const { writer } = context;
  writer.begin();
  let left = count;
  while (left > 0 && writer.packedBytes <= PACKED_BYTES_MAX) {
    writer.addText(context.next());
    writer.addText(context.next());
    left--;
  }
  context.run.openWritten(writer);
  return left;
}
