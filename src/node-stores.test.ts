import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createNodeKit } from './testing/node-kit.ts';

test('the default store is what its entry in stores says beside the cache', async () => {
  const entry = { name: 'Default', ownership: 'slot', consistency: 'quorum', max_memory: '5mb' };
  const { node } = await createNodeKit({ stores: [entry, { name: 'a' }] });
  const { default: store, all } = node.services.stores;
  const { consistency, maxMemoryBytes, ownership, persistence } = store.configuration;
  assert.deepEqual([ownership, consistency, persistence], ['slot', 'quorum', null]);
  assert.equal(maxMemoryBytes, 5 * 1024 * 1024);
  assert.equal(all.length, 2);
});
