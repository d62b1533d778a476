/** What happens to a cluster while clients write: drawn from the seed, one kind a run. */
import type { SeededRandom } from '../../src/world/simulated/seeded-random.ts';
import { type Delivery, DROPPED, RESEND_MS } from '../../src/world/simulated/wire/wire.ts';
import type { LossWindow } from './checks.ts';
import type { SimulatedCluster, SimulatedNode } from './simulated-cluster.ts';

/**
 * `calm`: slow and lossy wires, short stalls, nodes that join and leave: nothing that a client may
 * notice. `crash`: processes are killed. `partition`: wires are cut. `chaos`: all of it at once.
 */
export type ScenarioKind = 'calm' | 'crash' | 'partition' | 'chaos';

export const SCENARIO_KINDS: readonly ScenarioKind[] = ['calm', 'crash', 'partition', 'chaos'];

/** Clocks of machines differ by so much, at most. */
const SKEW_MS_MAX = 300;
/** So long a pause is no reason to take a node for dead. */
const SHORT_STALL_MS = 400;
const LONG_STALL_MS = 4000;
/** What an owner has answered is with the others by then, on a wire that is whole. */
const SHIPPED_MS = 60;
/** For so long before it is killed one of the others may hear nothing of a node. */
const UNHEARD_MS = 1500;
const STEP_COUNT = 3;

export class Scenario {
  readonly kind: ScenarioKind;
  readonly windows: LossWindow[] = [];
  /** What was done, for who reads about a failure. */
  readonly log: string[] = [];
  private readonly cluster: SimulatedCluster;
  private readonly isQuorum: boolean;
  private readonly random: SeededRandom;
  /** Path -> how much later everything arrives, and until when that is so. */
  private readonly lags = new Map<string, { ms: number; untilMs: number }>();
  /** Paths on which the next segment of a connection breaks it. */
  private readonly breaks = new Set<string>();
  /** A node that was killed -> who had heard nothing of it for some time. */
  private readonly unheardBy = new Map<SimulatedNode, SimulatedNode>();
  private hasLostTail = false;
  /** Since when something is wrong that keeps effects from being shipped; Infinity: nothing is. */
  private troubledSinceMs = Number.POSITIVE_INFINITY;

  /** @param isQuorum  a majority has what is acknowledged: one node at a time loses its memory */
  constructor(
    cluster: SimulatedCluster,
    { kind, isQuorum }: { kind: ScenarioKind; isQuorum: boolean },
  ) {
    this.cluster = cluster;
    this.kind = kind;
    this.isQuorum = isQuorum;
    this.random = cluster.fabric.random;
  }

  /** How far stamps of writes may be from the order in which clients saw them. */
  get slackMs(): number {
    return SKEW_MS_MAX * 2 + (this.kind === 'chaos' ? LONG_STALL_MS : 0);
  }

  /** How slow and how lossy the wires are. */
  shapeWire(): void {
    const { wire } = this.cluster.fabric;
    const isSlow = this.random.below(3) === 0;
    wire.latencyMsMax = isSlow ? 30 : 0.2 + this.random.below(20) / 10;
    wire.lossShare = this.random.below(3) === 0 ? 0.02 : 0;
    wire.duplicateShare = this.random.below(3) === 0 ? 0.05 : 0;
    wire.onDelivery = (delivery) => this.judge(delivery);
  }

  skewClocks(): void {
    for (const { kit } of this.cluster.running) {
      const world = kit?.world;
      world?.setWallMs(world.clock.wallMs() + this.random.below(SKEW_MS_MAX));
    }
  }

  /** Does one thing after the other, with time in between, and then mends everything. */
  async play(): Promise<void> {
    for (let step = 0; step < STEP_COUNT; step++) {
      await this.cluster.fabric.pass(80 + this.random.below(320));
      await this.act();
    }
    await this.cluster.fabric.pass(this.random.below(1400));
    await this.mend();
  }

  /** Everything is whole again, and every node runs. */
  async mend(): Promise<void> {
    const { fabric, nodes } = this.cluster;
    this.note('mend');
    this.lags.clear();
    this.breaks.clear();
    fabric.wire.healAll();
    fabric.wire.lossShare = 0;
    fabric.wire.duplicateShare = 0;
    for (const node of nodes) {
      if (node.kit === null && this.kind !== 'calm') await this.restart(node);
    }
    this.troubledSinceMs = Number.POSITIVE_INFINITY;
  }

  /** Faults of one path. */
  private judge({ kind, from, to, bytes }: Delivery): number {
    const path = `${from}>${to}`;
    if (kind === 'stream' && bytes.length > 0 && this.breaks.delete(path)) return DROPPED;
    const lag = this.lags.get(path);
    return lag === undefined || lag.untilMs < this.cluster.nowMs ? 0 : lag.ms;
  }

  private async act(): Promise<void> {
    switch (this.kind) {
      case 'calm':
        return this.disturb();
      case 'crash':
        return this.crashOrRestart();
      case 'partition':
        return this.cutOrHeal();
      default: {
        const acts = [() => this.disturb(), () => this.crashOrRestart(), () => this.cutOrHeal()];
        return acts[this.random.below(acts.length)]();
      }
    }
  }

  private async disturb(): Promise<void> {
    const { cluster } = this;
    const node = this.chooseNode();
    switch (this.random.below(4)) {
      case 0:
        if (cluster.nodes.length >= 5) return;
        return this.join(node);
      case 1:
        if (cluster.running.length < 3) return;
        if (this.random.below(2) === 0) await this.lagSome(node);
        this.note(`${node.id} leaves`);
        return cluster.leave(node);
      case 2:
        return this.lag(node, SHORT_STALL_MS);
      default:
        return this.stall(node, this.kind === 'calm' ? SHORT_STALL_MS : LONG_STALL_MS);
    }
  }

  private async crashOrRestart(): Promise<void> {
    const { cluster } = this;
    const gone = cluster.nodes.filter(({ kit }) => kit === null);
    const isWhole = gone.length === 0 && this.mayLoseOne;
    const mayCrash = cluster.running.length > 1 && isWhole;
    if (gone.length > 0 && (this.random.below(2) === 0 || !mayCrash)) {
      await this.restart(gone[this.random.below(gone.length)]);
      return;
    }
    if (!mayCrash) return;
    const node = this.chooseNode();
    await this.loseSome(node);
    const how = this.random.below(3) === 0 ? 'dark' : 'killed';
    this.note(`${node.id} is ${how}`);
    cluster.kill(node, how);
    this.noteLoss();
  }

  /**
   * Where two nodes have a key, or are asked for it, the other one must have it before; and where
   * one of them had not heard of it, and the one that had is next.
   */
  private get mayLoseOne(): boolean {
    const { cluster, isQuorum } = this;
    if (cluster.layout === 'few' || this.hasLostTail) return cluster.isSettled;
    return !isQuorum || cluster.isReady;
  }

  private async cutOrHeal(): Promise<void> {
    const { cluster } = this;
    const { wire } = cluster.fabric;
    const node = this.chooseNode();
    const other = this.chooseOther(node);
    switch (this.random.below(5)) {
      case 0:
        this.note('the wires are whole');
        wire.healAll();
        return;
      case 1:
        this.note(`${node.id} is alone`);
        wire.isolate(node.address);
        break;
      case 2:
        this.note(`nothing comes from ${node.id} to ${other.id}`);
        wire.cut(node.address, other.address);
        break;
      case 3:
        this.note(`a connection breaks between ${node.id} and ${other.id}`);
        this.breaks.add(`${node.address}>${other.address}`);
        return;
      default:
        this.note(`${node.id} and ${other.id} do not hear each other`);
        wire.cutBoth(node.address, other.address);
    }
    this.noteTrouble();
  }

  private noteTrouble(): void {
    this.troubledSinceMs = Math.min(this.troubledSinceMs, this.cluster.nowMs);
  }

  private async restart(node: SimulatedNode): Promise<void> {
    const deaf = this.unheardBy.get(node);
    if (deaf !== undefined) this.cluster.fabric.wire.heal(node.address, deaf.address);
    this.unheardBy.delete(node);
    const keepsDisk = this.random.below(2) === 0;
    this.note(`${node.id} starts again, ${keepsDisk ? 'with its disk' : 'with an empty disk'}`);
    await this.cluster.restart(node, { keepsDisk });
  }

  /**
   * What a node that is to be killed does last is with one of the others and not with all, in half
   * of the cases: it comes there late, or never.
   */
  private async loseSome(node: SimulatedNode): Promise<void> {
    const choice = this.random.below(4);
    if (choice === 0) return this.lagSome(node);
    if (choice === 1) return this.loseTail(node);
  }

  private lagSome(node: SimulatedNode): Promise<void> {
    this.lag(node, SHORT_STALL_MS);
    return this.cluster.fabric.pass(this.random.below(SHORT_STALL_MS));
  }

  /**
   * Until it starts again. Where only one other node has a key, that may have it alone; and one
   * that is not filled yet leaves what it hears to the comparison, which may come too late.
   */
  private loseTail(node: SimulatedNode): Promise<void> {
    const { cluster } = this;
    const other = this.chooseOther(node);
    const isTroubled = cluster.layout === 'few' || !cluster.isSettled;
    this.note(`nothing comes from ${node.id} to ${other.id} any more`);
    cluster.fabric.wire.cut(node.address, other.address);
    this.unheardBy.set(node, other);
    this.hasLostTail = true;
    if (isTroubled) this.noteTrouble();
    return cluster.fabric.pass(this.random.below(UNHEARD_MS));
  }

  /** One of the others may hear late that it is there, and owns something; or be heard late. */
  private async join(other: SimulatedNode): Promise<void> {
    const { cluster } = this;
    const address = cluster.addressOf(cluster.nodes.length);
    this.note('another node joins');
    const choice = this.random.below(3);
    if (choice === 0) this.lagPath(address, other.address, SHORT_STALL_MS);
    if (choice === 1) this.lagPath(other.address, address, SHORT_STALL_MS);
    await cluster.addNode();
  }

  /** All that one node sends to one other comes later. */
  private lag(node: SimulatedNode, msMax: number): void {
    this.lagPath(node.address, this.chooseOther(node).address, msMax);
  }

  private lagPath(from: string, to: string, msMax: number): void {
    // Long enough for news to go another way before.
    const ms = msMax / 2 + this.random.below(msMax / 2);
    this.note(`what ${from} sends to ${to} takes ${ms} ms`);
    this.lags.set(`${from}>${to}`, { ms, untilMs: this.cluster.nowMs + 2 * msMax });
    this.noteTrouble();
  }

  private stall(node: SimulatedNode, msMax: number): void {
    const ms = 1 + this.random.below(msMax);
    this.note(`${node.id} stands still for ${ms} ms`);
    this.cluster.fabric.stall(node.address, ms);
  }

  /** What the memory that is gone may have held alone. */
  private noteLoss(): void {
    if (this.isQuorum) return;
    const { nowMs } = this.cluster;
    const { latencyMsMax, lossShare } = this.cluster.fabric.wire;
    // The one that hears may have to wait for a segment that was lost.
    const resentMs = this.unheardBy.size > 0 && lossShare > 0 ? RESEND_MS : 0;
    const shippedMs = SHIPPED_MS + latencyMsMax * 4 + resentMs;
    const fromMs = Math.min(nowMs - shippedMs, this.troubledSinceMs);
    this.windows.push({ fromMs, toMs: nowMs });
  }

  private chooseOther(node: SimulatedNode): SimulatedNode {
    const others = this.cluster.nodes.filter((one) => one !== node);
    return others[this.random.below(others.length)];
  }

  private chooseNode(): SimulatedNode {
    const { running } = this.cluster;
    return running[this.random.below(running.length)];
  }

  private note(what: string): void {
    this.log.push(`${this.cluster.nowMs.toFixed(1)} ${what}`);
  }
}
