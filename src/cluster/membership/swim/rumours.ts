/**
 * What is said of members, and what of it is believed. Each piece of news carries the incarnation
 * of the member it is about; only the member itself raises it, which is how it objects to its own
 * death:
 *
 *     alive(i)    beats everything below i
 *     suspect(i)  beats alive(i); times out to dead(i)
 *     dead(i)     beats alive(i) and suspect(i); from the member itself it is a farewell
 *
 * @source Das, Gupta, Motivala 2002: SWIM; https://github.com/hashicorp/memberlist (state.go)
 */
import { LIMITS } from '../../../base/limits.ts';
import type { Logger } from '../../../base/logger.ts';
import type { World } from '../../../base/world.ts';
import {
  type Alive,
  type Doubt,
  encodeAlive,
  encodeDoubt,
  type NodeRecord,
  STATE,
  SWIM,
} from '../wire/swim-messages.ts';
import type { BroadcastQueue } from './broadcast-queue.ts';
import type { GossipStats } from './gossip-stats.ts';
import type { HealthScore } from './health-score.ts';
import { isGone, type NodeTable, type SwimNode } from './node-table.ts';
import { Suspicion } from './suspicion.ts';
import type { SwimEvents } from './swim-events.ts';
import { suspicionMsMin, TIMING } from './timing.ts';

const VERSION_BYTES = 6;
/** Protocol 1 to 5, spoken 2; Serf's 2 to 5, spoken 5: as real agents say. */
export const OUR_VERSIONS = Uint8Array.of(1, 5, 2, 2, 5, 5);
const INCARNATION_MAX = 0xffff_ffff;

export class Rumours {
  /** This node; null before `introduce`. */
  self: SwimNode | null = null;
  /** Then this node's own death is true. */
  isLeaving = false;
  private readonly world: World;
  private readonly logger: Logger;
  private readonly selfName: string;
  private readonly table: NodeTable;
  private readonly queue: BroadcastQueue;
  private readonly health: HealthScore;
  private readonly stats: GossipStats;
  private readonly events: SwimEvents;
  private readonly mayReach: (address: string) => boolean;
  private readonly onConflict: (known: SwimNode, other: Alive) => void;

  /** @param options.onConflict  a member that is not gone is told of another address */
  constructor(options: {
    world: World;
    logger: Logger;
    selfName: string;
    table: NodeTable;
    queue: BroadcastQueue;
    health: HealthScore;
    stats: GossipStats;
    events: SwimEvents;
    mayReach: (address: string) => boolean;
    onConflict: (known: SwimNode, other: Alive) => void;
  }) {
    this.world = options.world;
    this.logger = options.logger;
    this.selfName = options.selfName;
    this.table = options.table;
    this.queue = options.queue;
    this.health = options.health;
    this.stats = options.stats;
    this.events = options.events;
    this.mayReach = options.mayReach;
    this.onConflict = options.onConflict;
  }

  /** This node becomes a member, the first it knows. */
  introduce(alive: Alive): void {
    const self = this.add(alive);
    this.self = self;
    self.state = STATE.alive;
    this.spreadAlive(self);
    this.events.onAlive(self);
  }

  /** This node has new meta. */
  describe(meta: Uint8Array): void {
    const { self } = this;
    if (self === null || this.isLeaving) return;
    self.meta = meta;
    self.incarnation = Math.min(INCARNATION_MAX, self.incarnation + 1);
    this.spreadAlive(self);
    this.events.onChanged(self);
  }

  hearAlive(alive: Alive): void {
    if (!isUnderstood(alive) || !this.mayReach(alive.address)) return;
    const isSelf = alive.node === this.selfName;
    if (isSelf && this.isLeaving) return;
    let node = this.table.find(alive.node);
    if (node === null) {
      if (this.table.count >= LIMITS.gossipMemberCountMax) return;
      node = this.add(alive);
    }
    const isMoved = node.address !== alive.address || node.port !== alive.port;
    // Who is dead may have come back elsewhere, under an address that its container was given.
    if (isMoved && !isGone(node)) {
      this.onConflict(node, alive);
      return;
    }
    if (isSelf) {
      this.hearOfSelf(node, alive);
      return;
    }
    const isBack = isGone(node);
    if (alive.incarnation <= node.incarnation && !(isBack && isMoved)) return;
    this.believe(node, alive);
  }

  hearSuspect(doubt: Doubt): void {
    const node = this.table.find(doubt.node);
    if (node === null || doubt.incarnation < node.incarnation) return;
    if (node.suspicion !== null) {
      if (node.suspicion.confirm(doubt.from)) this.spreadDoubt(SWIM.suspect, doubt);
      return;
    }
    if (node.state !== STATE.alive) return;
    if (node.name === this.selfName) {
      this.refute(doubt.incarnation);
      return;
    }
    this.spreadDoubt(SWIM.suspect, doubt);
    this.stats.suspicions++;
    this.change(node, STATE.suspect, doubt.incarnation);
    this.startSuspicion(node, doubt.from);
  }

  hearDead(doubt: Doubt): void {
    const node = this.table.find(doubt.node);
    if (node === null || doubt.incarnation < node.incarnation || isGone(node)) return;
    const isSelf = node.name === this.selfName;
    if (isSelf && !this.isLeaving) {
      this.refute(doubt.incarnation);
      return;
    }
    this.spreadDoubt(SWIM.dead, doubt);
    const hasLeft = doubt.node === doubt.from;
    this.change(node, hasLeft ? STATE.left : STATE.dead, doubt.incarnation);
    if (!isSelf) this.events.onGone(node);
  }

  /** What another node believes, all at once. That somebody is dead is only a reason to ask. */
  hearRecord(record: NodeRecord): void {
    const { incarnation, node } = record;
    if (record.state === STATE.alive) this.hearAlive(record);
    else if (record.state === STATE.left) this.hearDead({ incarnation, node, from: node });
    else this.hearSuspect({ incarnation, node, from: this.selfName });
  }

  /** This node's farewell. @param onSpread  it was told often enough */
  sayFarewell(onSpread: () => void): void {
    const { self } = this;
    if (self === null) return;
    this.isLeaving = true;
    const { incarnation, name } = self;
    const farewell = { incarnation, node: name, from: name };
    this.change(self, STATE.left, incarnation);
    this.queue.add(encodeDoubt(SWIM.dead, farewell), name, onSpread);
  }

  stop(): void {
    for (const node of this.table.nodes) node.suspicion?.cancel();
  }

  private add(alive: Alive): SwimNode {
    const node: SwimNode = {
      name: alive.node,
      address: alive.address,
      port: alive.port,
      meta: alive.meta,
      versions: alive.versions,
      incarnation: 0,
      state: STATE.dead,
      changedMs: this.world.clock.monotonicMs(),
      suspicion: null,
    };
    if (alive.node === this.selfName) node.incarnation = alive.incarnation;
    this.table.add(node);
    return node;
  }

  /** Old news of this node that others still tell, of a process before this one perhaps. */
  private hearOfSelf(self: SwimNode, alive: Alive): void {
    if (alive.incarnation < self.incarnation) return;
    const isSame =
      alive.incarnation === self.incarnation &&
      areEqual(alive.meta, self.meta) &&
      areEqual(alive.versions, self.versions);
    if (!isSame) this.refute(alive.incarnation);
  }

  private believe(node: SwimNode, alive: Alive): void {
    const wasGone = isGone(node);
    const isOther =
      !areEqual(node.meta, alive.meta) ||
      node.address !== alive.address ||
      node.port !== alive.port;
    node.address = alive.address;
    node.port = alive.port;
    node.meta = alive.meta;
    node.versions = alive.versions;
    this.change(node, STATE.alive, alive.incarnation);
    this.spreadAlive(node);
    if (wasGone) this.events.onAlive(node);
    else if (isOther) this.events.onChanged(node);
  }

  /** This node lives, whatever they say. That it was doubted at all says that it is slow. */
  private refute(incarnation: number): void {
    const { self } = this;
    if (self === null) return;
    self.incarnation = Math.min(INCARNATION_MAX, Math.max(self.incarnation, incarnation) + 1);
    this.health.worsen(1);
    this.stats.refutations++;
    this.logger.debug('refute', 'this node was doubted and objects', {
      incarnation: self.incarnation,
    });
    this.spreadAlive(self);
  }

  private startSuspicion(node: SwimNode, from: string): void {
    // Besides the suspect and this node there must be others who can confirm it: not dead ones.
    const count = this.table.nodes.filter((one) => !isGone(one)).length;
    const wantedCount = TIMING.suspicionFactor - 2;
    const minMs = suspicionMsMin(count);
    const { incarnation } = node;
    node.suspicion = new Suspicion({
      world: this.world,
      from,
      minMs,
      maxMs: TIMING.suspicionMaxFactor * minMs,
      wantedCount: count - 2 < wantedCount ? 0 : wantedCount,
      onExpired: () => this.hearDead({ incarnation, node: node.name, from: this.selfName }),
    });
  }

  private change(node: SwimNode, state: SwimNode['state'], incarnation: number): void {
    node.suspicion?.cancel();
    node.suspicion = null;
    node.incarnation = incarnation;
    if (node.state === state) return;
    node.state = state;
    node.changedMs = this.world.clock.monotonicMs();
  }

  private spreadAlive(node: SwimNode): void {
    const { name, address, port, meta, versions, incarnation } = node;
    const alive = { node: name, address, port, meta, versions, incarnation };
    this.queue.add(encodeAlive(alive), name);
  }

  private spreadDoubt(type: typeof SWIM.suspect | typeof SWIM.dead, doubt: Doubt): void {
    this.queue.add(encodeDoubt(type, doubt), doubt.node);
  }
}

/** What it says to understand is sane. What it speaks is looked at when states are exchanged. */
function isUnderstood({ versions }: Alive): boolean {
  if (versions.length < VERSION_BYTES) return versions.length === 0;
  const [least, most] = versions;
  return least > 0 && most >= least;
}

function areEqual(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, i) => byte === right[i]);
}
