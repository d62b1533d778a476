/**
 * `stores.json` in the node's data directory: the named stores, so that those made while the node
 * runs are there after a restart.
 *
 *     { "version": 1, "crc": "2f0c7f1a",
 *       "stores": [ { "name": "sessions", "eviction_policy": "lru", "max_memory": 1048576,
 *                     "default_ttl": "30s", "cuckoo_filter": true } ] }
 *
 * The options are those of `stores:` in YAML and read by the same rows, so that no file can name a
 * store that YAML could not. A file that cannot be read whole stops the start: what is left out of
 * it would be lost with the next store that is made. `crc` is the CRC-32 of the list as JSON
 * without white space, so that no flipped bit gives a store another name or limit; who writes the
 * file by hand leaves it out.
 */
import { join } from 'node:path';
import type { Configuration } from '../base/configuration.ts';
import type { StoreConfiguration } from '../base/configuration-sections.ts';
import { crc32 } from '../base/digest/crc32.ts';
import { NodeError } from '../base/errors.ts';
import type { Disk } from '../base/world.ts';
import { describeStore, parseStore } from './settle-stores.ts';
import { Refusal } from './table/codec.ts';

const FILE_VERSION = 1;
const FIELDS = ['version', 'crc', 'stores'];

export class StoresFile {
  private readonly disk: Disk;
  private readonly configuration: Configuration;

  constructor(configuration: Configuration, disk: Disk) {
    this.configuration = configuration;
    this.disk = disk;
  }

  /** Read at each use: CONFIG SET may change the directory. */
  get path(): string {
    return join(this.configuration.node.dataDir, 'stores.json');
  }

  /** @throws NodeError BAD_CONFIGURATION, or what the disk says; no file holds no stores */
  read(): StoreConfiguration[] {
    const bytes = this.disk.readFile(this.path);
    if (bytes === null) return [];
    const stores: StoreConfiguration[] = [];
    const names = new Set(['default']);
    for (const entry of this.entriesOf(Buffer.from(bytes).toString('utf8'))) {
      const store = this.parseEntry(entry, stores.length);
      const lowerName = store.name.toLowerCase();
      if (names.has(lowerName)) this.refuse(`the store '${store.name}' cannot be in it, or twice`);
      names.add(lowerName);
      stores.push(store);
    }
    return stores;
  }

  /** @returns the reason when it cannot be written, else null */
  write(stores: readonly StoreConfiguration[]): string | null {
    const kept = stores.map((store) => ({
      name: store.name,
      ...Object.fromEntries(describeStore(store)),
    }));
    const root = { version: FILE_VERSION, crc: checksumOf(kept), stores: kept };
    const text = `${JSON.stringify(root, null, 2)}\n`;
    try {
      this.disk.makeDirectory(this.configuration.node.dataDir);
      this.disk.writeFileAtomic(this.path, Buffer.from(text, 'utf8'));
      return null;
    } catch (error) {
      if (error instanceof NodeError) return error.message.replace(/[\r\n]+/g, ' ');
      throw error;
    }
  }

  private entriesOf(text: string): unknown[] {
    let root: unknown;
    try {
      root = JSON.parse(text);
    } catch (error) {
      this.refuse(error instanceof Error ? error.message : String(error));
    }
    const { version, stores, crc } = isRecord(root) ? root : {};
    if (version !== FILE_VERSION) this.refuse(`its version is not ${FILE_VERSION}`);
    if (!Array.isArray(stores)) this.refuse("'stores' must be a list");
    const unknown = Object.keys(root as object).find((field) => !FIELDS.includes(field));
    if (unknown !== undefined) this.refuse(`unknown field '${unknown}'`);
    if (crc !== undefined && crc !== checksumOf(stores)) {
      this.refuse("'crc' does not fit: it is damaged, or changed by hand (then remove 'crc')");
    }
    return stores;
  }

  private parseEntry(entry: unknown, index: number): StoreConfiguration {
    if (!isRecord(entry)) this.refuse(`entry ${index + 1} of 'stores' must be an object`);
    const { name, ...options } = entry;
    if (typeof name !== 'string') this.refuse(`entry ${index + 1} of 'stores' has no name`);
    const pairs: [string, string][] = [];
    for (const [option, value] of Object.entries(options)) {
      if (value === null) continue;
      if (typeof value === 'object') this.refuse(`store '${name}': ${option}: must be one value`);
      pairs.push([option, String(value)]);
    }
    const store = parseStore(name, pairs, this.configuration);
    if (store instanceof Refusal) this.refuse(`store '${name}': ${store.reason}`);
    return store;
  }

  private refuse(reason: string): never {
    const message = `${this.path} cannot be used: ${reason}`;
    throw new NodeError('BAD_CONFIGURATION', message, { path: this.path });
  }
}

function checksumOf(stores: readonly unknown[]): string {
  // Not as Buffer.from gives it, which may lie anywhere in a larger one.
  const bytes = new TextEncoder().encode(JSON.stringify(stores));
  const crc = crc32(bytes, new DataView(bytes.buffer), 0, bytes.length);
  return crc.toString(16).padStart(8, '0');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
