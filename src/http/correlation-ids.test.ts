import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSimulatedWorld } from '../world/simulated/simulated-world.ts';
import { CorrelationIds } from './correlation-ids.ts';

test('new ids are UUIDs, and no two alike beyond the end of the pool', () => {
  const ids = new CorrelationIds(createSimulatedWorld(1).random);
  const seen = new Set<string>();
  for (let i = 0; i < 2000; i++) {
    const id = ids.next();
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    seen.add(id);
  }
  assert.equal(seen.size, 2000);
});

test('a client’s id is taken when it is sane', () => {
  const ids = new CorrelationIds(createSimulatedWorld(1).random);
  assert.equal(ids.of('mine'), 'mine');
  for (const header of [undefined, '', 'a b', 'x'.repeat(129), ['a', 'b']]) {
    assert.equal(ids.of(header).length, 36);
  }
});
