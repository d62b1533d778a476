import type { Configuration } from '../../base/configuration.ts';
import { defaultConfiguration } from '../../base/configuration.ts';
import type { Codec } from './codec.ts';
import { Refusal } from './codec.ts';

/** One row of the setting table. */
export interface Setting {
  /** As YAML and `--path=value` name it: `cache.max_memory`. */
  readonly path: string;
  /** Where the settled configuration holds it. */
  readonly section: string;
  readonly key: string;
  readonly codec: Codec<unknown>;
  /** Before file, environment and flags; some are settled later, see settle-configuration.ts. */
  readonly initial: unknown;
  /** Environment variables without `HYPERCACHE_`, the usual one first. Made when asked for. */
  readonly env: readonly string[];
  readonly redis: RedisName | null;
  /** Takes effect at once when set at run time; else it needs a restart. */
  readonly live: boolean;
  readonly effect: Effect;
  /** Never shown by `config show` nor written to a log. */
  readonly secret: boolean;
  readonly help: string;
}

/**
 * `now`: used by this node. `later`: stored, the room that uses it is not built yet.
 * `none`: redis-server's own, without a meaning here.
 */
export type Effect = 'now' | 'later' | 'none';

export interface RedisName {
  readonly name: string;
  readonly alias: string | null;
  /** `directive`: in a redis.conf and among flags only, unknown to CONFIG GET and SET. */
  readonly access: 'live' | 'immutable' | 'protected' | 'directive';
  /** Left out of CONFIG GET with a pattern; answers to its exact name. */
  readonly hidden: boolean;
}

type Sections = Omit<Configuration, 'stores' | 'inert'>;

/** `section.key` of every field of the configuration that can hold a T and nothing else. */
export type FieldOf<T> = {
  [S in keyof Sections]: {
    [K in keyof Sections[S] & string]: [T] extends [Sections[S][K]]
      ? [Sections[S][K]] extends [T]
        ? `${S}.${K}`
        : never
      : never;
  }[keyof Sections[S] & string];
}[keyof Sections];

export interface SettingOptions {
  readonly help: string;
  readonly redis?: string;
  readonly alias?: string;
  readonly access?: RedisName['access'];
  /** Without `HYPERCACHE_`; else made of the path. */
  readonly env?: string;
  readonly restart?: true;
  readonly effect?: Effect;
  readonly secret?: true;
}

const DEFAULTS = defaultConfiguration() as unknown as Record<string, Record<string, unknown>>;

export function setting<T>(
  path: string,
  field: FieldOf<T>,
  codec: Codec<T>,
  options: SettingOptions,
): Setting {
  const [section, key] = (field as string).split('.') as [string, string];
  const redis = redisName(options);
  return {
    path,
    section,
    key,
    codec: codec as Codec<unknown>,
    initial: DEFAULTS[section]![key],
    get env() {
      return environmentNames(path, options.env);
    },
    redis,
    live: isLive(options),
    effect: options.effect ?? 'now',
    secret: options.secret === true,
    help: options.help,
  };
}

/** A parameter of redis-server that means nothing here: checked, kept as text, echoed. */
export function inert<T>(
  name: string,
  codec: Codec<T>,
  initial: string,
  options: Omit<SettingOptions, 'help' | 'redis'> & { hidden?: true; help?: string } = {},
): Setting {
  const path = `redis.${name}`;
  return {
    path,
    section: 'inert',
    key: name,
    codec: asText(codec) as Codec<unknown>,
    initial,
    get env() {
      return environmentNames(path, options.env);
    },
    redis: {
      name,
      alias: options.alias ?? null,
      access: options.access ?? 'live',
      hidden: options.hidden === true,
    },
    live: isLive(options),
    effect: options.effect ?? 'none',
    secret: options.secret === true,
    help: options.help ?? 'A parameter of redis-server, without a meaning here.',
  };
}

export function readSetting(configuration: Configuration, row: Setting): unknown {
  const sections = configuration as unknown as Record<string, Record<string, unknown>>;
  const value = sections[row.section]![row.key];
  return value === undefined ? row.initial : value;
}

export function writeSetting(configuration: Configuration, row: Setting, value: unknown): void {
  const sections = configuration as unknown as Record<string, Record<string, unknown>>;
  sections[row.section]![row.key] = value;
}

function redisName(options: SettingOptions): RedisName | null {
  if (options.redis === undefined) return null;
  return {
    name: options.redis,
    alias: options.alias ?? null,
    access: options.access ?? 'live',
    hidden: false,
  };
}

function isLive(options: { access?: RedisName['access']; restart?: true }): boolean {
  if (options.restart === true) return false;
  return (
    options.access === undefined || options.access === 'live' || options.access === 'protected'
  );
}

function environmentNames(path: string, short: string | undefined): string[] {
  const full = path.replace(/[.-]/g, '_').toUpperCase();
  if (short !== undefined) return short === full ? [full] : [short, full];
  const [, section, rest] = /^([a-z]+)\.(.*)$/.exec(path)!;
  if (section !== 'network' && section !== 'cache') return [full];
  return [rest!.replace(/[.-]/g, '_').toUpperCase(), full];
}

function asText<T>(codec: Codec<T>): Codec<string> {
  const toText = (value: T | Refusal) =>
    value instanceof Refusal ? value : codec.printRedis(value);
  const toValue = (text: string) =>
    codec.parseRedis(codec.takesWords ? text.split(' ') : [text], undefined as T, false);
  return {
    kind: codec.kind,
    schema: codec.schema,
    takesWords: codec.takesWords,
    parse: (value) => toText(codec.parse(value)),
    print: (value) => value,
    parseRedis: (words) => toText(codec.parseRedis(words, undefined as T, false)),
    printRedis: (value) => value,
    rewriteLines: (value) => {
      const parsed = toValue(value);
      if (parsed instanceof Refusal) return [value];
      return codec.rewriteLines?.(parsed) ?? [codec.printRedis(parsed)];
    },
  };
}
