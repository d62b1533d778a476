import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seeded } from '../../testing/seeded.ts';
import { Memory } from '../memory/memory.ts';
import { SegmentPool } from '../memory/segment-pool.ts';
import {
  BUCKET_SLOTS,
  bucketOf,
  type FilterShape,
  falsePositiveRate,
  LOAD_MAX,
  otherBucket,
  shapeFor,
} from './filter-layout.ts';
import { FilterTables } from './filter-tables.ts';

/** The widest rate for which fingerprints have so many bits. */
function shapeOfBits(bits: number): FilterShape {
  const shape = shapeFor(falsePositiveRate(bits, 0.95));
  assert.equal(shape.bits, bits);
  return shape;
}

test('the fingerprint is as short as the rate allows, and no shorter', () => {
  for (const rate of [0.000_001, 0.000_1, 0.001, 0.0019, 0.01, 0.03, 0.3]) {
    const { bits } = shapeFor(rate);
    assert.ok(falsePositiveRate(bits, 0.95) <= rate, `${bits} bits at ${rate}`);
    assert.ok(falsePositiveRate(bits - 1, 0.95) > rate, `${bits} bits at ${rate}`);
  }
  assert.equal(shapeFor(0.0019).bits, 12);
  assert.ok(12 / LOAD_MAX <= 12.6, 'bits per item at 0.19 %');
  assert.equal(shapeFor(0.000_001).bits, 23);
  assert.equal(shapeFor(0.5).bits, 4);
});

test('a page is a block without waste', () => {
  const memory = new Memory(new SegmentPool(0));
  for (let bits = 4; bits <= 23; bits++) {
    const { pageBytes } = shapeOfBits(bits);
    assert.equal(memory.classBytes(pageBytes), pageBytes, `${bits} bits`);
    assert.ok(pageBytes <= 1_024);
  }
});

test('the other bucket of the other bucket is the bucket, for any number of buckets', () => {
  seeded((random) => {
    for (let round = 0; round < 20_000; round++) {
      const bucketCount = 1 + random.below(2_000);
      const fingerprint = 1 + random.below(2 ** 24 - 1);
      const bucket = bucketOf(random.u32(), random.u32(), bucketCount);
      assert.ok(bucket >= 0 && bucket < bucketCount);
      const other = otherBucket(bucket, fingerprint, bucketCount);
      assert.ok(other >= 0 && other < bucketCount);
      assert.equal(otherBucket(other, fingerprint, bucketCount), bucket);
    }
  });
});

for (const bits of [4, 5, 7, 8, 11, 12, 13, 15, 16, 17, 23]) {
  test(`a table of ${bits} bits holds what is put in until it is taken out, and no more`, () => {
    seeded((random) => {
      const shape = shapeOfBits(bits);
      const tables = new FilterTables(shape, new Memory(new SegmentPool(0)));
      assert.ok(tables.setPages(0, 3));
      const bucketCount = 3 << shape.pageShift;
      tables.write(0, new Uint32Array(bucketCount * BUCKET_SLOTS));
      const items: { bucket: number; fingerprint: number }[] = [];
      // Where fingerprints are few, those of a bucket share their other one: full sooner.
      const fullShare = bits < 7 ? 0.8 : 0.9;
      while (items.length < bucketCount * BUCKET_SLOTS * fullShare) {
        const bucket = random.below(bucketCount);
        const fingerprint = 1 + random.below(shape.fingerprintCount);
        assert.ok(tables.place(0, bucket, fingerprint));
        items.push({ bucket, fingerprint });
      }
      for (const { bucket, fingerprint } of items) assert.ok(tables.holds(0, bucket, fingerprint));
      while (items.length > 0) {
        const at = random.below(items.length);
        const { bucket, fingerprint } = items[at];
        items[at] = items[items.length - 1];
        items.pop();
        assert.ok(tables.take(0, bucket, fingerprint));
      }
      for (let bucket = 0; bucket < bucketCount; bucket++) {
        assert.ok(!tables.take(0, bucket, 1 + random.below(shape.fingerprintCount)));
      }
    });
  });

  test(`slots of ${bits} bits are found in the pages that they were written to`, () => {
    seeded((random) => {
      const shape = shapeOfBits(bits);
      const memory = new Memory(new SegmentPool(0));
      const tables = new FilterTables(shape, memory);
      assert.ok(tables.setPages(0, 2));
      const bucketCount = 2 << shape.pageShift;
      const slots = new Uint32Array(bucketCount * BUCKET_SLOTS);
      for (let slot = 0; slot < slots.length; slot++) {
        slots[slot] = 1 + random.below(shape.fingerprintCount);
      }
      tables.write(0, slots);
      for (let slot = 0; slot < slots.length; slot++) {
        assert.ok(tables.take(0, slot >>> 2, slots[slot]), `slot ${slot}`);
      }
      for (let bucket = 0; bucket < bucketCount; bucket++) {
        assert.ok(!tables.holds(0, bucket, slots[bucket * BUCKET_SLOTS]), 'all were taken');
      }
    });
  });
}
