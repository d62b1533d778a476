/**
 * An entry as it was at one moment, whatever happens to it since: what a snapshot hands to whoever
 * writes it down, and what DUMP reads of a live one.
 *
 * How the bytes lie is told where each type lives; `isLarge` tells the two forms apart, and the
 * encoding is only what OBJECT ENCODING answers:
 *
 *     type     small: `value` is               large: `value` is a record (`tree-record.ts`)
 *     STRING   INT: int64, low byte first;      -
 *              else the bytes themselves
 *     LIST     listpack (`packed/listpack.ts`)  tree 0, BLOCK: `list/list-chunk.ts`
 *     SET      INTSET: `set/intset.ts`;         tree 0, SLOTTED32: payload is the member
 *              else listpack
 *     ZSET     listpack of member, score, ...   tree 0, SLOTTED64: key is the score, payload
 *              in order (`score-element.ts`)    the member; in order
 *     HASH     listpack of field, value, ...;   tree 0, SLOTTED32: `hash/field-payload.ts`,
 *              LISTPACKEX: field, value,        deadlines of fields included
 *              deadline ms, ... (0: none)
 *     STREAM   -                                tree 0, BLOCK: `stream/stream-node.ts`; from
 *                                               tree 1 on one a group, SLOTTED64:
 *                                               `stream/stream-pending.ts`; what the record
 *                                               holds beside: `stream/stream-record.ts`
 *
 * Trees that only repeat what tree 0 says (of a sorted set by hash, of a hash by deadline: tree 1)
 * are not kept as they were and cannot be walked.
 */
import type { Slice } from '../slice.ts';

export interface FrozenEntry {
  /** Of the database that it stood in when the snapshot began. */
  readonly databaseIndex: number;
  readonly key: Slice;
  /** A row of TYPE. */
  readonly type: number;
  /** A row of ENCODING. */
  readonly encoding: number;
  readonly isJson: boolean;
  /** Absolute; NO_DEADLINE (-1) for none. A bigint beyond 2^53 only. It may have passed. */
  readonly deadlineMs: number | bigint;
  /** The 24 bits of the eviction policy. */
  readonly access: number;
  /** Seconds since the last use; -1 when the policy does not keep that. */
  readonly idleS: number;
  /** On the policy's own scale; -1 when it does not keep that. */
  readonly frequency: number;
  /** Its value is a record that names trees (FLAG.TREE). */
  readonly isLarge: boolean;
  /**
   * The value's bytes as they lie. Where other commands run between two steps (`writeLarge`) they
   * may be elsewhere after each `yield`: read `value.bytes`, `view` and `offset` anew.
   */
  readonly value: Slice;
  /**
   * Elements of one of its trees, in order, as they were. Several walks may be under way at once.
   * @param treeId  as `recordTree(value.view, value.offset, index)` tells
   */
  walk(treeId: number): FrozenWalk;
  /**
   * `walk` for who will not walk that tree again: what the walk has passed need not be kept any
   * more. The tree is gone when it has ended.
   */
  walkLast(treeId: number): FrozenWalk;
  /** Elements of a tree; in a tree of blocks those that the blocks stand for. */
  treeCount(treeId: number): number;
}

/** A walk begins before the first element; it stays true over any number of steps. */
export interface FrozenWalk {
  /** To the next element (in a tree of blocks: the next block); false when there is none. */
  next(): boolean;
  readonly key: number;
  /** What the element stands for: 1, or the count of a block. */
  readonly elementCount: number;
  /** Valid until `next`, and not beyond a `yield`. */
  readonly payload: Slice;
}

/** Whoever writes a snapshot down. Neither call may touch the store, nor throw. */
export interface SnapshotTarget {
  /**
   * Writes that entry whole, at once. Most have no trees; one with trees has little in them
   * (`isLarge` tells). The entry is reused: valid during the call only. Called from within commands
   * too, before they change the entry, and maybe while a large one is half written.
   */
  writeSmall(entry: FrozenEntry): void;
  /**
   * Writes an entry that is not small: a large collection, or a string of more than 64 KiB
   * (`isLarge` is false then). Yields every few hundred elements or about 64 KiB; commands run
   * between two steps, and `writeSmall` may be called there. One at a time. The entry is valid
   * until the generator has ended, or `return` was called because the snapshot was aborted.
   */
  writeLarge(entry: FrozenEntry): Generator<void, void>;
}
