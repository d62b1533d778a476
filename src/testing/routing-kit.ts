/**
 * Nodes with clients, which route commands to each other: real nodes and replication, with links
 * and owners of the test.
 */
import { SILENT_LOGGER } from '../base/logger.ts';
import { NodeReplication } from '../cluster/replication/node-replication.ts';
import { Router } from '../cluster/routing/router.ts';
import { type ClusterService, NO_CLUSTER } from '../commands/cluster-service.ts';
import { type FakeBus, FakeNet } from './fake-net.ts';
import { createNodeKit, type KitClient, type NodeKit } from './node-kit.ts';
import { FakeOwnership, trustStores } from './replication-kit.ts';

export class RoutingNode {
  readonly id: string;
  readonly kit: NodeKit;
  readonly bus: FakeBus;
  readonly ownership: FakeOwnership;
  readonly replication: NodeReplication;
  readonly router: Router;

  constructor(kit: NodeKit, bus: FakeBus, ownership: FakeOwnership) {
    const { loop, services } = kit.node;
    this.id = bus.id;
    this.kit = kit;
    this.bus = bus;
    this.ownership = ownership;
    const replication = new NodeReplication({
      node: services,
      bus,
      ownership,
      logger: SILENT_LOGGER,
      clockBound: null,
      askTurnEnd: () => loop.askTurnEnd(),
    });
    const router = new Router({ node: services, loop, bus, ownership, replication });
    this.replication = replication;
    this.router = router;
    Object.defineProperty(services, 'cluster', { value: serviceOf(router, bus.id) });
    loop.links = {
      get isRaised() {
        return replication.isRaised || router.isRaised;
      },
      flush() {
        replication.flush();
        router.flush();
      },
    };
    router.start();
    replication.start();
  }
}

function serviceOf(router: Router, nodeId: string): ClusterService {
  return {
    ...NO_CLUSTER,
    isOn: true,
    nodeId,
    isElsewhere: (session, frame, command) => router.isElsewhere(session, frame, command),
    forward: (session, frame, command, reply) => router.forward(session, frame, command, reply),
    refuseInScript: (session, frame, command) => router.refuseInScript(session, frame, command),
    countKeys: (session, slots) => router.countKeys(session, slots),
    unblock: (session, how) => router.unblock(session, how),
    unwatch: (session) => router.unwatch(session),
    isFilling: (store) => router.isFilling(store),
    forget: (session) => router.forget(session),
    positionOf: (session) => router.positionOf(session),
    acknowledgedCount: (session, position) => router.acknowledgedCount(session, position),
    whenAcknowledged: (session, position, wait) => router.whenAcknowledged(session, position, wait),
    publish: (frame, isSharded) => router.broadcast.publish(frame, isSharded),
    shareScript: (source, isLoaded) => router.broadcast.shareScript(source, isLoaded),
    shareScriptFlush: () => router.broadcast.shareScriptFlush(),
  };
}

/** A client that sees whatever the nodes do because of it. */
export class RoutedClient {
  readonly client: KitClient;
  private readonly kit: RoutingKit;

  constructor(kit: RoutingKit, client: KitClient) {
    this.kit = kit;
    this.client = client;
  }

  ask(...lines: string[]): string {
    this.client.send(...lines);
    return this.take();
  }

  /** Sends bytes as they are. */
  askRaw(bytes: Uint8Array): string {
    this.client.peer.send(bytes);
    return this.take();
  }

  take(): string {
    this.kit.settle();
    return this.client.peer.takeText();
  }
}

export class RoutingKit {
  readonly net = new FakeNet();
  readonly nodes: RoutingNode[] = [];

  connect(index: number): RoutedClient {
    return new RoutedClient(this, this.nodes[index].kit.connect({ fragmentation: 'whole' }));
  }

  /** Turns end and messages are delivered until nothing is left to do. */
  settle(): void {
    for (;;) {
      for (const { kit } of this.nodes) kit.world.runUntilIdle();
      if (!this.net.deliverOne()) return;
    }
  }

  advance(ms: number): void {
    for (const { kit } of this.nodes) kit.advance(ms);
    this.settle();
  }

  /** All nodes see that owner from now on. */
  elect(ownerId: string, nodeIds = this.nodes.map(({ id }) => id)): void {
    for (const { ownership } of this.nodes) ownership.set(nodeIds, ownerId);
    this.settle();
    this.trust();
  }

  /** Slots lie as the ring says; with copies on so many nodes, 0: on all. */
  spread(replicationFactor: number, nodeIds = this.nodes.map(({ id }) => id)): void {
    for (const { ownership } of this.nodes) ownership.setRing(nodeIds, replicationFactor);
    this.settle();
    this.trust();
  }

  /** Each replica is taken for equal to the owner. */
  trust(): void {
    for (const { kit, ownership, replication } of this.nodes) {
      trustStores(kit.node.services.stores.all, replication, ownership);
    }
    this.settle();
  }

  async stop(): Promise<void> {
    for (const { kit, router } of this.nodes) {
      router.stop();
      const stopped = kit.node.stop();
      kit.world.runUntilIdle();
      await stopped;
    }
  }
}

/** `node-1` owns everything at first; where not every node holds every key, the ring decides. */
export async function createRoutingKit(
  count: number,
  settings: Record<string, string> = {},
): Promise<RoutingKit> {
  const kit = new RoutingKit();
  const ids = Array.from({ length: count }, (_, i) => `node-${i + 1}`);
  const replicationFactor = Number(settings['cluster.replication_factor'] ?? 0);
  for (const [i, id] of ids.entries()) {
    const made = await createNodeKit({ seed: i + 1, settings });
    const ownership = new FakeOwnership(ids, ids[0]);
    if (replicationFactor > 0) ownership.setRing(ids, replicationFactor);
    kit.nodes.push(new RoutingNode(made, kit.net.add(id), ownership));
  }
  kit.net.joinAll();
  kit.settle();
  if (replicationFactor === 0) kit.elect(ids[0]);
  else kit.spread(replicationFactor);
  return kit;
}
