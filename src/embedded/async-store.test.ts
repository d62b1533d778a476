import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NodeError } from '../base/errors.ts';
import { ReplyError } from '../protocol/reply-values.ts';
import { createRoutingKit, type RoutingKit } from '../testing/routing-kit.ts';
import { createSimulatedWorld } from '../world/simulated/simulated-world.ts';
import { AsyncCaller } from './async-caller.ts';
import { AsyncStore } from './async-store.ts';
import { openCaller } from './caller.ts';
import { EmbeddedStore } from './embedded-store.ts';
import { HyperCache } from './hyper-cache.ts';

/** The library's calls at one node of a cluster. */
function openAt(kit: RoutingKit, index: number) {
  const { node } = kit.nodes[index].kit;
  const caller = new AsyncCaller(node, node.services.stores.default);
  const sync = new EmbeddedStore(openCaller(node, null));
  return { caller, store: new AsyncStore(caller), sync };
}

/** What the promise comes to, when the nodes have done what they do because of it. */
async function settled<T>(kit: RoutingKit, promise: Promise<T>): Promise<T> {
  kit.settle();
  return await promise;
}

test('a write at a node that does not own the store waits for the owner', async () => {
  const kit = await createRoutingKit(3);
  const { store, sync } = openAt(kit, 1);
  assert.throws(() => sync.set('a', 1), ReplyError);
  assert.equal(await settled(kit, store.set('a', 1, { ttlMs: 5_000 })), true);
  assert.equal(kit.connect(0).ask('get a', 'pttl a'), '$1\r\n1\r\n:5000\r\n');
  assert.equal(sync.get('a'), '1');
  const replies = Promise.all([
    store.incr('a', 4),
    store.get('a'),
    store.set('a', 'x', { nx: true }),
    store.mset([['b', 2] as const, ['c', 3] as const]),
    store.mget(['b', 'c', 'none']),
    store.del('b', 'c', 'none'),
    store.persist('a'),
    store.ttl('a'),
    store.exists('a', 'b'),
    store.size(),
  ]);
  const wanted = [5, '5', false, undefined, ['2', '3', null], 2, true, -1, 1, 1];
  assert.deepEqual(await settled(kit, replies), wanted);
  await settled(kit, store.flush());
  assert.equal(kit.connect(0).ask('dbsize'), ':0\r\n');
  await kit.stop();
});

test('errors of the owner are thrown, and the calls behind go on', async () => {
  const kit = await createRoutingKit(2);
  const { caller, store } = openAt(kit, 1);
  const calls = Promise.allSettled([
    store.set('a', 'text'),
    store.incr('a'),
    caller.call(['NONSENSE'], false),
    store.get('a'),
  ]);
  const [, wrong, unknown, last] = await settled(kit, calls);
  assert.ok(wrong.status === 'rejected' && wrong.reason instanceof ReplyError);
  assert.ok(unknown.status === 'rejected' && unknown.reason instanceof ReplyError);
  assert.ok(last.status === 'fulfilled' && last.value === 'text');
  await kit.stop();
});

test('a call waits for a key, and those behind it for the call', async () => {
  const kit = await createRoutingKit(2);
  const { caller } = openAt(kit, 1);
  const popped = caller.call(['BLPOP', 'list', 0], false);
  const pinged = caller.call(['PING'], false);
  kit.settle();
  assert.equal(kit.connect(0).ask('rpush list x'), ':1\r\n');
  assert.deepEqual(await settled(kit, popped), ['list', 'x']);
  assert.equal(await settled(kit, pinged), 'PONG');
  const none = caller.call(['BLPOP', 'list', 1], true);
  kit.settle();
  kit.advance(1_100);
  assert.equal(await settled(kit, none), null);
  await kit.stop();
});

test('a majority has a write before it is answered', async () => {
  const kit = await createRoutingKit(3, { 'cluster.consistency_level': 'quorum' });
  const { store } = openAt(kit, 0);
  assert.equal(await settled(kit, store.set('a', 1)), true);
  const [first, second, third] = kit.nodes;
  kit.net.lose(first.bus, second.bus);
  kit.net.lose(first.bus, third.bus);
  const written = store.set('a', 2);
  first.kit.advance(1_100);
  await assert.rejects(written, /no majority/);
  await kit.stop();
});

test('more calls than a line takes are answered in order', async () => {
  const kit = await createRoutingKit(2);
  const { store } = openAt(kit, 1);
  const calls = Promise.all(Array.from({ length: 5_000 }, () => store.incr('n')));
  const counted = await settled(kit, calls);
  assert.deepEqual(
    counted,
    counted.map((_, i) => i + 1),
  );
  await kit.stop();
});

test('where few nodes hold a key, every node reads it, and walks over all', async () => {
  const kit = await createRoutingKit(4, { 'cluster.replication_factor': '2' });
  const { store } = openAt(kit, 3);
  const entries = Array.from({ length: 60 }, (_, i) => [`k${i}`, `v${i}`] as const);
  await settled(kit, store.mset(entries));
  const keys = entries.map(([key]) => key);
  assert.deepEqual(
    await settled(kit, store.mget(keys)),
    entries.map(([, value]) => value),
  );
  const found: string[] = [];
  let isOver = false;
  const walk = async () => {
    for await (const key of store.scan({ match: 'k*', count: 20 })) found.push(key);
    isOver = true;
  };
  const walked = walk();
  while (!isOver) {
    kit.settle();
    await new Promise((resolve) => setImmediate(resolve));
  }
  await walked;
  assert.deepEqual(found.sort(), keys.sort());
  await kit.stop();
});

test('a node by itself answers at once, with a state of its own', async () => {
  const node = await HyperCache.start({ world: createSimulatedWorld(1) });
  const store = node.storeAsync();
  assert.equal(await store.set('a', Uint8Array.of(1, 255)), true);
  assert.deepEqual(await store.getBuffer('a'), Buffer.of(1, 255));
  assert.equal(node.storeAsync('DEFAULT'), store);
  assert.equal(await node.commandAsync('SELECT', 1), 'OK');
  assert.equal(await node.commandAsync('GET', 'a'), null);
  assert.deepEqual(node.command('EXISTS', 'a'), 1);
  assert.deepEqual(await node.commandBinaryAsync('ECHO', 'x'), Buffer.from('x'));
  await assert.rejects(node.commandAsync('SUBSCRIBE', 'x'), NodeError);
  await assert.rejects(node.commandAsync('CLIENT', 'REPLY', 'OFF'), NodeError);
  await assert.rejects(node.commandAsync('QUIT'), NodeError);
  assert.equal(await node.commandAsync('PING'), 'PONG');
  assert.throws(() => node.storeAsync('none'), { code: 'NOSTORE' });
  node.createStore('other');
  const other = node.storeAsync('other');
  await other.set('a', 1);
  node.dropStore('other');
  await assert.rejects(other.get('a'), { code: 'NOSTORE' });
  const waiting = node.commandAsync('BLPOP', 'list', 0);
  await node.stop();
  await assert.rejects(waiting, /closed/);
  await assert.rejects(store.get('a'), /stopped/);
});
