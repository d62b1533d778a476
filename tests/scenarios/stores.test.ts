import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { plainReply } from '../../src/testing/reply-decoder.ts';
import { type RunningServer, startOurs, waitFor } from '../support/server.ts';
import { WireClient } from '../support/wire-client.ts';

/** Named stores of the real binary: what survives a restart, what a drop does to its clients. */

let folder: string;
let directory: string;
let number = 0;
const servers: RunningServer[] = [];

before(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stores-test-'));
});
after(async () => {
  // Those that a failed test left.
  for (const server of servers) await server.stop('SIGKILL');
  fs.rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  directory = path.join(folder, `data-${++number}`);
});

async function start(...args: string[]): Promise<RunningServer> {
  const server = await startOurs({ args: ['--data-dir', directory, ...args] });
  servers.push(server);
  return server;
}

async function connect(server: RunningServer): Promise<Caller> {
  return new Caller(await WireClient.connect(server.port));
}

class Caller {
  readonly wire: WireClient;

  constructor(wire: WireClient) {
    this.wire = wire;
  }

  /** One line of words. Errors come as their text. */
  async ask(line: string): Promise<unknown> {
    const reply = plainReply(await this.wire.call(...line.split(' ')));
    return reply instanceof Error ? reply.message : reply;
  }
}

function storesFile(): string {
  return path.join(directory, 'stores.json');
}

/** What a node that will not start says. */
async function refusalOf(...args: string[]): Promise<string> {
  try {
    const server = await start(...args);
    await server.stop();
  } catch (error) {
    return (error as Error).message;
  }
  return assert.fail('the node started');
}

test('stores made while the node runs are there after a restart, as they were made', async () => {
  const first = await start();
  const admin = await connect(first);
  await admin.ask('store create plain');
  await admin.ask('store create full max_memory 1mb default_ttl 1500ms eviction_policy noeviction');
  await admin.ask('store create gone');
  await admin.ask('store drop gone');
  const told = [await admin.ask('store info full'), await admin.ask('stores')];
  assert.deepEqual(told[1], ['default', 'plain', 'full']);
  assert.match(JSON.stringify(told[0]), /"max_memory",1048576,/);
  await first.stop('SIGKILL');

  const second = await start();
  const again = await connect(second);
  assert.deepEqual([await again.ask('store info full'), await again.ask('stores')], told);
  assert.equal(await again.ask('select full'), 'OK');
  await again.ask('set k 1');
  assert.equal(Number(await again.ask('pttl k')) > 0, true);
  await again.ask('store drop full');
  await second.stop();

  const third = await start();
  assert.deepEqual(await (await connect(third)).ask('stores'), ['default', 'plain']);
  await third.stop();
});

test('stores of YAML are made at the start and win over what was kept, with one line', async () => {
  const yaml = path.join(folder, 'hypercache.yaml');
  fs.writeFileSync(
    yaml,
    'stores:\n  - {name: Sessions, max_memory: 2mb}\n  - {name: default, max_memory: 64mb}\n',
  );
  const first = await start();
  const admin = await connect(first);
  await admin.ask('store create sessions max_memory 1mb');
  await admin.ask('store create other');
  await first.stop();

  const second = await start('--config', yaml);
  const again = await connect(second);
  assert.deepEqual(await again.ask('stores'), ['default', 'Sessions', 'other']);
  assert.match(JSON.stringify(await again.ask('store info sessions')), /"max_memory",2097152,/);
  assert.match(JSON.stringify(await again.ask('store info default')), /"max_memory",67108864,/);
  await second.stop();
  assert.equal(second.output().split('store-differs').length - 1, 1);

  const third = await start('--config', yaml);
  assert.deepEqual(await (await connect(third)).ask('stores'), ['default', 'Sessions', 'other']);
  await third.stop();
  assert.equal(third.output().includes('store-differs'), false);
});

test('a bad stores.json ends the start with name and reason, and is left as it is', async () => {
  fs.mkdirSync(directory, { recursive: true });
  const bad: [string, RegExp][] = [
    ['{"version":1,"stores":[{"name":"a"', /stores\.json cannot be used: .*JSON/],
    [
      '{"version":1,"stores":[{"name":"../../etc/a"}]}',
      /stores\.json cannot be used: store '\.\.\/\.\.\/etc\/a': name: must be/,
    ],
    [
      '{"version":1,"stores":[{"name":"a","eviction_policy":"best"}]}',
      /stores\.json cannot be used: store 'a': eviction_policy: must be/,
    ],
  ];
  for (const [text, reason] of bad) {
    fs.writeFileSync(storesFile(), text);
    assert.match(await refusalOf(), reason);
    assert.equal(fs.readFileSync(storesFile(), 'utf8'), text);
  }
});

test('where the list of stores cannot be written none is made', async () => {
  const server = await start();
  const admin = await connect(server);
  // A file in the directory's place: nobody may write there, not even root.
  fs.rmSync(directory, { recursive: true, force: true });
  fs.writeFileSync(directory, '');
  assert.match(String(await admin.ask('store create a')), /^MISCONF The store was not created: /);
  assert.deepEqual(await admin.ask('stores'), ['default']);
  fs.rmSync(directory);
  assert.equal(await admin.ask('store create a'), 'OK');
  await server.stop();
});

test('without persistence nothing is written', async () => {
  const server = await start('--persistence.enabled=false');
  const admin = await connect(server);
  assert.equal(await admin.ask('store create a'), 'OK');
  await server.stop();
  assert.equal(fs.existsSync(storesFile()), false);
});

test('a drop answers clients that wait, and a busy script holds it up', async () => {
  const server = await start('--persistence.enabled=false');
  const admin = await connect(server);
  await admin.ask('config set lua-time-limit 50');
  await admin.ask('store create a');
  const [waiting, scripted, open] = [
    await connect(server),
    await connect(server),
    await connect(server),
  ];
  for (const client of [waiting, scripted, open]) assert.equal(await client.ask('select a'), 'OK');
  const answer = waiting.ask('blpop list 0');
  await waitFor('the client to wait', 10_000, async () => {
    return String(await admin.ask('info clients')).includes('blocked_clients:1') || undefined;
  });
  await open.ask('watch k');
  await open.ask('multi');
  await open.ask('ping');

  const script = scripted.wire.call('eval', 'while true do end', '0');
  await waitFor('the script to be busy', 10_000, async () => {
    return String(await admin.ask('get k')).startsWith('BUSY') || undefined;
  });
  assert.match(String(await admin.ask('store drop a')), /^BUSY/);
  assert.equal(await admin.ask('script kill'), 'OK');
  assert.match(String(plainReply(await script)), /killed/i);

  assert.equal(await admin.ask('store drop a'), 'OK');
  assert.equal(await answer, 'NOSTORE The store was dropped');
  assert.equal(await waiting.ask('get k'), 'NOSTORE The store was dropped');
  assert.equal(await waiting.ask('select 0'), 'OK');
  assert.equal(await waiting.ask('get k'), null);
  assert.equal(await open.ask('exec'), null);
  assert.equal(await scripted.ask('ping'), 'PONG');
  await server.stop();
});
