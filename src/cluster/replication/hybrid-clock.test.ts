import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryDisk } from '../../world/simulated/memory-disk.ts';
import { ClockFile } from './clock-file.ts';
import { HybridClock } from './hybrid-clock.ts';
import { isNewer, stampMs } from './stamp.ts';

const START_MS = 1_790_000_000_000;

function take(clock: HybridClock): { high: number; low: number } {
  clock.tick();
  return { high: clock.high, low: clock.low };
}

function isLater(one: { high: number; low: number }, other: { high: number; low: number }) {
  return isNewer(one.high, one.low, other.high, other.low);
}

test('a stamp is the time of day, and later than every stamp before', () => {
  const wall = { nowMs: START_MS };
  const clock = new HybridClock({ nodeId: 'a', clock: wall });
  const first = take(clock);
  assert.equal(stampMs(first.high, first.low), START_MS);
  let last = first;
  for (let i = 0; i < 10_000; i++) {
    const next = take(clock);
    assert.ok(isLater(next, last));
    last = next;
  }
  wall.nowMs -= 60_000;
  assert.ok(isLater(take(clock), last), 'also when the wall clock is set back');
  wall.nowMs += 120_000;
  const late = take(clock);
  assert.equal(stampMs(late.high, late.low), wall.nowMs);
});

test('what was met is passed; nodes differ where their clocks do not', () => {
  const wall = { nowMs: START_MS };
  const [a, b] = ['a', 'b'].map((nodeId) => new HybridClock({ nodeId, clock: wall }));
  const ahead = new HybridClock({ nodeId: 'c', clock: { nowMs: START_MS + 400 } });
  const met = take(ahead);
  a.witness(met.high, met.low);
  assert.ok(isLater(take(a), met));
  const [left, right] = [take(b), take(new HybridClock({ nodeId: 'd', clock: wall }))];
  assert.notEqual(left.low, right.low);
  assert.equal(left.high, right.high);
});

test('the clock does not go back over a restart, even when the wall clock does', () => {
  const disk = new MemoryDisk();
  disk.makeDirectory('/cluster');
  const wall = { nowMs: START_MS };
  let last = { high: 0, low: 0 };
  for (let restart = 0; restart < 5; restart++) {
    const bound = new ClockFile(disk, '/cluster/clock');
    const clock = new HybridClock({ nodeId: 'a', clock: wall, bound });
    for (let i = 0; i < 200; i++) {
      wall.nowMs += 250;
      const next = take(clock);
      assert.ok(isLater(next, last), `after restart ${restart}`);
      last = next;
    }
    wall.nowMs -= 40_000;
    if (restart % 2 === 0) bound.close(clock.reachedMs);
  }
});

test('an end that was told leaves the clock where it was, not ahead of it', () => {
  const disk = new MemoryDisk();
  disk.makeDirectory('/cluster');
  const wall = { nowMs: START_MS };
  const bound = new ClockFile(disk, '/cluster/clock');
  const clock = new HybridClock({ nodeId: 'a', clock: wall, bound });
  take(clock);
  bound.close(clock.reachedMs);
  assert.equal(new ClockFile(disk, '/cluster/clock').startMs, START_MS + 1);
});

test('a file that says nothing sound, or that cannot be written, does no harm', () => {
  const disk = new MemoryDisk();
  disk.makeDirectory('/cluster');
  disk.writeFileAtomic('/cluster/clock', Buffer.from('junk\n17900\n1790000000000\n179000'));
  assert.equal(new ClockFile(disk, '/cluster/clock').startMs, START_MS);
  const bound = new ClockFile(disk, '/missing/clock');
  assert.equal(bound.startMs, 0);
  bound.raise(START_MS);
  bound.close(START_MS);
});
