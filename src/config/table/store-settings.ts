import type { StoreConfiguration } from '../../base/configuration-sections.ts';
import { EVICTION_POLICY_NAMES } from '../../base/configuration-sections.ts';
import type { Codec } from './codec.ts';
import { choice, duration, LONG_MAX, size, text, yesNo } from './codecs.ts';

/** One row per key of an entry of `stores:`. */
export interface StoreSetting {
  readonly name: string;
  readonly key: keyof StoreConfiguration;
  readonly codec: Codec<unknown>;
  readonly help: string;
}

function storeSetting<K extends keyof StoreConfiguration>(
  name: string,
  key: K,
  codec: Codec<NonNullable<StoreConfiguration[K]>>,
  help: string,
): StoreSetting {
  return { name, key, codec: codec as Codec<unknown>, help };
}

export const STORE_SETTINGS: readonly StoreSetting[] = [
  storeSetting('name', 'name', text(refuseStoreName), 'Unique without regard to case.'),
  storeSetting(
    'eviction_policy',
    'evictionPolicy',
    choice(EVICTION_POLICY_NAMES, {
      aliases: { 'allkeys-lru': 'lru', 'allkeys-lfu': 'lfu', 'allkeys-random': 'random' },
    }),
    'What is removed for new data.',
  ),
  storeSetting(
    'max_memory',
    'maxMemoryBytes',
    size({ min: 0, max: LONG_MAX }),
    'Memory of this store; 0: only the limit of the node.',
  ),
  storeSetting(
    'default_ttl',
    'defaultTtlMs',
    duration({ unit: 'ms', bareUnit: 's', min: 0, max: Number.MAX_SAFE_INTEGER }),
    'Time to live of writes that name none; 0: for ever.',
  ),
  storeSetting('cuckoo_filter', 'cuckooFilter', yesNo(), 'Keeps a filter for certain misses.'),
  storeSetting(
    'persistence',
    'persistence',
    choice(['aof', 'snapshot', 'hybrid', 'none'], { aliases: { rdb: 'snapshot', no: 'none' } }),
    'What is kept over a restart. Unless set: as the node.',
  ),
  storeSetting(
    'ownership',
    'ownership',
    choice(['store', 'slot']),
    'One owner for the whole store, or one for each slot. Unless set: slot with N copies.',
  ),
  storeSetting(
    'consistency',
    'consistency',
    choice(['eventual', 'quorum'], { aliases: { strong: 'quorum' } }),
    'As cluster.consistency_level, for this store.',
  ),
];

/** Keys of a store that mean nothing here or have another name, from files for the original. */
export const STORE_KEY_ALIASES: Readonly<Record<string, string>> = {
  'persistence.strategy': 'persistence',
  policy: 'eviction_policy',
};

export function refuseStoreName(name: string): string | null {
  const isGood = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(name) && /[A-Za-z]/.test(name);
  return isGood
    ? null
    : 'must be 1..64 letters, digits, - or _, with a letter, not beginning with - or _';
}

/** `true` and `false` for a store's persistence: as the node's, or none. */
export function parseStorePersistence(word: string): StoreConfiguration['persistence'] | undefined {
  if (word === 'true' || word === 'yes') return null;
  if (word === 'false') return 'none';
  return undefined;
}
