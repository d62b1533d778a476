import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Configuration } from '../base/configuration.ts';
import { createSimulatedWorld } from '../world/simulated/simulated-world.ts';
import { ConfigRegistry } from './config-registry.ts';
import { loadConfiguration } from './load-configuration.ts';
import { readStartArguments } from './sources/command-line.ts';

async function open(
  args: string[] = [],
): Promise<{ registry: ConfigRegistry; configuration: Configuration }> {
  const world = createSimulatedWorld();
  const loaded = await loadConfiguration(world, readStartArguments(args));
  assert.deepEqual(loaded.problems, []);
  const registry = new ConfigRegistry({ ...loaded, disk: world.disk });
  return { registry, configuration: loaded.configuration };
}

test('a change stands in the object that rooms hold, then its listeners are told', async () => {
  const { registry, configuration } = await open();
  const { slowlog } = configuration;
  const told: number[] = [];
  registry.onChange('slowlog.slower_than', () => {
    told.push(slowlog.slowerThanUs);
    return null;
  });
  assert.equal(registry.set([['slowlog-log-slower-than', '5']]), null);
  assert.equal(registry.set([['slowlog-max-len', '6']]), null);
  assert.deepEqual(told, [5]);
  assert.equal(slowlog.lengthMax, 6);
});

test('a listener that refuses undoes all, and others hear of the old values again', async () => {
  const { registry, configuration } = await open();
  const heard: number[] = [];
  registry.onChange('node.hz', () => {
    heard.push(configuration.node.hz);
    return null;
  });
  registry.onChange('network.idle_timeout', () =>
    configuration.network.idleTimeoutS === 7 ? 'not seven' : null,
  );
  assert.equal(
    registry.set([
      ['hz', '20'],
      ['TIMEOUT', '7'],
    ]),
    "ERR CONFIG SET failed (possibly related to argument 'timeout') - not seven",
  );
  assert.deepEqual(heard, [20, 10]);
  assert.equal(configuration.node.hz, 10);
  assert.equal(configuration.network.idleTimeoutS, 0);
  assert.equal(
    registry.set([
      ['hz', '20'],
      ['timeout', '8'],
    ]),
    null,
  );
});

test('what takes time is prepared for the values to come, then committed last of all', async () => {
  const { registry, configuration } = await open();
  const seen: string[] = [];
  registry.onPrepare('network.resp_port', ({ network }) => {
    seen.push(`prepare ${network.respPort} ${network.maxClients}`);
    return network.respPort === 7000 ? Promise.resolve() : null;
  });
  registry.onChange('network.resp_port', () => {
    seen.push(`port ${configuration.network.respPort}`);
    return null;
  });
  registry.onChange('network.max_clients', () => {
    const { maxClients } = configuration.network;
    seen.push(`clients ${maxClients}`);
    return maxClients === 13 ? 'unlucky' : null;
  });
  const pairs = [
    ['port', '7000'],
    ['maxclients', '70'],
  ] as const;
  assert.equal(registry.prepare([['maxclients', '70']]), null);
  assert.equal(registry.prepare([['port', 'x']]), null, 'set refuses it');
  assert.ok(registry.prepare(pairs) instanceof Promise);
  assert.equal(configuration.network.respPort, 8080);
  assert.equal(registry.set(pairs), null);
  assert.deepEqual(seen, ['prepare 7000 70', 'clients 70', 'port 7000']);
  seen.length = 0;
  const bad = [pairs[0], ['maxclients', '13']] as const;
  assert.match(registry.set(bad)!, /unlucky/);
  assert.deepEqual(seen, ['clients 13', 'clients 70', 'port 7000'], 'what was prepared is dropped');
});

test('dir and dbfilename are protected unless allowed, locally or to all', async () => {
  const pairs: [string, string][] = [['dbfilename', 'other.rdb']];
  const head = "ERR CONFIG SET failed (possibly related to argument 'dbfilename') - ";
  const refusal = `${head}can't set protected config`;
  const closed = (await open()).registry;
  assert.equal(closed.set(pairs, { isLocal: true }), refusal);
  const local = (await open(['--enable-protected-configs', 'local'])).registry;
  assert.equal(local.set(pairs), refusal);
  assert.equal(local.set(pairs, { isLocal: false }), refusal);
  assert.equal(local.set(pairs, { isLocal: true }), null);
  const all = (await open(['--enable-protected-configs', 'yes'])).registry;
  assert.equal(all.set(pairs, { isLocal: false }), null);
  assert.match(all.set([['dbfilename', '../x']])!, /must be a file name, not a path$/);
});

test('the two ways to say persistence follow one another', async () => {
  const { registry, configuration } = await open();
  const { persistence } = configuration;
  assert.equal(registry.set([['appendonly', 'no']]), null);
  assert.equal(persistence.strategy, 'snapshot');
  assert.equal(registry.set([['save', '']]), null);
  // SAVE still writes a snapshot, and one that is there is loaded.
  assert.deepEqual([persistence.enabled, persistence.strategy], [true, 'snapshot']);
  assert.equal(registry.set([['appendonly', 'yes']]), null);
  assert.deepEqual([persistence.enabled, persistence.strategy], [true, 'aof']);
});

test('our own paths answer and can be set, in our syntax; secrets answer as they are', async () => {
  const { registry, configuration } = await open(['--requirepass', 'x']);
  assert.equal(registry.set([['cache.default_ttl', '1h30m']]), null);
  assert.equal(configuration.cache.defaultTtlMs, 5_400_000);
  assert.deepEqual(registry.get(['node.i*', 'requirepass']), [
    ['node.id', 'node-1'],
    ['requirepass', 'x'],
  ]);
  assert.match(registry.set([['node.id', 'n2']])!, /can't set immutable config$/);
  assert.ok(registry.get(['*']).every(([name]) => !name.includes('.')));
});

test('eviction policies that redis-server does not know pass through', async () => {
  const { registry, configuration } = await open();
  assert.deepEqual(registry.get(['maxmemory-policy']), [['maxmemory-policy', 'allkeys-lru']]);
  assert.equal(registry.set([['maxmemory-policy', 'sieve']]), null);
  assert.equal(configuration.cache.evictionPolicy, 'sieve');
  assert.deepEqual(registry.get(['maxmemory-policy']), [['maxmemory-policy', 'sieve']]);
});
