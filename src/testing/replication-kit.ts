/** Nodes whose stores are kept equal, in one process: real nodes, links and owners of the test. */
import assert from 'node:assert/strict';
import type { Configuration } from '../base/configuration.ts';
import { SILENT_LOGGER } from '../base/logger.ts';
import type {
  Ownership,
  OwnershipListener,
  OwnershipTable,
} from '../cluster/placement/ownership.ts';
import { SlotTable } from '../cluster/placement/slot-table.ts';
import type { NodeReplication } from '../cluster/replication/node-replication.ts';
import { NodeReplication as Replication } from '../cluster/replication/node-replication.ts';
import type { StampTable } from '../cluster/replication/stamp-table.ts';
import type { Store } from '../engine/store.ts';
import { type CommandKit, createCommandKit } from './command-kit.ts';
import { type FakeBus, FakeNet } from './fake-net.ts';
import type { Draw } from './seeded.ts';

/** Owners as a test says; every store has the same one, unless slots have owners of their own. */
export class FakeOwnership implements Ownership {
  table: OwnershipTable;
  private joined: OwnershipTable | null = null;
  private readonly listeners: OwnershipListener[] = [];

  get target(): OwnershipTable {
    return this.joined ?? this.table;
  }

  /** @param replicationFactor  as in the settings; 0: every node holds every key */
  constructor(nodeIds: readonly string[], ownerId: string, replicationFactor = 0) {
    this.table = { ...tableOf(1, nodeIds, ownerId), isWhole: replicationFactor === 0 };
  }

  onChange(listener: OwnershipListener): void {
    this.listeners.push(listener);
  }

  set(nodeIds: readonly string[], ownerId: string): void {
    this.change(tableOf(this.table.version + 1, nodeIds, ownerId));
  }

  /**
   * Slots lie as the ring says.
   * @param joinerId  this node, which fills what it will hold; '': it does not
   */
  setRing(nodeIds: readonly string[], replicationFactor: number, joinerId = ''): void {
    const version = this.table.version + 1;
    const create = (ids: readonly string[]) =>
      new SlotTable({ version, nodeIds: ids, placement: 'ring', replicationFactor });
    this.joined = joinerId === '' ? null : create([...nodeIds, joinerId]);
    this.change(create(nodeIds));
  }

  private change(table: OwnershipTable): void {
    const before = this.table;
    this.table = table;
    for (const tell of this.listeners) tell(table, before);
  }
}

function tableOf(version: number, nodeIds: readonly string[], ownerId: string): OwnershipTable {
  return {
    version,
    digest: `${nodeIds.join()} ${ownerId}`,
    nodeIds,
    ownerOfStore: () => ownerId,
    ownerOfSlot: () => ownerId,
    holdersOfSlot: () => [ownerId, ...nodeIds.filter((id) => id !== ownerId)],
    isWhole: true,
    isHolder: (nodeId) => nodeIds.includes(nodeId),
    endOfRun: () => SLOT_COUNT,
    slotsOf: (nodeId) => (nodeId === ownerId ? [...Array(SLOT_COUNT).keys()] : []),
  };
}

/** All that these stores are to be equal to is taken for equal. */
export function trustStores(
  stores: readonly Store[],
  replication: NodeReplication,
  { table }: Ownership,
): void {
  for (const store of stores) {
    const duties = replication.slotsOf(store);
    if (duties === null) replication.synced(store, table.ownerOfStore(store.name), null);
    else for (const [id, slots] of duties.sources) replication.synced(store, id, slots);
  }
}

export class ReplicationNode {
  readonly id: string;
  readonly kit: CommandKit;
  readonly bus: FakeBus;
  readonly ownership: FakeOwnership;
  readonly replication: NodeReplication;
  isTurnEndAsked = false;
  /** Reasons for which it asked to be compared with the owner. */
  readonly syncs: string[] = [];

  constructor(kit: CommandKit, bus: FakeBus, ownership: FakeOwnership, isAlone = false) {
    this.id = bus.id;
    this.kit = kit;
    this.bus = bus;
    this.ownership = ownership;
    this.replication = new Replication({
      node: kit.node.services,
      bus,
      ownership,
      logger: SILENT_LOGGER,
      clockBound: null,
      isAlone,
      askTurnEnd: () => {
        this.isTurnEndAsked = true;
      },
    });
    this.replication.onNeedsSync((_store, reason) => this.syncs.push(reason));
    this.replication.start();
  }

  get store() {
    return this.kit.node.services.stores.default;
  }

  get parts() {
    const parts = this.replication.partsOf(this.store);
    assert.ok(parts !== null);
    return parts;
  }

  run(...args: (string | Uint8Array | number)[]): unknown {
    return this.kit.ask(...args);
  }

  /** The end of a loop turn. @returns whether there was anything to do */
  endTurn(): boolean {
    const wasAsked = this.isTurnEndAsked;
    this.isTurnEndAsked = false;
    this.replication.flush();
    return wasAsked;
  }
}

export class ReplicationKit {
  readonly net = new FakeNet();
  readonly nodes: ReplicationNode[] = [];

  get owner(): ReplicationNode {
    const [{ ownership }] = this.nodes;
    const ownerId = ownership.table.ownerOfStore('default');
    return this.nodes.find(({ id }) => id === ownerId) ?? this.nodes[0];
  }

  /** Turns end and messages are delivered until nothing is left to do. */
  settle(draw: Draw | null = null): void {
    for (;;) {
      const wasBusy = this.nodes.map((node) => node.endTurn()).includes(true);
      const before = this.net.deliveredCount;
      this.net.deliver(draw);
      if (!wasBusy && this.net.deliveredCount === before) return;
    }
  }

  advance(ms: number): void {
    for (const { kit } of this.nodes) kit.advance(ms);
  }

  /** All nodes see that owner from now on. */
  elect(ownerId: string, nodeIds = this.nodes.map(({ id }) => id)): void {
    for (const { ownership } of this.nodes) ownership.set(nodeIds, ownerId);
  }

  /** Each replica is taken for equal to the owner. */
  trust(): void {
    for (const { ownership, replication, kit } of this.nodes) {
      trustStores(kit.node.services.stores.all, replication, ownership);
    }
  }

  /** Fails when two nodes do not hold the same keys with the same stamps. */
  check(message: string): void {
    const [first, ...others] = this.nodes;
    for (const other of others) {
      assert.deepEqual(describeStamps(other), describeStamps(first), `stamps, ${message}`);
      if (other.run('DEBUG', 'DIGEST') === first.run('DEBUG', 'DIGEST')) continue;
      // A key whose time is up may be in one digest alone: those that live are compared one by one.
      for (let database = 0; database < first.store.databases.length; database++) {
        compareDatabase(first, other, database, message);
      }
    }
  }
}

function compareDatabase(
  first: ReplicationNode,
  other: ReplicationNode,
  database: number,
  message: string,
): void {
  first.run('SELECT', database);
  other.run('SELECT', database);
  const keys = (first.run('KEYS', '*') as string[]).sort();
  const told = `${first.id} and ${other.id}, database ${database}, ${message}`;
  assert.deepEqual((other.run('KEYS', '*') as string[]).sort(), keys, told);
  for (const key of keys) {
    const digest = first.run('DEBUG', 'DIGEST-VALUE', key);
    assert.deepEqual(other.run('DEBUG', 'DIGEST-VALUE', key), digest, `${key}, ${told}`);
  }
}

/** Sums over all slots of each database, by its index. */
function describeStamps({ parts }: ReplicationNode): string[] {
  const { stamps } = parts;
  const lines: string[] = [];
  for (const index of stamps.databaseIndexes) {
    const table = stamps.tableOf(index);
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      const left = table.digestLeft(slot);
      const right = table.digestRight(slot);
      if (table.entryCountOf(slot) > 0) lines.push(`${index} ${slot}: ${left} ${right}`);
    }
  }
  return lines;
}

const SLOT_COUNT = 16_384;

export async function createReplicationKit(
  count: number,
  options: {
    seed?: number;
    configure?: (configuration: Configuration) => void;
    /** By which each node's wall clock is ahead. */
    aheadMs?: readonly number[];
  } = {},
): Promise<ReplicationKit> {
  const kit = new ReplicationKit();
  const ids = Array.from({ length: count }, (_, i) => `node-${i + 1}`);
  for (const [i, id] of ids.entries()) {
    const { configure, seed = 1 } = options;
    const made = await createCommandKit(seed * 10 + i, {
      records: false,
      ...(configure === undefined ? {} : { configure }),
    });
    made.node.services.configuration.security.enableDebugCommand = 'yes';
    const aheadMs = options.aheadMs?.[i] ?? 0;
    made.world.setWallMs(made.world.clock.wallMs() + aheadMs);
    made.advance(0);
    const { replicationFactor } = made.node.services.configuration.cluster;
    const ownership = new FakeOwnership(ids, ids[0], replicationFactor);
    kit.nodes.push(new ReplicationNode(made, kit.net.add(id), ownership));
  }
  kit.net.joinAll();
  kit.settle();
  kit.trust();
  for (const { syncs } of kit.nodes) syncs.length = 0;
  return kit;
}

/** Fails when the table says of a key that it is there and it is not, or the other way. */
export function checkPresence(node: ReplicationNode, told: string): void {
  for (let index = 0; index < 3; index++) {
    const table = node.parts.stamps.tableOf(index);
    const database = node.store.databases[index];
    let presentCount = 0;
    for (let slot = 0; slot < SLOT_COUNT; slot++) presentCount += table.presentCountOf(slot);
    if (presentCount === database.count) continue;
    const wrong = keysOf(node, index).filter((key) => isAbsent(table, key));
    const keys = `${presentCount} of ${database.count} keys, absent: ${wrong.join()}`;
    assert.fail(`stamps of database ${index} on ${node.id}: ${keys}, ${told}`);
  }
}

function keysOf(node: ReplicationNode, database: number): string[] {
  node.run('SELECT', database);
  return node.run('KEYS', '*') as string[];
}

function isAbsent(table: StampTable, key: string): boolean {
  const bytes = Buffer.from(key, 'latin1');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const slot = table.slotOf(bytes, 0, bytes.length);
  table.find(slot, table.tagOf(view, 0, bytes.length, slot));
  return table.isAbsent;
}
