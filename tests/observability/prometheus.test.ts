/** A real Prometheus scrapes three real nodes: what the dashboards ask, what the alerts tell. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import os from 'node:os';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { skipWithout } from '../support/server.ts';
import { guessPasswords, Load } from './load.ts';
import { panelQueries, variableQueries } from './panels.ts';
import { Prometheus } from './prometheus.ts';
import { type StageNode, startStage, waitUntilWhole } from './stage.ts';

/** What these tell is true of a machine that is far too busy. */
const OF_THE_MACHINE = new Set([
  'HyperCacheDiskSlow',
  'HyperCacheLoopLag',
  'HyperCacheNodeDown',
  'HyperCacheReplicationLag',
]);
const isBusy = os.loadavg()[0]! > 3 * os.availableParallelism();
const QUIET_MS = 12_000;
const STILL_MS = 3_000;

test('a real Prometheus', { skip: skipWithout('prometheus') }, async (t) => {
  const stage = await startStage(t, ['--logging.enable_file=yes']);
  const [first, second, third] = stage.nodes as [StageNode, StageNode, StageNode];
  const prometheus = await Prometheus.start(t, stage.nodes);
  const load = new Load(stage.nodes);
  await load.start();

  await t.test('under load no alert fires, and every rule can be evaluated', async () => {
    await sleep(QUIET_MS);
    const alerts = await prometheus.alerts();
    assert.equal(alerts.length, 16);
    for (const { health, labels, name } of alerts) {
      assert.equal(health, 'ok', name);
      if (!isBusy || !OF_THE_MACHINE.has(name)) assert.deepEqual(labels, [], name);
    }
  });

  await t.test('copies that are behind, and a store that is turned over', async () => {
    load.evictingCount = 60;
    const busy = await copyHolder(stage.nodes);
    const sleeping = busy.call('DEBUG', 'SLEEP', '10');
    const lag = await prometheus.waitForAlert('HyperCacheReplicationLag');
    assert.equal(lag['peer'], busy.name);
    await sleeping;
    third.server.process.kill('SIGSTOP');
    await sleep(STILL_MS);
    third.server.process.kill('SIGCONT');
    const storm = await prometheus.waitForAlert('HyperCacheEvictionStorm');
    assert.equal(storm['store'], 'small');
    for (const node of stage.nodes) await waitUntilWhole(node, 3);
  });

  await t.test('memory that is full, logins that fail, a loop that stands still', async () => {
    await fill(first);
    const [panic, refused, guessed] = await Promise.all([
      prometheus.waitForAlert('HyperCacheMemoryPanic'),
      provoke(prometheus, 'HyperCacheWritesRefused', () => fill(first)),
      provoke(prometheus, 'HyperCacheLoginFailures', () => guessPasswords(second, 20)),
    ]);
    assert.equal(panic['store'], 'jobs');
    assert.equal(refused['severity'], 'critical');
    assert.equal(guessed['node'], 'node-2');
    const late = await provoke(prometheus, 'HyperCacheLoopLag', () =>
      second.call('DEBUG', 'SLEEP', '0.4'),
    );
    assert.equal(late['node'], 'node-2');
  });

  await t.test('a certificate that ends, keys that are not found any more', async () => {
    stage.ageCertificate();
    load.hitsOfTen = 1;
    const ending = await prometheus.waitForAlert('HyperCacheCertificateExpiry');
    assert.deepEqual([ending['node'], ending['port']], ['node-1', 'resp']);
    assert.equal((await prometheus.waitForAlert('HyperCacheHitRatioDrop'))['job'], 'hypercache');
  });

  await t.test(
    'every query of every panel has samples, and under load they are not zero',
    async (t) => {
      for (const query of panelQueries()) {
        const { dashboard, expr, isInstant, labels, panel } = query;
        await t.test(`${dashboard}: ${panel}: ${expr}`, async () => {
          const found = await (isInstant ? prometheus.now(expr) : prometheus.history(expr));
          assert.ok(found.length > 0, 'there is no sample');
          const values = found.flatMap((series) => series.values);
          assert.ok(
            values.some((value) => Number.isFinite(value) && value !== 0),
            `only ${[...new Set(values)].slice(0, 5)}`,
          );
          for (const { metric } of found) {
            for (const label of labels) assert.ok(metric[label] !== undefined, `no label ${label}`);
          }
        });
      }
      for (const query of variableQueries('prometheus')) {
        const [, selector, label] = /^label_values\((.+), (\w+)\)$/.exec(query)!;
        const found = await prometheus.now(selector!.replaceAll('$job', 'hypercache'));
        assert.ok(found.length > 0 && found.every(({ metric }) => metric[label!]), query);
      }
    },
  );

  await t.test('a disk that takes nothing: the log of changes, snapshots, log lines', async () => {
    limitFiles(second, '1');
    const [log] = await Promise.all([
      prometheus.waitForAlert('HyperCacheLogRefused'),
      provoke(prometheus, 'HyperCacheSnapshotFailed', () => second.call('BGSAVE')),
      prometheus.waitForAlert('HyperCacheLogLinesLost'),
    ]);
    assert.equal(log['node'], 'node-2');
    limitFiles(second, 'unlimited');
  });

  await t.test('nodes that do not reach each other, and one that is gone', async () => {
    const stranger = await stage.startStranger();
    prometheus.watch([...stage.nodes, stranger]);
    await prometheus.waitForAlert('HyperCacheClusterSplit');
    third.server.process.kill('SIGKILL');
    const down = await prometheus.waitForAlert('HyperCacheNodeDown');
    assert.equal(down['instance'], `127.0.0.1:${third.httpPort}`);
    const unhealthy = await prometheus.waitForAlert('HyperCacheClusterUnhealthy');
    assert.notEqual(unhealthy['node'], 'node-3');
  });
  await load.stop();
});

/** One that does not execute for the default store. */
async function copyHolder(nodes: readonly StageNode[]): Promise<StageNode> {
  const info = String(await nodes[0]!.call('INFO', 'cluster'));
  const owner = /cluster_default_store_owner:(\S+)/.exec(info)![1];
  return nodes.find(({ name }) => name !== owner)!;
}

/** Does it again and again until the alert fires. */
async function provoke(
  prometheus: Prometheus,
  name: string,
  act: () => Promise<unknown>,
): Promise<Readonly<Record<string, string>>> {
  let isOver = false;
  const acting = (async () => {
    while (!isOver) {
      await act();
      await sleep(200);
    }
  })();
  const labels = await prometheus.waitForAlert(name);
  isOver = true;
  await acting;
  return labels;
}

/** More than the store may hold, which evicts nothing. */
async function fill(node: StageNode): Promise<void> {
  const client = await node.connect();
  const sets = Array.from({ length: 1_500 }, (_, i) => ['SET', `job:${i}`, 'x'.repeat(1_000)]);
  client.sendCommands([['SELECT', 'jobs'], ...sets]);
  await client.take(sets.length + 1);
  client.end();
}

/** No file of the node may grow beyond that. */
function limitFiles(node: StageNode, bytes: string): void {
  execFileSync('prlimit', ['--pid', `${node.server.pid}`, `--fsize=${bytes}:`]);
}
