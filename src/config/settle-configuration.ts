import { resolve } from 'node:path';
import type { Configuration } from '../base/configuration.ts';
import { defaultConfiguration } from '../base/configuration.ts';
import {
  findByEnvironmentName,
  findByPath,
  findByRedisName,
  redisNames,
  SETTINGS,
} from './config-table.ts';
import { applyConsequences } from './consequences.ts';
import { suggest } from './did-you-mean.ts';
import { defaultStoreSettings, settleStores } from './settle-stores.ts';
import { findRenamed, isWithoutMeaning } from './sources/original-keys.ts';
import type { Problem, RawSetting, Source } from './sources/raw-setting.ts';
import { Refusal } from './table/codec.ts';
import { FORGOTTEN_DIRECTIVES } from './table/inert-settings.ts';
import type { Setting } from './table/setting.ts';
import { readSetting, writeSetting } from './table/setting.ts';

/** Whose defaults hold: ours, or those a user of redis-server expects under a redis.conf. */
export type Habit = 'hypercache' | 'redis';

export interface Settled {
  readonly configuration: Configuration;
  /** Path of every setting that some source set, and where. */
  readonly assigned: ReadonlyMap<string, string>;
  readonly problems: readonly Problem[];
  /** Lines worth one log line each at start. */
  readonly notices: readonly string[];
}

export interface SettleOptions {
  readonly habit: Habit;
  /** Later ones win: file, environment, command line. */
  readonly sources: readonly Source[];
  readonly memoryBytesTotal: number;
  readonly workingDirectory: string;
}

/** Merges all sources over the defaults. Checks everything, also after the first problem. */
export function settleConfiguration(options: SettleOptions): Settled {
  const configuration = initialConfiguration(options.habit);
  const merge: Merge = {
    configuration,
    assigned: new Map(),
    problems: [],
    ignored: new Set(),
    seen: new Set(),
  };
  for (const source of options.sources) {
    merge.seen = new Set();
    merge.problems.push(...source.problems);
    for (const raw of source.settings) assign(raw, merge);
    for (const raw of defaultStoreSettings(source.stores)) assign(raw, merge);
    if (source.stores.length > 0) {
      configuration.stores = settleStores(source.stores, configuration, merge.problems);
    }
  }
  fillIn(merge, options);
  return {
    configuration,
    assigned: merge.assigned,
    problems: merge.problems,
    notices: noticesOf(merge),
  };
}

interface Merge {
  readonly configuration: Configuration;
  readonly assigned: Map<string, string>;
  readonly problems: Problem[];
  /** Keys that are accepted and mean nothing. */
  readonly ignored: Set<string>;
  /** Paths the present source has set. */
  seen: Set<string>;
}

/** The defaults, with every redis-server parameter that is only echoed. */
export function initialConfiguration(habit: Habit): Configuration {
  const configuration = defaultConfiguration();
  for (const row of SETTINGS) {
    if (row.section === 'inert') writeSetting(configuration, row, row.initial);
  }
  if (habit === 'redis') {
    configuration.network.respPort = 6379;
    configuration.cache.evictionPolicy = 'noeviction';
    configuration.persistence.appendOnly = false;
    configuration.persistence.retainLogs = 0;
    configuration.http.enabled = false;
    configuration.cluster.enabled = false;
    applyConsequences(configuration, 'persistence.append_only', 'appendonly');
  }
  return configuration;
}

function assign(raw: RawSetting, merge: Merge): void {
  const row = findRow(raw, merge);
  if (row === null) return;
  const isRepeat = merge.seen.has(row.path);
  const value = parseRaw(raw, row, { current: readSetting(merge.configuration, row), isRepeat });
  if (value instanceof Refusal) {
    merge.problems.push({ where: raw.where, reason: `${raw.name}: ${value.reason}` });
    return;
  }
  merge.seen.add(row.path);
  merge.assigned.set(row.path, raw.where);
  writeSetting(merge.configuration, row, value);
  const isRedis = raw.form === 'redis' && raw.source === 'file';
  // Who names a port wants it open, unless the same source says otherwise.
  if (row.path === 'network.resp_port' && merge.seen.has('network.resp_enabled')) return;
  applyConsequences(merge.configuration, row.path, isRedis ? raw.name : row.path);
}

function findRow(raw: RawSetting, merge: Merge): Setting | null {
  if (raw.form === 'environment') return findByEnvironmentName(raw.name) ?? null;
  if (raw.form === 'redis') {
    const row = findByRedisName(raw.name);
    if (row !== undefined) return row;
    if (FORGOTTEN_DIRECTIVES.includes(raw.name)) {
      merge.ignored.add(raw.name);
    } else {
      const hint = suggest(raw.name, redisNames());
      const reason = `unknown directive '${raw.name}'${hint}`;
      merge.problems.push({ where: raw.where, reason });
    }
    return null;
  }
  const row = findByPath(findRenamed(raw.name) ?? raw.name);
  if (row !== undefined) return row;
  if (isWithoutMeaning(raw.name)) {
    merge.ignored.add(raw.name);
  } else {
    const hint = suggest(raw.name, ownPaths());
    merge.problems.push({ where: raw.where, reason: `unknown setting '${raw.name}'${hint}` });
  }
  return null;
}

function parseRaw(
  raw: RawSetting,
  row: Setting,
  { current, isRepeat }: { current: unknown; isRepeat: boolean },
): unknown {
  if (raw.form === 'redis') {
    if (raw.words.length === 0 || (!row.codec.takesWords && raw.words.length !== 1)) {
      return new Refusal('wrong number of arguments');
    }
    return row.codec.parseRedis(splitOne(raw.words, row), current, isRepeat);
  }
  if (!raw.isList) return row.codec.parse(raw.words.join(' '));
  return row.codec.parseList?.(raw.words) ?? new Refusal('must be one value, not a list');
}

/** `save "3600 1 300 100"` means the same as without quotes. */
function splitOne(words: readonly string[], row: Setting): readonly string[] {
  const isOneText = row.codec.takesWords && words.length === 1 && words[0] !== '';
  return isOneText ? words[0]!.split(' ') : words;
}

/** Defaults that depend on other settings or on the machine. */
function fillIn({ configuration, assigned }: Merge, options: SettleOptions): void {
  const { node, network, cache } = configuration;
  if (!assigned.has('node.data_dir')) {
    node.dataDir = options.habit === 'redis' ? '.' : `./data/${node.id}`;
  }
  node.dataDir = resolve(options.workingDirectory, node.dataDir);
  if (!assigned.has('network.link_port')) {
    network.linkPort = network.gossipPort > 1000 ? network.gossipPort - 1000 : 0;
  }
  if (!assigned.has('cache.max_memory')) {
    cache.maxMemoryBytes = Math.floor(options.memoryBytesTotal / 2);
  }
  if (!assigned.has('cache.node_max_memory')) {
    // What somebody gave to the stores by name is theirs, also when it is more than the usual.
    let reservedBytes = cache.maxMemoryBytes;
    for (const store of configuration.stores) reservedBytes += store.maxMemoryBytes;
    const usualBytes = Math.floor(options.memoryBytesTotal * NODE_MEMORY_SHARE);
    cache.nodeMaxMemoryBytes = Math.max(usualBytes, reservedBytes);
  }
}

/** The rest is for the process itself and the system. */
const NODE_MEMORY_SHARE = 0.8;

/** What redis-server does for its service manager, and who does it here. */
const SERVICE_NOTICES: Readonly<Record<string, (value: string) => string | null>> = {
  daemonize: (value) =>
    value === 'yes'
      ? 'daemonize yes: the node stays in the foreground; a service manager, or `&`, keeps it going'
      : null,
  supervised: (value) =>
    value === 'no'
      ? null
      : `supervised ${value}: the node tells nobody when it is ready; a systemd unit for it has ` +
        'Type=exec (or simple), not notify or forking',
};

function noticesOf({ assigned, configuration, ignored }: Merge): string[] {
  const names = { later: [] as string[], none: [...ignored] };
  const notices: string[] = [];
  for (const path of assigned.keys()) {
    const { effect, key, redis } = findByPath(path)!;
    if (Object.hasOwn(SERVICE_NOTICES, key)) {
      const notice = SERVICE_NOTICES[key]!(configuration.inert[key]!);
      if (notice !== null) notices.push(notice);
      continue;
    }
    if (effect === 'none') names.none.push(redis!.name);
    else if (effect === 'later') names.later.push(path);
  }
  if (names.none.length > 0) {
    notices.push(`settings accepted without a meaning here: ${names.none.join(', ')}`);
  }
  if (names.later.length > 0) {
    notices.push(`settings accepted and not used by this version: ${names.later.join(', ')}`);
  }
  return notices;
}

function ownPaths(): string[] {
  return SETTINGS.filter((row) => row.section !== 'inert').map((row) => row.path);
}
