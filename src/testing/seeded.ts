import { SeededRandom } from '../world/simulated/seeded-random.ts';

const EFFORT = Number(process.env.TEST_EFFORT ?? 1);

/**
 * How often a random test tries: `count` times, or the share of it that TEST_EFFORT says, and once
 * at least. `npm run ok` tries less than `npm test`, both anew each time: what one run does not
 * draw another does.
 */
export function rounds(count: number): number {
  return Math.max(1, Math.round(count * EFFORT));
}

/** The seed of this run's random tests: TEST_SEED, else one of its own. A failure names it. */
export function seedOfRun(): number {
  return Number(process.env.TEST_SEED ?? Date.now() % 1_000_000);
}

/** Runs a random test with the seed of the run; a failure names it. */
export function seeded(run: (random: SeededRandom) => void): void {
  const seed = seedOfRun();
  try {
    run(new SeededRandom(seed));
  } catch (error) {
    throw new Error(`failed with TEST_SEED=${seed}: ${messageOf(error)}`, { cause: error });
  }
}

/** Draws 0 .. below-1. */
export type Draw = (below: number) => number;

/** The same draws for the same seed. */
export function seededDraws(seed: number): Draw {
  const random = new SeededRandom(seed);
  return (below) => random.below(below);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
