import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Configuration } from '../../base/configuration.ts';
import { SLOT_COUNT, slotOfKey } from '../../base/digest/key-slot.ts';
import { type CommandKit, createCommandKit } from '../../testing/command-kit.ts';
import { fakeNode, joinFakeCluster } from '../../testing/fake-cluster.ts';
import { type RealRedis, startRealRedis } from '../../testing/real-redis.ts';
import { seededDraws } from '../../testing/seeded.ts';
import type { ClusterNode } from '../cluster-service.ts';
import { beRedirected, type Session } from '../session.ts';

/** Alone in its cluster, and alone without one. Null where there is no redis-server. */
let clustered: RealRedis | null = null;
let plain: RealRedis | null = null;
let linkPort = 0;
const BUS_PORT_MIN = 10_200;
const BUS_PORT_COUNT = 8_000;

before(async () => {
  // Its usual port of the bus lies where the system gives ports to anybody.
  const busPort = String(BUS_PORT_MIN + Math.floor(Math.random() * BUS_PORT_COUNT));
  const flags = ['--cluster-enabled', 'yes', '--cluster-port', busPort, '--save', ''];
  clustered = await startRealRedis({ flags });
  linkPort = Number(busPort);
  plain = await startRealRedis({ flags: ['--save', ''] });
});

after(async () => {
  await clustered?.stop();
  await plain?.stop();
});

function createLoneKit(): Promise<CommandKit> {
  const configure = ({ cluster }: Configuration) => {
    cluster.enabled = false;
  };
  return createCommandKit(1, { records: false, configure });
}

interface FakeCluster {
  readonly kit: CommandKit;
  /** Came by the port that redirects. */
  readonly redirected: Session;
  readonly calls: string[];
}

/** A node `a` in a cluster of these, where each slot is owned as told. */
async function inCluster(
  nodes: readonly ClusterNode[],
  ownerOfSlot: (slot: number) => ClusterNode | null,
): Promise<FakeCluster> {
  const kit = await createLoneKit();
  const calls = joinFakeCluster(kit.node.services, { nodes, ownerOfSlot });
  const redirected = kit.openSession();
  beRedirected(redirected);
  return { kit, redirected, calls };
}

function slotOf(key: string): number {
  return slotOfKey(Buffer.from(key), 0, key.length);
}

/** The error, or else the kind of the reply. */
function told({ kit }: FakeCluster, session: Session, words: string): string {
  const reply = kit.runAs(session, ...words.split(' '));
  return reply.kind === 'error' ? `-${reply.text}` : reply.kind;
}

test('without a cluster each of these commands answers as in redis-server', async () => {
  if (plain === null) return;
  const kit = await createLoneKit();
  for (const words of [
    'CLUSTER INFO',
    'CLUSTER HELP',
    'CLUSTER KEYSLOT a',
    'CLUSTER KEYSLOT',
    'CLUSTER SLOTS',
    'CLUSTER nosuch',
    'CLUSTER RESET',
    'CLUSTER ADDSLOTS 1',
    'CLUSTER',
    'READONLY',
    'READWRITE',
    'ASKING',
    'ASKING x',
  ]) {
    const real = await plain.call(...words.split(' '));
    const ours = kit.run(...words.split(' '));
    assert.equal(ours.kind === 'error' ? ours.text : ours, String(real).replace(/^-/, ''), words);
  }
});

test('slots of keys, and what is refused, are as in redis-server', async () => {
  if (clustered === null) return;
  const self = fakeNode('a');
  const { kit } = await inCluster([self], () => self);
  const draw = seededDraws(7);
  const keys = ['', '{', '{}', '{}{a}', 'a{b}c{d}', '{{a}}', '}{a}'];
  for (let i = 0; i < 200; i++) {
    keys.push(Array.from({ length: draw(12) }, () => 'ab{}'[draw(4)]).join(''));
  }
  for (const key of keys) {
    assert.equal(
      kit.ask('CLUSTER', 'KEYSLOT', key),
      await clustered.call('CLUSTER', 'KEYSLOT', key),
    );
  }
  for (const words of [
    'CLUSTER COUNTKEYSINSLOT 16384',
    'CLUSTER COUNTKEYSINSLOT -1',
    'CLUSTER COUNTKEYSINSLOT x',
    'CLUSTER GETKEYSINSLOT 16384 1',
    'CLUSTER GETKEYSINSLOT 1 -1',
    'CLUSTER GETKEYSINSLOT 1 x',
    'CLUSTER REPLICAS abc',
    'CLUSTER SLAVES abc',
    'CLUSTER COUNT-FAILURE-REPORTS abc',
    'CLUSTER FORGET abc',
    'CLUSTER MEET a b',
    'CLUSTER MEET 127.0.0.1 99999999',
    'CLUSTER MEET host 1',
    'CLUSTER MEET 127.0.0.1 1 x',
    'CLUSTER SAVECONFIG',
    'READONLY',
    'READWRITE',
    'ASKING',
  ]) {
    const real = await clustered.call(...words.split(' '));
    const ours = kit.run(...words.split(' '));
    const text = ours.kind === 'error' ? ours.text : kit.ask(...words.split(' '));
    assert.deepEqual(text, typeof real === 'string' ? real.replace(/^-/, '') : real, words);
  }
});

test('what is told of a node alone is told as redis-server tells it', async () => {
  if (clustered === null) return;
  await clustered.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
  const hexId = String(await clustered.call('CLUSTER', 'MYID'));
  const self = fakeNode('a', { address: '', hexId, linkPort, respPort: clustered.port });
  const { kit } = await inCluster([self], () => self);
  for (const words of ['MYID', 'SLOTS', 'SHARDS', 'LINKS', `REPLICAS ${hexId}`]) {
    const args = ['CLUSTER', ...words.split(' ')];
    assert.deepEqual(kit.ask(...args), await clustered.call(...args), words);
  }
  // The epoch counts something else.
  const line = String(await clustered.call('CLUSTER', 'NODES'));
  assert.equal(kit.ask('CLUSTER', 'NODES'), line.replace(/ 0 0 \d+ connected/, ' 0 0 3 connected'));
  const names = (text: unknown) => String(text).match(/^\w+/gm);
  assert.deepEqual(
    names(kit.ask('CLUSTER', 'INFO')),
    names(await clustered.call('CLUSTER', 'INFO')),
  );
  const refusal = kit.run('CLUSTER', 'FORGET', hexId);
  const real = String(await clustered.call('CLUSTER', 'FORGET', hexId));
  assert.equal(refusal.kind === 'error' && refusal.text, real.replace(/^-/, ''));
});

test('each owner has its ranges; who owns nothing is a replica of who owns all', async () => {
  const [a, b] = [fakeNode('a'), fakeNode('b', { address: '10.0.0.2' })];
  const halves = await inCluster([a, b], (slot) => (slot < 8192 ? a : b));
  assert.deepEqual(halves.kit.ask('CLUSTER', 'SLOTS'), [
    [0, 8191, ['10.0.0.1', 6379, a.hexId, []]],
    [8192, SLOT_COUNT - 1, ['10.0.0.2', 6379, b.hexId, []]],
  ]);
  assert.equal(
    halves.kit.ask('CLUSTER', 'NODES'),
    `${a.hexId} 10.0.0.1:6379@6946 myself,master - 0 0 3 connected 0-8191\n` +
      `${b.hexId} 10.0.0.2:6379@6946 master - 0 2000 3 connected 8192-16383\n`,
  );
  const whole = await inCluster([a, b], () => b);
  assert.deepEqual(whole.kit.ask('CLUSTER', 'SLOTS'), [
    [0, 16_383, ['10.0.0.2', 6379, b.hexId, []], ['10.0.0.1', 6379, a.hexId, []]],
  ]);
  assert.deepEqual(whole.kit.ask('CLUSTER', 'REPLICAS', b.hexId), [
    `${a.hexId} 10.0.0.1:6379@6946 myself,slave ${b.hexId} 0 0 3 connected`,
  ]);
  assert.equal(
    String(whole.kit.ask('CLUSTER', 'REPLICAS', a.hexId)),
    'Error: ERR The specified node is not a master',
  );
});

test('nodes that failed or are doubted say so, and one that left is not told of', async () => {
  const nodes = [
    fakeNode('a'),
    fakeNode('b', { status: 'failed', doubtCount: 1 }),
    fakeNode('c', { status: 'suspect' }),
    fakeNode('d', { status: 'left' }),
  ];
  const cluster = await inCluster(nodes, () => nodes[0]);
  const lines = String(cluster.kit.ask('CLUSTER', 'NODES')).trim().split('\n');
  assert.deepEqual(
    lines.map((line) => line.split(' ')[2]),
    ['myself,master', 'slave,fail', 'slave,fail?'],
  );
  assert.equal(cluster.kit.ask('CLUSTER', 'COUNT-FAILURE-REPORTS', nodes[1].hexId), 1);
  assert.equal(cluster.kit.ask('CLUSTER', 'FORGET', nodes[1].hexId), 'OK');
  assert.match(String(cluster.kit.ask('CLUSTER', 'FORGET', nodes[2].hexId)), /ERR The node lives/);
  assert.match(String(cluster.kit.ask('CLUSTER', 'FORGET', nodes[3].hexId)), /ERR Unknown node/);
  assert.deepEqual(cluster.calls, ['forget b', 'forget c']);
});

test('MEET joins by the port of the gossip', async () => {
  const self = fakeNode('a');
  const { kit, calls } = await inCluster([self], () => self);
  kit.run('CLUSTER', 'MEET', '10.0.0.9', '7946');
  kit.run('CLUSTER', 'MEET', '::1', '6379', '7946');
  assert.deepEqual(calls, ['meet 10.0.0.9 7946', 'meet ::1 7946']);
});

test('keys of a slot are counted and listed, without those that expired', async () => {
  const self = fakeNode('a');
  const { kit } = await inCluster([self], () => self);
  for (let i = 0; i < 100; i++) kit.run('SET', `{t}${i}`, 'v');
  for (let i = 0; i < 100; i++) kit.run('SET', `k${i}`, 'v');
  kit.run('PEXPIRE', '{t}0', '5');
  kit.node.services.debug.isCronPaused = true;
  kit.advance(10);
  const slot = slotOf('t');
  const others = Array.from({ length: 100 }, (_, i) => slotOf(`k${i}`)).filter((s) => s === slot);
  assert.equal(kit.ask('CLUSTER', 'COUNTKEYSINSLOT', slot), 99 + others.length);
  const keys = kit.ask('CLUSTER', 'GETKEYSINSLOT', slot, 7) as string[];
  assert.equal(new Set(keys).size, 7);
  for (const key of keys) assert.equal(slotOf(key), slot);
});

test('the port that redirects names the owner by its port of the same kind', async () => {
  const [a, b] = [fakeNode('a'), fakeNode('b', { address: '10.0.0.2' })];
  const cluster = await inCluster([a, b], (slot) => (slot < 8192 ? a : b));
  const { redirected, kit } = cluster;
  // foo: 12182, bar: 5061.
  const moved = '-MOVED 12182 10.0.0.2:7379';
  assert.equal(told(cluster, redirected, 'GET foo'), moved);
  assert.equal(told(cluster, kit.session, 'GET foo') === moved, false);
  assert.equal(told(cluster, redirected, 'EVAL x 1 foo'), moved);
  assert.equal(told(cluster, redirected, 'SET bar 1'), 'simple');
  told(cluster, redirected, 'READONLY');
  assert.equal(told(cluster, redirected, 'SET foo 1'), moved);
  assert.equal(told(cluster, redirected, 'GET foo'), 'null');
  // A transaction of reads, in a slot of which this node has a copy; and of two slots.
  for (const [last, reply] of [
    ['GET {foo}', 'array'],
    ['GET bar', "-CROSSSLOT Keys in request don't hash to the same slot"],
  ] as const) {
    told(cluster, redirected, 'MULTI');
    assert.equal(told(cluster, redirected, 'GET foo'), 'simple');
    assert.equal(told(cluster, redirected, last), 'simple');
    assert.equal(told(cluster, redirected, 'EXEC'), reply);
  }
  told(cluster, redirected, 'READWRITE');
  assert.equal(told(cluster, redirected, 'GET foo'), moved);
  told(cluster, redirected, 'ASKING');
  assert.equal(told(cluster, redirected, 'GET foo'), 'null');
  assert.equal(told(cluster, redirected, 'GET foo'), moved);
  told(cluster, redirected, 'READONLY');
  told(cluster, redirected, 'RESET');
  assert.equal(told(cluster, redirected, 'GET foo'), moved);
});

test('transactions and several keys are redirected in the words of redis-server', async () => {
  if (clustered === null) return;
  await clustered.call('CLUSTER', 'FLUSHSLOTS');
  await clustered.call('CLUSTER', 'ADDSLOTSRANGE', '0', '8191');
  await clustered.call('CONFIG', 'SET', 'cluster-require-full-coverage', 'no');
  while (!String(await clustered.call('CLUSTER', 'INFO')).includes('cluster_state:ok')) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  const self = fakeNode('a');
  const cluster = await inCluster([self], (slot) => (slot < 8192 ? self : null));
  // Slots: bar 5061, foo 12182, hello 866.
  for (const words of [
    'GET foo',
    'GET bar',
    'MGET bar hello',
    'MGET {bar}1 {bar}2',
    'MSET foo 1 bar 2',
    'DEL bar hello',
    'MULTI',
    'SET bar 1',
    'SET foo 1',
    'EXEC',
    'MULTI',
    'SET bar 1',
    'SET hello 1',
    'EXEC',
    'EXEC',
    'MULTI',
    'SET {bar}1 1',
    'GET {bar}2',
    'PING',
    'EXEC',
    'MULTI',
    'PING',
    'EXEC',
    'WATCH bar hello',
    'WATCH bar',
    'UNWATCH',
    'SELECT 0',
    'SELECT 1',
    'MOVE bar 1',
    'SWAPDB 0 1',
    'COPY {bar}1 {bar}2 DB 1',
    'COPY bar hello',
    'SORT bar STORE hello',
    'EVAL 0 2 bar foo',
    'SUNIONSTORE {bar}3 {bar}4 foo',
    'XREAD STREAMS bar hello 0 0',
    'DBSIZE',
    'PING',
  ]) {
    const args = words.split(' ');
    const real: unknown = await clustered.call(...args);
    const ours = cluster.kit.runAs(cluster.redirected, ...args);
    const text = ours.kind === 'error' ? ours.text : '';
    const isRealError = typeof real === 'string' && /^-?[A-Z]{3,} /.test(real);
    assert.equal(text, isRealError ? String(real).replace(/^-/, '') : '', words);
  }
});
