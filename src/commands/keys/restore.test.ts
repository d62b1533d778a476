import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CommandKit, createCommandKit } from '../../testing/command-kit.ts';
import { EffectReplica } from '../../testing/effect-replica.ts';
import { checkHoldings } from '../../testing/holdings-check.ts';
import { CommandKeys, drawCommand, drawFilling } from '../../testing/random-commands.ts';
import {
  bodyOf,
  bytesOf,
  lengthBytes,
  listpackBytes,
  payloadOf,
  sealed,
  stringBytes,
} from '../../testing/rdb-bytes.ts';
import { rounds, seededDraws, seedOfRun } from '../../testing/seeded.ts';

const HELLO = payloadOf(0, stringBytes('hello'));

function dump(kit: CommandKit, key: string): Buffer {
  const reply = kit.run('DUMP', key);
  return reply.kind === 'bulk' ? reply.bytes : assert.fail(`no dump of ${key}`);
}

function errorOf(kit: CommandKit, ...words: (string | number | Uint8Array)[]): string {
  const reply = kit.run(...words);
  return reply.kind === 'error' ? reply.text : '';
}

test('RESTORE gives what DUMP took, unless the key is there', async () => {
  const kit = await createCommandKit();
  kit.ask('SET', 'a', 'hello');
  const payload = dump(kit, 'a');
  assert.deepEqual(payload, HELLO, 'as redis-server writes it');
  assert.equal(kit.ask('RESTORE', 'b', 0, payload), 'OK');
  assert.equal(kit.ask('GET', 'b'), 'hello');
  assert.equal(kit.ask('PTTL', 'b'), -1);
  assert.equal(errorOf(kit, 'RESTORE', 'a', 0, payload), 'BUSYKEY Target key name already exists.');
  kit.ask('RPUSH', 'l', 'x');
  assert.equal(kit.ask('RESTORE', 'l', 0, payload, 'replace'), 'OK');
  assert.equal(kit.ask('GET', 'l'), 'hello');
  await kit.node.stop();
});

test('its time to live is relative or absolute; one that is over removes the key', async () => {
  const kit = await createCommandKit();
  const nowMs = kit.node.services.clock.nowMs;
  kit.ask('RESTORE', 'relative', 1500, HELLO);
  assert.equal(kit.ask('PEXPIRETIME', 'relative'), nowMs + 1500);
  kit.ask('RESTORE', 'absolute', nowMs + 70, HELLO, 'ABSTTL');
  assert.equal(kit.ask('PTTL', 'absolute'), 70);
  kit.takeEffects();
  assert.equal(kit.ask('RESTORE', 'none', nowMs, HELLO, 'ABSTTL'), 'OK');
  assert.equal(kit.ask('EXISTS', 'none'), 0);
  assert.deepEqual(kit.takeEffects(), []);
  assert.equal(kit.ask('RESTORE', 'relative', 1, HELLO, 'ABSTTL', 'REPLACE'), 'OK');
  assert.deepEqual(kit.takeEffects(), ['DEL relative']);
  // The sum wraps, as in redis-server: it lies in the past then.
  assert.equal(kit.ask('RESTORE', 'far', '9223372036854775807', HELLO), 'OK');
  assert.equal(kit.ask('EXISTS', 'far'), 0);
  assert.equal(kit.ask('RESTORE', 'far', '9223372036854775807', HELLO, 'ABSTTL'), 'OK');
  assert.equal(kit.ask('EXISTS', 'far'), 1);
  checkHoldings(kit.node.services.stores.default.databases[0]);
  await kit.node.stop();
});

test('idle time and frequency are told to the policy that keeps them', async () => {
  const kit = await createCommandKit();
  kit.ask('RESTORE', 'idle', 0, HELLO, 'IDLETIME', 1000);
  assert.equal(kit.ask('OBJECT', 'IDLETIME', 'idle'), 1000);
  kit.ask('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lfu');
  kit.ask('RESTORE', 'often', 0, HELLO, 'FREQ', 255);
  assert.equal(kit.ask('OBJECT', 'FREQ', 'often'), 255);
  await kit.node.stop();
});

test('what it is told wrongly is refused before the payload is looked at', async () => {
  const kit = await createCommandKit();
  kit.ask('SET', 'taken', 'v');
  const junk = bytesOf('junk');
  const refused: [(string | number | Uint8Array)[], string][] = [
    [['k', 'x', junk], 'ERR value is not an integer or out of range'],
    [['k', -1, junk], 'ERR Invalid TTL value, must be >= 0'],
    [['k', 0, junk, 'IDLETIME', -1], 'ERR Invalid IDLETIME value, must be >= 0'],
    [['k', 0, junk, 'IDLETIME', 'x'], 'ERR value is not an integer or out of range'],
    [['k', 0, junk, 'FREQ', 256], 'ERR Invalid FREQ value, must be >= 0 and <= 255'],
    [['k', 0, junk, 'FREQ', 1, 'IDLETIME', 1], 'ERR syntax error'],
    [['k', 0, junk, 'IDLETIME'], 'ERR syntax error'],
    [['k', 0, junk, 'NX'], 'ERR syntax error'],
    [['taken', -1, junk], 'BUSYKEY Target key name already exists.'],
    [['k', 0, junk], 'ERR DUMP payload version or checksum are wrong'],
    [['k', 0, ''], 'ERR DUMP payload version or checksum are wrong'],
    [['k', 0, sealed(Buffer.alloc(0))], 'ERR Bad data format'],
    [['k', 0, sealed(bodyOf(HELLO), 12)], 'ERR DUMP payload version or checksum are wrong'],
    [['k', 0, sealed(Buffer.concat([bodyOf(HELLO), bytesOf('more')]))], 'ERR Bad data format'],
    [['taken', 0, sealed(bytesOf('\x07junk')), 'REPLACE'], 'ERR Bad data format'],
    [['k', 0, payloadOf(4, lengthBytes(0))], 'ERR Bad data format'],
  ];
  for (const [words, text] of refused) {
    assert.equal(errorOf(kit, 'RESTORE', ...words), text, words.join(' '));
  }
  assert.equal(kit.ask('GET', 'taken'), 'v');
  assert.equal(kit.ask('DBSIZE'), 1);
  await kit.node.stop();
});

test('every changed byte of a payload is refused by its checksum', async () => {
  const kit = await createCommandKit();
  kit.ask('ZADD', 'z', 1, 'a', 2.5, 'b');
  const payload = dump(kit, 'z');
  for (let at = 0; at < payload.length; at++) {
    const changed = Buffer.from(payload);
    changed[at] ^= 1 << (at % 8);
    const text = errorOf(kit, 'RESTORE', 'k', 0, changed);
    assert.equal(text, 'ERR DUMP payload version or checksum are wrong', `byte ${at}`);
  }
  await kit.node.stop();
});

test('it is recorded with its deadline, in a form that redis-server 7.0 takes', async () => {
  const kit = await createCommandKit();
  const nowMs = kit.node.services.clock.nowMs;
  kit.ask('RESTORE', 'a', 100, HELLO, 'IDLETIME', 5);
  const latin1 = HELLO.toString('latin1');
  assert.deepEqual(kit.takeEffects(), [`RESTORE a ${nowMs + 100} ${latin1} REPLACE ABSTTL`]);
  // A listpack of a set is of redis-server 7.2.
  const set = sealed(Buffer.concat([Buffer.of(20), stringBytes(listpackBytes(['x', 'y']))]), 11);
  kit.ask('RESTORE', 's', 0, set);
  const [recorded] = kit.effects.splice(0);
  assert.deepEqual(kit.ask('SMEMBERS', 's'), ['x', 'y']);
  const payload = Buffer.from(recorded.args[3], 'latin1');
  assert.equal(payload[0], 2, 'the type of a set that is a table');
  assert.equal(payload.readUInt16LE(payload.length - 10), 10, 'version');
  assert.equal(kit.ask('RESTORE', 's', 0, payload, 'REPLACE'), 'OK');
  assert.deepEqual([...(kit.ask('SMEMBERS', 's') as string[])].sort(), ['x', 'y']);
  assert.equal(recorded.event, 'restore');
  await kit.node.stop();
});

test('it is one change, also where it takes the place of another key', async () => {
  const kit = await createCommandKit();
  const store = kit.node.services.stores.default;
  kit.ask('RPUSH', 'to', 'x');
  const { changeCount } = store;
  kit.ask('RESTORE', 'to', 0, HELLO, 'REPLACE');
  assert.equal(store.changeCount, changeCount + 1);
  await kit.node.stop();
});

test('a value that is larger than its store may be is refused', async () => {
  const kit = await createCommandKit();
  kit.ask('CONFIG', 'SET', 'maxmemory', 3_000_000);
  // 3.4 MB of text, compressed into 40 KB: runs of one letter.
  const run = Buffer.of(0, 0x61, ...Array.from({ length: 420 }, () => [0xe0, 255, 0]).flat());
  const length = 1 + 420 * 264;
  const packed = Buffer.concat([
    Buffer.of(0xc3),
    lengthBytes(run.length),
    lengthBytes(length),
    run,
  ]);
  const hash = (count: number): Buffer =>
    payloadOf(4, [
      lengthBytes(count),
      ...Array.from({ length: count }, (_, i) => Buffer.concat([stringBytes(`f${i}`), packed])),
    ]);
  assert.equal(kit.ask('RESTORE', 'small', 0, hash(3)), 'OK');
  assert.equal(errorOf(kit, 'RESTORE', 'k', 0, hash(40)), 'ERR Bad data format');
  // One string of 4.4 MB: it is not even unpacked.
  const long = Buffer.concat([
    run,
    ...Array.from({ length: 16_000 }, () => Buffer.of(0xe0, 255, 0)),
  ]);
  const text = [lengthBytes(long.length), lengthBytes(length + 16_000 * 264), long];
  const string = payloadOf(0, [Buffer.of(0xc3), ...text]);
  assert.equal(errorOf(kit, 'RESTORE', 'k', 0, string), 'ERR Bad data format');
  assert.equal(kit.ask('DBSIZE'), 1);
  kit.ask('CONFIG', 'SET', 'maxmemory', 0);
  assert.equal(kit.ask('RESTORE', 'k', 0, string), 'OK');
  assert.equal(kit.ask('STRLEN', 'k'), length + 16_000 * 264);
  checkHoldings(kit.node.services.stores.default.databases[0]);
  await kit.node.stop();
});

test('random values of all types pass through DUMP and RESTORE and the effect', async () => {
  const seed = seedOfRun();
  const draw = seededDraws(seed);
  const kit = await createCommandKit(seed);
  const replica = new EffectReplica(kit, await createCommandKit(seed + 1, { records: false }));
  replica.setActiveExpiry(false);
  const keys = new CommandKeys(draw, 5);
  for (let i = 0; i < rounds(400); i++)
    kit.run(...(i < 20 ? drawFilling : drawCommand)(draw, keys));
  for (const { index } of kit.node.services.stores.default.databases.slice(1)) {
    kit.ask('SELECT', index);
    kit.ask('FLUSHDB');
  }
  kit.ask('SELECT', 0);
  kit.effects.length = 0;
  for (const key of kit.ask('KEYS', '*') as string[]) {
    const reply = kit.run('DUMP', key);
    if (reply.kind !== 'bulk') {
      kit.ask('DEL', key);
      continue;
    }
    const digest = kit.ask('DEBUG', 'DIGEST-VALUE', key);
    const fields = kit.ask('TYPE', key) === 'hash' ? (kit.ask('HKEYS', key) as string[]) : [];
    const deadlines = (of: string): unknown =>
      fields.map((field) => kit.ask('HPEXPIRETIME', of, 'FIELDS', 1, field));
    const told = String(kit.ask('PEXPIRETIME', key));
    const deadline = told === '-1' ? '0' : told;
    const restored = kit.ask('RESTORE', `${key} again`, deadline, reply.bytes, 'ABSTTL');
    assert.equal(restored, 'OK', `TEST_SEED=${seed}`);
    const again = kit.ask('DEBUG', 'DIGEST-VALUE', `${key} again`);
    assert.deepEqual(again, digest, `TEST_SEED=${seed}, ${key}`);
    assert.deepEqual(deadlines(`${key} again`), deadlines(key), `TEST_SEED=${seed}, ${key}`);
    kit.ask('DEL', key);
  }
  replica.apply();
  replica.check();
  checkHoldings(kit.node.services.stores.default.databases[0]);
  await kit.node.stop();
  await replica.kit.node.stop();
});
