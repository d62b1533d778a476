import assert from 'node:assert/strict';
import { ROUTES } from '../../src/http/route-table.ts';
import { waitFor } from '../support/server.ts';
import { defect, startNode } from './defect-kit.ts';

defect('TTL over HTTP always one hour', async (t) => {
  const { ask, call, put } = await startNode(t);
  const wanted = [
    [{ ttl: '30m' }, 1_800],
    [{ ttl: 500 }, 500],
    [{ ttl_hours: 2 }, 7_200],
    [{ ttl_ms: 900_000 }, 900],
  ] as const;
  for (const [option, seconds] of wanted) {
    assert.equal((await put('/api/cache/k', { value: 'v', ...option })).status, 200);
    const leftS = (await call('TTL', 'k')) as number;
    assert.ok(leftS <= seconds && leftS > seconds - 300, `${leftS} of ${seconds}`);
    const leftMs = Number((await ask('/api/cache/k')).json.data.ttl_ms);
    assert.ok(leftMs <= seconds * 1_000 && leftMs > (seconds - 300) * 1_000, `${leftMs}`);
  }
  await put('/api/cache/k', { value: 'v' });
  assert.equal(await call('TTL', 'k'), -1);
});

defect('routes of /api/stores/{name} never registered', async (t) => {
  const { ask, call, put } = await startNode(t);
  const body = { name: 'sessions', eviction_policy: 'lfu' };
  assert.equal((await ask('/api/stores', { method: 'POST', body })).status, 201);
  assert.equal((await put('/api/stores/sessions/cache/a%2Fb', { value: 'here' })).status, 200);
  assert.equal((await ask('/api/stores/sessions/cache/a/b')).json.data.value, 'here');
  assert.equal((await ask('/api/cache/a/b')).status, 404);
  assert.equal((await ask('/api/stores/sessions')).json.config.eviction_policy, 'lfu');
  assert.equal((await ask('/api/stores/sessions')).json.stats.items, 1);
  await call('SELECT', 'sessions');
  assert.equal(await call('GET', 'a/b'), 'here');
  assert.equal((await ask('/api/stores/sessions', { method: 'DELETE' })).status, 200);
  assert.equal((await ask('/api/stores/sessions')).status, 404);
});

defect('/health always 200', async (t) => {
  const settings = ['--cache.max_memory=2mb', '--cache.eviction_policy=noeviction'];
  const { ask, call } = await startNode(t, settings);
  assert.equal((await ask('/health')).json.healthy, true);
  const value = 'v'.repeat(10_000);
  let reply: unknown = 'OK';
  for (let i = 0; reply === 'OK'; i++) reply = await call('SET', `k${i}`, value);
  assert.match(String(reply), /^-OOM /);
  const { json } = await waitFor('the node to be unhealthy', 20_000, async () => {
    const answer = await ask('/health');
    return answer.status === 503 ? answer : undefined;
  });
  assert.equal(json.healthy, false);
  assert.match(json.issues.join(), /default/);
  await call('FLUSHALL');
  assert.equal(await call('SET', 'k', 'v'), 'OK');
  await waitFor('the node to be healthy', 20_000, async () => {
    return (await ask('/health')).status === 200 || undefined;
  });
});

defect('unauthenticated internal routes on the public port', async (t) => {
  const { ask } = await startNode(t, ['--requirepass', 'secret']);
  const probes = ['/health', '/health/live', '/health/ready', '/health/startup'];
  // Files that are the same for everybody, and whether a login is needed.
  const open = new Set([...probes, '/', '/page/:file', '/api/login']);
  let refusedCount = 0;
  for (const { method, path } of ROUTES) {
    if (open.has(path)) continue;
    const at = path.replace(':store', 'default').replace(':key', 'k').replace('*', 'k');
    const { status } = await ask(at, { method });
    assert.ok(status === 401 || status === 302, `${method} ${path}: ${status}`);
    refusedCount++;
  }
  assert.ok(refusedCount > 20);
  const guesses = ['replicate', 'internal/replicate', 'internal/sync', 'internal/stores'];
  for (const guess of guesses) {
    for (const prefix of ['', '/api']) {
      const { status } = await ask(`${prefix}/${guess}`, { method: 'POST', body: {} });
      assert.ok(status === 401 || status === 404, `${prefix}/${guess}: ${status}`);
    }
  }
});
