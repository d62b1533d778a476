import { PacedLogger } from '../base/log/paced-logger.ts';
import type { Logger } from '../base/logger.ts';
import { LinkBus } from '../cluster/peers/link-bus.ts';
import { MESSAGE } from '../cluster/peers/message-table.ts';
import { createCounters } from '../observability/metrics/metric-table.ts';
import { createFabric, type Fabric } from '../world/simulated/fabric.ts';
import type { SimulatedWorld } from '../world/simulated/simulated-world.ts';

export const KIT_CLUSTER_KEY = 'the key of the links in tests';
const LINK_PORT = 6946;

/** Nodes that have links and nothing else, on machines of a simulation. */
export interface LinkKit {
  readonly fabric: Fabric;
  readonly nodes: LinkNode[];
  /** A node, or another process in the place of one that was killed. */
  add(options?: Partial<LinkNodeOptions>): Promise<LinkNode>;
  /** Everybody keeps links with everybody. */
  keepAll(): void;
  /** Lets time pass until all are up with all. */
  untilUp(): Promise<void>;
}

export interface LinkNodeOptions {
  readonly id: string;
  readonly address: string;
  readonly clusterKey: string;
  readonly incarnation: number;
  readonly databaseCount: number;
  /** By which the wall clock of its machine is ahead. */
  readonly aheadMs: number;
}

export class LinkNode {
  readonly bus: LinkBus;
  readonly world: SimulatedWorld;
  readonly address: string;
  readonly counters = createCounters();
  /** Such as `up node-2`, `silent node-2`, `node-2: text`. */
  readonly events: string[] = [];
  /** Actions and reasons of lines at warn and error. */
  readonly complaints: string[] = [];
  readonly failures: unknown[] = [];

  constructor(world: SimulatedWorld, address: string, options: LinkNodeOptions) {
    this.world = world;
    this.address = address;
    const logger = complaintLogger(this.complaints);
    this.bus = new LinkBus({
      world,
      logger,
      paced: new PacedLogger({ logger, clock: world.clock, onHeld: () => {} }),
      counters: this.counters,
      id: options.id,
      incarnation: options.incarnation,
      host: address,
      port: LINK_PORT,
      clusterKey: options.clusterKey,
      databaseCount: options.databaseCount,
      onFailure: (error) => this.failures.push(error),
    });
    this.bus.listen({
      onUp: (peer) => this.events.push(`up ${peer.id}`),
      onDown: (peer) => this.events.push(`down ${peer.id}`),
      onSilence: (peer, isSilent) =>
        this.events.push(`${isSilent ? 'silent' : 'heard'} ${peer.id}`),
    });
    // Any message will do: here publications are texts.
    this.bus.handle(MESSAGE.publish, (peer, message) =>
      this.events.push(`${peer.id}: ${message.text()}`),
    );
  }

  /** @returns false: it was not sent */
  send(id: string, text: string): boolean {
    const peer = this.bus.find(id);
    const writer = peer === null ? null : this.bus.begin(peer, MESSAGE.publish);
    writer?.text(text).end();
    return writer !== null;
  }

  /** What happened since it was last asked. */
  take(): string[] {
    return this.events.splice(0);
  }

  isUp(id: string): boolean {
    return this.bus.find(id)?.isUp ?? false;
  }
}

export async function createLinkKit(nodeCount: number, seed = 1): Promise<LinkKit> {
  const fabric = createFabric(seed);
  const nodes: LinkNode[] = [];
  let count = 0;
  const add = async (options: Partial<LinkNodeOptions> = {}): Promise<LinkNode> => {
    count++;
    const { address = `10.0.0.${count}`, aheadMs = 0 } = options;
    const world = fabric.addMachine({ address });
    if (aheadMs !== 0) world.setWallMs(world.clock.wallMs() + aheadMs);
    const node = new LinkNode(world, address, {
      id: `node-${count}`,
      clusterKey: KIT_CLUSTER_KEY,
      incarnation: world.clock.wallMs(),
      databaseCount: 16,
      aheadMs,
      address,
      ...options,
    });
    nodes.push(node);
    await fabric.await(node.bus.start());
    return node;
  };
  for (let i = 0; i < nodeCount; i++) await add();
  return {
    fabric,
    nodes,
    add,
    keepAll() {
      for (const { bus } of nodes) {
        for (const { bus: other, address } of nodes) {
          if (bus !== other) bus.keep(other.id, address, other.port);
        }
      }
    },
    async untilUp() {
      const isUp = (): boolean =>
        nodes.every(({ bus }) => nodes.every(({ bus: other }) => isLinked(bus, other)));
      await fabric.until('all links', isUp, 30_000);
    },
  };
}

function isLinked(bus: LinkBus, other: LinkBus): boolean {
  return bus === other || bus.find(other.id)?.isUp === true;
}

function complaintLogger(complaints: string[]): Logger {
  const note = (action: string, _message: string, facts: object = {}): void => {
    complaints.push(`${action}: ${'reason' in facts ? facts.reason : ''}`);
  };
  const logger: Logger = {
    debug: () => {},
    info: () => {},
    warn: note,
    error: note,
    isDebug: () => false,
    child: () => logger,
  };
  return logger;
}
