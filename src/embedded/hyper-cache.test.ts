import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NodeError } from '../base/errors.ts';
import { createSimulatedWorld } from '../world/simulated/simulated-world.ts';
import { HyperCache, type StartOptions } from './hyper-cache.ts';
import { launch } from './launch.ts';

async function startSimulated(options: StartOptions = {}) {
  const world = createSimulatedWorld(1);
  return { world, node: await HyperCache.start({ world, ...options }) };
}

test('a store keeps text, bytes, numbers, and says null for what is not there', async () => {
  const { node } = await startSimulated();
  const store = node.store();
  assert.equal(store.get('none'), null);
  assert.equal(store.set('text', 'Grüße, 世界'), true);
  assert.equal(store.get('text'), 'Grüße, 世界');
  const bytes = Uint8Array.from({ length: 300 }, (_, i) => i);
  store.set('bytes', bytes);
  assert.deepEqual(store.getBuffer('bytes'), Buffer.from(bytes));
  store.set('number', 42);
  store.set('huge', 2n ** 62n);
  assert.deepEqual(store.mget(['number', 'huge', 'none']), ['42', String(2n ** 62n), null]);
  store.set(Uint8Array.of(255, 0), 'binary key');
  assert.equal(store.get(Uint8Array.of(255, 0)), 'binary key');
  store.set('', '');
  assert.equal(store.get(''), '');
  assert.equal(store.size, 6);
});

test('texts of every length and kind of letter come back as they were', async () => {
  const { node } = await startSimulated();
  const store = node.store();
  for (const letter of ['a', 'ä', '世', '😀', '\0']) {
    for (const length of [0, 1, 7, 8, 31, 32, 33, 40, 41, 5_000, 100_000]) {
      const text = letter.repeat(length);
      store.set(text, text);
      assert.equal(store.get(text), text, `${letter} ${length}`);
    }
  }
});

test('options of set, and the time to live', async () => {
  const { node, world } = await startSimulated();
  const store = node.store();
  assert.equal(store.set('a', 1, { nx: true, ttlMs: 1000 }), true);
  assert.equal(store.set('a', 2, { nx: true }), false);
  assert.equal(store.set('b', 2, { xx: true }), false);
  assert.equal(store.set('a', 3, { xx: true, keepTtl: true }), true);
  world.advance(400);
  assert.equal(store.ttl('a'), 600);
  assert.equal(store.persist('a'), true);
  assert.equal(store.ttl('a'), -1);
  assert.equal(store.expire('a', 100), true);
  assert.equal(store.expire('b', 100), false);
  world.advance(100);
  assert.equal(store.get('a'), null);
  assert.equal(store.ttl('a'), -2);
  store.set('b', 1, { ttlMs: 100 });
  world.setWallMs(world.clock.wallMs() + 100);
  assert.equal(store.get('b'), null, 'each call sees the time as it is');
});

test('counting, removing, walking', async () => {
  const { node } = await startSimulated();
  const store = node.store();
  assert.deepEqual([store.incr('n'), store.incr('n', 41), store.incr('n', -2)], [1, 42, 40]);
  store.mset(Array.from({ length: 1000 }, (_, i) => [`key:${i}`, i] as const));
  store.mset([]);
  assert.equal(store.size, 1001);
  assert.equal(new Set(store.scan({ match: 'key:*', count: 50, type: 'string' })).size, 1000);
  assert.equal(store.exists('n', 'key:1', 'none', 'n'), 3);
  assert.equal(store.del('n', 'key:1', 'none'), 2);
  assert.deepEqual([store.exists(), store.del(), store.mget([])], [0, 0, []]);
  store.flush();
  assert.equal(store.size, 0);
});

test('error replies are thrown, with their code, and the store goes on', async () => {
  const { node } = await startSimulated();
  const store = node.store();
  store.set('text', 'x');
  assert.throws(() => store.incr('text'), {
    name: 'ReplyError',
    code: 'ERR',
    message: 'ERR value is not an integer or out of range',
  });
  assert.throws(() => node.command('NOSUCH'), { name: 'ReplyError' });
  assert.equal(store.get('text'), 'x');
});

test('command runs anything through the same door, with a state of its own', async () => {
  const { node } = await startSimulated();
  node.store().set('a', 'zero');
  assert.equal(node.command('SELECT', 1), 'OK');
  assert.equal(node.command('GET', 'a'), null);
  assert.equal(node.store().get('a'), 'zero');
  node.command('SELECT', 0);
  assert.equal(node.command('MULTI'), 'OK');
  assert.equal(node.command('INCR', 'n'), 'QUEUED');
  assert.equal(node.store().get('a'), 'zero', 'the store is not in the transaction');
  assert.deepEqual(node.command('EXEC'), [1]);
  assert.deepEqual(
    node.command('CONFIG', 'GET', 'maxmemory-policy'),
    new Map([['maxmemory-policy', 'allkeys-lru']]),
  );
  assert.deepEqual(node.commandBinary('GET', 'a'), Buffer.from('zero'));
  assert.throws(() => node.command('SUBSCRIBE', 'x'), NodeError);
});

test('a listener hears channels and patterns after the command that spoke', async () => {
  const { node, world } = await startSimulated({ port: 7000 });
  const heard: string[] = [];
  const one = node.subscribe('news', (message, channel) => {
    heard.push(`${channel}: ${message}`);
    node.store().set('heard', message);
  });
  const all = node.subscribe('n*', (message, channel) => heard.push(`${channel}! ${message[0]}`), {
    isPattern: true,
    isBinary: true,
  });
  assert.equal(node.command('PUBLISH', 'news', 'hi'), 2);
  assert.deepEqual(heard, []);
  world.runUntilIdle();
  assert.deepEqual(heard, ['news: hi', 'news! 104']);
  assert.equal(node.store().get('heard'), 'hi');
  one.close();
  one.close();
  assert.equal(node.command('PUBLISH', 'news', 'again'), 1);
  all.close();
  world.runUntilIdle();
  assert.deepEqual(heard, ['news: hi', 'news! 104']);
  assert.equal(node.command('PUBLISH', 'news', 'nobody'), 0);
});

test('a port is open only when asked for; what comes by it shares the store', async () => {
  const quiet = await startSimulated();
  assert.equal(quiet.node.port, 0);
  const { node, world } = await startSimulated({ port: 0 });
  assert.ok(node.port > 0);
  const peer = world.connect(node.port);
  peer.send('set a 1\r\n');
  world.runUntilIdle();
  assert.equal(node.store().get('a'), '1');
  const stopping = node.stop();
  world.runUntilIdle();
  await stopping;
  await node.stopped;
  assert.equal(peer.sawEnd, true);
  assert.equal(world.network.openSocketCount, 0);
  assert.equal(world.timers.pendingTimerCount, 0);
  assert.throws(() => node.store().get('a'), /stopped/);
});

test('two nodes in one process share nothing', async () => {
  const [first, second] = [await startSimulated(), await startSimulated()];
  first.node.store().set('a', 1);
  assert.equal(second.node.store().get('a'), null);
  await first.node.stop();
  second.node.store().set('a', 2);
  assert.equal(second.node.store().get('a'), '2');
});

test('settings: by option and by path; a wrong one is told with its name', async () => {
  const { node } = await startSimulated({
    maxMemory: '64mb',
    evictionPolicy: 'noeviction',
    settings: { 'network.max_clients': 7 },
  });
  assert.deepEqual(
    node.command('CONFIG', 'GET', 'maxmemory', 'maxmemory-policy', 'maxclients'),
    new Map([
      ['maxmemory', '67108864'],
      ['maxmemory-policy', 'noeviction'],
      ['maxclients', '7'],
    ]),
  );
  await assert.rejects(startSimulated({ settings: { 'cache.max_memroy': 1 } }), /cache.max_memory/);
  await assert.rejects(startSimulated({ maxMemory: 'much' }), NodeError);
  await assert.rejects(startSimulated({ evictionPolicy: 'best' }), /eviction_policy: /);
});

test('named stores are made, found, dropped; a handle of a dropped one is refused', async () => {
  const { node } = await startSimulated();
  const sessions = node.createStore('sessions', { maxMemory: '1mb', defaultTtlMs: 1500 });
  node.createStore('plain');
  assert.deepEqual(node.storeNames(), ['default', 'sessions', 'plain']);
  assert.equal(node.store('SESSIONS'), sessions, 'the same handle for as long as it is there');
  assert.equal(node.store('Default'), node.store());
  sessions.set('k', 'here');
  node.store().set('k', 'there');
  assert.deepEqual([sessions.get('k'), node.store('plain').get('k')], ['here', null]);
  assert.equal(sessions.ttl('k'), 1500);
  assert.deepEqual([sessions.size, node.store().size], [1, 1]);
  node.dropStore('sessions');
  assert.deepEqual(node.storeNames(), ['default', 'plain']);
  const gone = { name: 'ReplyError', code: 'NOSTORE' };
  assert.throws(() => sessions.get('k'), gone);
  assert.throws(() => node.store('sessions'), gone);
  assert.throws(() => node.dropStore('sessions'), gone);
  const again = node.createStore('sessions');
  assert.throws(() => sessions.set('k', 1), gone);
  assert.equal(again.get('k'), null);
  assert.equal(node.store().get('k'), 'there');
});

test('a store is refused with a code and the option that is wrong', async () => {
  const { node } = await startSimulated({ settings: { 'cache.max_stores': 1 } });
  node.command('MULTI');
  assert.throws(() => node.createStore('../a'), { code: 'ERR', message: /^ERR name: must be/ });
  assert.throws(() => node.createStore('a', { maxMemory: 'lots' }), /max_memory: must be a size/);
  node.createStore('a');
  assert.throws(() => node.createStore('A'), { code: 'STOREEXISTS' });
  assert.throws(() => node.createStore('b'), { code: 'STORELIMIT' });
  assert.throws(() => node.dropStore('default'), /cannot be dropped/);
  assert.deepEqual(node.command('EXEC'), []);
});

test('the session behind a handle ends with its store', async () => {
  const { node, openStore } = await launch({ world: createSimulatedWorld(1) });
  const sessionCount = () => [...node.clients.all()].length;
  const { stores, settings } = node.services;
  const before = sessionCount();
  for (let i = 0; i < 3; i++) {
    const configuration = settings.parseStore('a', []);
    assert.ok(typeof configuration !== 'string');
    assert.equal(stores.create(configuration), null);
    assert.equal(openStore('a'), openStore('A'));
    assert.equal(sessionCount(), before + 1);
    const store = stores.find('a');
    assert.ok(store !== null);
    assert.equal(stores.drop(store), null);
    assert.equal(sessionCount(), before);
  }
});
