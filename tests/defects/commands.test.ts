import assert from 'node:assert/strict';
import { createNodeKit } from '../../src/testing/node-kit.ts';
import { RawClient } from '../support/raw.ts';
import { defect, startNode } from './defect-kit.ts';

defect('a crash on *-5 or $-5', async (t) => {
  const node = await startNode(t);
  // A negative number of arguments is no command, and is skipped; a negative length is an error.
  const counted = await RawClient.connect(node.port);
  counted.send('*-5\r\nPING\r\n');
  assert.equal(await counted.until(({ text }) => text.length >= 7), '+PONG\r\n');
  counted.end();
  const measured = await RawClient.connect(node.port);
  measured.send('*1\r\n$-5\r\n');
  assert.equal(await measured.untilClosed(), '-ERR Protocol error: invalid bulk length\r\n');
  assert.equal(await node.call('PING'), 'PONG');
});

defect('idle clients dropped after 30 s', async (t) => {
  const node = await startNode(t);
  assert.deepEqual(await node.call('CONFIG', 'GET', 'timeout'), ['timeout', '0']);
  const kit = await createNodeKit();
  const client = kit.connect();
  assert.equal(client.ask('PING'), '+PONG\r\n');
  for (let minute = 0; minute < 10; minute++) kit.advance(60_000);
  assert.equal(client.isClosed, false);
  assert.equal(client.ask('PING'), '+PONG\r\n');
  const stopping = kit.node.stop();
  kit.advance(1);
  await stopping;
});

defect('SET NX and XX ignored, TTL always -2, EXPIRE always 0', async (t) => {
  const { call } = await startNode(t);
  assert.equal(await call('SET', 'k', '1', 'XX'), null);
  assert.equal(await call('EXISTS', 'k'), 0);
  assert.equal(await call('SET', 'k', '1', 'NX'), 'OK');
  assert.equal(await call('SET', 'k', '2', 'NX'), null);
  assert.equal(await call('GET', 'k'), '1');
  assert.equal(await call('SET', 'k', '3', 'XX'), 'OK');
  assert.equal(await call('GET', 'k'), '3');
  assert.equal(await call('TTL', 'none'), -2);
  assert.equal(await call('TTL', 'k'), -1);
  assert.equal(await call('EXPIRE', 'none', '1000'), 0);
  assert.equal(await call('EXPIRE', 'k', '1000'), 1);
  const leftS = (await call('TTL', 'k')) as number;
  assert.ok(leftS > 800 && leftS <= 1000, `${leftS}`);
});

defect('empty values refused', async (t) => {
  const { ask, call, put } = await startNode(t);
  assert.equal(await call('SET', 'resp', ''), 'OK');
  assert.equal(await call('GET', 'resp'), '');
  assert.equal((await ask('/api/cache/resp')).json.data.value, '');
  for (const [key, value] of Object.entries({ text: '', nothing: null, object: {}, list: [] })) {
    assert.equal((await put(`/api/cache/${key}`, { value })).status, 200, key);
    assert.deepEqual((await ask(`/api/cache/${key}`)).json.data.value, value);
  }
  assert.equal(await call('GET', 'text'), '');
});

defect('numbers unreadable over RESP', async (t) => {
  const { ask, call, put } = await startNode(t);
  for (const [value, text] of [
    [42, '42'],
    [-1.5, '-1.5'],
    [true, 'true'],
  ] as const) {
    assert.equal((await put('/api/cache/n', { value })).status, 200);
    assert.equal(await call('GET', 'n'), text);
    assert.equal((await ask('/api/cache/n')).json.data.value, value);
  }
  await put('/api/cache/n', { value: 42 });
  assert.equal(await call('INCR', 'n'), 43);
  assert.equal((await ask('/api/cache/n')).json.data.value, 43);
});
