import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { NodeError } from '../../src/base/errors.ts';
import { seededDraws } from '../../src/testing/seeded.ts';
import type { MemoryDisk } from '../../src/world/simulated/memory-disk.ts';
import {
  ask,
  DATA_DIRECTORY,
  passTime,
  StartRefusal,
  startDurableNode,
  stopNode,
} from './durable-node.ts';
import { drawSmallUnit } from './log-bytes.ts';
import { StoreRecord, storeState } from './store-record.ts';

type Settings = Readonly<Record<string, string>>;

/** Of the bits of each byte, one in so many is flipped, each time another. */
const BIT_STRIDE = Number(process.env.TEST_BIT_STRIDE ?? 5);
const LOGGED: Settings = { 'persistence.sync_policy': 'always', 'persistence.save': '3600 1' };
const SNAPSHOT: Settings = { ...LOGGED, 'persistence.strategy': 'snapshot' };

/** What a flipped bit came to. */
type Outcome = 'refused' | 'cut' | 'harmless';
type Counts = Record<Outcome, number>;

describe('a flipped bit is detected or harmless', () => {
  test('in a snapshot: the node does not start', async () => {
    const { disk, records } = await makeFiles(SNAPSHOT, false);
    const counts = await flipEach(disk, `${DATA_DIRECTORY}/dump.rdb`, SNAPSHOT, records);
    assert.equal(counts.harmless + counts.cut, 0, JSON.stringify(counts));
  });

  test('in the base of a log: the node does not start', async () => {
    const { disk, records } = await makeFiles(LOGGED, true);
    const counts = await flipEach(disk, findFile(disk, '.base.rdb'), LOGGED, records);
    assert.equal(counts.harmless + counts.cut, 0, JSON.stringify(counts));
  });

  test('in an increment: refused with its offset, or a torn end is cut off and told', async () => {
    const { disk, records } = await makeFiles(LOGGED, true);
    const counts = await flipEach(disk, findFile(disk, '.incr.aof'), LOGGED, records);
    assert.ok(counts.refused > counts.harmless * 3, JSON.stringify(counts));
    assert.ok(counts.cut < counts.refused, JSON.stringify(counts));
  });

  test('in the manifest', async () => {
    const { disk, records } = await makeFiles(LOGGED, true);
    const counts = await flipEach(disk, findFile(disk, '.manifest'), LOGGED, records);
    assert.ok(counts.refused > counts.harmless * 3, JSON.stringify(counts));
    assert.equal(counts.cut, 0);
  });

  test('in the list of stores', async () => {
    const { disk, records } = await makeFiles(LOGGED, true);
    const counts = await flipEach(disk, `${DATA_DIRECTORY}/stores.json`, LOGGED, records);
    assert.ok(counts.refused > counts.harmless, JSON.stringify(counts));
    assert.equal(counts.cut, 0);
  });
});

/** The files of a node that has stopped, with two stores that hold all types. */
async function makeFiles(
  settings: Settings,
  isRewritten: boolean,
): Promise<{ disk: MemoryDisk; records: StoreRecord[] }> {
  const kit = await startDurableNode({ seed: 1, settings });
  const records = ['default', 'side'].map((name) => new StoreRecord(name, kit, settings));
  records[1].makeOrDrop();
  await passTime(kit, 10);
  const draw = seededDraws(9);
  for (const record of records) {
    record.sendUnits([
      [['SET', 's:0', 'value'.repeat(20)]],
      [['SET', 'i:0', 42]],
      [['PEXPIREAT', 's:0', 4_000_000_000_123]],
      [['HSET', 'h:0', 'f0', 'v', 'f1', 'w']],
      [['HPEXPIREAT', 'h:0', 4_000_000_000_456, 'FIELDS', 1, 'f0']],
      [['RPUSH', 'l:0', 'a', 'b', 7]],
      [['SADD', 'm:0', 1, 2, 3]],
      [['SADD', 'm:1', 'x', 'y']],
      [['ZADD', 'z:0', 1.5, 'a', 2, 'b']],
      [['XADD', 'x:0', '1-1', 'f', 'v']],
      [['XGROUP', 'CREATE', 'x:0', 'g', 0]],
    ]);
    await passTime(kit, 10);
    if (isRewritten) record.sendUpkeep(3);
    await passTime(kit, 3000);
    if (!isRewritten) continue;
    for (let i = 0; i < 8; i++) {
      record.sendUnits([drawSmallUnit(draw)]);
      await passTime(kit, 10);
    }
  }
  await stopNode(kit);
  for (const record of records) assert.ok(record.isAnswered(), 'a reply is missing');
  return { disk: kit.world.disk.copy(), records };
}

/** The one in the log of the default store. */
function findFile(disk: MemoryDisk, ending: string): string {
  const directory = `${DATA_DIRECTORY}/appendonlydir`;
  const names = disk.listDirectory(directory).filter((name) => name.endsWith(ending));
  assert.equal(names.length, 1, names.join());
  return `${directory}/${names[0]}`;
}

async function flipEach(
  disk: MemoryDisk,
  path: string,
  settings: Settings,
  records: readonly StoreRecord[],
): Promise<Counts> {
  const whole = Buffer.from(disk.readFile(path) ?? []);
  assert.ok(whole.length > 50, `${whole.length} bytes`);
  const untouched = await start(disk.copy(), settings, records);
  assert.equal(untouched, 'harmless');
  const counts: Counts = { refused: 0, cut: 0, harmless: 0 };
  for (let bit = 0; bit < whole.length * 8; bit += BIT_STRIDE) {
    const copy = disk.copy();
    const flipped = Buffer.from(whole);
    flipped[bit >> 3] ^= 1 << (bit & 7);
    copy.writeFileAtomic(path, flipped);
    try {
      counts[await start(copy, settings, records)]++;
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      const place = `bit ${bit & 7} of byte ${bit >> 3} of ${path}`;
      throw new Error(`${place}: ${text}`, { cause: error });
    }
  }
  return counts;
}

/** @throws when it neither starts as it should nor says why not */
async function start(
  disk: MemoryDisk,
  settings: Settings,
  records: readonly StoreRecord[],
): Promise<Outcome> {
  let kit: Awaited<ReturnType<typeof startDurableNode>>;
  try {
    kit = await startDurableNode({ seed: 2, disk, settings });
  } catch (error) {
    // It stopped, or did not begin: with a reason that names a file.
    if (error instanceof StartRefusal || error instanceof NodeError) {
      assert.match(error.message, /aof|rdb|stores\.json/);
      return 'refused';
    }
    throw error;
  }
  let outcome: Outcome = 'harmless';
  for (const record of records) {
    const state = await storeState(kit, record.name);
    if (state === record.lastState) continue;
    record.check(state, 0);
    const isTold = kit.complaintTexts.some((text) => /cut off/.test(text));
    assert.ok(isTold, `${record.name} lost something, and nobody was told`);
    outcome = 'cut';
  }
  const [pong] = await ask(kit, ['PING']);
  assert.equal(pong, 'PONG');
  await stopNode(kit);
  return outcome;
}
