/**
 * The image and what starts it, without docker: see container-image.ts and containers.ts.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { waitFor } from '../support/server.ts';
import { readCompose } from './compose-files.ts';
import { buildImage, type ContainerImage } from './container-image.ts';
import {
  openHost,
  skipWithoutContainers,
  waitForMembers,
  waitForValue,
  waitUntilOne,
} from './containers.ts';

const SECRETS = { HYPERCACHE_REQUIREPASS: 'pass', HYPERCACHE_CLUSTER_KEY: 'the key of this test' };
const skip = skipWithoutContainers();
let image: ContainerImage;

before(() => {
  if (skip === false) image = buildImage();
});
after(() => image?.remove());

test('a container of its own: the 8 variables of old, no cluster, no way to write', {
  skip,
}, async (t) => {
  const host = await openHost(t, image);
  const node = host.start({
    hostname: 'f00dcafe',
    number: 1,
    names: {},
    volume: host.makeVolume(),
    environment: {
      HYPERCACHE_REQUIREPASS: 'pass',
      HYPERCACHE_DEFAULT_MEMORY: '64mb',
      HYPERCACHE_DEFAULT_TTL: '90s',
      HYPERCACHE_DEFAULT_EVICTION: 'lfu',
      HYPERCACHE_DEFAULT_CUCKOO: 'true',
      HYPERCACHE_MAX_STORES: '3',
      HYPERCACHE_CUCKOO_FILTER_FPP: '0.05',
      HYPERCACHE_PERSISTENCE_ENABLED: 'true',
      HYPERCACHE_PERSISTENCE_STRATEGY: 'aof',
    },
  });
  await node.waitUntilHealthy();
  const { json } = await node.get('/api/config');
  assert.deepEqual(pick(json['config'], Object.keys(WANTED)), WANTED);
  assert.equal(await node.call('SET', 'k', 'v'), 'OK');
  assert.equal(await node.call('TTL', 'k'), 90);
  for (const at of ['/opt/hypercache/dist/main.js', '/etc/hosts', '/usr/bin/env']) {
    assert.notEqual(node.run('touch', at).code, 0, at);
  }
  assert.equal(node.run('touch', '/var/lib/hypercache/file').code, 0);
  assert.equal(node.run('id', '-u').output, '1000\n');
  assert.equal(await node.stop(), 0, node.output());
});

/** By their variables; and the name, which is the host's. */
const WANTED = {
  'node.id': 'f00dcafe',
  'cache.max_memory': `${64 * 1024 * 1024}`,
  'cache.default_ttl': '90000',
  'cache.eviction_policy': 'allkeys-lfu',
  'cache.cuckoo_filter': 'yes',
  'cache.max_stores': '3',
  'cache.cuckoo_filter_fpp': '0.05',
  'persistence.enabled': 'yes',
  'persistence.strategy': 'aof',
  'cluster.enabled': 'no',
};

test('without a key a container that is to find others does not start', { skip }, async (t) => {
  const host = await openHost(t, image);
  const node = host.start({
    hostname: 'node-4',
    number: 1,
    names: { 'node-1': [2] },
    volume: host.makeVolume(),
    environment: { HYPERCACHE_SEEDS: 'node-1:7946' },
  });
  await waitFor('the refusal', 10_000, () => /cluster\.key/.test(node.output()) || undefined);
});

test('docker-compose.cluster.yml is one cluster; a fourth node joins by seed and key', {
  skip,
}, async (t) => {
  const { services } = readCompose('docker-compose.cluster.yml', SECRETS);
  const host = await openHost(t, image);
  const names = { 'node-1': [1], 'node-2': [2], 'node-3': [3] };
  const nodes = Object.values(services)
    .filter(({ environment }) => environment?.['HYPERCACHE_SEEDS'] !== undefined)
    .map(({ hostname, environment }, i) =>
      host.start({ hostname, number: i + 1, environment, names, volume: host.makeVolume() }),
    );
  assert.equal(nodes.length, 3);
  await waitUntilOne(nodes);
  assert.equal(await nodes[0]!.call('SET', 'from', 'node-1'), 'OK');
  await waitForValue(nodes[2]!, 'from', 'node-1');
  const status = ['hypercache', 'cluster', 'status', '--url', 'http://127.0.0.1:9080'];
  assert.match(nodes[1]!.run(...status).output, /node-3/);
  // By the name that Prometheus has in its configuration; another is refused.
  assert.equal((await nodes[1]!.get('/health', 'node-2:9080')).status, 200);
  assert.equal((await nodes[1]!.get('/health', 'stranger.example')).status, 421);

  const fourth = host.start({
    hostname: '0123456789ab',
    number: 4,
    names: { 'node-1': [1] },
    volume: host.makeVolume(),
    environment: { ...SECRETS, HYPERCACHE_SEEDS: 'node-1:7946' },
  });
  await waitUntilOne([...nodes, fourth]);
  await waitForValue(fourth, 'from', 'node-1');
  assert.equal(await fourth.stop(), 0, fourth.output());
  for (const node of nodes) await waitForMembers(node, 3);
});

/** @param config  by section, as /api/config tells it */
function pick(config: unknown, names: readonly string[]): Record<string, string | undefined> {
  const sections = config as Record<string, Record<string, string>>;
  const found = names.map((name) => {
    const [section, ...rest] = name.split('.') as [string, ...string[]];
    return [name, sections[section]?.[rest.join('.')]];
  });
  return Object.fromEntries(found);
}
