import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { AssertionFailure } from '../../src/base/errors.ts';
import type { Execute } from '../../src/commands/command-row.ts';
import type { CommandTable } from '../../src/commands/command-table.ts';
import { HyperCache } from '../../src/index.ts';
import { METRIC } from '../../src/observability/metrics/metric-table.ts';
import { createCommandKit } from '../../src/testing/command-kit.ts';
import { createNodeKit } from '../../src/testing/node-kit.ts';
import { patiently } from '../support/patience.ts';
import { RawClient, residentBytes, talk } from '../support/raw.ts';
import { MAIN, ROOT, scratchFolder, startOurs, waitFor } from '../support/server.ts';
import { WireClient } from '../support/wire-client.ts';

/** SECURITY.md, lines 18 to 20: memory and tables, defects of ours, secrets. */

const MIB = 1024 * 1024;

test('SECURITY 18: eviction always makes room under maxmemory', async (t) => {
  const limitBytes = 8 * MIB;
  const server = await startOurs({
    args: ['--maxmemory', String(limitBytes), '--maxmemory-policy', 'allkeys-lru'],
  });
  t.after(() => server.stop());
  const startBytes = residentBytes(server.pid);
  const client = await WireClient.connect(server.port);
  const sizes = [10, 100, 1_000, 10_000, 100_000, 1_000_000];
  let written = 0;
  for (let i = 0; i < 3_000; i++) {
    const size = sizes[(i * 7) % sizes.length];
    const reply = await client.call('SET', `key:${i}`, Buffer.alloc(size, 'x'));
    if (reply.kind === 'simple') written++;
  }
  assert.equal(written, 3_000);
  const info = await talk(server.port, 'INFO\r\nQUIT\r\n');
  const fact = (name: string) => Number(new RegExp(`\n${name}:(\\d+)`).exec(info)?.[1]);
  // Room is made for what was sent; its block may be larger, until the next write or tick.
  assert.ok(fact('used_memory') <= limitBytes + 1.25 * sizes[5], `${fact('used_memory')}`);
  assert.ok(fact('evicted_keys') > 2_000);
  assert.ok(residentBytes(server.pid) - startBytes < 80 * MIB);
  client.end();
});

test('SECURITY 18: without eviction writes are refused, reads and DEL are not', async () => {
  const kit = await createNodeKit({
    settings: { 'cache.max_memory': '1mb', 'cache.eviction_policy': 'noeviction' },
  });
  const client = kit.connect();
  let i = 0;
  while (client.ask(`SET key:${i} ${'x'.repeat(10_000)}`) === '+OK\r\n') i++;
  assert.match(client.ask('SET more 1'), /^\+OK|^-OOM command not allowed/);
  assert.match(client.ask(`SET more ${'x'.repeat(20_000)}`), /^-OOM command not allowed/);
  assert.equal(client.ask('GET key:0').length, 10_010);
  assert.equal(client.ask('DEL key:0', 'DEL key:1', 'DEL key:2'), ':1\r\n:1\r\n:1\r\n');
  assert.equal(client.ask(`SET more ${'x'.repeat(10_000)}`), '+OK\r\n');
});

test('SECURITY 18: tables that clients fill have an end', async () => {
  const kit = await createNodeKit({ settings: { 'slowlog.slower_than': '0' } });
  const client = kit.connect();
  for (let i = 0; i < 500; i++) client.ask(`GET ${i}`, `NOPE${i}`, `EVAL${i} x`);
  const { services } = kit.node;
  assert.equal(services.slowLog.length, 128);
  assert.ok(services.statistics.errors.size <= 128);
  assert.ok(services.latency.histograms.size <= services.table.commands.length * 4);
  for (let i = 0; i < 12_000; i++) {
    services.logins.recordFailure(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`);
  }
  const failures = Reflect.get(services.logins, 'failures') as Map<string, unknown>;
  assert.equal(failures.size, 10_000);
});

test('SECURITY 18: a held event loop shows in the watchdog metric', async (t) => {
  const node = await HyperCache.start({ settings: { 'security.enable_debug_command': 'yes' } });
  t.after(() => node.stop());
  const { counters } = servicesOf(node);
  node.command('DEBUG', 'SLEEP', '0.3');
  await waitFor('the sample', 2_000, () => counters[METRIC.loopLagMsMax] >= 150 || undefined);
  await node.stop();
});

interface Services {
  readonly counters: Float64Array;
  readonly table: CommandTable;
}

function servicesOf(node: HyperCache): Services {
  const launched = Reflect.get(node, 'launched') as { node: { services: Services } };
  return launched.node.services;
}

function replaceCommand(node: HyperCache, name: string, change: (own: Execute) => Execute): void {
  const command = servicesOf(node).table.find(name) as { execute: Execute };
  command.execute = change(command.execute);
}

test('SECURITY 19: embedded, a throw before a change leaves the node', async (t) => {
  const node = await HyperCache.start({ port: 0 });
  t.after(() => node.stop());
  replaceCommand(node, 'strlen', () => () => {
    throw new TypeError('a defect');
  });
  const [other, client] = [await RawClient.connect(node.port), await RawClient.connect(node.port)];
  client.send('PING\r\nSTRLEN a\r\nPING\r\n');
  assert.equal(await client.untilClosed(), '+PONG\r\n');
  assert.throws(() => node.command('STRLEN', 'a'), TypeError);
  other.send('PING\r\nQUIT\r\n');
  assert.equal(await other.untilClosed(), '+PONG\r\n+OK\r\n');
  assert.equal(node.store().set('k', 'v'), true);
  assert.equal(servicesOf(node).counters[METRIC.unexpectedErrors], 2);
  await node.stop();
  await node.stopped;
});

const AFTER_CHANGE = (own: Execute): Execute => {
  return (session, frame, reply) => {
    own(session, frame, reply);
    throw new TypeError('a defect behind a change');
  };
};
const ASSERTION = (): Execute => () => {
  throw new AssertionFailure('a rule of ours');
};

for (const [what, change] of [
  ['a throw after the first change', AFTER_CHANGE],
  ['a failed assertion', ASSERTION],
] as const) {
  test(`SECURITY 19: embedded, ${what} stops the node only`, async (t) => {
    for (const isBySocket of [true, false]) {
      const node = await HyperCache.start({ port: 0 });
      const beside = await HyperCache.start({ port: 0 });
      t.after(() => Promise.all([node.stop(), beside.stop()]));
      replaceCommand(node, 'set', change);
      const client = await RawClient.connect(node.port);
      if (isBySocket) client.send('SET k v\r\nPING\r\n');
      else assert.throws(() => node.store().set('k', 'v'));
      assert.equal(await client.untilClosed(), '');
      await assert.rejects(node.stopped, /a defect behind a change|a rule of ours/);
      assert.throws(() => node.store().get('k'), /has stopped/);
      await assert.rejects(RawClient.connect(node.port), { code: 'ECONNREFUSED' });
      assert.equal(await talk(beside.port, 'PING\r\nQUIT\r\n'), '+PONG\r\n+OK\r\n');
      await node.stop();
      await beside.stop();
    }
  });
}

test('SECURITY 19: in EXEC, a throw behind a change stops the node', async () => {
  const node = await HyperCache.start();
  replaceCommand(node, 'strlen', () => () => {
    throw new TypeError('a defect in the middle');
  });
  node.command('MULTI');
  node.command('SET', 'k', 'v');
  node.command('STRLEN', 'k');
  assert.throws(() => node.command('EXEC'), TypeError);
  await assert.rejects(node.stopped, TypeError);
});

const SECRET = 'hunter2-hunter2';

test('SECURITY 20: passwords are in no log, SLOWLOG or MONITOR', async () => {
  const args = ['--requirepass', SECRET, '--loglevel', 'debug', '--slowlog-log-slower-than', '0'];
  const server = await startOurs({ args });
  let told = '';
  try {
    const watcher = await RawClient.connect(server.port);
    watcher.send(`AUTH ${SECRET}\r\nMONITOR\r\n`);
    await watcher.until(({ text }) => text === '+OK\r\n+OK\r\n');
    const lines = [
      `AUTH ${SECRET}x`,
      `AUTH default ${SECRET}`,
      `auth ${SECRET}`,
      `HELLO 2 AUTH default ${SECRET} SETNAME me`,
      `HELLO 3 SETNAME me AUTH default ${SECRET}`,
      `CONFIG SET requirepass ${SECRET}`,
      `CONFIG SET maxclients 100 masterauth ${SECRET} timeout 0`,
      `CONFIG SET tls-key-file-pass ${SECRET}`,
      `CONFIG SET security.requirepass ${SECRET}`,
      `MULTI`,
      `AUTH ${SECRET}`,
      `CONFIG SET requirepass ${SECRET}`,
      'EXEC',
      `ACL SETUSER joe on >${SECRET}`,
      `MIGRATE 127.0.0.1 1 k 0 1 AUTH ${SECRET}`,
      'PING last',
    ];
    await talk(server.port, `${lines.join('\r\n')}\r\nQUIT\r\n`);
    await watcher.until(({ text }) => text.includes('"last"'));
    told = await talk(
      server.port,
      `AUTH ${SECRET}\r\nSLOWLOG GET 100\r\nINFO everything\r\nQUIT\r\n`,
    );
    assert.match(told, /redacted/);
    assert.ok(!told.includes(SECRET), 'SLOWLOG and INFO');
    assert.ok(!watcher.text.includes(SECRET), watcher.text);
    watcher.end();
  } finally {
    await server.stop();
  }
  assert.match(server.output(), /Failed login/);
  assert.ok(!server.output().includes(SECRET), 'the log');
});

test('SECURITY 20: config show and a refused start print no secret', async () => {
  for (const args of [
    ['config', 'show', '--requirepass', SECRET, '--masterauth', SECRET],
    ['config', 'show', '--requirepass', SECRET, '--tls-key-file-pass', SECRET],
    ['start', '--requirepass', SECRET, '--prot', 'x'],
    ['start', '--requirepass', SECRET, '--port', '99999'],
  ]) {
    const text = await outputOf(args);
    assert.ok(text.length > 0);
    assert.ok(!text.includes(SECRET), `${args.join(' ')}: ${text}`);
  }
});

test('SECURITY 20: values are not logged, whatever goes wrong with them', async () => {
  const value = 'precious-value';
  const server = await startOurs({ args: ['--loglevel', 'debug', '--maxmemory', '1mb'] });
  const lines = [
    `SET k ${value}`,
    `INCR k`,
    `SET k ${value} NOPE`,
    `NOPE k ${value}`,
    `GETEX k ${value}`,
  ];
  await talk(server.port, `${lines.join('\r\n')}\r\n*2\r\n$3\r\nGET\r\n$${value}\r\n`);
  await server.stop();
  assert.ok(!server.output().includes(value), server.output());
});

test('SECURITY 20: no dependency runs a script when it is installed', () => {
  const lock = JSON.parse(fs.readFileSync(path.join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { hasInstallScript?: boolean; dev?: boolean; optional?: boolean }>;
  };
  const withScripts = Object.entries(lock.packages)
    .filter(([, facts]) => facts.hasInstallScript === true && facts.dev !== true)
    .map(([name]) => name);
  assert.deepEqual(withScripts, []);
  const own = JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  for (const hook of ['preinstall', 'install', 'postinstall', 'prepare']) {
    assert.equal(own.scripts[hook], undefined);
  }
});

test('SECURITY 20: CONFIG REWRITE keeps the file for its owner', async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hypercache-conf-'));
  const file = path.join(folder, 'redis.conf');
  fs.writeFileSync(file, 'maxclients 100\n', { mode: 0o600 });
  const server = await startOurs({ args: ['--config', file] });
  try {
    const lines = `CONFIG SET requirepass ${SECRET}\r\nCONFIG REWRITE\r\nQUIT\r\n`;
    assert.equal(await talk(server.port, lines), '+OK\r\n+OK\r\n+OK\r\n');
    assert.match(fs.readFileSync(file, 'utf8'), new RegExp(SECRET));
    assert.equal(fs.statSync(file).mode & 0o777, 0o600);
  } finally {
    await server.stop();
    fs.rmSync(folder, { recursive: true });
  }
});

test('SECURITY 19: errors of commands in a kit never throw', async () => {
  const kit = await createCommandKit();
  for (const command of kit.node.services.table.commands) {
    if (['shutdown', 'debug'].includes(command.row.name)) continue;
    for (const args of [[], ['\0'], ['k', '-1'], ['k', 'v', '', '\xff']]) {
      assert.doesNotThrow(() => {
        try {
          kit.run(command.row.name, ...args);
        } catch (error) {
          // Commands that answer nothing, or more than once, have no single reply.
          if (!/wrote no reply/.test(String(error))) throw error;
        }
      }, command.row.name);
    }
  }
});

function outputOf(args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [MAIN, ...args], { stdio: 'pipe', cwd: scratchFolder() });
    let text = '';
    const take = (bytes: Buffer) => {
      text += bytes.toString();
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    const timer = setTimeout(() => child.kill('SIGKILL'), patiently(10_000));
    child.on('close', () => {
      clearTimeout(timer);
      resolve(text);
    });
  });
}
