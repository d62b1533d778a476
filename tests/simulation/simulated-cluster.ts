/** A cluster of whole nodes in one simulation, each on a machine of its own. */
// A node loads it when it is wanted first, which takes turns of the real loop: runs would differ.
import '../../src/node-cluster.ts';
import { slotOfKey } from '../../src/base/digest/key-slot.ts';
import type { ClusterService } from '../../src/commands/cluster-service.ts';
import { createNodeKit, type NodeKit } from '../../src/testing/node-kit.ts';
import { createFabric, type Fabric } from '../../src/world/simulated/fabric.ts';
import { MemoryDisk } from '../../src/world/simulated/memory-disk.ts';
import { SimulatedClient } from './simulated-client.ts';

/**
 * `whole`: one owner for all keys, which lie on every node. `slots`: an owner for each slot. `few`:
 * that, and each key lies on two nodes only.
 */
export type Layout = 'whole' | 'slots' | 'few';

export const LAYOUTS: readonly Layout[] = ['whole', 'slots', 'few'];

const GOSSIP_PORT = 7946;
const READY_MS_MAX = 30_000;
const LETTER_COUNT = 26;
/** Ports that a real client would find there. */
const SETTINGS: Readonly<Record<string, string>> = {
  'cluster.enabled': 'yes',
  'cluster.key': 'a key for simulated clusters',
  'network.gossip_port': `${GOSSIP_PORT}`,
  'network.link_port': `${GOSSIP_PORT - 1000}`,
  'security.enable_debug_command': 'yes',
  // Upkeep finds little to do in so few keys.
  'node.hz': '1',
};

const FEW_COPIES: Readonly<Record<string, string>> = { 'cluster.replication_factor': '2' };
const OWNED_BY_SLOT = [{ name: 'default', ownership: 'slot' }];

export interface ClusterOptions {
  readonly seed: number;
  readonly nodeCount: number;
  readonly layout?: Layout;
  readonly settings?: Readonly<Record<string, string>>;
}

export interface SimulatedNode {
  readonly index: number;
  readonly id: string;
  readonly address: string;
  /** Of the process that runs; null: none does. */
  kit: NodeKit | null;
  /** Of the process that ran last. */
  disk: MemoryDisk;
}

export class SimulatedCluster {
  readonly fabric: Fabric;
  readonly nodes: SimulatedNode[] = [];
  readonly layout: Layout;
  private readonly settings: Readonly<Record<string, string>>;

  private constructor({ layout = 'whole', seed, settings = {} }: ClusterOptions) {
    this.fabric = createFabric(seed);
    this.layout = layout;
    this.settings = layout === 'few' ? { ...settings, ...FEW_COPIES } : settings;
  }

  /** All nodes are ready, and each knows all others, when it resolves. */
  static async start(options: ClusterOptions): Promise<SimulatedCluster> {
    const cluster = new SimulatedCluster(options);
    for (let i = 0; i < options.nodeCount; i++) await cluster.addNode();
    await cluster.untilReady();
    return cluster;
  }

  get nowMs(): number {
    return this.fabric.timeline.nowMs;
  }

  get running(): SimulatedNode[] {
    return this.nodes.filter(({ kit }) => kit !== null);
  }

  /** One more machine with a node. */
  async addNode(): Promise<SimulatedNode> {
    const index = this.nodes.length;
    const address = this.addressOf(index);
    const disk = new MemoryDisk();
    const node: SimulatedNode = { index, id: this.nameOf(index), address, kit: null, disk };
    this.nodes.push(node);
    await this.boot(node);
    return node;
  }

  addressOf(index: number): string {
    return `10.0.0.${index + 1}`;
  }

  /** The process is gone; what it had handed to the system lies on the disk. */
  kill(node: SimulatedNode, how: 'killed' | 'dark'): void {
    this.fabric.kill(node.address, how);
    node.kit = null;
  }

  /** Another process on the same machine. */
  async restart(node: SimulatedNode, { keepsDisk }: { keepsDisk: boolean }): Promise<void> {
    node.disk = keepsDisk ? node.disk.copy() : new MemoryDisk();
    await this.boot(node);
  }

  /** As SIGTERM does it. */
  async leave(node: SimulatedNode): Promise<void> {
    const { kit } = node;
    if (kit === null) return;
    await this.fabric.await(kit.node.stop());
    this.kill(node, 'killed');
  }

  serviceOf(node: SimulatedNode): ClusterService {
    return requireKit(node).node.services.cluster;
  }

  connect(node: SimulatedNode): SimulatedClient {
    const { node: running, world } = requireKit(node);
    return new SimulatedClient(world.connect(running.respPort));
  }

  /** Every running node sees all of them ready, and has the same table. */
  get isReady(): boolean {
    const { running } = this;
    const digests = new Set<string>();
    for (const node of running) {
      const { isOn, nodes, tableDigest } = this.serviceOf(node);
      if (!isOn) return running.length === 1;
      const readyCount = nodes.filter(({ status }) => status === 'ready').length;
      if (readyCount !== running.length) return false;
      digests.add(tableDigest);
    }
    return digests.size === 1;
  }

  /** So is every copy: what one node has, each other one of its holders has too. */
  get isSettled(): boolean {
    return this.isReady && this.running.every((node) => this.isComplete(node));
  }

  private isComplete(node: SimulatedNode): boolean {
    const { cluster, stores } = requireKit(node).node.services;
    return cluster.repairs.length === 0 && !cluster.isFilling(stores.default);
  }

  /** Ids of the nodes that are to have that key. */
  holdersOf(key: string): string[] {
    const [first] = this.running;
    const bytes = Buffer.from(key, 'utf8');
    const slot = slotOfKey(bytes, 0, bytes.length);
    return this.serviceOf(first)
      .holdersOfSlot(slot)
      .map(({ id }) => id);
  }

  untilReady(): Promise<void> {
    return this.fabric.until('all nodes to be ready', () => this.isReady, READY_MS_MAX);
  }

  /** Nodes that stopped because something in them failed. */
  get failures(): string[] {
    return this.running.flatMap(({ id, kit }) => {
      const failure = kit?.node.failure ?? null;
      return failure === null ? [] : [`${id} failed: ${describeError(failure)}`];
    });
  }

  /** What nodes said at warn and error, for who looks for the cause of a failure. */
  get complaints(): string[] {
    return this.nodes.flatMap(({ id, kit }) =>
      (kit?.complaintTexts ?? []).map((text) => `${id} ${text}`),
    );
  }

  /** Nothing of it runs any more. */
  destroy(): void {
    for (const node of this.running) this.kill(node, 'dark');
  }

  /** Names decide who owns what: so each seed has others. */
  private nameOf(index: number): string {
    const letter = String.fromCharCode('a'.charCodeAt(0) + (this.fabric.seed % LETTER_COUNT));
    return `${letter}${index + 1}`;
  }

  private async boot(node: SimulatedNode): Promise<void> {
    const { fabric } = this;
    const world = fabric.addMachine({ address: node.address, disk: node.disk });
    const others = this.nodes.filter((other) => other !== node);
    const seeds = others.map(({ address }) => `${address}:${GOSSIP_PORT}`).join(',');
    const settings = {
      ...SETTINGS,
      'node.id': node.id,
      'node.data_dir': '/data',
      'network.gossip_bind_addr': node.address,
      ...(seeds === '' ? {} : { 'cluster.seeds': seeds }),
      ...this.settings,
    };
    const stores = this.layout === 'slots' ? OWNED_BY_SLOT : [];
    const kit = await fabric.await(createNodeKit({ world, settings, stores }));
    await fabric.await(kit.node.loaded);
    node.kit = kit;
    if (kit.node.failure !== null) throw kit.node.failure;
  }
}

export function describeError(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function requireKit({ id, kit }: SimulatedNode): NodeKit {
  if (kit === null) throw new Error(`${id} does not run`);
  return kit;
}
