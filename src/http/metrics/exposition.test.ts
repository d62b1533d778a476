import assert from 'node:assert/strict';
import { test } from 'node:test';
import { METRIC, METRIC_ROWS } from '../../observability/metrics/metric-table.ts';
import { makeTestCertificates } from '../../testing/certificates.ts';
import { type CommandKit, createCommandKit } from '../../testing/command-kit.ts';
import { fakeNode, joinFakeCluster } from '../../testing/fake-cluster.ts';
import { createHttpKit } from '../../testing/http-kit.ts';
import { checkMetrics, skipWithoutPromtool } from '../../testing/promtool.ts';
import { createRealWorld } from '../../world/real-world.ts';
import { MetricsExposition } from './exposition.ts';

async function scrape(kit: CommandKit): Promise<string> {
  return new MetricsExposition(kit.node.services).text();
}

/** Value of a line, by its name and labels without `node`. */
function metricValue(text: string, name: string, labels: Record<string, string> = {}): number {
  const { le, ...others } = labels;
  const all = { ...(le === undefined ? {} : { le }), node: 'node-1', ...others };
  const inner = Object.entries(all).map(([label, value]) => `${label}="${value}"`);
  const start = `${name}{${inner.join(',')}} `;
  const line = text.split('\n').find((one) => one.startsWith(start));
  assert.ok(line !== undefined, `${start} is missing`);
  return Number(line.slice(start.length));
}

test('every row of the metric table has its help, its type and a value', async () => {
  const kit = await createHttpKit({ 'cache.cuckoo_filter': 'yes' });
  assert.equal(kit.connect().ask('SET k v'), '+OK\r\n');
  const { services } = kit.node;
  const nodes = [fakeNode('a'), fakeNode('b')];
  const replicas = [{ node: nodes[1], position: 3, behindCount: 4, lagMs: 1_500 }];
  const stream = { position: 7, replicas };
  joinFakeCluster(services, { nodes, ownerOfSlot: () => nodes[0], stream });
  const { authority, server } = makeTestCertificates(20);
  services.health.certificates.resp = `${server.certificate}\n${authority.certificate}`;
  const { text } = await kit.ask('/metrics');
  const replica = { store: 'default', peer: 'b' };
  assert.equal(metricValue(text, 'hypercache_cluster_replica_behind_changes', replica), 4);
  assert.equal(metricValue(text, 'hypercache_cluster_replica_lag_seconds', replica), 1.5);
  const endS = metricValue(text, 'hypercache_certificate_end_time_seconds', { port: 'resp' });
  assert.ok(Math.abs(endS - Date.now() / 1000 - 20 * 86_400) < 600);
  for (const { name, help, type } of Object.values(METRIC_ROWS)) {
    assert.ok(text.includes(`# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${name}`), name);
  }
  assert.doesNotMatch(text, /NaN|undefined|null/);
  await kit.stop();
});

test('docs/metrics.md is what the table says', () => {
  const bytes = createRealWorld().disk.readFile('docs/metrics.md');
  const page = Buffer.from(bytes ?? []).toString();
  const rows = Object.values(METRIC_ROWS);
  for (const { name, type, labels, help } of rows) {
    const line = `\n| \`${name}\` | ${type} | ${labels.join(', ')} | ${help} |\n`;
    assert.ok(page.includes(line), `${name}: npm run docs`);
  }
  assert.equal(page.split('\n| `').length - 1, rows.length);
});

test('values are those that commands, stores and counters have', async () => {
  const kit = await createCommandKit();
  kit.ask('SET', 'a', 'v');
  kit.ask('SELECT', 3);
  kit.ask('SET', 'b', 'v');
  for (let i = 0; i < 3; i++) kit.ask('GET', 'b');
  kit.ask('GET', 'none');
  kit.ask('LPUSH', 'b', 1);
  const { counters } = kit.node.services;
  counters[METRIC.loopLagMsMax] = 250;
  const text = await scrape(kit);
  const store = { store: 'default' };
  assert.equal(metricValue(text, 'hypercache_up'), 1);
  assert.equal(metricValue(text, 'hypercache_items', store), 2);
  assert.equal(metricValue(text, 'hypercache_items_total', store), 2);
  assert.equal(metricValue(text, 'hypercache_hits_total', store), 3);
  assert.equal(metricValue(text, 'hypercache_misses_total', store), 1);
  assert.equal(metricValue(text, 'hypercache_hit_rate', store), 0.75);
  assert.ok(metricValue(text, 'hypercache_memory_bytes', store) > 0);
  assert.ok(metricValue(text, 'hypercache_allocations_total', store) >= 2);
  assert.equal(metricValue(text, 'hypercache_allocation_failures_total', store), 0);
  assert.equal(metricValue(text, 'hypercache_store_evicts', store), 1);
  kit.ask('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
  const after = await scrape(kit);
  assert.equal(metricValue(after, 'hypercache_store_evicts', store), 0);
  assert.equal(metricValue(text, 'hypercache_errors_total'), 1);
  assert.equal(metricValue(text, 'hypercache_loop_lag_seconds_max'), 0.25);
  assert.equal(metricValue(text, 'hypercache_operations_total', { command: 'get' }), 4);
  assert.equal(metricValue(text, 'hypercache_operations_total', { command: 'set' }), 2);
  await kit.node.stop();
});

test("the original's names of one command each are there beside the labelled ones", async () => {
  const kit = await createCommandKit();
  const exposition = new MetricsExposition(kit.node.services);
  assert.doesNotMatch(await exposition.text(), /operations_total_set/);
  for (let i = 0; i < 40; i++) kit.ask('SET', 'k', 'v');
  kit.ask('CONFIG', 'GET', 'port');
  const text = await exposition.text();
  assert.equal(metricValue(text, 'hypercache_operations_total_set'), 40);
  const name = 'hypercache_operation_duration_seconds_set';
  const count = metricValue(text, `${name}_count`);
  assert.ok(count > 0);
  assert.equal(metricValue(text, `${name}_bucket`, { le: '+Inf' }), count);
  assert.ok(metricValue(text, `${name}_sum`) >= 0);
  assert.doesNotMatch(text, /operations_total_config/);
  assert.equal(metricValue(text, 'hypercache_operations_total', { command: 'config|get' }), 1);
  await kit.node.stop();
});

test('buckets of a histogram never go down from one scrape to the next', async () => {
  const kit = await createCommandKit();
  const exposition = new MetricsExposition(kit.node.services);
  const buckets = (text: string) =>
    text.split('\n').filter((line) => line.includes('_bucket') && line.includes('"set"'));
  let before: string[] = [];
  for (let round = 0; round < 60; round++) {
    for (let i = 0; i < 7; i++) kit.ask('SET', 'k', 'v');
    const now = buckets(await exposition.text());
    for (const [i, line] of before.entries()) {
      const [name, value] = line.split(' ');
      assert.equal(now[i].split(' ')[0], name);
      assert.ok(Number(now[i].split(' ')[1]) >= Number(value), `${line} -> ${now[i]}`);
    }
    before = now;
  }
  assert.ok(before.length > 10);
  await kit.node.stop();
});

test('garbage collection is watched from the first scrape until the end', async () => {
  const kit = await createCommandKit();
  Object.assign(kit.world.host.gc, { seconds: 1.5, count: 7 });
  const text = await scrape(kit);
  assert.equal(metricValue(text, 'hypercache_gc_seconds_total'), 1.5);
  assert.equal(metricValue(text, 'hypercache_gc_collections_total'), 7);
  await kit.node.stop();
});

test('promtool finds nothing to say of any name, whatever command was called', {
  skip: skipWithoutPromtool(),
}, async () => {
  const kit = await createCommandKit();
  const { latency, table } = kit.node.services;
  for (const command of table.commands) {
    for (const one of [command, ...(command.subcommands?.values() ?? [])]) {
      one.endTimed(1);
      latency.recordCommand(one.fullName, 12, 3);
    }
  }
  const text = await scrape(kit);
  assert.ok(text.split('\n').length > 5000);
  assert.deepEqual(checkMetrics(text), { status: 0, output: '' });
  const bad =
    '# HELP hypercache_a_total x.\n# TYPE hypercache_a_total gauge\nhypercache_a_total 1\n';
  assert.notEqual(checkMetrics(bad).status, 0);
  await kit.node.stop();
});
