import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createEngineFixture, type EngineFixture, frameOf } from '../testing/engine-fixture.ts';
import { rounds } from '../testing/seeded.ts';
import { type Database, KEEP_DEADLINE, NO_DEADLINE } from './database.ts';
import { clearDeadline, setDeadline } from './entry-deadline.ts';
import { EVENT } from './event-table.ts';
import { renameEntry } from './key-transfer.ts';
import { AddressBuffer } from './keyspace/address-buffer.ts';
import { growString } from './values/string/string-growth.ts';
import {
  integerOf,
  openString,
  setInteger,
  setStringArgument,
} from './values/string/string-value.ts';

function set(database: Database, key: string, value: string, deadline: number | bigint): number {
  const frame = frameOf('SET', key, value);
  const entry = database.find(frame, 1);
  return setStringArgument(database, entry, frame, 1, 2, deadline, EVENT.set);
}

function get(database: Database, key: string): string | null {
  const entry = database.read(frameOf('GET', key), 1);
  if (entry === 0) return null;
  return Buffer.from(openString(database, entry).copy()).toString('latin1');
}

function del(database: Database, key: string): boolean {
  const entry = database.find(frameOf('DEL', key), 1);
  if (entry !== 0) database.remove(entry, EVENT.del);
  return entry !== 0;
}

function allKeys(database: Database): string[] {
  const out = new AddressBuffer(16);
  const keys: string[] = [];
  let cursor = 0;
  do {
    cursor = database.scan(cursor, 10, out);
    for (let i = 0; i < out.count; i++) {
      const entry = out.addresses[i];
      if (database.isExpired(entry)) continue;
      keys.push(Buffer.from(database.keySlice(entry).copy()).toString('latin1'));
    }
  } while (cursor !== 0);
  return keys;
}

test('values of every length and encoding read back as written', () => {
  const { store } = createEngineFixture({ seed: 1 });
  const database = store.databases[0];
  const values = ['', '0', '-1', '007', '12', '9007199254740993', '-9223372036854775808', '1.5'];
  for (const length of [43, 44, 45, 64, 65, 253, 254, 255, 256, 1023, 4096, 70_000, 2_000_000]) {
    values.push('x'.repeat(length));
  }
  for (const from of values) {
    for (const to of values) {
      set(database, 'key', from, NO_DEADLINE);
      set(database, 'key', to, NO_DEADLINE);
      assert.equal(get(database, 'key'), to);
    }
  }
  assert.equal(database.count, 1);
  del(database, 'key');
  const tableBytes = database.entries.byteCount - database.entries.sideByteCount;
  assert.equal(database.memory.liveBytes, tableBytes);
});

test('keys of every length are told apart', () => {
  const { store } = createEngineFixture({ seed: 2 });
  const database = store.databases[0];
  const keys = ['', '\0', '\0\0', '__proto__', 'constructor'];
  for (const length of [65_533, 65_534, 65_535, 65_536, 1_100_000]) keys.push('k'.repeat(length));
  for (const key of keys) set(database, key, `value of ${key.length}`, 5_000_000_000_000);
  for (const key of keys) assert.equal(get(database, key), `value of ${key.length}`);
  assert.equal(database.count, keys.length);
});

test('a deadline beyond 2^53 keeps every digit', () => {
  const { store } = createEngineFixture({ seed: 3 });
  const database = store.databases[0];
  const entry = setDeadline(database, set(database, 'k', 'v', NO_DEADLINE), 2n ** 63n - 1n);
  assert.equal(database.deadline64Of(entry), 2n ** 63n - 1n);
  assert.equal(get(database, 'k'), 'v');
});

test('growing keeps the bytes, fills with zeros and keeps the deadline', () => {
  const fixture = createEngineFixture({ seed: 4 });
  const database = fixture.store.databases[0];
  set(database, 'k', '12345', fixture.clock.nowMs + 1000);
  for (const length of [5, 6, 100, 300, 301, 5000]) {
    const frame = frameOf('SETRANGE', 'k');
    growString(database, database.find(frame, 1), frame, 1, length);
    assert.equal(get(database, 'k'), `12345${'\0'.repeat(length - 5)}`);
  }
  fixture.advance(1000);
  assert.equal(get(database, 'k'), null);
});

test('every change is recorded once, with its event and actor', () => {
  const fixture = createEngineFixture({ seed: 5 });
  const { store, effects } = fixture;
  const database = store.databases[1];
  store.actorId = 7;
  const at = fixture.clock.nowMs + 500;
  set(database, 'a', 'x', at);
  const frame = frameOf('INCR', 'n');
  setInteger(database, database.find(frame, 1), frame, 1, 41, EVENT.incrby);
  renameEntry(database, database.find(frame, 1), frameOf('RENAME', 'n', 'm'), 1, 2);
  fixture.advance(500);
  assert.equal(get(database, 'a'), null);
  clearDeadline(
    database,
    setDeadline(database, database.find(frameOf('', 'm'), 1), fixture.clock.nowMs + 1),
  );
  database.flush();
  store.flushAll();
  assert.deepEqual(
    effects.map(({ args, event, actorId, databaseIndex }) => [
      args.join(' '),
      event,
      actorId,
      databaseIndex,
    ]),
    [
      [`SET a x PXAT ${at}`, 'set', 7, 1],
      ['SET n 41 KEEPTTL', 'incrby', 7, 1],
      ['RENAME n m', 'rename_from rename_to', 7, 1],
      ['DEL a', 'expired', 0, 1],
      [`PEXPIREAT m ${fixture.clock.nowMs + 1}`, 'expire', 7, 1],
      ['PERSIST m', 'persist', 7, 1],
      ['FLUSHDB', '', 7, 1],
      ['FLUSHALL', '', 7, 0],
    ],
  );
});

test('due entries leave by slices alone, all of them and no other', () => {
  const fixture = createEngineFixture({ seed: 6, records: false });
  const { store } = fixture;
  const database = store.databases[0];
  const base = fixture.clock.nowMs;
  const deadlines = [1, 63, 64, 65, 16_383, 16_384, 20_000, 4_194_304, 5_000_000, 1_073_741_824];
  for (let i = 0; i < 5_000; i++) set(database, `k${i}`, 'v', base + deadlines[i % 10]);
  for (let i = 0; i < 100; i++) set(database, `keep${i}`, 'v', NO_DEADLINE);
  for (const [position, deadline] of deadlines.entries()) {
    fixture.advance(base + deadline + 64 - fixture.clock.nowMs);
    while (store.runSlice(1));
    const gone = deadlines.filter((other) => other <= deadline + 64 - 64).length;
    assert.ok(position < gone);
    const late = deadlines.filter((other) => other <= deadline).length;
    assert.ok(database.count <= 5_100 - late * 500, `${database.count} after ${deadline}`);
  }
  assert.equal(database.count, 100);
  assert.equal(database.deadlineCount, 0);
});

test('a full store with lru evicts the idle and keeps what is used', () => {
  const fixture = createEngineFixture({
    seed: 7,
    memoryBytesMax: 400_000,
    policy: 'lru',
    records: false,
  });
  const { store } = fixture;
  const database = store.databases[0];
  for (let i = 0; i < 20_000; i++) {
    if (i % 100 === 0) fixture.advance(1000);
    assert.ok(store.makeRoom(100));
    set(database, `key:${i}`, 'x'.repeat(50), NO_DEADLINE);
    if (i > 200)
      assert.ok(get(database, `key:${i % 200}`) !== null || i < 400, `hot key lost ${i}`);
    assert.ok(store.countedBytes() <= 400_000);
  }
  assert.ok(store.stats[3] > 10_000);
  assert.ok(database.count > 2_000);
});

test('a full store with noeviction refuses, and takes writes again when it has room', () => {
  const { store } = createEngineFixture({ seed: 8, memoryBytesMax: 50_000, records: false });
  const database = store.databases[0];
  let written = 0;
  while (store.makeRoom(60)) set(database, `key:${written++}`, 'x'.repeat(20), NO_DEADLINE);
  assert.ok(written > 100);
  for (let i = 0; i < 10; i++) del(database, `key:${i}`);
  assert.ok(store.makeRoom(60));
});

for (let seed = 1; seed <= 4; seed++) {
  test(`random changes agree with a Map (seed ${seed})`, () => {
    const fixture = createEngineFixture({ seed, records: seed % 2 === 0 });
    compareWithMap(fixture, seed);
  });
}

interface Modelled {
  value: string;
  deadline: number;
}

function compareWithMap(fixture: EngineFixture, seed: number): void {
  const { store, world, clock } = fixture;
  const database = store.databases[0];
  const model = new Map<string, Modelled>();
  const random = (below: number): number => world.random.u32() % below;
  for (let step = 0; step < rounds(60_000); step++) {
    const key = `key:${random(3000)}`;
    const known = model.get(key);
    if (known !== undefined && known.deadline !== -1 && known.deadline <= clock.nowMs) {
      model.delete(key);
    }
    changeBoth(database, model, key, random, clock.nowMs);
    if (random(50) === 0) fixture.advance(random(400));
    if (random(20) === 0) store.runSlice(0.1);
    if (random(20_000) === 0) {
      database.clear();
      model.clear();
    }
  }
  for (const [key, { deadline }] of model) {
    if (deadline !== -1 && deadline <= clock.nowMs) model.delete(key);
  }
  assert.deepEqual(allKeys(database).sort(), [...model.keys()].sort(), `seed ${seed}`);
  for (const [key, { value, deadline }] of model) {
    assert.equal(get(database, key), value, `seed ${seed} ${key}`);
    assert.equal(database.deadlineOf(database.find(frameOf('', key), 1)), deadline);
  }
}

function changeBoth(
  database: Database,
  model: Map<string, Modelled>,
  key: string,
  random: (below: number) => number,
  nowMs: number,
): void {
  const known = model.get(key);
  switch (random(7)) {
    case 0:
    case 1: {
      const value = random(3) === 0 ? String(random(1e9)) : 'v'.repeat(random(600));
      const deadline =
        random(2) === 0 ? NO_DEADLINE : nowMs + 1 + random(random(100) === 0 ? 1e8 : 3000);
      set(database, key, value, deadline);
      model.set(key, { value, deadline });
      return;
    }
    case 2:
      assert.equal(del(database, key), model.delete(key));
      return;
    case 3: {
      const frame = frameOf('', key, 'kept');
      const entry = database.find(frame, 1);
      setStringArgument(database, entry, frame, 1, 2, KEEP_DEADLINE, EVENT.set);
      model.set(key, { value: 'kept', deadline: known?.deadline ?? -1 });
      return;
    }
    case 4: {
      const entry = database.find(frameOf('', key), 1);
      assert.equal(entry !== 0, known !== undefined && model.has(key));
      if (entry === 0) return;
      const deadline = nowMs + 1 + random(5000);
      setDeadline(database, entry, deadline);
      model.set(key, { value: model.get(key)?.value ?? '', deadline });
      return;
    }
    case 5: {
      const frame = frameOf('', key);
      const entry = database.find(frame, 1);
      if (entry === 0 || Number.isNaN(integerOf(database, entry))) return;
      const value = integerOf(database, entry) + 1;
      setInteger(database, entry, frame, 1, value, EVENT.incrby);
      model.set(key, { value: String(value), deadline: model.get(key)?.deadline ?? -1 });
      return;
    }
    default:
      assert.equal(get(database, key), model.get(key)?.value ?? null);
  }
}
