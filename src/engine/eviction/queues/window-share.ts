/** What the window may have at least and at most, of all bytes. */
const SHARE_MIN = 0.01;
const SHARE_MAX = 0.8;
const STEP_FIRST = 0.03;
const STEP_DECAY = 0.8;
/** A change of the hit ratio by so much is another kind of traffic: large steps again. */
const RESTART_CHANGE = 0.05;
/** Less is chance. */
const CHANGE_MIN = 0.001;
const SAMPLE_PER_KEY = 10;

/**
 * How much of the bytes the window for new keys gets: a hill is climbed. After ten times as many
 * uses as keys the hit ratio is compared with that before; while it gets better the share goes on
 * in the same direction, else it turns, in steps that become smaller.
 *
 * @source  G. Einziger, O. Eytan, R. Friedman, B. Manes: "Adaptive Software Cache Management",
 *          Middleware 2018
 */
export class WindowShare {
  value = SHARE_MIN;
  hitCount = 0;
  missCount = 0;
  /** Of the sample before; -1: there was none. */
  private lastRatio = -1;
  private step = STEP_FIRST;

  settle(keyCount: number): void {
    const useCount = this.hitCount + this.missCount;
    if (useCount < keyCount * SAMPLE_PER_KEY) return;
    const ratio = this.hitCount / useCount;
    const change = ratio - this.lastRatio;
    const isFirst = this.lastRatio < 0;
    this.lastRatio = ratio;
    this.hitCount = 0;
    this.missCount = 0;
    if (isFirst) return;
    const direction = change > CHANGE_MIN ? this.step : -this.step;
    this.value = Math.min(SHARE_MAX, Math.max(SHARE_MIN, this.value + direction));
    const isOther = Math.abs(change) >= RESTART_CHANGE;
    this.step = isOther ? Math.sign(direction) * STEP_FIRST : direction * STEP_DECAY;
  }
}
