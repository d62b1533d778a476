import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { NodeKit } from '../../src/testing/node-kit.ts';
import { seededDraws } from '../../src/testing/seeded.ts';
import type { MemoryDisk } from '../../src/world/simulated/memory-disk.ts';
import { ask, DATA_DIRECTORY, passTime, startDurableNode, stopNode } from './durable-node.ts';
import { drawSmallUnit, failAtBytes, stateOn } from './log-bytes.ts';
import { runPowerSeed } from './power-run.ts';
import { NO_STORE, StoreRecord } from './store-record.ts';

type Settings = Readonly<Record<string, string>>;

const RECORD_COUNT = 200;
const STEP_MS = 50;
const ALWAYS: Settings = { 'persistence.sync_policy': 'always', 'persistence.save': '3600 1' };
/** Power failures tried at each step of the disk, beside the two extremes. */
const SEEDS_PER_STEP = 3;
/** `npm run test:disk` takes every byte, and ten thousand seeds. */
const BYTE_STRIDE = 29;
const SHORT_RUN_SEEDS = 50;

describe('the power fails', () => {
  test('at bytes of a log of 200 records: all acknowledged is there, no part of more', async () => {
    const failureCount = await failAtBytes(RECORD_COUNT, BYTE_STRIDE);
    assert.ok(failureCount > RECORD_COUNT * 3, `${failureCount} failures`);
  });

  test('while unsynced records come to the disk in any order: a beginning is there', async () => {
    const settings = { ...ALWAYS, 'persistence.sync_policy': 'no' };
    const draw = seededDraws(6);
    const kit = await startDurableNode({ seed: 1, settings });
    const record = new StoreRecord('default', kit, settings);
    for (let i = 0; i < RECORD_COUNT; i++) {
      record.sendUnits([drawSmallUnit(draw)]);
      if (i === RECORD_COUNT / 2) record.sendUpkeep(0);
      await passTime(kit, 1);
    }
    assert.ok(record.isAnswered());
    const oldest = record.syncedIndex();
    assert.ok(oldest > 90, `${oldest} synced`);
    const states = new Set<string>();
    for (let seed = 0; seed < 200; seed++) {
      const state = await stateOn(kit.world.disk.crash(seed), settings);
      record.check(state, oldest);
      states.add(state);
    }
    assert.ok(states.size > 20, `${states.size} outcomes`);
    await stopNode(kit);
  });

  test('under everysec: the last second of writes is lost at most', async () => {
    const settings = { ...ALWAYS, 'persistence.sync_policy': 'everysec' };
    const draw = seededDraws(7);
    const kit = await startDurableNode({ seed: 1, settings });
    const record = new StoreRecord('default', kit, settings);
    /** When each state was told. */
    const toldMs: number[] = [];
    let lostCount = 0;
    for (let i = 0; i < 150; i++) {
      record.sendUnits([drawSmallUnit(draw)]);
      await passTime(kit, STEP_MS);
      assert.ok(record.isAnswered());
      const nowMs = kit.world.clock.monotonicMs();
      while (toldMs.length < record.stateCount) toldMs.push(nowMs);
      const oldest = toldMs.findLastIndex((ms) => ms <= nowMs - 1000 - STEP_MS);
      const state = await stateOn(kit.world.disk.crashAfter(0), settings);
      record.check(state, Math.max(0, oldest));
      if (state !== record.lastState) lostCount++;
    }
    assert.ok(lostCount > 50, `${lostCount} times something was lost`);
    await stopNode(kit);
  });

  test('at each step of a rewrite, while writes go on', async () => {
    for (const preamble of ['yes', 'no']) {
      const settings = { ...ALWAYS, 'persistence.snapshot_preamble': preamble };
      const kit = await startDurableNode({ seed: 1, settings, readingMs: 0.05 });
      const record = await filledRecord(kit, settings);
      const found = await stepsOf(kit, record, async () => {
        record.sendUpkeep(3);
        for (let i = 0; i < 20; i++) {
          record.sendUnits([[['RPUSH', 'l:0', i]], [['INCR', 'i:0']]]);
          await passTime(kit, 5);
        }
        await passTime(kit, 3000);
      });
      assert.equal(infoOf(await ask(kit, ['INFO']), 'aof_rewrites'), '1');
      await check(found, record, settings);
      await stopNode(kit);
    }
  });

  test('at each step of a snapshot', async () => {
    for (const strategy of ['snapshot', 'hybrid']) {
      const settings = { ...ALWAYS, 'persistence.strategy': strategy };
      for (const upkeep of [1, 2]) {
        const kit = await startDurableNode({ seed: 1, settings, readingMs: 0.05 });
        const record = await filledRecord(kit, settings);
        record.sendUpkeep(1);
        await passTime(kit, 100);
        const found = await stepsOf(kit, record, async () => {
          record.sendUnits([[['SET', 's:0', 'new']]]);
          record.sendUpkeep(upkeep);
          for (let i = 0; i < 5; i++) {
            record.sendUnits([[['RPUSH', 'l:0', i]]]);
            await passTime(kit, 20);
          }
          await passTime(kit, 3000);
        });
        assert.equal(infoOf(await ask(kit, ['INFO']), 'rdb_saves'), '2');
        await check(found, record, settings);
        await stopNode(kit);
      }
    }
  });

  test('while stores are made and dropped, each of them with its data', async () => {
    for (const strategy of ['hybrid', 'aof', 'snapshot']) {
      const settings = { ...ALWAYS, 'persistence.strategy': strategy };
      const kit = await startDurableNode({ seed: 1, settings });
      const record = new StoreRecord('side', kit, settings);
      const found = await stepsOf(kit, record, async () => {
        for (let i = 0; i < 6; i++) {
          record.makeOrDrop();
          await passTime(kit, 50);
          record.sendUnits([[['SET', 's:0', i]], [['RPUSH', 'l:0', i]]]);
          if (strategy === 'snapshot') record.sendUpkeep(1);
          await passTime(kit, 50);
        }
      });
      assert.equal(record.lastState, NO_STORE);
      await check(found, record, settings);
      await stopNode(kit);
    }
  });

  test('while a store is made where a drop was left half done: old data stays away', async () => {
    const first = await startDurableNode({ seed: 1, settings: ALWAYS });
    await ask(first, ['STORE', 'CREATE', 'side'], ['SELECT', 'side'], ['SET', 's:0', 'dropped']);
    await stopNode(first);
    const left = first.world.disk.copy();
    // As STORE DROP does first.
    left.remove(`${DATA_DIRECTORY}/stores.json`);
    const kit = await startDurableNode({ seed: 3, disk: left.copy(), settings: ALWAYS });
    const record = new StoreRecord('side', kit, ALWAYS);
    await passTime(kit, 10);
    const found = await stepsOf(kit, record, async () => {
      record.makeOrDrop();
      await passTime(kit, 50);
    });
    await check(found, record, ALWAYS);
    assert.notEqual(record.lastState, NO_STORE);
    await stopNode(kit);
  });

  test('at each step of the first start, of a stop and of a start after it', async () => {
    const settings = { ...ALWAYS, 'persistence.sync_policy': 'everysec' };
    const first = await startDurableNode({ seed: 1, settings });
    const record = await filledRecord(first, settings);
    const stopped = await stepsOf(first, record, () => stopNode(first));
    const { disk } = first.world;
    await check(stopped, record, settings);
    const state = await stateOn(disk.crashAfter(0), settings);
    assert.equal(state, record.lastState, 'a stop leaves nothing unsynced');
    const found: MemoryDisk[] = [];
    const again = disk.copy();
    again.onChange = () => found.push(...disksOf(again, 77));
    await stopNode(await startDurableNode({ seed: 3, disk: again, settings }));
    again.onChange = null;
    for (const each of found) assert.equal(await stateOn(each, settings), state);
  });

  test('at moments of random runs with rewrites, snapshots, stores, failing disks', async () => {
    const first = Number(process.env.TEST_SEED ?? Date.now() % 1_000_000);
    for (let i = 0; i < SHORT_RUN_SEEDS; i++) await runPowerSeed(first + i);
  });
});

interface Step {
  readonly disks: readonly MemoryDisk[];
  readonly oldest: number;
}

/** Does it, and tells of each step of the disk on the way what may be found after it. */
async function stepsOf(
  kit: NodeKit,
  record: StoreRecord,
  act: () => Promise<unknown>,
): Promise<Step[]> {
  const { disk } = kit.world;
  const found: Step[] = [];
  disk.onChange = () => {
    found.push({ disks: disksOf(disk, found.length), oldest: record.syncedIndex() });
  };
  await act();
  disk.onChange = null;
  assert.ok(found.length > 2, 'hardly anything came to the disk');
  return found;
}

async function check(steps: readonly Step[], record: StoreRecord, settings: Settings) {
  assert.ok(record.isAnswered(), 'a reply is missing');
  for (const [index, { disks, oldest }] of steps.entries()) {
    for (const [which, disk] of disks.entries()) {
      try {
        record.check(await stateOn(disk, settings, record.name), oldest);
      } catch (error) {
        const text = error instanceof Error ? error.message : String(error);
        const place = `step ${index} of ${steps.length}, disk ${which}`;
        throw new Error(`${place}: ${text}`, { cause: error });
      }
    }
  }
}

/** Disks that may be found when the power fails now. */
function disksOf(disk: MemoryDisk, step: number): MemoryDisk[] {
  const seeds = Array.from({ length: SEEDS_PER_STEP }, (_, i) => step * SEEDS_PER_STEP + i);
  const unsynced = disk.unsyncedWeight;
  return [0, unsynced]
    .map((weight) => disk.crashAfter(weight))
    .concat(seeds.map((seed) => disk.crash(seed)));
}

/** Of the default store, which holds something of every type. */
async function filledRecord(kit: NodeKit, settings: Settings): Promise<StoreRecord> {
  const record = new StoreRecord('default', kit, settings);
  const many = Array.from({ length: 200 }, (_, i) => [`f${i}`, `value ${i}`]).flat();
  record.sendUnits([
    [['SET', 's:0', 'old']],
    [['HSET', 'h:0', ...many]],
    [['RPUSH', 'l:0', ...many]],
    [['SADD', 'm:0', ...many]],
    [['ZADD', 'z:0', 1, 'a', 2, 'b']],
    [['XADD', 'x:0', '*', 'f', 'v']],
  ]);
  await passTime(kit, 50);
  assert.ok(record.isAnswered());
  return record;
}

function infoOf([text]: readonly string[], field: string): string {
  return new RegExp(`^${field}:(.*)\r$`, 'm').exec(text)?.[1] ?? 'no such field';
}
