/**
 * Ranges of a sorted set, by score or by member, as ranks: which members they are is two descents
 * of a tree, how many there are a subtraction.
 *
 * Ranges by member mean something only where all scores are equal. Where they are not, a listpack
 * answers as redis-server walks it; a tree answers for the members of the lowest score.
 */
import { Slice } from '../../slice.ts';
import { elementBytes, isEnd, LISTPACK_HEADER_BYTES, readElement } from '../packed/listpack.ts';
import { compareMembers, Member } from './member-order.ts';
import { compareScore } from './score-element.ts';
import type { ZsetTrees } from './zset-trees.ts';
import type { ZsetWalker } from './zset-walker.ts';

/** Ranks from `start` on, `end` not included; nothing when they are equal. */
export class RankSpan {
  start = 0;
  end = 0;

  set(start: number, end: number): void {
    this.start = start;
    this.end = Math.max(start, end);
  }

  get count(): number {
    return this.end - this.start;
  }
}

/** Scores between two bounds. */
export class ScoreRange {
  min = 0;
  max = 0;
  isMinExcluded = false;
  isMaxExcluded = false;
}

/** One bound of a range by member: bytes of a frame, or one of the two ends. */
export class MemberBound {
  readonly member = new Member();
  isExcluded = false;
  /** `-`: before all members; `+`: behind all. */
  kind: '' | '-' | '+' = '';
}

export class MemberRange {
  readonly min = new MemberBound();
  readonly max = new MemberBound();
}

const shown = new Slice();
const double = new DataView(new ArrayBuffer(8));

/** Fills `out` with the ranks of the members whose scores are in the range. */
export function spanOfScores(walker: ZsetWalker, range: ScoreRange, out: RankSpan): void {
  const { min, max, isMinExcluded, isMaxExcluded } = range;
  if (min > max || (min === max && (isMinExcluded || isMaxExcluded))) return out.set(0, 0);
  const { trees } = walker;
  if (trees !== null) {
    const start = treeRank(trees, min, isMinExcluded);
    return out.set(start, treeRank(trees, max, !isMaxExcluded));
  }
  const { view, bytes } = walker;
  let rank = 0;
  let start = -1;
  for (let at = walker.start + LISTPACK_HEADER_BYTES; !isEnd(view, at); rank++) {
    const scoreAt = at + elementBytes(view, at);
    if (start < 0) {
      const order = compareScore(view, bytes, scoreAt, min);
      if (order > 0 || (order === 0 && !isMinExcluded)) start = rank;
    }
    if (start >= 0) {
      const order = compareScore(view, bytes, scoreAt, max);
      if (order > 0 || (order === 0 && isMaxExcluded)) break;
    }
    at = scoreAt + elementBytes(view, scoreAt);
  }
  out.set(start < 0 ? rank : start, rank);
}

/** Fills `out` with the ranks of the members between the two bounds. */
export function spanOfMembers(
  walker: ZsetWalker,
  range: MemberRange,
  isReverse: boolean,
  out: RankSpan,
): void {
  const { min, max } = range;
  if (walker.count === 0 || isNothing(min, max)) return out.set(0, 0);
  const { trees } = walker;
  if (trees === null) return spanOfPacked(walker, range, isReverse, out);
  trees.ordered.seekFirst(trees.orderedId);
  const score = trees.ordered.key;
  const start = treeRankOf(trees, score, min, min.isExcluded);
  out.set(start, treeRankOf(trees, score, max, !max.isExcluded));
}

/** The next double above. */
export function nextAbove(value: number): number {
  if (value === Number.POSITIVE_INFINITY) return value;
  if (value === 0) return Number.MIN_VALUE;
  double.setFloat64(0, value);
  const low = double.getUint32(4);
  const high = double.getUint32(0);
  const step = value > 0 ? 1 : -1;
  const sum = low + step;
  double.setUint32(4, sum >>> 0);
  if (sum > 0xffff_ffff) double.setUint32(0, high + 1);
  else if (sum < 0) double.setUint32(0, high - 1);
  return double.getFloat64(0);
}

/** Members of a lower score, or of the same too. */
export function treeRank(trees: ZsetTrees, score: number, isBehind: boolean): number {
  if (isBehind && score === Number.POSITIVE_INFINITY) return trees.count;
  if (!isBehind && score === Number.NEGATIVE_INFINITY) return 0;
  trees.ordered.seek(trees.orderedId, isBehind ? nextAbove(score) : score);
  return trees.ordered.rankHere();
}

function treeRankOf(
  trees: ZsetTrees,
  score: number,
  bound: MemberBound,
  isBehind: boolean,
): number {
  if (bound.kind === '-') return 0;
  if (bound.kind === '+') return trees.count;
  bound.member.isAfterEqual = isBehind;
  trees.ordered.seekTied(trees.orderedId, score, bound.member);
  return trees.ordered.rankHere();
}

function spanOfPacked(
  walker: ZsetWalker,
  range: MemberRange,
  isReverse: boolean,
  out: RankSpan,
): void {
  const { min, max } = range;
  out.set(0, 0);
  walker.seekRank(walker.count - 1);
  if (!isNotBefore(walker, min)) return;
  walker.seekFirst();
  if (!isNotBehind(walker, max)) return;
  if (isReverse) return spanFromBehind(walker, range, out);
  let start = 0;
  while (!isNotBefore(walker, min)) {
    start++;
    walker.next();
  }
  let end = start;
  while (walker.isAtMember && isNotBehind(walker, max)) {
    end++;
    walker.next();
  }
  out.set(start, end);
}

function spanFromBehind(walker: ZsetWalker, range: MemberRange, out: RankSpan): void {
  let end = walker.count;
  walker.seekRank(end - 1);
  while (!isNotBehind(walker, range.max)) {
    end--;
    walker.prev();
  }
  let start = end;
  while (walker.isAtMember && isNotBefore(walker, range.min)) {
    start--;
    walker.prev();
  }
  out.set(start, end);
}

/** Whether the walker's member is within the range as far as `min` is concerned. */
function isNotBefore(walker: ZsetWalker, min: MemberBound): boolean {
  if (min.kind !== '') return min.kind === '-';
  const order = compareHere(walker, min.member);
  return min.isExcluded ? order > 0 : order >= 0;
}

function isNotBehind(walker: ZsetWalker, max: MemberBound): boolean {
  if (max.kind !== '') return max.kind === '+';
  const order = compareHere(walker, max.member);
  return max.isExcluded ? order < 0 : order <= 0;
}

function compareHere(walker: ZsetWalker, member: Member): number {
  readElement(walker.bytes, walker.view, walker.at, shown);
  const { view, offset, length } = member;
  return compareMembers(shown.view, shown.offset, shown.length, view, offset, length);
}

/** Whether the bounds leave nothing between them, whatever the members are. */
function isNothing(min: MemberBound, max: MemberBound): boolean {
  if (min.kind === '-' && max.kind !== '-') return false;
  if (max.kind === '+' && min.kind !== '+') return false;
  if (min.kind !== '' || max.kind !== '') return true;
  const { view, offset, length } = min.member;
  const other = max.member;
  const order = compareMembers(view, offset, length, other.view, other.offset, other.length);
  return order > 0 || (order === 0 && (min.isExcluded || max.isExcluded));
}
