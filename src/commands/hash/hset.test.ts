import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createNodeKit } from '../../testing/node-kit.ts';

test('a field that HSET names twice counts once for the encoding, as in Redis 7.0', async () => {
  const client = (await createNodeKit()).connect();
  client.ask('config set hash-max-listpack-entries 1');
  client.ask('hset twice f 1 f 2', 'hset two f 1 g 2');
  assert.equal(client.ask('object encoding twice'), '$8\r\nlistpack\r\n');
  assert.equal(client.ask('object encoding two'), '$9\r\nhashtable\r\n');
});
