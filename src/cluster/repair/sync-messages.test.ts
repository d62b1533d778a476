import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MessageQueue } from '../peers/message-queue.ts';
import { MESSAGE } from '../peers/message-table.ts';
import { StampTable } from '../replication/stamp-table.ts';
import { DatabaseDigests } from './sync-messages.ts';

const SEEDS = { seed0: 0x1234_5677, seed1: 0x89ab_cdef };

test('digests cost bytes by the slots that have keys, and 128 KiB at most', () => {
  const sizes = [0, 1, 100, 16_384].map((slotCount) => {
    const table = new StampTable(SEEDS);
    for (let slot = 0; slot < slotCount; slot++) {
      table.put(slot, ((slot & 15) << 27) | 1, 7, slot, false);
    }
    return sizeOf(table);
  });
  const [none, one, hundred, all] = sizes;
  assert.equal(one - none, 10);
  assert.equal(hundred - none, 1000);
  assert.equal(all - none, 16_384 * 8);
});

function sizeOf(table: StampTable): number {
  const digests = new DatabaseDigests();
  digests.measure(table, null, true);
  const queue = new MessageQueue();
  const writer = queue.begin(MESSAGE.digests);
  digests.writeTo(writer);
  writer.end();
  return queue.byteCount;
}
