/**
 * A large sorted set: two trees.
 *
 *     ordered   SLOTTED64 by (score, member's bytes), payload the member
 *     hashed    SLOTTED32 by hash of the member, payload the score
 *
 * No member is stored twice: it is found by its hash, which tells the score, and then by (score,
 * member), which says whether it is the one meant or another of the same hash. The score that
 * counts is the key in the ordered tree; the other one is only equal to it (0 and -0 are).
 *
 * Scores of the hashed tree take 4 bytes where a 32-bit float holds them exactly, else 8. A member
 * of 16 bytes takes 27 bytes and 11 or 15 of full pages: 45 or 51 in all, measured, where
 * redis-server needs 138.
 */
import { copyBytes } from '../../../base/bytes.ts';
import { assert } from '../../../base/errors.ts';
import { hashBytes } from '../../../base/hash.ts';
import type { Database } from '../../database.ts';
import { FORMAT } from '../../tree/page-layout.ts';
import { TreeCursor } from '../../tree/tree-cursor.ts';
import type { Trees } from '../../tree/trees.ts';
import type { Member } from './member-order.ts';

const SHORT_SCORE_BYTES = 4;
const LONG_SCORE_BYTES = 8;

/** Two places in one sorted set's trees. */
export class ZsetTrees {
  readonly ordered: TreeCursor;
  readonly hashed: TreeCursor;
  readonly trees: Trees;
  orderedId = 0;
  hashedId = 0;
  private seed0 = 0;
  private seed1 = 0;
  private hash = 0;

  constructor(trees: Trees) {
    this.trees = trees;
    this.ordered = new TreeCursor(trees.table);
    this.hashed = new TreeCursor(trees.table);
  }

  open(database: Database, orderedId: number, hashedId: number): this {
    this.seed0 = database.store.seed0;
    this.seed1 = database.store.seed1;
    this.orderedId = orderedId;
    this.hashedId = hashedId;
    return this;
  }

  /** Two new trees. */
  create(database: Database): this {
    const { trees } = this;
    return this.open(database, trees.create(FORMAT.SLOTTED64), trees.create(FORMAT.SLOTTED32));
  }

  release(): void {
    this.trees.release(this.orderedId);
    this.trees.release(this.hashedId);
  }

  get count(): number {
    return this.trees.count(this.orderedId);
  }

  /** @returns whether it is there; then both cursors are at it, and `ordered.key` is its score */
  find(member: Member): boolean {
    const { ordered, hashed, orderedId } = this;
    const hash = this.hashOf(member.view, member.offset, member.length);
    this.hash = hash;
    let isLeft = hashed.seek(this.hashedId, hash);
    while (isLeft && hashed.key === hash) {
      if (ordered.seekTied(orderedId, payloadScore(hashed), member)) return true;
      isLeft = hashed.next();
    }
    return false;
  }

  /** Adds the member that `find` missed. */
  insertMissed(member: Member, score: number): void {
    const { ordered, hashed } = this;
    hashed.insertHere(this.hash, scoreBytes(score));
    writeScore(hashed, score);
    ordered.seekTied(this.orderedId, score, member);
    ordered.insertHere(score, member.length);
    copyBytes(
      ordered.view,
      ordered.bytes,
      ordered.payloadOffset,
      member.view,
      member.bytes,
      member.offset,
      member.length,
    );
  }

  /** Gives the member that `find` found another score. */
  moveFound(member: Member, score: number): void {
    const { ordered, hashed } = this;
    const byteCount = scoreBytes(score);
    if (hashed.payloadLength !== byteCount) hashed.resizeHere(byteCount);
    else hashed.beforeChange();
    writeScore(hashed, score);
    ordered.removeHere();
    ordered.seekTied(this.orderedId, score, member);
    ordered.insertHere(score, member.length);
    copyBytes(
      ordered.view,
      ordered.bytes,
      ordered.payloadOffset,
      member.view,
      member.bytes,
      member.offset,
      member.length,
    );
  }

  removeFound(): void {
    this.hashed.removeHere();
    this.ordered.removeHere();
  }

  /** Removes the element that `ordered` is at; it goes on to the next one. */
  removeOrdered(): void {
    const { ordered, hashed } = this;
    const hash = this.hashOf(ordered.view, ordered.payloadOffset, ordered.payloadLength);
    let isLeft = hashed.seek(this.hashedId, hash);
    // Of several with this hash and score any one will do: they look the same here.
    while (isLeft && hashed.key === hash && payloadScore(hashed) !== ordered.key) {
      isLeft = hashed.next();
    }
    assert(isLeft && hashed.key === hash, 'a member of a sorted set is in both of its trees');
    hashed.removeHere();
    ordered.removeHere();
  }

  hashOf(view: DataView, offset: number, length: number): number {
    return hashBytes(view, offset, length, this.seed0, this.seed1) >>> 0;
  }
}

function scoreBytes(score: number): number {
  return Math.fround(score) === score ? SHORT_SCORE_BYTES : LONG_SCORE_BYTES;
}

function writeScore(cursor: TreeCursor, score: number): void {
  const { view, payloadOffset } = cursor;
  if (cursor.payloadLength === SHORT_SCORE_BYTES) view.setFloat32(payloadOffset, score, true);
  else view.setFloat64(payloadOffset, score, true);
}

/** The score that an element of a hashed tree holds. */
export function payloadScore(cursor: TreeCursor): number {
  const { view, payloadOffset } = cursor;
  if (cursor.payloadLength === SHORT_SCORE_BYTES) return view.getFloat32(payloadOffset, true);
  return view.getFloat64(payloadOffset, true);
}

let lastTrees: Trees | null = null;
let lastCursors: ZsetTrees | null = null;
const cursorsByTrees = new WeakMap<Trees, ZsetTrees>();

/** The cursors that commands on this database's sorted sets share. */
export function zsetTreesOf(database: Database): ZsetTrees {
  const { trees } = database;
  if (lastTrees === trees && lastCursors !== null) return lastCursors;
  let cursors = cursorsByTrees.get(trees);
  if (cursors === undefined) {
    cursors = new ZsetTrees(trees);
    cursorsByTrees.set(trees, cursors);
  }
  lastTrees = trees;
  lastCursors = cursors;
  return cursors;
}
