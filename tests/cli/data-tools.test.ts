/** The tools that work on a data directory, as the command that users have. */
import assert from 'node:assert/strict';
import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { startWithHttp } from '../http/http-server.ts';
import { fill } from '../interop/fill.ts';
import {
  assertSame,
  type Contents,
  readContents,
  type Started,
  startOver,
} from '../interop/interop-kit.ts';
import { compareImages, readImage } from '../support/keyspace-image.ts';
import { MAIN, scratchFolder, skipWithout } from '../support/server.ts';
import { WireClient } from '../support/wire-client.ts';

const LOG_ON = ['--appendonly', 'yes', '--auto-aof-rewrite-percentage', '0'];
const seed = Number(process.env['TEST_SEED'] ?? Date.now() % 1_000_000);

function run(...words: string[]): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, [MAIN, ...words], { encoding: 'utf8' });
}

/** Beside a node of this process' own making, which must not stand still. */
async function runBeside(...words: string[]): Promise<{ code: number; output: string }> {
  const child = spawn(process.execPath, [MAIN, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk;
    });
  }
  const [code] = await once(child, 'close');
  return { code, output };
}

async function contentsAtDeath(server: Started): Promise<Contents> {
  const contents = await readContents(server);
  await server.stop('SIGKILL');
  return contents;
}

function incrementOf(folder: string): string {
  const names = fs.readdirSync(path.join(folder, 'appendonlydir'));
  const found = names.filter((name) => name.endsWith('.incr.aof'));
  assert.equal(found.length, 1);
  return path.join(folder, 'appendonlydir', found[0] ?? '');
}

test('a backup shows all stores at one moment, and is restored elsewhere', async (t) => {
  const node = await startWithHttp(t);
  const client = await WireClient.connect(node.port);
  t.after(() => client.end());
  const create = ['STORE', 'CREATE', 'Second', 'persistence', 'aof', 'eviction_policy', 'fifo'];
  assert.equal((await client.call(...create)).kind, 'simple');
  await fill(client, seed);
  // The same count in one store after the other: never may the second be ahead, or two behind.
  let isOver = false;
  const counting = (async () => {
    for (let count = 1; !isOver; count++) {
      client.sendCommands([
        ['SELECT', '0'],
        ['SET', 'count', `${count}`],
        ['SELECT', 'second'],
        ['SET', 'count', `${count}`],
      ]);
      await client.take(4);
    }
  })();
  const archive = path.join(scratchFolder(), 'all.tar.gz');
  const made = await runBeside('backup', archive, '--url', node.origin);
  isOver = true;
  await counting;
  assert.equal(made.code, 0, made.output);
  assert.match(made.output, /2 stores, \d+ keys, verified/);
  assert.deepEqual(
    fs.readdirSync(node.dataDir).filter((name) => name.startsWith('.')),
    [],
  );
  assert.equal((await runBeside('backup', archive, '--url', node.origin)).code, 1);

  const unpacked = spawnSync('tar', ['-xzf', archive, '-C', path.dirname(archive)]);
  assert.equal(unpacked.status, 0, String(unpacked.stderr));
  const dump = path.join(path.dirname(archive), 'hypercache-backup/stores/second/dump.rdb');
  assert.equal(run('check', dump).status, 0);

  const folder = scratchFolder();
  const restored = run('restore', archive, '--data-dir', folder);
  assert.equal(restored.status, 0, restored.stderr);
  assert.equal(run('check', folder).status, 0);
  const other = await startWithHttp(t, [], folder);
  const { json } = await other.ask('/api/stores/Second');
  assert.equal(json.config.eviction_policy, 'fifo');
  const reader = await WireClient.connect(other.port);
  t.after(() => reader.end());
  const counts: number[] = [];
  for (const place of ['0', 'second']) {
    await reader.call('SELECT', place);
    const reply = await reader.call('GET', 'count');
    counts.push(reply.kind === 'bulk' ? Number(reply.bytes) : 0);
  }
  assert.ok(counts[0] >= counts[1] && counts[0] <= counts[1] + 1, `${counts}`);
  for (const database of ['0', '9']) {
    await client.call('SELECT', database);
    await reader.call('SELECT', database);
    const [wanted, found] = [await readImage(client), await readImage(reader)];
    for (const image of [wanted, found]) image.delete('count');
    assert.ok(wanted.size > 10);
    assert.deepEqual(compareImages(wanted, found, { nowMs: Date.now() }), []);
  }
});

test('a backup that is damaged, or of a running node, replaces nothing', async (t) => {
  const node = await startWithHttp(t);
  const client = await WireClient.connect(node.port);
  t.after(() => client.end());
  await client.call('SET', 'kept', 'v');
  const archive = path.join(scratchFolder(), 'all.tar.gz');
  const made = await runBeside('backup', archive, '--url', node.origin);
  assert.equal(made.code, 0, made.output);
  const refused = await runBeside('restore', archive, '--data-dir', node.dataDir);
  assert.equal(refused.code, 1);
  assert.match(refused.output, /in use by the process/);
  assert.equal(await node.stop(), 0);

  const before = fs.readdirSync(node.dataDir, { recursive: true }).sort();
  const bytes = fs.readFileSync(archive);
  for (const at of [10, bytes.length >> 1, bytes.length - 5]) {
    const damaged = Buffer.from(bytes);
    damaged[at] ^= 4;
    fs.writeFileSync(`${archive}.bad`, damaged);
    const { status, stderr } = run('restore', `${archive}.bad`, '--data-dir', node.dataDir);
    // Of a header that gzip does not check the content may be whole all the same.
    if (status === 0) continue;
    assert.match(stderr, /damaged|cannot be used/);
    assert.deepEqual(fs.readdirSync(node.dataDir, { recursive: true }).sort(), before);
  }
  fs.writeFileSync(`${archive}.bad`, bytes.subarray(0, bytes.length - 30));
  assert.equal(run('restore', `${archive}.bad`, '--data-dir', node.dataDir).status, 1);
  assert.deepEqual(fs.readdirSync(node.dataDir, { recursive: true }).sort(), before);

  const good = run('restore', archive, '--data-dir', node.dataDir);
  assert.equal(good.status, 0, good.stderr);
  assert.match(good.stdout, /what was there is in .*before-restore-1/);
  assert.ok(fs.existsSync(path.join(node.dataDir, 'before-restore-1/appendonlydir')));
});

test('a torn log is told and cut, one damaged in the middle is salvaged on request', async (t) => {
  const folder = scratchFolder();
  const server = await startOver(t, 'ours', folder, LOG_ON);
  for (let i = 0; i < 200; i++) await server.call('SET', `key:${i}`, `value ${i}`);
  await server.stop('SIGKILL');
  const log = incrementOf(folder);
  const whole = fs.readFileSync(log);
  assert.equal(run('check', folder).status, 0);

  fs.writeFileSync(log, whole.subarray(0, whole.length - 3));
  const torn = run('check', folder);
  assert.equal(torn.status, 1);
  assert.match(torn.stdout, /incr\.aof: torn at offset \d+: a record is cut off/);
  const cut = run('repair', folder);
  assert.equal(cut.status, 0, cut.stdout);
  assert.equal(run('check', folder).status, 0);
  assert.equal(fs.readFileSync(`${log}.damaged-1`).length, whole.length - 3);

  const damaged = Buffer.from(whole);
  const at = damaged.indexOf('value 100');
  damaged[at] ^= 1;
  fs.writeFileSync(log, damaged);
  const found = run('check', folder);
  assert.equal(found.status, 1);
  assert.match(found.stdout, /damage at offset \d+: a record whose checksum is wrong/);
  assert.equal(run('repair', folder).status, 1);
  assert.ok(fs.readFileSync(log).equals(damaged), 'nothing is changed unasked');
  const salvaged = run('repair', folder, '--salvage');
  assert.equal(salvaged.status, 0, salvaged.stdout);
  assert.match(salvaged.stdout, /\d+ bytes left out from offset \d+/);
  assert.equal(run('check', folder).status, 0);
  const again = await startOver(t, 'ours', folder, LOG_ON);
  assert.equal(await again.call('DBSIZE'), 199);
  assert.equal(await again.call('EXISTS', 'key:100'), 0);
  assert.equal(await again.call('GET', 'key:199'), 'value 199');
});

test('a damaged snapshot is told with its offset; its good part is salvaged', async (t) => {
  const folder = scratchFolder();
  const server = await startOver(t, 'ours', folder);
  for (let i = 0; i < 200; i++) await server.call('RPUSH', `key:${i}`, `${i}`, 'x');
  await server.call('SAVE');
  await server.stop('SIGKILL');
  const file = path.join(folder, 'dump.rdb');
  const bytes = fs.readFileSync(file);
  fs.writeFileSync(file, bytes.subarray(0, bytes.length >> 1));
  const found = run('check', file);
  assert.equal(found.status, 1);
  assert.match(found.stdout, /dump\.rdb: damage at offset \d+: unexpected end of data/);
  assert.equal(run('repair', folder).status, 1);
  const salvaged = run('repair', folder, '--salvage');
  assert.equal(salvaged.status, 0, salvaged.stdout);
  assert.equal(run('check', folder).status, 0);
  const again = await startOver(t, 'ours', folder);
  const count = Number(await again.call('DBSIZE'));
  assert.ok(count > 50 && count < 150, `${count}`);
});

test('a dump.rdb is imported into a store of a stopped node', {
  skip: skipWithout('redis-server'),
}, async (t) => {
  const source = scratchFolder();
  const redis = await startOver(t, 'redis', source);
  await fill(redis.client, seed);
  await redis.call('SAVE');
  const wanted = await contentsAtDeath(redis);
  const dump = path.join(source, 'dump.rdb');

  const folder = scratchFolder();
  const first = await startOver(t, 'ours', folder, LOG_ON);
  await first.call('SET', 'old', 'v');
  const create = ['STORE', 'CREATE', 'Other', 'persistence', 'aof'];
  await first.call(...create);
  const running = await runBeside('import', dump, '--data-dir', folder);
  assert.equal(running.code, 1);
  assert.match(running.output, /in use by the process/);
  assert.equal(await first.stop(), 0);

  const refused = run('import', dump, '--data-dir', folder);
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /--replace/);
  assert.match(run('import', dump, '--store', 'none', '--data-dir', folder).stderr, /no store/);
  const done = run('import', dump, '--replace', '--data-dir', folder);
  assert.equal(done.status, 0, done.stderr);
  const second = await startOver(t, 'ours', folder, LOG_ON);
  assertSame(await readContents(second), wanted);
  assert.equal(await second.call('EXISTS', 'old'), 0);
  await second.call('SELECT', 'other');
  assert.equal(await second.call('DBSIZE'), 0);
});

test('what is no data is said to be none', (_t) => {
  const folder = scratchFolder();
  const empty = run('check', folder);
  assert.equal(empty.status, 1);
  assert.match(empty.stdout, /there is no data/);
  assert.match(run('check', path.join(folder, 'nothing.rdb')).stderr, /There is no file/);
  fs.writeFileSync(path.join(folder, 'text'), 'no log, no snapshot');
  assert.match(run('check', path.join(folder, 'text')).stdout, /neither a command nor a comment/);
  const backup = run('backup', path.join(folder, 'b'), '--url', 'http://127.0.0.1:1');
  assert.equal(backup.status, 1);
  assert.match(backup.stderr, /ECONNREFUSED|bad port/);
});
