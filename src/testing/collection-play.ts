import assert from 'node:assert/strict';
import { type CommandKit, createCommandKit } from './command-kit.ts';
import { createEffectReplica } from './effect-replica.ts';
import { checkHoldings, compactAnyhow } from './holdings-check.ts';
import { type Draw, rounds, seededDraws } from './seeded.ts';

/** One random run of commands against a model; subclasses hold the model. */
export interface Play {
  readonly kit: CommandKit;
  readonly draw: Draw;
  /** Time has moved. */
  onTime?(nowMs: number): void;
}

export interface PlayOptions<P extends Play> {
  readonly seed: number;
  readonly stepCount: number;
  readonly start: (kit: CommandKit, draw: Draw) => P;
  readonly steps: readonly ((play: P) => void)[];
  readonly keys: readonly string[];
}

const STEPS_PER_CHECK = 50;

/**
 * Runs random steps. After each some blocks move; now and then a second node that heard only the
 * effects must hold the same, and not a byte may be held that no key needs. At the end all keys
 * are deleted, and nothing may be left.
 */
export async function playCollections<P extends Play>(options: PlayOptions<P>): Promise<void> {
  const { seed, stepCount, steps, keys } = options;
  const kit = await createCommandKit(seed);
  const replica = await createEffectReplica(kit, seed + 1);
  const draw = seededDraws(seed);
  const play = options.start(kit, draw);
  const [store] = kit.node.services.stores;
  const databases = store.databases.slice(0, 2);
  play.onTime?.(kit.node.services.clock.nowMs);
  try {
    for (let step = 1; step <= rounds(stepCount); step++) {
      steps[draw(steps.length)](play);
      if (draw(20) === 0) replica.setActiveExpiry(draw(2) === 0);
      if (draw(10) === 0) {
        replica.apply();
        replica.advance(draw(4000));
        play.onTime?.(kit.node.services.clock.nowMs);
      }
      for (const database of databases) compactAnyhow(database, 2000);
      if (step % STEPS_PER_CHECK !== 0) continue;
      for (const database of databases) checkHoldings(database);
      replica.apply();
      replica.check();
    }
    kit.ask('DEL', ...keys);
    for (const database of databases) {
      checkHoldings(database);
      assert.equal(database.count, 0);
      assert.equal(database.fieldSchedule.tree, 0);
    }
  } catch (error) {
    throw new Error(`failed with TEST_SEED=${seed}: ${error}`, { cause: error });
  } finally {
    await kit.node.stop();
    await replica.kit.node.stop();
  }
}

/** Fails unless the command is answered so; errors are text with a leading `-`. */
export function expectReply(
  kit: CommandKit,
  command: readonly (string | number)[],
  wanted: unknown,
): void {
  const reply = kit.ask(...command);
  const told = command.join(' ').slice(0, 200);
  assert.deepEqual(reply instanceof Error ? `-${reply.message}` : reply, wanted, told);
}
