/**
 * The times of memberlist's local-area settings, which real agents use as well: members that wait
 * for different times would suspect each other.
 * @source https://github.com/hashicorp/memberlist (config.go DefaultLANConfig, util.go)
 */
import type { Timer, World } from '../../../base/world.ts';

export const TIMING = {
  probeMs: 1_000,
  /** A direct answer must have come by then; others are asked to try afterwards. */
  probeAnswerMs: 500,
  indirectCount: 3,
  gossipMs: 200,
  /** The same of a node that leaves. */
  hastyGossipMs: 20,
  gossipNodeCount: 3,
  /** Who died so recently is told as well, so that it can object. */
  gossipToTheDeadMs: 30_000,
  pushPullMs: 30_000,
  suspicionFactor: 4,
  suspicionMaxFactor: 6,
  retransmitFactor: 4,
} as const;

/** Members up to which states are exchanged at the usual pace. */
const PUSH_PULL_NODE_COUNT = 32;
/** A timer that comes so late shows that this process itself stood still. */
const LATE_MS = 250;
/** Then what came meanwhile is read before anybody is blamed for it. */
const GRACE_MS = 250;

/** How often one piece of news is told, by a node that knows so many members. */
export function retransmitCount(nodeCount: number): number {
  return TIMING.retransmitFactor * Math.ceil(Math.log10(nodeCount + 1));
}

export function suspicionMsMin(nodeCount: number): number {
  const scale = Math.max(1, Math.log10(Math.max(1, nodeCount)));
  return TIMING.suspicionFactor * scale * TIMING.probeMs;
}

/** Each doubling of many members makes exchanges rarer, so that their sum stays. */
export function pushPullMs(nodeCount: number): number {
  if (nodeCount <= PUSH_PULL_NODE_COUNT) return TIMING.pushPullMs;
  const doublings = Math.ceil(Math.log2(nodeCount) - Math.log2(PUSH_PULL_NODE_COUNT));
  return TIMING.pushPullMs * (doublings + 1);
}

/** A timer whose callback blames others for silence: a stall of this process is not their fault. */
export function afterPatiently(world: World, delayMs: number, callback: () => void): Timer {
  const dueMs = world.clock.monotonicMs() + delayMs;
  let timer = world.timers.after(delayMs, () => {
    if (world.clock.monotonicMs() - dueMs < LATE_MS) callback();
    else timer = world.timers.after(GRACE_MS, callback);
  });
  return { cancel: () => timer.cancel() };
}

/** A whole number, 0 .. below - 1. */
export function chooseBelow(world: World, below: number): number {
  return world.random.u32() % below;
}
