import assert from 'node:assert/strict';
import { hashBytes } from '../base/hash.ts';
import { filterPageBytes } from '../engine/filter/filter-layout.ts';
import { FilterPlan } from '../engine/filter/filter-plan.ts';
import { KeyFilter } from '../engine/filter/key-filter.ts';
import { TYPE } from '../engine/keyspace/entry.ts';
import { HashIndex } from '../engine/keyspace/hash-index.ts';
import { tableBlockBytes } from '../engine/keyspace/table-layout.ts';
import type { BlockOwner } from '../engine/memory/compaction.ts';
import { Memory } from '../engine/memory/memory.ts';
import type { SegmentPool } from '../engine/memory/segment-pool.ts';

export interface FilterModelOptions {
  readonly pool: SegmentPool;
  readonly rate: number;
  /** Four; the first two are the index's. */
  readonly seeds: readonly number[];
}

/** A filter beside the index it is built of and a Map of the keys that are in both. */
export class FilterModel implements BlockOwner {
  readonly memory: Memory;
  readonly index: HashIndex;
  readonly filter: KeyFilter;
  readonly plan: FilterPlan;
  /** Address of each key. */
  readonly addresses = new Map<string, number>();
  /** Keys in no order, for drawing one. */
  readonly keys: string[] = [];
  readonly #places = new Map<string, number>();
  readonly #bytes = new Uint8Array(64);
  readonly #view = new DataView(this.#bytes.buffer);

  constructor({ pool, rate, seeds }: FilterModelOptions) {
    this.memory = new Memory(pool);
    this.index = new HashIndex(this.memory);
    this.plan = new FilterPlan(rate, new Uint32Array(seeds));
    this.filter = new KeyFilter(this.plan, this.index, this.memory);
  }

  /** False: the key was there, and got a new block; or memory refused, and nothing changed. */
  set(key: string): boolean {
    const hash = this.#writeKey(key);
    const found = this.index.find(hash, this.#view, 0, key.length);
    const address = this.#writeEntry(key.length);
    if (address === 0) return false;
    if (found !== 0) {
      this.index.replaceFound(address);
      this.memory.free(found, 8 + key.length);
      this.addresses.set(key, address);
      return false;
    }
    if (!this.index.insert(hash, address)) {
      this.memory.free(address, 8 + key.length);
      return false;
    }
    this.filter.add(hash, address);
    this.#places.set(key, this.keys.length);
    this.keys.push(key);
    this.addresses.set(key, address);
    return true;
  }

  remove(key: string): boolean {
    const hash = this.#writeKey(key);
    const found = this.index.find(hash, this.#view, 0, key.length);
    assert.equal(found, this.addresses.get(key) ?? 0);
    if (found === 0) return false;
    this.filter.remove(found);
    this.index.removeFound();
    this.memory.free(found, 8 + key.length);
    this.addresses.delete(key);
    const place = this.#places.get(key) as number;
    const last = this.keys.pop() as string;
    if (last !== key) {
      this.keys[place] = last;
      this.#places.set(last, place);
    }
    this.#places.delete(key);
    return true;
  }

  mayHold(key: string): boolean {
    const hash = this.#writeKey(key);
    return this.filter.mayHold(hash, this.#view, 0, key.length);
  }

  hashOf(key: string): number {
    return this.#writeKey(key);
  }

  /** Every key is held, each counted once, and the filter takes no block that it does not use. */
  checkAll(): void {
    for (const key of this.keys) assert.ok(this.mayHold(key), `${key} is in the filter`);
    assert.equal(this.filter.itemCount, this.keys.length);
    assert.equal(this.index.count, this.keys.length);
    let blockBytes = this.index.byteCount - this.index.sideByteCount;
    blockBytes += this.filter.byteCount - this.filter.sideByteCount;
    for (const key of this.keys) blockBytes += this.memory.classBytes(8 + key.length);
    assert.equal(this.memory.liveBytes, blockBytes);
  }

  /** Share of absent keys of which the filter says that they may be there. */
  measureRate(askedCount: number): number {
    let positiveCount = 0;
    for (let i = 0; i < askedCount; i++) if (this.mayHold(`absent:${i}`)) positiveCount++;
    return positiveCount / askedCount;
  }

  compact(budgetBytes: number): void {
    this.memory.compact(this, budgetBytes);
  }

  clear(): void {
    this.index.clear();
    this.memory.clear();
    this.filter.clear();
    this.addresses.clear();
    this.keys.length = 0;
    this.#places.clear();
  }

  blockBytes(view: DataView, base: number): number {
    const word0 = view.getUint32(base, true);
    if ((word0 & 15) === TYPE.INDEX_TABLE) return tableBlockBytes(view, base);
    if ((word0 & 15) === TYPE.FILTER_PAGE) return filterPageBytes(view, base);
    return 8 + (word0 >>> 16);
  }

  onMove(from: number, to: number): void {
    const { view, bytes, base } = this.memory;
    const word0 = view.getUint32(base, true);
    if ((word0 & 15) === TYPE.INDEX_TABLE) return this.index.relocateTable(to);
    if ((word0 & 15) === TYPE.FILTER_PAGE) return this.filter.relocatePage(to);
    const key = Buffer.from(bytes.subarray(base + 8, base + 8 + (word0 >>> 16))).toString('latin1');
    assert.equal(this.addresses.get(key), from);
    this.index.relocate(this.#writeKey(key), from, to);
    this.addresses.set(key, to);
  }

  /** @returns  the key's hash */
  #writeKey(key: string): number {
    for (let at = 0; at < key.length; at++) this.#bytes[at] = key.charCodeAt(at);
    return hashBytes(this.#view, 0, key.length, this.plan.seed0, this.plan.seed1);
  }

  #writeEntry(length: number): number {
    const memory = this.memory;
    const address = memory.allocate(8 + length);
    if (address === 0) return 0;
    const { view, bytes, base } = memory;
    view.setUint32(base, TYPE.STRING | (length << 16), true);
    view.setUint32(base + 4, 0, true);
    bytes.set(this.#bytes.subarray(0, length), base + 8);
    return address;
  }
}
