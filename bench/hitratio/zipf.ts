import type { SeededRandom } from '../../src/world/simulated/seeded-random.ts';

const U32_COUNT = 4_294_967_296;

/**
 * Ranks in proportion to 1 / (rank + 1)^skew, each at constant cost: a column for each rank, filled
 * up by at most one other.
 * @source M. D. Vose, A linear algorithm for generating random numbers with a given distribution
 */
export class Zipf {
  private readonly shares: Float64Array;
  private readonly others: Uint32Array;
  private readonly random: SeededRandom;

  constructor(rankCount: number, skew: number, random: SeededRandom) {
    this.random = random;
    this.shares = Float64Array.from({ length: rankCount }, (_, rank) => (rank + 1) ** -skew);
    const sum = this.shares.reduce((total, weight) => total + weight, 0);
    this.others = new Uint32Array(rankCount);
    const low: number[] = [];
    const high: number[] = [];
    for (let rank = 0; rank < rankCount; rank++) {
      this.shares[rank] *= rankCount / sum;
      (this.shares[rank] < 1 ? low : high).push(rank);
    }
    for (let rank = low.pop(); rank !== undefined; rank = low.pop()) {
      const other = high.pop();
      if (other === undefined) break;
      this.others[rank] = other;
      this.shares[other] -= 1 - this.shares[rank];
      (this.shares[other] < 1 ? low : high).push(other);
    }
    // Rounding leaves shares a hair off one: those columns are full.
    for (const rank of high) this.others[rank] = rank;
    for (const rank of low) this.others[rank] = rank;
  }

  next(): number {
    const rank = this.random.below(this.shares.length);
    return this.random.u32() < this.shares[rank] * U32_COUNT ? rank : this.others[rank];
  }
}
