import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRepairKit, type RepairNode } from '../../../testing/repair-kit.ts';
import { type Draw, rounds, seededDraws, seedOfRun } from '../../../testing/seeded.ts';

type Three = [RepairNode, RepairNode, RepairNode];

test('what two bring at once of a key that the owner has not is all there', async () => {
  const seed = seedOfRun();
  const draw = seededDraws(seed);
  for (let round = rounds(30); round > 0; round--) await bringBoth(draw, `TEST_SEED=${seed}`);
});

async function bringBoth(draw: Draw, seed: string): Promise<void> {
  const kit = await createRepairKit(3);
  const [owner, second, third] = kit.nodes as Three;
  kit.pass(7_000);
  kit.part([owner], [second], [third]);
  kit.pass(1_000);
  second.run('SADD', 's', 'both', 'left');
  kit.base.advance(5);
  third.run('SADD', 's', 'both', 'right');
  kit.heal(owner);
  kit.settle(draw);
  kit.check(seed);
  const members = (owner.run('SMEMBERS', 's') as string[]).sort();
  assert.deepEqual(members, ['both', 'left', 'right'], seed);
}
