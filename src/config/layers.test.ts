import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Configuration } from '../base/configuration.ts';
import { createSimulatedWorld } from '../world/simulated/simulated-world.ts';
import { environmentNames, findByPath, SETTINGS } from './config-table.ts';
import type { Loaded } from './load-configuration.ts';
import { loadConfiguration } from './load-configuration.ts';
import { readStartArguments } from './sources/command-line.ts';
import { describeProblem } from './sources/raw-setting.ts';

interface Given {
  files?: Record<string, string>;
  environment?: Record<string, string>;
  args?: string[];
}

async function load({ files = {}, environment = {}, args = [] }: Given): Promise<Loaded> {
  const world = createSimulatedWorld();
  for (const [path, text] of Object.entries(files)) {
    world.disk.writeFileAtomic(path, Buffer.from(text));
  }
  world.host.environment = environment;
  return loadConfiguration(world, readStartArguments(args));
}

async function loadGood(given: Given): Promise<Configuration> {
  const loaded = await load(given);
  assert.deepEqual(loaded.problems, []);
  return loaded.configuration;
}

async function problemsOf(given: Given): Promise<string[]> {
  return (await load(given)).problems.map(describeProblem);
}

test('file gives way to environment, environment to the command line', async () => {
  const files = {
    '/a.yaml': 'network:\n  resp_port: 1001\n  http_port: 1002\n  gossip_port: 1003\n',
  };
  const environment = { HYPERCACHE_HTTP_PORT: '2002', HYPERCACHE_NETWORK_GOSSIP_PORT: '2003' };
  const { network } = await loadGood({
    files,
    environment,
    args: ['/a.yaml', '--gossip-port', '3003'],
  });
  assert.equal(network.respPort, 1001);
  assert.equal(network.httpPort, 2002);
  assert.equal(network.gossipPort, 3003);
  assert.equal(network.linkPort, 2003);
});

test('where nothing is set the defaults hold, some of them made of the machine', async () => {
  const { node, network, cache, persistence, cluster } = await loadGood({});
  assert.equal(node.id, 'node-1');
  assert.equal(node.dataDir, '/data/node-1');
  assert.equal(network.respPort, 8080);
  assert.deepEqual(network.respBindAddresses, ['127.0.0.1', '-::1']);
  assert.equal(cache.maxMemoryBytes, 4 * 1024 ** 3);
  assert.equal(cache.evictionPolicy, 'lru');
  assert.equal(persistence.strategy, 'hybrid');
  assert.equal(persistence.syncPolicy, 'everysec');
  assert.equal(cluster.replicationFactor, 0);
  assert.equal((await loadGood({ args: ['--node-id', 'n2'] })).node.dataDir, '/data/n2');
});

test('under a redis.conf the habits of redis-server hold', async () => {
  const files = { '/redis.conf': '# nothing\n' };
  const { network, cache, persistence, http, cluster, node } = await loadGood({
    files,
    args: ['/redis.conf'],
  });
  assert.equal(network.respPort, 6379);
  assert.equal(cache.evictionPolicy, 'noeviction');
  assert.equal(persistence.appendOnly, false);
  assert.equal(persistence.savePoints.length, 3);
  assert.equal(persistence.strategy, 'snapshot');
  assert.equal(http.enabled, false);
  assert.equal(cluster.enabled, false);
  assert.equal(node.dataDir, '/');
});

test('the environment names of the original work, and every setting has one', async () => {
  const { cache, persistence, node, network, cluster } = await loadGood({
    environment: {
      HYPERCACHE_DEFAULT_MEMORY: '1.5GB',
      HYPERCACHE_DEFAULT_TTL: '30s',
      HYPERCACHE_DEFAULT_EVICTION: 'lfu',
      HYPERCACHE_DEFAULT_CUCKOO: 'true',
      HYPERCACHE_MAX_STORES: '3',
      HYPERCACHE_CUCKOO_FILTER_FPP: '0.001',
      HYPERCACHE_PERSISTENCE_ENABLED: 'false',
      HYPERCACHE_PERSISTENCE_STRATEGY: 'aof',
      HYPERCACHE_NODE_ID: 'n7',
      HYPERCACHE_RESP_PORT: '7000',
      HYPERCACHE_SEEDS: 'a:7946,b:7946',
      OTHER: 'x',
    },
  });
  assert.equal(cache.maxMemoryBytes, 1536 * 1024 ** 2);
  assert.equal(cache.defaultTtlMs, 30_000);
  assert.equal(cache.evictionPolicy, 'lfu');
  assert.equal(cache.cuckooFilter, true);
  assert.equal(cache.maxStores, 3);
  assert.equal(cache.cuckooFilterFpp, 0.001);
  assert.equal(persistence.enabled, false);
  assert.equal(persistence.appendOnly, false);
  assert.equal(node.id, 'n7');
  assert.equal(network.respPort, 7000);
  assert.deepEqual(cluster.seeds, ['a:7946', 'b:7946']);
  const known = new Set(environmentNames());
  for (const row of SETTINGS)
    assert.ok(
      row.env.every((name) => known.has(name)),
      row.path,
    );
  assert.equal(
    known.size,
    SETTINGS.reduce((sum, row) => sum + row.env.length, 0),
  );
});

test('what Kubernetes sets for a service of our name is no setting; all else must be', async () => {
  const environment = {
    HYPERCACHE_PORT: 'tcp://10.0.0.1:8080',
    HYPERCACHE_HTTP_PORT: 'tcp://10.0.0.1:9080',
    HYPERCACHE_SERVICE_HOST: '10.0.0.1',
    HYPERCACHE_SERVICE_PORT: '8080',
    HYPERCACHE_PORT_8080_TCP_ADDR: '10.0.0.1',
  };
  assert.equal((await loadGood({ environment })).network.httpPort, 9080);
  assert.deepEqual(await problemsOf({ environment: { HYPERCACHE_RESP_PROT: '1' } }), [
    "HYPERCACHE_RESP_PROT: unknown setting; did you mean 'HYPERCACHE_RESP_PORT'?",
  ]);
});

test('HYPERCACHE_CONFIG names the file, an argument wins over it', async () => {
  const files = { '/a.yaml': 'node: {id: a}', '/b.yaml': 'node: {id: b}' };
  const environment = { HYPERCACHE_CONFIG: '/a.yaml' };
  assert.equal((await loadGood({ files, environment })).node.id, 'a');
  const args = ['--config', '/b.yaml'];
  assert.equal((await loadGood({ files, environment, args })).node.id, 'b');
});

test("redis-server's flags work, also without a file and in one word", async () => {
  const line = '--port 6379 --save --appendonly yes --requirepass x --maxmemory 100mb';
  const configuration = await loadGood({ args: [...line.split(' '), '--timeout 5'] });
  assert.equal(configuration.network.respPort, 6379);
  assert.equal(configuration.security.requirepass, 'x');
  assert.equal(configuration.cache.maxMemoryBytes, 100 * 1024 ** 2);
  assert.equal(configuration.network.idleTimeoutS, 5);
  assert.deepEqual(configuration.persistence.savePoints, []);
  assert.equal(configuration.persistence.strategy, 'aof');
  const off = await loadGood({ args: ['--save', '', '--appendonly', 'no'] });
  assert.deepEqual([off.persistence.enabled, off.persistence.strategy], [true, 'snapshot']);
  const never = await loadGood({ args: ['--persistence.enabled=false', '--save', ''] });
  assert.equal(never.persistence.enabled, false);
  const points = await loadGood({ args: ['--save', '60', '1', '30', '2'] });
  assert.deepEqual(points.persistence.savePoints, [
    { seconds: 60, changes: 1 },
    { seconds: 30, changes: 2 },
  ]);
});

test('any setting is a flag, a switch may stand alone, 0 is any free port', async () => {
  const args = ['--persistence.enabled=false', '--cluster.redis_protocol', '--port', '0'];
  const { persistence, cluster, network } = await loadGood({ args });
  assert.equal(persistence.enabled, false);
  assert.equal(cluster.redisProtocol, true);
  assert.equal(network.respPort, 0);
  assert.equal(network.respEnabled, true);
});

test('port 0 in a redis.conf closes the TCP port', async () => {
  const files = { '/redis.conf': 'port 0\nunixsocket /run/h.sock\nunixsocketperm 770\n' };
  const { network } = await loadGood({ files, args: ['/redis.conf'] });
  assert.equal(network.respEnabled, false);
  assert.equal(network.unixSocketPermissions, 0o770);
});

test('every problem is told at once, with place, reason and the name probably meant', async () => {
  const yaml = [
    'netwrk:',
    '  resp_port: 1',
    'network:',
    '  resp_prot: 2',
    '  resp_port: 70000',
    'cache:',
    '  max_memory: lots',
    '  default_ttl: 5 minutes',
    '  eviction_policy: [lru]',
    'stores:',
    '  - max_memory: 1mb',
    '  - name: 123',
    '  - name: a',
    '  - name: A',
    '  - {name: b, max_memry: 1}',
  ].join('\n');
  const args = ['/a.yaml', '--prot', '1', '--seeds', '--http-port=x'];
  assert.deepEqual(await problemsOf({ files: { '/a.yaml': yaml }, args }), [
    "/a.yaml:2: unknown setting 'netwrk.resp_port'; did you mean 'network.resp_port'?",
    "/a.yaml:4: unknown setting 'network.resp_prot'; did you mean 'network.resp_port'?",
    '/a.yaml:5: network.resp_port: argument must be between 0 and 65535 inclusive',
    '/a.yaml:7: cache.max_memory: must be a size such as 100, 64mb or 1.5gb',
    '/a.yaml:8: cache.default_ttl: must be a duration such as 500ms, 30s or 1h30m',
    '/a.yaml:9: cache.eviction_policy: must be one value, not a list',
    '/a.yaml:11: a store needs a name',
    '/a.yaml:12: name: must be 1..64 letters, digits, - or _, with a letter, ' +
      'not beginning with - or _',
    '/a.yaml:12: a store needs a name',
    "/a.yaml:14: there are two stores named 'A'",
    "/a.yaml:15: unknown setting of a store 'max_memry'; did you mean 'max_memory'?",
    "--prot: unknown flag; did you mean '--port'?",
    '--seeds: needs one value',
    "--http-port: network.http_port: argument couldn't be parsed into an integer",
  ]);
});

test('the entry of stores named default sets what cache: does; max_stores', async () => {
  const entry =
    '{name: Default, max_memory: 1mb, policy: noeviction, default_ttl: 30s, ownership: slot}';
  const yaml = (max: number) =>
    `cache: {max_memory: 5mb, max_stores: ${max}}\nstores:\n` +
    `  - ${entry}\n  - name: a\n  - name: b\n`;
  const { cache, stores } = await loadGood({ files: { '/a.yaml': yaml(2) }, args: ['/a.yaml'] });
  assert.deepEqual(
    [cache.maxMemoryBytes, cache.evictionPolicy, cache.defaultTtlMs],
    [1_048_576, 'noeviction', 30_000],
  );
  assert.deepEqual(
    stores.map(({ name, evictionPolicy, ownership }) => [name, evictionPolicy, ownership]),
    [
      ['Default', 'noeviction', 'slot'],
      ['a', 'noeviction', null],
      ['b', 'noeviction', null],
    ],
  );
  assert.equal(stores[1].defaultTtlMs, 30_000);
  const flags = await loadGood({
    files: { '/a.yaml': yaml(2) },
    args: ['/a.yaml', '--cache.max_memory=2mb'],
  });
  assert.equal(flags.cache.maxMemoryBytes, 2_097_152, 'flags win over the file');
  assert.deepEqual(await problemsOf({ files: { '/a.yaml': yaml(1) }, args: ['/a.yaml'] }), [
    '/a.yaml:5: more stores than cache.max_stores (1)',
  ]);
  const wrong = 'stores:\n  - {name: default, max_memory: lots, cuckoo_filter: no, colour: red}\n';
  assert.deepEqual(await problemsOf({ files: { '/a.yaml': wrong }, args: ['/a.yaml'] }), [
    '/a.yaml:2: cache.max_memory: must be a size such as 100, 64mb or 1.5gb',
    "/a.yaml:2: unknown setting of a store 'colour'",
  ]);
});

test('broken YAML is told with its line; __proto__ and friends are unknown keys', async () => {
  assert.deepEqual(
    await problemsOf({ files: { '/a.yaml': 'node:\n  id: a\n  id: b\n' }, args: ['/a.yaml'] }),
    ['/a.yaml:3: Map keys must be unique'],
  );
  const text = 'node:\n  __proto__: 1\nconstructor:\n  prototype: 2\n';
  const problems = await problemsOf({ files: { '/a.yaml': text }, args: ['/a.yaml'] });
  assert.equal(problems.length, 2);
  assert.match(problems[0]!, /^\/a\.yaml:2: unknown setting 'node\.__proto__'/);
  assert.deepEqual(await problemsOf({ files: { '/a.yaml': '- a\n' }, args: ['/a.yaml'] }), [
    '/a.yaml:1: must hold settings, as in `node:`',
  ]);
  assert.deepEqual(await problemsOf({ args: ['/none.yaml'] }), [
    '/none.yaml: there is no such file, or it cannot be read',
  ]);
});

test('scalars keep the text they were written with, aliases are followed', async () => {
  const yaml =
    'security:\n  requirepass: 007\nnode: {id: &id n3}\ncluster: {key: *id, seeds: "a:1 b:2"}\n';
  const { security, cluster } = await loadGood({ files: { '/a.yml': yaml }, args: ['/a.yml'] });
  assert.equal(security.requirepass, '007');
  assert.equal(cluster.key, 'n3');
  assert.deepEqual(cluster.seeds, ['a:1', 'b:2']);
});

test('keys of files for the original are aliases, or accepted with one line', async () => {
  const yaml = [
    'node: {id: node-1, bind_addr: 0.0.0.0, protocol: tcp}',
    'storage: {wal_path: /tmp, data_dir: /var/h, memtable_size: 1}',
    'persistence: {enable_aof: true, fsync: always, batch_size: 10, sync_interval: 1s}',
    'logging: {log_file: /var/log/h.log, buffer_size: 1000, level: warning}',
    'cluster: {replication_factor: all, consistency_level: strong}',
    'cache:',
    '  stores:',
    '    - {name: sessions, eviction_policy: lru, persistence: {strategy: aof, batch_size: 5}}',
  ].join('\n');
  const { configuration, problems, notices } = await load({
    files: { '/a.yaml': yaml },
    args: ['/a.yaml'],
  });
  assert.deepEqual(problems, []);
  assert.deepEqual(configuration.network.respBindAddresses, ['0.0.0.0']);
  assert.equal(configuration.node.dataDir, '/var/h');
  assert.equal(configuration.persistence.syncPolicy, 'always');
  assert.equal(configuration.logging.level, 'warn');
  assert.equal(configuration.cluster.consistencyLevel, 'quorum');
  assert.equal(configuration.stores[0]!.persistence, 'aof');
  assert.equal(
    notices[0],
    'settings accepted without a meaning here: node.protocol, storage.wal_path, ' +
      'storage.memtable_size, persistence.batch_size, persistence.sync_interval, ' +
      'logging.buffer_size',
  );
});

test('every setting that PRODUCT names is in the table, once', () => {
  const paths = SETTINGS.map((row) => row.path);
  assert.equal(new Set(paths).size, paths.length);
  for (const path of [
    'node.id node.data_dir network.resp_bind_addr network.resp_port network.http_bind_addr',
    'network.http_port network.gossip_port network.advertise_addr cluster.seeds cluster.seed_dns',
    'cluster.seed_dns_port cluster.replication_factor cluster.consistency_level cluster.mode',
    'cluster.key cluster.enabled cluster.placement persistence.enabled persistence.strategy',
    'persistence.sync_policy persistence.snapshot_interval persistence.max_log_size',
    'persistence.compression_level persistence.retain_logs cache.max_memory cache.default_ttl',
    'cache.cuckoo_filter_fpp cache.max_stores logging.level logging.enable_console',
    'logging.enable_file logging.log_dir logging.max_file_size logging.max_files logging.output',
    'logging.structured http.enabled tls.port',
  ]
    .join(' ')
    .split(' ')) {
    assert.ok(findByPath(path) !== undefined, path);
  }
  for (const row of SETTINGS) assert.ok(row.help.endsWith('.'), row.path);
});
