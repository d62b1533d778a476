import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HyperCache, NodeError, ReplyError } from '../../src/index.ts';
import { waitFor } from '../support/server.ts';

/** The library as a program uses it. */

test('two nodes in one process share nothing and leave nothing open', async () => {
  const before = openResources();
  const nodes = await Promise.all([HyperCache.start({ port: 0 }), HyperCache.start({ port: 0 })]);
  assert.notEqual(nodes[0].port, nodes[1].port);
  nodes[0].store().set('k', 'first');
  assert.equal(nodes[1].store().get('k'), null);
  nodes[1].command('CONFIG', 'SET', 'maxmemory', '1mb');
  assert.notDeepEqual(
    nodes[0].command('CONFIG', 'GET', 'maxmemory'),
    nodes[1].command('CONFIG', 'GET', 'maxmemory'),
  );
  await Promise.all(nodes.map((node) => node.stop()));
  await Promise.all(nodes.map((node) => node.stopped));
  // Handles that are closed leave the list at the end of the loop turn.
  await waitFor('handles to be gone', 1_000, () => {
    return openResources().join() === before.join() || undefined;
  });
});

function openResources(): string[] {
  return process
    .getActiveResourcesInfo()
    .filter((name) => /TCP|Pipe|Timeout|Server/.test(name))
    .sort();
}

test('stop may be called again, and what comes after it is told', async () => {
  const node = await HyperCache.start();
  await Promise.all([node.stop(), node.stop()]);
  await node.stop();
  assert.throws(() => node.store().get('k'), /has stopped/);
  assert.throws(() => node.command('PING'), /has stopped/);
});

test('a refused port rejects with NodeError, and a later start works', async () => {
  const first = await HyperCache.start({ port: 0 });
  const refused = HyperCache.start({ port: first.port });
  await assert.rejects(refused, (error) => {
    assert.ok(error instanceof NodeError);
    assert.ok(error instanceof Error);
    assert.equal(error.code, 'PORT_REFUSED');
    assert.equal(error.facts.port, first.port);
    return true;
  });
  const { port } = first;
  await first.stop();
  const second = await HyperCache.start({ port });
  assert.equal(second.port, port);
  await second.stop();
});

test('error replies are ReplyErrors with a code; the store goes on', async () => {
  const node = await HyperCache.start();
  const store = node.store();
  store.set('text', 'abc');
  for (const fail of [() => store.incr('text'), () => node.command('INCR', 'text')]) {
    assert.throws(fail, (error) => {
      assert.ok(error instanceof ReplyError);
      assert.equal(error.code, 'ERR');
      assert.match(error.message, /not an integer/);
      return true;
    });
  }
  assert.equal(store.get('text'), 'abc');
  await node.stop();
});

test('keys and values may be any bytes', async () => {
  const node = await HyperCache.start();
  const store = node.store();
  const all = Buffer.from(Array.from({ length: 256 }, (_unused, i) => i));
  const copy = Buffer.from(all);
  assert.equal(store.set(all, all), true);
  const back = store.getBuffer(copy);
  assert.ok(back !== null && back.equals(all));
  back.fill(0);
  assert.ok(store.getBuffer(all)?.equals(copy), 'a copy of its own');
  assert.equal(store.set('', ''), true);
  assert.equal(store.get(''), '');
  assert.equal(store.exists(all, '', 'nope'), 2);
  assert.deepEqual(node.commandBinary('GET', all), copy);
  assert.equal(store.del(all, ''), 2);
  await node.stop();
});

test('the iterator walks all keys and may be left early', async () => {
  const node = await HyperCache.start();
  const store = node.store();
  const names = Array.from({ length: 5_000 }, (_unused, i) => `key:${i}`);
  store.mset(names.map((name) => [name, 1] as const));
  assert.deepEqual(new Set(store.scan()), new Set(names));
  for (const key of store.scan({ match: 'key:4*', count: 10 })) {
    assert.match(key, /^key:4/);
    break;
  }
  const seen = new Set<string>();
  for (const key of store.scan()) {
    seen.add(key);
    store.del(key);
  }
  assert.equal(seen.size, names.length);
  assert.equal(store.size, 0);
  await node.stop();
});
