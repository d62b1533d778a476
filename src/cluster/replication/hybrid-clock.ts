/**
 * The clock that stamps changes: a Lamport clock that stays near the time of day. Each stamp is
 * later than every one that this node has made or met, whatever its wall clock does; where nothing
 * else is known it is the wall clock. Of two nodes that stamp in the same 1/4096 ms, the hash of
 * the node's id decides.
 *
 * So that it never goes back over a restart either, a file says how far it may have come: it is
 * written ahead, once in some seconds and only while changes are made.
 */
import { hashBytes } from '../../base/hash.ts';
import { COUNTER_STEPS, NODE_STEPS, STAMP_EPOCH_MS, stampHigh, stampLow, timeOf } from './stamp.ts';

/** Where the clock's bound is kept: see `clock-file.ts`. */
export interface ClockBound {
  /** Unix ms: no stamp before the start was later. 0: nothing is known. */
  readonly startMs: number;
  /** No stamp will be later than that, until it is told anew. */
  raise(untilMs: number): void;
}

const AHEAD_MS = 10_000;
const MARGIN_MS = 5_000;

export class HybridClock {
  /** The stamp that `tick` made last. */
  high = 0;
  low = 0;
  private readonly clock: { readonly nowMs: number };
  private readonly bound: ClockBound | null;
  private readonly nodeHash: number;
  /** Of the latest stamp made or met. */
  private time = 0;
  /** From there on the bound is to be raised. */
  private raiseTime = 0;

  constructor(options: {
    readonly nodeId: string;
    /** Of the turn: reading it costs nothing. */
    readonly clock: { readonly nowMs: number };
    readonly bound?: ClockBound | null;
  }) {
    this.clock = options.clock;
    this.nodeHash = nodeHash(options.nodeId);
    this.bound = options.bound ?? null;
    const startMs = this.bound?.startMs ?? 0;
    this.time = Math.max(0, startMs - STAMP_EPOCH_MS) * COUNTER_STEPS;
    this.raiseTime = this.bound === null ? Number.POSITIVE_INFINITY : 0;
  }

  /** Makes the next stamp. */
  tick(): void {
    const wall = (this.clock.nowMs - STAMP_EPOCH_MS) * COUNTER_STEPS;
    const time = wall > this.time ? wall : this.time + 1;
    this.time = time;
    if (time >= this.raiseTime) this.raise();
    this.high = stampHigh(time);
    this.low = stampLow(time, this.nodeHash);
  }

  /** A stamp of another node: the next one is later. */
  witness(high: number, low: number): void {
    this.meet(timeOf(high, low));
  }

  /** Of the latest stamp made or met: what another node's clock is to `meet`. */
  get reached(): number {
    return this.time;
  }

  /** Another node has come to there: what is stamped here from now on is later. */
  meet(reached: number): void {
    if (reached > this.time) this.time = reached;
  }

  /** The stamp of a change made here at that time; later ones are later than it. */
  stampAt(ms: number): { readonly high: number; readonly low: number } {
    const time = Math.max(0, ms - STAMP_EPOCH_MS) * COUNTER_STEPS;
    const stamp = { high: stampHigh(time), low: stampLow(time, this.nodeHash) };
    this.witness(stamp.high, stamp.low);
    return stamp;
  }

  /** Unix ms of the latest stamp made or met. */
  get reachedMs(): number {
    return Math.floor(this.time / COUNTER_STEPS) + STAMP_EPOCH_MS;
  }

  private raise(): void {
    const untilMs = this.reachedMs + AHEAD_MS;
    this.bound?.raise(untilMs);
    this.raiseTime = (untilMs - MARGIN_MS - STAMP_EPOCH_MS) * COUNTER_STEPS;
  }
}

export function nodeHash(id: string): number {
  const bytes = new TextEncoder().encode(id);
  const view = new DataView(bytes.buffer);
  return (hashBytes(view, 0, bytes.length, SEED, SEED) >>> 0) % NODE_STEPS;
}

/** The same on all nodes; nothing secret. */
const SEED = 0x9e3779b1;
