import type { Timer, World } from '../../../base/world.ts';
import { afterPatiently } from './timing.ts';

/**
 * The time a suspected member has to object. It begins long and gets shorter with each other member
 * that confirms the suspicion: who hears nothing from others may itself be cut off.
 * @source Dadgar, Phillips, Currey 2018: Lifeguard, dynamic suspicion
 */
export class Suspicion {
  private readonly world: World;
  private readonly sinceMs: number;
  private readonly minMs: number;
  private readonly maxMs: number;
  private readonly wantedCount: number;
  /** Who said so; the first does not count as a confirmation. */
  private readonly accusers: Set<string>;
  private readonly onExpired: () => void;
  private timer: Timer;

  /** @param options.wantedCount  confirmations that make it as short as it gets */
  constructor(options: {
    world: World;
    from: string;
    minMs: number;
    maxMs: number;
    wantedCount: number;
    onExpired: () => void;
  }) {
    this.world = options.world;
    this.sinceMs = options.world.clock.monotonicMs();
    this.minMs = options.minMs;
    this.maxMs = options.maxMs;
    this.wantedCount = options.wantedCount;
    this.accusers = new Set([options.from]);
    this.onExpired = options.onExpired;
    const delayMs = this.wantedCount < 1 ? this.minMs : this.maxMs;
    this.timer = afterPatiently(this.world, delayMs, this.onExpired);
  }

  /** @returns whether it is news, and worth telling others */
  confirm(from: string): boolean {
    const confirmationCount = this.accusers.size - 1;
    if (confirmationCount >= this.wantedCount || this.accusers.has(from)) return false;
    this.accusers.add(from);
    const elapsedMs = this.world.clock.monotonicMs() - this.sinceMs;
    const leftMs = this.lengthMs(confirmationCount + 1) - elapsedMs;
    this.timer.cancel();
    this.timer = afterPatiently(this.world, Math.max(0, leftMs), this.onExpired);
    return true;
  }

  cancel(): void {
    this.timer.cancel();
  }

  private lengthMs(confirmationCount: number): number {
    const part = Math.log(confirmationCount + 1) / Math.log(this.wantedCount + 1);
    return Math.max(this.minMs, this.maxMs - part * (this.maxMs - this.minMs));
  }
}
