import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GIB, member, PID, storeOf, Ward } from '../../testing/doctor-ward.ts';
import type { Verdict } from './check-row.ts';

/** What is spoiled, and what the doctor says of it. */
interface Case {
  readonly check: string;
  readonly verdict: Verdict;
  readonly reason: RegExp;
  readonly args?: readonly string[];
  spoil?(ward: Ward): void;
}

async function judge(
  { args = [], check, reason, spoil, verdict }: Case,
  ward: Ward,
): Promise<void> {
  spoil?.(ward);
  const checks = await ward.examine(...args);
  const found = checks.filter((each) => each.check === check && each.verdict === verdict);
  const said = JSON.stringify(checks.filter((each) => each.check === check));
  assert.ok(
    found.some((each) => reason.test(each.reason)),
    `${check}: ${said}`,
  );
  if (verdict === 'failure' || verdict === 'warning') {
    for (const { advice } of found) assert.notEqual(advice, '', check);
  }
}

const FAULTS_BEFORE_START: readonly Case[] = [
  {
    ...{ check: 'settings', verdict: 'failure', reason: /unknown setting 'cache.max_memry'/ },
    spoil: (ward) => ward.write('/etc/node.yaml', 'cache: {max_memry: 1gb}'),
    args: ['/etc/node.yaml'],
  },
  {
    ...{ check: 'settings', verdict: 'notice', reason: /not used by this version/ },
    args: ['--cluster.replica_of=a 1'],
  },
  {
    ...{ check: 'password', verdict: 'warning', reason: /protected mode refuses/ },
    args: ['--network.resp_bind_addr=0.0.0.0'],
  },
  {
    ...{ check: 'password', verdict: 'failure', reason: /http_bind_addr is 10.0.0.1 without/ },
    args: ['--network.http_bind_addr=10.0.0.1', '--network.protected_mode=no'],
  },
  {
    ...{ check: 'encryption', verdict: 'notice', reason: /can be read on the way/ },
    args: ['--network.resp_bind_addr=10.0.0.1', '--requirepass', 'secret'],
  },
  {
    ...{
      check: 'certificate',
      verdict: 'failure',
      reason: /tls\.cert_file \/no\.crt cannot be read/,
    },
    args: ['--tls.port=6390', '--tls.cert_file=/no.crt', '--tls.key_file=/no.key'],
  },
  {
    ...{ check: 'cluster-key', verdict: 'failure', reason: /10\.0\.0\.1: without a key/ },
    args: ['--network.gossip_bind_addr=10.0.0.1'],
  },
  {
    ...{ check: 'cluster-key', verdict: 'warning', reason: /has 5 characters/ },
    args: ['--cluster.key=short'],
  },
  {
    ...{ check: 'debug-commands', verdict: 'warning', reason: /security\.enable_debug_command/ },
    args: ['--security.enable_debug_command=yes'],
  },
  {
    ...{ check: 'durability', verdict: 'notice', reason: /nothing is kept/ },
    args: ['--persistence.enabled=no'],
  },
  {
    ...{ check: 'durability', verdict: 'notice', reason: /only snapshots/ },
    args: ['--persistence.strategy=snapshot'],
  },
  {
    ...{ check: 'node-version', verdict: 'failure', reason: /v18\.1\.0 is older/ },
    spoil: (ward) => Object.assign(ward.world.host, { nodeVersion: 'v18.1.0' }),
  },
  {
    ...{ check: 'open-files', verdict: 'warning', reason: /1024 files.*992 clients, not 10000/ },
    spoil: (ward) => Object.assign(ward.world.host, { openFileCountMax: 1024 }),
  },
  {
    ...{ check: 'memory-limit', verdict: 'failure', reason: /is 16 GiB, and there are 8\.0 GiB/ },
    args: ['--cache.node_max_memory=16gb'],
  },
  {
    ...{ check: 'memory-limit', verdict: 'warning', reason: /no limit/ },
    args: ['--cache.node_max_memory=0'],
  },
  {
    ...{ check: 'memory-free', verdict: 'notice', reason: /take 6\.4 GiB, and only 1\.0 GiB/ },
    spoil: (ward) => ward.write('/proc/meminfo', `MemAvailable: ${1024 ** 2} kB\n`),
  },
  {
    ...{ check: 'swap', verdict: 'notice', reason: /vm\.swappiness is 60/ },
    spoil: (ward) => {
      ward.write('/proc/swaps', 'Filename Type\n/swapfile file 1 0 -2\n');
      ward.write('/proc/sys/vm/swappiness', '60\n');
    },
  },
  {
    ...{ check: 'overcommit', verdict: 'warning', reason: /overcommit_memory is 2/ },
    spoil: (ward) => ward.write('/proc/sys/vm/overcommit_memory', '2\n'),
  },
  {
    ...{ check: 'huge-pages', verdict: 'notice', reason: /always on/ },
    spoil: (ward) =>
      ward.write('/sys/kernel/mm/transparent_hugepage/enabled', '[always] madvise never\n'),
  },
  {
    ...{ check: 'backlog', verdict: 'notice', reason: /128 connections wait, .* 511/ },
    spoil: (ward) => ward.write('/proc/sys/net/core/somaxconn', '128\n'),
  },
  {
    ...{ check: 'data-directory', verdict: 'failure', reason: /in use by the process 4242/ },
    spoil: (ward) => {
      const { world } = ward;
      const mark = world.host.processMark(4242);
      const holder = JSON.stringify({ pid: 4242, mark, host: world.host.hostname });
      ward.write('/data/node-1/hypercache.lock', holder);
    },
  },
  {
    ...{ check: 'data-directory', verdict: 'failure', reason: /EACCES/ },
    spoil: (ward) => ward.world.disk.addFault({ code: 'EACCES', verbs: ['open'] }),
  },
  {
    ...{ check: 'disk-space', verdict: 'warning', reason: /10 GiB are free .*19 GiB/ },
    spoil: (ward) => Object.assign(ward.world.disk, { freeByteCount: 10 * GIB }),
  },
  {
    ...{ check: 'disk-space', verdict: 'failure', reason: /only 1\.0 MiB are free/ },
    spoil: (ward) => Object.assign(ward.world.disk, { freeByteCount: 1024 ** 2 }),
  },
  {
    ...{ check: 'disk-sync', verdict: 'warning', reason: /takes 50\.0 ms.* always/ },
    spoil: (ward) => ward.world.disk.addFault({ code: '', delayMs: 50 }),
    args: ['--persistence.sync_policy=always'],
  },
  {
    ...{ check: 'data-files', verdict: 'failure', reason: /dump\.rdb: torn or damaged/ },
    spoil: (ward) => ward.write('/data/node-1/dump.rdb', 'REDIS0011 and no more'),
    args: ['--deep', '--persistence.strategy=snapshot'],
  },
  {
    ...{ check: 'ports', verdict: 'failure', reason: /network\.resp_port: .*8080.*EADDRINUSE/ },
    spoil: (ward) => ward.listen((socket) => socket.destroy()),
  },
  {
    ...{ check: 'ports', verdict: 'failure', reason: /http_port are both 8080|and .* both 8080/ },
    args: ['--http-port', '8080'],
  },
  {
    ...{ check: 'seeds', verdict: 'warning', reason: /no seed answers: .*7999/ },
    args: ['--seeds', '127.0.0.1:7999'],
  },
];

for (const each of FAULTS_BEFORE_START) {
  const { args = [], check, reason, verdict } = each;
  test(`before a start, ${check} is a ${verdict}: ${reason.source} ${args.join(' ')}`, async () => {
    await judge(each, new Ward());
  });
}

const FAULTS_OF_NODES: readonly Case[] = [
  {
    ...{ check: 'login', verdict: 'failure', reason: /it wants a password: HYPERCACHE_PASSWORD/ },
    spoil: ({ node }) => Object.assign(node!, { status: 401 }),
  },
  {
    ...{ check: 'health', verdict: 'failure', reason: /disk: the log cannot be written/ },
    spoil: ({ node }) => node!.issues.push('disk: the log cannot be written: ENOSPC'),
  },
  {
    ...{ check: 'answers', verdict: 'failure', reason: /Cannot connect to 127\.0\.0\.1:8099/ },
    spoil: ({ node }) => Object.assign(node!.config, { network: { resp_port: '8099' } }),
  },
  {
    ...{ check: 'answers', verdict: 'failure', reason: /a PING is refused: MISCONF no disk/ },
    spoil: (ward) => Object.assign(ward, { pong: '-MISCONF no disk\r\n' }),
  },
  {
    ...{ check: 'version', verdict: 'notice', reason: /version 9\.9\.9/ },
    spoil: ({ node }) => Object.assign(node!.process, { version: '9.9.9' }),
  },
  {
    ...{ check: 'node-version', verdict: 'notice', reason: /v23\.0\.0 is an odd release/ },
    spoil: ({ node }) => Object.assign(node!.process, { node_version: 'v23.0.0' }),
  },
  {
    ...{ check: 'open-files', verdict: 'warning', reason: /that is 992 clients, fewer than/ },
    spoil: (ward) => {
      ward.write(`/proc/${PID}/limits`, 'Max open files            1024     1024     files\n');
      Object.assign(ward.node!.config, { network: { max_clients: '992' } });
    },
  },
  {
    ...{ check: 'memory-limit', verdict: 'notice', reason: /and 3 nodes share the 8\.0 GiB/ },
    spoil: (ward) => {
      ward.addPeer(2);
      ward.addPeer(3);
    },
  },
  {
    ...{ check: 'swap', verdict: 'warning', reason: /120 MiB of the process lie in swap/ },
    spoil: (ward) => ward.write(`/proc/${PID}/status`, `VmSwap:\t ${120 * 1024} kB\n`),
  },
  {
    ...{ check: 'memory', verdict: 'failure', reason: /3\.9 GiB of 4\.0 GiB.*panic/ },
    spoil: ({ node }) => Object.assign(node!.memory, { used: 3.9 * GIB, pressure_level: 'panic' }),
  },
  {
    ...{ check: 'log', verdict: 'failure', reason: /refuses the log of 'default': ENOSPC/ },
    spoil: ({ node }) => Object.assign(node!.log, { failure: 'ENOSPC' }),
  },
  {
    ...{ check: 'log', verdict: 'warning', reason: /took 2\.5 s/ },
    spoil: ({ node }) => Object.assign(node!.log, { last_sync_duration_ms: 2500 }),
  },
  {
    ...{ check: 'snapshot', verdict: 'failure', reason: /'default' failed: EIO/ },
    spoil: ({ node }) => Object.assign(node!.snapshot, { last_ok: false, last_failure: 'EIO' }),
  },
  {
    ...{ check: 'clients', verdict: 'warning', reason: /9000 clients of 10000/ },
    spoil: ({ node }) => Object.assign(node!, { connections: 9000 }),
  },
  {
    ...{ check: 'clients', verdict: 'warning', reason: /7 connections refused/ },
    spoil: ({ node }) => Object.assign(node!, { rejected: 7 }),
  },
  {
    ...{ check: 'hit-rate', verdict: 'notice', reason: /'default' finds 20\.0 %/ },
    spoil: ({ node }) => Object.assign(node!.stores, { default: storeOf(0.2) }),
  },
  {
    ...{ check: 'members', verdict: 'failure', reason: /node-2 is not reached any more/ },
    spoil: ({ node }) => node!.cluster.members.push(member('node-2', 9081, 'failed')),
  },
  {
    ...{ check: 'members', verdict: 'warning', reason: /there are seeds, and the node is alone/ },
    spoil: ({ node }) =>
      Object.assign(node!.config, { cluster: { enabled: 'yes', seeds: '10.0.0.9:7946' } }),
  },
  {
    ...{ check: 'peers', verdict: 'warning', reason: /node-3 does not tell how it is: .*ECONN/ },
    spoil: ({ node }) => node!.cluster.members.push(member('node-3', 9082)),
  },
  {
    ...{ check: 'views', verdict: 'failure', reason: /node-2 sees 1 node, this one 2/ },
    spoil: (ward) => Object.assign(ward.addPeer(2).cluster, { cluster_size: 1 }),
  },
  {
    ...{ check: 'views', verdict: 'failure', reason: /node-2 has another table/ },
    spoil: (ward) => Object.assign(ward.addPeer(2).cluster, { table: { digest: 'b' } }),
  },
  {
    ...{
      check: 'cluster-versions',
      verdict: 'warning',
      reason: /0\.0\.0.*: node-1; 2\.0\.0: node-2/,
    },
    spoil: (ward) => {
      ward.addPeer(2);
      Object.assign(ward.node!.cluster.members[1].metadata, { version: '2.0.0' });
    },
  },
  {
    ...{ check: 'clocks', verdict: 'failure', reason: /clock of node-2 is 700 ms ahead/ },
    spoil: (ward) => Object.assign(ward.addPeer(2), { clockAheadMs: 700 }),
  },
  {
    ...{ check: 'clocks', verdict: 'warning', reason: /clock of node-2 is 200 ms behind/ },
    spoil: (ward) => Object.assign(ward.addPeer(2), { clockAheadMs: -200 }),
  },
  {
    ...{ check: 'copies', verdict: 'warning', reason: /1 node for the 3 copies/ },
    spoil: ({ node }) =>
      Object.assign(node!.config, { cluster: { enabled: 'yes', replication_factor: '3' } }),
  },
  {
    ...{ check: 'repair', verdict: 'notice', reason: /node-2: copies are being made equal/ },
    spoil: (ward) => {
      ward.addPeer(2);
      Object.assign(ward.node!.cluster.members[1].metadata, { state: 'filling' });
    },
  },
];

for (const each of FAULTS_OF_NODES) {
  test(`of a node, ${each.check} is a ${each.verdict}: ${each.reason.source}`, async () => {
    const ward = new Ward();
    ward.run();
    await judge(each, ward);
  });
}

test('on a machine without faults nothing is a failure or a warning', async () => {
  const ward = new Ward();
  const before = await ward.examine();
  ward.run();
  ward.addPeer(2);
  ward.addPeer(3);
  const running = await ward.examine();
  for (const checks of [before, running]) {
    const bad = checks.filter(({ verdict }) => verdict !== 'good' && verdict !== 'notice');
    assert.deepEqual(bad, []);
  }
  assert.ok(before.length >= 16 && running.length >= 24, `${before.length} ${running.length}`);
  assert.equal(before.find(({ check }) => check === 'ports')?.reason, '4 ports can be bound');
});

test('of a node elsewhere nothing is said that only its machine knows', async () => {
  const ward = new Ward();
  ward.run();
  ward.write(`/proc/${PID}/cmdline`, 'sshd');
  const names = (await ward.examine()).map(({ check }) => check);
  assert.ok(names.includes('memory') && names.includes('password'));
  for (const name of ['open-files', 'swap', 'disk-sync']) assert.ok(!names.includes(name), name);
});

test('where processes have no files, one that lives is taken for the node', async () => {
  const ward = new Ward();
  ward.run().process.pid = ward.world.host.pid;
  const namesOn = async (osName: string): Promise<string[]> => {
    Object.assign(ward.world.host, { osName });
    return (await ward.examine()).map(({ check }) => check);
  };
  assert.ok((await namesOn('Darwin 24.0.0 arm64')).includes('memory-limit'));
  assert.ok(!(await namesOn('Linux 6.1.0 x86_64')).includes('memory-limit'));
});

test('a port that is taken by a node without HTTP is told as such', async () => {
  const ward = new Ward();
  ward.listenToPing();
  const port = (await ward.examine()).find(({ check }) => check === 'ports');
  assert.match(port!.advice, /a server answers there: .*--http-port/);
});

test('a named node that does not answer is the one finding', async () => {
  const checks = await new Ward().examine('--url', 'http://127.0.0.1:9999/');
  assert.deepEqual(
    checks.map(({ check, verdict }) => [check, verdict]),
    [['node', 'failure']],
  );
});

test('nothing is left behind on the disk', async () => {
  const ward = new Ward();
  ward.write('/data/node-1/kept', 'x');
  await ward.examine();
  assert.deepEqual(ward.world.disk.listDirectory('/data/node-1'), ['kept']);
});

test('people get the worst first, with what to do, and a sum', async () => {
  const ward = new Ward();
  Object.assign(ward.world.host, { openFileCountMax: 64 });
  assert.equal(await ward.command('doctor', '--cache.node_max_memory=16gb'), 1);
  const { outText } = ward.world.host;
  assert.match(outText, /^No node runs with these settings; what node-1 would start with:\n/);
  assert.match(outText, /failure +memory-limit .*\n +do: lower it.*\nwarning +open-files /);
  assert.match(outText, /\n1 failure, 1 warning, 1 notice, \d+ good\n$/);
});
