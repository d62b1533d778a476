import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from '../support/server.ts';
import {
  type ClusterNode,
  findFreePorts,
  runCommand,
  startCluster,
  waitUntilEqual,
  waitUntilWhole,
} from './local-cluster.ts';

/** What is written comes to the other nodes within this time. */
const PROPAGATION_MS = 1_000;
const KEY_COUNT = 2_000;

async function waitForReply(node: ClusterNode, wanted: unknown, ...args: string[]) {
  let last: unknown;
  await waitFor(`${node.name} to answer ${args.join(' ')}`, PROPAGATION_MS, async () => {
    last = await node.call(...args);
    return JSON.stringify(last) === JSON.stringify(wanted) || undefined;
  }).catch((error) => {
    throw new Error(`${error.message}: ${JSON.stringify(last)}, not ${JSON.stringify(wanted)}`);
  });
}

test('three nodes are one cache: what one does is seen on all', async (t) => {
  const { nodes } = await startCluster(t);
  const [first, second, third] = nodes as [ClusterNode, ClusterNode, ClusterNode];
  const everywhere = async (wanted: unknown, ...args: string[]) => {
    for (const node of nodes) await waitForReply(node, wanted, ...args);
  };

  await t.test(
    'SET on one is read on the others; DEL on another removes it everywhere',
    async () => {
      assert.equal(await first.call('SET', 'greeting', 'hello'), 'OK');
      await everywhere('hello', 'GET', 'greeting');
      assert.equal(await third.call('DEL', 'greeting'), 1);
      await everywhere(null, 'GET', 'greeting');
    },
  );

  await t.test('EXPIRE, INCR, LPUSH and HSET, each through another node', async () => {
    assert.equal(await first.call('SET', 'short', 'v'), 'OK');
    assert.equal(await second.call('PEXPIREAT', 'short', '99999999999999'), 1);
    await everywhere(99_999_999_999_999, 'PEXPIRETIME', 'short');
    assert.equal(await third.call('PEXPIRE', 'short', '300'), 1);
    await everywhere(null, 'GET', 'short');
    for (const [i, node] of nodes.entries()) assert.equal(await node.call('INCR', 'n'), i + 1);
    await everywhere('3', 'GET', 'n');
    for (const node of nodes) await node.call('RPUSH', 'list', node.name);
    await everywhere(['node-1', 'node-2', 'node-3'], 'LRANGE', 'list', '0', '-1');
    for (const node of nodes) assert.equal(await node.call('HSET', 'hash', node.name, '1'), 1);
    await everywhere(3, 'HLEN', 'hash');
  });

  await t.test('a node reads at once what was written through it', async () => {
    for (let i = 0; i < 300; i++) {
      const node = nodes[i % 3]!;
      assert.equal(await node.call('SET', 'own', String(i)), 'OK');
      assert.equal(await node.call('GET', 'own'), String(i));
    }
  });

  await t.test('a named store is made and written everywhere, and keeps its settings', async () => {
    const options = { name: 'sessions', eviction_policy: 'lfu', max_memory: '16mb' };
    assert.equal((await second.ask('POST', '/api/stores', options)).status, 201);
    for (const node of nodes) {
      const { json } = await waitFor('the store to be there', PROPAGATION_MS, async () => {
        const answer = await node.ask('GET', '/api/stores/sessions');
        return answer.status === 200 ? answer : undefined;
      });
      assert.equal(json.config.eviction_policy, 'lfu');
    }
    const put = await third.ask('PUT', '/api/stores/sessions/cache/who', { value: { id: 7 } });
    assert.equal(put.status, 200);
    for (const node of nodes) {
      const { json } = await waitFor('the key to be there', PROPAGATION_MS, async () => {
        const answer = await node.ask('GET', '/api/stores/sessions/cache/who');
        return answer.status === 200 ? answer : undefined;
      });
      assert.deepEqual(json.data.value, { id: 7 });
      assert.equal((await node.ask('GET', '/api/cache/who')).status, 404, 'not in default');
    }
    assert.equal((await first.ask('DELETE', '/api/stores/sessions')).status, 200);
    for (const node of nodes) {
      await waitFor('the store to be gone', PROPAGATION_MS, async () => {
        return (await node.ask('GET', '/api/stores/sessions')).status === 404 || undefined;
      });
    }
  });

  await t.test('a time to live over HTTP; `replicated` tells the truth', async () => {
    const { json, status } = await second.ask('PUT', '/api/cache/brief', { value: 1, ttl: '20s' });
    assert.equal(status, 200);
    assert.equal(json.replicated, true);
    for (const node of nodes) {
      const leftMs = Number(
        await waitFor('the key to be there', PROPAGATION_MS, async () => {
          const reply = await node.call('PTTL', 'brief');
          return Number(reply) > 0 ? reply : undefined;
        }),
      );
      assert.ok(leftMs > 1_000 && leftMs <= 20_000, `${leftMs}`);
      assert.equal((await node.ask('GET', '/api/cache/brief')).json.data.value, 1);
    }
  });

  await t.test('FLUSHALL through any node', async () => {
    assert.equal(await third.call('FLUSHALL'), 'OK');
    await everywhere(0, 'DBSIZE');
  });
  await waitUntilEqual(nodes);
});

test('a fourth is filled; who is killed is missed for moments, and returns equal', async (t) => {
  const cluster = await startCluster(t);
  const { nodes } = cluster;
  await fill(nodes[0]!);

  await t.test('the fourth has every key when it has been added', async () => {
    const added = await cluster.add();
    assert.equal(await added.call('DBSIZE'), KEY_COUNT);
    await waitUntilWhole(nodes);
    await waitUntilEqual(nodes);
  });

  await t.test(
    'kill -9: every key is served within three seconds, and can be written',
    async () => {
      const [dead, ...others] = nodes;
      dead!.signal('SIGKILL');
      const killedMs = performance.now();
      for (const node of others) {
        for (let i = 0; i < KEY_COUNT; i += 97) {
          assert.equal(await node.call('GET', `key:${i}`), `value ${i}`);
        }
        await waitFor(`${node.name} to take writes`, 3_000, async () => {
          return (await node.call('SET', `after:${node.name}`, 'v')) === 'OK' || undefined;
        });
      }
      t.diagnostic(`writes go on ${Math.round(performance.now() - killedMs)} ms after the kill`);
      assert.ok(performance.now() - killedMs < 10_000);
      await others[0]!.call('DEL', 'key:0');
      await others[1]!.call('SET', 'key:1', 'changed');
    },
  );

  await t.test('it returns with its old data, and is identical again', async () => {
    await cluster.restart();
    await waitUntilWhole(nodes);
    await waitUntilEqual(nodes);
    assert.equal(await nodes[0]!.call('GET', 'key:0'), null, 'a deleted key does not return');
    assert.equal(await nodes[0]!.call('GET', 'key:1'), 'changed');
  });

  await t.test('status tells of all of them', async () => {
    const text = await cluster.run(['status']);
    for (const { name } of nodes) assert.match(text, new RegExp(`^${name} +alive +ready`, 'm'));
  });
});

test('a rolling restart fails no command', async (t) => {
  const cluster = await startCluster(t);
  const { nodes } = cluster;
  let isOver = false;
  let count = 0;
  const failures: string[] = [];
  const writer = (async () => {
    // Through a node that stays; the owner of the store goes and comes meanwhile.
    const steady = nodes[2]!;
    while (!isOver) {
      const reply = await steady.call('INCR', 'steady');
      if (typeof reply !== 'number') failures.push(String(reply));
      else count = reply;
      await sleep(1);
    }
  })();
  for (const node of nodes.slice(0, 2)) {
    await cluster.run(['stop', node.name]);
    await cluster.restart();
  }
  isOver = true;
  await writer;
  assert.deepEqual(failures, []);
  await waitUntilEqual(nodes);
  assert.equal(await nodes[0]!.call('GET', 'steady'), String(count));
});

test('start and stop tell what runs already, and what is taken', async (t) => {
  const baseDir = fs.mkdtempSync('/tmp/hypercache-make-');
  t.after(async () => {
    await runCommand(['cluster', 'stop', '--base-dir', baseDir]);
    fs.rmSync(baseDir, { recursive: true, force: true });
  });
  const port = await findFreePorts();
  const taken = await runCommand([
    'cluster',
    'start',
    '--nodes',
    '2',
    '--base-dir',
    baseDir,
    '--port',
    `${port}`,
  ]);
  assert.equal(taken.code, 0, taken.output);
  assert.match(taken.output, /2 nodes are one cluster/);
  const again = await runCommand(['cluster', 'start', '--base-dir', baseDir]);
  assert.equal(again.code, 0, again.output);
  assert.match(again.output, /node-1 runs already/);
  const elsewhere = await runCommand([
    'cluster',
    'start',
    '--base-dir',
    `${baseDir}/other`,
    '--port',
    `${port}`,
  ]);
  assert.equal(elsewhere.code, 1);
  assert.match(elsewhere.output, /port \d+ of node-1 \(resp\) is taken/);
  const stopped = await runCommand(['cluster', 'stop', '--base-dir', baseDir]);
  assert.equal(stopped.output, 'node-2 stopped\nnode-1 stopped\n');
  assert.deepEqual(
    fs.readdirSync(`${baseDir}/run`).filter((name) => name.endsWith('.pid')),
    [],
  );
});

async function fill(node: ClusterNode): Promise<void> {
  const client = await node.connect();
  const commands = Array.from({ length: KEY_COUNT }, (_, i) => ['SET', `key:${i}`, `value ${i}`]);
  client.sendCommands(commands);
  for (const reply of await client.take(KEY_COUNT)) assert.equal(reply.kind, 'simple');
  client.end();
}
