/**
 * The order in which Lua 5.1 walks the fields of a table. Scripts and JSON made by them show it, so
 * it is that of redis-server: what ltable.c would have done with the keys in the order of their
 * insertion is done again, on numbers only, when a table is first walked.
 *
 *   nodes   0 .. 2^k - 1   the slot of a key, at its main position (hash modulo size) or, when that
 *                          is taken, at the last free node; the walk goes from node 0 up
 *
 * The same for tables built without removing fields. Not known here, and then the order is only one
 * of those possible: fields that were removed before, items mixed with fields one by one, tables
 * and functions as keys (redis-server takes their addresses).
 */
import type { LuaValue } from './lua-value.ts';

const NONE = -1;
const words = new Uint32Array(2);
const double = new Float64Array(words.buffer);

/**
 * @param keys       in the order of insertion
 * @param itemCount  items 1..itemCount, which are not among the keys
 * @param sizeHint   nodes made at once by the table's constructor, or 0
 * @returns          indexes of `keys` in the order of the walk, then the place of each in it
 */
export function fieldOrder(
  keys: readonly LuaValue[],
  itemCount: number,
  sizeHint: number,
): Int32Array {
  const nodes = new Nodes(keys, itemCount, sizeHint);
  for (let slot = 0; slot < keys.length; slot++) nodes.insert(slot);
  const order = new Int32Array(keys.length * 2);
  let count = 0;
  for (const slot of nodes.inArray.sort((a, b) => Number(keys[a]) - Number(keys[b]))) {
    order[count++] = slot;
  }
  for (const slot of nodes.slotAt) {
    if (slot !== NONE) order[count++] = slot;
  }
  for (let i = 0; i < count; i++) order[keys.length + order[i]!] = i;
  return order;
}

class Nodes {
  /** Node -> slot, or NONE. */
  slotAt: Int32Array;
  /** Slots of whole numbers that have moved into the array. */
  readonly inArray: number[] = [];
  private readonly keys: readonly LuaValue[];
  private readonly hashes: Float64Array;
  private readonly itemCount: number;
  /** Node -> the next one with the same main position, or NONE. */
  private nextOf: Int32Array;
  private lastFree: number;
  private arraySize: number;

  constructor(keys: readonly LuaValue[], itemCount: number, sizeHint: number) {
    this.keys = keys;
    this.hashes = Float64Array.from(keys, hashOf);
    this.itemCount = itemCount;
    this.arraySize = itemCount;
    this.slotAt = new Int32Array(0);
    this.nextOf = this.slotAt;
    this.lastFree = 0;
    this.resize(sizeHint);
  }

  insert(slot: number): void {
    const key = this.keys[slot];
    if (typeof key === 'number' && isIndex(key) && key <= this.arraySize) {
      this.inArray.push(slot);
      return;
    }
    if (this.slotAt.length === 0) {
      this.rehash(slot);
      this.insert(slot);
      return;
    }
    const main = this.mainPosition(slot);
    if (this.slotAt[main] === NONE) {
      this.slotAt[main] = slot;
      return;
    }
    const free = this.takeFree();
    if (free === NONE) {
      this.rehash(slot);
      this.insert(slot);
      return;
    }
    this.insertColliding(slot, main, free);
  }

  private insertColliding(slot: number, main: number, free: number): void {
    const { nextOf, slotAt } = this;
    let other = this.mainPosition(slotAt[main]!);
    if (other === main) {
      slotAt[free] = slot;
      nextOf[free] = nextOf[main]!;
      nextOf[main] = free;
      return;
    }
    while (nextOf[other] !== main) other = nextOf[other]!;
    nextOf[other] = free;
    slotAt[free] = slotAt[main]!;
    nextOf[free] = nextOf[main]!;
    slotAt[main] = slot;
    nextOf[main] = NONE;
  }

  /** A hash of a whole power of 2 takes the low bits; others the rest by an odd number. */
  private mainPosition(slot: number): number {
    const size = this.slotAt.length;
    const hash = this.hashes[slot]!;
    return hash < 0 ? (-hash - 1) % ((size - 1) | 1) : hash & (size - 1);
  }

  private takeFree(): number {
    while (this.lastFree > 0) {
      if (this.slotAt[--this.lastFree] === NONE) return this.lastFree;
    }
    return NONE;
  }

  /** Counts whole numbers by powers of 2 to find the array's new size; the rest are nodes. */
  private rehash(extraSlot: number): void {
    const counts = new Array<number>(33).fill(0);
    let indexCount = this.itemCount;
    for (let i = 1; i <= this.itemCount; i++) counts[logOf(i)]!++;
    const slots = [...this.inArray, ...this.slotAt.filter((slot) => slot !== NONE), extraSlot];
    for (const slot of slots) {
      const key = this.keys[slot];
      if (typeof key !== 'number' || !isIndex(key)) continue;
      counts[logOf(key)]!++;
      indexCount++;
    }
    const total = this.itemCount + slots.length;
    const [arraySize, arrayCount] = bestArraySize(counts, indexCount);
    this.arraySize = Math.max(arraySize, this.itemCount);
    this.resize(Math.max(0, total - Math.max(arrayCount, this.itemCount)));
  }

  /** Moves everything into new nodes, the last old node first. */
  private resize(nodeCountMin: number): void {
    const old = this.slotAt;
    let size = nodeCountMin === 0 ? 0 : 1;
    while (size < nodeCountMin) size *= 2;
    this.slotAt = new Int32Array(size).fill(NONE);
    this.nextOf = new Int32Array(size).fill(NONE);
    this.lastFree = size;
    for (let node = old.length - 1; node >= 0; node--) {
      if (old[node] !== NONE) this.insert(old[node]!);
    }
  }
}

/** computesizes: the largest n of which more than half the places are used. */
function bestArraySize(counts: readonly number[], indexCount: number): [number, number] {
  let [size, count, sum] = [0, 0, 0];
  for (let i = 0, power = 1; power / 2 < indexCount; i++, power *= 2) {
    if (counts[i]! > 0) {
      sum += counts[i]!;
      if (sum > power / 2) {
        size = power;
        count = sum;
      }
    }
    if (sum === indexCount) break;
  }
  return [size, count];
}

function isIndex(key: number): boolean {
  return key >= 1 && key <= 2 ** 26 && Number.isInteger(key);
}

/** ceil(log2(n)) */
function logOf(n: number): number {
  return n === 1 ? 0 : 32 - Math.clz32(n - 1);
}

/** From 0 when taken by its low bits; -1 - hash when taken by the rest of a division. */
function hashOf(key: LuaValue): number {
  switch (typeof key) {
    case 'string':
      return hashOfString(key);
    case 'boolean':
      return key ? 1 : 0;
    case 'number':
      if (key === 0) return 0;
      double[0] = key;
      return -1 - ((words[0]! + words[1]!) >>> 0);
    default:
      return 0;
  }
}

/** luaS_newlstr as redis-server has it: every byte counts, also of long strings. */
function hashOfString(text: string): number {
  let hash = text.length;
  for (let i = text.length - 1; i >= 0; i--) {
    hash ^= ((hash << 5) + (hash >>> 2) + text.charCodeAt(i)) | 0;
  }
  return hash >>> 0;
}
