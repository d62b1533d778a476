import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import { plainReply } from '../../src/testing/reply-decoder.ts';
import {
  MAIN,
  type RunningServer,
  scratchFolder,
  skipWithout,
  startOurs,
  startRedis,
  waitFor,
} from '../support/server.ts';
import { WireClient } from '../support/wire-client.ts';

interface Kept {
  readonly server: RunningServer;
  ask(...args: string[]): Promise<unknown>;
}

async function start(t: TestContext, folder: string, args: string[] = []): Promise<Kept> {
  const common = ['--dir', folder, '--enable-debug-command', 'yes'];
  return await connect(t, await startOurs({ args: [...common, ...args] }));
}

async function connect(t: TestContext, server: RunningServer): Promise<Kept> {
  t.after(() => server.stop('SIGKILL'));
  const client = await waitFor('the data to be loaded', 30_000, async () => {
    const one = await WireClient.connect(server.port);
    if ((await one.call('PING')).kind === 'simple') return one;
    one.end();
    return undefined;
  });
  t.after(() => client.socket.destroy());
  return { server, ask: async (...args) => plainReply(await client.call(...args)) };
}

async function fill({ ask }: Kept): Promise<void> {
  await ask('DEBUG', 'POPULATE', '2000', 'key', '100');
  await ask('SET', 'soon', 'x', 'PX', '100000');
  for (let i = 0; i < 300; i++) {
    await ask('RPUSH', 'list', `element ${i}`);
    await ask('HSET', 'hash', `field ${i}`, String(i));
    await ask('ZADD', 'zset', String(i / 3), `member ${i}`);
    await ask('SADD', 'set', `member ${i}`);
    await ask('XADD', 'stream', '*', 'field', String(i));
  }
  await ask(
    'FUNCTION',
    'LOAD',
    "#!lua name=l\nredis.register_function('f', function() return 7 end)",
  );
}

test('a node that was killed, or told to end, comes back with all of every store', async (t) => {
  const folder = scratchFolder();
  const first = await start(t, folder);
  await fill(first);
  for (const strategy of ['aof', 'hybrid', 'snapshot']) {
    assert.equal(await first.ask('STORE', 'CREATE', strategy, 'PERSISTENCE', strategy), 'OK');
    await first.ask('SELECT', strategy);
    await first.ask('SET', 'where', strategy);
  }
  await first.ask('SELECT', '0');
  const digest = await first.ask('DEBUG', 'DIGEST');
  await first.server.stop('SIGKILL');
  const second = await start(t, folder);
  assert.equal(await second.ask('DEBUG', 'DIGEST'), digest);
  assert.equal(await second.ask('FCALL', 'f', '0'), 7);
  const found: unknown[] = [];
  for (const store of ['aof', 'hybrid', 'snapshot']) {
    await second.ask('SELECT', store);
    found.push(await second.ask('GET', 'where'));
    await second.ask('SET', 'where', `${store} again`);
  }
  assert.deepEqual(found, ['aof', 'hybrid', null]);
  assert.equal(await second.server.stop(), 0);
  const third = await start(t, folder);
  assert.equal(await third.ask('DEBUG', 'DIGEST'), digest);
  for (const store of ['aof', 'hybrid', 'snapshot']) {
    await third.ask('SELECT', store);
    assert.equal(await third.ask('GET', 'where'), `${store} again`);
  }
});

test('a second node refuses the directory of one that runs, not of a killed one', async (t) => {
  const folder = scratchFolder();
  const first = await start(t, folder);
  const run = spawnSync(process.execPath, [MAIN, '--port', '0', '--dir', folder], {
    encoding: 'utf8',
    cwd: scratchFolder(),
    timeout: 60_000,
  });
  assert.equal(run.status, 1);
  assert.match(
    run.stderr,
    new RegExp(`^hypercache: .*${folder} is in use by the process ${first.server.pid}`),
  );
  assert.equal(await first.ask('SET', 'a', '1'), 'OK');
  await first.server.stop('SIGKILL');
  assert.equal(await (await start(t, folder)).ask('GET', 'a'), '1');
});

test('a damaged file is a refused start that names the file and the place', async (t) => {
  const folder = scratchFolder();
  const first = await start(t, folder, ['--appendonly', 'no']);
  await fill(first);
  assert.equal(await first.ask('SAVE'), 'OK');
  await first.server.stop('SIGKILL');
  const file = path.join(folder, 'dump.rdb');
  const bytes = fs.readFileSync(file);
  bytes[bytes.length >> 1]! ^= 4;
  fs.writeFileSync(file, bytes);
  const args = [MAIN, '--port', '0', '--dir', folder, '--appendonly', 'no'];
  const run = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    cwd: scratchFolder(),
    timeout: 60_000,
  });
  assert.equal(run.status, 1);
  assert.match(run.stderr, /^hypercache: Cannot load .*dump\.rdb: .* at offset \d+$/m);
  assert.deepEqual(fs.readFileSync(file), bytes);
});

test('commands on what lies on disk answer as redis-server does', {
  skip: skipWithout('redis-server'),
}, async (t) => {
  const words = ['--enable-debug-command', 'yes', '--save', '3600 1'];
  const ours = await start(t, scratchFolder(), [...words, '--appendonly', 'no']);
  const redis = await connect(t, await startRedis({ args: words }));
  const commands = [
    'SET a 1',
    'SAVE now',
    'SAVE',
    'BGSAVE now',
    'BGSAVE SCHEDULE now',
    'BGSAVE',
    'LASTSAVE now',
    'BGREWRITEAOF now',
    'DEBUG RELOAD',
    'DEBUG RELOAD NOSAVE',
    'DEBUG RELOAD MERGE NOFLUSH WHAT',
    'MULTI',
    'SAVE',
    'BGSAVE',
    'EXEC',
    'MULTI',
    'BGSAVE',
    'BGSAVE SCHEDULE',
    'EXEC',
    'MULTI',
    'BGREWRITEAOF',
    'EXEC',
    'EVAL return(redis.call("SAVE")) 0',
    'CONFIG SET appendonly yes',
    'CONFIG GET appendonly',
    'CONFIG SET appendfsync sometimes',
    'CONFIG SET appendfsync always',
    'SET b 2',
    'CONFIG SET appendonly no',
    'SHUTDOWN SAVE NOSAVE',
    'SHUTDOWN ABORT',
    'SHUTDOWN ABORT NOW',
  ];
  for (const command of commands) {
    const args = command.split(' ');
    for (const kept of [ours, redis]) await untilIdle(kept);
    assert.deepEqual(await ours.ask(...args), await redis.ask(...args), command);
  }
  const [mine, theirs] = [await fieldsOf(ours), await fieldsOf(redis)];
  assert.deepEqual(mine, theirs);
  assert.deepEqual([await ours.server.stop(), await redis.server.stop()], [0, 0]);
});

/** What one of them still does in the background changes the other's answers. */
async function untilIdle({ server }: Kept): Promise<void> {
  const client = await WireClient.connect(server.port);
  await waitFor('the background', 10_000, async () => {
    const info = String(plainReply(await client.call('INFO', 'persistence')));
    return !/(bgsave_in_progress|rewrite_in_progress|rewrite_scheduled):1/.test(info) || undefined;
  });
  client.end();
}

async function fieldsOf({ ask }: Kept): Promise<string[]> {
  const lines = String(await ask('INFO', 'persistence')).split('\r\n');
  return lines.map((line) => line.split(':')[0]!).filter((name) => name !== '');
}
