import { SeededRandom } from '../world/simulated/seeded-random.ts';

/**
 * Runs a random test with a seed of its own each time, or with TEST_SEED; a failure names the seed.
 */
export function seeded(run: (random: SeededRandom) => void): void {
  const seed = Number(process.env.TEST_SEED ?? Date.now() % 1_000_000);
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
