/** A part of `npm run test:simulation`, so that every run of the tests has seen some of it. */
import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { MUTATIONS } from './mutations.ts';
import { runSeed } from './run-seed.ts';
import { SCENARIO_KINDS } from './scenario.ts';

const SEEDS_EACH = 15;

for (const kind of SCENARIO_KINDS) {
  test(`${kind}: all nodes end equal, and nothing acknowledged is lost`, async () => {
    const first = Number(process.env.TEST_SEED ?? Date.now() % 1_000_000);
    for (let seed = first; seed < first + SEEDS_EACH; seed++) {
      const { problems } = await runSeed({ seed, kind });
      assert.deepEqual(problems, [], `seed ${seed}, --kind ${kind}`);
    }
  });
}

test('a run repeats from its seed', async () => {
  const [first, second] = [await runSeed({ seed: 7 }), await runSeed({ seed: 7 })];
  assert.deepEqual(first, second);
});

test('every mutation replaces something that is there, and is undone', () => {
  for (const mutation of MUTATIONS) mutation.apply()();
});
