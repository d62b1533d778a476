import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fewestMisses, minMisses, pfooMisses } from '../../bench/hitratio/optimum.ts';
import { createOurCache } from '../../bench/hitratio/our-cache.ts';
import { startRedisCache } from '../../bench/hitratio/redis-cache.ts';
import { fitLimit, runTrace, runWithPayload } from '../../bench/hitratio/trace-cache.ts';
import { createTraceClock } from '../../bench/hitratio/trace-clock.ts';
import {
  createTrace,
  footprintOf,
  slotsLeftAt,
  TRACE_NAMES,
  versionAt,
} from '../../bench/hitratio/traces.ts';
import { Zipf } from '../../bench/hitratio/zipf.ts';
import { seeded } from '../../src/testing/seeded.ts';
import { SeededRandom } from '../../src/world/simulated/seeded-random.ts';
import { skipWithout } from '../support/server.ts';

const SCALE = { keyCount: 1_000, requestCount: 20_000, seed: 7 };
const NEVER = 0xffff_ffff;
const ROOMY_BYTES = 50_000_000;

function keysOf(name: string, scale = SCALE): number[] {
  const trace = createTrace(name, scale);
  const next = trace.open();
  return Array.from({ length: trace.requestCount }, next);
}

test('ranks are drawn in proportion to their weight', () => {
  const zipf = new Zipf(4, 1, new SeededRandom(1));
  const counts = [0, 0, 0, 0];
  for (let i = 0; i < 100_000; i++) counts[zipf.next()]++;
  // 1, 1/2, 1/3, 1/4 of 25/12.
  const expected = [0.48, 0.24, 0.16, 0.12];
  for (const [rank, share] of expected.entries()) {
    assert.ok(Math.abs(counts[rank] / 100_000 - share) < 0.01, `rank ${rank}: ${counts[rank]}`);
  }
});

test('a trace is the same each time, another with another seed, and keeps to its keys', () => {
  for (const name of TRACE_NAMES) {
    const keys = keysOf(name);
    assert.deepEqual(keysOf(name), keys);
    if (name !== 'loop') assert.notDeepEqual(keysOf(name, { ...SCALE, seed: 8 }), keys);
    const { keyLimit } = createTrace(name, SCALE);
    assert.ok(keys.every((key) => key >= 0 && key < keyLimit));
  }
});

test('scanned keys come once, 8 of 100 requests', () => {
  const keys = keysOf('scan-mixed');
  const scanned = keys.filter((key) => key >= 800);
  assert.equal(scanned.length, 1_600);
  assert.equal(new Set(scanned).size, scanned.length);
});

test('a loop asks for every key in turn', () => {
  const keys = keysOf('loop');
  assert.ok(keys.every((key, i) => key === i % 1_000));
});

test('a phase of the shifting set keeps about half of what was popular', () => {
  const keys = keysOf('shifting');
  for (let phase = 1; phase < 10; phase++) {
    const [before, after] = [phase - 1, phase].map((one) => {
      return new Set(keys.slice(one * 2_000, (one + 1) * 2_000));
    });
    const kept = [...after].filter((key) => before.has(key)).length / after.size;
    assert.ok(kept > 0.2 && kept < 0.6, `phase ${phase}: ${kept}`);
  }
});

test('sizes are from 50 B to 20 KB, half below 1,000 B, and stay what they are', () => {
  const trace = createTrace('sizes', SCALE);
  const sizes = Array.from({ length: 10_000 }, (_, key) => trace.valueBytesOf(key));
  assert.ok(sizes.every((size) => size >= 50 && size <= 20_000));
  const small = sizes.filter((size) => size < 1_000).length / sizes.length;
  assert.ok(small > 0.45 && small < 0.55, `${small}`);
  assert.equal(trace.valueBytesOf(17), sizes[17]);
});

test('a value is good until the slot of the next version', () => {
  const trace = createTrace('ttl', SCALE);
  let changingCount = 0;
  for (let key = 0; key < 300; key++) {
    if (trace.periodSlotsOf(key) === 0) assert.equal(slotsLeftAt(trace, key, 5), 0);
    else changingCount++;
    for (let slot = 0; slot < 100 && trace.periodSlotsOf(key) !== 0; slot++) {
      const left = slotsLeftAt(trace, key, slot);
      assert.ok(left > 0);
      assert.equal(versionAt(trace, key, slot + left - 1), versionAt(trace, key, slot));
      assert.equal(versionAt(trace, key, slot + left), versionAt(trace, key, slot) + 1);
    }
  }
  assert.ok(changingCount > 150 && changingCount < 250, `${changingCount}`);
});

test('a footprint is what the keys that are asked for take, once each', () => {
  const keys = new Set(keysOf('sizes'));
  const trace = createTrace('sizes', SCALE);
  const byteCount = [...keys].reduce((sum, key) => sum + 16 + trace.valueBytesOf(key), 0);
  assert.deepEqual(footprintOf(trace), { keyCount: keys.size, byteCount });
});

function usesOf(keys: readonly number[]): Uint32Array {
  return Uint32Array.from(keys, (key, i) => {
    const next = keys.indexOf(key, i + 1);
    return next < 0 ? NEVER : next;
  });
}

test("MIN: the textbook's example, and what it leaves out", () => {
  // With room for 2: b is never asked for again, c goes before a.
  assert.equal(minMisses(usesOf([0, 1, 0, 2, 0, 2]), 2), 3);
  assert.equal(minMisses(usesOf([0, 1, 2, 0, 1, 2]), 1), 5);
  assert.equal(minMisses(usesOf([0, 1, 2, 0, 1, 2]), 3), 3);
  assert.equal(minMisses(usesOf([0, 0, 0]), 0), 3);
});

/** Tries everything: which of what is there and what has just come stays. */
function fewestByTrial(keys: readonly number[], sizes: readonly number[], room: number): number {
  let states = new Map([[0, 0]]);
  for (const key of keys) {
    const next = new Map<number, number>();
    for (const [held, missCount] of states) {
      const missed = missCount + ((held >> key) & 1 ? 0 : 1);
      const all = held | (1 << key);
      for (let kept = all; ; kept = (kept - 1) & all) {
        const bytes = sizes.reduce((sum, size, i) => sum + ((kept >> i) & 1 ? size : 0), 0);
        if (bytes <= room) next.set(kept, Math.min(missed, next.get(kept) ?? missed));
        if (kept === 0) break;
      }
    }
    states = next;
  }
  return Math.min(...states.values());
}

test('MIN misses as often as the best of all ways; PFOO-L never more often', () => {
  seeded((random) => {
    for (let round = 0; round < 200; round++) {
      const keys = Array.from({ length: 12 }, () => random.below(5));
      const uses = usesOf(keys);
      const room = random.below(5);
      assert.equal(minMisses(uses, room), fewestByTrial(keys, [1, 1, 1, 1, 1], room));
      const sizes = Array.from({ length: 5 }, () => 1 + random.below(4));
      const bound = pfooMisses(uses, (i) => sizes[keys[i]], room);
      assert.ok(bound <= fewestByTrial(keys, sizes, room), `${keys} of ${sizes} in ${room}`);
    }
  });
});

test('PFOO-L takes the cheapest first', () => {
  // Two requests of 10 B next to each other, and one of 1 B over six requests: 10 and 6.
  const keys = [0, 1, 1, 2, 3, 4, 0];
  const bytesOf = (i: number): number => (keys[i] === 1 ? 10 : 1);
  assert.equal(pfooMisses(usesOf(keys), bytesOf, 100), 5);
  // 7 requests of 1 B are 7: the cheaper whole, the other in part.
  assert.equal(pfooMisses(usesOf(keys), bytesOf, 1), 5);
  assert.equal(pfooMisses(usesOf(keys), bytesOf, 0.5), 6);
});

const redisIsMissing = skipWithout('redis-server') || skipWithout('cc');

for (const name of ['zipf-0.9', 'sizes', 'ttl']) {
  test(`with room for all, only first requests and changed values miss (${name})`, async () => {
    const trace = createTrace(name, SCALE);
    const fewest = fewestMisses(trace, ROOMY_BYTES);
    assert.ok(fewest >= footprintOf(trace).keyCount);
    const cache = await createOurCache('lru', 1);
    await cache.reset(ROOMY_BYTES);
    const run = await runTrace(cache, trace, 10);
    await cache.stop();
    assert.equal(run.missCount, fewest);
  });

  test(`the same for redis-server (${name})`, { skip: redisIsMissing }, async () => {
    const trace = createTrace(name, SCALE);
    const clock = createTraceClock();
    const cache = await startRedisCache('allkeys-lru', clock);
    await cache.reset(ROOMY_BYTES);
    const run = await runTrace(cache, trace, 10);
    await cache.stop();
    clock.close();
    assert.equal(run.missCount, fewestMisses(trace, ROOMY_BYTES));
  });
}

test('a fitted limit holds the payload that was meant', async () => {
  const trace = createTrace('zipf-0.9', SCALE);
  const payloadBytes = 40_000;
  const cache = await createOurCache('lru', 1);
  const limitBytes = await fitLimit(cache, trace, { payloadBytes, requestsPerS: 10 });
  assert.ok(limitBytes > payloadBytes);
  await cache.reset(limitBytes);
  const run = await runTrace(cache, trace, 10);
  await cache.stop();
  assert.ok(Math.abs(run.payloadBytes / payloadBytes - 1) < 0.02, `${run.payloadBytes}`);
  assert.ok(run.missCount > fewestMisses(trace, payloadBytes));
});

test('s3fifo gives new keys room where what is popular changes all the time', async () => {
  const trace = createTrace('shifting', { keyCount: 10_000, requestCount: 200_000, seed: 7 });
  const payloadBytes = footprintOf(trace).byteCount / 5;
  const [lru, s3fifo] = await Promise.all(
    ['lru', 's3fifo'].map(async (policy) => {
      const cache = await createOurCache(policy, 1);
      const run = await runWithPayload(cache, trace, { payloadBytes, requestsPerS: 100 });
      await cache.stop();
      return run.missCount;
    }),
  );
  assert.ok(s3fifo < lru * 1.1, `${s3fifo} misses, lru ${lru}`);
});
