import type { Random } from '../../base/world.ts';

/** xoshiro128**: small, quick, and the same numbers for the same seed on every machine. */
export class SeededRandom implements Random {
  private readonly state = new Uint32Array(4);

  constructor(seed: number) {
    // SplitMix32 spreads one word over the state, which must never be all zero.
    let word = seed >>> 0;
    for (let i = 0; i < 4; i++) {
      word = (word + 0x9e3779b9) >>> 0;
      let mixed = Math.imul(word ^ (word >>> 16), 0x21f0aaad);
      mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
      this.state[i] = mixed ^ (mixed >>> 15);
    }
    this.state[0] |= 1;
  }

  u32(): number {
    const state = this.state;
    const second = state[1];
    const product = Math.imul(second, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    state[2] ^= state[0];
    state[3] ^= second;
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= second << 9;
    state[3] = (state[3] << 11) | (state[3] >>> 21);
    return result;
  }

  /** Uniform enough over 0 .. bound-1 for choosing what happens next. */
  below(bound: number): number {
    return Math.floor((this.u32() / 4294967296) * bound);
  }

  /** Seeded, so unfit for secrets: in a simulation that is the point. */
  fill(bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; i++) bytes[i] = this.u32() & 0xff;
  }
}
