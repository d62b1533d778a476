import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createNodeKit } from './testing/node-kit.ts';
import { createSimulatedWorld } from './world/simulated/simulated-world.ts';

/** A node on a machine that allows so many open files. */
async function openKit(openFileCountMax: number, settings: Record<string, string>) {
  const world = createSimulatedWorld(1);
  world.host.openFileCountMax = openFileCountMax;
  const kit = await createNodeKit({ world, settings });
  const { network, http } = kit.node.services.configuration;
  return { kit, clients: network.maxClients, http: http.connectionCountMax };
}

test('both ports fit into the open files, HTTP gives way down to a quarter', async () => {
  const both = await openKit(1032, { 'http.enabled': 'yes' });
  assert.deepEqual([both.clients, both.http], [750, 250]);
  assert.deepEqual(both.kit.complaints, ['max-connections', 'maxclients']);
  const few = await openKit(1032, { 'http.enabled': 'yes', 'network.max_clients': '100' });
  assert.deepEqual([few.clients, few.http], [100, 900]);
  assert.deepEqual(few.kit.complaints, ['max-connections']);
  const none = await openKit(20, { 'http.enabled': 'yes' });
  assert.deepEqual([none.clients, none.http], [1, 1]);
});

test('where there is no HTTP port clients have all files but the reserve', async () => {
  const { kit, clients } = await openKit(1032, {});
  assert.equal(clients, 1000);
  assert.deepEqual(kit.complaints, ['maxclients']);
});

test('files that are enough for all change nothing', async () => {
  const { kit, clients, http } = await openKit(11_032, { 'http.enabled': 'yes' });
  assert.deepEqual([clients, http], [10_000, 1_000]);
  assert.deepEqual(kit.complaints, []);
});

test('maxclients is not raised over what HTTP leaves', async () => {
  const { kit } = await openKit(1032, { 'http.enabled': 'yes', 'network.max_clients': '100' });
  assert.throws(() => kit.configure('maxclients', '101'), /try with 100/);
  kit.configure('maxclients', '90');
});

test('a node of a cluster keeps files for links', async () => {
  const { clients } = await openKit(1160, { 'cluster.enabled': 'yes' });
  assert.equal(clients, 1000);
});
