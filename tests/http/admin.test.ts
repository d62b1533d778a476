import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { ROUTES } from '../../src/http/route-table.ts';
import { scratchFolder, waitFor } from '../support/server.ts';
import { WireClient } from '../support/wire-client.ts';
import { startWithHttp } from './http-server.ts';

/** Rows of other areas have tests of their own. */
const OTHER_TAGS = ['cache', 'batch', 'page', 'events', 'commands'];
const ADMIN_ROUTES = ROUTES.filter(({ tag }) => !OTHER_TAGS.includes(tag));

function pathOf(pattern: string): string {
  return pattern.replace(':store', 'default').replace(':key', 'some%2Fkey');
}

test('every GET route answers, with the correlation id that it was given', async (t) => {
  const { ask } = await startWithHttp(t, ['--cache.cuckoo_filter=yes']);
  const rows = ADMIN_ROUTES.filter(({ method }) => method === 'GET');
  assert.ok(rows.length >= 20);
  for (const row of rows) {
    const headers = { 'x-correlation-id': `id-${row.operationId}` };
    const { status, json, headers: got } = await ask(pathOf(row.path), { headers });
    assert.equal(status, 200, row.path);
    assert.equal(got.get('x-correlation-id'), `id-${row.operationId}`);
    if (json.node === undefined) continue;
    assert.equal(json.node, 'node-1');
    assert.equal(json.correlation_id, `id-${row.operationId}`);
  }
});

test('a route refuses methods that it has not, and names those that it has', async (t) => {
  const { ask } = await startWithHttp(t);
  for (const row of ADMIN_ROUTES) {
    const { status, headers } = await ask(pathOf(row.path), { method: 'PATCH' });
    assert.equal(status, 405, row.path);
    assert.ok(headers.get('allow')?.includes(row.method), row.path);
  }
  for (const gone of ['/api/admin/nothing', '/nothing', '/api']) {
    assert.equal((await ask(gone)).status, 404, gone);
  }
});

interface PersistenceStatistics {
  readonly enabled: boolean;
  readonly loading: { readonly in_progress: boolean };
  readonly stores: Record<
    'default' | 's1',
    {
      readonly strategy: string;
      readonly snapshot: { readonly saves: number; readonly changes_since_last_save: number };
      readonly log: {
        readonly rewrites: number;
        readonly failure: string;
        readonly current_bytes: number;
      };
    }
  >;
}

test('snapshots and rewrites are begun over HTTP, and told of', async (t) => {
  const { ask, port } = await startWithHttp(t);
  assert.equal((await ask('/api/stores', { method: 'POST', body: { name: 's1' } })).status, 201);
  const client = await WireClient.connect(port);
  await client.call('SET', 'k', 'v');
  client.end();
  const saved = await ask('/api/admin/snapshot', { method: 'POST' });
  assert.equal(saved.status, 202);
  assert.deepEqual(saved.json.stores, { default: 'started', s1: 'started' });
  const statistics = async () =>
    (await ask('/api/admin/persistence-stats')).json as unknown as PersistenceStatistics;
  await waitFor('the snapshots', 10_000, async () => {
    const { stores } = await statistics();
    const isDone = stores.default.snapshot.saves === 1 && stores.s1.snapshot.saves === 1;
    return isDone || undefined;
  });
  const rewritten = await ask('/api/admin/aof-rewrite?store=S1', { method: 'POST' });
  assert.deepEqual([rewritten.status, rewritten.json.stores], [202, { s1: 'started' }]);
  await waitFor('the rewrite', 10_000, async () => {
    return (await statistics()).stores.s1.log.rewrites === 1 || undefined;
  });
  const { enabled, loading, stores } = await statistics();
  assert.equal(enabled, true);
  assert.equal(loading.in_progress, false);
  assert.equal(stores.default.strategy, 'hybrid');
  assert.equal(stores.default.snapshot.changes_since_last_save, 0);
  assert.equal(stores.default.log.failure, '');
  assert.ok(stores.default.log.current_bytes > 0);
  assert.equal((await ask('/api/admin/snapshot?store=none', { method: 'POST' })).status, 404);
});

test('stores.json keeps the policy of a store, its limit and its deadline', async (t) => {
  const folder = scratchFolder();
  const first = await startWithHttp(t, [], folder);
  const body = { name: 'kept', eviction_policy: 'fifo', max_memory: '3mb', default_ttl: '45s' };
  assert.equal((await first.ask('/api/stores', { method: 'POST', body })).status, 201);
  const before = (await first.ask('/api/stores/kept')).json.config;
  assert.equal(before.eviction_policy, 'fifo');
  assert.equal(await first.stop(), 0);
  const second = await startWithHttp(t, [], folder);
  const { json, status } = await second.ask('/api/stores/KEPT');
  assert.equal(status, 200);
  assert.deepEqual(json.config, before);
});

test('a store over HTTP is the store over RESP', async (t) => {
  const { ask, port } = await startWithHttp(t);
  assert.equal((await ask('/api/stores', { method: 'POST', body: { name: 's1' } })).status, 201);
  const client = await WireClient.connect(port);
  await client.call('SELECT', 's1');
  for (let i = 0; i < 5; i++) await client.call('SET', `k${i}`, 'v');
  await client.call('GET', 'k0');
  await client.call('GET', 'none');
  const { json } = await ask('/api/stores/s1/stats');
  const { items, hits, misses, hit_rate: hitRate } = json.stats;
  assert.deepEqual([items, hits, misses, hitRate], [5, 1, 1, 0.5]);
  assert.equal((await ask('/api/cache/stats')).json.stats.items, 0);
  assert.equal((await ask('/api/stores/s1', { method: 'DELETE' })).status, 200);
  const reply = await client.call('GET', 'k0');
  assert.equal(reply.kind, 'error');
  client.end();
});

test('/health is not always 200: a disk that refuses stores.json', async (t) => {
  const folder = path.join(scratchFolder(), 'data');
  const { ask } = await startWithHttp(t, [], folder);
  fs.rmSync(folder, { recursive: true, force: true });
  fs.writeFileSync(folder, 'in the way');
  const made = await ask('/api/stores', { method: 'POST', body: { name: 'lost' } });
  assert.equal(made.status, 503);
  const sick = await ask('/health');
  assert.equal(sick.status, 503);
  assert.equal(sick.json.healthy, false);
  assert.match(String(sick.json.issues[0]), /^disk: stores\.json/);
  assert.equal((await ask('/health/live')).status, 200);
  fs.rmSync(folder);
  assert.equal((await ask('/health')).status, 200);
});

test('/health is not always 200: memory that nothing may be evicted from', async (t) => {
  const policy = '--cache.eviction_policy=noeviction';
  const { ask, port } = await startWithHttp(t, ['--cache.max_memory=2mb', policy]);
  const client = await WireClient.connect(port);
  let isFull = false;
  for (let i = 0; i < 4000 && !isFull; i++) {
    isFull = (await client.call('SET', `k${i}`, 'v'.repeat(1000))).kind === 'error';
  }
  assert.ok(isFull);
  const becomes = (status: number) =>
    waitFor(`/health/ready to be ${status}`, 30_000, async () => {
      return (await ask('/health/ready')).status === status || undefined;
    });
  await becomes(503);
  const { json } = await ask('/health');
  assert.deepEqual(json.issues, ["memory: the store 'default' is full and may evict nothing"]);
  await client.call('FLUSHALL');
  await becomes(200);
  client.end();
});

test('/health is not always 200: an event loop that was stuck', async (t) => {
  const { ask, port } = await startWithHttp(t, [
    '--enable-debug-command',
    'local',
    '--http.health_lag_max=700ms',
  ]);
  const client = await WireClient.connect(port);
  await client.call('DEBUG', 'SLEEP', '1.5');
  await waitFor('the lag to be told', 30_000, async () => {
    const { json, status } = await ask('/health');
    return (status === 503 && /^event_loop: /.test(String(json.issues[0]))) || undefined;
  });
  client.end();
});

test('/health is not always 200: shutting down, while requests finish', async (t) => {
  const server = await startWithHttp(t);
  const client = await WireClient.connect(server.httpPort);
  let text = '';
  client.socket.removeAllListeners('data');
  client.socket.on('data', (bytes) => {
    text += bytes.toString();
  });
  client.send(Buffer.from('GET /health/ready HTTP/1.1\r\nHost: 127.0.0.1\r\n'));
  // The half request must be there before the signal: another one, whole, came after it.
  assert.equal((await server.ask('/health/ready')).status, 200);
  const stopped = server.stop();
  await waitFor('the node to stop', 20_000, () => /"stopping"/.test(server.output()) || undefined);
  client.send(Buffer.from('\r\n'));
  await waitFor('an answer', 20_000, () => text.includes('correlation_id') || undefined);
  assert.match(text, /^HTTP\/1\.1 503 /);
  assert.match(text, /"status":"stopping"/);
  assert.match(text, /"issues":\["lifecycle: the node is shutting down"\]/);
  assert.equal(await stopped, 0);
});

test('the level of the log is changed while the node runs', async (t) => {
  const { ask, output } = await startWithHttp(t);
  const put = (level: string, id: string) =>
    ask('/api/admin/log-level', {
      method: 'PUT',
      body: { level },
      headers: { 'x-correlation-id': id },
    });
  const lines = () =>
    output()
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line));
  assert.equal((await put('debug', 'first')).status, 200);
  const changed = await waitFor('the line of the change', 10_000, () =>
    lines().find((line) => line.component === 'audit'),
  );
  assert.equal(changed.correlation_id, 'first');
  assert.deepEqual(changed.fields.names, ['logging.level']);
  const get = await ask('/api/stores', { headers: { 'x-correlation-id': 'second' } });
  assert.equal(get.status, 200);
  await waitFor('a debug line of the request', 10_000, () =>
    lines().find((line) => line.level === 'debug' && line.correlation_id === 'second'),
  );
  assert.equal((await put('error', 'third')).status, 200);
  assert.equal((await ask('/stats', { headers: { 'x-correlation-id': 'fourth' } })).status, 200);
  assert.equal((await put('info', 'fifth')).status, 200);
  await waitFor('lines again', 10_000, () =>
    lines().find((line) => line.correlation_id === 'fifth'),
  );
  assert.equal(lines().filter((line) => line.correlation_id === 'fourth').length, 0);
});

test('with a password all but health needs it, by Basic or Bearer', async (t) => {
  const { ask } = await startWithHttp(t, ['--requirepass', 'secret']);
  for (const row of ADMIN_ROUTES) {
    if (row.method !== 'GET') continue;
    const { status } = await ask(pathOf(row.path));
    assert.equal(status, row.access.by === 'open' ? 200 : 401, row.path);
    assert.equal(row.access.by === 'open', row.tag === 'health', row.path);
  }
  const basic = `Basic ${Buffer.from('default:secret').toString('base64')}`;
  for (const authorization of [basic, 'Bearer secret']) {
    const { json, status } = await ask('/api/config', { headers: { authorization } });
    assert.equal(status, 200);
    assert.equal(json.config.security.requirepass, '***');
  }
});
