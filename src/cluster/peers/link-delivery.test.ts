import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLinkKit } from '../../testing/link-kit.ts';

test('whenDelivered waits until the peer has read all, or its time is over', async () => {
  const kit = await createLinkKit(2);
  kit.keepAll();
  await kit.untilUp();
  const [one, two] = kit.nodes;
  two.take();
  kit.fabric.wire.latencyMsMin = 200;
  kit.fabric.wire.latencyMsMax = 200;
  let isDelivered = false;
  const wait = (withinMs: number) => {
    isDelivered = false;
    void one.bus.whenDelivered(withinMs).then(() => {
      isDelivered = true;
    });
  };
  one.send('node-2', 'late');
  wait(2_000);
  await kit.fabric.pass(190);
  assert.deepEqual([two.take(), isDelivered], [[], false]);
  await kit.fabric.pass(800);
  assert.deepEqual([two.take(), isDelivered], [['node-1: late'], true]);
  one.send('node-2', 'later');
  wait(50);
  await kit.fabric.pass(70);
  assert.deepEqual([two.take(), isDelivered], [[], true]);
});
