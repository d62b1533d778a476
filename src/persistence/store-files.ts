/**
 * Where the files of one store lie.
 *
 *     <data directory>/dump.rdb, appendonlydir/          of the default store, as redis-server's
 *     <data directory>/stores/<name>/dump.rdb, ...       of a named one, by its name in lower case
 *     <data directory>/stores/.dropped-<n>               of one that is being removed
 */
import { join } from 'node:path';
import type { Configuration } from '../base/configuration.ts';
import { manifestName } from './aof/aof-manifest.ts';

const STORES_DIRECTORY = 'stores';
const DROPPED_PREFIX = '.dropped-';

export class StoreFiles {
  readonly storeName: string;
  private readonly configuration: Configuration;

  constructor(storeName: string, configuration: Configuration) {
    this.storeName = storeName;
    this.configuration = configuration;
  }

  /** Read at each use: CONFIG SET may change where files lie. */
  get directory(): string {
    const { dataDir } = this.configuration.node;
    if (this.storeName === 'default') return dataDir;
    return join(dataDir, STORES_DIRECTORY, this.storeName.toLowerCase());
  }

  get snapshotPath(): string {
    return join(this.directory, this.configuration.persistence.snapshotFileName);
  }

  /** One that is being written. */
  get newSnapshotPath(): string {
    return `${this.snapshotPath}.tmp`;
  }

  /** An older snapshot that is kept; 1 is the newest of them. */
  olderSnapshotPath(age: number): string {
    return `${this.snapshotPath}.${age}`;
  }

  get logDirectory(): string {
    return join(this.directory, this.configuration.persistence.appendDirName);
  }

  get manifestPath(): string {
    return join(this.logDirectory, manifestName(this.configuration.persistence.appendFileName));
  }

  /** The log of redis-server 6 and before. */
  get oldLogPath(): string {
    return join(this.directory, this.configuration.persistence.appendFileName);
  }

  /** The data directory and all between it and the store's, outermost first. */
  get ancestors(): string[] {
    const { dataDir } = this.configuration.node;
    if (this.storeName === 'default') return [];
    return [dataDir, join(dataDir, STORES_DIRECTORY)];
  }
}

/** Where the directories of named stores lie. */
export function storesDirectory(dataDir: string): string {
  return join(dataDir, STORES_DIRECTORY);
}

export function droppedName(number: number): string {
  return `${DROPPED_PREFIX}${number}`;
}

export function isDroppedName(name: string): boolean {
  return name.startsWith(DROPPED_PREFIX);
}
