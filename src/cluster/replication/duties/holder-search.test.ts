import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SLOT_COUNT } from '../../../base/digest/key-slot.ts';
import { SlotSet } from '../../placement/slot-set.ts';
import { SlotTable } from '../../placement/slot-table.ts';
import { HolderSearch } from './holder-search.ts';

function tableOf(nodeIds: readonly string[]): SlotTable {
  return new SlotTable({ version: 1, nodeIds, placement: 'ring', replicationFactor: 2 });
}

test('of each slot the first holder is found that can be reached and may have more', () => {
  const tables = [tableOf(['a', 'b', 'c']), tableOf(['a', 'b', 'c', 'd', 'e'])];
  const passedByB = new SlotSet();
  for (let slot = 0; slot < SLOT_COUNT; slot += 3) passedByB.add(slot);
  const passedOver = new Map([['b', passedByB]]);
  const isReachable = (id: string): boolean => id !== 'd';
  const holders = new HolderSearch({ nodeId: 'a', tables, passedOver, isReachable });
  let noneCount = 0;
  for (let slot = 0; slot < SLOT_COUNT; slot++) {
    const ids = tables.flatMap((table) => table.holdersOfSlot(slot));
    const wanted = ids.find((id) => {
      return id !== 'a' && isReachable(id) && passedOver.get(id)?.has(slot) !== true;
    });
    assert.equal(holders.find(slot), wanted ?? '', `slot ${slot}`);
    if (wanted === undefined) noneCount++;
  }
  assert.ok(noneCount > 0 && noneCount < SLOT_COUNT);
});
