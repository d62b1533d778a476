import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCommandKit } from '../../testing/command-kit.ts';
import { SeededRandom } from '../../world/simulated/seeded-random.ts';
import { SlotRun } from './slot-run.ts';

test('a run has live entries alone, each with its own head', async () => {
  const kit = await createCommandKit(1, { records: false });
  const random = new SeededRandom(1);
  // Blocks of all sizes, free ones, pages and blobs of collections, tables, a huge block.
  for (let i = 0; i < 3_000; i++) {
    kit.ask('SET', `k${random.below(2_000)}`, 'v'.repeat(random.below(600)), 'EX', 1_000);
    kit.ask('SET', `l${random.below(500)}`, 'v'.repeat(random.below(9_000)));
    kit.ask('HSET', `h${random.below(5)}`, `f${i}`, 'v'.repeat(random.below(100)));
    kit.ask('DEL', `k${random.below(2_000)}`);
  }
  kit.ask('SET', 'huge', 'h'.repeat(2 * 1024 * 1024));
  const [database] = kit.session.store.databases;
  const run = new SlotRun();
  const seen = new Set<number>();
  let neighbourCount = 0;
  for (let round = 0; round < 5_000; round++) {
    database.entries.sampleRun(random.u32(), 5, run);
    assert.ok(run.count >= 1);
    if (run.count > 5) neighbourCount += run.count - 5;
    for (let i = 0; i < run.count; i++) {
      const entry = run.addresses[i];
      assert.ok(database.entries.findAddress(database.hashOf(entry), entry));
      database.memory.locate(entry);
      assert.equal(run.words0[i], database.memory.view.getUint32(database.memory.base, true));
      assert.equal(run.words1[i], database.memory.view.getUint32(database.memory.base + 4, true));
      seen.add(entry);
    }
  }
  assert.ok(neighbourCount > 5_000, `${neighbourCount} neighbours`);
  assert.equal(seen.size, database.count);
});
