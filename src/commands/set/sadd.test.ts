import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createNodeKit } from '../../testing/node-kit.ts';

test('a number that SADD names twice counts once for the encoding, as in Redis 7.0', async () => {
  const client = (await createNodeKit()).connect();
  client.ask('config set set-max-intset-entries 2');
  client.ask('sadd thrice 7 7 7', 'sadd three 7 8 9');
  assert.equal(client.ask('object encoding thrice'), '$6\r\nintset\r\n');
  assert.notEqual(client.ask('object encoding three'), '$6\r\nintset\r\n');
});
