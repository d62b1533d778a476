/** Numbers for choices that nobody could use against us: a few shifts each, no secrets. */
export class QuickRandom {
  private state: number;

  constructor(seed: number) {
    this.state = seed | 1;
  }

  /** @source  G. Marsaglia, Xorshift RNGs, 2003 */
  u32(): number {
    let state = this.state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.state = state;
    return state >>> 0;
  }
}
