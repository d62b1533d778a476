import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createNodeKit, type KitClient, type NodeKit } from '../../testing/node-kit.ts';
import { measureBuffers } from '../server/memory-watch.ts';

interface Case {
  readonly name: string;
  /** Run by the watcher before WATCH k. */
  readonly before?: readonly string[];
  /** Run by another client between WATCH and EXEC. */
  readonly meanwhile: readonly string[];
  readonly isDirty: boolean;
}

const CASES: readonly Case[] = [
  { name: 'nothing', meanwhile: [], isDirty: false },
  { name: 'another key', meanwhile: ['set other 1'], isDirty: false },
  { name: 'the same name in another database', meanwhile: ['select 1', 'set k 1'], isDirty: false },
  { name: 'a key made', meanwhile: ['set k 1'], isDirty: true },
  { name: 'a key changed', before: ['set k 1'], meanwhile: ['incr k'], isDirty: true },
  { name: 'a key appended to', before: ['set k 1'], meanwhile: ['append k 1'], isDirty: true },
  { name: 'the same value again', before: ['set k 1'], meanwhile: ['set k 1'], isDirty: true },
  { name: 'a key read', before: ['set k 1'], meanwhile: ['get k', 'ttl k'], isDirty: false },
  { name: 'a key removed', before: ['set k 1'], meanwhile: ['del other k'], isDirty: true },
  { name: 'a deadline set', before: ['set k 1'], meanwhile: ['pexpire k 99999'], isDirty: true },
  {
    name: 'a deadline taken away',
    before: ['set k 1 ex 999'],
    meanwhile: ['persist k'],
    isDirty: true,
  },
  { name: 'a refused write', before: ['set k x'], meanwhile: ['incr k'], isDirty: false },
  { name: 'no write', before: ['set k x'], meanwhile: ['set k 1 nx'], isDirty: false },
  { name: 'the key renamed', before: ['set k 1'], meanwhile: ['rename k other'], isDirty: true },
  { name: 'a key renamed to it', meanwhile: ['set other 1', 'rename other k'], isDirty: true },
  { name: 'a key copied to it', meanwhile: ['set other 1', 'copy other k'], isDirty: true },
  {
    name: 'an element moved to it',
    meanwhile: ['rpush other a', 'lmove other k left left'],
    isDirty: true,
  },
  {
    name: 'a member moved to it',
    meanwhile: ['sadd other a', 'smove other k a'],
    isDirty: true,
  },
  {
    name: 'a key copied to its name elsewhere',
    meanwhile: ['set other 1', 'copy other k db 1'],
    isDirty: false,
  },
  {
    name: 'a key copied to it from another database',
    meanwhile: ['select 1', 'set other 1', 'copy other k db 0'],
    isDirty: true,
  },
  { name: 'the key moved away', before: ['set k 1'], meanwhile: ['move k 1'], isDirty: true },
  {
    name: 'a key moved to it',
    meanwhile: ['select 1', 'set k 1', 'move k 0'],
    isDirty: true,
  },
  {
    name: 'its database swapped with itself',
    before: ['set k 1'],
    meanwhile: ['swapdb 0 0'],
    isDirty: false,
  },
  { name: 'FLUSHDB of an empty place', meanwhile: ['flushdb'], isDirty: false },
  { name: 'FLUSHDB with the key', before: ['set k 1'], meanwhile: ['flushdb'], isDirty: true },
  {
    name: 'FLUSHDB of another database',
    before: ['set k 1'],
    meanwhile: ['select 1', 'flushdb'],
    isDirty: false,
  },
  { name: 'FLUSHALL', before: ['set k 1'], meanwhile: ['select 1', 'flushall'], isDirty: true },
  { name: 'SWAPDB of two empty', meanwhile: ['swapdb 0 1'], isDirty: false },
  {
    name: 'SWAPDB with the key here',
    before: ['set k 1'],
    meanwhile: ['swapdb 0 1'],
    isDirty: true,
  },
  {
    name: 'SWAPDB with the key there',
    meanwhile: ['select 1', 'set k 1', 'swapdb 1 0'],
    isDirty: true,
  },
  { name: 'SWAPDB elsewhere', before: ['set k 1'], meanwhile: ['swapdb 2 3'], isDirty: false },
  { name: 'MSET', meanwhile: ['mset other 1 k 2'], isDirty: true },
  { name: 'a transaction of another', meanwhile: ['multi', 'set k 1', 'exec'], isDirty: true },
  { name: 'a transaction given up', meanwhile: ['multi', 'set k 1', 'discard'], isDirty: false },
];

function watchAndExec(kit: NodeKit, watcher: KitClient, meanwhile: () => void): string {
  watcher.ask('watch k');
  assert.equal(kit.node.services.watches.count, 1);
  meanwhile();
  watcher.ask('multi', 'echo ran');
  const reply = watcher.ask('exec');
  assert.equal(kit.node.services.watches.count, 0);
  assert.equal(kit.node.services.stores.default.sink.isActive, false);
  return reply;
}

const RAN = '*1\r\n$3\r\nran\r\n';
const NOT_RUN = '*-1\r\n';

for (const { name, before, meanwhile, isDirty } of CASES) {
  test(`EXEC ${isDirty ? 'does not run' : 'runs'} after ${name}`, async () => {
    const kit = await createNodeKit();
    const [watcher, other] = [kit.connect(), kit.connect()];
    watcher.ask(...(before ?? []));
    const reply = watchAndExec(kit, watcher, () => void other.ask(...meanwhile));
    assert.equal(reply, isDirty ? NOT_RUN : RAN);
  });
}

test('a watched key that expires makes EXEC fail, swept or not', async () => {
  for (const isSwept of [true, false]) {
    const kit = await createNodeKit();
    const watcher = kit.connect();
    kit.node.services.stores.default.activeExpiryEnabled = isSwept;
    watcher.ask('set k v px 100');
    assert.equal(
      watchAndExec(kit, watcher, () => kit.advance(500)),
      NOT_RUN,
    );
  }
});

test('a key that had expired before it was watched is no change', async () => {
  const kit = await createNodeKit();
  const watcher = kit.connect();
  kit.node.services.stores.default.activeExpiryEnabled = false;
  watcher.ask('set k v px 100');
  kit.advance(200);
  assert.equal(
    watchAndExec(kit, watcher, () => kit.advance(500)),
    RAN,
  );
});

test('the own commands of the watcher count too', async () => {
  const kit = await createNodeKit();
  const watcher = kit.connect();
  assert.equal(
    watchAndExec(kit, watcher, () => void watcher.ask('set k 1')),
    NOT_RUN,
  );
});

test('UNWATCH, DISCARD, EXEC, RESET and the end of the client forget', async () => {
  for (const line of ['unwatch', 'reset', 'quit']) {
    const kit = await createNodeKit();
    const [watcher, other] = [kit.connect(), kit.connect()];
    watcher.ask('watch k a b', 'watch k');
    other.ask('watch k');
    assert.equal(kit.node.services.watches.count, 3);
    watcher.ask(line);
    assert.equal(kit.node.services.watches.count, 1, line);
    other.ask('multi', 'discard');
    assert.equal(kit.node.services.watches.count, 0, line);
  }
});

test('dirty lasts until EXEC, also when more keys are watched', async () => {
  const kit = await createNodeKit();
  const [watcher, other] = [kit.connect(), kit.connect()];
  watcher.ask('watch a');
  other.ask('set a 1');
  watcher.ask('watch b', 'multi', 'ping');
  assert.equal(watcher.ask('exec'), NOT_RUN);
  watcher.ask('watch b', 'multi', 'ping');
  assert.equal(watcher.ask('exec'), '*1\r\n+PONG\r\n');
});

test('watchers of one key are told apart by when they came', async () => {
  const kit = await createNodeKit();
  const [early, late, other] = [kit.connect(), kit.connect(), kit.connect()];
  early.ask('watch k');
  other.ask('set k 1');
  late.ask('watch k', 'multi', 'ping');
  early.ask('multi', 'ping');
  assert.equal(early.ask('exec'), NOT_RUN);
  assert.equal(late.ask('exec'), '*1\r\n+PONG\r\n');
  other.ask('flushdb');
  early.ask('watch k');
  other.ask('set k 1');
  late.ask('watch k');
  other.ask('flushdb');
  late.ask('multi', 'ping');
  assert.equal(late.ask('exec'), NOT_RUN);
});

test('what is watched counts among the buffers of the node, and no longer than that', async () => {
  const kit = await createNodeKit();
  const { watches, clients } = kit.node.services;
  const first = kit.connect();
  const second = kit.connect();
  first.ask('watch a b');
  const heldBytes = watches.heldBytes;
  assert.ok(heldBytes > 2 * 500 && heldBytes < 2 * 1000, `${heldBytes}`);
  first.ask('watch a');
  assert.equal(watches.heldBytes, heldBytes, 'again is no different from once');
  second.ask('watch a');
  assert.ok(watches.heldBytes > heldBytes && watches.heldBytes < heldBytes + 200);
  assert.ok(measureBuffers(kit.node.services).total >= clients.heldBytes + watches.heldBytes);
  second.ask('unwatch');
  assert.equal(watches.heldBytes, heldBytes);
  first.ask('multi', 'exec');
  assert.equal(watches.heldBytes, 0);
  const stopped = kit.node.stop();
  kit.advance(10);
  await stopped;
});
