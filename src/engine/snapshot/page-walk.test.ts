import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createEngineFixture } from '../../testing/engine-fixture.ts';
import { seeded } from '../../testing/seeded.ts';
import type { Database } from '../database.ts';
import { FORMAT } from '../tree/page-layout.ts';
import { LiveTrees } from './live-entry.ts';

for (const format of [FORMAT.SLOTTED32, FORMAT.SLOTTED64, FORMAT.BLOCK]) {
  test(`a walk shows what a cursor shows: format ${format}`, () => {
    seeded((random) => {
      const { store } = createEngineFixture({ seed: random.u32() });
      const { trees } = store.databases[0] as Database;
      const id = trees.create(format);
      const live = new LiveTrees(trees);
      assert.equal(live.walk(id, false).next(), false);
      const { cursor } = trees;
      for (let i = random.below(2000); i > 0; i--) {
        const key = random.below(1_000_000);
        const length = 1 + random.below(random.below(20) === 0 ? 700 : 60);
        cursor.seek(id, key);
        if (format === FORMAT.BLOCK) cursor.insertBlockHere(key, 1 + random.below(3), length);
        else cursor.insertHere(key, length);
        cursor.view.setUint8(cursor.payloadOffset, i & 255);
      }
      const walk = live.walk(id, true);
      let count = 0;
      for (let isThere = cursor.seekFirst(id); isThere; isThere = cursor.next()) {
        assert.ok(walk.next());
        assert.equal(walk.key, cursor.key);
        const { bytes, payloadOffset, payloadLength } = cursor;
        const shown = bytes.slice(payloadOffset, payloadOffset + payloadLength);
        assert.deepEqual(walk.payload.copy(), shown);
        count += walk.elementCount;
      }
      assert.equal(walk.next(), false);
      assert.equal(count, live.treeCount(id));
    });
  });
}
