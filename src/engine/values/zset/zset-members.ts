/**
 * One member of a sorted set: finding it, adding it, giving it another score, removing it. A member
 * is first looked for by `findMember`; what is done then is done at the place that it found.
 */
import type { Database } from '../../database.ts';
import { ENCODING } from '../../keyspace/entry.ts';
import { Slice } from '../../slice.ts';
import {
  ElementPlan,
  elementBytes,
  isEnd,
  LISTPACK_HEADER_BYTES,
  listpackBytes,
  listpackCount,
  previousElement,
  readElement,
} from '../packed/listpack.ts';
import { openValue, setEncoding, spliceListpack, valueBytes } from '../packed/packed-value.ts';
import { compareMembers, Member } from './member-order.ts';
import { compareScore, planScore, readScore } from './score-element.ts';
import {
  openZset,
  PACKED_BYTES_MAX,
  PACKED_COUNT_MAX,
  requireTrees,
  unpackZset,
} from './zset-form.ts';
import type { ZsetTrees } from './zset-trees.ts';

/** Redis' thresholds, as they are set now. */
export interface ZsetThresholds {
  readonly zsetMaxListpackEntries: number;
  readonly zsetMaxListpackValueBytes: number;
}

/** The member looked for last. */
const member = new Member();
const shown = new Slice();
const memberPlan = new ElementPlan();
const scorePlan = new ElementPlan();
/** Its place in a listpack, from the value's first byte on; 0 where it is not. */
let foundAt = 0;
let isTree = false;
let trees: ZsetTrees;

/**
 * Looks for a member, whose bytes must stay where they are until all is done with it.
 * @returns its score; NaN when it is not in the set
 */
export function findMember(
  database: Database,
  entry: number,
  bytes: Uint8Array,
  view: DataView,
  offset: number,
  length: number,
): number {
  member.point(bytes, view, offset, length);
  const opened = openZset(database, entry);
  isTree = opened !== null;
  if (opened !== null) {
    trees = opened;
    return trees.find(member) ? trees.ordered.key : Number.NaN;
  }
  memberPlan.ofText(view, bytes, offset, length);
  const start = database.valueAt;
  const { memory } = database;
  const at = memberPlan.find(memory.view, start + LISTPACK_HEADER_BYTES, 2);
  foundAt = at === 0 ? 0 : at - start;
  if (at === 0) return Number.NaN;
  return readScore(memory.view, memory.bytes, at + elementBytes(memory.view, at));
}

/** Adds the member that `findMember` missed. @returns the entry's address */
export function addMissed(
  database: Database,
  entry: number,
  score: number,
  thresholds: ZsetThresholds,
): number {
  let placed = entry;
  const isListpack = followThresholds(database, entry, member.length, thresholds);
  const kept = isListpack && score === 0 ? 0 : score;
  if (!isTree) {
    planScore(scorePlan, kept);
    const grown = memberPlan.byteCount + scorePlan.byteCount;
    const start = openValue(database, entry);
    const count = listpackCount(database.memory.view, start) >>> 1;
    if (count < PACKED_COUNT_MAX && valueBytes(database) + grown <= PACKED_BYTES_MAX) {
      return insertPacked(database, entry, kept, LISTPACK_HEADER_BYTES);
    }
    placed = unpackZset(database, entry);
    trees = requireTrees(database, placed);
    isTree = true;
    trees.find(member);
  }
  trees.insertMissed(member, kept);
  return placed;
}

/** Gives the member that `findMember` found another score. @returns the entry's address */
export function moveFound(database: Database, entry: number, score: number): number {
  const isListpack = database.encodingOf(entry) === ENCODING.LISTPACK;
  const kept = isListpack && score === 0 ? 0 : score;
  if (isTree) {
    trees.moveFound(member, kept);
    return entry;
  }
  planScore(scorePlan, kept);
  if (staysInOrder(database, entry, kept)) return writeScoreFound(database, entry);
  const start = openValue(database, entry);
  const { view, bytes } = database.memory;
  const scoreAt = start + foundAt + elementBytes(view, start + foundAt);
  const isHigher = compareScore(view, bytes, scoreAt, kept) < 0;
  const from = isHigher ? foundAt : LISTPACK_HEADER_BYTES;
  if (elementBytes(view, scoreAt) === scorePlan.byteCount) {
    rotateFound(database, entry, placeOf(database, start, kept, from) - start);
    return entry;
  }
  return insertPacked(database, removeFound(database, entry), kept, from);
}

/** Moves the found pair to another place of the listpack, with a score of as many bytes. */
function rotateFound(database: Database, entry: number, place: number): void {
  const { memory } = database;
  memory.beforeChange(entry);
  const start = openValue(database, entry);
  const { view, bytes } = memory;
  const memberBytes = memberPlan.byteCount;
  const pairBytes = memberBytes + scorePlan.byteCount;
  const pairEnd = foundAt + pairBytes;
  let to = place;
  if (place > foundAt) {
    bytes.copyWithin(start + foundAt, start + pairEnd, start + place);
    to = place - pairBytes;
  } else {
    bytes.copyWithin(start + place + pairBytes, start + place, start + foundAt);
  }
  memberPlan.writeTo(view, bytes, start + to);
  scorePlan.writeTo(view, bytes, start + to + memberBytes);
}

/** Removes the member that `findMember` found. @returns the entry's address */
export function removeFound(database: Database, entry: number): number {
  if (isTree) {
    trees.removeFound();
    return entry;
  }
  const start = openValue(database, entry);
  const { view } = database.memory;
  const scoreAt = start + foundAt + elementBytes(view, start + foundAt);
  const removed = scoreAt + elementBytes(view, scoreAt) - start - foundAt;
  return spliceListpack(database, entry, foundAt, removed, 0, -2);
}

/** Members before the one that `findMember` found. */
export function rankOfFound(database: Database, entry: number): number {
  if (isTree) return trees.ordered.rankHere();
  const start = openValue(database, entry);
  const { view } = database.memory;
  let rank = 0;
  for (let at = start + LISTPACK_HEADER_BYTES; at < start + foundAt; rank++) {
    at += elementBytes(view, at);
    at += elementBytes(view, at);
  }
  return rank;
}

/** One member more, of that length: the encoding may change. @returns whether it is `listpack` */
function followThresholds(
  database: Database,
  entry: number,
  length: number,
  thresholds: ZsetThresholds,
): boolean {
  if (database.encodingOf(entry) !== ENCODING.LISTPACK) return false;
  const { memory } = database;
  const start = openValue(database, entry);
  const count = isTree ? trees.count : listpackCount(memory.view, start) >>> 1;
  if (count < thresholds.zsetMaxListpackEntries && length <= thresholds.zsetMaxListpackValueBytes) {
    return true;
  }
  setEncoding(database, entry, ENCODING.SKIPLIST);
  return false;
}

/**
 * Puts the planned member and score where they belong.
 * @param from  the elements before that place come before it
 */
function insertPacked(database: Database, entry: number, score: number, from: number): number {
  const start = openValue(database, entry);
  const at = placeOf(database, start, score, from) - start;
  const memberBytes = memberPlan.byteCount;
  const placed = spliceListpack(database, entry, at, 0, memberBytes + scorePlan.byteCount, 2);
  const { view, bytes } = database.memory;
  const to = database.valueAt + at;
  memberPlan.writeTo(view, bytes, to);
  scorePlan.writeTo(view, bytes, to + memberBytes);
  return placed;
}

/** Where the member belongs with that score; most come last. */
function placeOf(database: Database, start: number, score: number, from: number): number {
  const { view, bytes } = database.memory;
  const end = start + listpackBytes(view, start) - 1;
  const lastScoreAt = previousElement(view, end, start);
  if (lastScoreAt === 0) return end;
  const lastOrder = compareScore(view, bytes, lastScoreAt, score);
  if (lastOrder < 0) return end;
  if (lastOrder === 0 && isAfter(bytes, view, previousElement(view, lastScoreAt, start))) {
    return end;
  }
  for (let at = start + from; !isEnd(view, at); ) {
    const scoreAt = at + elementBytes(view, at);
    const order = compareScore(view, bytes, scoreAt, score);
    if (order > 0 || (order === 0 && !isAfter(bytes, view, at))) return at;
    at = scoreAt + elementBytes(view, scoreAt);
  }
  return end;
}

/** Whether the member comes after the one in the element at `at`. */
function isAfter(bytes: Uint8Array, view: DataView, at: number): boolean {
  readElement(bytes, view, at, shown);
  return (
    compareMembers(
      shown.view,
      shown.offset,
      shown.length,
      member.view,
      member.offset,
      member.length,
    ) < 0
  );
}

/** Whether the found member keeps its place with that score. */
function staysInOrder(database: Database, entry: number, score: number): boolean {
  const start = openValue(database, entry);
  const { view, bytes } = database.memory;
  const at = start + foundAt;
  const scoreAt = at + elementBytes(view, at);
  const nextAt = scoreAt + elementBytes(view, scoreAt);
  if (!isEnd(view, nextAt)) {
    const order = compareScore(view, bytes, nextAt + elementBytes(view, nextAt), score);
    if (order < 0 || (order === 0 && isAfter(bytes, view, nextAt))) return false;
  }
  const lastScoreAt = previousElement(view, at, start);
  if (lastScoreAt === 0) return true;
  const order = compareScore(view, bytes, lastScoreAt, score);
  if (order !== 0) return order < 0;
  return isAfter(bytes, view, previousElement(view, lastScoreAt, start));
}

/** Writes the planned score over the found member's. */
function writeScoreFound(database: Database, entry: number): number {
  const start = openValue(database, entry);
  const { view } = database.memory;
  const memberBytes = elementBytes(view, start + foundAt);
  const at = foundAt + memberBytes;
  const removed = elementBytes(view, start + at);
  const placed = spliceListpack(database, entry, at, removed, scorePlan.byteCount, 0);
  const { memory } = database;
  scorePlan.writeTo(memory.view, memory.bytes, database.valueAt + at);
  return placed;
}
