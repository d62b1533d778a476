import assert from 'node:assert/strict';
import { test } from 'node:test';
import { slotOfKey } from '../../../base/digest/key-slot.ts';
import type { FastBuffer } from '../../../base/fast-buffer.ts';
import { ReplyReader } from '../../../protocol/reply-values.ts';
import {
  createRoutingKit,
  type RoutedClient,
  type RoutingKit,
} from '../../../testing/routing-kit.ts';

const OK = '+OK\r\n';
const KEY_COUNT = 200;

/** Four nodes; each key has copies on two of them. */
function createKit(): Promise<RoutingKit> {
  return createRoutingKit(4, { 'cluster.replication_factor': '2' });
}

function fill(client: RoutedClient): string[] {
  const keys = Array.from({ length: KEY_COUNT }, (_, i) => `key:${i}`);
  assert.equal(client.ask(...keys.map((key) => `set ${key} ${key}`)), OK.repeat(KEY_COUNT));
  return keys;
}

function readReply(client: RoutedClient, line: string): unknown {
  const reply = Buffer.from(client.ask(line), 'latin1') as FastBuffer;
  return new ReplyReader().read(reply, 0, false);
}

function scanAll(client: RoutedClient, between: () => void = () => {}): string[] {
  const found: string[] = [];
  let cursor = '0';
  do {
    const [next, keys] = readReply(client, `scan ${cursor} count 7`) as [string, string[]];
    found.push(...keys);
    cursor = next;
    assert.ok(Number.isSafeInteger(Number(cursor)), cursor);
    between();
  } while (cursor !== '0');
  return found;
}

test('each key is read and written through every node, and two nodes hold it', async () => {
  const kit = await createKit();
  const keys = fill(kit.connect(0));
  for (const index of [0, 1, 2, 3]) {
    const client = kit.connect(index);
    const replies = client.ask(...keys.map((key) => `get ${key}`));
    assert.equal(replies, keys.map((key) => `$${key.length}\r\n${key}\r\n`).join(''));
    assert.equal(client.ask(`incr n${index}`, `incr n${index}`), ':1\r\n:2\r\n');
  }
  const counts = kit.nodes.map(
    ({ kit: { node } }) => node.services.stores.default.databases[0].count,
  );
  assert.equal(
    counts.reduce((sum, count) => sum + count),
    2 * (KEY_COUNT + 4),
  );
  assert.ok(counts.every((count) => count < KEY_COUNT));
  await kit.stop();
});

test('DBSIZE, KEYS, SCAN and RANDOMKEY see every key once, through every node', async () => {
  const kit = await createKit();
  const keys = fill(kit.connect(0)).sort();
  for (const index of [0, 1, 2, 3]) {
    const client = kit.connect(index);
    assert.equal(client.ask('dbsize'), `:${KEY_COUNT}\r\n`);
    assert.deepEqual((readReply(client, 'keys *') as string[]).sort(), keys);
    assert.deepEqual(readReply(client, 'keys key:7'), ['key:7']);
    assert.deepEqual(scanAll(client).sort(), keys);
    const drawn = new Set(Array.from({ length: 100 }, () => readReply(client, 'randomkey')));
    assert.ok(drawn.size > 30, String(drawn.size));
    assert.equal(
      client.ask('dbsize', 'set one 1', 'dbsize', 'del one', 'dbsize'),
      `:${KEY_COUNT}\r\n${OK}:${KEY_COUNT + 1}\r\n:1\r\n:${KEY_COUNT}\r\n`,
    );
  }
  const client = kit.connect(2);
  assert.match(client.ask('scan nonsense'), /^-ERR invalid cursor/);
  assert.match(client.ask('scan 0 count 0'), /^-ERR syntax error/);
  assert.equal(client.ask('flushall', 'randomkey', 'dbsize'), `${OK}$-1\r\n:0\r\n`);
  await kit.stop();
});

test('a SCAN in whose course slots move misses nothing', async () => {
  const kit = await createKit();
  kit.spread(2, ['node-1', 'node-2', 'node-3']);
  const keys = fill(kit.connect(0)).sort();
  const client = kit.connect(1);
  let steps = 0;
  // The fourth node is given copies by hand: there is nobody here who would fill it.
  const found = scanAll(client, () => {
    if (++steps !== 12) return;
    kit.spread(2);
    for (const key of keys) kit.connect(0).ask(`set ${key} ${key}`);
  });
  assert.deepEqual([...new Set(found)].sort(), keys);
  await kit.stop();
});

test('after FLUSHALL no key from before is left, however the clocks go', async () => {
  const kit = await createKit();
  for (const [i, { kit: one }] of kit.nodes.entries()) {
    one.world.setWallMs(one.world.clock.wallMs() + 100 * i);
    one.advance(0);
  }
  for (const index of [0, 3, 1, 2]) {
    const client = kit.connect(index);
    assert.equal(
      client.ask(`set ${keyOfOthers(kit, index)} x`, 'flushall', 'dbsize'),
      `${OK.repeat(2)}:0\r\n`,
    );
    fill(client);
    assert.equal(client.ask('flushall', 'dbsize'), `${OK}:0\r\n`);
    assert.equal(
      kit.connect(3 - index).ask('set a 1', 'dbsize', 'get a', 'del a'),
      `${OK}:1\r\n$1\r\n1\r\n:1\r\n`,
    );
  }
  await kit.stop();
});

test('a client that would not hear of changes is not promised to', async () => {
  const kit = await createKit();
  const client = kit.connect(1);
  client.ask('hello 3');
  assert.match(client.ask('client tracking on'), /^-ERR CLIENT TRACKING needs /);
  assert.equal(client.ask('client tracking off'), OK);
  await kit.stop();
});

test('who may flush needs no other right', async () => {
  const kit = await createKit();
  const client = kit.connect(1);
  fill(client);
  assert.equal(
    client.ask('acl setuser cleaner on nopass +flushall', 'auth cleaner x'),
    OK.repeat(2),
  );
  assert.equal(client.ask('flushall'), OK);
  assert.equal(kit.connect(2).ask('dbsize'), ':0\r\n');
  await kit.stop();
});

test('parts of a command whose keys come to several owners are taken apart', async () => {
  const kit = await createKit();
  kit.spread(2, ['node-1', 'node-2']);
  const client = kit.connect(2);
  const pairs = Array.from({ length: 40 }, (_, i) => `k${i} v${i}`).join(' ');
  const keys = Array.from({ length: 40 }, (_, i) => `k${i}`);
  // This node is the last to hear of the new owners.
  for (const { ownership } of kit.nodes.filter(({ id }) => id !== 'node-3')) {
    ownership.setRing(['node-1', 'node-2', 'node-3', 'node-4'], 2);
  }
  kit.settle();
  client.client.send(`mset ${pairs}`, 'set k3 later', `mget ${keys.join(' ')}`, 'dbsize');
  kit.settle();
  kit.spread(2);
  kit.advance(100);
  const values = keys.map((_, i) => (i === 3 ? 'later' : `v${i}`));
  const wanted = values.map((value) => `$${value.length}\r\n${value}\r\n`).join('');
  assert.equal(client.take(), `${OK}${OK}*40\r\n${wanted}:40\r\n`);
  await kit.stop();
});

test('a read that was sent to an owner waits until that node takes itself for one', async () => {
  const kit = await createKit();
  fill(kit.connect(0));
  const ids = kit.nodes.map(({ id }) => id).filter((id) => id !== 'node-1');
  // This node is the first to hear that one leaves; its key's next owner is a replica until then.
  const [, , asking] = kit.nodes;
  const { ownership } = asking;
  const before = ownership.table;
  ownership.setRing(ids, 2);
  const key = Array.from({ length: KEY_COUNT }, (_, i) => `key:${i}`).find((one) => {
    const slot = slotOf(one);
    return before.ownerOfSlot(slot) === 'node-1' && !ownership.table.isHolder(asking.id, slot);
  });
  assert.ok(key !== undefined);
  const client = kit.connect(2);
  assert.equal(client.ask(`get ${key}`), '');
  kit.spread(2, ids);
  kit.advance(100);
  assert.equal(client.take(), `$${key.length}\r\n${key}\r\n`);
  await kit.stop();
});

test('what must be atomic lies in one slot, whose owner its client need not know', async () => {
  const kit = await createKit();
  const cross = "-CROSSSLOT Keys in request don't hash to the same slot\r\n";
  for (const index of [0, 1, 2, 3]) {
    const client = kit.connect(index);
    assert.equal(client.ask('sinter a b', 'rename a b'), cross.repeat(2));
    assert.equal(client.ask('swapdb 0 1'), '-ERR SWAPDB is not allowed in cluster mode\r\n');
    assert.equal(client.ask('watch {x}a', 'multi', 'incr {x}a', 'exec').slice(-8), '*1\r\n:1\r\n');
    assert.equal(client.ask('watch {x}a', 'multi', 'set b 1', 'exec').slice(-cross.length), cross);
    assert.equal(client.ask('watch {x}a', 'multi', 'ping', 'exec').slice(-11), '*1\r\n+PONG\r\n');
    assert.equal(client.ask('watch {x}a', 'unwatch', 'del {x}a'), `${OK.repeat(2)}:1\r\n`);
  }
  await kit.stop();
});

test('a script runs where its keys are, and touches no others', async () => {
  const kit = await createKit();
  const foreign = /^-ERR Script attempted to access a non local key in a cluster node/;
  const owners = kit.nodes[0].ownership.table;
  const other = Array.from({ length: 50 }, (_, i) => `k${i}`).find(
    (key) => owners.ownerOfSlot(slotOf(key)) !== owners.ownerOfSlot(slotOf('a')),
  );
  for (const index of [0, 1, 2, 3]) {
    const client = kit.connect(index);
    const runScript = (script: string, ...rest: string[]) =>
      client.ask(`eval "${script}" ${rest.join(' ')}`);
    assert.equal(runScript("return redis.call('set',KEYS[1],'x')", '1', 'a'), OK);
    assert.match(runScript(`return redis.call('set','${other}','x')`, '1', 'a'), foreign);
    assert.equal(runScript('return 5', '0'), ':5\r\n');
  }
  await kit.stop();
});

/** One that a node owns whose clock is ahead, and that this one does not hold. */
function keyOfOthers(kit: RoutingKit, index: number): string {
  const { id, ownership } = kit.nodes[index];
  const owner = index === 3 ? 'node-3' : 'node-4';
  const keys = Array.from({ length: 1000 }, (_, i) => `other:${i}`);
  const found = keys.find((key) => {
    const slot = slotOf(key);
    const { table } = ownership;
    return table.ownerOfSlot(slot) === owner && !table.isHolder(id, slot);
  });
  assert.ok(found !== undefined);
  return found;
}

function slotOf(key: string): number {
  return slotOfKey(Buffer.from(key), 0, key.length);
}
