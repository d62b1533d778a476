import assert from 'node:assert/strict';
import test from 'node:test';
import { skipWithout } from '../support/server.ts';
import { runCompat } from './run-compat.ts';
import { startPair } from './start-pair.ts';

/** A fixed seed: what a change broke shows here; what nobody thought of, in the long runs. */
const SEED = 20_001;
const COMMAND_COUNT = 60_000;

test('60,000 random commands get the replies of redis-server', {
  skip: skipWithout('redis-server'),
}, async (t) => {
  const { oracle, ours } = await startPair(undefined, false);
  t.after(() => oracle.stop());
  t.after(() => ours.stop());
  const lines: string[] = [];
  const result = await runCompat({
    ports: { oracle: oracle.port, ours: ours.port },
    seed: SEED,
    commandCount: COMMAND_COUNT,
    mismatchCountMax: 20,
    only: null,
    print: (line) => lines.push(line),
  });
  assert.deepEqual(result.problems, [], lines.join('\n'));
});
