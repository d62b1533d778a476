import type { Configuration } from '../base/configuration.ts';
import type { StoreConfiguration } from '../base/configuration-sections.ts';
import { suggest } from './did-you-mean.ts';
import type { Problem, RawSetting, RawStore } from './sources/raw-setting.ts';
import { Refusal } from './table/codec.ts';
import {
  parseStorePersistence,
  STORE_KEY_ALIASES,
  STORE_SETTINGS,
} from './table/store-settings.ts';

/** The entries of `stores:`; what one does not say is as the node's cache settings say. */
export function settleStores(
  rawStores: readonly RawStore[],
  configuration: Configuration,
  problems: Problem[],
): StoreConfiguration[] {
  const stores: StoreConfiguration[] = [];
  const names = new Set(['default']);
  for (const { fields, where } of rawStores) {
    const store = newStore(configuration);
    for (const field of fields) assignField(field, store, problems);
    if (store.name === '') {
      problems.push({ where, reason: 'a store needs a name' });
      continue;
    }
    const lowerName = store.name.toLowerCase();
    const isDefault = lowerName === 'default';
    if (!isDefault && names.has(lowerName)) {
      problems.push({ where, reason: `there are two stores named '${store.name}'` });
    }
    names.add(lowerName);
    stores.push(store);
  }
  if (stores.length > configuration.cache.maxStores) {
    const reason = `more stores than cache.max_stores (${configuration.cache.maxStores})`;
    problems.push({ where: rawStores[configuration.cache.maxStores]!.where, reason });
  }
  return stores;
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

function assignField(field: RawSetting, store: StoreConfiguration, problems: Problem[]): void {
  const name = Object.hasOwn(STORE_KEY_ALIASES, field.name)
    ? STORE_KEY_ALIASES[field.name]!
    : field.name;
  // The original had a profile inside of each store; only its strategy has a meaning here.
  if (name.startsWith('persistence.')) return;
  const row = STORE_SETTINGS.find((candidate) => candidate.name === name);
  if (row === undefined) {
    const known = STORE_SETTINGS.map((candidate) => candidate.name);
    const reason = `unknown setting of a store '${field.name}'${suggest(field.name, known)}`;
    problems.push({ where: field.where, reason });
    return;
  }
  const text = field.words.join(' ');
  const own = row.key === 'persistence' ? parseStorePersistence(text.toLowerCase()) : undefined;
  const value = own === undefined ? row.codec.parse(text) : own;
  if (value instanceof Refusal) {
    problems.push({ where: field.where, reason: `${field.name}: ${value.reason}` });
    return;
  }
  Object.assign(store, { [row.key]: value });
}
