/** What several routes tell of the cluster; a node that is in none is alone in its own. */
import { SLOT_COUNT } from '../../base/digest/key-slot.ts';
import { type ClusterNode, type ClusterService, isMember } from '../../commands/cluster-service.ts';
import type { NodeServices } from '../../commands/node-services.ts';
import type { Store } from '../../engine/store.ts';

/** Nodes that are there, this one included. */
export function clusterSize({ cluster }: NodeServices): number {
  return cluster.isOn ? cluster.nodes.filter(isMember).length : 1;
}

/** 1 when all nodes that did not leave are reachable, and nothing is wrong with how they see it. */
export function isClusterHealthy({ cluster }: NodeServices): boolean {
  const isAnyMissing = cluster.nodes.some(({ status }) => MISSING.has(status));
  return !isAnyMissing && cluster.issues().length === 0;
}

const MISSING: ReadonlySet<ClusterNode['status']> = new Set(['suspect', 'failed']);

export function membersFacts(services: NodeServices): Record<string, unknown>[] {
  const { cluster } = services;
  if (!cluster.isOn) return [loneFacts(services)];
  const owned = new Map<string, number>();
  const held = new Map<string, number>();
  for (let slot = 0; slot < SLOT_COUNT; slot++) {
    const holders = cluster.holdersOfSlot(slot);
    for (const { id } of holders) held.set(id, (held.get(id) ?? 0) + 1);
    if (holders.length > 0) owned.set(holders[0].id, (owned.get(holders[0].id) ?? 0) + 1);
  }
  return cluster.nodes.map((node) =>
    memberFacts(services, node, {
      owned_slots: owned.get(node.id) ?? 0,
      held_slots: held.get(node.id) ?? 0,
    }),
  );
}

function memberFacts(
  { cluster, stores, version }: NodeServices,
  node: ClusterNode,
  slots: { readonly owned_slots: number; readonly held_slots: number },
): Record<string, unknown> {
  const { address, gossipPort, httpPort, id, isSelf, joinedMs, linkPort, seenMs, status } = node;
  const isAlive = status === 'ready' || status === 'filling';
  return {
    node_id: id,
    address,
    port: node.respPort || node.tlsPort,
    status: isAlive ? 'alive' : status,
    metadata: {
      version: isSelf ? version : (node.tags.get('version') ?? ''),
      resp_port: node.respPort,
      http_port: httpPort,
      gossip_port: gossipPort,
      link_port: linkPort,
      state: status,
      ...slots,
      owned_stores: stores.all
        .filter((store) => cluster.ownerOfStore(store)?.id === id)
        .map(({ name }) => name),
    },
    last_seen: new Date(seenMs).toISOString(),
    joined_at: new Date(joinedMs).toISOString(),
  };
}

function loneFacts(services: NodeServices): Record<string, unknown> {
  const { clock, configuration, health, ports, startedMs, version } = services;
  const { network, node } = configuration;
  return {
    node_id: node.id,
    address: network.advertiseAddr || firstAddress(network.respBindAddresses),
    port: ports.resp === 0 ? ports.tls : ports.resp,
    status: health.phase === 'stopping' ? 'leaving' : 'alive',
    metadata: { version, resp_port: ports.resp, http_port: ports.http },
    last_seen: new Date(clock.nowMs).toISOString(),
    joined_at: new Date(startedMs).toISOString(),
  };
}

/** A leading `-` says that the address need not be there. */
function firstAddress(addresses: readonly string[]): string {
  return (addresses[0] ?? '').replace(/^-/, '') || '127.0.0.1';
}

export function clusterFacts(services: NodeServices): Record<string, unknown> {
  const { cluster, configuration, health, stores } = services;
  const issues = health.issues();
  return {
    healthy: issues.length === 0,
    cluster_size: clusterSize(services),
    mode: cluster.isOn ? configuration.cluster.mode : 'single',
    coordinator: cluster.ownerOfStore(stores.default)?.id ?? configuration.node.id,
    table: { version: cluster.tableVersion, digest: cluster.tableDigest },
    issues,
    repair: cluster.repairs.map((repair) => ({
      store: repair.store,
      owner: repair.ownerId,
      keys_done: repair.keysDone,
      keys_total: repair.keysTotal,
      bytes_done: repair.bytesDone,
      share: repair.share,
    })),
    slots: stores.all.flatMap((store) => slotFacts(cluster, store)),
    members: membersFacts(services),
  };
}

/** Of a store whose slots have owners of their own: what this node has, and what is on its way. */
function slotFacts(cluster: ClusterService, store: Store): Record<string, unknown>[] {
  const slots = cluster.slotsOf(store);
  if (slots === null) return [];
  return [
    {
      store: store.name,
      owned: slots.ownedCount,
      held: slots.heldCount,
      waiting: slots.waitingCount,
      filling: slots.fillingCount,
      leaving: slots.leavingCount,
    },
  ];
}
