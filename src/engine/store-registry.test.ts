import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StoreConfiguration } from '../base/configuration-sections.ts';
import { createEngineFixture } from '../testing/engine-fixture.ts';
import { SegmentPool } from './memory/segment-pool.ts';
import { Store } from './store.ts';
import { StoreRegistry } from './store-registry.ts';

function createRegistry() {
  const { store, clock, world } = createEngineFixture({ seed: 1, records: false });
  const saved: string[][] = [];
  const state = { failure: null as string | null, countMax: 64 };
  const registry = new StoreRegistry({
    default: store,
    make: (configuration) =>
      new Store({
        name: configuration.name,
        databaseCount: 1,
        clock,
        random: world.random,
        monotonicMs: () => world.clock.monotonicMs(),
        pool: new SegmentPool(0),
        memoryBytesMax: 0,
        policy: configuration.evictionPolicy,
        sampleCount: 5,
        configuration,
      }),
    countMax: () => state.countMax,
    save: (stores) => {
      if (state.failure === null) saved.push(stores.map(({ name }) => name));
      return state.failure;
    },
    describe: ({ evictionPolicy }) => ['eviction_policy', evictionPolicy],
  });
  return { registry, saved, state };
}

function named(name: string): StoreConfiguration {
  return {
    name,
    evictionPolicy: 'lru',
    maxMemoryBytes: 0,
    defaultTtlMs: 0,
    cuckooFilter: false,
    persistence: null,
    ownership: null,
    consistency: null,
  };
}

function namesOf(registry: StoreRegistry): string[] {
  return [...registry].map(({ name }) => name);
}

test('a list of stores that somebody walks does not change under them', () => {
  const { registry } = createRegistry();
  for (const name of ['a', 'b', 'c']) assert.equal(registry.create(named(name)), null);
  const seen: string[] = [];
  for (const store of registry.all) {
    seen.push(store.name);
    if (store.name === 'a') registry.drop(store);
    if (store.name === 'b') registry.create(named('d'));
  }
  assert.deepEqual(seen, ['default', 'a', 'b', 'c']);
  assert.deepEqual(namesOf(registry), ['default', 'b', 'c', 'd']);
  assert.equal(registry.find('A'), null);
  assert.equal(registry.find('D')?.name, 'd');
});

test('listeners hear of what happened, in order, and of nothing that was refused', () => {
  const { registry, saved, state } = createRegistry();
  const told: string[] = [];
  registry.onCreating(({ name }) => (name === 'no' ? 'ERR not this one' : null));
  registry.onCreated(({ name }) => void told.push(`+${name} ${registry.find(name)?.name}`));
  registry.onDropped((store) => {
    told.push(`-${store.name} ${registry.find(store.name)?.name} ${store.isDropped}`);
  });
  registry.open([named('kept')]);
  assert.deepEqual(saved, [], 'what the node begins with is saved already');
  assert.equal(registry.create(named('a')), null);
  assert.equal(registry.create(named('no')), 'ERR not this one');
  assert.match(String(registry.create(named('A'))), /^STOREEXISTS/);
  state.failure = 'the disk is full';
  assert.match(String(registry.create(named('b'))), /^MISCONF .*: the disk is full$/);
  const a = registry.find('a');
  assert.ok(a !== null);
  assert.match(String(registry.drop(a)), /^MISCONF .*: the disk is full$/);
  assert.equal(a.isDropped, false);
  state.failure = null;
  assert.equal(registry.drop(a), null);
  assert.deepEqual(told, ['+kept kept', '+a a', '-a undefined true']);
  assert.deepEqual(saved, [['kept', 'a'], ['kept']]);
});

test('more stores than a lowered limit allows are kept, and none is added', () => {
  const { registry, state } = createRegistry();
  state.countMax = 1;
  registry.open([named('a'), named('b')]);
  assert.deepEqual(namesOf(registry), ['default', 'a', 'b']);
  assert.match(String(registry.create(named('c'))), /^STORELIMIT/);
});
