/**
 * What outlives a restart, in `cluster/` of the data directory: where members were, so that a node
 * finds its cluster again without seeds, and the keys of the gossip, which an operator may have
 * changed since the configuration was written.
 */
import { sha256 } from '../../base/digest/sha256.ts';
import type { Logger } from '../../base/logger.ts';
import type { Disk } from '../../base/world.ts';
import { formatKey, gossipKeyOf, Keyring, parseKey } from './wire/keyring.ts';

const PEERS_FILE = 'peers.json';
const KEYS_FILE = 'gossip-keys.json';

export interface KnownPeer {
  readonly name: string;
  readonly address: string;
  readonly port: number;
}

export class ClusterFiles {
  private readonly disk: Disk;
  private readonly logger: Logger;
  private readonly directory: string;
  private savedPeers = '';

  /** @param options.directory  '': nothing is kept */
  constructor(options: { disk: Disk; logger: Logger; directory: string }) {
    this.disk = options.disk;
    this.logger = options.logger;
    this.directory = options.directory;
  }

  /** What is damaged is left out: seeds and other members tell it again. */
  loadPeers(): KnownPeer[] {
    const found = this.load(PEERS_FILE);
    return Array.isArray(found) ? found.filter(isKnownPeer) : [];
  }

  savePeers(peers: readonly KnownPeer[]): void {
    const sorted = [...peers].sort((left, right) => (left.name < right.name ? -1 : 1));
    const text = JSON.stringify(
      sorted.map(({ name, address, port }) => ({ name, address, port })),
      null,
      2,
    );
    if (text === this.savedPeers) return;
    if (this.save(PEERS_FILE, text)) this.savedPeers = text;
  }

  /**
   * The ring as it was, as long as the configuration names the key that it began with.
   * @returns null without a cluster key
   */
  loadKeyring(clusterKey: string): Keyring | null {
    if (clusterKey === '') return null;
    const kept = this.load(KEYS_FILE);
    if (isKeptRing(kept) && kept.configured === fingerprint(clusterKey)) {
      const keys = kept.keys.map(parseKey).filter((key) => key !== null);
      if (keys.length > 0) return new Keyring(keys);
    }
    return new Keyring([gossipKeyOf(clusterKey)]);
  }

  saveKeyring(clusterKey: string, keyring: Keyring): void {
    const kept = { configured: fingerprint(clusterKey), keys: keyring.keys.map(formatKey) };
    this.save(KEYS_FILE, JSON.stringify(kept, null, 2));
  }

  private load(name: string): unknown {
    if (this.directory === '') return null;
    const bytes = this.disk.readFile(`${this.directory}/${name}`);
    if (bytes === null) return null;
    try {
      return JSON.parse(decoder.decode(bytes));
    } catch (error) {
      this.logger.warn('load', 'a file of the cluster is damaged and left out', { name, error });
      return null;
    }
  }

  private save(name: string, text: string): boolean {
    if (this.directory === '') return false;
    try {
      this.disk.makeDirectory(this.directory);
      this.disk.writeFileAtomic(`${this.directory}/${name}`, encoder.encode(`${text}\n`));
      return true;
    } catch (error) {
      // The cluster goes on without it; the next change tries again.
      this.logger.warn('save', 'a file of the cluster could not be written', { name, error });
      return false;
    }
  }
}

/** Tells whether the configured key is another one by now, and not what it is. */
function fingerprint(clusterKey: string): string {
  const digest = sha256(encoder.encode(`hypercache gossip key file\0${clusterKey}`));
  return Buffer.from(digest.subarray(0, 16)).toString('hex');
}

function isKnownPeer(entry: unknown): entry is KnownPeer {
  if (typeof entry !== 'object' || entry === null) return false;
  const { name, address, port } = entry as Record<string, unknown>;
  return typeof name === 'string' && typeof address === 'string' && typeof port === 'number';
}

function isKeptRing(found: unknown): found is { configured: string; keys: string[] } {
  if (typeof found !== 'object' || found === null) return false;
  const { configured, keys } = found as Record<string, unknown>;
  const isList = Array.isArray(keys) && keys.every((key) => typeof key === 'string');
  return typeof configured === 'string' && isList;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
