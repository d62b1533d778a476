import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CommandKit, createCommandKit } from '../../testing/command-kit.ts';
import { differencesOf, ModelTarget, modelOf } from '../../testing/frozen-model.ts';
import { checkHoldings } from '../../testing/holdings-check.ts';
import { CommandKeys, drawCommand, drawFilling } from '../../testing/random-commands.ts';
import { type Draw, rounds, seededDraws, seedOfRun } from '../../testing/seeded.ts';
import type { Store } from '../store.ts';
import { STORE_STAT } from '../store-stats.ts';
import { beginSnapshot, type StoreSnapshot } from './store-snapshot.ts';

const SEED_COUNT = rounds(6);
const FIRST_SEED = seedOfRun();

/** A node under random commands, and what it ran. */
class Play {
  readonly kit: CommandKit;
  readonly store: Store;
  readonly draw: Draw;
  private readonly keys: CommandKeys;

  constructor(kit: CommandKit, draw: Draw) {
    this.kit = kit;
    this.store = kit.node.services.stores.default;
    this.draw = draw;
    this.keys = new CommandKeys(draw, 4);
  }

  fill(count: number): void {
    for (let i = 0; i < count; i++) {
      this.kit.run('SELECT', this.draw(3));
      this.kit.run(...drawFilling(this.draw, this.keys));
    }
    this.change(60);
  }

  change(count: number): void {
    const { kit, draw, keys } = this;
    for (let i = 0; i < count; i++) {
      const isFilling = draw(60) === 0;
      kit.run(...(isFilling ? drawFilling(draw, keys) : drawCommand(draw, keys)));
      if (draw(40) === 0) kit.advance(draw(800));
    }
  }

  /** Commands and steps by turns, to the end. */
  finish(snapshot: StoreSnapshot): void {
    const { draw } = this;
    const perStep = draw(30);
    for (;;) {
      let left = draw(12);
      if (snapshot.step(() => left-- <= 0)) return;
      assert.ok(!snapshot.isAborted);
      this.change(draw(perStep + 1));
    }
  }

  check(): void {
    assert.equal(this.store.isFrozen, false);
    for (const database of this.store.databases.slice(0, 4)) checkHoldings(database);
  }
}

async function play(seed: number, run: (play: Play) => void): Promise<void> {
  const kit = await createCommandKit(seed, { records: false });
  try {
    run(new Play(kit, seededDraws(seed)));
  } catch (error) {
    throw new Error(`failed with TEST_SEED=${seed}: ${error}`, { cause: error });
  } finally {
    await kit.node.stop();
  }
}

function checkWritten(snapshot: StoreSnapshot, target: ModelTarget, wanted: Map<string, string>) {
  assert.deepEqual(differencesOf(target.model, wanted), []);
  assert.equal(snapshot.writtenCount, snapshot.keyCount);
  assert.equal(snapshot.extraBytes, 0, 'nothing stays aside');
}

test('a snapshot is the store as it was when it began, whatever runs meanwhile', async () => {
  let earlyCount = 0;
  let largeCount = 0;
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SEED_COUNT; seed++) {
    await play(seed, (play) => {
      play.fill(12);
      for (let round = 0; round < 3; round++) {
        const wanted = modelOf(play.store);
        const target = new ModelTarget(play.draw);
        const snapshot = beginSnapshot(play.store, target);
        play.finish(snapshot);
        checkWritten(snapshot, target, wanted);
        play.check();
        earlyCount += target.earlyCount;
        largeCount += target.largeCount;
        play.fill(3);
      }
    });
  }
  assert.ok(earlyCount + largeCount > 0);
});

test('trees of three levels are written as they were while they grow and shrink', async () => {
  await play(FIRST_SEED, (play) => {
    const { kit, store, draw } = play;
    const long = (i: number): string => `${i}:`.padEnd(200, 'l');
    const many = (count: number, one: (i: number) => (string | number)[]): (string | number)[] =>
      Array.from({ length: count }, (_, i) => one(i)).flat();
    const fields = (count: number): string[] => many(count, () => [long(draw(9000))]) as string[];
    kit.run('HSET', 'deep:hash', ...many(9000, (i) => [long(i), i]));
    kit.run('ZADD', 'deep:zset', ...many(9000, (i) => [draw(100), long(i)]));
    kit.run('RPUSH', 'deep:list', ...many(12_000, () => [long(draw(99))]));
    const wanted = modelOf(store);
    const target = new ModelTarget(draw);
    const snapshot = beginSnapshot(store, target);
    for (let round = 0; round < 60; round++) {
      const isGrowing = round % 20 < 8;
      const some = fields(300);
      if (isGrowing) {
        kit.run('HSET', 'deep:hash', ...some.flatMap((field) => [`${field}!`, 'v']));
        kit.run('ZADD', 'deep:zset', ...some.flatMap((member) => [draw(100), `${member}!`]));
        kit.run('LINSERT', 'deep:list', 'BEFORE', long(draw(99)), long(1));
        kit.run('LPUSH', 'deep:list', ...some);
      } else {
        kit.run('HDEL', 'deep:hash', ...some, ...some.map((field) => `${field}!`));
        kit.run('ZREM', 'deep:zset', ...some, ...some.map((member) => `${member}!`));
        kit.run('LREM', 'deep:list', draw(300), long(draw(99)));
        kit.run('LPOP', 'deep:list', 200);
      }
      let left = draw(6);
      snapshot.step(() => left-- <= 0);
    }
    for (let i = 0; i < 9000; i += 300) {
      const some = many(300, (n) => [long(i + n), `${long(i + n)}!`]);
      kit.run('HDEL', 'deep:hash', ...some);
      kit.run('ZREM', 'deep:zset', ...some);
      kit.run('LPOP', 'deep:list', 300);
    }
    assert.equal(kit.ask('EXISTS', 'deep:hash', 'deep:zset'), 0);
    assert.ok(snapshot.extraBytes > 0);
    assert.ok(snapshot.step(() => false));
    checkWritten(snapshot, target, wanted);
    play.check();
  });
});

test('a store that evicts meanwhile loses nothing of its snapshot', async () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SEED_COUNT; seed++) {
    await play(seed, (play) => {
      play.fill(14);
      const wanted = modelOf(play.store);
      const target = new ModelTarget(play.draw);
      const snapshot = beginSnapshot(play.store, target);
      play.store.setPolicy('allkeys-random');
      play.store.memoryBytesMax = Math.ceil(play.store.countedBytes() / (2 + play.draw(6)));
      const evicted = play.store.stats[STORE_STAT.EVICTED];
      play.finish(snapshot);
      checkWritten(snapshot, target, wanted);
      play.change(40);
      assert.ok(play.store.stats[STORE_STAT.EVICTED] > evicted);
      assert.ok(play.store.countedBytes() <= play.store.memoryBytesMax * 1.2 + 100_000);
      play.check();
    });
  }
});

test('after an abort, wherever it comes, the next snapshot is right', async () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SEED_COUNT; seed++) {
    await play(seed, (play) => {
      const { draw, store } = play;
      play.fill(10);
      for (let round = 0; round < 3; round++) {
        const aborted = beginSnapshot(store, new ModelTarget(draw));
        for (let i = draw(40); i > 0; i--) {
          let left = draw(8);
          if (aborted.step(() => left-- <= 0)) break;
          play.change(draw(12));
        }
        aborted.abort();
        assert.equal(aborted.extraBytes, 0);
        assert.equal(
          aborted.step(() => false),
          !aborted.isAborted,
        );
        // The background may have put some marks right, or all, or none.
        if (draw(2) === 0) play.change(30);
        if (draw(3) === 0) for (let i = draw(9); i > 0; i--) store.sweep?.step();
        play.check();
        const wanted = modelOf(store);
        const target = new ModelTarget(draw);
        const snapshot = beginSnapshot(store, target);
        play.finish(snapshot);
        checkWritten(snapshot, target, wanted);
        play.check();
      }
    });
  }
});

test('what empties a store aborts its snapshot while something is left to write', async () => {
  for (const command of [['FLUSHALL'], ['FLUSHDB']]) {
    await play(7, (play) => {
      const { kit, store, draw } = play;
      play.fill(10);
      kit.run('SELECT', 1);
      kit.run('SET', 'here', 'now');
      const snapshot = beginSnapshot(store, new ModelTarget(draw));
      snapshot.step(() => true);
      kit.run('DEL', 'hash:1');
      kit.run(...command);
      assert.equal(snapshot.isAborted, true);
      assert.equal(snapshot.extraBytes, 0);
      play.check();
      play.fill(6);
      const wanted = modelOf(store);
      const target = new ModelTarget(draw);
      const again = beginSnapshot(store, target);
      play.finish(again);
      checkWritten(again, target, wanted);
      play.check();
    });
  }
});

test('emptying a database that is all written, or was empty, aborts nothing', async () => {
  await play(8, ({ kit, store, draw }) => {
    kit.run('SET', 'a', 'b');
    kit.run('SELECT', 1);
    for (let i = 0; i < 500; i++) kit.run('SET', `key:${i}`, i);
    const target = new ModelTarget(draw);
    const wanted = modelOf(store);
    const snapshot = beginSnapshot(store, target);
    while (snapshot.writtenCount === 0) snapshot.step(() => true);
    kit.run('SELECT', 0);
    kit.run('FLUSHDB');
    kit.run('SELECT', 2);
    kit.run('SET', 'new', 1);
    kit.run('FLUSHDB');
    assert.equal(snapshot.isAborted, false);
    assert.ok(snapshot.step(() => false));
    checkWritten(snapshot, target, wanted);
  });
});

test('a store that is dropped aborts its snapshot', async () => {
  await play(9, ({ kit, draw }) => {
    const { stores } = kit.node.services;
    const created = kit.run('STORE', 'CREATE', 'other');
    assert.ok(!(created instanceof Error), `${created}`);
    const other = stores.find('other') as Store;
    const session = kit.openSession();
    kit.runAs(session, 'SELECT', 'other');
    for (let i = 0; i < 100; i++) kit.runAs(session, 'SET', `key:${i}`, i);
    assert.equal(other.entryCount, 100);
    const snapshot = beginSnapshot(other, new ModelTarget(draw));
    kit.run('STORE', 'DROP', 'other');
    assert.equal(snapshot.isAborted, true);
  });
});

test('what is renamed while marks are put right after an abort is in the next', async () => {
  await play(13, ({ kit, store, draw }) => {
    for (let i = 0; i < 500; i++) kit.run('SET', `key:${i}`, i);
    const huge = 'h'.repeat(1_200_000);
    const members = Array.from({ length: 1000 }, (_, i) => i);
    for (let i = 0; i < 20; i++) {
      kit.run('SET', `huge:${i}`, huge);
      kit.run('SADD', `set:${i}`, ...members);
    }
    beginSnapshot(store, new ModelTarget(draw)).abort();
    for (let i = 0; i < 20; i++) {
      store.sweep?.step();
      // From where the sweep has not been to where it has, or the other way.
      kit.run('RENAME', `huge:${i}`, `other:${i}`);
      kit.run('RENAME', `set:${i}`, `another:${i}`);
    }
    const wanted = modelOf(store);
    const target = new ModelTarget(draw);
    const snapshot = beginSnapshot(store, target);
    for (let i = 0; i < 20; i++) kit.run('SREM', `another:${i}`, ...members.slice(0, 50));
    assert.ok(snapshot.step(() => false));
    checkWritten(snapshot, target, wanted);
  });
});

test('one snapshot of a store at a time', async () => {
  await play(10, ({ store, draw }) => {
    const snapshot = beginSnapshot(store, new ModelTarget(draw));
    assert.throws(() => beginSnapshot(store, new ModelTarget(draw)));
    assert.ok(snapshot.step(() => false));
    assert.ok(beginSnapshot(store, new ModelTarget(draw)).step(() => false));
  });
});

test('SWAPDB changes nothing of a snapshot, nor does what follows it', async () => {
  await play(11, (play) => {
    const { kit, store, draw } = play;
    play.fill(10);
    const wanted = modelOf(store);
    const target = new ModelTarget(draw);
    const snapshot = beginSnapshot(store, target);
    for (let i = 0; i < 20; i++) {
      kit.run('SWAPDB', draw(3), draw(3));
      play.change(10);
      snapshot.step(() => true);
    }
    assert.ok(snapshot.step(() => false));
    checkWritten(snapshot, target, wanted);
    assert.equal(snapshot.databases.length, new Set([...wanted.keys()].map((k) => k[0])).size);
    play.check();
  });
});

/** Whatever happens to a string of 1.2 MB before it is written. */
const HUGE_CHANGES: readonly (readonly (string | number)[])[] = [
  ['DEL', 'huge'],
  ['SET', 'huge', 'short'],
  ['APPEND', 'huge', 'more'],
  ['SETRANGE', 'huge', 100, 'other'],
  ['RENAME', 'huge', 'elsewhere'],
  ['RENAME', 'huge', 'a name that is longer than the one it had'],
  ['MOVE', 'huge', 1],
  ['COPY', 'huge', 'copy'],
  ['PEXPIREAT', 'huge', 9_000_000_000_000],
  ['PERSIST', 'huge'],
];

test('a huge string is written as it was, changed before or while it is written', async () => {
  for (const command of HUGE_CHANGES) {
    for (const stepCount of [0, 1, 2, 3]) {
      await play(12, ({ kit, store, draw }) => {
        for (let i = 0; i < 40; i++) kit.run('SET', `key:${i}`, i);
        kit.run('SET', 'huge', 'h'.repeat(1_200_000));
        if (command[0] === 'PERSIST') kit.run('PEXPIREAT', 'huge', 8_000_000_000_000);
        const wanted = modelOf(store);
        const target = new ModelTarget(draw);
        const snapshot = beginSnapshot(store, target);
        for (let i = 0; i < stepCount; i++) snapshot.step(() => true);
        kit.run(...command);
        assert.ok(snapshot.step(() => false));
        checkWritten(snapshot, target, wanted);
        for (const database of store.databases.slice(0, 2)) checkHoldings(database);
      });
    }
  }
});
