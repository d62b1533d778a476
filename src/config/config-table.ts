/**
 * The setting table: one row per setting, from which YAML, environment, command line, redis.conf,
 * CONFIG GET/SET/REWRITE, the JSON schema and docs/settings.md all come.
 */

import {
  CLUSTER_SETTINGS,
  ENCODING_SETTINGS,
  HTTP_SETTINGS,
  PERSISTENCE_SETTINGS,
  WATCH_SETTINGS,
} from './table/data-settings.ts';
import { INERT_SETTINGS } from './table/inert-settings.ts';
import {
  CACHE_SETTINGS,
  NETWORK_SETTINGS,
  NODE_SETTINGS,
  SECURITY_SETTINGS,
  TLS_SETTINGS,
} from './table/node-settings.ts';
import type { Setting } from './table/setting.ts';

export const SETTINGS: readonly Setting[] = [
  ...NODE_SETTINGS,
  ...NETWORK_SETTINGS,
  ...TLS_SETTINGS,
  ...SECURITY_SETTINGS,
  ...CACHE_SETTINGS,
  ...ENCODING_SETTINGS,
  ...WATCH_SETTINGS,
  ...PERSISTENCE_SETTINGS,
  ...CLUSTER_SETTINGS,
  ...HTTP_SETTINGS,
  ...INERT_SETTINGS,
];

const byPath = new Map<string, Setting>();
const byRedisName = new Map<string, Setting>();
/** Made at the first look-up: most nodes start without any variable, and 230 names take 2 ms. */
let byEnvironmentName: Map<string, Setting> | null = null;

for (const row of SETTINGS) {
  byPath.set(row.path, row);
  if (row.redis === null) continue;
  byRedisName.set(row.redis.name, row);
  if (row.redis.alias !== null) byRedisName.set(row.redis.alias, row);
}

export function findByPath(path: string): Setting | undefined {
  return byPath.get(path.toLowerCase());
}

/** @param name  a name or alias of redis-server, in any case */
export function findByRedisName(name: string): Setting | undefined {
  return byRedisName.get(name.toLowerCase());
}

/** @param name  without `HYPERCACHE_` */
export function findByEnvironmentName(name: string): Setting | undefined {
  return environmentRows().get(name);
}

export function environmentNames(): string[] {
  return [...environmentRows().keys()];
}

function environmentRows(): ReadonlyMap<string, Setting> {
  if (byEnvironmentName !== null) return byEnvironmentName;
  byEnvironmentName = new Map();
  for (const row of SETTINGS) for (const name of row.env) byEnvironmentName.set(name, row);
  return byEnvironmentName;
}

export function redisNames(): string[] {
  return [...byRedisName.keys()];
}
