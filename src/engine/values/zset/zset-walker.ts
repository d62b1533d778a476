/**
 * A place in a sorted set of either form: at a member, or behind the last. Reused; nothing is
 * allocated to move. Valid until the set, or anything else of its database, is changed.
 */
import type { Database } from '../../database.ts';
import { Slice } from '../../slice.ts';
import { type PayloadRun, RUN_COUNT_MAX, takeRun } from '../../tree/payload-run.ts';
import type { TreeCursor } from '../../tree/tree-cursor.ts';
import {
  elementAt,
  elementBytes,
  elementTextBytes,
  isEnd,
  isText,
  LISTPACK_HEADER_BYTES,
  listpackBytes,
  listpackCount,
  previousElement,
  readElement,
  textOffset,
} from '../packed/listpack.ts';
import { readScore } from './score-element.ts';
import { openZset } from './zset-form.ts';
import type { ZsetTrees } from './zset-trees.ts';

export class ZsetWalker {
  /** The member here, once `showMember` was called. */
  readonly member = new Slice();
  isAtMember = false;
  count = 0;
  /** Null while the set is a listpack. */
  trees: ZsetTrees | null = null;
  private cursor: TreeCursor | null = null;
  // Of a listpack:
  bytes: Uint8Array = this.member.bytes;
  view: DataView = this.member.view;
  start = 0;
  at = 0;

  /** The set's members; the walker is at none yet. */
  open(database: Database, entry: number): this {
    this.isAtMember = false;
    const trees = openZset(database, entry);
    if (trees !== null) return this.openTrees(trees);
    const { memory } = database;
    this.trees = null;
    this.cursor = null;
    this.start = database.valueAt;
    this.bytes = memory.bytes;
    this.view = memory.view;
    this.count = listpackCount(memory.view, this.start) >>> 1;
    return this;
  }

  /** Members of a sorted set that lies in those trees. */
  openTrees(trees: ZsetTrees): this {
    this.isAtMember = false;
    this.trees = trees;
    this.cursor = trees.ordered;
    this.count = trees.count;
    return this;
  }

  seekFirst(): boolean {
    if (this.trees !== null) {
      this.isAtMember = this.trees.ordered.seekFirst(this.trees.orderedId);
      return this.isAtMember;
    }
    this.at = this.start + LISTPACK_HEADER_BYTES;
    this.isAtMember = this.count > 0;
    return this.isAtMember;
  }

  /** Goes to the member that has `rank` members before it. */
  seekRank(rank: number): boolean {
    if (this.trees !== null) {
      if (rank === 0) return this.seekFirst();
      this.isAtMember = this.trees.ordered.seekRank(this.trees.orderedId, rank);
      return this.isAtMember;
    }
    const { view, start } = this;
    this.isAtMember = rank < this.count;
    if (!this.isAtMember) this.at = start + listpackBytes(view, start) - 1;
    else this.at = elementAt(view, start, 2 * (rank * 2 < this.count ? rank : rank - this.count));
    return this.isAtMember;
  }

  next(): boolean {
    if (this.cursor !== null) {
      this.isAtMember = this.cursor.next();
      return this.isAtMember;
    }
    const scoreAt = this.at + elementBytes(this.view, this.at);
    this.at = scoreAt + elementBytes(this.view, scoreAt);
    this.isAtMember = !isEnd(this.view, this.at);
    return this.isAtMember;
  }

  /** False, and at no member, when there is none before. */
  prev(): boolean {
    if (this.cursor !== null) {
      this.isAtMember = this.cursor.prev();
      return this.isAtMember;
    }
    const scoreAt = previousElement(this.view, this.at, this.start);
    this.isAtMember = scoreAt !== 0;
    if (this.isAtMember) this.at = previousElement(this.view, scoreAt, this.start);
    return this.isAtMember;
  }

  /**
   * Notes the members from here on that lie in one memory, up to `countMax`, and leaves the walker
   * at the last of them; none where the member here is not kept as text.
   */
  takeRun(run: PayloadRun, countMax: number, isReverse: boolean): number {
    if (this.cursor !== null) return takeRun(this.cursor, run, countMax, isReverse);
    const { view } = this;
    const end = Math.min(countMax, RUN_COUNT_MAX);
    let count = 0;
    while (count < end && isText(view, this.at)) {
      run.offsets[count] = textOffset(view, this.at);
      run.lengths[count] = elementTextBytes(view, this.at);
      if (++count === end) break;
      if (!(isReverse ? this.prev() : this.next())) break;
    }
    if (count > 0 && count < end && this.isAtMember) {
      // The one here is no text.
      if (isReverse) this.next();
      else this.prev();
    }
    run.bytes = this.bytes;
    run.view = view;
    run.count = count;
    return count;
  }

  score(): number {
    if (this.cursor !== null) return this.cursor.key;
    return readScore(this.view, this.bytes, this.at + elementBytes(this.view, this.at));
  }

  showMember(): Slice {
    const { cursor, member } = this;
    if (cursor === null) {
      readElement(this.bytes, this.view, this.at, member);
      return member;
    }
    member.bytes = cursor.bytes;
    member.view = cursor.view;
    member.offset = cursor.payloadOffset;
    member.length = cursor.payloadLength;
    return member;
  }
}
