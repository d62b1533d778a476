import assert from 'node:assert/strict';
import { hashBytes } from '../base/hash.ts';
import { TYPE } from '../engine/keyspace/entry.ts';
import { type AddressBuffer, HashIndex } from '../engine/keyspace/hash-index.ts';
import { tableBlockBytes } from '../engine/keyspace/table-layout.ts';
import type { BlockOwner } from '../engine/memory/compaction.ts';
import { Memory } from '../engine/memory/memory.ts';
import type { SegmentPool } from '../engine/memory/segment-pool.ts';

export type KeyHash = (view: DataView, offset: number, length: number) => number;

/**
 * A hash index beside a Map of the keys that should be in it. Keys are numbers, written as text of
 * a length that depends on them (1 to 25 bytes); an entry is a header of 8 bytes, the key, and some
 * value bytes.
 */
export class IndexModel implements BlockOwner {
  readonly memory: Memory;
  readonly index: HashIndex;
  /** Address of each key. */
  readonly addresses = new Map<number, number>();
  /** Keys in no order, for drawing one. */
  readonly keys: number[] = [];
  readonly #hash: KeyHash;
  readonly #places = new Map<number, number>();
  readonly #bytes = new Uint8Array(64);
  readonly #view = new DataView(this.#bytes.buffer);
  #length = 0;

  constructor(pool: SegmentPool, hash: KeyHash = hashWithSeed) {
    this.memory = new Memory(pool);
    this.index = new HashIndex(this.memory);
    this.#hash = hash;
  }

  /**
   * Inserts, or moves the entry to a new block when the key is there; false when memory refuses.
   */
  set(key: number): boolean {
    const hash = this.#writeKey(key);
    const found = this.index.find(hash, this.#view, OFFSET, this.#length);
    assert.equal(found, this.addresses.get(key) ?? 0);
    const address = this.#writeEntry(key);
    if (address === 0) return false;
    if (found !== 0) {
      this.index.replaceFound(address);
      this.memory.free(found, this.#entryBytes(key));
    } else if (this.index.insert(hash, address)) {
      this.#places.set(key, this.keys.length);
      this.keys.push(key);
    } else {
      this.memory.free(address, this.#entryBytes(key));
      return false;
    }
    this.addresses.set(key, address);
    return true;
  }

  remove(key: number): void {
    const found = this.find(key);
    assert.notEqual(found, 0);
    this.index.removeFound();
    this.memory.free(found, this.#entryBytes(key));
    this.addresses.delete(key);
    const place = this.#places.get(key) as number;
    const last = this.keys.pop() as number;
    if (last !== key) {
      this.keys[place] = last;
      this.#places.set(last, place);
    }
    this.#places.delete(key);
  }

  /** Looks the key up and compares with the Map. */
  find(key: number): number {
    const hash = this.#writeKey(key);
    const found = this.index.find(hash, this.#view, OFFSET, this.#length);
    assert.equal(found, this.addresses.get(key) ?? 0);
    if (found !== 0) {
      assert.equal(this.keyLocated(), key, 'memory is located at the entry');
      assert.ok(this.index.findAddress(hash, found));
      assert.ok(!this.index.findAddress(hash, NEVER_AN_ADDRESS));
    }
    return found;
  }

  keyAt(address: number): number {
    this.memory.locate(address);
    return this.keyLocated();
  }

  keyLocated(): number {
    const { view, bytes, base } = this.memory;
    const length = view.getUint32(base, true) >>> 16;
    let text = '';
    for (let at = 0; at < length; at++) text += String.fromCharCode(bytes[base + 8 + at] as number);
    return Number.parseInt(text, 10);
  }

  /** All keys of a whole scan, in calls of `count`; calls `between` between them. */
  scanAll(count: number, out: AddressBuffer, between: () => void): number[] {
    const seen: number[] = [];
    let cursor = 0;
    do {
      cursor = this.index.scan(cursor, count, out);
      for (let at = 0; at < out.count; at++) seen.push(this.keyAt(out.addresses[at] as number));
      between();
    } while (cursor !== 0);
    return seen;
  }

  checkAll(): void {
    assert.equal(this.index.count, this.addresses.size);
    for (const key of this.keys) this.find(key);
    let entriesBytes = 0;
    for (const key of this.keys) entriesBytes += this.memory.classBytes(this.#entryBytes(key));
    const tablesBytes = this.index.byteCount - this.index.sideByteCount;
    assert.equal(this.memory.liveBytes, entriesBytes + tablesBytes);
  }

  compact(budgetBytes: number): void {
    if (this.memory.compactionIsDue()) this.memory.compact(this, budgetBytes);
  }

  clear(): void {
    this.index.clear();
    this.memory.clear();
    this.addresses.clear();
    this.keys.length = 0;
    this.#places.clear();
  }

  blockBytes(view: DataView, base: number): number {
    const word0 = view.getUint32(base, true);
    if ((word0 & 15) === TYPE.INDEX_TABLE) return tableBlockBytes(view, base);
    return 8 + (word0 >>> 16) + view.getUint8(base + 4);
  }

  onMove(from: number, to: number): void {
    const memory = this.memory;
    if ((memory.view.getUint8(memory.base) & 15) === TYPE.INDEX_TABLE) {
      this.index.relocateTable(to);
      return;
    }
    const key = this.keyLocated();
    assert.equal(this.addresses.get(key), from);
    this.index.relocate(this.#writeKey(key), from, to);
    this.addresses.set(key, to);
  }

  /** @returns  the key's hash */
  #writeKey(key: number): number {
    const digits = String(key);
    const text = digits.padStart(Math.max(digits.length, key % 26), '0');
    this.#length = text.length;
    for (let at = 0; at < text.length; at++) this.#bytes[OFFSET + at] = text.charCodeAt(at);
    return this.#hash(this.#view, OFFSET, this.#length);
  }

  #entryBytes(key: number): number {
    return 8 + Math.max(String(key).length, key % 26) + (key % 100);
  }

  #writeEntry(key: number): number {
    const memory = this.memory;
    const address = memory.allocate(this.#entryBytes(key));
    if (address === 0) return 0;
    const { view, bytes, base } = memory;
    view.setUint32(base, TYPE.STRING | (this.#length << 16), true);
    view.setUint32(base + 4, key % 100, true);
    for (let at = 0; at < this.#length; at++) bytes[base + 8 + at] = this.#bytes[OFFSET + at];
    return address;
  }
}

function hashWithSeed(view: DataView, offset: number, length: number): number {
  return hashBytes(view, offset, length, 0x12345678, 0x9abcdef1);
}

/** Far beyond what a test allocates. */
const NEVER_AN_ADDRESS = 0xdfffffff;
/** Keys stand unaligned, as they do in a frame. */
const OFFSET = 3;
