import type { Frame } from '../../base/frame.ts';
import type { Database } from '../../engine/database.ts';
import { EVENT } from '../../engine/event-table.ts';
import { TYPE } from '../../engine/keyspace/entry.ts';
import { STORE_STAT } from '../../engine/store-stats.ts';
import { createList, pushElement } from '../../engine/values/list/list-ends.ts';
import { settleGrowingList } from '../../engine/values/list/list-form.ts';
import { ElementPlan } from '../../engine/values/packed/listpack.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { type CommandRow, type KeySpec, keysAt } from '../command-row.ts';
import type { Session } from '../session.ts';
import { limitOf, parseSort, type SortOptions } from './sort-options.ts';
import { type Sortable, sortElements, sortScore } from './sort-order.ts';
import { findByPattern, parsePattern, type SortPattern } from './sort-pattern.ts';
import { elementsOf } from './sort-source.ts';

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

const PLAN = new ElementPlan();
const EMPTY = new Uint8Array(0);

function executeSort(session: Session, frame: Frame, reply: ReplyWriter, canStore: boolean): void {
  const { user, node } = session;
  const options = parseSort(frame, canStore, () =>
    node.access.mayReadEveryKey(user, canStore ? sortCommand : sortRoCommand, frame),
  );
  if ('bytes' in options) return reply.error(options);
  const { database } = session;
  const entry = database.read(frame, 1);
  const elements = entry === 0 ? [] : elementsOf(database, entry);
  if (elements === null) return reply.error(ERRORS.wrongType);
  // What is stored, or seen by a script, must not depend on the order in which a set lies.
  const mustBeStable = options.storeArg !== 0 || session.isInScript;
  if (options.isUnsorted && mustBeStable && isSet(database, entry)) {
    options.isUnsorted = false;
    options.isAlpha = true;
    options.byArg = 0;
  }
  const { start, end } = limitOf(options, elements.length);
  const chosen = options.isUnsorted
    ? inOwnOrder(elements, options, isSet(database, entry)).slice(start, end)
    : sorted(database, frame, elements, options, start, end);
  if (chosen === null) return reply.error(ERRORS.sortNotDouble);
  const values = valuesOf(database, frame, chosen, options);
  if (options.storeArg === 0) return replyValues(reply, values);
  storeValues(session, frame, values, options.storeArg);
  reply.integer(values.length);
}

function isSet(database: Database, entry: number): boolean {
  return entry !== 0 && database.typeOf(entry) === TYPE.SET;
}

/** DESC turns a list or a sorted set around; a set has no order to turn. */
function inOwnOrder(elements: Uint8Array[], options: SortOptions, isOfSet: boolean): Uint8Array[] {
  return options.isDescending && !isOfSet ? elements.reverse() : elements;
}

/** @returns null when some weight is no number */
function sorted(
  database: Database,
  frame: Frame,
  elements: readonly Uint8Array[],
  options: SortOptions,
  start: number,
  end: number,
): Uint8Array[] | null {
  const by = options.byArg === 0 ? null : parsePattern(frame.copyArgument(options.byArg));
  const items: Sortable[] = [];
  let isRefused = false;
  for (const element of elements) {
    const weight = by === null ? element : findByPattern(database, by, element);
    let score = 0;
    if (!options.isAlpha && weight !== null) score = sortScore(weight);
    if (Number.isNaN(score)) isRefused = true;
    items.push({ element, score, text: weight });
  }
  if (isRefused) return null;
  const isPartial = by !== null && (start !== 0 || end !== items.length);
  const order = {
    isAlpha: options.isAlpha,
    isDescending: options.isDescending,
    isByText: by !== null,
    isBinary: options.storeArg !== 0,
  };
  if (!isPartial || start < end) sortElements(items, order, isPartial, start, end);
  return items.slice(start, end).map((item) => item.element);
}

/** The elements, or what the GET patterns name for each. */
function valuesOf(
  database: Database,
  frame: Frame,
  elements: Uint8Array[],
  options: SortOptions,
): (Uint8Array | null)[] {
  if (options.getArgs.length === 0) return elements;
  const patterns: SortPattern[] = options.getArgs.map((arg) =>
    parsePattern(frame.copyArgument(arg)),
  );
  const values: (Uint8Array | null)[] = [];
  for (const element of elements) {
    for (const pattern of patterns) {
      values.push(findByPattern(database, pattern, element));
    }
  }
  return values;
}

function replyValues(reply: ReplyWriter, values: readonly (Uint8Array | null)[]): void {
  reply.array(values.length);
  for (const value of values) {
    if (value === null) reply.null();
    else reply.bulk(value, 0, value.length);
  }
}

/**
 * Replaces whatever the target held by a list. Recorded as what came of it, for equal weights leave
 * the order to chance: DEL of the old value, RPUSH of the elements.
 */
function storeValues(
  session: Session,
  frame: Frame,
  values: readonly (Uint8Array | null)[],
  storeArg: number,
): void {
  const { database } = session;
  const old = database.find(frame, storeArg);
  if (old !== 0) database.remove(old, values.length === 0 ? EVENT.del : EVENT.none);
  if (values.length === 0) return;
  database.find(frame, storeArg);
  let entry = createList(database, frame, storeArg);
  const { store } = database;
  const { effect, sink } = store;
  if (sink.isActive) {
    effect.begin('RPUSH', database.index, 1);
    effect.bytes(frame.bytes, frame.offsets[storeArg], frame.lengths[storeArg]);
  }
  const sizeSetting = session.node.configuration.encoding.listMaxListpackSize;
  for (const value of values) {
    const text = value ?? EMPTY;
    settleGrowingList(database, entry, sizeSetting, text.length, 1);
    const view = new DataView(text.buffer, text.byteOffset, text.length);
    PLAN.ofText(view, text, 0, text.length);
    entry = pushElement(database, entry, false, PLAN);
    if (sink.isActive) effect.bytes(text, 0, text.length);
  }
  store.stats[STORE_STAT.CHANGES]++;
  if (sink.isActive) store.recordEffect(EVENT.sortstore);
  database.recordNewDeadline(frame, storeArg);
}
