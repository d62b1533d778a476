import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCommandKit } from '../../../testing/command-kit.ts';

test('LATENCY HISTOGRAM tells every call, though only some are timed', async () => {
  const kit = await createCommandKit();
  kit.ask('HELLO', 3);
  const callsTold = () => {
    const told = kit.ask('LATENCY', 'HISTOGRAM', 'get') as Map<string, Map<string, unknown>>;
    const facts = told.get('get') as Map<string, unknown>;
    const counts = [...(facts.get('histogram_usec') as Map<number, number>).values()];
    return [facts.get('calls'), counts.at(-1)];
  };
  for (let calls = 1; calls <= 100; calls++) {
    kit.ask('GET', 'k');
    assert.deepEqual(callsTold(), [calls, calls]);
  }
  kit.ask('CONFIG', 'RESETSTAT');
  kit.ask('GET', 'k');
  assert.deepEqual(callsTold(), [1, 1]);
  await kit.node.stop();
});
