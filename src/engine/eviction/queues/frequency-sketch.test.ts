import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seeded } from '../../../testing/seeded.ts';
import { FrequencySketch } from './frequency-sketch.ts';

test('a frequency is never less than what was counted, and seldom more', () => {
  seeded((random) => {
    const sketch = new FrequencySketch();
    sketch.fit(1_000);
    const uses = new Map<number, number>();
    for (let i = 0; i < 1_500; i++) {
      const hash = random.u32();
      const count = 1 + random.below(4);
      uses.set(hash, count);
      for (let use = 0; use < count; use++) sketch.raise(hash);
    }
    let exact = 0;
    for (const [hash, count] of uses) {
      assert.ok(sketch.frequency(hash) >= count);
      if (sketch.frequency(hash) === count) exact++;
    }
    assert.ok(exact > uses.size * 0.8, `${exact} of ${uses.size} exact`);
  });
});

test('it forgets: what is not used any more is halved again and again', () => {
  const sketch = new FrequencySketch();
  for (let i = 0; i < 20; i++) sketch.raise(-7);
  assert.equal(sketch.frequency(-7), 15);
  for (let i = 1; i < 40_000; i++) sketch.raise(Math.imul(i, 0x9e3779b1));
  assert.ok(sketch.frequency(-7) < 8, `${sketch.frequency(-7)}`);
});

test('it grows with the keys and knows what it knew', () => {
  const sketch = new FrequencySketch();
  for (let i = 0; i < 9; i++) sketch.raise(12_345);
  for (let keys = 1_000; keys < 200_000; keys *= 2) sketch.fit(keys);
  assert.ok(sketch.byteCount > 200_000);
  assert.equal(sketch.frequency(12_345), 9);
  sketch.clear();
  assert.equal(sketch.frequency(12_345), 0);
  assert.ok(sketch.byteCount < 2_000);
});
