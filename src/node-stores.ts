/** The stores of a node: made at its start and while it runs, and what follows them. */
import type { StoreConfiguration } from './base/configuration-sections.ts';
import type { Logger } from './base/logger.ts';
import type { TurnClock } from './base/turn-clock.ts';
import type { NodeServices } from './commands/node-services.ts';
import { settleStore } from './commands/session.ts';
import { describeStore } from './config/settle-stores.ts';
import { StoresFile } from './config/stores-file.ts';
import { SegmentPool } from './engine/memory/segment-pool.ts';
import { Store } from './engine/store.ts';
import { StoreRegistry } from './engine/store-registry.ts';
import type { NodeOptions } from './node.ts';

/**
 * Makes the default store, those of the configuration and those that were kept from before.
 * @throws NodeError when the file of the stores cannot be used
 */
export function createStores(options: NodeOptions, clock: TurnClock): StoreRegistry {
  const { world, configuration, logger } = options;
  const { cache, persistence } = configuration;
  const file = new StoresFile(configuration, world.disk);
  const shared = {
    clock,
    random: world.random,
    monotonicMs: () => world.clock.monotonicMs(),
    pool: new SegmentPool(0),
  };
  const registry = new StoreRegistry({
    default: new Store({
      ...shared,
      name: 'default',
      databaseCount: cache.databases,
      memoryBytesMax: cache.maxMemoryBytes,
      policy: cache.evictionPolicy,
      sampleCount: cache.maxmemorySamples,
      evictionSettings: cache,
      defaultTtlMs: cache.defaultTtlMs,
      filterRate: cache.cuckooFilter ? cache.cuckooFilterFpp : 0,
      said: configuration.stores.find(({ name }) => name.toLowerCase() === 'default'),
    }),
    make: (named) =>
      new Store({
        ...shared,
        name: named.name,
        databaseCount: 1,
        memoryBytesMax: named.maxMemoryBytes,
        policy: named.evictionPolicy,
        sampleCount: cache.maxmemorySamples,
        evictionSettings: cache,
        defaultTtlMs: named.defaultTtlMs,
        filterRate: named.cuckooFilter ? cache.cuckooFilterFpp : 0,
        configuration: named,
      }),
    countMax: () => cache.maxStores,
    save: (stores) => (persistence.enabled ? file.write(stores) : null),
    describe: wordsOf,
  });
  const kept = persistence.enabled ? file.read() : [];
  const first = storesOfStart(options, kept);
  registry.open(first);
  if (persistence.enabled && textOf(first) !== textOf(kept)) keepStores(file, first, logger);
  return registry;
}

/** Those of the configuration, then those of the file that the configuration does not name. */
function storesOfStart(
  { configuration, logger }: NodeOptions,
  kept: readonly StoreConfiguration[],
): StoreConfiguration[] {
  const byName = new Map<string, StoreConfiguration>();
  for (const store of configuration.stores) {
    const name = store.name.toLowerCase();
    if (name !== 'default') byName.set(name, store);
  }
  for (const store of kept) {
    const name = store.name.toLowerCase();
    const chosen = byName.get(name);
    if (chosen === undefined) byName.set(name, store);
    else if (wordsOf(chosen).join(' ') !== wordsOf(store).join(' ')) {
      logger.warn('store-differs', 'The configuration of a store is not the one it had before', {
        store: chosen.name,
        before: wordsOf(store).join(' '),
        now: wordsOf(chosen).join(' '),
      });
    }
  }
  return [...byName.values()];
}

/**
 * What lies in the data directory names the stores it belongs to: also those that were made only
 * because the configuration says so. It is said again at each start: a refusal does no harm.
 */
function keepStores(file: StoresFile, stores: readonly StoreConfiguration[], logger: Logger): void {
  const reason = file.write(stores);
  if (reason !== null)
    logger.warn('stores-not-kept', 'The list of stores was not written', { reason });
}

function textOf(stores: readonly StoreConfiguration[]): string {
  return stores.map((store) => [store.name, ...wordsOf(store)].join(' ')).join('\n');
}

/** The words of STORE CREATE that make it. */
function wordsOf(store: StoreConfiguration): string[] {
  const words: string[] = [];
  for (const [option, value] of describeStore(store)) {
    if (value !== null) words.push(option, String(value));
  }
  return words;
}

/** What must happen to those who stand in a store: when it is dropped, when writes are refused. */
export function followStores(services: NodeServices): void {
  const { blocking, clients, persistence, stores, watches } = services;
  persistence.onRefusalChange((store) => {
    for (const session of clients.all()) if (session.store === store) settleStore(session);
  });
  stores.onDropped((store) => {
    for (const session of clients.all()) if (session.store === store) settleStore(session);
    watches.dropStore(store);
    blocking.dropStore(store);
  });
}
