import assert from 'node:assert/strict';
import { PLACE_MASK, SEGMENT_SHIFT } from '../engine/memory/block-address.ts';
import type { BlockOwner } from '../engine/memory/compaction.ts';
import type { Memory } from '../engine/memory/memory.ts';

interface ModelBlock {
  readonly id: number;
  readonly byteCount: number;
}

/**
 * Blocks of a memory beside a Map of what should be in them. Each block carries its length, an id
 * and a pattern made of both up to its last byte, so that a block that overlaps another, or was
 * moved wrongly, is seen.
 *
 *     word 0   type 1, 4 bits | length     word 1   id     then the pattern
 */
export class BlockModel implements BlockOwner {
  readonly blocks = new Map<number, ModelBlock>();
  /** Addresses in no order, for drawing one. */
  readonly addresses: number[] = [];
  readonly #places = new Map<number, number>();
  readonly #memory: Memory;
  #nextId = 1;

  constructor(memory: Memory) {
    this.#memory = memory;
  }

  /** @returns  false when memory refused */
  allocate(byteCount: number): boolean {
    const memory = this.#memory;
    const address = memory.allocate(byteCount);
    if (address === 0) return false;
    assert.ok(!this.blocks.has(address), 'an address is given once');
    const id = this.#nextId++;
    memory.view.setUint32(memory.base, (byteCount << 4) | 1, true);
    memory.view.setUint32(memory.base + 4, id, true);
    memory.bytes.fill((id * 31 + byteCount) & 0xff, memory.base + 8, memory.base + byteCount);
    this.#add(address, { id, byteCount });
    return true;
  }

  freeOne(draw: number): void {
    const address = this.addresses[draw % this.addresses.length] as number;
    const block = this.blocks.get(address) as ModelBlock;
    this.check(address);
    this.#memory.free(address, block.byteCount);
    this.#remove(address);
  }

  check(address: number): void {
    const memory = this.#memory;
    const block = this.blocks.get(address) as ModelBlock;
    memory.locate(address);
    assert.equal(memory.view.getUint32(memory.base, true) >>> 4, block.byteCount);
    assert.equal(memory.view.getUint32(memory.base + 4, true), block.id);
    const wanted = (block.id * 31 + block.byteCount) & 0xff;
    const end = memory.base + block.byteCount;
    for (const at of [memory.base + 8, (memory.base + 8 + end) >>> 1, end - 1]) {
      if (at < end && at >= memory.base + 8) assert.equal(memory.bytes[at], wanted);
    }
  }

  checkAll(): void {
    for (const address of this.addresses) this.check(address);
  }

  /** Counts are equal to the sums over the model, and every segment can be walked to its end. */
  checkAccounts(): void {
    const memory = this.#memory;
    let liveBytes = 0;
    for (const block of this.blocks.values()) liveBytes += memory.classBytes(block.byteCount);
    assert.equal(memory.liveBytes, liveBytes);
    let classLiveBytes = memory.hugeBytes;
    let listedBytes = 0;
    for (const row of memory.classUse()) {
      classLiveBytes += row.blockBytes * row.liveCount;
      listedBytes += row.blockBytes * row.freeCount;
    }
    assert.equal(classLiveBytes, liveBytes);
    let segmentBytes = memory.hugeBytes;
    let segmentLiveBytes = memory.hugeBytes;
    for (const segment of memory.segments) {
      segmentBytes += segment.byteCount;
      segmentLiveBytes += segment.liveBytes;
    }
    assert.equal(memory.heldBytes, segmentBytes);
    assert.equal(segmentLiveBytes, liveBytes);
    assert.ok(listedBytes <= memory.freeBytes, 'free lists hold only free bytes');
    assert.ok(memory.freeBytes + liveBytes <= segmentBytes);
  }

  forget(): void {
    this.blocks.clear();
    this.addresses.length = 0;
    this.#places.clear();
  }

  blockBytes(view: DataView, base: number): number {
    return view.getUint32(base, true) >>> 4;
  }

  onMove(from: number, to: number, byteCount: number): void {
    const block = this.blocks.get(from);
    assert.ok(block !== undefined, 'only live blocks move');
    assert.equal(block.byteCount, byteCount);
    assert.equal(this.#memory.base, (to & PLACE_MASK) << 3);
    assert.notEqual(from >>> SEGMENT_SHIFT, to >>> SEGMENT_SHIFT);
    this.#remove(from);
    this.#add(to, block);
  }

  #add(address: number, block: ModelBlock): void {
    this.blocks.set(address, block);
    this.#places.set(address, this.addresses.length);
    this.addresses.push(address);
  }

  #remove(address: number): void {
    const place = this.#places.get(address) as number;
    const last = this.addresses.pop() as number;
    if (last !== address) {
      this.addresses[place] = last;
      this.#places.set(last, place);
    }
    this.#places.delete(address);
    this.blocks.delete(address);
  }
}
