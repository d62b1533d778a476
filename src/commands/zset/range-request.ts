/**
 * The request for a range as ZRANGE and its seven kin make it: which bounds, in which direction,
 * how many; and the ranks it comes to. Reused; nothing of it outlives the command.
 */
import type { Frame } from '../../base/frame.ts';
import {
  MemberRange,
  RankSpan,
  ScoreRange,
  spanOfMembers,
  spanOfScores,
} from '../../engine/values/zset/zset-ranges.ts';
import type { ZsetWalker } from '../../engine/values/zset/zset-walker.ts';
import { ERRORS, type ErrorRow } from '../../protocol/error-table.ts';
import { roundedIntegerArgument } from '../range-arguments.ts';
import { parseMemberRange, parseScoreRange } from './range-bounds.ts';

/** What bounds are; AUTO: as the command's options say. */
export type RangeKind = 'auto' | 'rank' | 'score' | 'member';
export type Direction = 'auto' | 'forward' | 'reverse';

export class RangeRequest {
  isReverse = false;
  withScores = false;
  /** What `choose` found: lowest rank, and how many members from there. */
  readonly span = new RankSpan();
  kind: RangeKind = 'rank';
  private start = 0;
  private end = 0;
  private limitOffset = 0;
  private limitCount = -1;
  private readonly scores = new ScoreRange();
  private readonly members = new MemberRange();

  /**
   * Reads bounds and options.
   * @param keyArg   the key; both bounds follow it
   * @param isStore  ZRANGESTORE, which has no WITHSCORES
   * @returns        null, or what is wrong
   */
  parse(
    frame: Frame,
    keyArg: number,
    kind: RangeKind,
    direction: Direction,
    isStore: boolean,
  ): ErrorRow | null {
    this.kind = kind;
    this.isReverse = direction === 'reverse';
    this.withScores = false;
    this.limitOffset = 0;
    this.limitCount = -1;
    if (frame.count > keyArg + 3) {
      const error = this.parseOptions(frame, keyArg + 3, direction === 'auto', isStore);
      if (error !== null) return error;
    }
    if (this.kind === 'auto') this.kind = 'rank';
    if (this.limitCount !== -1 && this.kind === 'rank') return ERRORS.zrangeLimit;
    if (this.withScores && this.kind === 'member') return ERRORS.zrangeWithScores;
    return this.parseBounds(frame, keyArg + 1);
  }

  /** Both bounds alone, in that order, of ZCOUNT and ZREMRANGEBYSCORE and their kin. */
  parseBoundsOf(frame: Frame, minArg: number, kind: RangeKind): ErrorRow | null {
    this.kind = kind;
    this.isReverse = false;
    this.limitOffset = 0;
    this.limitCount = -1;
    return this.parseBounds(frame, minArg);
  }

  /** Fills `span` with the ranks of an open sorted set that are asked for. */
  choose(walker: ZsetWalker): void {
    const { span } = this;
    if (this.kind === 'rank') return this.chooseRanks(walker.count);
    if (this.kind === 'score') spanOfScores(walker, this.scores, span);
    else spanOfMembers(walker, this.members, this.isReverse, span);
    const { limitOffset, limitCount } = this;
    if (limitOffset === 0 && limitCount < 0) return;
    const { start, end, count } = span;
    const skipped = limitOffset < 0 ? count : Math.min(limitOffset, count);
    const taken = limitCount < 0 ? count - skipped : Math.min(limitCount, count - skipped);
    if (this.isReverse) span.set(end - skipped - taken, end - skipped);
    else span.set(start + skipped, start + skipped + taken);
  }

  private parseOptions(
    frame: Frame,
    firstArg: number,
    mayReverse: boolean,
    isStore: boolean,
  ): ErrorRow | null {
    let isDirected = !mayReverse;
    for (let arg = firstArg; arg < frame.count; arg++) {
      if (!isStore && frame.equals(arg, 'WITHSCORES')) {
        this.withScores = true;
      } else if (frame.equals(arg, 'LIMIT') && frame.count - arg > 2) {
        this.limitOffset = roundedIntegerArgument(frame, arg + 1);
        this.limitCount = roundedIntegerArgument(frame, arg + 2);
        if (Number.isNaN(this.limitOffset + this.limitCount)) return ERRORS.notInteger;
        arg += 2;
      } else if (!isDirected && frame.equals(arg, 'REV')) {
        isDirected = true;
        this.isReverse = true;
      } else if (this.kind === 'auto' && frame.equals(arg, 'BYLEX')) {
        this.kind = 'member';
      } else if (this.kind === 'auto' && frame.equals(arg, 'BYSCORE')) {
        this.kind = 'score';
      } else {
        return ERRORS.syntax;
      }
    }
    return null;
  }

  private parseBounds(frame: Frame, firstArg: number): ErrorRow | null {
    if (this.kind === 'rank') {
      this.start = roundedIntegerArgument(frame, firstArg);
      this.end = roundedIntegerArgument(frame, firstArg + 1);
      return Number.isNaN(this.start + this.end) ? ERRORS.notInteger : null;
    }
    const minArg = this.isReverse ? firstArg + 1 : firstArg;
    const maxArg = this.isReverse ? firstArg : firstArg + 1;
    if (this.kind === 'score') {
      return parseScoreRange(frame, minArg, maxArg, this.scores) ? null : ERRORS.rangeNotFloat;
    }
    return parseMemberRange(frame, minArg, maxArg, this.members) ? null : ERRORS.rangeNotMember;
  }

  private chooseRanks(count: number): void {
    const { span } = this;
    const start = Math.max(0, this.start < 0 ? this.start + count : this.start);
    const end = Math.min(count - 1, this.end < 0 ? this.end + count : this.end);
    if (start > end) return span.set(0, 0);
    if (this.isReverse) span.set(count - 1 - end, count - start);
    else span.set(start, end + 1);
  }
}

/** For commands, which ask for one range at a time. */
export const request = new RangeRequest();
