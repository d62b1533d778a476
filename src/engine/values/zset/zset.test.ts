import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createEngineFixture, frameOf } from '../../../testing/engine-fixture.ts';
import { rounds, seeded } from '../../../testing/seeded.ts';
import { checkTree } from '../../../testing/tree-check.ts';
import type { SeededRandom } from '../../../world/simulated/seeded-random.ts';
import type { Database } from '../../database.ts';
import { DatabaseBlocks } from '../../database-blocks.ts';
import { EVENT } from '../../event-table.ts';
import { ENCODING } from '../../keyspace/entry.ts';
import { createListpack } from '../packed/packed-value.ts';
import { ZsetBuilder } from './zset-builder.ts';
import { openZset, PACKED_COUNT_MAX, ZSET_KIND, zsetCount } from './zset-form.ts';
import { addMissed, findMember, moveFound, rankOfFound, removeFound } from './zset-members.ts';
import { nextAbove, RankSpan, ScoreRange, spanOfScores } from './zset-ranges.ts';
import { removeRanks } from './zset-removal.ts';
import { ZsetScan } from './zset-scan.ts';
import { payloadScore } from './zset-trees.ts';
import { ZsetWalker } from './zset-walker.ts';

const THRESHOLDS = { zsetMaxListpackEntries: 128, zsetMaxListpackValueBytes: 64 };
const FRAME = frameOf('ZADD', 'z');
const SCORES = [0, -0, 1, -1, 0.1, 1 / 3, 1e17, 2 ** 53, 2 ** 62, 2 ** 63, 1e300, -1e-300];

/** A sorted set beside a Map of what it must hold. */
class Model {
  readonly scores = new Map<string, number>();
  readonly walker = new ZsetWalker();
  readonly span = new RankSpan();

  readonly database: Database;

  constructor(database: Database) {
    this.database = database;
  }

  get entry(): number {
    return this.database.find(FRAME, 1);
  }

  find(name: string): number {
    const { bytes, view, offsets, lengths } = frameOf(name);
    return findMember(this.database, this.entry, bytes, view, offsets[0], lengths[0]);
  }

  set(name: string, score: number): void {
    const { database } = this;
    if (this.entry === 0) createListpack(database, FRAME, 1, ZSET_KIND);
    const current = this.find(name);
    assert.equal(current, this.scores.get(name) ?? Number.NaN, name);
    if (Number.isNaN(current)) addMissed(database, this.entry, score, THRESHOLDS);
    else if (current !== score) moveFound(database, this.entry, score);
    else return;
    const isListpack = database.encodingOf(this.entry) === ENCODING.LISTPACK;
    this.scores.set(name, isListpack && score === 0 ? 0 : score);
  }

  remove(name: string): void {
    if (this.entry === 0) return;
    const isThere = !Number.isNaN(this.find(name));
    assert.equal(isThere, this.scores.delete(name));
    if (isThere) this.dropIfEmpty(removeFound(this.database, this.entry));
  }

  removeRanks(rank: number, count: number): void {
    if (this.entry === 0) return;
    for (const [name] of this.sorted().slice(rank, rank + count)) this.scores.delete(name);
    this.dropIfEmpty(removeRanks(this.database, this.entry, rank, count));
  }

  sorted(): [string, number][] {
    return [...this.scores].sort(([name, score], [other, otherScore]) => {
      if (score !== otherScore) return score < otherScore ? -1 : 1;
      return Buffer.compare(Buffer.from(name, 'latin1'), Buffer.from(other, 'latin1'));
    });
  }

  /** Order, both directions, ranks, ranges, and that memory holds this set and nothing else. */
  check(random: SeededRandom): void {
    const { database, walker, span } = this;
    const sorted = this.sorted();
    if (sorted.length === 0) return assert.equal(database.memory.liveBytes, indexBytes(database));
    assert.equal(zsetCount(database, this.entry), sorted.length);
    assert.deepEqual(members(walker.open(database, this.entry)), sorted);
    const rank = random.below(sorted.length);
    const [name, score] = sorted[rank] as [string, number];
    assert.ok(Object.is(this.find(name), score), `${name} ${score}`);
    assert.equal(rankOfFound(database, this.entry), rank);
    walker.open(database, this.entry).seekRank(rank);
    assert.equal(text(walker), name);
    assert.equal(walker.prev(), rank > 0);
    if (rank > 0) assert.equal(text(walker), sorted[rank - 1]?.[0]);
    const range = new ScoreRange();
    range.min = score;
    range.max = sorted[random.below(sorted.length)]?.[1] ?? 0;
    range.isMinExcluded = random.below(2) === 0;
    range.isMaxExcluded = random.below(2) === 0;
    spanOfScores(walker.open(database, this.entry), range, span);
    const within = sorted.filter(([, value]) => isWithin(value, range));
    assert.deepEqual(sorted.slice(span.start, span.end), within);
    assert.equal(database.memory.liveBytes, indexBytes(database) + this.bytes());
  }

  /** Bytes of the entry's block and of its trees, which are checked on the way. */
  bytes(): number {
    const { database } = this;
    const trees = openZset(database, this.entry);
    if (trees === null) return blockBytes(database, this.entry);
    assert.equal(database.trees.count(trees.hashedId), trees.count);
    const inTrees =
      checkTree(database.trees, trees.orderedId) + checkTree(database.trees, trees.hashedId);
    return inTrees + blockBytes(database, this.entry);
  }

  private dropIfEmpty(entry: number): void {
    if (zsetCount(this.database, entry) === 0) this.database.remove(this.entry, EVENT.del);
    while (this.database.trees.hasGraves) this.database.trees.drain(100);
  }
}

function indexBytes(database: Database): number {
  return database.entries.byteCount - database.entries.sideByteCount;
}

function blockBytes(database: Database, entry: number): number {
  const { memory } = database;
  memory.locate(entry);
  return memory.classBytes(new DatabaseBlocks(database).blockBytes(memory.view, memory.base));
}

function text(walker: ZsetWalker): string {
  return Buffer.from(walker.showMember().copy()).toString('latin1');
}

function members(walker: ZsetWalker): [string, number][] {
  const found: [string, number][] = [];
  for (let isLeft = walker.seekFirst(); isLeft; isLeft = walker.next()) {
    found.push([text(walker), walker.score()]);
  }
  return found;
}

function isWithin(value: number, range: ScoreRange): boolean {
  const { min, max, isMinExcluded, isMaxExcluded } = range;
  if (isMinExcluded ? value <= min : value < min) return false;
  return isMaxExcluded ? value < max : value <= max;
}

function drawScore(random: SeededRandom): number {
  const kind = random.below(4);
  if (kind === 0) return SCORES[random.below(SCORES.length)] as number;
  if (kind === 1) return random.below(5);
  return kind === 2 ? (random.below(2_000_000) - 1_000_000) / 7 : random.below(100_000);
}

function drawName(random: SeededRandom, nameCount: number): string {
  const number = random.below(nameCount);
  if (number % 3 === 0) return String(number * 77_777 - 5);
  if (number % 40 === 1) return `${number}`.padEnd(number % 80 === 1 ? 900 : 70, 'x');
  return `member-${number}\xff`;
}

for (const nameCount of [12, 200, 3_000]) {
  test(`a sorted set of up to ${nameCount} members holds what a Map would`, () => {
    seeded((random) => {
      const { store } = createEngineFixture({ seed: 1, records: false });
      const [database] = store.databases;
      const model = new Model(database as Database);
      for (let step = 0; step < rounds(4_000); step++) {
        const draw = random.below(100);
        if (draw < 70) model.set(drawName(random, nameCount), drawScore(random));
        else if (draw < 99) model.remove(drawName(random, nameCount));
        else if (model.scores.size > 0) {
          const rank = random.below(model.scores.size);
          model.removeRanks(rank, 1 + random.below(Math.min(40, model.scores.size - rank)));
        }
        if (step % 50 === 0) {
          model.database.memory.compact(new DatabaseBlocks(model.database), random.below(60_000));
          model.check(random);
        }
      }
      model.check(random);
      model.removeRanks(0, model.scores.size);
      model.check(random);
    });
  });
}

test('a walk in steps shows every member that stays, whatever its score becomes', () => {
  seeded((random) => {
    for (const scoreCount of [1, 7, 1_000_000]) {
      const { store } = createEngineFixture({ seed: 1, records: false });
      const model = new Model(store.databases[0] as Database);
      for (let i = 0; i < 1_000; i++) model.set(`m${i}`, random.below(scoreCount));
      const scan = new ZsetScan();
      const seen = new Set<string>();
      let stepCount = 0;
      do {
        const { trees } = model.walker.open(model.database, model.entry);
        assert.ok(trees !== null);
        scan.take(trees, scan.nextCursor, 10);
        while (scan.next()) seen.add(text(model.walker));
        model.set(`m${random.below(1_000)}`, random.below(scoreCount));
        model.remove(`m${1_000 + random.below(10)}`);
        stepCount++;
      } while (scan.nextCursor !== 0);
      assert.equal(seen.size, 1_000);
      // Where all scores are equal a step looks at all members, so there are few.
      if (scoreCount === 1) assert.ok(stepCount <= 33, `${stepCount} steps`);
      else assert.ok(stepCount > 90 || scoreCount === 7, `${stepCount} steps`);
    }
  });
});

test('members whose hashes are equal are told apart', () => {
  const { store } = createEngineFixture({ seed: 1, records: false });
  const database = store.databases[0] as Database;
  const model = new Model(database);
  for (let i = 0; i < PACKED_COUNT_MAX + 1; i++) model.set(`m${i}`, i);
  const trees = openZset(database, model.entry);
  assert.ok(trees !== null);
  // Every member has one hash from here on.
  trees.hashOf = () => 77;
  const { hashed } = trees;
  while (hashed.seekFirst(trees.hashedId)) hashed.removeHere();
  while (trees.ordered.seekFirst(trees.orderedId)) trees.ordered.removeHere();
  model.scores.clear();
  for (let i = 0; i < 50; i++) model.set(`n${i}`, i % 3);
  for (let i = 0; i < 50; i += 2) model.set(`n${i}`, i + 0.5);
  for (let i = 0; i < 50; i += 5) model.remove(`n${i}`);
  model.removeRanks(3, 4);
  assert.deepEqual(members(model.walker.open(database, model.entry)), model.sorted());
  const scores: number[] = [];
  for (let isLeft = hashed.seekFirst(trees.hashedId); isLeft; isLeft = hashed.next()) {
    scores.push(payloadScore(hashed));
  }
  assert.deepEqual(
    scores.sort((a, b) => a - b),
    model.sorted().map(([, score]) => score),
  );
});

test('what a builder stores is packed when it is small, and has no negative zero then', () => {
  const { store } = createEngineFixture({ seed: 1, records: false });
  const database = store.databases[0] as Database;
  for (const count of [1, PACKED_COUNT_MAX, PACKED_COUNT_MAX + 1, 1_000]) {
    const builder = new ZsetBuilder(database);
    for (let i = 0; i < count; i++) {
      const { bytes, view, offsets, lengths } = frameOf(`m${i}`);
      const walker = new ZsetWalker();
      Object.assign(walker.member, { bytes, view, offset: offsets[0], length: lengths[0] });
      builder.add(walker.member, i === 0 ? -0 : i, 'sum');
    }
    builder.store(FRAME, 1, THRESHOLDS);
    while (database.trees.hasGraves) database.trees.drain(100);
    const entry = database.find(FRAME, 1);
    const isListpack = count <= THRESHOLDS.zsetMaxListpackEntries;
    assert.equal(database.encodingOf(entry) === ENCODING.LISTPACK, isListpack);
    assert.equal(openZset(database, entry) === null, count <= PACKED_COUNT_MAX);
    const found = members(new ZsetWalker().open(database, entry));
    assert.equal(found.length, count);
    assert.ok(Object.is(found[0]?.[1], isListpack ? 0 : -0));
    const model = new Model(database);
    assert.equal(database.memory.liveBytes, indexBytes(database) + model.bytes());
  }
});

test('nextAbove is the next double', () => {
  const pairs: [number, number][] = [
    [0, 5e-324],
    [-0, 5e-324],
    [1, 1 + Number.EPSILON],
    [-5e-324, -0],
    [Number.MAX_VALUE, Number.POSITIVE_INFINITY],
    [Number.NEGATIVE_INFINITY, -Number.MAX_VALUE],
    [2 ** 32, 2 ** 32 + 2 ** -20],
  ];
  for (const [value, above] of pairs) assert.equal(nextAbove(value) + 0, above + 0, String(value));
});
