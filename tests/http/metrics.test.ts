import assert from 'node:assert/strict';
import test from 'node:test';
import { checkMetrics, skipWithoutPromtool } from '../../src/testing/promtool.ts';
import { WireClient } from '../support/wire-client.ts';
import { startWithHttp } from './http-server.ts';

test('metrics of a node that works: names, values, and promtool has nothing to say', {
  skip: skipWithoutPromtool(),
}, async (t) => {
  const { ask, port } = await startWithHttp(t, ['--node.id=node-3']);
  assert.equal((await ask('/api/stores', { method: 'POST', body: { name: 'other' } })).status, 201);
  const client = await WireClient.connect(port);
  for (let i = 0; i < 100; i++) await client.call('SET', `k${i}`, 'v');
  for (let i = 0; i < 50; i++) await client.call('GET', `k${i}`);
  await client.call('SELECT', 'other');
  await client.call('SADD', 'set', 'a');
  await client.call('LPUSH', 'set', 'a');
  const { headers, text } = await ask('/metrics');
  client.end();
  assert.equal(headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
  for (const line of [
    'hypercache_up{node="node-3"} 1',
    'hypercache_cluster_healthy{node="node-3"} 1',
    'hypercache_cluster_size{node="node-3"} 1',
    'hypercache_items_total{node="node-3",store="default"} 100',
    'hypercache_items_total{node="node-3",store="other"} 1',
    'hypercache_hits_total{node="node-3",store="default"} 50',
    'hypercache_misses_total{node="node-3",store="default"} 0',
    'hypercache_hit_rate{node="node-3",store="default"} 1',
    'hypercache_evictions_total{node="node-3",store="default"} 0',
    'hypercache_errors_total{node="node-3"} 1',
    'hypercache_connections{node="node-3"} 1',
    'hypercache_operations_total{node="node-3",command="set"} 100',
    'hypercache_operations_total_set{node="node-3"} 100',
  ]) {
    assert.ok(text.includes(`\n${line}\n`), `${line} is missing`);
  }
  for (const name of [
    'memory_bytes',
    'memory_pressure',
    'allocations_total',
    'allocation_failures_total',
    'operation_duration_seconds_set_bucket',
    'loop_lag_seconds_total',
    'gc_seconds_total',
  ]) {
    assert.ok(text.includes(`\nhypercache_${name}{`), name);
  }
  assert.deepEqual(checkMetrics(text), { status: 0, output: '' });
});
