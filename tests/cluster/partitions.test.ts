/**
 * Networks that fall apart while clients write on all sides, and heal. ROUNDS=50 makes it the long
 * form: `npm run test:partitions`.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { patiently } from '../support/patience.ts';
import { waitFor } from '../support/server.ts';
import { type Machine, type Machines, skipWithoutNamespaces, startMachines } from './namespaces.ts';

const ROUNDS = Number(process.env['ROUNDS'] ?? 3);
const KEY_COUNT = 60;
const PARTED_MS = 3_000;
const CONVERGED_WITHIN_MS = 5_000;

const BRIDGE = 'a bridge: two that hear the third, and not each other';

/** Who is cut off from whom; `owner` executes for the default store. */
const PATTERNS: Readonly<
  Record<string, (machines: Machines, owner: Machine, others: readonly Machine[]) => void>
> = {
  'halves: the owner and one other, and one alone': (machines, owner, [near, far]) => {
    cutBoth(machines, owner, far!);
    cutBoth(machines, near!, far!);
  },
  'the owner alone': (machines, owner, others) => {
    for (const other of others) cutBoth(machines, owner, other);
  },
  [BRIDGE]: (machines, owner, [near]) => {
    cutBoth(machines, owner, near!);
  },
};

function cutBoth(machines: Machines, a: Machine, b: Machine): void {
  machines.cut(a, b);
  machines.cut(b, a);
}

test('partitions heal: all nodes hold the same, and no deleted key is back', {
  skip: skipWithoutNamespaces(),
}, async (t) => {
  const machines = await startMachines(t, 3);
  for (let round = 0; round < ROUNDS; round++) {
    const names = Object.keys(PATTERNS);
    const name = names[round % names.length]!;
    await t.test(`round ${round + 1}: ${name}`, async () => {
      await runRound(machines, round, PATTERNS[name]!);
    });
  }
  const counted = await Promise.all(machines.all.map(lostVersionCount));
  t.diagnostic(`versions that lost, by node: ${counted.join(', ')}`);
  assert.ok(
    counted.some((count) => count > 0),
    'losing versions are counted',
  );
});

async function runRound(
  machines: Machines,
  round: number,
  part: (typeof PATTERNS)[string],
): Promise<void> {
  const { all } = machines;
  const doomed = `doomed:${round}`;
  assert.equal(await all[0]!.call('SET', doomed, 'v'), 'OK');
  await untilEqual(all);
  const owner = await ownerOf(all);
  const others = all.filter((machine) => machine !== owner);
  part(machines, owner, others);
  const endMs = performance.now() + PARTED_MS;
  const acknowledged = await Promise.all(all.map((machine, i) => write(machine, i, round, endMs)));
  if (part === PATTERNS[BRIDGE]) await requireTold(owner, others[0]!);
  // After the last write of it anywhere: the tombstone is the newest version.
  for (const machine of all) await machine.call('DEL', doomed);
  machines.heal();
  const healedMs = performance.now();
  await untilEqual(all);
  const tookMs = performance.now() - healedMs;
  assert.ok(tookMs < patiently(CONVERGED_WITHIN_MS), `${tookMs} ms`);
  for (const machine of all) assert.equal(await machine.call('GET', doomed), null);
  await requireOwnKeys(all, acknowledged, round);
}

/** Each lacks a node that the third hears: /health says so, and both go on all the same. */
async function requireTold(...parted: readonly Machine[]): Promise<void> {
  for (const machine of parted) {
    await waitFor(`${machine.name} to be unhealthy`, CONVERGED_WITHIN_MS, async () => {
      return (await machine.get('/health')).status === 503 || undefined;
    });
    for (const path of ['/health/live', '/health/ready']) {
      assert.equal((await machine.get(path)).status, 200, `${machine.name} ${path}`);
    }
  }
}

/** Keys that only one client writes are not lost: nobody else had a newer version. */
async function requireOwnKeys(
  all: readonly Machine[],
  acknowledged: readonly ReadonlyMap<string, string>[],
  round: number,
): Promise<void> {
  for (const [i, own] of acknowledged.entries()) {
    for (const [key, value] of own) {
      const found = await all[(i + 1) % all.length]!.call('GET', key);
      assert.equal(found, value, `${key} of round ${round}`);
    }
  }
}

/** Writes shared keys and keys of its own. @returns its own keys, as acknowledged */
async function write(
  machine: Machine,
  writer: number,
  round: number,
  endMs: number,
): Promise<Map<string, string>> {
  const acknowledged = new Map<string, string>();
  for (let i = 0; performance.now() < endMs; i++) {
    const key = i % KEY_COUNT;
    const value = `${round}-${writer}-${i}`;
    if (i % 5 === 0) await machine.call('DEL', `shared:${key}`);
    else await machine.call('SET', `shared:${key}`, value);
    const own = `own:${writer}:${key}`;
    const reply = await machine.call('SET', own, value);
    if (reply === 'OK') acknowledged.set(own, value);
    // What is not acknowledged may have happened or not.
    else acknowledged.delete(own);
    await sleep(1);
  }
  return acknowledged;
}

async function untilEqual(all: readonly Machine[]): Promise<void> {
  let last: unknown[] = [];
  await waitFor('all to hold the same', CONVERGED_WITHIN_MS, async () => {
    last = await Promise.all(all.map((machine) => machine.call('DEBUG', 'DIGEST')));
    const isWhole = await Promise.all(all.map(isHealthy));
    return (new Set(last).size === 1 && isWhole.every(Boolean)) || undefined;
  }).catch((error) => {
    throw new Error(`${error.message}: ${last.join(' ')}`);
  });
}

async function isHealthy(machine: Machine): Promise<boolean> {
  return (await machine.get('/health')).status === 200;
}

/** Who executes for the default store. */
async function ownerOf(all: readonly Machine[]): Promise<Machine> {
  const { members } = JSON.parse((await all[0]!.get('/api/cluster/status')).text);
  const found = members.find(({ metadata }: { metadata: { owned_stores: readonly string[] } }) =>
    metadata.owned_stores.includes('default'),
  );
  return all.find(({ name }) => name === found.node_id)!;
}

async function lostVersionCount(machine: Machine): Promise<number> {
  const { text } = await machine.get('/metrics');
  const lines = text.matchAll(/^hypercache_cluster_lost_versions_total\S* (\d+)/gm);
  return [...lines].reduce((sum, [, count]) => sum + Number(count), 0);
}
