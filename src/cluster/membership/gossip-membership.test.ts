import assert from 'node:assert/strict';
import { test } from 'node:test';
import { areAllAlive, createGossipKit, viewOf } from '../../testing/gossip-kit.ts';

const THREE = ['node-1', 'node-2', 'node-3'];

test('members that know one seed find each other, with tags', async () => {
  const kit = createGossipKit(7);
  const gossipers = await kit.start(THREE);
  await kit.fabric.until('all to be alive', () => areAllAlive(gossipers), 2_000);
  for (const { membership, complaints } of gossipers) {
    assert.deepEqual(
      membership.members.map(({ tags }) => tags.get('resp')),
      ['8080', '8080', '8080'],
    );
    assert.deepEqual(complaints, []);
  }
  await kit.fabric.pass(120_000);
  assert.ok(areAllAlive(gossipers));
  assert.deepEqual(
    gossipers.map(({ membership }) => membership.stats.suspicions),
    [0, 0, 0],
  );
});

test('who is killed is seen as failed by all, and comes back as the same member', async () => {
  const kit = createGossipKit(11);
  const [first, second, third] = await kit.start(THREE);
  await kit.fabric.until('all to be alive', () => areAllAlive([first, second, third]), 2_000);
  const { address } = third.world.network;
  kit.fabric.kill(address, 'dark');
  const isFailed = () => [first, second].every((one) => viewOf(one)['node-3'] === 'failed');
  await kit.fabric.until('node-3 to be failed', isFailed, 30_000);
  const world = kit.fabric.addMachine({ address, disk: third.world.disk });
  const again = kit.add('node-3', {}, world);
  const starting = again.membership.start();
  await kit.fabric.until('all to be alive', () => areAllAlive([first, second, again]), 15_000);
  await starting;
});

test('who leaves has left, at once', async () => {
  const kit = createGossipKit(13);
  const [first, second, third] = await kit.start(THREE);
  await kit.fabric.until('all to be alive', () => areAllAlive([first, second, third]), 2_000);
  const leaving = third.membership.leave();
  const hasLeft = () => [first, second].every((one) => viewOf(one)['node-3'] === 'left');
  await kit.fabric.until('node-3 to have left', hasLeft, 5_000);
  await kit.fabric.pass(5_000);
  await leaving;
  assert.equal(third.world.timers.pendingTimerCount, 0);
});
