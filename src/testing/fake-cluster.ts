import {
  type ClusterNode,
  type ClusterService,
  type ClusterSlots,
  type ClusterStream,
  NO_CLUSTER,
} from '../commands/cluster-service.ts';
import type { NodeServices } from '../commands/node-services.ts';

/** A node as commands are told of it; the one named `a` is this node. */
export function fakeNode(id: string, change: Partial<ClusterNode> = {}): ClusterNode {
  return {
    id,
    hexId: id.charCodeAt(0).toString(16).repeat(20),
    isSelf: id === 'a',
    status: 'ready',
    address: '10.0.0.1',
    respPort: 6379,
    tlsPort: 0,
    redirectPort: 7379,
    httpPort: 9080,
    gossipPort: 7946,
    linkPort: 6946,
    joinedMs: 1_000,
    seenMs: 2_000,
    doubtCount: 0,
    tags: new Map(),
    ...change,
  };
}

const NO_STREAM: ClusterStream = { position: 0, replicas: [] };

export interface FakeClusterOptions {
  /** This one first. */
  readonly nodes: readonly ClusterNode[];
  readonly ownerOfSlot: (slot: number) => ClusterNode | null;
  readonly issues?: readonly string[];
  /** Of every store. */
  readonly slots?: ClusterSlots;
  /** Of the default store; absent: another node executes. */
  readonly stream?: ClusterStream;
}

/**
 * Lets the rest of a node believe that it is in a cluster of these.
 * @returns what the cluster was asked to do, as `meet 10.0.0.9 7946` and `forget b`
 */
export function joinFakeCluster(services: NodeServices, options: FakeClusterOptions): string[] {
  const { issues = [], nodes, ownerOfSlot, stream = NO_STREAM } = options;
  const calls: string[] = [];
  const cluster: ClusterService = {
    ...NO_CLUSTER,
    isOn: true,
    nodeId: nodes[0].id,
    hexId: nodes[0].hexId,
    nodes,
    tableVersion: 3,
    tableDigest: 'fake',
    repairs: [
      { store: 'default', ownerId: 'b', keysDone: 5, keysTotal: 10, bytesDone: 50, share: 0.5 },
    ],
    issues: () => [...issues],
    ownerOfSlot,
    ownerOfStore: () => ownerOfSlot(0),
    streamOf: () => stream,
    holdersOfSlot(slot) {
      const owner = ownerOfSlot(slot);
      return owner === null ? [] : [owner, ...nodes.filter((node) => node !== owner)];
    },
    slotsOf: () => options.slots ?? null,
    meet: (host, port) => void calls.push(`meet ${host} ${port}`),
    forgetNode(id) {
      calls.push(`forget ${id}`);
      return nodes.some((node) => node.id === id && node.status === 'failed');
    },
  };
  Object.defineProperty(services, 'cluster', { value: cluster });
  return calls;
}
