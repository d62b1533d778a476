import type { Configuration } from '../base/configuration.ts';
import type { StoreConfiguration, StoreOptionValue } from '../base/configuration-sections.ts';
import { suggest } from './did-you-mean.ts';
import type { Problem, RawSetting, RawStore } from './sources/raw-setting.ts';
import { Refusal } from './table/codec.ts';
import {
  parseStorePersistence,
  STORE_KEY_ALIASES,
  STORE_SETTINGS,
} from './table/store-settings.ts';

const DEFAULT_STORE = 'default';
/** Of the default store, an entry of `stores:` sets what else `cache:` does. */
const DEFAULT_STORE_PATHS: Readonly<Record<string, string>> = {
  eviction_policy: 'cache.eviction_policy',
  max_memory: 'cache.max_memory',
  default_ttl: 'cache.default_ttl',
  cuckoo_filter: 'cache.cuckoo_filter',
};

/** The settings that an entry named `default` stands for. */
export function defaultStoreSettings(rawStores: readonly RawStore[]): RawSetting[] {
  const settings: RawSetting[] = [];
  for (const { fields } of rawStores) {
    if (!isDefaultStore(fields)) continue;
    for (const field of fields) {
      const path = defaultStorePath(field.name);
      if (path !== undefined) settings.push({ ...field, name: path, form: 'path' });
    }
  }
  return settings;
}

function isDefaultStore(fields: readonly RawSetting[]): boolean {
  const name = fields.find((field) => field.name === 'name')?.words.join(' ');
  return name?.toLowerCase() === DEFAULT_STORE;
}

function defaultStorePath(option: string): string | undefined {
  const name = Object.hasOwn(STORE_KEY_ALIASES, option) ? STORE_KEY_ALIASES[option]! : option;
  return Object.hasOwn(DEFAULT_STORE_PATHS, name) ? DEFAULT_STORE_PATHS[name] : undefined;
}

/**
 * The entries of `stores:`; what one does not say is as the node's cache settings say. Of the
 * default store only what is no setting of `cache:` counts.
 */
export function settleStores(
  rawStores: readonly RawStore[],
  configuration: Configuration,
  problems: Problem[],
): StoreConfiguration[] {
  const stores: StoreConfiguration[] = [];
  const names = new Set<string>();
  for (const { fields, where } of rawStores) {
    const store = newStore(configuration);
    const isOfDefault = isDefaultStore(fields);
    for (const { name, words, where: fieldWhere } of fields) {
      // What is a setting of `cache:` is checked as such.
      if (isOfDefault && defaultStorePath(name) !== undefined) continue;
      const reason = assignOption(store, name, words.join(' '));
      if (reason !== null) problems.push({ where: fieldWhere, reason });
    }
    if (store.name === '') {
      problems.push({ where, reason: 'a store needs a name' });
      continue;
    }
    const lowerName = store.name.toLowerCase();
    if (names.has(lowerName)) {
      problems.push({ where, reason: `there are two stores named '${store.name}'` });
    }
    names.add(lowerName);
    stores.push(store);
  }
  const { maxStores } = configuration.cache;
  names.delete(DEFAULT_STORE);
  if (names.size > maxStores) {
    const reason = `more stores than cache.max_stores (${maxStores})`;
    problems.push({ where: rawStores.at(-1)!.where, reason });
  }
  return stores;
}

/**
 * A store of that name with those options, for STORE CREATE and the file of stores: the same words
 * as in `stores:`, in any case and with `-` for `_` as well.
 * @returns a text that names the option and says what is wrong with it, when one is
 */
export function parseStore(
  name: string,
  pairs: readonly (readonly [string, string])[],
  configuration: Configuration,
): StoreConfiguration | Refusal {
  const store = newStore(configuration);
  const seen = new Set<string>();
  for (const [option, text] of [['name', name] as const, ...pairs]) {
    const word = option.toLowerCase().replaceAll('-', '_');
    if (seen.has(word)) return new Refusal(`${word}: given twice`);
    seen.add(word);
    const reason = assignOption(store, word, text);
    if (reason !== null) return new Refusal(reason);
  }
  return store;
}

/** The options of a store as `parseStore` reads them; null for what is as the node's. */
export function describeStore(store: StoreConfiguration): [string, StoreOptionValue][] {
  const options: [string, StoreOptionValue][] = [];
  for (const { name, key, codec } of STORE_SETTINGS) {
    if (key === 'name') continue;
    const value = store[key];
    const isPlain = value === null || key === 'maxMemoryBytes';
    options.push([name, isPlain ? value : (codec.print(value) as StoreOptionValue)]);
  }
  return options;
}

function newStore({ cache }: Configuration): StoreConfiguration {
  return {
    name: '',
    evictionPolicy: cache.evictionPolicy,
    maxMemoryBytes: 0,
    defaultTtlMs: cache.defaultTtlMs,
    cuckooFilter: cache.cuckooFilter,
    persistence: null,
    ownership: null,
    consistency: null,
  };
}

/** @returns what is wrong with it, or null */
function assignOption(store: StoreConfiguration, option: string, text: string): string | null {
  const name = Object.hasOwn(STORE_KEY_ALIASES, option) ? STORE_KEY_ALIASES[option]! : option;
  // The original had a profile inside of each store; only its strategy has a meaning here.
  if (name.startsWith('persistence.')) return null;
  const row = STORE_SETTINGS.find((candidate) => candidate.name === name);
  if (row === undefined) {
    const known = STORE_SETTINGS.map((candidate) => candidate.name);
    return `unknown setting of a store '${option}'${suggest(option, known)}`;
  }
  const own = row.key === 'persistence' ? parseStorePersistence(text.toLowerCase()) : undefined;
  const value = own === undefined ? row.codec.parse(text) : own;
  if (value instanceof Refusal) return `${option}: ${value.reason}`;
  Object.assign(store, { [row.key]: value });
  return null;
}
