import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ClusterNode, startCluster, waitUntilEqual } from './local-cluster.ts';

const KEY_COUNT = 300;
const ROUND_COUNT = 20;
const QUIET_MS = 1_000;

/** Commands of one writer: unique values, all keys in every round. */
type Script = (writer: number, round: number, key: number) => string[];

const SCRIPTS: Readonly<Record<string, Script>> = {
  'SET of the same keys': (writer, round, key) => ['SET', `set:${key}`, `${writer}-${round}`],
  'SET and DEL of the same keys': (writer, round, key) =>
    (writer + round + key) % 3 === 0
      ? ['DEL', `gone:${key}`]
      : ['SET', `gone:${key}`, `${writer}-${round}`],
  'INCR of the same keys': (_writer, _round, key) => ['INCR', `count:${key}`],
};

test('writers on all nodes at once: no key differs after a second of quiet', async (t) => {
  const { nodes } = await startCluster(t);
  for (const [name, script] of Object.entries(SCRIPTS)) {
    await t.test(name, async () => {
      await Promise.all(nodes.map((node, writer) => write(node, writer, script)));
      await sleep(QUIET_MS);
      await waitUntilEqual(nodes, 1);
    });
  }
  for (const node of nodes) {
    for (let key = 0; key < KEY_COUNT; key++) {
      const wanted = String(nodes.length * ROUND_COUNT);
      assert.equal(await node.call('GET', `count:${key}`), wanted, 'counters are exact');
    }
  }
});

async function write(node: ClusterNode, writer: number, script: Script): Promise<void> {
  const client = await node.connect();
  for (let round = 0; round < ROUND_COUNT; round++) {
    const commands = Array.from({ length: KEY_COUNT }, (_, key) => script(writer, round, key));
    client.sendCommands(commands);
    for (const reply of await client.take(KEY_COUNT)) assert.notEqual(reply.kind, 'error');
  }
  client.end();
}
