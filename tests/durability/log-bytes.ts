import assert from 'node:assert/strict';
import { type Draw, seededDraws } from '../../src/testing/seeded.ts';
import type { MemoryDisk } from '../../src/world/simulated/memory-disk.ts';
import { ask, DATA_DIRECTORY, startDurableNode, stopNode, type Words } from './durable-node.ts';
import { storeState } from './store-record.ts';

const SETTINGS = { 'persistence.sync_policy': 'always', 'persistence.save': '3600 1' };

/**
 * A node writes records and syncs each; the power fails at the bytes of each, every `stride`th of
 * all. What was acknowledged must be there, and nothing of a record that is there in part.
 * @returns how often the power failed
 */
export async function failAtBytes(recordCount: number, stride: number): Promise<number> {
  const draw = seededDraws(5);
  const kit = await startDurableNode({ seed: 1, settings: SETTINGS });
  const { disk } = kit.world;
  let failureCount = 0;
  let byteCount = 0;
  syncLock(disk);
  let before = await storeState(kit, 'default');
  for (let record = 0; record < recordCount; record++) {
    const parts: MemoryDisk[] = [];
    const wholes: MemoryDisk[] = [];
    disk.onChange = () => {
      const weight = disk.unsyncedWeight;
      for (let kept = 0; kept < weight; kept++) {
        if (byteCount++ % stride === 0) parts.push(disk.crashAfter(kept));
      }
      wholes.push(disk.crashAfter(weight));
    };
    const unit = drawSmallUnit(draw);
    await ask(kit, ...unit);
    disk.onChange = null;
    const after = await storeState(kit, 'default');
    const what = `record ${record}: ${unit.map((words) => words.join(' ')).join(', ')}`;
    for (const found of parts) assert.equal(await stateOn(found, SETTINGS), before, what);
    // Written, and then synced: every other one is enough.
    const some = stride === 1 ? wholes : wholes.slice(record % 2, (record % 2) + 1);
    for (const found of some) assert.equal(await stateOn(found, SETTINGS), after, what);
    failureCount += parts.length + some.length;
    before = after;
  }
  await stopNode(kit);
  assert.ok(byteCount > recordCount * 80, `${byteCount} bytes`);
  return failureCount;
}

/** What a node finds that starts from it. */
export async function stateOn(
  disk: MemoryDisk,
  settings: Readonly<Record<string, string>>,
  name = 'default',
): Promise<string> {
  const kit = await startDurableNode({ seed: 2, disk, settings });
  const state = await storeState(kit, name);
  await stopNode(kit);
  return state;
}

/** A change whose record is short. */
export function drawSmallUnit(draw: Draw): Words[] {
  const set = (): Words => ['SET', `s:${draw(3)}`, draw(1000)];
  const push = (): Words => ['RPUSH', `l:${draw(2)}`, draw(1000)];
  if (draw(5) > 0) return [draw(2) === 0 ? set() : push()];
  return [['MULTI'], set(), push(), ['EXEC']];
}

/** The only file that is not synced while a node is at rest. */
function syncLock(disk: MemoryDisk): void {
  const lock = disk.openWrite(`${DATA_DIRECTORY}/hypercache.lock`, 'append');
  lock.syncNow();
  lock.close();
  disk.syncDirectory(DATA_DIRECTORY);
  assert.equal(disk.unsyncedWeight, 0);
}
