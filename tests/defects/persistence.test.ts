import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import type { HttpServer } from '../http/http-server.ts';
import { waitFor } from '../support/server.ts';
import { WireClient } from '../support/wire-client.ts';
import { type DefectNode, defect, startNode } from './defect-kit.ts';

/** Kills the node, so that only what lies on the disk is left, and starts another over it. */
async function recover(
  t: TestContext,
  node: DefectNode,
  args: readonly string[] = [],
): Promise<DefectNode> {
  await node.stop('SIGKILL');
  return startNode(t, args, node.dataDir);
}

async function infoOf(node: DefectNode, field: string): Promise<string> {
  const text = String(await node.call('INFO', 'persistence'));
  return new RegExp(`^${field}:(.*?)\\r$`, 'm').exec(text)?.[1] ?? '';
}

function waitForEnd(node: DefectNode, field: string): Promise<unknown> {
  return waitFor(`${field} to be 0`, 30_000, async () => {
    return (await infoOf(node, field)) === '0' || undefined;
  });
}

function logBytes(node: HttpServer): number {
  const folder = path.join(node.dataDir, 'appendonlydir');
  const sizes = fs.readdirSync(folder).map((name) => fs.statSync(path.join(folder, name)).size);
  return sizes.reduce((sum, size) => sum + size, 0);
}

defect('a deadlock on compaction of the log', async (t) => {
  const node = await startNode(t, ['--persistence.rewrite_min_size=16kb']);
  const client = await WireClient.connect(node.port);
  t.after(() => client.end());
  // Writers on both connections while it is rewritten, by itself and asked for, again and again.
  for (let round = 0; round < 10; round++) {
    const batch = Array.from({ length: 200 }, (_, i) => ['SET', `k${i}`, `${round}`.repeat(40)]);
    client.sendCommands(batch);
    assert.match(String(await node.call('BGREWRITEAOF')), /^Background|^-ERR Background/);
    assert.equal(await node.call('SET', 'other', `${round}`), 'OK');
    for (const reply of await client.take(batch.length)) assert.equal(reply.kind, 'simple');
  }
  await waitForEnd(node, 'aof_rewrite_in_progress');
  await waitForEnd(node, 'aof_rewrite_scheduled');
  assert.ok(logBytes(node) < 200_000, 'it is as short as the data allows');
  const { call } = await recover(t, node);
  assert.equal(await call('DBSIZE'), 201);
  assert.equal(await call('GET', 'k199'), '9'.repeat(40));
  assert.equal(await call('GET', 'other'), '9');
});

defect('records dropped when the queue is full', async (t) => {
  const node = await startNode(t);
  const client = await WireClient.connect(node.port);
  t.after(() => client.end());
  const count = 30_000;
  // All at once: more than any queue that is not allowed to grow.
  client.sendCommands(Array.from({ length: count }, (_, i) => ['RPUSH', 'all', `${i}`]));
  await client.take(count);
  const { call } = await recover(t, node);
  assert.equal(await call('LLEN', 'all'), count);
  const ends = [await call('LINDEX', 'all', '0'), await call('LINDEX', 'all', '-1')];
  assert.deepEqual(ends, ['0', `${count - 1}`]);
});

defect('a record over 64 KB, or with a bar or newline, losing data', async (t) => {
  const node = await startNode(t);
  const values = {
    long: 'x'.repeat(300_000),
    bar: 'a|b|c',
    lines: 'one\ntwo\r\nthree\n',
    record: '*1\r\n$8\r\nFLUSHALL\r\n',
    comment: '#hc len=3 crc=00000000\r\nabc',
    empty: '',
  };
  for (const [key, value] of Object.entries(values)) {
    assert.equal(await node.call('SET', `${key}|\n`, value), 'OK');
  }
  const { call } = await recover(t, node);
  for (const [key, value] of Object.entries(values)) {
    assert.equal(await call('GET', `${key}|\n`), value, key);
  }
});

defect('types changed on recovery', async (t) => {
  const node = await startNode(t);
  const values = { number: 42, float: 1.5, text: '42', yes: true, nothing: null, list: [1, '1'] };
  for (const [key, value] of Object.entries(values)) {
    assert.equal((await node.put(`/api/cache/${key}`, { value })).status, 200);
  }
  await node.call('RPUSH', 'queue', '1', '2');
  await node.call('ZADD', 'scores', '1.5', 'a');
  await node.call('PEXPIREAT', 'scores', '4000000000123');
  const check = async ({ ask, call }: DefectNode) => {
    for (const [key, value] of Object.entries(values)) {
      assert.deepEqual((await ask(`/api/cache/${key}`)).json.data.value, value, key);
    }
    assert.deepEqual(await call('LRANGE', 'queue', '0', '-1'), ['1', '2']);
    assert.deepEqual(await call('ZRANGE', 'scores', '0', '-1', 'WITHSCORES'), ['a', '1.5']);
    assert.equal(await call('PEXPIRETIME', 'scores'), 4_000_000_000_123);
  };
  const fromLog = await recover(t, node);
  await check(fromLog);
  assert.match(String(await fromLog.call('BGREWRITEAOF')), /^Background/);
  await waitForEnd(fromLog, 'aof_rewrite_in_progress');
  await check(await recover(t, fromLog));
});

defect('everysec never syncing', async (t) => {
  const node = await startNode(t, ['--persistence.sync_policy=everysec']);
  const syncs = async (): Promise<number> => {
    const { json } = await node.ask('/api/admin/persistence-stats');
    return Number(json.stores.default.log.syncs);
  };
  const before = await syncs();
  await waitFor('three more syncs', 20_000, async () => {
    await node.call('INCR', 'k');
    return (await syncs()) >= before + 3 || undefined;
  });
});

defect('FLUSHALL not logged', async (t) => {
  const node = await startNode(t);
  assert.equal(await node.call('STORE', 'CREATE', 'other', 'persistence', 'aof'), 'OK');
  for (const place of ['other', '1', '0']) {
    await node.call('SELECT', place);
    await node.call('SET', 'before', 'v');
  }
  assert.equal(await node.call('FLUSHALL'), 'OK');
  await node.call('SET', 'after', 'v');
  const { call } = await recover(t, node);
  assert.deepEqual(await call('KEYS', '*'), ['after']);
  await call('SELECT', '1');
  assert.equal(await call('DBSIZE'), 0);
  await call('SELECT', 'other');
  assert.deepEqual(await call('KEYS', '*'), ['before'], 'another store is not touched');
});

defect('the default TTL given anew on recovery', async (t) => {
  const args = ['--cache.default_ttl=1h'];
  const node = await startNode(t, args);
  await node.call('SET', 'usual', 'v');
  await node.call('SET', 'soon', 'v', 'PX', '900000');
  await node.call('SET', 'for ever', 'v');
  await node.call('PERSIST', 'for ever');
  const deadlines = async ({ call }: DefectNode) => [
    await call('PEXPIRETIME', 'usual'),
    await call('PEXPIRETIME', 'soon'),
    await call('PEXPIRETIME', 'for ever'),
  ];
  const before = await deadlines(node);
  assert.ok(Number(before[0]) > Number(before[1]) && before[2] === -1);
  const again = await recover(t, node, args);
  assert.deepEqual(await deadlines(again), before);
  // A shorter one now is for what is written from now on.
  assert.deepEqual(await deadlines(await recover(t, again, ['--cache.default_ttl=1s'])), before);
});

defect('snapshots that cannot be read back', async (t) => {
  const args = ['--persistence.strategy=snapshot'];
  const node = await startNode(t, args);
  assert.equal(await node.call('STORE', 'CREATE', 'other', 'persistence', 'snapshot'), 'OK');
  await node.call('HSET', 'hash', 'field', 'a|b\n', 'binary', '\u0000\u0001');
  await node.call('XADD', 'stream', '5-1', 'f', 'v');
  await node.put('/api/cache/json', { value: { deep: [1, { x: null }] } });
  await node.put('/api/stores/other/cache/k', { value: 7 });
  const { json } = await node.ask('/api/admin/snapshot', { method: 'POST' });
  assert.deepEqual(json.stores, { default: 'started', other: 'started' });
  await waitFor('both snapshots', 30_000, () => {
    const files = ['dump.rdb', 'stores/other/dump.rdb'];
    return files.every((name) => fs.existsSync(path.join(node.dataDir, name))) || undefined;
  });
  const { ask, call } = await recover(t, node, args);
  assert.deepEqual(await call('HMGET', 'hash', 'field', 'binary'), ['a|b\n', '\u0000\u0001']);
  assert.equal(await call('XLEN', 'stream'), 1);
  assert.deepEqual((await ask('/api/cache/json')).json.data.value, { deep: [1, { x: null }] });
  assert.equal((await ask('/api/stores/other/cache/k')).json.data.value, 7);
});

defect('no backups though promised', async (t) => {
  const node = await startNode(t);
  await node.call('SET', 'k', 'v');
  const response = await fetch(`${node.origin}/api/admin/backup`, { method: 'POST' });
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('content-type'), 'application/gzip');
  const bytes = new Uint8Array(await response.arrayBuffer());
  assert.deepEqual([...bytes.subarray(0, 2)], [0x1f, 0x8b]);
});
