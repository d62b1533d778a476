/**
 * The filter in the real engine, at three rates: keys are written, overwritten, deleted, expired
 * and written again, then the filter is asked about every live key and about a million absent ones.
 * What it costs in bits and nanoseconds, and the longest step of its growth.
 *
 *     node .build/bench/filter.js [--tiny] [--keys 10000000] [--rates 0.001,0.01]
 */
import { parseArgs } from 'node:util';
import { Frame } from '../src/base/frame.ts';
import type { Database } from '../src/engine/database.ts';
import { NO_DEADLINE } from '../src/engine/database.ts';
import { EVENT } from '../src/engine/event-table.ts';
import { falsePositiveRate } from '../src/engine/filter/filter-layout.ts';
import { FILTER_COUNT, type KeyFilter } from '../src/engine/filter/key-filter.ts';
import { setStringArgument } from '../src/engine/values/string/string-value.ts';
import { createEngineFixture, type EngineFixture } from '../src/testing/engine-fixture.ts';
import { print, printJson, printMachine, printTable, verdict } from './support/report.ts';

export interface FilterFigures {
  readonly rate: number;
  readonly keyCount: number;
  readonly falseNegativeCount: number;
  /** Of absent keys. */
  readonly measuredRate: number;
  readonly estimatedRate: number;
  readonly load: number;
  readonly fingerprintBits: number;
  readonly bitsPerItem: number;
  /** What no filter of the measured rate can be below. */
  readonly leastBitsPerItem: number;
  /** A cuckoo filter of that fingerprint, without any table around it, 95 % full. */
  readonly theoryBitsPerItem: number;
  /** At the fullest moment of the filling. */
  readonly bitsPerItemMin: number;
  readonly bitsPerItemAverage: number;
  readonly setNs: number;
  readonly presentNs: number;
  readonly absentNs: number;
  readonly missNs: number;
  readonly changeNs: number;
  /** Insertions that built a table, when a fifth more keys came; all of the engine's work. */
  readonly stepCount: number;
  readonly growthMedianUs: number;
  readonly growthP99Us: number;
  readonly growthLongestUs: number;
}

const RATES = [0.001, 0.01, 0.03];
const RATE_RATIO_MAX = 1.2;
const GROWTH_P99_US_MAX = 2_000;
const INFINITE = Number.POSITIVE_INFINITY;
const COST_ROUNDS = 5;
const DEADLINE_MS = 60_000;
const KEY_BYTES = 16;

/** Commands of one key after the other, without anything made for each. */
class Keys {
  readonly frame = new Frame();
  readonly #bytes = new Uint8Array(64);

  constructor() {
    this.#bytes.set(Buffer.from('SET', 'latin1'));
    this.frame.attach(this.#bytes);
    this.frame.append(0, 3);
    this.frame.append(3, KEY_BYTES);
    this.frame.append(3 + KEY_BYTES, 16);
  }

  /** The frame of that key; keys of another space are never equal to it. */
  select(id: number, space: number): Frame {
    const bytes = this.#bytes;
    bytes[3] = space;
    let left = id;
    for (let at = KEY_BYTES - 1; at > 0; at--) {
      const rest = Math.floor(left / 10);
      bytes[3 + at] = 48 + left - rest * 10;
      left = rest;
    }
    return this.frame;
  }
}

const LIVE_SPACE = 107;
const ABSENT_SPACE = 97;

/** Counted, so that no question is optimised away. */
let yesCount = 0;

class Run {
  readonly fixture: EngineFixture;
  readonly database: Database;
  readonly keys = new Keys();
  /** By id: 0 absent, 1 live, 2 live with a deadline. */
  readonly live: Uint8Array;
  readonly keyCount: number;

  constructor(keyCount: number, rate: number) {
    this.keyCount = keyCount;
    this.live = new Uint8Array(keyCount * 2);
    this.fixture = createEngineFixture({ seed: 1, records: false, filterRate: rate });
    this.database = this.fixture.store.databases[0];
  }

  set(id: number, hasDeadline: boolean): void {
    const { database, fixture } = this;
    const frame = this.keys.select(id, LIVE_SPACE);
    const deadline = hasDeadline ? fixture.clock.nowMs + DEADLINE_MS : NO_DEADLINE;
    const entry = database.find(frame, 1);
    setStringArgument(database, entry, frame, 1, 2, deadline, EVENT.set);
    this.live[id] = hasDeadline ? 2 : 1;
  }

  remove(id: number): void {
    const entry = this.database.find(this.keys.select(id, LIVE_SPACE), 1);
    if (entry !== 0) this.database.remove(entry, EVENT.del);
    this.live[id] = 0;
  }

  /** Overwrites a fifth, deletes a fifth, lets a tenth expire, and writes as many other keys. */
  churn(): void {
    const { keyCount, fixture, database, live } = this;
    for (let id = 0; id < keyCount; id += 5) this.set(id, false);
    for (let id = 1; id < keyCount; id += 5) this.remove(id);
    for (let id = 2; id < keyCount; id += 10) this.set(id, true);
    fixture.advance(DEADLINE_MS * 2);
    const budget = { left: 0 };
    while (database.wheel?.isBehind(fixture.clock.nowMs)) {
      budget.left = 200;
      database.expireDue(budget);
    }
    for (let id = 0; id < keyCount; id++) if (live[id] === 2) live[id] = 0;
    for (let id = keyCount; database.count < keyCount; id++) this.set(id, false);
    for (let step = 0; step < keyCount / 100; step++) if (!database.compact(64 * 1024)) break;
  }

  mayHold(filter: KeyFilter, id: number, space: number): boolean {
    const frame = this.keys.select(id, space);
    this.database.find(frame, 1);
    const [, offset] = frame.offsets;
    return filter.mayHold(this.database.hash, frame.view, offset, KEY_BYTES);
  }
}

/** @param keyCount  live keys when the filter is asked */
export function measureFilterAt(rate: number, keyCount: number): FilterFigures {
  const run = new Run(keyCount, rate);
  const { database } = run;
  const filter = database.filter;
  if (filter === null) throw new Error('the store has a filter');
  const filling = fill(run);
  run.churn();
  let liveCount = 0;
  let falseNegativeCount = 0;
  for (let id = 0; id < run.live.length; id++) {
    if (run.live[id] === 0) continue;
    liveCount++;
    if (!run.mayHold(filter, id, LIVE_SPACE)) falseNegativeCount++;
  }
  if (liveCount !== database.count || liveCount !== filter.itemCount) {
    throw new Error(`${liveCount} keys, ${database.count} entries, ${filter.itemCount} items`);
  }
  const absentCount = Math.min(1_000_000, keyCount * 10);
  let positiveCount = 0;
  for (let id = 0; id < absentCount; id++) {
    if (run.mayHold(filter, id, ABSENT_SPACE)) positiveCount++;
  }
  const measuredRate = positiveCount / absentCount;
  const { bits } = filter.plan.shape;
  return {
    rate,
    keyCount: liveCount,
    falseNegativeCount,
    measuredRate,
    estimatedRate: filter.estimatedRate(),
    load: filter.itemCount / filter.capacity,
    fingerprintBits: bits,
    bitsPerItem: (filter.byteCount * 8) / liveCount,
    leastBitsPerItem: Math.log2(1 / filter.estimatedRate()),
    theoryBitsPerItem: bits / 0.95,
    ...filling,
    ...measureCosts(run, filter),
    ...measureSteps(run, filter),
  };
}

/** Writes all keys; CPU nanoseconds each, and how many bits an item took meanwhile. */
function fill(run: Run) {
  const { filter } = run.database;
  const stride = Math.max(1, run.keyCount >>> 10);
  let bitsPerItemMin = Number.POSITIVE_INFINITY;
  let bitsSum = 0;
  let bitsCount = 0;
  const startedNs = cpuNs();
  for (let id = 0; id < run.keyCount; id++) {
    run.set(id, false);
    if (filter === null || id % stride !== 0 || id < run.keyCount / 10) continue;
    const bitsPerItem = (filter.byteCount * 8) / filter.itemCount;
    bitsPerItemMin = Math.min(bitsPerItemMin, bitsPerItem);
    bitsSum += bitsPerItem;
    bitsCount++;
  }
  const setNs = (cpuNs() - startedNs) / run.keyCount;
  return { setNs, bitsPerItemMin, bitsPerItemAverage: bitsSum / Math.max(1, bitsCount) };
}

/** Writes a fifth more keys, and times those whose insertion built a table. */
function measureSteps(run: Run, filter: KeyFilter) {
  const { counts } = filter;
  const stepUs: number[] = [];
  const end = run.keyCount * 2;
  for (let id = end - Math.floor(run.keyCount / 5); id < end; id++) {
    const growthCount = counts[FILTER_COUNT.GROWTHS];
    const startedNs = cpuNs();
    run.set(id, false);
    if (counts[FILTER_COUNT.GROWTHS] !== growthCount) stepUs.push((cpuNs() - startedNs) / 1_000);
  }
  stepUs.sort((a, b) => a - b);
  return {
    growthMedianUs: stepUs[stepUs.length >>> 1] ?? 0,
    growthP99Us: stepUs[Math.floor(stepUs.length * 0.99)] ?? 0,
    growthLongestUs: stepUs.at(-1) ?? 0,
    stepCount: stepUs.length,
  };
}

/** Nanoseconds, keys in random order; what the same calls cost without the filter is taken off. */
function measureCosts(run: Run, filter: KeyFilter) {
  const { database } = run;
  const callCount = Math.min(1_000_000, run.keyCount);
  const ids = new Uint32Array(callCount);
  let random = 1;
  for (let i = 0; i < callCount; i++) {
    do random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0;
    while (run.live[random % run.keyCount] === 0);
    ids[i] = random % run.keyCount;
  }
  const find = (space: number, then: (entry: number, frame: Frame) => void): number => {
    const startedNs = cpuNs();
    for (let i = 0; i < callCount; i++) {
      const frame = run.keys.select(ids[i], space);
      then(database.find(frame, 1), frame);
    }
    return (cpuNs() - startedNs) / callCount;
  };
  const ask = (_entry: number, frame: Frame): void => {
    const [, offset] = frame.offsets;
    if (filter.mayHold(database.hash, frame.view, offset, KEY_BYTES)) yesCount++;
  };
  const change = (entry: number): void => {
    filter.remove(entry);
    filter.add(database.hash, entry);
  };
  const nothing = (): void => {};
  const costs = {
    live: INFINITE,
    absent: INFINITE,
    asked: INFINITE,
    excluded: INFINITE,
    change: INFINITE,
  };
  for (let round = 0; round < COST_ROUNDS; round++) {
    costs.live = Math.min(costs.live, find(LIVE_SPACE, nothing));
    costs.absent = Math.min(costs.absent, find(ABSENT_SPACE, nothing));
    costs.asked = Math.min(costs.asked, find(LIVE_SPACE, ask));
    costs.excluded = Math.min(costs.excluded, find(ABSENT_SPACE, ask));
    costs.change = Math.min(costs.change, find(LIVE_SPACE, change));
  }
  return {
    presentNs: costs.asked - costs.live,
    absentNs: costs.excluded - costs.absent,
    missNs: costs.absent,
    changeNs: (costs.change - costs.live) / 2,
  };
}

/** CPU time, so that whatever else the machine does counts less. */
function cpuNs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1_000;
}

function main(): void {
  const { values: flags } = parseArgs({
    options: {
      tiny: { type: 'boolean', default: false },
      keys: { type: 'string' },
      rates: { type: 'string' },
    },
  });
  const keyCount = Number(flags.keys ?? (flags.tiny ? 20_000 : 10_000_000));
  printMachine();
  const rates = flags.rates?.split(',').map(Number) ?? RATES;
  const { setNs: setPlainNs } = fill(new Run(keyCount, 0));
  const all = rates.map((rate) => measureFilterAt(rate, keyCount));
  const percent = (share: number): string => `${(share * 100).toFixed(4)} %`;
  const row = (name: string, tell: (figures: FilterFigures) => string): string[] => [
    name,
    ...all.map(tell),
  ];
  const met = (isMet: boolean): string => verdict(isMet, flags.tiny);
  printTable(
    [`${keyCount} keys`, ...rates.map(percent)],
    [
      row('false negatives', (one) => `${one.falseNegativeCount}`),
      row('  none', (one) => met(one.falseNegativeCount === 0)),
      row('false positives', (one) => percent(one.measuredRate)),
      row('  at most 1.2 x the setting', (one) =>
        met(one.measuredRate <= RATE_RATIO_MAX * one.rate),
      ),
      row('  as estimated by the filter', (one) => percent(one.estimatedRate)),
      row('bits of a fingerprint', (one) => `${one.fingerprintBits}`),
      row('load', (one) => one.load.toFixed(3)),
      row('bits per item, all counted', (one) => one.bitsPerItem.toFixed(2)),
      row('  average while filling', (one) => one.bitsPerItemAverage.toFixed(2)),
      row('  least while filling', (one) => one.bitsPerItemMin.toFixed(2)),
      row('  cuckoo filter 95 % full', (one) => one.theoryBitsPerItem.toFixed(2)),
      row('  information theory', (one) => one.leastBitsPerItem.toFixed(2)),
      row('SET of a new key, ns', (one) => one.setNs.toFixed(0)),
      row('  without a filter', () => setPlainNs.toFixed(0)),
      row('insertion or removal, ns', (one) => one.changeNs.toFixed(0)),
      row('asked about a live key, ns', (one) => one.presentNs.toFixed(0)),
      row('asked about an absent key, ns', (one) => one.absentNs.toFixed(0)),
      row("  the index's own miss", (one) => one.missNs.toFixed(0)),
      row('insertions that built a table', (one) => `${one.stepCount}`),
      row('  median, us', (one) => one.growthMedianUs.toFixed(0)),
      row('  p99, us', (one) => one.growthP99Us.toFixed(0)),
      row('  at most 2,000', (one) => met(one.growthP99Us <= GROWTH_P99_US_MAX)),
      row('  longest, us', (one) => one.growthLongestUs.toFixed(0)),
    ],
  );
  print(`At 95 % load 12 bits are wrong ${percent(falsePositiveRate(12, 0.95))}: 0.19 %.`);
  printJson('filter', { yesCount, setPlainNs, rates: all });
}

if (process.argv[1]?.endsWith('filter.js')) main();
