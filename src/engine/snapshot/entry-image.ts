import { assert } from '../../base/errors.ts';
import { hashBytes } from '../../base/hash.ts';
import { NO_DEADLINE } from '../database.ts';
import {
  deadlineOffset,
  FLAG,
  headerBytes,
  keyLength,
  readDeadline,
  valueLength,
} from '../keyspace/entry.ts';
import { Slice } from '../slice.ts';
import type { Store } from '../store.ts';
import type { FrozenEntry, FrozenWalk } from './frozen-entry.ts';

/** Where an entry's trees are found as they were. */
export interface TreeSource {
  walk(treeId: number, isLast: boolean): FrozenWalk;
  treeCount(treeId: number): number;
}

/** An entry read from the bytes of its block, wherever they lie. Reused. */
export class EntryImage implements FrozenEntry {
  databaseIndex = 0;
  readonly key = new Slice();
  readonly value = new Slice();
  type = 0;
  encoding = 0;
  isJson = false;
  isLarge = false;
  deadlineMs: number | bigint = NO_DEADLINE;
  access = 0;
  private readonly store: Store;
  private trees: TreeSource = NO_TREES;

  constructor(store: Store) {
    this.store = store;
  }

  /** @param base  the block's first byte in `bytes` and `view` */
  read(databaseIndex: number, bytes: Uint8Array, view: DataView, base: number, trees: TreeSource) {
    const word0 = view.getUint32(base, true);
    this.databaseIndex = databaseIndex;
    this.trees = trees;
    this.type = word0 & 15;
    this.encoding = (word0 >>> 4) & 15;
    this.isJson = (word0 & FLAG.JSON) !== 0;
    this.isLarge = (word0 & FLAG.TREE) !== 0;
    this.access = view.getUint32(base + 4, true) >>> 8;
    this.deadlineMs =
      (word0 & FLAG.DEADLINE) === 0
        ? NO_DEADLINE
        : exactDeadline(view, base + deadlineOffset(word0));
    const { key, value } = this;
    key.bytes = bytes;
    key.view = view;
    key.offset = base + headerBytes(word0);
    key.length = keyLength(view, base, word0);
    value.bytes = bytes;
    value.view = view;
    value.offset = key.offset + key.length;
    value.length = valueLength(view, base);
    return this;
  }

  get idleS(): number {
    return this.store.policy.idleS(this.access);
  }

  get frequency(): number {
    const { key, store } = this;
    const hash = hashBytes(key.view, key.offset, key.length, store.seed0, store.seed1);
    return store.policy.frequency(this.access, hash);
  }

  walk(treeId: number): FrozenWalk {
    return this.trees.walk(treeId, false);
  }

  walkLast(treeId: number): FrozenWalk {
    return this.trees.walk(treeId, true);
  }

  treeCount(treeId: number): number {
    return this.trees.treeCount(treeId);
  }
}

function exactDeadline(view: DataView, at: number): number | bigint {
  const deadlineMs = readDeadline(view, at);
  return Number.isSafeInteger(deadlineMs) ? deadlineMs : view.getBigInt64(at, true);
}

export const NO_TREES: TreeSource = {
  walk() {
    assert(false, 'a small value has no trees');
  },
  treeCount() {
    assert(false, 'a small value has no trees');
  },
};
