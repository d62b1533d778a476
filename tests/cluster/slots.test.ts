/** Four real nodes of which two hold each key, and nodes whose slots have owners of their own. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster } from 'ioredis';
import { waitFor } from '../support/server.ts';
import {
  type ClusterNode,
  type Ending,
  type LocalCluster,
  startCluster,
  waitUntilEqual,
  waitUntilWhole,
} from './local-cluster.ts';

const KEY_COUNT = 2_000;
const SERVED_WITHIN_MS = 3_000;
const MOVED_WITHIN_MS = 15_000;

test('two of four nodes hold each key', async (t) => {
  const cluster = await startCluster(t, {
    nodeCount: 4,
    settings: ['--cluster.replication_factor=2'],
  });
  const { nodes } = cluster;
  await fill(nodes);

  await t.test('every key is read through every node, and lies on two', async () => {
    await Promise.all(nodes.map(readAll));
    await waitForCopies(nodes, 2 * KEY_COUNT);
    for (const node of nodes) assert.equal(await node.call('DBSIZE'), KEY_COUNT);
    const counts = await Promise.all(nodes.map(copyCount));
    for (const count of counts) assert.ok(count < KEY_COUNT, `no node has all of them: ${counts}`);
  });

  await t.test('KEYS and SCAN find each key, whichever node is asked', async () => {
    for (const node of nodes) {
      const keys = (await node.call('KEYS', '*')) as string[];
      assert.equal(new Set(keys).size, KEY_COUNT);
      assert.equal(new Set(await scanAll(node)).size, KEY_COUNT);
    }
  });

  await t.test('MGET, MSET, DEL and EXISTS over all slots', async () => {
    const names = Array.from({ length: 50 }, (_, i) => `many:${i}`);
    const pairs = names.flatMap((name, i) => [name, `${i}`]);
    assert.equal(await nodes[0]!.call('MSET', ...pairs), 'OK');
    for (const node of nodes) {
      assert.deepEqual(
        await node.call('MGET', ...names),
        names.map((_, i) => `${i}`),
      );
      assert.equal(await node.call('EXISTS', ...names), names.length);
    }
    assert.equal(await nodes[3]!.call('DEL', ...names), names.length);
    for (const node of nodes) assert.equal(await node.call('EXISTS', ...names), 0);
  });

  await t.test('keys of several slots are no atomic command; those of one tag are', async () => {
    for (const node of nodes) {
      assert.match(String(await node.call('RENAME', 'a', 'b')), /^-CROSSSLOT /);
      assert.match(String(await node.call('SINTERSTORE', 'a', 'b', 'c')), /^-CROSSSLOT /);
      await node.call('DEL', '{tag}:a', '{tag}:b', '{tag}:c');
      assert.equal(await node.call('SADD', '{tag}:a', '1', '2'), 2);
      assert.equal(await node.call('SADD', '{tag}:b', '2', '3'), 2);
      assert.equal(await node.call('SINTERSTORE', '{tag}:c', '{tag}:a', '{tag}:b'), 1);
      assert.equal(await node.call('RENAME', '{tag}:c', '{tag}:d'), 'OK');
      const script = "return redis.call('SCARD', KEYS[1])";
      assert.equal(await node.call('EVAL', script, '1', '{tag}:d'), 1);
    }
    await nodes[0]!.call('DEL', '{tag}:a', '{tag}:b', '{tag}:d');
  });

  await t.test('counters that all nodes count are exact', async () => {
    await countTogether(nodes, 'counter', 4, 200);
    for (const node of nodes) {
      for (let i = 0; i < 4; i++) assert.equal(await node.call('GET', `counter:${i}`), '800');
    }
    await nodes[0]!.call('DEL', ...Array.from({ length: 4 }, (_, i) => `counter:${i}`));
  });

  await t.test('ioredis Cluster', async (t) => {
    const client = new Cluster(nodes.map(({ port }) => ({ host: '127.0.0.1', port })));
    t.after(() => client.disconnect());
    for (let i = 0; i < 200; i++) assert.equal(await client.set(`io:${i}`, `${i}`), 'OK');
    for (let i = 0; i < 200; i++) assert.equal(await client.get(`io:${i}`), `${i}`);
    for (let i = 0; i < 200; i++) assert.equal(await client.del(`io:${i}`), 1);
  });

  await t.test('kill -9: every key is served within three seconds', async (t) => {
    const [dead, ...others] = nodes;
    dead!.signal('SIGKILL');
    const killedMs = performance.now();
    for (const node of others) {
      await waitFor(`${node.name} to serve every key`, SERVED_WITHIN_MS, () =>
        readAll(node).then(
          () => true,
          () => undefined,
        ),
      );
    }
    t.diagnostic(`all keys are served ${Math.round(performance.now() - killedMs)} ms later`);
    await waitForCopies(others, 2 * KEY_COUNT);
    assert.equal(await others[0]!.call('SET', 'key:7', 'changed'), 'OK');
    assert.equal(await others[1]!.call('DEL', 'key:8'), 1);
  });

  await t.test('it returns, and holds its share again', async () => {
    await cluster.restart();
    await waitUntilWhole(nodes);
    await waitForCopies(nodes, 2 * (KEY_COUNT - 1));
    for (const node of nodes) {
      assert.equal(await node.call('GET', 'key:7'), 'changed');
      assert.equal(await node.call('GET', 'key:8'), null, 'a deleted key does not return');
    }
    assert.equal(await nodes[0]!.call('MSET', 'key:7', 'value 7', 'key:8', 'value 8'), 'OK');
  });

  await t.test('a fifth node takes its share while clients write', async (t) => {
    const writers = startWriters(t, nodes, 'join');
    const fifth = await cluster.add();
    await waitUntilWhole(nodes);
    await waitForCopies(nodes, 2 * (KEY_COUNT + writers.keyCount));
    await writers.stop(fifth);
    await Promise.all(nodes.map(readAll));
    assert.ok((await copyCount(fifth)) > 0);
  });

  await t.test('a node that is stopped hands over all that it has', async (t) => {
    const writers = startWriters(t, nodes.slice(1), 'leave');
    await cluster.run(['stop', nodes[0]!.name]);
    const others = nodes.slice(1);
    await waitForCopies(others, 2 * (KEY_COUNT + 2 * writers.keyCount));
    await writers.stop(others[0]!);
    await Promise.all(others.map(readAll));
  });

  await t.test('FLUSHALL through any node is for all of them', async () => {
    const others = nodes.slice(1);
    assert.equal(await others[1]!.call('FLUSHALL'), 'OK');
    await waitForCopies(others, 0);
  });
});

test('one node holds each key: who is stopped gives what it alone has', async (t) => {
  const cluster = await startCluster(t, { settings: ['--cluster.replication_factor=1'] });
  const { nodes } = cluster;
  await fill(nodes);
  await waitForCopies(nodes, KEY_COUNT);
  await cluster.run(['stop', nodes[0]!.name]);
  const others = nodes.slice(1);
  for (const node of others) await readAll(node);
  await waitForCopies(others, KEY_COUNT);
  await restart(cluster);
  for (const node of nodes) await readAll(node);
  await waitForCopies(nodes, KEY_COUNT);
});

test('every node holds each key, and each slot has an owner of its own', async (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hypercache-slots-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'cluster.yaml');
  fs.writeFileSync(file, 'stores:\n  - name: default\n    ownership: slot\n');
  const cluster = await startCluster(t, { settings: ['--config', file] });
  const { nodes } = cluster;
  await fill(nodes);
  await Promise.all(nodes.map(readAll));
  await waitUntilEqual(nodes);
  await waitForCopies(nodes, 3 * KEY_COUNT);
  await countTogether(nodes, 'counter', 4, 100);
  for (const node of nodes) {
    for (let i = 0; i < 4; i++) assert.equal(await node.call('GET', `counter:${i}`), '300');
    assert.match(String(await node.call('RENAME', 'a', 'b')), /^-CROSSSLOT /);
  }
  const [dead, ...others] = nodes;
  dead!.signal('SIGKILL');
  await waitFor('the slots of the dead node to be written', SERVED_WITHIN_MS, async () => {
    const names = Array.from({ length: 50 }, (_, i) => `after:${i}`);
    const reply = await others[0]!.call('MSET', ...names.flatMap((name) => [name, '1']));
    return reply === 'OK' || undefined;
  });
  for (const node of others) await readAll(node);
  await restart(cluster);
  await waitUntilEqual(nodes, MOVED_WITHIN_MS);
  await waitForCopies(nodes, 3 * (KEY_COUNT + 4 + 50));
});

async function restart(cluster: LocalCluster): Promise<void> {
  await cluster.restart();
  await waitUntilWhole(cluster.nodes);
}

/** Each key through another node. */
async function fill(nodes: readonly ClusterNode[]): Promise<void> {
  const clients = await Promise.all(nodes.map((node) => node.connect()));
  for (const [n, client] of clients.entries()) {
    const commands: string[][] = [];
    for (let i = n; i < KEY_COUNT; i += nodes.length) {
      commands.push(['SET', `key:${i}`, `value ${i}`]);
    }
    client.sendCommands(commands);
    for (const reply of await client.take(commands.length)) assert.equal(reply.kind, 'simple');
    client.end();
  }
}

async function readAll(node: ClusterNode): Promise<void> {
  const client = await node.connect();
  client.sendCommands(Array.from({ length: KEY_COUNT }, (_, i) => ['GET', `key:${i}`]));
  const replies = await client.take(KEY_COUNT);
  client.end();
  for (const [i, reply] of replies.entries()) {
    const text =
      reply.kind === 'bulk' ? Buffer.from(reply.bytes).toString() : JSON.stringify(reply);
    if (text !== `value ${i}` && text !== 'changed') assert.fail(`key:${i}, ${node.name}: ${text}`);
  }
}

async function scanAll(node: ClusterNode): Promise<string[]> {
  const keys: string[] = [];
  let cursor = '0';
  do {
    const [next, some] = (await node.call('SCAN', cursor, 'COUNT', '100')) as [string, string[]];
    cursor = next;
    keys.push(...some);
  } while (cursor !== '0');
  return keys;
}

/** Keys of which this node has a copy. */
async function copyCount(node: ClusterNode): Promise<number> {
  const text = String(await node.call('INFO', 'keyspace'));
  return Number(/^db0:keys=(\d+)/m.exec(text)?.[1] ?? 0);
}

async function waitForCopies(nodes: readonly ClusterNode[], wanted: number): Promise<void> {
  let counts: number[] = [];
  await waitFor(`${wanted} copies`, MOVED_WITHIN_MS, async () => {
    counts = await Promise.all(nodes.map(copyCount));
    return counts.reduce((sum, count) => sum + count, 0) === wanted || undefined;
  }).catch((error) => {
    throw new Error(`${error.message}: ${counts}`);
  });
}

async function countTogether(
  nodes: readonly ClusterNode[],
  name: string,
  keyCount: number,
  times: number,
): Promise<void> {
  await Promise.all(
    nodes.map(async (node) => {
      for (let i = 0; i < times * keyCount; i++) {
        const reply = await node.call('INCR', `${name}:${i % keyCount}`);
        assert.equal(typeof reply, 'number', String(reply));
      }
    }),
  );
}

/** A client at each node, which counts as long as it is let; none of their commands may fail. */
function startWriters(t: Ending, nodes: readonly ClusterNode[], name: string) {
  const keyCount = 20;
  const counts = new Array<number>(keyCount).fill(0);
  const failures: string[] = [];
  let isOver = false;
  const writers = [...nodes].map(async (node) => {
    const client = await node.connect();
    for (let i = 0; !isOver || i < keyCount; i++) {
      const reply = await client.call('INCR', `${name}:${i % keyCount}`);
      if (reply.kind === 'integer') counts[i % keyCount]!++;
      else failures.push(`${node.name}: ${JSON.stringify(reply)}`);
      await sleep(2);
    }
  });
  t.after(() => {
    isOver = true;
  });
  return {
    keyCount,
    async stop(reader: ClusterNode): Promise<void> {
      isOver = true;
      await Promise.all(writers);
      assert.deepEqual(failures.slice(0, 5), []);
      for (const [i, count] of counts.entries()) {
        assert.equal(await reader.call('GET', `${name}:${i}`), `${count}`, `${name}:${i}`);
      }
    },
  };
}
