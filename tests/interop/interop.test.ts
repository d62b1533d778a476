/**
 * Nobody is locked in: what we write redis-server starts from, and what it writes we start from,
 * with the same data.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { scratchFolder, skipWithout } from '../support/server.ts';
import { fill } from './fill.ts';
import {
  assertNoComplaint,
  assertSame,
  type Contents,
  checkWith,
  finish,
  readContents,
  type Started,
  startOver,
} from './interop-kit.ts';

type Which = 'ours' | 'redis';

const skip = skipWithout('redis-server');
const seed = Number(process.env['TEST_SEED'] ?? Date.now() % 1_000_000);
/** redis-server on both sides shows whether a failing test or the server is wrong. */
const OURS: Which = process.env['INTEROP_OURS'] === 'redis-server' ? 'redis' : 'ours';
const LOG_ON = ['--appendonly', 'yes', '--auto-aof-rewrite-percentage', '0'];
const MANIFEST = 'appendonlydir/appendonly.aof.manifest';

async function startFilled(
  t: TestContext,
  which: Which,
  folder: string,
  args: readonly string[],
): Promise<Started> {
  t.diagnostic(`seed ${seed}`);
  const server = await startOver(t, which, folder, args);
  await fill(server.client, seed);
  return server;
}

/** As the process dies: what it answered is in the files. */
async function contentsAtDeath(server: Started): Promise<Contents> {
  const contents = await readContents(server);
  await server.stop('SIGKILL');
  return contents;
}

for (const compression of ['yes', 'no']) {
  test(`redis-server starts from our snapshot, compression ${compression}`, { skip }, async (t) => {
    const folder = scratchFolder();
    const ours = await startFilled(t, OURS, folder, ['--rdbcompression', compression]);
    await finish(ours, 'BGSAVE');
    const wanted = await contentsAtDeath(ours);
    assert.match(checkWith('redis-check-rdb', path.join(folder, 'dump.rdb')), /RDB looks OK/);
    const redis = await startOver(t, 'redis', folder);
    assertSame(await readContents(redis), wanted);
    assertNoComplaint(redis);
  });
}

test('redis-server starts from our log, written and rewritten', { skip }, async (t) => {
  const folder = scratchFolder();
  const ours = await startFilled(t, OURS, folder, LOG_ON);
  const written = await readContents(ours);
  checkWith('redis-check-aof', path.join(folder, MANIFEST));
  const copy = scratchFolder();
  fs.cpSync(folder, copy, { recursive: true });
  const first = await startOver(t, 'redis', copy, LOG_ON);
  assertSame(await readContents(first), written);
  assertNoComplaint(first);

  await finish(ours, 'BGREWRITEAOF');
  await ours.call('SELECT', '9');
  await ours.call('RPUSH', 'after the rewrite', 'a', 'b');
  const rewritten = await contentsAtDeath(ours);
  checkWith('redis-check-aof', path.join(folder, MANIFEST));
  const second = await startOver(t, 'redis', folder, LOG_ON);
  assertSame(await readContents(second), rewritten);
  assertNoComplaint(second);
});

test('what redis-server does not know does not disturb it, and is not lost for us', {
  skip: skip || (OURS === 'redis' && 'redis-server knows no deadlines of fields'),
}, async (t) => {
  const folder = scratchFolder();
  const ours = await startOver(t, OURS, folder, LOG_ON);
  const atMs = '4000000000123';
  for (const [key, count] of [
    ['small', 3],
    ['large', 2_000],
  ] as const) {
    for (const database of ['0', '9']) {
      await ours.call('SELECT', database);
      const fields = Array.from({ length: count }, (_, i) => [`f${i}`, `${i}`]).flat();
      await ours.call('HSET', key, ...fields);
      await ours.call('HPEXPIREAT', key, atMs, 'FIELDS', '2', 'f0', 'f2');
    }
  }
  const deadlines = async (server: Started): Promise<unknown[]> => {
    const found: unknown[] = [];
    for (const database of ['0', '9']) {
      await server.call('SELECT', database);
      for (const key of ['small', 'large']) {
        found.push(await server.call('HPEXPIRETIME', key, 'FIELDS', '3', 'f0', 'f1', 'f2'));
      }
    }
    return found;
  };
  const wanted = await deadlines(ours);
  assert.deepEqual(wanted[3], [4_000_000_000_123, -1, 4_000_000_000_123]);
  const contents = await readContents(ours);
  await ours.call('SAVE');
  for (const order of ['written', 'rewritten']) {
    const copy = scratchFolder();
    fs.cpSync(folder, copy, { recursive: true });
    fs.rmSync(path.join(copy, 'hypercache.lock'));
    for (const args of [LOG_ON, []]) {
      const redis = await startOver(t, 'redis', copy, args);
      assertSame(await readContents(redis), contents);
      assertNoComplaint(redis);
      await redis.stop('SIGKILL');
      const again = await startOver(t, OURS, copy, args);
      assert.deepEqual(await deadlines(again), wanted, `${order}, ${args}`);
      await again.stop('SIGKILL');
    }
    await finish(ours, 'BGREWRITEAOF');
  }
});

test("we start from redis-server's snapshot", { skip }, async (t) => {
  const folder = scratchFolder();
  const redis = await startFilled(t, 'redis', folder, []);
  await redis.call('SAVE');
  const wanted = await contentsAtDeath(redis);
  assertSame(await readContents(await startOver(t, OURS, folder)), wanted);
});

test("we start from redis-server's snapshot with a log switched on", { skip }, async (t) => {
  const folder = scratchFolder();
  const redis = await startFilled(t, 'redis', folder, []);
  await redis.call('SAVE');
  const wanted = await contentsAtDeath(redis);
  if (OURS === 'redis') return;
  const ours = await startOver(t, OURS, folder, LOG_ON);
  assertSame(await readContents(ours), wanted);
  await ours.stop('SIGKILL');
  // From now on the log is what counts.
  fs.rmSync(path.join(folder, 'dump.rdb'));
  assertSame(await readContents(await startOver(t, OURS, folder, LOG_ON)), wanted);
});

for (const preamble of ['yes', 'no']) {
  test(`we start from redis-server's log, its base a snapshot: ${preamble}`, {
    skip,
  }, async (t) => {
    const folder = scratchFolder();
    const args = [...LOG_ON, '--aof-use-rdb-preamble', preamble, '--aof-timestamp-enabled', 'yes'];
    const redis = await startFilled(t, 'redis', folder, args);
    await finish(redis, 'BGREWRITEAOF');
    await redis.call('SELECT', '9');
    await redis.call('RPUSH', 'after the rewrite', 'a', 'b');
    const wanted = await contentsAtDeath(redis);
    const ours = await startOver(t, OURS, folder, LOG_ON);
    assertSame(await readContents(ours), wanted);

    // And back again, with what we wrote behind it.
    await ours.call('SELECT', '9');
    await ours.call('RPUSH', 'after the move', 'c');
    const moved = await contentsAtDeath(ours);
    checkWith('redis-check-aof', path.join(folder, MANIFEST));
    const back = await startOver(t, 'redis', folder, LOG_ON);
    assertSame(await readContents(back), moved);
    assertNoComplaint(back);
  });
}

test('we start from the single log file of redis-server 6', { skip }, async (t) => {
  const folder = scratchFolder();
  const redis = await startFilled(t, 'redis', folder, LOG_ON);
  await finish(redis, 'BGREWRITEAOF');
  await redis.call('SELECT', '9');
  await redis.call('SET', 'behind the preamble', 'v');
  const wanted = await contentsAtDeath(redis);
  const logs = path.join(folder, 'appendonlydir');
  const parts = fs.readdirSync(logs).filter((name) => /\.(base\.rdb|incr\.aof)$/.test(name));
  assert.equal(parts.length, 2);
  const bytes = parts.sort().map((name) => fs.readFileSync(path.join(logs, name)));
  fs.writeFileSync(path.join(folder, 'appendonly.aof'), Buffer.concat(bytes));
  fs.rmSync(logs, { recursive: true });
  assertSame(await readContents(await startOver(t, OURS, folder, LOG_ON)), wanted);
});
