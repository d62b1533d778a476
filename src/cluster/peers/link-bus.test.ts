import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../base/limits.ts';
import { METRIC } from '../../observability/metrics/metric-table.ts';
import { createLinkKit, type LinkKit, type LinkNode } from '../../testing/link-kit.ts';
import { MESSAGE } from './message-table.ts';

async function linkedPair(seed = 1): Promise<{ kit: LinkKit; one: LinkNode; two: LinkNode }> {
  const kit = await createLinkKit(2, seed);
  kit.keepAll();
  await kit.untilUp();
  const [one, two] = kit.nodes;
  one.take();
  two.take();
  return { kit, one, two };
}

test('a peer is up and then heard, and messages come in order, each way', async () => {
  const kit = await createLinkKit(2);
  kit.keepAll();
  await kit.untilUp();
  const [one, two] = kit.nodes;
  assert.deepEqual(one.take(), ['up node-2', 'heard node-2']);
  assert.deepEqual(two.take(), ['up node-1', 'heard node-1']);
  for (let i = 0; i < 3; i++) assert.ok(one.send('node-2', `a${i}`));
  assert.ok(two.send('node-1', 'b'));
  await kit.fabric.pass(10);
  assert.deepEqual(two.take(), ['node-1: a0', 'node-1: a1', 'node-1: a2']);
  assert.deepEqual(one.take(), ['node-2: b']);
  assert.deepEqual(one.complaints, []);
  assert.deepEqual(one.failures, []);
});

test('messages of one turn leave in one write', async () => {
  const { kit, one } = await linkedPair();
  const sizes: number[] = [];
  kit.fabric.wire.onDelivery = ({ from, kind, bytes }) => {
    if (kind === 'stream' && from === one.address) sizes.push(bytes.length);
    return 0;
  };
  for (let i = 0; i < 100; i++) one.send('node-2', 'x');
  await kit.fabric.pass(1);
  assert.deepEqual(sizes, [100 * (4 + 1 + 4 + 1)]);
});

test('flush sends what was written so far before the turn ends', async () => {
  const { kit, one, two } = await linkedPair();
  one.send('node-2', 'now');
  one.bus.flush();
  const peer = one.bus.find('node-2');
  assert.equal(peer?.openWire?.output.byteCount, 0);
  await kit.fabric.pass(1);
  assert.deepEqual(two.take(), ['node-1: now']);
});

test('no message comes before the peer is up, whichever side is up first', async () => {
  for (let seed = 1; seed <= 60; seed++) {
    const kit = await createLinkKit(2, seed);
    const [one, two] = kit.nodes;
    kit.fabric.wire.latencyMsMax = 40;
    for (const { bus } of kit.nodes) {
      bus.listen({
        onUp: (peer) =>
          bus
            .begin(bus.find(peer.id) ?? assert.fail(), MESSAGE.publish)
            ?.text('first')
            .end(),
      });
    }
    kit.keepAll();
    await kit.untilUp();
    await kit.fabric.pass(200);
    assert.deepEqual(one.take(), ['up node-2', 'heard node-2', 'node-2: first'], `seed ${seed}`);
    assert.deepEqual(two.take(), ['up node-1', 'heard node-1', 'node-1: first'], `seed ${seed}`);
  }
});

test('a peer that nobody dials back is not up, and says what is missing', async () => {
  const kit = await createLinkKit(2);
  const [one, two] = kit.nodes;
  one.bus.keep('node-2', two.address, two.bus.port);
  await kit.fabric.pass(5_000);
  assert.equal(one.isUp('node-2'), false);
  assert.equal(one.send('node-2', 'lost'), false);
  assert.equal(one.counters[METRIC.linkMessagesDropped], 1);
  const [issue] = one.bus.issues();
  assert.equal(issue, 'Link with node node-2: it has not opened its link to this node');
  two.bus.keep('node-1', one.address, one.bus.port);
  await kit.untilUp();
  assert.deepEqual(one.bus.issues(), []);
});

test('a peer that is cut off is silent after a second, is given up, and comes back', async () => {
  const { kit, one, two } = await linkedPair();
  const { fabric } = kit;
  fabric.wire.isolate(two.address);
  await fabric.pass(850);
  assert.deepEqual(one.take(), []);
  await fabric.pass(450);
  assert.deepEqual(one.take(), ['silent node-2']);
  assert.deepEqual(two.take(), ['silent node-1']);
  assert.equal(one.isUp('node-2'), true);
  await fabric.pass(2_500);
  assert.deepEqual(one.take(), ['down node-2']);
  await fabric.pass(30_000);
  fabric.wire.healAll();
  const healedMs = fabric.timeline.nowMs;
  await kit.untilUp();
  assert.ok(fabric.timeline.nowMs - healedMs < 3_000, `${fabric.timeline.nowMs - healedMs} ms`);
  assert.deepEqual(one.take(), ['up node-2', 'heard node-2']);
});

test('a short cut costs nothing: what was sent meanwhile comes, in order', async () => {
  const { kit, one, two } = await linkedPair();
  kit.fabric.wire.cut(one.address, two.address);
  for (let i = 0; i < 5; i++) {
    one.send('node-2', `${i}`);
    await kit.fabric.pass(100);
  }
  kit.fabric.wire.healAll();
  await kit.fabric.pass(500);
  assert.deepEqual(two.take(), ['node-1: 0', 'node-1: 1', 'node-1: 2', 'node-1: 3', 'node-1: 4']);
  assert.deepEqual(one.take(), []);
});

test('a node that stood still takes nobody for silent', async () => {
  const { kit, one, two } = await linkedPair();
  kit.fabric.stall(one.address, 2_500);
  await kit.fabric.pass(2_600);
  assert.deepEqual(one.take(), []);
  assert.deepEqual(two.take(), ['silent node-1', 'heard node-1']);
});

test('a peer that is quiet is told of, and not given up while it is busy', async () => {
  const { kit, one, two } = await linkedPair();
  let quietCount = 0;
  one.bus.listen({ onQuiet: () => void quietCount++ });
  kit.fabric.stall(two.address, 60_000);
  await kit.fabric.pass(LIMITS.linkQuietMs - 100);
  assert.equal(quietCount, 0);
  await kit.fabric.pass(LIMITS.linkGiveUpMs - LIMITS.linkQuietMs);
  assert.ok(quietCount > 10, `${quietCount}`);
  one.bus.excuse('node-2', true);
  await kit.fabric.pass(5 * LIMITS.linkGiveUpMs);
  assert.deepEqual(one.take(), ['silent node-2']);
  one.bus.excuse('node-2', false);
  await kit.fabric.pass(1_000);
  assert.deepEqual(one.take(), ['down node-2']);
});

test('a process that is killed is down at once, and up again as another one', async () => {
  const { kit, one } = await linkedPair();
  const { fabric } = kit;
  fabric.kill('10.0.0.2', 'killed');
  await fabric.pass(50);
  assert.deepEqual(one.take(), ['down node-2']);
  const before = one.bus.find('node-2')?.incarnation ?? 0;
  await fabric.pass(1_500);
  assert.deepEqual(one.take(), ['silent node-2']);
  const again = await kit.add({ id: 'node-2', address: '10.0.0.2' });
  again.bus.keep('node-1', one.address, one.bus.port);
  await fabric.until('up', () => one.isUp('node-2'));
  assert.deepEqual(one.take(), ['up node-2', 'heard node-2']);
  assert.ok((one.bus.find('node-2')?.incarnation ?? 0) > before);
});

test('a machine that lost its power and comes back is met before it was silent', async () => {
  const { kit, one } = await linkedPair();
  kit.fabric.kill('10.0.0.2', 'dark');
  await kit.fabric.pass(300);
  const again = await kit.add({ id: 'node-2', address: '10.0.0.2' });
  again.bus.keep('node-1', one.address, one.bus.port);
  await kit.fabric.until('up', () => one.isUp('node-2') && again.isUp('node-1'));
  // Within its second it was never silent.
  assert.deepEqual(one.take(), ['down node-2', 'up node-2']);
  one.send('node-2', 'hello');
  await kit.fabric.pass(10);
  assert.equal(again.take().pop(), 'node-1: hello');
});

test('a process that was met by one link only, and is replaced, is met by both', async () => {
  const kit = await createLinkKit(2);
  const [one, two] = kit.nodes;
  one.bus.keep('node-2', two.address, two.bus.port);
  await kit.fabric.pass(500);
  kit.fabric.kill(two.address, 'dark');
  const again = await kit.add({ id: 'node-2', address: two.address });
  again.bus.keep('node-1', one.address, one.bus.port);
  await kit.fabric.pass(50);
  assert.ok(one.isUp('node-2') && again.isUp('node-1'));
});

test('what a dead process had opened is no link of the one after it', async () => {
  const kit = await createLinkKit(2);
  const [one, two] = kit.nodes;
  two.bus.keep('node-1', one.address, one.bus.port);
  await kit.fabric.pass(500);
  kit.fabric.kill(two.address, 'dark');
  const again = await kit.add({ id: 'node-2', address: two.address });
  one.bus.keep('node-2', two.address, again.bus.port);
  await kit.fabric.pass(500);
  assert.equal(one.isUp('node-2'), false);
  again.bus.keep('node-1', one.address, one.bus.port);
  await kit.fabric.pass(50);
  assert.ok(one.isUp('node-2') && again.isUp('node-1'));
});

test('a link that stays alone is made anew, in case nobody is at its end any more', async () => {
  const kit = await createLinkKit(2);
  const [one, two] = kit.nodes;
  two.bus.keep('node-1', one.address, one.bus.port);
  await kit.fabric.pass(500);
  kit.fabric.kill(two.address, 'dark');
  assert.equal(one.bus.acceptedCount, 1);
  await kit.fabric.pass(LIMITS.linkAloneMs);
  assert.equal(one.bus.acceptedCount, 0);
  assert.equal(one.bus.peers.length, 0);
});

test('a peer that comes late is dialled when it greets, however late', async () => {
  const kit = await createLinkKit(1);
  const [one] = kit.nodes;
  one.bus.keep('node-2', '10.0.0.2', one.bus.port);
  await kit.fabric.pass(20_000);
  for (let round = 0; round < 10; round++) {
    const late = await kit.add({ id: 'node-2', address: '10.0.0.2' });
    late.bus.keep('node-1', one.address, one.bus.port);
    await kit.fabric.pass(20);
    assert.ok(one.isUp('node-2'), `round ${round}`);
    kit.fabric.kill('10.0.0.2', 'killed');
    await kit.fabric.pass(5_000 + round * 77);
  }
});

test('that a node cannot be linked is told once, with the reason', async () => {
  const kit = await createLinkKit(2);
  const [one, two] = kit.nodes;
  await kit.fabric.await(two.bus.stop());
  one.bus.keep('node-2', two.address, 6946);
  await kit.fabric.pass(20_000);
  assert.equal(one.complaints.length, 1);
  assert.match(one.complaints[0], /^link: .*ECONNREFUSED/);
  assert.match(one.bus.issues()[0], /^Link with node node-2: .*ECONNREFUSED/);
});

test('of two processes with one id the later one stays, and the other is told', async () => {
  const { kit, one, two } = await linkedPair();
  const impostor = await kit.add({ id: 'node-2', incarnation: two.bus.incarnation - 1 });
  impostor.bus.keep('node-1', one.address, one.bus.port);
  await kit.fabric.pass(1_000);
  assert.deepEqual(one.take(), []);
  assert.ok(one.complaints.includes('link-refused: a node of that id was started later'));
  assert.deepEqual(impostor.bus.issues(), [
    'Link with node node-1: a node of that id was started later',
  ]);
});

test('another cluster, an own id, another node at the address are refused', async () => {
  const kit = await createLinkKit(2);
  const [one, two] = kit.nodes;
  const namesake = await kit.add({ id: 'node-1' });
  namesake.bus.keep('node-2', one.address, one.bus.port);
  two.bus.keep('node-9', one.address, one.bus.port);
  const stranger = await kit.add({ clusterKey: 'another' });
  stranger.bus.keep('node-1', one.address, one.bus.port);
  await kit.fabric.pass(3_000);
  assert.deepEqual(one.bus.peers, []);
  assert.deepEqual(two.bus.issues(), [
    'Link with node node-9: another node answers at that address',
  ]);
  assert.match(namesake.bus.issues()[0], /has the id of this node/);
  assert.equal(stranger.isUp('node-1'), false);
  assert.ok(one.counters[METRIC.linkRefusals] > 0);
});

test('a clock that is wrong by more than the limit is refused, a little less is not', async () => {
  const wrong = LIMITS.clockSkewMsMax + 100;
  for (const aheadMs of [wrong, -wrong]) {
    const kit = await createLinkKit(1);
    const [one] = kit.nodes;
    await kit.add({ aheadMs });
    kit.keepAll();
    await kit.fabric.pass(3_000);
    assert.equal(one.isUp('node-2'), false);
    assert.match(one.bus.issues()[0], /clock/);
    assert.match(one.complaints.join(), /link-refused/);
  }
  const kit = await createLinkKit(1);
  await kit.add({ aheadMs: LIMITS.clockSkewMsMax - 50 });
  kit.keepAll();
  await kit.untilUp();
});

test('a clock that goes wrong later cuts nothing, and is told once', async () => {
  const { kit, one, two } = await linkedPair();
  two.world.setWallMs(two.world.clock.wallMs() + 5_000);
  await kit.fabric.pass(2_000);
  assert.equal(one.isUp('node-2'), true);
  assert.match(one.bus.issues()[0], /its clock is (4999|5000) ms ahead of this node's/);
  assert.equal(one.complaints.filter((line) => line.startsWith('link-clock')).length, 1);
  two.world.setWallMs(two.world.clock.wallMs() - 5_000);
  await kit.fabric.pass(500);
  assert.deepEqual(one.bus.issues(), []);
});

test('a peer that leaves is dropped, and may come back', async () => {
  const { kit, one, two } = await linkedPair();
  one.bus.drop('node-2');
  assert.deepEqual(one.take(), ['down node-2', 'silent node-2']);
  assert.equal(one.bus.find('node-2'), null);
  one.bus.drop('node-2');
  await kit.fabric.pass(2_000);
  assert.equal(two.isUp('node-1'), false);
  one.bus.keep('node-2', two.address, two.bus.port);
  await kit.untilUp();
});

test('a peer that moved is linked at its new address', async () => {
  const { kit, one, two } = await linkedPair();
  await kit.fabric.await(two.bus.stop());
  const moved = await kit.add({ id: 'node-2', address: '10.0.0.7' });
  moved.bus.keep('node-1', one.address, one.bus.port);
  one.bus.keep('node-2', '10.0.0.7', moved.bus.port);
  await kit.fabric.until('up', () => one.isUp('node-2') && moved.isUp('node-1'));
});

test('a stopped bus sends what was queued, closes everything and leaves no timer', async () => {
  const { kit, one, two } = await linkedPair();
  one.send('node-2', 'last words');
  await kit.fabric.await(one.bus.stop());
  await kit.fabric.pass(100);
  assert.deepEqual(two.take().slice(0, 2), ['node-1: last words', 'down node-1']);
  assert.equal(one.world.timers.pendingTimerCount, 0);
  assert.equal(one.world.network.openSocketCount, 0);
});

test('what waits for a peer that stands still is bounded', async () => {
  const { kit, one, two } = await linkedPair();
  const three = await kit.add();
  kit.keepAll();
  await kit.untilUp();
  three.take();
  kit.fabric.stall(two.address, 2_000);
  const text = 'x'.repeat(1024 * 1024);
  let sentCount = 0;
  while (one.send('node-2', text) && sentCount < 1_000) {
    sentCount++;
    one.bus.flush();
  }
  const queuedBytes = one.bus.find('node-2')?.queuedBytes ?? 0;
  assert.ok(sentCount >= 64 && sentCount < 80, `${sentCount}`);
  assert.ok(queuedBytes > LIMITS.linkQueueBytesMax);
  assert.ok(queuedBytes < LIMITS.linkQueueBytesMax + 3 * text.length);
  assert.equal(one.counters[METRIC.linkMessagesDropped], 1);
  assert.ok(one.send('node-3', 'still here'));
  await kit.fabric.pass(100);
  assert.deepEqual(three.take(), ['node-1: still here']);
  two.take();
  await kit.fabric.pass(4_000);
  assert.equal(two.take().filter((event) => event.startsWith('node-1: x')).length, sentCount);
  assert.equal(one.bus.find('node-2')?.queuedBytes, 0);
});

test('a sender waits for credit: no more than the window is on its way', async () => {
  const { kit, one, two } = await linkedPair();
  kit.fabric.stall(two.address, 1_000);
  const text = 'x'.repeat(1024 * 1024);
  for (let i = 0; i < 20; i++) one.send('node-2', text);
  const messageCount = one.bus.find('node-2')?.openWire?.output.messageCount;
  await kit.fabric.pass(500);
  const wire = one.bus.find('node-2')?.openWire;
  assert.ok(wire !== null && wire !== undefined);
  assert.ok(wire.output.sentBytes <= wire.allowedBytes);
  assert.ok(wire.output.byteCount >= 20 * text.length - LIMITS.linkWindowBytes);
  // Heartbeats would only wait as well.
  assert.equal(wire.output.messageCount, messageCount);
  await kit.fabric.pass(2_000);
  assert.equal(two.take().filter((event) => event.startsWith('node-1: x')).length, 20);
});

test('a message longer than the window arrives', async () => {
  const { kit, one, two } = await linkedPair();
  one.send('node-2', `${'y'.repeat(3 * LIMITS.linkWindowBytes)}!`);
  await kit.fabric.pass(1_000);
  const [event] = two.take();
  assert.equal(event.length, 'node-1: '.length + 3 * LIMITS.linkWindowBytes + 1);
  assert.ok(event.endsWith('y!'));
});

test('a handler that fails stops the node, one that finds nonsense ends the link', async () => {
  const { kit, one, two } = await linkedPair();
  two.bus.handle(MESSAGE.fetch, (_peer, message) => void message.u53());
  two.bus.handle(MESSAGE.sync, () => {
    throw new TypeError('ours');
  });
  const peer = one.bus.find('node-2') ?? assert.fail();
  one.bus.begin(peer, MESSAGE.fetch)?.u32(1).end();
  await kit.fabric.pass(50);
  assert.equal(two.counters[METRIC.linkMessagesBroken], 1);
  assert.deepEqual(two.failures, []);
  assert.match(two.complaints.join(), /too short/);
  await kit.untilUp();
  one.bus.begin(peer, MESSAGE.sync)?.u32(1).end();
  await kit.fabric.pass(50);
  assert.equal(two.failures.length, 1);
});

test('the round trip is measured, and heartbeats are answered', async () => {
  const { kit, one } = await linkedPair();
  kit.fabric.wire.latencyMsMin = 20;
  kit.fabric.wire.latencyMsMax = 20;
  await kit.fabric.pass(10_000);
  const { roundTripMs = 0 } = one.bus.find('node-2') ?? {};
  assert.ok(roundTripMs > 39 && roundTripMs < 60, `${roundTripMs}`);
  assert.ok(one.counters[METRIC.linkRoundTripMs] > 39);
});
