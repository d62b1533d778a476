import type { Configuration } from '../base/configuration.ts';
import type { StoreConfiguration, StoreOptionValue } from '../base/configuration-sections.ts';
import { globMatchesText } from '../base/glob.ts';
import { LIMITS } from '../base/limits.ts';
import type { Disk } from '../base/world.ts';
import { findByPath, findByRedisName, SETTINGS } from './config-table.ts';
import { applyConsequences } from './consequences.ts';
import type { ConfigFile } from './load-configuration.ts';
import { describeStore, parseStore } from './settle-stores.ts';
import { Refusal } from './table/codec.ts';
import type { Setting } from './table/setting.ts';
import { readSetting, writeSetting } from './table/setting.ts';

/** Called after the new value stands in the configuration. A text refuses it: all is undone. */
export type ChangeListener = () => string | null;

/**
 * Makes ready what a change will need, such as a port that takes time to bind. It must not reject:
 * what went wrong is told when the change is acted upon.
 * @param next  the configuration as it would be
 * @returns     null when there is nothing to wait for
 */
export type Preparer = (next: Configuration) => Promise<void> | null;

/** Who asks; what is protected may be open to clients of this machine. */
export interface Asker {
  readonly isLocal: boolean;
}

export interface RegistryOptions {
  readonly configuration: Configuration;
  readonly disk: Disk;
  /** What CONFIG REWRITE writes to; null when the node started without one. */
  readonly file: ConfigFile | null;
  /** Paths that file, environment or flags have set: CONFIG REWRITE leaves other defaults out. */
  readonly assigned: ReadonlyMap<string, string>;
}

/**
 * The settings of a running node, by redis-server's names (CONFIG GET, SET, REWRITE) and by ours.
 * It is the only writer of the configuration; rooms read their fields from it as they go, and
 * listen only where a change must be acted upon.
 */
export class ConfigRegistry {
  private readonly configuration: Configuration;
  private readonly disk: Disk;
  private readonly file: ConfigFile | null;
  private readonly listeners = new Map<string, ChangeListener[]>();
  private readonly preparers = new Map<string, Preparer>();
  private readonly suppliers = new Map<string, () => unknown>();
  /** Paths whose value somebody chose. */
  private readonly chosen: Set<string>;

  constructor({ configuration, disk, file, assigned }: RegistryOptions) {
    this.configuration = configuration;
    this.disk = disk;
    this.file = file;
    this.chosen = new Set(assigned.keys());
  }

  /** Path of the configuration file, '' when there is none. */
  get filePath(): string {
    return this.file?.path ?? '';
  }

  /** @param path  our name, such as `logging.level`; an unknown one is a mistake of the caller */
  onChange(path: string, listener: ChangeListener): void {
    const listeners = this.listeners.get(path);
    if (listeners === undefined) this.listeners.set(path, [listener]);
    else listeners.push(listener);
  }

  /** @param path  a change of it is prepared before it is made; it needs a listener as well */
  onPrepare(path: string, preparer: Preparer): void {
    this.preparers.set(path, preparer);
  }

  /** @param path  its value lives elsewhere while the node runs: asked for before a rewrite */
  onRewrite(path: string, supply: () => unknown): void {
    this.suppliers.set(path, supply);
  }

  /**
   * Makes ready what `set` of the same pairs needs.
   * @returns null when it can be called at once, also when it will refuse the pairs
   */
  prepare(pairs: readonly (readonly [string, string])[]): Promise<void> | null {
    const preparers = new Set<Preparer>();
    for (const [name] of pairs) {
      const row = findForClients(name);
      const preparer = row === null ? undefined : this.preparers.get(row.path);
      if (preparer !== undefined) preparers.add(preparer);
    }
    if (preparers.size === 0) return null;
    const next = structuredClone(this.configuration);
    for (const [name, text] of pairs) {
      const row = findForClients(name);
      const value = row === null ? null : this.parse(row, name, text);
      if (row === null || value instanceof Refusal) return null;
      writeSetting(next, row, value);
      applyConsequences(next, row.path, name);
    }
    const waits = [...preparers].map((preparer) => preparer(next)).filter((wait) => wait !== null);
    return waits.length === 0 ? null : Promise.all(waits).then(() => {});
  }

  /**
   * CONFIG GET. An exact name answers as it was written, a pattern all names that match; each
   * name once. Our own paths answer too: they have a dot, which no parameter of Redis has.
   */
  get(patterns: readonly string[]): [string, string][] {
    const found = new Map<string, [string, string]>();
    const add = (name: string, row: Setting) => {
      const lower = name.toLowerCase();
      if (!found.has(lower)) found.set(lower, [name, this.print(row)]);
    };
    for (const pattern of patterns) {
      if (!/[*?[]/.test(pattern)) {
        const row = findForClients(pattern);
        if (row !== null) add(pattern, row);
        continue;
      }
      for (const [name, row] of listedNames(pattern.includes('.'))) {
        if (globMatchesText(pattern, name, true)) add(name, row);
      }
    }
    return [...found.values()];
  }

  /**
   * CONFIG SET: all pairs or none.
   * @returns the text of the error reply, or null when all is set
   */
  set(pairs: readonly (readonly [string, string])[], asker?: Asker): string | null {
    const refusal = this.setAll(pairs, asker);
    if (refusal !== null) this.dropPrepared(pairs);
    return refusal;
  }

  private setAll(
    pairs: readonly (readonly [string, string])[],
    asker: Asker | undefined,
  ): string | null {
    const rows: Setting[] = [];
    const names = new Set<string>();
    let failure: string | null = null;
    for (const [name] of pairs) {
      const row = findForClients(name);
      if (row === null) {
        // An unknown name is told first of all, unless something else was wrong before it.
        const shown = name.slice(0, LIMITS.echoedBytesMax);
        return failure ?? `ERR Unknown option or number of arguments for CONFIG SET - '${shown}'`;
      }
      failure ??= this.refuseSetting(row, name, { names, asker });
      names.add(canonicalName(row, name));
      rows.push(row);
    }
    if (failure !== null) return failure;
    return this.replace(rows, pairs);
  }

  isSecret(name: string): boolean {
    return (findByRedisName(name) ?? findByPath(name.toLowerCase()))?.secret === true;
  }

  /** @returns what is wrong with the name or an option, which it names; or the store */
  parseStore(
    name: string,
    pairs: readonly (readonly [string, string])[],
  ): StoreConfiguration | string {
    const store = parseStore(name, pairs, this.configuration);
    return store instanceof Refusal ? store.reason : store;
  }

  describeStore(store: StoreConfiguration): [string, StoreOptionValue][] {
    return describeStore(store);
  }

  /** CONFIG REWRITE. @returns the text of the error reply, or null */
  rewrite(): string | null {
    if (this.file === null) return 'ERR The server is running without a config file';
    for (const [path, supply] of this.suppliers) {
      writeSetting(this.configuration, findByPath(path)!, supply());
      this.chosen.add(path);
    }
    try {
      const bytes = this.disk.readFile(this.file.path);
      const text = bytes === null ? '' : Buffer.from(bytes).toString('utf8');
      const changed = this.file.rewrite(text, this.configuration, this.chosen);
      this.disk.writeFileAtomic(this.file.path, Buffer.from(changed, 'utf8'));
      return null;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return `ERR Rewriting config file: ${reason.replace(/[\r\n]+/g, ' ')}`;
    }
  }

  /** Those who prepared a change that was refused see that the configuration is as it was. */
  private dropPrepared(pairs: readonly (readonly [string, string])[]): void {
    for (const [name] of pairs) {
      const row = findForClients(name);
      if (row === null || !this.preparers.has(row.path)) continue;
      for (const listener of this.listeners.get(row.path) ?? []) listener();
    }
  }

  private refuseSetting(
    row: Setting,
    name: string,
    { names, asker }: { names: ReadonlySet<string>; asker: Asker | undefined },
  ): string | null {
    const isActedUpon =
      row.live || row.redis?.access === 'protected' || this.listeners.has(row.path);
    if (!isActedUpon) {
      return failed(name, "can't set immutable config");
    }
    if (row.redis?.access === 'protected' && !this.mayProtected(asker)) {
      return failed(name, "can't set protected config");
    }
    return names.has(canonicalName(row, name)) ? failed(name, 'duplicate parameter') : null;
  }

  private mayProtected(asker: Asker | undefined): boolean {
    const allowance = this.configuration.security.enableProtectedConfigs;
    return allowance === 'yes' || (allowance === 'local' && asker?.isLocal === true);
  }

  private replace(
    rows: readonly Setting[],
    pairs: readonly (readonly [string, string])[],
  ): string | null {
    const before = structuredClone(this.configuration);
    for (let index = 0; index < rows.length; index++) {
      const row = rows[index]!;
      const [name, text] = pairs[index]!;
      const value = this.parse(row, name, text);
      if (value instanceof Refusal) {
        this.restore(before);
        return failed(canonicalName(row, name), value.reason);
      }
      writeSetting(this.configuration, row, value);
      applyConsequences(this.configuration, row.path, name);
    }
    const failure = this.notify(rows, { pairs, before });
    if (failure === null) for (const row of rows) this.chosen.add(row.path);
    return failure;
  }

  private notify(
    rows: readonly Setting[],
    { pairs, before }: { pairs: readonly (readonly [string, string])[]; before: Configuration },
  ): string | null {
    // What was prepared is committed last, when nobody else can refuse the change any more.
    const order = rows.map((_row, index) => index);
    order.sort((left, right) => this.rank(rows[left]!) - this.rank(rows[right]!));
    const told: Setting[] = [];
    for (const index of order) {
      told.push(rows[index]!);
      for (const listener of this.listeners.get(rows[index]!.path) ?? []) {
        const reason = listener();
        if (typeof reason !== 'string') continue;
        this.restore(before);
        // Those that have acted on the refused values act on the old ones again.
        for (const row of told) {
          for (const listener of this.listeners.get(row.path) ?? []) listener();
        }
        return failed(canonicalName(rows[index]!, pairs[index]![0]), reason);
      }
    }
    return null;
  }

  private rank(row: Setting): number {
    return this.preparers.has(row.path) ? 1 : 0;
  }

  private parse(row: Setting, name: string, text: string): unknown {
    if (name.includes('.')) return row.codec.parse(text);
    const words = row.codec.takesWords ? text.split(' ') : [text];
    return row.codec.parseRedis(words, readSetting(this.configuration, row), false);
  }

  /** Field by field: rooms hold references to the sections, never to copies. */
  private restore(before: Configuration): void {
    for (const row of SETTINGS) {
      writeSetting(this.configuration, row, readSetting(before, row));
    }
  }

  private print(row: Setting): string {
    return row.codec.printRedis(readSetting(this.configuration, row));
  }
}

function failed(name: string, reason: string): string {
  return `ERR CONFIG SET failed (possibly related to argument '${name}') - ${reason}`;
}

/** A refused value is told with the parameter's own spelling, an alias with the alias'. */
function canonicalName(row: Setting, name: string): string {
  const lower = name.toLowerCase();
  return lower === row.redis?.alias ? row.redis.alias : (row.redis?.name ?? row.path);
}

function findForClients(name: string): Setting | null {
  const row = findByRedisName(name) ?? (name.includes('.') ? findByPath(name) : undefined);
  if (row === undefined || row.redis?.access === 'directive') return null;
  return row;
}

function* listedNames(withPaths: boolean): Iterable<[string, Setting]> {
  for (const row of SETTINGS) {
    const { redis } = row;
    if (redis !== null && redis.access !== 'directive' && !redis.hidden) {
      yield [redis.name, row];
      if (redis.alias !== null) yield [redis.alias, row];
    }
    if (withPaths && row.section !== 'inert') yield [row.path, row];
  }
}
