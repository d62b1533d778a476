import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFabric } from '../../../world/simulated/fabric.ts';
import { createSimulatedWorld } from '../../../world/simulated/simulated-world.ts';
import { Suspicion } from './suspicion.ts';
import { afterPatiently, pushPullMs, retransmitCount, suspicionMsMin } from './timing.ts';

const MIN_MS = 4_000;
const MAX_MS = 24_000;

function begin(wantedCount: number) {
  const world = createSimulatedWorld();
  const expired: number[] = [];
  const suspicion = new Suspicion({
    world,
    from: 'me',
    minMs: MIN_MS,
    maxMs: MAX_MS,
    wantedCount,
    onExpired: () => expired.push(world.clock.monotonicMs()),
  });
  return { world, suspicion, expired };
}

test('where nobody could confirm it, it lasts the least time', () => {
  const { world, expired } = begin(0);
  world.advance(60_000);
  assert.deepEqual(expired, [MIN_MS]);
});

test('without confirmations it lasts the most, with all the least', () => {
  const alone = begin(2);
  alone.world.advance(60_000);
  assert.deepEqual(alone.expired, [MAX_MS]);
  const confirmed = begin(2);
  assert.equal(confirmed.suspicion.confirm('me'), false);
  assert.equal(confirmed.suspicion.confirm('one'), true);
  assert.equal(confirmed.suspicion.confirm('one'), false);
  assert.equal(confirmed.suspicion.confirm('two'), true);
  assert.equal(confirmed.suspicion.confirm('three'), false);
  confirmed.world.advance(60_000);
  assert.deepEqual(confirmed.expired, [MIN_MS]);
});

test('a first confirmation shortens it more than the next', () => {
  const { world, suspicion, expired } = begin(2);
  suspicion.confirm('one');
  world.advance(60_000);
  const expected = MAX_MS - (Math.log(2) / Math.log(3)) * (MAX_MS - MIN_MS);
  assert.ok(Math.abs(expired[0] - expected) <= 1, `${expired}`);
});

test('confirmed when its time is over already, it ends at once', () => {
  const { world, suspicion, expired } = begin(1);
  world.advance(10_000);
  suspicion.confirm('one');
  world.advance(1);
  assert.deepEqual(expired, [10_001]);
});

test('a cancelled one never ends', () => {
  const { world, suspicion, expired } = begin(0);
  suspicion.cancel();
  world.advance(60_000);
  assert.deepEqual(expired, []);
  assert.equal(world.timers.pendingTimerCount, 0);
});

test('a timer that comes late waits for what came meanwhile', async () => {
  const fabric = createFabric(3);
  const world = fabric.addMachine();
  const fired: number[] = [];
  const fire = () => fired.push(Math.round(fabric.timeline.nowMs));
  afterPatiently(world, 1_000, fire);
  afterPatiently(world, 6_000, fire);
  afterPatiently(world, 1_000, fire).cancel();
  fabric.stall(world.network.address, 5_000);
  await fabric.pass(10_000);
  assert.deepEqual(fired, [5_250, 6_000]);
});

test('times grow with the number of members as in memberlist', () => {
  assert.deepEqual([1, 2, 9, 10, 99, 100].map(retransmitCount), [4, 4, 4, 8, 8, 12]);
  assert.deepEqual([1, 10, 100].map(suspicionMsMin), [4_000, 4_000, 8_000]);
  assert.deepEqual([1, 32, 33, 64, 65].map(pushPullMs), [30e3, 30e3, 60e3, 60e3, 90e3]);
});
