import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DatabaseBlocks } from '../../engine/database-blocks.ts';
import { entryBytes } from '../../engine/keyspace/entry.ts';
import { StreamRecord } from '../../engine/values/stream/stream-record.ts';
import { treeBytes } from '../../engine/values/tree-record.ts';
import { type CommandKit, createCommandKit } from '../../testing/command-kit.ts';
import { type Draw, rounds, seededDraws, seedOfRun } from '../../testing/seeded.ts';
import { checkTree } from '../../testing/tree-check.ts';

interface ModelEntry {
  readonly ms: bigint;
  readonly seq: bigint;
  readonly fields: readonly string[];
}

const UINT64_MAX = 2n ** 64n - 1n;
const STEP_COUNT = rounds(3000);
const KEY = 'stream';

/** Limits of a node: Redis' own, tiny nodes, and nodes that never end. */
const NODE_LIMITS = [
  [4096, 100],
  [200, 3],
  [0, 0],
  [100_000, 1000],
];

for (const [bytesMax, entriesMax] of NODE_LIMITS) {
  const what = `nodes of ${bytesMax} bytes and ${entriesMax} entries`;
  test(`a stream equals an array of entries under random use: ${what}`, async () => {
    const seed = seedOfRun();
    const kit = await createCommandKit(seed, { records: false });
    const { encoding } = kit.node.services.configuration;
    encoding.streamNodeMaxBytes = bytesMax;
    encoding.streamNodeMaxEntries = entriesMax;
    try {
      playRandomly(kit, seededDraws(seed));
    } catch (error) {
      throw new Error(`failed with TEST_SEED=${seed}`, { cause: error });
    } finally {
      await kit.node.stop();
    }
  });
}

function playRandomly(kit: CommandKit, draw: Draw): void {
  const model: ModelEntry[] = [];
  const { database } = kit.session;
  const last = { ms: 0n, seq: 0n };
  kit.ask('XGROUP', 'CREATE', KEY, 'g', '0', 'MKSTREAM');
  const restBytes = database.memory.liveBytes - ownBytes(kit);
  for (let step = 0; step < STEP_COUNT; step++) {
    const kind = draw(100);
    if (kind < 60) add(kit, draw, model, last);
    else if (kind < 75) removeSome(kit, draw, model);
    else if (kind < 77) trim(kit, draw, model);
    else if (kind < 90) useGroup(kit, draw);
    else checkRange(kit, draw, model);
    if (step % 7 === 0) {
      database.memory.compact(new DatabaseBlocks(database), draw(60_000));
    }
    assert.equal(kit.ask('XLEN', KEY), model.length);
    assert.equal(database.memory.liveBytes - ownBytes(kit), restBytes, 'bytes are accounted for');
  }
  assert.deepEqual(kit.ask('XRANGE', KEY, '-', '+'), model.map(shown));
  assert.deepEqual(kit.ask('XREVRANGE', KEY, '+', '-'), model.map(shown).reverse());
  kit.ask('COPY', KEY, 'copy');
  assert.deepEqual(kit.ask('XRANGE', 'copy', '-', '+'), model.map(shown));
  assert.deepEqual(kit.ask('XPENDING', 'copy', 'g'), kit.ask('XPENDING', KEY, 'g'));
  kit.ask('DEL', KEY, 'copy');
  while (database.trees.drain(100));
  assert.equal(database.memory.liveBytes, restBytes);
}

/** Bytes of the entry and its trees, which are looked over on the way. */
function ownBytes(kit: CommandKit): number {
  const { database } = kit.session;
  const key = Buffer.from(KEY);
  const view = new DataView(key.buffer, key.byteOffset, key.length);
  const entry = database.findBytes(key, view, 0, key.length);
  const record = new StreamRecord().open(database, entry);
  assert.ok(record.isWhole);
  let pendingCount = 0;
  for (let isThere = record.firstGroup(); isThere; isThere = record.nextGroup()) {
    let consumerSum = 0;
    for (let isNext = record.firstConsumer(); isNext; isNext = record.nextConsumer()) {
      consumerSum += record.consumerPending;
    }
    assert.equal(consumerSum, database.trees.count(record.pendingTree));
    pendingCount += consumerSum;
    checkTree(database.trees, record.pendingTree);
  }
  assert.ok(pendingCount >= 0);
  checkTree(database.trees, record.nodes);
  const treesBytes = treeBytes(database, entry);
  const { memory } = database;
  memory.locate(entry);
  return treesBytes + memory.classBytes(entryBytes(memory.view, memory.base));
}

function add(
  kit: CommandKit,
  draw: Draw,
  model: ModelEntry[],
  last: { ms: bigint; seq: bigint },
): void {
  const jump = draw(40);
  if (jump === 0 && last.ms < 2n ** 60n) {
    last.ms += 1n << BigInt(draw(50));
    last.seq = draw(3) === 0 ? BigInt(draw(1000)) : 0n;
  } else if (jump < 10) {
    last.ms += BigInt(1 + draw(300));
    last.seq = 0n;
  } else {
    last.seq += jump === 11 ? 2n ** 40n : BigInt(1 + (draw(3) === 0 ? draw(100) : 0));
  }
  const isUsual = draw(4) > 0;
  const fields: string[] = [];
  for (let left = isUsual ? 2 : 1 + draw(5); left > 0; left--) {
    fields.push(isUsual ? `field${left}` : drawText(draw), drawText(draw));
  }
  const entry = { ms: last.ms, seq: last.seq, fields };
  assert.equal(kit.ask('XADD', KEY, idOf(entry), ...fields), idOf(entry));
  model.push(entry);
}

function drawText(draw: Draw): string {
  const kind = draw(8);
  if (kind === 0) return '';
  if (kind < 3) return String(draw(2) === 0 ? draw(300) - 100 : 2 ** draw(60) - draw(1000));
  if (kind === 3) return `-${draw(100_000)}${draw(100_000)}${draw(100_000)}`;
  if (kind === 4) return 'y'.repeat(draw(draw(20) === 0 ? 6000 : 200));
  return 'x'.repeat(draw(20));
}

function removeSome(kit: CommandKit, draw: Draw, model: ModelEntry[]): void {
  const count = draw(4) === 0 ? draw(40) : 1;
  const from = draw(model.length + 1);
  const removed = model.splice(from, count);
  if (removed.length === 0) return;
  assert.equal(kit.ask('XDEL', KEY, ...removed.map(idOf), '5-5'), removed.length);
}

function trim(kit: CommandKit, draw: Draw, model: ModelEntry[]): void {
  const kept = draw(4) === 0 ? draw(30) : Math.floor((model.length * (5 + draw(6))) / 10);
  const removed = Math.max(0, model.length - kept);
  const kind = draw(4);
  if (kind < 2) {
    assert.equal(kit.ask('XTRIM', KEY, 'MAXLEN', kept), removed);
    model.splice(0, removed);
  } else if (kind === 2 && model.length > 0) {
    const least = model[draw(model.length)] as ModelEntry;
    const count = model.indexOf(least);
    assert.equal(kit.ask('XTRIM', KEY, 'MINID', '=', idOf(least)), count);
    model.splice(0, count);
  } else {
    const count = kit.ask('XTRIM', KEY, 'MAXLEN', '~', kept) as number;
    assert.ok(count <= removed, 'no more than asked for');
    model.splice(0, count);
  }
}

/** What a group does is held to redis-server elsewhere: here it must fit together. */
function useGroup(kit: CommandKit, draw: Draw): void {
  const group = `g${'hi'[draw(4)] ?? ''}`;
  const consumer = 'consumer'.repeat(draw(3)) + draw(4);
  const kind = draw(12);
  if (kind === 0) kit.run('XGROUP', 'CREATE', KEY, group, '0');
  else if (kind === 1) kit.run('XGROUP', 'DESTROY', KEY, `g${'hi'[draw(2)]}`);
  else if (kind === 2) kit.run('XGROUP', 'DELCONSUMER', KEY, group, consumer);
  else if (kind === 3) kit.run('XGROUP', 'SETID', KEY, group, '0');
  else if (kind === 4) kit.run('XAUTOCLAIM', KEY, group, consumer, 0, '-', 'COUNT', 20);
  else if (kind < 7) {
    const pending = kit.ask('XPENDING', KEY, group, '-', '+', 10);
    const ids = Array.isArray(pending) ? pending.map((row) => String(row[0])) : [];
    if (ids.length > 0) kit.run('XACK', KEY, group, ...ids);
  } else {
    kit.run('XREADGROUP', 'GROUP', group, consumer, 'COUNT', 30, 'STREAMS', KEY, '>');
  }
}

function checkRange(kit: CommandKit, draw: Draw, model: ModelEntry[]): void {
  const first = drawBound(draw, model);
  const last = drawBound(draw, model);
  const count = 1 + draw(20);
  const inRange = model.filter((entry) => !isBefore(entry, first) && !isBefore(last, entry));
  const bounds = [idOf(first), idOf(last)];
  const found = kit.ask('XRANGE', KEY, ...bounds, 'COUNT', count);
  assert.deepEqual(found, inRange.slice(0, count).map(shown));
  const back = kit.ask('XREVRANGE', KEY, ...bounds.reverse(), 'COUNT', count);
  assert.deepEqual(back, inRange.reverse().slice(0, count).map(shown));
}

function drawBound(draw: Draw, model: readonly ModelEntry[]): ModelEntry {
  const kind = draw(6);
  const near = model[draw(model.length || 1)] ?? { ms: 0n, seq: 0n, fields: [] };
  if (kind === 0) return { ms: 0n, seq: 0n, fields: [] };
  if (kind === 1) return { ms: UINT64_MAX, seq: UINT64_MAX, fields: [] };
  if (kind === 2) return { ...near, seq: near.seq + 1n };
  if (kind === 3) return { ...near, ms: near.ms + 1n };
  return near;
}

function isBefore(left: ModelEntry, right: ModelEntry): boolean {
  return left.ms < right.ms || (left.ms === right.ms && left.seq < right.seq);
}

function idOf({ ms, seq }: { ms: bigint; seq: bigint }): string {
  return `${ms}-${seq}`;
}

function shown(entry: ModelEntry): unknown {
  return [idOf(entry), entry.fields];
}
