import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashBytes } from '../../base/hash.ts';
import { IndexModel, type KeyHash } from '../../testing/index-model.ts';
import { rounds, seeded } from '../../testing/seeded.ts';
import type { SeededRandom } from '../../world/simulated/seeded-random.ts';
import { SegmentPool } from '../memory/segment-pool.ts';
import { AddressBuffer } from './address-buffer.ts';

const KEY_SPACE = 1 << 30;

function drawKey(random: SeededRandom): number {
  return random.u32() % KEY_SPACE;
}

/** Inserts and removes so that about `share` of 10 steps insert. */
function churn(
  model: IndexModel,
  random: SeededRandom,
  stepCount: number,
  insertsOf10: number,
): void {
  for (let step = 0; step < stepCount; step++) {
    const kind = random.u32() % 10;
    if (kind < insertsOf10 || model.keys.length === 0) {
      assert.ok(model.set(drawKey(random)));
    } else {
      model.remove(model.keys[random.u32() % model.keys.length] as number);
    }
    if (step % 8 === 0) model.find(drawKey(random));
    if (step % 8 === 4 && model.keys.length > 0) {
      model.set(model.keys[random.u32() % model.keys.length] as number);
    }
    if (step % 64 === 0) model.compact(2_000);
  }
}

test('the index agrees with a Map while it grows, shrinks and is compacted', () => {
  seeded((random) => {
    const model = new IndexModel(new SegmentPool(0));
    for (const insertsOf10 of [9, 1, 5, 8, 9, 2, 1, 5, 9, 0]) {
      churn(model, random, rounds(20_000), insertsOf10);
      model.checkAll();
    }
  });
});

test('an index that loses all its keys gives its tables up, and serves again', () => {
  const model = new IndexModel(new SegmentPool(0));
  for (let round = 0; round < 2; round++) {
    for (let key = 0; key < 60_000; key++) model.set(key);
    assert.ok(model.index.tableCount >= 16);
    const sideBytesBefore = model.index.sideByteCount;
    while (model.keys.length > 0) model.remove(model.keys[model.keys.length >>> 1] as number);
    assert.ok(model.index.sideByteCount < sideBytesBefore, 'the directory is halved again');
    assert.equal(model.index.tableCount, 1);
    assert.equal(model.index.count, 0);
    assert.ok(model.index.byteCount < 8_192, `${model.index.byteCount} bytes`);
    assert.equal(model.find(5), 0);
  }
});

test('a key costs 10 to 10.5 bytes of index on average and never above 12', () => {
  const model = new IndexModel(new SegmentPool(0));
  let sum = 0;
  let samples = 0;
  for (let key = 0; key < 150_000; key++) {
    model.set(key * 7919);
    if (key < 10_000 || key % 10 !== 0) continue;
    const bytesPerKey = model.index.byteCount / model.index.count;
    assert.ok(bytesPerKey <= 12, `${bytesPerKey} at ${key}`);
    sum += bytesPerKey;
    samples++;
  }
  const average = sum / samples;
  assert.ok(average <= 10.5, `${average}`);
});

/** Every key that was there from the start of the scan to its end is seen, whatever goes on. */
function checkScan(random: SeededRandom, hash: KeyHash | undefined, keyCount: number): void {
  const model = new IndexModel(new SegmentPool(0), hash);
  const out = new AddressBuffer(4);
  for (const insertsOf10 of [10, 0, 5]) {
    while (model.keys.length < keyCount) model.set(drawKey(random));
    const kept = new Set(model.keys.filter((key) => key % 3 === 0));
    const seen = model.scanAll(3 + (random.u32() % 40), out, () => {
      for (let step = 0; step < 12; step++) {
        if (random.u32() % 10 < insertsOf10 && model.keys.length < 2 * keyCount) {
          model.set(drawKey(random));
          continue;
        }
        const key = model.keys[random.u32() % model.keys.length] as number;
        if (insertsOf10 < 10 && !kept.has(key)) model.remove(key);
      }
      model.compact(2_000);
    });
    const seenSet = new Set(seen);
    for (const key of kept) assert.ok(seenSet.has(key), `scan missed ${key}`);
    model.checkAll();
  }
}

test('scan returns every key that stays, under storms of insertion and removal', () => {
  seeded((random) => {
    checkScan(random, undefined, rounds(12_000));
  });
});

test('scan of an index at rest returns every key once', () => {
  const model = new IndexModel(new SegmentPool(0));
  const out = new AddressBuffer(4);
  assert.deepEqual(
    model.scanAll(10, out, () => {}),
    [],
  );
  for (let key = 0; key < 30_000; key++) model.set(key);
  for (const count of [1, 10, 1_000, 100_000]) {
    const seen = model.scanAll(count, out, () => {});
    assert.equal(seen.length, 30_000);
    assert.equal(new Set(seen).size, 30_000);
  }
});

test('one call of scan returns about as many entries as asked for', () => {
  const model = new IndexModel(new SegmentPool(0));
  const out = new AddressBuffer(4);
  for (let key = 0; key < 30_000; key++) model.set(key);
  let cursor = 0;
  do {
    cursor = model.index.scan(cursor, 10, out);
    assert.ok(out.count <= 12);
    if (cursor !== 0) assert.ok(out.count >= 10);
  } while (cursor !== 0);
});

test('keys that all share one hash are found, removed and scanned', () => {
  for (const constant of [0, 0x80000000, 0xffffffff]) {
    const model = new IndexModel(new SegmentPool(0), () => constant);
    for (let key = 0; key < 1_500; key++) assert.ok(model.set(key));
    model.checkAll();
    const out = new AddressBuffer(4);
    assert.equal(model.scanAll(10, out, () => {}).length, 1_500);
    for (let key = 0; key < 1_500; key += 2) model.remove(key);
    model.checkAll();
    for (let key = 1; key < 1_500; key += 2) model.remove(key);
    assert.equal(model.index.count, 0);
  }
});

test('keys of few hashes, of one prefix, of least and largest hashes agree with a Map', () => {
  const spread: KeyHash = (view, offset, length) => hashBytes(view, offset, length, 77, 99);
  const shapes: KeyHash[] = [
    (view, offset, length) => ((spread(view, offset, length) & 7) << 29) >>> 0,
    (view, offset, length) => ((0x2ab4 << 18) | (spread(view, offset, length) >>> 14)) >>> 0,
    (view, offset, length) => (spread(view, offset, length) >>> 0) % 700,
    (view, offset, length) => 0xffffffff - ((spread(view, offset, length) >>> 0) % 700),
  ];
  seeded((random) => {
    for (const shape of shapes) {
      const model = new IndexModel(new SegmentPool(0), shape);
      const stepCount = rounds(shape === shapes[0] ? 2_500 : 14_000);
      churn(model, random, stepCount, 8);
      model.checkAll();
      churn(model, random, stepCount, 1);
      model.checkAll();
      checkScan(random, shape, stepCount / 10);
    }
  });
});

test('a scan from the prefix of one slot lists the keys of that slot', () => {
  const slotOf = (hash: number): number => (hash >>> 0) % 5;
  const shape: KeyHash = (view, offset, length) => {
    const hash = hashBytes(view, offset, length, 3, 5);
    return (slotOf(hash) << 18) | (hash >>> 14);
  };
  const model = new IndexModel(new SegmentPool(0), shape);
  for (let key = 0; key < 40_000; key++) model.set(key);
  const out = new AddressBuffer(4);
  let listed = 0;
  let cursor = 3 * 2 ** 18;
  while (cursor !== 0 && cursor < 4 * 2 ** 18) {
    cursor = model.index.scan(cursor, 100, out);
    for (let at = 0; at < out.count; at++) {
      const key = model.keyAt(out.addresses[at] as number);
      const digits = String(key).padStart(Math.max(String(key).length, key % 26), '0');
      const bytes = new TextEncoder().encode(digits);
      const hash = hashBytes(new DataView(bytes.buffer), 0, bytes.length, 3, 5);
      if (slotOf(hash) === 3) listed++;
      else assert.equal(slotOf(hash), 4, 'only the last call runs over into the next slot');
    }
  }
  assert.ok(listed > 7_000 && listed < 9_000);
});

test('sample draws every key about as often as any other', () => {
  seeded((random) => {
    const model = new IndexModel(new SegmentPool(0));
    assert.equal(model.index.sample(random.u32()), 0);
    for (let key = 0; key < 400; key++) model.set(key);
    const counts = new Map<number, number>();
    const drawCount = 200_000;
    for (let draw = 0; draw < drawCount; draw++) {
      const key = model.keyAt(model.index.sample(random.u32()));
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    assert.equal(counts.size, 400);
    for (const count of counts.values()) {
      assert.ok(count > 350 && count < 660, `${count} of about 500`);
    }
  });
});

test('sample finds the last key of an index that was large', () => {
  const model = new IndexModel(new SegmentPool(0));
  for (let key = 0; key < 20_000; key++) model.set(key);
  for (let key = 0; key < 19_999; key++) model.remove(key);
  for (let draw = 0; draw < 50; draw++) {
    assert.equal(model.keyAt(model.index.sample((draw * 0x9e3779b9) >>> 0)), 19_999);
  }
});

test('when memory refuses, insert says so and the index is as it was', () => {
  seeded((random) => {
    const model = new IndexModel(new SegmentPool(2 * 1024 * 1024));
    let refusedCount = 0;
    for (let step = 0; step < 60_000; step++) {
      if (!model.set(drawKey(random))) {
        refusedCount++;
        for (let i = 0; i < 3; i++) {
          model.remove(model.keys[random.u32() % model.keys.length] as number);
        }
      }
      if (step % 16 === 0) model.compact(5_000);
    }
    assert.ok(refusedCount > 100);
    model.checkAll();
  });
});

test('clear empties index and memory, release frees only the tables', () => {
  const model = new IndexModel(new SegmentPool(0));
  for (let key = 0; key < 10_000; key++) model.set(key);
  model.clear();
  assert.equal(model.find(7), 0);
  model.set(7);
  model.checkAll();
  const tableBytes = model.index.byteCount - model.index.sideByteCount;
  const liveBytes = model.memory.liveBytes;
  model.index.release();
  assert.equal(model.memory.liveBytes, liveBytes - tableBytes);
  assert.equal(model.index.count, 0);
});

test('what was found can be replaced or removed although its table has changed since', () => {
  const model = new IndexModel(new SegmentPool(0));
  const { index, memory } = model;
  const bytes = new TextEncoder().encode('the key in question');
  const view = new DataView(bytes.buffer);
  const hash = hashBytes(view, 0, bytes.length, 1, 2);
  const entry = memory.allocate(8 + bytes.length);
  memory.view.setUint32(memory.base, 1 | (bytes.length << 16), true);
  memory.view.setUint32(memory.base + 4, 0, true);
  memory.bytes.set(bytes, memory.base + 8);
  assert.ok(index.insert(hash, entry));
  for (let round = 0; round < 40; round++) {
    assert.equal(index.find(hash, view, 0, bytes.length), entry);
    for (let i = 0; i < 300; i++) {
      assert.ok(index.insert(((round * 300 + i) * 0x9e3779b1) >>> 0, entry + 1 + round * 300 + i));
    }
    index.replaceFound(entry);
  }
  assert.equal(index.find(hash, view, 0, bytes.length), entry);
  index.insert(hash, entry + 999_999);
  index.removeFound();
  assert.ok(!index.findAddress(hash, entry));
  assert.ok(index.findAddress(hash, entry + 999_999));
});
