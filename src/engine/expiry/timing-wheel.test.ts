import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seeded } from '../../testing/seeded.ts';
import type { SeededRandom } from '../../world/simulated/seeded-random.ts';
import { deadlineOffset, entryBytes, TYPE, writeDeadline } from '../keyspace/entry.ts';
import { EntryPlan, writeEntry } from '../keyspace/entry-writer.ts';
import { Memory } from '../memory/memory.ts';
import { SegmentPool } from '../memory/segment-pool.ts';
import { TimingWheel } from './timing-wheel.ts';

const START_MS = 1_700_000_000_000;
const TICK_MS = 64;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const YEAR_MS = 365 * DAY_MS;

/** Entries in a wheel, beside a Map of what should be in it. */
class WheelKit {
  readonly memory = new Memory(new SegmentPool(0));
  readonly wheel: TimingWheel;
  readonly deadlines = new Map<number, number>();
  /** When each deadline was told to the wheel: one that had passed then is late from then on. */
  readonly toldMs = new Map<number, number>();
  nowMs = START_MS;
  private readonly plan = new EntryPlan();

  constructor() {
    this.wheel = new TimingWheel(this.memory, START_MS);
    this.plan.kind = TYPE.STRING;
    this.plan.hasDeadline = true;
  }

  add(deadlineMs: number): number {
    const entry = writeEntry(this.memory, this.plan);
    this.write(entry, deadlineMs);
    this.wheel.add(entry, deadlineMs);
    this.deadlines.set(entry, deadlineMs);
    this.toldMs.set(entry, this.nowMs);
    return entry;
  }

  redate(entry: number, deadlineMs: number): void {
    const old = this.deadlines.get(entry) ?? 0;
    this.write(entry, deadlineMs);
    this.wheel.update(entry, old, deadlineMs);
    this.deadlines.set(entry, deadlineMs);
    this.toldMs.set(entry, this.nowMs);
  }

  remove(entry: number): void {
    this.wheel.remove(entry);
    this.free(entry);
  }

  /** As compaction does: bytes first, then whoever refers to them. */
  move(entry: number): void {
    const { memory } = this;
    memory.locate(entry);
    const byteCount = entryBytes(memory.view, memory.base);
    const bytes = memory.bytes.slice(memory.base, memory.base + byteCount);
    const to = memory.allocate(byteCount);
    memory.bytes.set(bytes, memory.base);
    this.wheel.relocate(entry, to);
    memory.free(entry, byteCount);
    const deadlineMs = this.deadlines.get(entry) ?? 0;
    this.deadlines.delete(entry);
    this.deadlines.set(to, deadlineMs);
    this.toldMs.set(to, this.toldMs.get(entry) ?? 0);
  }

  /** Removes all that the wheel says is due. @returns how many */
  expire(budgetLeft = 1_000_000): number {
    const budget = { left: budgetLeft };
    let count = 0;
    while (this.wheel.isBehind(this.nowMs) && budget.left > 0) {
      const entry = this.wheel.nextDue(this.nowMs, budget);
      if (entry === 0) continue;
      const deadlineMs = this.deadlines.get(entry);
      assert.ok(deadlineMs !== undefined, 'what is due is in the wheel');
      assert.ok(deadlineMs <= this.nowMs, `${deadlineMs} is not due at ${this.nowMs}`);
      this.remove(entry);
      count++;
    }
    return count;
  }

  /** Every entry that was due a tick ago is gone; `slackMs` more after the clock was set back. */
  check(slackMs: number): void {
    assert.equal(this.wheel.count, this.deadlines.size);
    for (const [entry, deadlineMs] of this.deadlines) {
      const lateMs = this.nowMs - Math.max(deadlineMs, this.toldMs.get(entry) ?? 0);
      assert.ok(lateMs < TICK_MS + slackMs, `${lateMs} ms late`);
    }
  }

  private write(entry: number, deadlineMs: number): void {
    const { memory } = this;
    memory.locate(entry);
    const at = memory.base + deadlineOffset(memory.view.getUint32(memory.base, true));
    writeDeadline(memory.view, at, deadlineMs);
  }

  private free(entry: number): void {
    const { memory } = this;
    memory.locate(entry);
    memory.free(entry, entryBytes(memory.view, memory.base));
    this.deadlines.delete(entry);
  }
}

/** From the next tick to beyond what the wheel can tell apart, and some that have passed. */
function drawDistanceMs(random: SeededRandom): number {
  const spans = [100, 1_000, 16_384, 100_000, 4_194_304, DAY_MS, 30 * DAY_MS, 20 * YEAR_MS];
  const spanMs = spans[random.below(spans.length)] as number;
  return Math.floor((random.u32() / 2 ** 32) * spanMs) - (random.below(20) === 0 ? spanMs : 0);
}

function changeOne(kit: WheelKit, random: SeededRandom): void {
  const entries = [...kit.deadlines.keys()];
  const kind = random.below(10);
  const entry = entries[random.below(Math.max(1, entries.length))];
  if (kind < 5 || entry === undefined) kit.add(kit.nowMs + drawDistanceMs(random));
  else if (kind < 7) kit.redate(entry, kit.nowMs + drawDistanceMs(random));
  else if (kind < 8) kit.remove(entry);
  else kit.move(entry);
}

test('what is due leaves within a tick, whatever was added, re-dated, moved and removed', () => {
  seeded((random) => {
    const kit = new WheelKit();
    for (let round = 0; round < 1_500; round++) {
      for (let i = random.below(8); i > 0; i--) changeOne(kit, random);
      const leap = random.below(100);
      const spanMs = leap < 60 ? 300 : leap < 90 ? 20_000 : leap < 98 ? HOUR_MS : 40 * DAY_MS;
      kit.nowMs += random.below(spanMs);
      kit.expire();
      kit.check(0);
    }
    kit.nowMs += 30 * YEAR_MS;
    // Nothing is later than that; the last slot of all is for what is beyond the wheel.
    const beyond = [...kit.deadlines.values()].filter((at) => at > START_MS + 7 * YEAR_MS).length;
    kit.expire();
    assert.ok(kit.wheel.count <= beyond);
  });
});

test('a clock that is set back delays nothing by more than a turn of the lowest level', () => {
  seeded((random) => {
    const kit = new WheelKit();
    const slackMs = 2 * 256 * TICK_MS;
    for (let round = 0; round < 400; round++) {
      for (let i = random.below(8); i > 0; i--) {
        const deadlineMs = kit.nowMs + 1 + random.below(60_000);
        kit.add(deadlineMs);
      }
      if (random.below(10) === 0) kit.nowMs -= random.below(2 * HOUR_MS);
      else kit.nowMs += random.below(5_000);
      kit.expire();
      // Short steps, as a running node makes them: what was put too late comes by soon.
      for (let ms = 0; ms < slackMs; ms += 4_000) {
        kit.nowMs += 4_000;
        kit.expire();
      }
      kit.check(slackMs);
    }
  });
});

test('a deadline made after the clock was set back is met by the clock that now goes', () => {
  for (const backMs of [1_000, HOUR_MS, DAY_MS, 300 * DAY_MS]) {
    const kit = new WheelKit();
    kit.add(START_MS + 10 * YEAR_MS);
    kit.nowMs += 10_000;
    kit.expire();
    kit.nowMs -= backMs;
    kit.expire();
    kit.add(kit.nowMs + 5_000);
    kit.nowMs += 5_064;
    assert.equal(kit.expire(), 1, `set back by ${backMs} ms`);
  }
});

test('a leap of years costs no more steps than there are entries', () => {
  const kit = new WheelKit();
  for (let i = 0; i < 100; i++) kit.add(START_MS + i * 20 * DAY_MS);
  kit.nowMs += 6 * YEAR_MS;
  const before = process.cpuUsage();
  assert.equal(kit.expire(1_000), 100);
  // Tick by tick this took seconds, of the processor.
  assert.ok(process.cpuUsage(before).user < 400_000);
});

test('a budget is kept, and what it left is done next', () => {
  const kit = new WheelKit();
  for (let i = 0; i < 1_000; i++) kit.add(START_MS + 500);
  kit.nowMs += 1_000;
  let steps = 0;
  while (kit.wheel.isBehind(kit.nowMs)) {
    assert.ok(kit.expire(100) <= 100);
    steps++;
  }
  assert.ok(steps >= 10 && steps < 40, `${steps} steps`);
  assert.equal(kit.wheel.count, 0);
});

test('the soonest of few is found exactly, whatever was re-dated, moved and removed', () => {
  seeded((random) => {
    const kit = new WheelKit();
    for (let round = 0; round < 3_000; round++) {
      if (kit.deadlines.size < 30) changeOne(kit, random);
      else kit.remove([...kit.deadlines.keys()][random.below(30)] as number);
      if (random.below(4) === 0) kit.nowMs += random.below(random.below(9) === 0 ? DAY_MS : 3_000);
      kit.expire();
      const soonest = kit.wheel.soonest();
      if (kit.deadlines.size === 0) assert.equal(soonest, 0);
      else assert.equal(kit.deadlines.get(soonest), Math.min(...kit.deadlines.values()));
      if (soonest !== 0 && random.below(3) === 0) kit.remove(soonest);
    }
  });
});

test('the soonest is found where the clock stands on the edge of a slot of many ticks', () => {
  const kit = new WheelKit();
  // The wheel's own year before the start is no whole number of such slots: the next edge.
  const edgeMs = START_MS + 80 * TICK_MS;
  kit.add(edgeMs + 1_000);
  kit.nowMs = edgeMs;
  kit.expire();
  kit.add(edgeMs + 3_000);
  assert.equal(kit.deadlines.get(kit.wheel.soonest()), edgeMs + 1_000);
});

test('of many in one slot the soonest of some is found, in few steps', () => {
  const kit = new WheelKit();
  for (let i = 0; i < 5_000; i++) kit.add(START_MS + DAY_MS + (i % 1_000));
  for (let i = 0; i < 10; i++) kit.add(START_MS + 2 * DAY_MS);
  for (let i = 0; i < 5_000; i++) {
    const entry = kit.wheel.soonest();
    assert.ok((kit.deadlines.get(entry) ?? 0) < START_MS + 2 * DAY_MS);
    kit.remove(entry);
  }
});

test('of many in one slot that live equally long the soonest goes first, exactly', () => {
  const kit = new WheelKit();
  for (let i = 0; i < 1_000; i++) {
    kit.nowMs += 10;
    kit.add(kit.nowMs + DAY_MS);
  }
  for (let i = 0; i < 1_000; i++) {
    const entry = kit.wheel.soonest();
    assert.equal(kit.deadlines.get(entry), START_MS + DAY_MS + (i + 1) * 10);
    kit.remove(entry);
    if (i % 3 === 0) kit.add(kit.nowMs + 2 * DAY_MS);
  }
});

test('a turn meets every entry that stays, and none that left', () => {
  seeded((random) => {
    const kit = new WheelKit();
    for (let i = 0; i < 300; i++) kit.add(kit.nowMs + 1 + drawDistanceMs(random));
    for (let round = 0; round < 20; round++) {
      const stays = new Set([...kit.deadlines.values()]);
      // Two turns: an entry that moves to another slot may be passed over in one.
      for (let i = 0; i < 1_500; i++) {
        const entry = kit.wheel.nextInTurn();
        const deadlineMs = kit.deadlines.get(entry);
        assert.ok(deadlineMs !== undefined, 'it is in the wheel');
        stays.delete(deadlineMs);
        if (i % 7 === 0) kit.move(entry);
        if (i % 50 === 0) {
          const other = [...kit.deadlines.keys()][random.below(kit.deadlines.size)] as number;
          stays.delete(kit.deadlines.get(other) ?? 0);
          kit.remove(other);
          kit.add(kit.nowMs + 1 + drawDistanceMs(random));
        }
      }
      assert.equal(stays.size, 0);
    }
  });
});
