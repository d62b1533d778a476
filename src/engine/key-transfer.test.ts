import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createEngineFixture, type EngineFixture, frameOf } from '../testing/engine-fixture.ts';
import { rounds, seeded } from '../testing/seeded.ts';
import type { SeededRandom } from '../world/simulated/seeded-random.ts';
import { type Database, NO_DEADLINE } from './database.ts';
import { clearDeadline, setDeadline } from './entry-deadline.ts';
import { EVENT } from './event-table.ts';
import { copyEntry, moveEntry, renameEntry } from './key-transfer.ts';
import { AddressBuffer } from './keyspace/address-buffer.ts';
import { entryBytes } from './keyspace/entry.ts';
import type { Store } from './store.ts';
import { openString, setStringArgument } from './values/string/string-value.ts';

const MIB = 1024 * 1024;
const LATER_MS = 5_000_000_000_000;
const LONG_KEY = 'k'.repeat(70_000);

function set(database: Database, key: string, value: string, deadline: number | bigint): void {
  const frame = frameOf('SET', key, value);
  setStringArgument(database, database.find(frame, 1), frame, 1, 2, deadline, EVENT.set);
}

function get(database: Database, key: string): string | null {
  const entry = database.find(frameOf('GET', key), 1);
  if (entry === 0) return null;
  return Buffer.from(openString(database, entry).copy()).toString('latin1');
}

function deadlineOf(database: Database, key: string): number {
  return database.deadlineOf(database.find(frameOf('TTL', key), 1));
}

function rename(database: Database, from: string, to: string): void {
  const frame = frameOf('RENAME', from, to);
  renameEntry(database, database.find(frame, 1), frame, 1, 2);
}

function copy(source: Database, from: string, target: Database, to: string): void {
  const frame = frameOf('COPY', from, to);
  copyEntry(source, source.find(frame, 1), target, frame, 2);
}

function move(source: Database, key: string, target: Database): void {
  const frame = frameOf('MOVE', key);
  moveEntry(source, source.find(frame, 1), target, frame, 1);
}

/**
 * Every byte that memory counts as live belongs to an entry or a table, and the wheel has its own.
 */
function checkAccounts(database: Database): void {
  const { memory, entries } = database;
  const out = new AddressBuffer(16);
  let entryCount = 0;
  let datedCount = 0;
  let bytes = entries.byteCount - entries.sideByteCount;
  let cursor = 0;
  do {
    cursor = database.scan(cursor, 50, out);
    for (let i = 0; i < out.count; i++) {
      const entry = out.addresses[i] as number;
      entryCount++;
      if (database.deadlineOf(entry) !== NO_DEADLINE) datedCount++;
      memory.locate(entry);
      bytes += memory.classBytes(entryBytes(memory.view, memory.base));
    }
  } while (cursor !== 0);
  assert.equal(entryCount, database.count);
  assert.equal(datedCount, database.deadlineCount);
  assert.equal(memory.liveBytes, bytes);
}

function drain(store: Store): void {
  while (store.runSlice(1)) {}
}

const VALUES: readonly (readonly [name: string, value: string])[] = [
  ['an integer', '12345'],
  ['a short text', 'text'],
  ['a text', 'x'.repeat(300)],
  ['a huge text', `${'ab'.repeat(MIB)}end`],
];

for (const [name, value] of VALUES) {
  for (const deadline of [NO_DEADLINE, LATER_MS]) {
    const title = `${name} ${deadline === NO_DEADLINE ? 'without' : 'with'} a deadline`;
    test(`RENAME, MOVE and COPY carry ${title}`, () => {
      const { store } = createEngineFixture({ seed: 1 });
      const [a, b] = store.databases as [Database, Database];
      // Of equal length, shorter, a little longer, beyond the spare bytes, beyond a short key.
      for (const to of ['other', 'o', 'o'.repeat(50), 'o'.repeat(900), LONG_KEY]) {
        set(a, 'first', value, deadline);
        rename(a, 'first', to);
        assert.equal(get(a, 'first'), null);
        assert.equal(get(a, to), value);
        assert.equal(deadlineOf(a, to), deadline);
        checkAccounts(a);
        move(a, to, b);
        assert.equal(get(a, to), null);
        assert.equal(get(b, to), value);
        assert.equal(deadlineOf(b, to), deadline);
        copy(b, to, a, 'copied');
        assert.equal(get(b, to), value);
        assert.equal(get(a, 'copied'), value);
        assert.equal(deadlineOf(a, 'copied'), deadline);
        checkAccounts(a);
        checkAccounts(b);
        rename(a, 'copied', 'first');
        rename(b, to, 'first');
        move(b, 'first', a);
        assert.equal(a.count, 1);
        assert.equal(b.count, 0);
        checkAccounts(a);
        checkAccounts(b);
      }
      drain(store);
      assert.equal(get(a, 'first'), value);
    });
  }
}

test('over another key: what was there is gone, deadline and all', () => {
  const fixture = createEngineFixture({ seed: 2 });
  const { store, clock } = fixture;
  const [a, b] = store.databases as [Database, Database];
  const huge = 'h'.repeat(2 * MIB);
  for (const [from, to] of [
    ['v', huge],
    [huge, 'v'],
    [huge, huge],
    ['v', 'w'],
  ] as const) {
    set(a, 'from', from, NO_DEADLINE);
    set(a, 'to', to, clock.nowMs + 1_000);
    set(b, 'to', to, clock.nowMs + 1_000);
    copy(a, 'from', b, 'to');
    rename(a, 'from', 'to');
    assert.equal(a.deadlineCount + b.deadlineCount, 0);
    fixture.advance(2_000);
    drain(store);
    assert.equal(get(a, 'to'), from);
    assert.equal(get(b, 'to'), from);
    checkAccounts(a);
    checkAccounts(b);
  }
});

test('over a key that has expired and was not removed yet', () => {
  const fixture = createEngineFixture({ seed: 3 });
  const { store, clock, effects } = fixture;
  const [a, b] = store.databases as [Database, Database];
  set(a, 'from', 'v', NO_DEADLINE);
  set(a, 'to', 'old', clock.nowMs + 10);
  set(b, 'to', 'old', clock.nowMs + 10);
  fixture.advance(20);
  effects.length = 0;
  copy(a, 'from', b, 'to');
  rename(a, 'from', 'to');
  assert.equal(get(a, 'to'), 'v');
  assert.equal(get(b, 'to'), 'v');
  assert.deepEqual(
    effects.map(({ args, event }) => [args.join(' '), event]),
    [
      ['DEL to', 'expired'],
      ['COPY from to DB 1 REPLACE', 'copy_to'],
      ['DEL to', 'expired'],
      ['RENAME from to', 'rename_from rename_to'],
    ],
  );
});

test('a huge entry keeps its segment when it is renamed, moved, dated and undated', () => {
  const { store } = createEngineFixture({ seed: 4, records: false });
  const [a, b] = store.databases as [Database, Database];
  set(a, 'key', 'v'.repeat(5 * MIB), NO_DEADLINE);
  const bytesOf = (database: Database, key: string): Uint8Array => {
    database.memory.locate(database.find(frameOf('', key), 1));
    return database.memory.bytes;
  };
  const segment = bytesOf(a, 'key');
  rename(a, 'key', 'a longer key');
  setDeadline(a, a.find(frameOf('', 'a longer key'), 1), LATER_MS);
  assert.equal(bytesOf(a, 'a longer key'), segment);
  move(a, 'a longer key', b);
  rename(b, 'a longer key', 'k');
  assert.equal(bytesOf(b, 'k'), segment);
  assert.equal(deadlineOf(b, 'k'), LATER_MS);
  clearDeadline(b, b.find(frameOf('', 'k'), 1));
  assert.equal(bytesOf(b, 'k'), segment);
  assert.equal(deadlineOf(b, 'k'), NO_DEADLINE);
  assert.equal(get(b, 'k'), 'v'.repeat(5 * MIB));
  checkAccounts(a);
  checkAccounts(b);
});

test('SWAPDB while both databases hold deadlines, huge values and compaction under way', () => {
  const fixture = createEngineFixture({ seed: 5, records: false });
  const { store, clock } = fixture;
  const [a, b] = store.databases as [Database, Database];
  for (let i = 0; i < 20_000; i++) set(a, `a${i}`, 'x'.repeat(i % 90), clock.nowMs + 1_000 + i);
  for (let i = 0; i < 20_000; i += 3) a.removeUnfound(a.find(frameOf('', `a${i}`), 1), EVENT.del);
  set(b, 'huge', 'h'.repeat(2 * MIB), clock.nowMs + 50_000);
  // One step, so that a victim is half empty.
  a.compact(2_000);
  const kept = a.count;
  store.swapDatabases(0, 1);
  assert.equal(b.count, kept);
  assert.equal(get(a, 'huge')?.length, 2 * MIB);
  drain(store);
  checkAccounts(a);
  checkAccounts(b);
  for (let i = 1; i < 20_000; i += 3) assert.equal(get(b, `a${i}`)?.length, i % 90);
  fixture.advance(11_000);
  drain(store);
  assert.ok(b.count < kept * 0.55 && b.count > kept * 0.45, `${b.count} of ${kept}`);
  fixture.advance(40_000);
  drain(store);
  assert.equal(b.count, 0);
  assert.equal(a.count, 0);
  assert.equal(a.deadlineCount + b.deadlineCount, 0);
});

/** Of the timing wheel. */
const TICK_MS = 64;
const KEY_LENGTH_MAX = 12;

interface Held {
  readonly value: string;
  readonly deadline: number;
}

test('random transfers between two databases agree with Maps', () => {
  seeded((random) => {
    const fixture = createEngineFixture({ seed: random.below(1_000_000), records: false });
    const models = [new Map<string, Held>(), new Map<string, Held>()] as const;
    for (let step = 0; step < rounds(6_000); step++) transferOnce(fixture, models, random);
    for (const [i, model] of models.entries()) {
      const database = fixture.store.databases[i] as Database;
      forgetExpired(model, fixture.clock.nowMs);
      for (const [key, held] of model) {
        assert.equal(get(database, key), held.value);
        assert.equal(deadlineOf(database, key), held.deadline);
      }
      drain(fixture.store);
      fixture.advance(TICK_MS);
      drain(fixture.store);
      // What was due a tick ago is gone; of what came due since, the wheel may hold some.
      assert.ok(database.count <= model.size, `${database.count} of ${model.size}`);
      forgetExpired(model, fixture.clock.nowMs);
      for (let length = 1; length <= KEY_LENGTH_MAX; length++) {
        database.find(frameOf('', 'k'.repeat(length)), 1);
      }
      assert.equal(database.count, model.size);
      checkAccounts(database);
    }
  });
});

function forgetExpired(model: Map<string, Held>, nowMs: number): void {
  for (const [key, { deadline }] of model) {
    if (deadline !== NO_DEADLINE && deadline <= nowMs) model.delete(key);
  }
}

function transferOnce(
  { store, clock, advance }: EngineFixture,
  models: readonly [Map<string, Held>, Map<string, Held>],
  random: SeededRandom,
): void {
  const from = random.below(2);
  const [source, target] = [from, 1 - from].map((i) => store.databases[i] as Database);
  const [model, targetModel] = [from, 1 - from].map((i) => models[i] as Map<string, Held>);
  if (!source || !target || !model || !targetModel) return;
  if (random.below(20) === 0) advance(random.below(500));
  if (random.below(10) === 0) store.runSlice(0.1);
  for (const each of models) forgetExpired(each, clock.nowMs);
  const key = 'k'.repeat(1 + random.below(KEY_LENGTH_MAX));
  const to = 'k'.repeat(1 + random.below(KEY_LENGTH_MAX));
  const held = model.get(key);
  const kind = random.below(10);
  if (held === undefined || kind < 3) {
    const length = random.below(200) === 0 ? MIB + random.below(MIB) : random.below(400);
    const value = `${step()}${'v'.repeat(length)}`;
    const deadline = random.below(2) === 0 ? NO_DEADLINE : clock.nowMs + 1 + random.below(3_000);
    set(source, key, value, deadline);
    model.set(key, { value, deadline });
  } else if (kind < 6) {
    if (key === to) return;
    rename(source, key, to);
    model.delete(key);
    model.set(to, held);
  } else if (kind < 8) {
    copy(source, key, target, to);
    targetModel.set(to, held);
  } else if (kind < 9) {
    if (targetModel.has(key)) return;
    move(source, key, target);
    model.delete(key);
    targetModel.set(key, held);
  } else {
    source.removeUnfound(source.find(frameOf('', key), 1), EVENT.del);
    model.delete(key);
  }
}

let steps = 0;

/** Makes values differ. */
function step(): number {
  return ++steps;
}
