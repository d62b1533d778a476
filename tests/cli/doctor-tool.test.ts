/** `hypercache doctor` on this machine: problems that are there, and are named. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { startCluster } from '../cluster/local-cluster.ts';
import { startWithHttp } from '../http/http-server.ts';
import { findFreePort, scratchFolder, skipWithout, startOurs, waitFor } from '../support/server.ts';
import { WireClient } from '../support/wire-client.ts';
import { type RunOptions, readTool, runTool } from './run-tool.ts';

interface DoctorFacts {
  readonly stage: string;
  readonly checks: readonly {
    readonly check: string;
    readonly verdict: string;
    readonly reason: string;
  }[];
}

/** Settings of a node that could start here, whatever else runs. */
async function soundSettings(): Promise<string[]> {
  const [resp, http] = [await findFreePort(), await findFreePort()];
  return [
    ...['--port', `${resp}`, '--http-port', `${http}`, '--http.enabled=yes'],
    ...['--cache.max_memory=64mb', '--cache.node_max_memory=128mb', '--cluster.enabled=no'],
  ];
}

/** What is said by one check, worst first. */
async function ask(check: string, args: readonly string[], options: RunOptions = {}) {
  const { code, facts } = await readTool<DoctorFacts>(['doctor', ...args], options);
  const found = facts.checks.filter((each) => each.check === check);
  return { code, found, text: JSON.stringify(found) };
}

test('before a start nothing is wrong with sound settings', async () => {
  const { facts } = await readTool<DoctorFacts>(['doctor', ...(await soundSettings())]);
  assert.equal(facts.stage, 'stopped');
  assert.deepEqual(
    facts.checks.filter((each) => each.verdict === 'failure'),
    [],
  );
});

test('before a start: a port that is taken', async (t) => {
  const holder = net.createServer();
  holder.listen(0, '127.0.0.1');
  await once(holder, 'listening');
  t.after(() => holder.close());
  const { port } = holder.address() as net.AddressInfo;
  const { code, text } = await ask('ports', [...(await soundSettings()), '--http-port', `${port}`]);
  assert.equal(code, 1);
  assert.match(text, new RegExp(`failure.*network.http_port: .*${port}: EADDRINUSE`));
});

test('before a start: a data directory that is none, one that another node holds', async (t) => {
  const file = path.join(scratchFolder(), 'data');
  fs.writeFileSync(file, '');
  const none = await ask('data-directory', [...(await soundSettings()), '--data-dir', file]);
  assert.match(none.text, /failure.*EEXIST|failure.*ENOTDIR/);
  const dataDir = scratchFolder();
  const server = await startOurs({ args: ['--data-dir', dataDir] });
  t.after(() => server.stop());
  const taken = await ask('data-directory', [...(await soundSettings()), '--data-dir', dataDir]);
  assert.match(taken.text, new RegExp(`failure.*in use by the process ${server.pid}`));
});

test('before a start: no password on a public address, a limit beyond the machine', async () => {
  const open = ['--network.resp_bind_addr=0.0.0.0', '--network.protected_mode=no'];
  const password = await ask('password', [...(await soundSettings()), ...open]);
  assert.equal(password.code, 1);
  assert.match(password.text, /failure.*0\.0\.0\.0 without a password.*security\.requirepass/);
  const large = await ask('memory-limit', [
    ...(await soundSettings()),
    '--cache.node_max_memory=900tb',
  ]);
  assert.match(large.text, /failure.*900 TiB, and there are/);
});

test('before a start: few open files, as the shell that starts it has them', {
  skip: process.platform !== 'linux' && 'limits are read from /proc',
}, async () => {
  const { text } = await ask('open-files', await soundSettings(), {
    wrap: (words) => ['sh', '-c', `ulimit -n 600; exec ${words.join(' ')}`],
  });
  assert.match(text, /warning.*600 files may be open: that is 568 clients, not 10000/);
});

test('before a start: mistakes in a file, and data that is damaged', async () => {
  const folder = scratchFolder();
  const file = path.join(folder, 'node.yaml');
  fs.writeFileSync(file, 'cache:\n  max_memry: 1gb\n');
  const settings = await ask('settings', [file]);
  assert.equal(settings.code, 1);
  assert.match(settings.text, /node\.yaml:2: .*max_memry.*did you mean 'cache.max_memory'/);
  fs.writeFileSync(path.join(folder, 'dump.rdb'), 'REDIS0011, and then nothing');
  const deep = ['--deep', '--data-dir', folder, '--persistence.strategy=snapshot'];
  const data = await ask('data-files', [...(await soundSettings()), ...deep]);
  assert.match(data.text, /failure.*dump\.rdb: torn or damaged.*hypercache repair/);
});

test('of a running node: its limits are read from its process, and all is well', async (t) => {
  const node = await startWithHttp(t, ['--cache.node_max_memory=256mb', '--cache.max_memory=64mb']);
  const { code, facts } = await readTool<DoctorFacts>(['doctor', '--url', node.origin]);
  assert.equal(code, 0, JSON.stringify(facts.checks));
  if (process.platform === 'linux') assert.equal(facts.stage, 'here');
  const names = facts.checks.map((each) => each.check);
  for (const name of ['health', 'answers', 'memory', 'log', 'clients']) {
    assert.ok(names.includes(name), name);
  }
});

test('of a running node: memory that is full, clients that were refused', async (t) => {
  const node = await startWithHttp(t, [
    ...['--maxmemory', '2mb', '--maxmemory-policy', 'noeviction', '--maxclients', '2'],
  ]);
  const client = await WireClient.connect(node.port);
  t.after(() => client.end());
  for (let i = 0; i < 3000; i++) client.sendCommands([['SET', `key:${i}`, 'x'.repeat(1000)]]);
  await client.take(3000);
  for (let i = 0; i < 4; i++) {
    const another = await WireClient.connect(node.port);
    t.after(() => another.end());
  }
  const health = await waitFor('the refusals to be counted', 5_000, async () => {
    const found = await ask('clients', ['--url', node.origin]);
    return /refused since the start/.test(found.text) ? found : undefined;
  });
  assert.match(health.text, /warning.*network\.max_clients/);
  const full = await ask('health', ['--url', node.origin]);
  assert.equal(full.code, 1);
  assert.match(full.text, /failure.*memory: the store 'default' is full.*eviction_policy/);
});

test('of a running node: a log that the disk refuses', {
  skip: skipWithout('prlimit'),
}, async (t) => {
  const node = await startWithHttp(t, ['--appendonly', 'yes']);
  const client = await WireClient.connect(node.port);
  t.after(() => client.end());
  /** No file of the process may be larger; what it may ask for stays as it was. */
  const limitFiles = (bytes: string): void => {
    const { status, stderr } = spawnSync('prlimit', ['--pid', `${node.pid}`, `--fsize=${bytes}:`]);
    assert.equal(status, 0, String(stderr));
  };
  limitFiles('20000');
  // What is executed and not in the log has no reply yet.
  for (let i = 0; i < 100; i++) client.sendCommands([['SET', `key:${i}`, 'x'.repeat(1000)]]);
  const refused = await waitFor('the disk to refuse the log', 10_000, async () => {
    const log = await ask('log', ['--url', node.origin]);
    return log.code === 1 ? log : undefined;
  });
  assert.match(refused.text, /failure.*refuses the log of 'default': EFBIG.*make room/);
  limitFiles('unlimited');
  await client.take(100);
});

test('of a running node: a password that is wrong, and nobody at a named address', async (t) => {
  const node = await startWithHttp(t, ['--requirepass', 'right']);
  const wrong = await ask('login', ['--url', node.origin], {
    env: { HYPERCACHE_PASSWORD: 'wrong' },
  });
  assert.equal(wrong.code, 1);
  assert.match(wrong.text, /failure.*the password, or the user, is wrong/);
  const right = await ask('login', ['--url', node.origin], {
    env: { HYPERCACHE_PASSWORD: 'right' },
  });
  assert.match(right.text, /good/);
  const nobody = await runTool(['doctor', '--url', 'http://127.0.0.1:1']);
  assert.equal(nobody.code, 1);
  assert.match(nobody.out, /failure +node +http:\/\/127\.0\.0\.1:1.*\n +do: see that it runs/);
});

interface StatusFacts {
  readonly members: readonly { readonly status: string }[];
}

test('of a cluster: one that was killed is missing, until it is forgotten', async (t) => {
  const { baseDir, nodes } = await startCluster(t, {
    nodeCount: 2,
    settings: ['--cache.node_max_memory=128mb', '--cache.max_memory=64mb'],
  });
  const at = ['--base-dir', baseDir];
  const status = await readTool<StatusFacts>(['cluster', 'status', ...at]);
  assert.equal(status.code, 0);
  assert.deepEqual(
    status.facts.members.map((member) => member.status),
    ['alive', 'alive'],
  );
  const well = await readTool<DoctorFacts>(['doctor', ...at]);
  assert.equal(well.code, 0, JSON.stringify(well.facts.checks));
  assert.match(
    JSON.stringify(well.facts.checks),
    /"views","verdict":"good","reason":"2 nodes agree/,
  );
  nodes[1]?.signal('SIGKILL');
  await waitFor('node-2 to be missed', 10_000, async () => {
    const found = await ask('members', at);
    return /failure.*node-2.*cluster forget node-2/.test(found.text) || undefined;
  });
  await waitFor('node-2 to be forgotten', 20_000, async () => {
    const forgotten = await runTool(['cluster', 'forget', 'node-2', ...at, '--json']);
    return forgotten.code === 0 || undefined;
  });
  await waitFor('it to be missed no more', 10_000, async () => {
    const found = await ask('members', at);
    return !/failure/.test(found.text) || undefined;
  });
  const stopped = await readTool<{ nodes: object }>(['cluster', 'stop', ...at]);
  assert.deepEqual(stopped.facts.nodes, { 'node-1': 'stopped', 'node-2': 'was not running' });
});
