/**
 * The index and the memory under it, without a server: CPU nanoseconds for each insert, hit and
 * miss in random order, the slowest of short runs of inserts, bytes of index for each key while it
 * grows, beside a Map of strings; then allocate, free and locate alone.
 *
 *     node .build/bench/hash-index.js [--tiny] [keyCount ...]
 */
import { hashBytes } from '../src/base/hash.ts';
import { TYPE } from '../src/engine/keyspace/entry.ts';
import { HashIndex } from '../src/engine/keyspace/hash-index.ts';
import { Memory } from '../src/engine/memory/memory.ts';
import { SegmentPool } from '../src/engine/memory/segment-pool.ts';

const KEY_BYTES = 16;
const VALUE_BYTES = 16;
const SLICE_INSERTS = 50;
const SEED0 = 0x1234567;
const SEED1 = 0x89abcdef;
const keyBytes = new Uint8Array(KEY_BYTES);
const keyView = new DataView(keyBytes.buffer);

function main(): void {
  const counts = process.argv.slice(2).filter((arg) => !arg.startsWith('--'));
  const isTiny = process.argv.includes('--tiny');
  const keyCounts = counts.length > 0 ? counts.map(Number) : isTiny ? [20_000] : [1e6, 1e7];
  for (const keyCount of keyCounts) {
    measureIndex(keyCount, isTiny ? 50_000 : 2_000_000);
    if (keyCount <= 1e6) measureMap(keyCount, isTiny ? 50_000 : 2_000_000);
  }
  measureMemory(isTiny ? 20_000 : 1_000_000);
}

function measureIndex(keyCount: number, lookupCount: number): void {
  const memory = new Memory(new SegmentPool(0));
  const index = new HashIndex(memory);
  let longestNs = 0;
  let bytesPerKeyMax = 0;
  let bytesPerKeySum = 0;
  const started = now();
  let sliceStarted = started;
  for (let key = 0; key < keyCount; key++) {
    insert(memory, index, key);
    const bytesPerKey = index.byteCount / index.count;
    if (key >= 10_000) bytesPerKeyMax = Math.max(bytesPerKeyMax, bytesPerKey);
    if (key >= 10_000) bytesPerKeySum += bytesPerKey;
    if (key % SLICE_INSERTS !== 0) continue;
    const sliceEnded = now();
    // The first ones are run by the interpreter.
    if (key > 10_000) longestNs = Math.max(longestNs, sliceEnded - sliceStarted);
    sliceStarted = now();
  }
  const insertNs = now() - started;
  const hashNs = measureLookups(lookupCount, keyCount, 0, (hash) => hash);
  const find = (hash: number): number => index.find(hash, keyView, 0, KEY_BYTES);
  const hitNs = measureLookups(lookupCount, keyCount, 0, find) - hashNs;
  const missNs = measureLookups(lookupCount, keyCount, keyCount, find) - hashNs;
  const average = bytesPerKeySum / Math.max(1, keyCount - 10_000);
  print(
    `index ${keyCount}: insert ${insertNs / keyCount} ns, ` +
      `the slowest ${SLICE_INSERTS} in a row ${longestNs / 1000} us, ` +
      `hit ${hitNs} ns, miss ${missNs} ns; index bytes per key ${average} on average, at most ` +
      `${bytesPerKeyMax}; live ${memory.liveBytes / keyCount}, held ${memory.heldBytes / keyCount}`,
  );
}

function insert(memory: Memory, index: HashIndex, key: number): void {
  const hash = writeKey(key);
  const address = memory.allocate(8 + KEY_BYTES + VALUE_BYTES);
  memory.view.setUint32(memory.base, TYPE.STRING | (KEY_BYTES << 16), true);
  memory.view.setUint32(memory.base + 4, VALUE_BYTES, true);
  for (let at = 0; at < KEY_BYTES; at += 4) {
    memory.view.setUint32(memory.base + 8 + at, keyView.getUint32(at, true), true);
  }
  index.insert(hash, address);
}

function measureMap(keyCount: number, lookupCount: number): void {
  const map = new Map<string, number>();
  for (let key = 0; key < keyCount; key++) map.set(keyText(key), key);
  const keyNs = measureLookups(lookupCount, keyCount, 0, (hash) => hash + textOfKey().length);
  const hitNs = measureLookups(lookupCount, keyCount, 0, () => map.get(textOfKey()) ?? 0);
  print(
    `Map ${keyCount}: hit ${hitNs - keyNs} ns, and ${keyNs} ns to make the string and the hash`,
  );
}

/** Random keys from `first` on; the same ones in every call. */
function measureLookups(
  lookupCount: number,
  keyCount: number,
  first: number,
  look: (hash: number) => number,
): number {
  let bestNs = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 3; round++) {
    let random = 1;
    let sum = 0;
    const started = now();
    for (let i = 0; i < lookupCount; i++) {
      random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
      sum += look(writeKey(first + Math.floor((random / 0x1_0000_0000) * keyCount)));
    }
    bestNs = Math.min(bestNs, (now() - started) / lookupCount);
    if (sum === 1) print('');
  }
  return bestNs;
}

function measureMemory(blockCount: number): void {
  const memory = new Memory(new SegmentPool(0));
  const addresses = new Uint32Array(blockCount);
  for (let round = 0; round < 3; round++) {
    const t0 = now();
    for (let i = 0; i < blockCount; i++) addresses[i] = memory.allocate(48 + (i & 63));
    const t1 = now();
    let sum = 0;
    for (let i = 0; i < blockCount * 4; i++) {
      memory.locate(addresses[i & 1023] as number);
      sum += memory.base;
    }
    const t2 = now();
    for (let i = 0; i < blockCount; i++) memory.beforeChange(addresses[i & 1023] as number);
    const t3 = now();
    for (let i = 0; i < blockCount; i++) memory.free(addresses[i] as number, 48 + (i & 63));
    const t4 = now();
    if (round === 0 || sum === 0) continue;
    print(
      `memory: allocate ${(t1 - t0) / blockCount} ns, locate ${(t2 - t1) / blockCount / 4}, ` +
        `beforeChange ${(t3 - t2) / blockCount}, free ${(t4 - t3) / blockCount}`,
    );
  }
}

/** @returns  the key's hash */
function writeKey(key: number): number {
  let rest = key;
  for (let at = KEY_BYTES - 1; at >= 0; at--) {
    const next = Math.floor(rest / 10);
    keyBytes[at] = 48 + rest - next * 10;
    rest = next;
  }
  return hashBytes(keyView, 0, KEY_BYTES, SEED0, SEED1);
}

function keyText(key: number): string {
  writeKey(key);
  return textOfKey();
}

function textOfKey(): string {
  return Buffer.from(keyBytes.buffer).toString('latin1');
}

/** CPU time, so that whatever else the machine does counts less. */
function now(): number {
  const use = process.cpuUsage();
  return (use.user + use.system) * 1000;
}

function print(text: string): void {
  process.stdout.write(`${text.replace(/\d+\.\d+/g, (number) => Number(number).toFixed(2))}\n`);
}

main();
