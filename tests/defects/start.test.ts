import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { patiently } from '../support/patience.ts';
import { findFreePort, MAIN, scratchFolder, waitFor } from '../support/server.ts';
import { defect, startNode } from './defect-kit.ts';

defect('stores.json losing the policy', async (t) => {
  const folder = scratchFolder();
  const first = await startNode(t, [], folder);
  const options = ['eviction_policy', 's3fifo', 'max_memory', '3mb', 'default_ttl', '45s'];
  assert.equal(await first.call('STORE', 'CREATE', 'kept', ...options), 'OK');
  const before = (await first.ask('/api/stores/kept')).json.config;
  assert.equal(before.eviction_policy, 's3fifo');
  assert.equal(await first.stop(), 0);
  const second = await startNode(t, [], folder);
  assert.deepEqual((await second.ask('/api/stores/kept')).json.config, before);
});

defect('../ in a store name', async (t) => {
  const outer = scratchFolder();
  const folder = path.join(outer, 'data');
  const { ask, call } = await startNode(t, [], folder);
  for (const name of ['../evil', '..', 'a/b', 'a\\b', '.hidden', 'a\0b', '']) {
    assert.match(String(await call('STORE', 'CREATE', name)), /^-ERR /, name);
    const { status } = await ask('/api/stores', { method: 'POST', body: { name } });
    assert.equal(status, 400, name);
  }
  assert.deepEqual(fs.readdirSync(outer), ['data']);
  const own = /^(appendonlydir|hypercache\.lock|appendonly\.aof\.(1\.incr\.aof|manifest))$/;
  for (const file of fs.readdirSync(folder, { recursive: true })) {
    assert.match(path.basename(String(file)), own);
  }
  assert.equal((await ask('/api/stores')).json.stores.length, 1);
});

defect('1mb meaning one byte', async (t) => {
  const { ask, call } = await startNode(t, ['--cache.max_memory=1mb']);
  assert.deepEqual(await call('CONFIG', 'GET', 'maxmemory'), ['maxmemory', '1048576']);
  assert.equal(await call('STORE', 'CREATE', 's', 'max_memory', '2MiB'), 'OK');
  assert.equal((await ask('/api/stores/s')).json.config.max_memory, 2 * 1024 * 1024);
  assert.equal(await call('SET', 'k', 'v'.repeat(100_000)), 'OK');
});

defect('a failed bind ignored', async (t) => {
  const node = await startNode(t);
  const free = String(await findFreePort());
  const [gossip, link] = [await findFreePort(), await findFreePort()].map(String);
  for (const [changed, taken] of [
    [['--port', String(node.port)], node.port],
    [['--http-port', String(node.httpPort)], node.httpPort],
    [['--gossip-port', String(node.httpPort)], node.httpPort],
    [['--link-port', String(node.httpPort)], node.httpPort],
  ] as const) {
    const ports = [
      '--port',
      free,
      '--http-port',
      '0',
      '--gossip-port',
      gossip,
      '--link-port',
      link,
    ];
    const args = [...ports, '--http.enabled=yes', '--cluster.enabled=yes', ...changed];
    const run = spawnSync(process.execPath, [MAIN, ...args, '--data-dir', scratchFolder()], {
      encoding: 'utf8',
      timeout: patiently(20_000),
    });
    assert.equal(run.status, 1, run.stdout);
    assert.match(run.stderr, new RegExp(`^hypercache: .*${taken}`, 'm'));
  }
});

defect('no log rotation though promised', async (t) => {
  const folder = scratchFolder();
  const logs = path.join(folder, 'logs');
  const node = await startNode(
    t,
    [
      '--logging.level=debug',
      '--logging.enable_file=yes',
      '--logging.max_file_size=8kb',
      '--logging.max_files=3',
    ],
    folder,
  );
  const filesIn = () => fs.readdirSync(logs).sort();
  await waitFor('the first file to go', 20_000, async () => {
    for (let i = 0; i < 50; i++) await node.call('SET', `k${i}`, 'v');
    return filesIn().includes('hypercache.1.log') ? undefined : true;
  });
  assert.equal(filesIn().length, 3);
  for (const name of filesIn()) {
    const text = fs.readFileSync(path.join(logs, name), 'utf8');
    assert.ok(text.length <= 8192, `${name}: ${text.length}`);
    for (const line of text.trimEnd().split('\n')) JSON.parse(line);
  }
  // Whoever tidies up takes nothing from the node.
  for (const name of filesIn()) fs.rmSync(path.join(logs, name));
  assert.equal(await node.call('SET', 'k', 'v'), 'OK');
  await waitFor('a file again', 20_000, () => filesIn().length === 1 || undefined);
});
