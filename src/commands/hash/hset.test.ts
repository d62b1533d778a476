import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCommandKit } from '../../testing/command-kit.ts';
import { createNodeKit } from '../../testing/node-kit.ts';

test('a field that HSET names twice counts once for the encoding, as in Redis 7.0', async () => {
  const client = (await createNodeKit()).connect();
  client.ask('config set hash-max-listpack-entries 1');
  client.ask('hset twice f 1 f 2', 'hset two f 1 g 2');
  assert.equal(client.ask('object encoding twice'), '$8\r\nlistpack\r\n');
  assert.equal(client.ask('object encoding two'), '$9\r\nhashtable\r\n');
});

test('a hash is packed up to 2 KiB while its elements are few, else up to 1 KiB', async () => {
  const { ask, session } = await createCommandKit();
  const hasTree = (): boolean => session.database.trees.table.treeCount > 0;
  const put = (count: number, valueLength: number): void => {
    for (let i = 0; i < count; i++) ask('HSET', 'hash', `f${100 + i}`, 'v'.repeat(valueLength));
  };
  // A field takes 6 bytes, a value 2 more than its length.
  for (const [packedCount, valueLength] of [
    [64, 20],
    [84, 4],
    [50, 32],
  ]) {
    put(packedCount, valueLength);
    assert.ok(!hasTree(), `${packedCount} of ${valueLength}`);
    put(packedCount + 2, valueLength);
    assert.ok(hasTree(), `${packedCount + 2} of ${valueLength}`);
    for (let i = 0; i < packedCount + 2; i++) {
      assert.equal(ask('HGET', 'hash', `f${100 + i}`), 'v'.repeat(valueLength));
    }
    ask('DEL', 'hash');
    while (session.database.trees.hasGraves) session.database.trees.drain(200);
  }
});
