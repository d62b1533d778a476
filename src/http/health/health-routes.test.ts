import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHttpKit, type HttpKit } from '../../testing/http-kit.ts';

const PATHS = ['/health', '/health/ready', '/health/startup', '/health/live'];

async function statuses({ ask }: HttpKit): Promise<number[]> {
  const answers = await Promise.all(PATHS.map((path) => ask(path)));
  return answers.map(({ status }) => status);
}

test('a node that runs well is healthy, live, ready and started', async () => {
  const kit = await createHttpKit();
  assert.deepEqual(await statuses(kit), [200, 200, 200, 200]);
  const { json } = await kit.ask('/health');
  assert.deepEqual(json, { healthy: true, status: 'healthy', cluster_size: 1, issues: [] });
  await kit.stop();
});

test('/health is not always 200: loading, stopping', async () => {
  const kit = await createHttpKit();
  const { health } = kit.node.services;
  for (const phase of ['starting', 'loading'] as const) {
    health.phase = phase;
    assert.deepEqual(await statuses(kit), [503, 503, 503, 200]);
    const { json } = await kit.ask('/health');
    assert.deepEqual([json.healthy, json.status, json.issues.length], [false, phase, 1]);
  }
  health.phase = 'stopping';
  assert.deepEqual(await statuses(kit), [503, 503, 200, 200]);
  await kit.stop();
});

test('/health is not always 200: memory at panic that nothing may be evicted from', async () => {
  const kit = await createHttpKit({
    'cache.max_memory': '2mb',
    'cache.eviction_policy': 'noeviction',
    'network.protected_mode': 'no',
  });
  const client = kit.connect();
  const value = 'v'.repeat(1000);
  for (let i = 0; i < 2500; i++) if (client.ask(`SET k${i} ${value}`) !== '+OK\r\n') break;
  kit.advance(1000);
  assert.deepEqual(await statuses(kit), [503, 503, 200, 200]);
  const { json } = await kit.ask('/health');
  assert.equal(json.status, 'unhealthy');
  assert.deepEqual(json.issues, ["memory: the store 'default' is full and may evict nothing"]);
  client.ask('FLUSHALL');
  kit.advance(1000);
  assert.deepEqual(await statuses(kit), [200, 200, 200, 200]);
  await kit.stop();
});

test('/health is not always 200: stores.json that the disk refuses, for so long', async () => {
  const kit = await createHttpKit();
  const { disk } = kit.world;
  const make = (name: string) => kit.ask('/api/stores', { method: 'POST', body: { name } });
  assert.equal((await make('one')).status, 201);
  disk.refuseWith('ENOSPC');
  assert.equal((await make('two')).status, 503);
  const { json, status } = await kit.ask('/health/ready');
  assert.equal(status, 503);
  assert.match(String(json.issues[0]), /^disk: stores\.json cannot be written: .*ENOSPC/);
  assert.equal((await kit.ask('/api/stores/two')).status, 404);
  disk.refuseWith(null);
  assert.equal((await kit.ask('/health/ready')).status, 200);
  await kit.stop();
});

test('/health tells of other nodes; readiness does not depend on them', async () => {
  const kit = await createHttpKit();
  kit.node.services.health.addPeerCheck(() => ['cluster: node-2 is missing']);
  assert.deepEqual(await statuses(kit), [503, 200, 200, 200]);
  assert.deepEqual((await kit.ask('/health')).json.issues, ['cluster: node-2 is missing']);
  await kit.stop();
});

test('/health is not always 200: an event loop that was stuck', async () => {
  const kit = await createHttpKit({ 'http.health_lag_max': '250ms' });
  const { health, world } = kit.node.services;
  health.observeLag(300, world.clock.monotonicMs());
  const { json, status } = await kit.ask('/health');
  assert.equal(status, 503);
  assert.deepEqual(json.issues, ['event_loop: a turn took 300 ms, 250 may be']);
  kit.advance(11_000);
  assert.equal((await kit.ask('/health')).status, 200);
  await kit.stop();
});

test('who has not logged in where a password is set hears whether, and not why', async () => {
  const kit = await createHttpKit({ 'security.requirepass': 'pw' });
  assert.deepEqual(await statuses(kit), [200, 200, 200, 200]);
  assert.deepEqual((await kit.ask('/health')).json, { healthy: true, status: 'healthy' });
  const told = await kit.ask('/health', { headers: { authorization: 'Bearer pw' } });
  assert.deepEqual(told.json.issues, []);
  const wrong = await kit.ask('/health', { headers: { authorization: 'Bearer no' } });
  assert.equal(wrong.status, 401);
  for (const path of [
    '/stats',
    '/metrics',
    '/docs',
    '/api/openapi.json',
    '/api/events',
    '/api/stores',
  ]) {
    assert.equal((await kit.ask(path)).status, 401, path);
  }
  await kit.stop();
});
