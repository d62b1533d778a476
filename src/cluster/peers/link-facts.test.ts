import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLinkKit } from '../../testing/link-kit.ts';
import { linkFacts, peerFacts } from './link-facts.ts';

test('each connection that stands is told, in the direction in which it was opened', async () => {
  const kit = await createLinkKit(2);
  const [one, two] = kit.nodes;
  assert.deepEqual(linkFacts(one.bus), []);
  one.bus.keep('node-2', two.address, two.bus.port);
  await kit.fabric.pass(100);
  assert.deepEqual(
    linkFacts(two.bus).map(({ direction, nodeId }) => [direction, nodeId]),
    [['from', 'node-1']],
  );
  kit.keepAll();
  await kit.untilUp();
  const links = linkFacts(one.bus);
  assert.deepEqual(links.map(({ direction }) => direction).sort(), ['from', 'to']);
  for (const { createdMs, nodeId, queuedBytes } of links) {
    assert.equal(nodeId, 'node-2');
    assert.equal(queuedBytes, 0);
    assert.ok(createdMs > 1_700_000_000_000);
  }
});

test('of a peer is told how long it is quiet, what waits for it and what is wrong', async () => {
  const kit = await createLinkKit(2);
  const [one, two] = kit.nodes;
  one.bus.keep('node-2', two.address, two.bus.port);
  const [unmet] = peerFacts(one.bus);
  assert.deepEqual([unmet.isUp, unmet.isHeard, unmet.quietMs], [false, false, -1]);
  kit.keepAll();
  await kit.untilUp();
  kit.fabric.wire.isolate(two.address);
  one.send('node-2', 'x'.repeat(20_000_000));
  await kit.fabric.pass(2_000);
  const [cut] = peerFacts(one.bus);
  assert.deepEqual([cut.isUp, cut.isHeard], [true, false]);
  assert.ok(cut.quietMs > 1_500 && cut.quietMs <= 2_200, `${cut.quietMs}`);
  assert.ok(cut.queuedBytes > 10_000_000, `${cut.queuedBytes}`);
  assert.equal(cut.trouble, '');
  await kit.fabric.pass(3_000);
  const [gone] = peerFacts(one.bus);
  assert.deepEqual([gone.isUp, gone.queuedBytes, gone.breakCount], [false, 0, 1]);
  assert.notEqual(gone.trouble, '');
});
