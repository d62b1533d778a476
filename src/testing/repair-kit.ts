/** Nodes of `replication-kit.ts` that also repair: links, owners and time are the test's. */

import assert from 'node:assert/strict';
import type { Configuration } from '../base/configuration.ts';
import { SILENT_LOGGER } from '../base/logger.ts';
import { Repair } from '../cluster/repair/repair.ts';
import { createCommandKit } from './command-kit.ts';
import {
  createReplicationKit,
  FakeOwnership,
  type ReplicationKit,
  ReplicationNode,
} from './replication-kit.ts';
import type { Draw } from './seeded.ts';

/** Nothing that a test waits for takes longer. */
const SETTLE_MS_MAX = 60_000;
const STEP_MS = 5;
const SLICE_MS = 100;

export class RepairNode {
  readonly base: ReplicationNode;
  readonly repair: Repair;
  /** It has told that it may own something. */
  isFilled = false;
  failure: unknown = null;

  constructor(base: ReplicationNode, togetherPath: string) {
    this.base = base;
    this.repair = new Repair({
      node: base.kit.node.services,
      bus: base.bus,
      ownership: base.ownership,
      replication: base.replication,
      logger: SILENT_LOGGER,
      togetherPath,
      onFilled: () => {
        this.isFilled = true;
      },
      onFailure: (error) => {
        this.failure = error;
      },
    });
    this.repair.start();
  }

  get id(): string {
    return this.base.id;
  }

  get metrics(): Float64Array {
    return this.base.kit.node.services.counters;
  }

  run(...args: (string | Uint8Array | number)[]): unknown {
    return this.base.run(...args);
  }

  get isBusy(): boolean {
    const { stores } = this.base.kit.node.services;
    return [...stores].some((store) => this.repair.isPending(store));
  }
}

export class RepairKit {
  readonly base: ReplicationKit;
  readonly nodes: RepairNode[];

  constructor(base: ReplicationKit, togetherPath: string) {
    this.base = base;
    this.nodes = base.nodes.map((node) => new RepairNode(node, togetherPath));
  }

  get net() {
    return this.base.net;
  }

  /** Those nodes hear of no other ones any more, and make the first of them their owner. */
  part(...groups: RepairNode[][]): void {
    const groupOf = (node: RepairNode) => groups.findIndex((group) => group.includes(node));
    for (const left of this.nodes) {
      for (const right of this.nodes) {
        if (groupOf(left) !== groupOf(right)) this.net.cut(left.base.bus, right.base.bus);
      }
    }
    for (const group of groups) this.elect(group[0], group);
    this.base.settle();
  }

  /** All are together again. */
  heal(owner = this.nodes[0]): void {
    this.net.joinAll();
    this.elect(owner, this.nodes);
  }

  /**
   * The process starts anew, with what it has by then on its disk.
   * @param loadedMs  time of the last record of its log
   */
  async restart(node: RepairNode, loadedMs: number): Promise<RepairNode> {
    const index = this.nodes.indexOf(node);
    const { base } = node;
    const payloads = (node.run('KEYS', '*') as string[]).map((key) => [key, dumpOf(node, key)]);
    node.repair.stop();
    base.replication.stop();
    const made = await createCommandKit(1000 + index, { records: false });
    made.node.services.configuration.security.enableDebugCommand = 'yes';
    made.world.setWallMs(base.kit.world.clock.wallMs());
    made.advance(0);
    for (const [key, payload] of payloads) made.ask('RESTORE', key, 0, payload);
    made.node.services.stores.default.loadedMs = loadedMs;
    const bus = this.net.add(node.id, base.bus.incarnation + 1);
    const ownership = new FakeOwnership([], '');
    this.base.nodes[index] = new ReplicationNode(made, bus, ownership);
    this.nodes[index] = new RepairNode(this.base.nodes[index], '');
    return this.nodes[index];
  }

  elect(owner: RepairNode, nodes: readonly RepairNode[]): void {
    const ids = nodes.map(({ id }) => id);
    for (const { base } of nodes) base.ownership.set(ids, owner.id);
  }

  /** Some time goes by. */
  pass(ms: number, draw: Draw | null = null): void {
    for (let passedMs = 0; passedMs < ms; passedMs += STEP_MS) {
      this.base.settle(draw);
      this.base.advance(STEP_MS);
    }
    this.base.settle(draw);
    for (const { failure } of this.nodes) if (failure !== null) throw failure;
  }

  /** Until no repair is left to do. */
  settle(draw: Draw | null = null): void {
    this.pass(STEP_MS, draw);
    for (let passedMs = 0; passedMs < SETTLE_MS_MAX; passedMs += STEP_MS) {
      if (!this.nodes.some(({ isBusy }) => isBusy)) return this.pass(STEP_MS, draw);
      this.pass(STEP_MS, draw);
    }
    assert.fail(`a repair has not come to its end: ${this.nodes.map(({ isBusy }) => isBusy)}`);
  }

  check(message: string): void {
    // Keys and fields whose time is up are in a digest until they are removed: by one time for all,
    // as clocks run on with every reading.
    const nowMs = Math.max(...this.nodes.map(({ base }) => base.kit.world.clock.wallMs()));
    for (const { base } of this.nodes) {
      base.kit.world.setWallMs(nowMs);
      base.kit.advance(0);
      while (base.store.runSlice(SLICE_MS));
    }
    this.base.check(message);
  }
}

/** What DUMP answers, byte for byte. */
function dumpOf(node: RepairNode, key: string): Uint8Array {
  const reply = node.base.kit.run('DUMP', key);
  return reply.kind === 'bulk' ? reply.bytes : new Uint8Array(0);
}

export async function createRepairKit(
  count: number,
  options: {
    seed?: number;
    configure?: (configuration: Configuration) => void;
    togetherPath?: string;
  } = {},
): Promise<RepairKit> {
  return new RepairKit(await createReplicationKit(count, options), options.togetherPath ?? '');
}
