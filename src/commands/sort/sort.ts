import type { Frame } from '../../base/frame.ts';
import { itemNumbers } from '../../base/stable-order.ts';
import type { Database } from '../../engine/database.ts';
import { EVENT } from '../../engine/event-table.ts';
import { ENCODING, TYPE } from '../../engine/keyspace/entry.ts';
import { Slice } from '../../engine/slice.ts';
import { STORE_STAT } from '../../engine/store-stats.ts';
import { createList, pushElement } from '../../engine/values/list/list-ends.ts';
import { settleGrowingList } from '../../engine/values/list/list-form.ts';
import { ElementPlan } from '../../engine/values/packed/listpack.ts';
import { setEncoding } from '../../engine/values/packed/packed-value.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { type CommandRow, type KeySpec, keysAt } from '../command-row.ts';
import type { Session } from '../session.ts';
import { limitOf, parseSort, type SortOptions } from './sort-options.ts';
import { orderElements, sortScore } from './sort-order.ts';
import { findByPattern, parsePattern, type SortPattern } from './sort-pattern.ts';
import { elementsOf } from './sort-source.ts';
import { showText, TextColumn } from './text-column.ts';

const COMPLEXITY =
  'O(N+M*log(M)) where N is the number of elements in the list or set to sort, and M the number ' +
  'of returned elements. When the elements are not sorted, complexity is O(N).';
const OPTIONS =
  '[BY pattern] [LIMIT offset count] [GET pattern [GET pattern ...]] [ASC | DESC] [ALPHA]';

const KEYS_BY_PATTERN: KeySpec = {
  notes:
    "For the optional BY/GET keyword. It is marked 'unknown' because the key names derive from " +
    'the content of the key we sort',
  flags: 'RO ACCESS',
  begin: { isUnknown: true },
  find: { isUnknown: true, finder: 'nothing' },
};
const STORE_KEY: KeySpec = {
  notes:
    "For the optional STORE keyword. It is marked 'unknown' because the keyword can appear " +
    'anywhere in the argument array',
  flags: 'OW UPDATE',
  begin: { isUnknown: true },
  find: { isUnknown: true, finder: 'sortStore' },
};

export const sortCommand: CommandRow = {
  name: 'sort',
  arity: -2,
  flags: ['write', 'denyoom', 'movablekeys'],
  categories: ['-keyspace', 'set', 'sortedset', 'list', 'dangerous'],
  keys: [keysAt(1, 0, 1, 'RO ACCESS'), KEYS_BY_PATTERN, STORE_KEY],
  group: 'generic',
  since: '1.0.0',
  complexity: COMPLEXITY,
  summary: 'Answers or stores the elements of a list, set or sorted set in order',
  syntax: `key ${OPTIONS} [STORE destination]`,
  execute: (session, frame, reply) => executeSort(session, frame, reply, true),
};

export const sortRoCommand: CommandRow = {
  name: 'sort_ro',
  arity: -2,
  flags: ['readonly', 'movablekeys'],
  categories: ['-keyspace', 'set', 'sortedset', 'list', 'dangerous'],
  keys: [keysAt(1, 0, 1, 'RO ACCESS'), KEYS_BY_PATTERN],
  group: 'generic',
  since: '7.0.0',
  complexity: COMPLEXITY,
  summary: 'Answers the elements of a list, set or sorted set in order',
  syntax: `key ${OPTIONS}`,
  execute: (session, frame, reply) => executeSort(session, frame, reply, false),
};

/** Work areas: they hold nothing between two commands. */
const PLAN = new ElementPlan();
const TEXT = new Slice();

function executeSort(session: Session, frame: Frame, reply: ReplyWriter, canStore: boolean): void {
  const { user, node } = session;
  const options = parseSort(frame, canStore, () =>
    node.access.mayReadEveryKey(user, canStore ? sortCommand : sortRoCommand, frame),
  );
  if ('bytes' in options) return reply.error(options);
  const { database } = session;
  const entry = database.read(frame, 1);
  const elements = entry === 0 ? new TextColumn() : elementsOf(database, entry);
  if (elements === null) return reply.error(ERRORS.wrongType);
  // To Redis a sorted set is a skiplist once it was sorted, and OBJECT ENCODING tells it.
  if (entry !== 0 && database.typeOf(entry) === TYPE.ZSET) {
    setEncoding(database, entry, ENCODING.SKIPLIST);
  }
  // What is stored, or seen by a script, must not depend on the order in which a set lies.
  const mustBeStable = options.storeArg !== 0 || session.isInScript;
  if (options.isUnsorted && mustBeStable && isSet(database, entry)) {
    options.isUnsorted = false;
    options.isAlpha = true;
    options.byArg = 0;
  }
  const { start, end } = limitOf(options, elements.count);
  const order = options.isUnsorted
    ? inOwnOrder(elements, options, isSet(database, entry))
    : sorted(database, frame, elements, options, start, end);
  if (order === null) return reply.error(ERRORS.sortNotDouble);
  const chosen = order.subarray(start, end);
  const patterns = options.getArgs.map((arg) => parsePattern(frame.copyArgument(arg)));
  if (options.storeArg === 0) return replyValues(database, reply, elements, chosen, patterns);
  const values = patterns.length === 0 ? elements : valuesOf(database, elements, chosen, patterns);
  const valueOrder = values === elements ? chosen : itemNumbers(values.count);
  storeValues(session, frame, values, valueOrder, options.storeArg);
  reply.integer(valueOrder.length);
}

function isSet(database: Database, entry: number): boolean {
  return entry !== 0 && database.typeOf(entry) === TYPE.SET;
}

/** DESC turns a list or a sorted set around; a set has no order to turn. */
function inOwnOrder(elements: TextColumn, options: SortOptions, isOfSet: boolean): Uint32Array {
  const order = itemNumbers(elements.count);
  return options.isDescending && !isOfSet ? order.reverse() : order;
}

/** @returns null when some weight is no number */
function sorted(
  database: Database,
  frame: Frame,
  elements: TextColumn,
  options: SortOptions,
  start: number,
  end: number,
): Uint32Array | null {
  const { isAlpha, isDescending, byArg, storeArg } = options;
  const by = byArg === 0 ? null : parsePattern(frame.copyArgument(byArg));
  const scores = isAlpha ? null : new Float64Array(elements.count);
  const weights = isAlpha && by !== null ? new TextColumn() : null;
  let isRefused = false;
  for (let i = 0; i < elements.count && (scores !== null || weights !== null); i++) {
    const weight =
      by === null ? showText(elements, i, TEXT) : findByPattern(database, by, elements, i);
    if (scores !== null) {
      const score = weight === null ? 0 : sortScore(weight.bytes, weight.offset, weight.length);
      if (Number.isNaN(score)) isRefused = true;
      scores[i] = score;
    } else if (weight === null) weights?.addAbsent();
    else weights?.add(weight);
  }
  if (isRefused) return null;
  const isPartial = by !== null && (start !== 0 || end !== elements.count);
  if (isPartial && start >= end) return new Uint32Array(elements.count);
  const isBinary = storeArg !== 0;
  const input = { elements, scores, weights, isDescending, isBinary };
  return orderElements(input, isPartial, start, end);
}

/** Copies of what the patterns name for each element; a text of no bytes where there is nothing. */
function valuesOf(
  database: Database,
  elements: TextColumn,
  chosen: Uint32Array,
  patterns: readonly SortPattern[],
): TextColumn {
  const values = new TextColumn();
  for (const element of chosen) {
    for (const pattern of patterns) {
      values.add(findByPattern(database, pattern, elements, element) ?? NOTHING);
    }
  }
  return values;
}

const NOTHING = new Slice();

function replyValues(
  database: Database,
  reply: ReplyWriter,
  elements: TextColumn,
  chosen: Uint32Array,
  patterns: readonly SortPattern[],
): void {
  if (patterns.length === 0) {
    reply.array(chosen.length);
    for (const element of chosen) {
      reply.bulk(elements.bytes, elements.start(element), elements.length(element));
    }
    return;
  }
  reply.array(chosen.length * patterns.length);
  for (const element of chosen) {
    for (const pattern of patterns) {
      const value = findByPattern(database, pattern, elements, element);
      if (value === null) reply.null();
      else reply.bulk(value.bytes, value.offset, value.length);
    }
  }
}

/**
 * Replaces whatever the target held by a list. Recorded as what came of it, for equal weights leave
 * the order to chance: DEL of the old value, RPUSH of the elements.
 */
function storeValues(
  session: Session,
  frame: Frame,
  values: TextColumn,
  order: Uint32Array,
  storeArg: number,
): void {
  const { database } = session;
  const old = database.find(frame, storeArg);
  if (old !== 0) database.remove(old, order.length === 0 ? EVENT.del : EVENT.none);
  if (order.length === 0) return;
  database.find(frame, storeArg);
  let entry = createList(database, frame, storeArg);
  const { store } = database;
  const { effect, sink } = store;
  if (sink.isActive) {
    effect.begin('RPUSH', database.index, 1);
    effect.bytes(frame.bytes, frame.offsets[storeArg], frame.lengths[storeArg]);
  }
  const sizeSetting = session.node.configuration.encoding.listMaxListpackSize;
  const { bytes, view } = values;
  for (const value of order) {
    const at = values.start(value);
    const length = values.length(value);
    settleGrowingList(database, entry, sizeSetting, length, 1);
    PLAN.ofText(view, bytes, at, length);
    entry = pushElement(database, entry, false, PLAN);
    if (sink.isActive) effect.bytes(bytes, at, length);
  }
  store.stats[STORE_STAT.CHANGES]++;
  if (sink.isActive) store.recordEffect(EVENT.sortstore);
  database.recordNewDeadline(frame, storeArg);
}
