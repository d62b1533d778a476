/**
 * How healthy this node finds itself: 0 is well. The worse, the longer it waits before it finds
 * fault with others: a slow node otherwise suspects everybody.
 * @source Dadgar, Phillips, Currey 2018: Lifeguard, local health multiplier
 */
const SCORE_MAX = 7;

export class HealthScore {
  score = 0;

  /** @param by  negative: something went well */
  worsen(by: number): void {
    this.score = Math.min(SCORE_MAX, Math.max(0, this.score + by));
  }

  stretch(ms: number): number {
    return ms * (this.score + 1);
  }
}
