import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runCommandLine } from '../../cli/run-command-line.ts';
import { KeptNode } from '../../testing/kept-node.ts';
import type { MemoryDisk } from '../../world/simulated/memory-disk.ts';
import { createSimulatedWorld } from '../../world/simulated/simulated-world.ts';
import { walkLog } from './walk-log.ts';

const LOG = '/data/appendonlydir/appendonly.aof.1.incr.aof';
const FILL = [
  'SET s value',
  'RPUSH l a b c',
  'MULTI',
  'INCR n',
  'HSET h f v',
  'EXEC',
  'HPEXPIREAT h 4000000000000 FIELDS 1 f',
  'SELECT 3',
  'ZADD z 1.5 a',
];

interface Ran {
  readonly code: number;
  readonly text: string;
}

/** The command, on that disk. */
async function run(disk: MemoryDisk, ...args: string[]): Promise<Ran> {
  const world = createSimulatedWorld(1, disk);
  world.host.pid = KeptNode.nextPid;
  const serve = () => Promise.reject(new Error('no node is to start'));
  const code = await runCommandLine([...args, '--data-dir', '/data'], { world, serve });
  return { code, text: world.host.outText + world.host.errorText };
}

/** A log of several records: one a command, or group. */
async function fillNode(): Promise<KeptNode> {
  const node = await KeptNode.start();
  for (const line of FILL) await node.ask(line);
  return node;
}

async function digest(node: KeptNode): Promise<string> {
  return node.ask('DEBUG DIGEST');
}

test('each flipped byte of a log is found, and what is good before and behind it', async () => {
  const { disk } = await fillNode();
  const bytes = disk.readFile(LOG)!;
  const whole = walkLog(bytes, 0);
  assert.ok(whole.recordCount >= 5, `${whole.recordCount} records`);
  assert.deepEqual(whole.badParts, []);
  assert.deepEqual(whole.goodParts, [{ start: 0, end: bytes.length }]);
  for (let at = 0; at < bytes.length; at++) {
    const damaged = bytes.slice();
    damaged[at] ^= 1;
    const { badParts, commandCount, goodParts, recordCount } = walkLog(damaged, 0);
    if (badParts.length === 0) {
      // The mark of a record: without it the line is anybody's comment, and the commands stand.
      assert.ok(at - Buffer.from(bytes).lastIndexOf('#hc ', at) < 4, `byte ${at}`);
      assert.equal(commandCount, whole.commandCount);
      continue;
    }
    assert.ok(
      badParts.some(({ start, end }) => start <= at && at < end),
      `byte ${at}`,
    );
    assert.ok(goodParts.every(({ start, end }) => at < start || at >= end));
    assert.equal(recordCount, whole.recordCount - 1, `byte ${at}`);
  }
});

test('each prefix of a log is cut at its last whole record, never within a group', async () => {
  const node = await fillNode();
  const bytes = node.disk.readFile(LOG)!;
  const ends = new Set<number>();
  for (let length = 0; length <= bytes.length; length++) {
    const { badParts, goodParts } = walkLog(bytes.slice(0, length), 0);
    const end = goodParts.at(-1)?.end ?? 0;
    ends.add(end);
    assert.equal(badParts.length, end === length ? 0 : 1, `${length}`);
  }
  assert.equal(ends.size, walkLog(bytes, 0).recordCount + 1);
  for (let length = 1; length < bytes.length; length += 61) {
    const disk = node.disk.copy();
    disk.truncate(LOG, length);
    const { code, text } = await run(disk, 'repair');
    assert.equal(code, 0, text);
    assert.equal((await run(disk, 'check')).code, 0);
    const again = await KeptNode.start({}, disk);
    // The group is there whole, or not at all.
    assert.match(await again.ask('EXISTS n h'), /^:(0|2)/, `${length}`);
  }
});

test('nothing is changed over which a node runs', async () => {
  const node = await fillNode();
  const before = node.files();
  const world = createSimulatedWorld(1, node.disk);
  // The lock's process is this one, and lives.
  const serve = () => Promise.reject(new Error('no node is to start'));
  node.disk.writeFileAtomic('/dump.rdb', Buffer.from('x'));
  for (const words of [['repair'], ['import', '/dump.rdb'], ['restore', '/dump.rdb']]) {
    const code = await runCommandLine([...words, '--data-dir', '/data'], { world, serve });
    assert.equal(code, 1);
    assert.match(world.host.errorText, /in use by the process/);
    assert.deepEqual(node.files(), before);
  }
});

test('a restore that power failure broke off is refused by a start, done by the next', async () => {
  const source = await KeptNode.start();
  await source.ask('SET new value', 'STORE CREATE extra', 'SELECT extra', 'SET k v', 'SELECT 0');
  const archive: Uint8Array[] = [];
  let isPacked = false;
  void (async () => {
    for await (const piece of source.kit.node.services.persistence.backUp()) archive.push(piece);
    isPacked = true;
  })();
  await source.until('the archive', () => isPacked);
  const wanted = await digest(source);
  const old = await fillNode();
  const before = await digest(old);
  assert.equal(await old.stop(), 0);
  const disk = old.disk.copy();
  disk.writeFileAtomic('/backup.tar.gz', Buffer.concat(archive));
  disk.syncDirectory('/');

  const states: MemoryDisk[] = [];
  disk.onChange = () => void states.push(disk.crash(states.length));
  const { code, text } = await run(disk, 'restore', '/backup.tar.gz');
  disk.onChange = () => {};
  assert.equal(code, 0, text);
  assert.equal(await digest(await KeptNode.start({}, disk)), wanted);

  assert.ok(states.length > 20, `${states.length} steps`);
  const found = { before: 0, refused: 0, wanted: 0 };
  for (const [step, state] of states.entries()) {
    const again = state.copy();
    const started = await KeptNode.start({}, state).catch((error: Error) => error);
    if (started instanceof Error) {
      assert.match(started.message, /did not come to its end/, `step ${step}`);
      found.refused++;
      const { code, text } = await run(again, 'restore', '/backup.tar.gz');
      assert.equal(code, 0, `step ${step}: ${text}`);
      assert.equal(await digest(await KeptNode.start({}, again)), wanted, `step ${step}`);
      continue;
    }
    const is = await digest(started);
    assert.ok(is === before || is === wanted, `step ${step}`);
    if (is === before) found.before++;
    else found.wanted++;
  }
  assert.ok(found.before > 0 && found.refused > 0 && found.wanted > 0, JSON.stringify(found));
});
