import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRoutingKit, type RoutingKit } from '../../../testing/routing-kit.ts';

const OK = '+OK\r\n';
const CROSS = "-CROSSSLOT Keys in request don't hash to the same slot\r\n";

/** A named store whose slots have owners of their own. */
async function createSlotKit(): Promise<RoutingKit> {
  const kit = await createRoutingKit(3);
  kit.spread(0);
  assert.equal(kit.connect(0).ask('store create s ownership slot'), OK);
  kit.trust();
  return kit;
}

/** Calls of a command at each node. */
function callsOf(kit: RoutingKit, name: string): number[] {
  return kit.nodes.map((each) => each.kit.node.services.table.find(name)?.calls ?? 0);
}

test('a command on one slot runs at the owner of the slot', async () => {
  const kit = await createSlotKit();
  const client = kit.connect(1);
  client.ask('select s');
  for (let i = 0; i < 60; i++) assert.equal(client.ask(`incr key:${i}`), ':1\r\n');
  const calls = callsOf(kit, 'incr');
  assert.equal(calls[0] + calls[1] + calls[2], 60);
  for (const count of calls) assert.ok(count > 8, String(calls));
  for (const index of [0, 1, 2]) {
    const reader = kit.connect(index);
    assert.equal(reader.ask('select s', 'dbsize'), `${OK}:60\r\n`);
  }
  await kit.stop();
});

test('commands that can be taken apart are, and answer as one', async () => {
  const kit = await createSlotKit();
  const client = kit.connect(2);
  client.ask('select s');
  const pairs = Array.from({ length: 20 }, (_, i) => `k${i} v${i}`).join(' ');
  const keys = Array.from({ length: 20 }, (_, i) => `k${i}`).join(' ');
  const values = Array.from({ length: 20 }, (_, i) => `$${`v${i}`.length}\r\nv${i}\r\n`).join('');
  assert.equal(client.ask(`mset ${pairs}`, `mget ${keys}`), `${OK}*20\r\n${values}`);
  assert.equal(
    client.ask(`exists ${keys} none`, 'set k3 x', 'get k3', `touch ${keys}`, 'ping'),
    `:20\r\n${OK}$1\r\nx\r\n:20\r\n+PONG\r\n`,
  );
  assert.equal(
    client.ask(`unlink ${keys}`, `del ${keys} none`, 'mget k1 none'),
    ':20\r\n:0\r\n*2\r\n$-1\r\n$-1\r\n',
  );
  assert.ok(callsOf(kit, 'mset').every((count) => count === 1));
  assert.equal(client.ask('client reply skip', `mset ${pairs}`, 'get k1'), '$2\r\nv1\r\n');
  await kit.stop();
});

test('what must be atomic is refused over several slots', async () => {
  const kit = await createSlotKit();
  const client = kit.connect(0);
  client.ask('select s');
  assert.equal(client.ask('rename a b', 'msetnx a 1 b 2', 'get a'), `${CROSS}${CROSS}$-1\r\n`);
  const queued = '+QUEUED\r\n'.repeat(2);
  assert.equal(client.ask('multi', 'set a 1', 'set b 2', 'exec'), `${OK}${queued}${CROSS}`);
  assert.equal(
    client.ask('multi', 'set {x}a 1', 'incr {x}a', 'exec'),
    `${OK}${queued}*2\r\n${OK}:2\r\n`,
  );
  assert.equal(client.ask('rename {x}a {x}b', 'get {x}b'), `${OK}$1\r\n2\r\n`);
  assert.equal(client.ask('flushdb', 'dbsize'), `${OK}:0\r\n`);
  await kit.stop();
});

test('a pipeline over several owners is answered in its order', async () => {
  const kit = await createSlotKit();
  const client = kit.connect(1);
  client.ask('select s');
  const lines: string[] = [];
  let wanted = '';
  for (let i = 0; i < 200; i++) {
    lines.push(`rpush list:${i % 7} x`, `get none${i}`, 'nonsense');
    wanted += `:${Math.floor(i / 7) + 1}\r\n$-1\r\n`;
    wanted += "-ERR unknown command 'nonsense', with args beginning with: \r\n";
  }
  assert.equal(client.ask(...lines), wanted);
  assert.equal(client.ask('blpop none 0'), '');
  const other = kit.connect(0);
  assert.equal(other.ask('select s', 'rpush none y'), `${OK}:1\r\n`);
  assert.equal(client.take(), '*2\r\n$4\r\nnone\r\n$1\r\ny\r\n');
  await kit.stop();
});
