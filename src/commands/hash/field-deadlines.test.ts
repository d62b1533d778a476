import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expectReply } from '../../testing/collection-play.ts';
import { createCommandKit } from '../../testing/command-kit.ts';

const KEYWORD = '-ERR Mandatory argument FIELDS is missing or not at the right position';
const MISMATCH = '-ERR The `numfields` parameter must match the number of arguments';
const POSITIVE = '-ERR Number of fields must be a positive integer';
const NEGATIVE = '-ERR invalid expire time, must be >= 0';
const ARITY = "-ERR wrong number of arguments for 'hsetex' command";

/** A command, and what it is refused with. */
const REFUSED: readonly [string, string][] = [
  ['HEXPIRE h 10 FIELD 1 a', KEYWORD],
  ['HEXPIRE h 10 NX GT FIELDS 1 a', KEYWORD],
  ['HEXPIRE h 10 FIELDS 0 a', '-ERR Parameter `numFields` should be greater than 0'],
  ['HEXPIRE h 10 FIELDS 2 a', MISMATCH],
  ['HEXPIRE h x FIELDS 1 a', '-ERR value is not an integer or out of range'],
  ['HEXPIRE h -1 FIELDS 1 a', NEGATIVE],
  ['HPEXPIREAT h 70368744177664 FIELDS 1 a', "-ERR invalid expire time in 'hpexpireat' command"],
  ['HTTL h FIELDS x a', POSITIVE],
  ['HTTL h FIELDS 2 a', MISMATCH],
  ['HPERSIST h FIELDZ 1 a', KEYWORD],
  ['HGETDEL h FIELDS 2 a', MISMATCH],
  ['HGETEX h EX -1 FIELDS 1 a', NEGATIVE],
  ['HGETEX h PERSIST FIELDS 0 a', POSITIVE],
  ['HSETEX h FIELDS 1 a', ARITY],
  ['HSETEX h FIELDS 2 a b c', ARITY],
  ['HSETEX h FNX FXX FIELDS 1 a b', '-ERR Only one of FXX or FNX arguments can be specified'],
  ['HSETEX h WHAT FIELDS 1 a b', '-ERR unknown argument: WHAT'],
  [
    'HSETEX h EX 1 KEEPTTL FIELDS 1 a b',
    '-ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified',
  ],
];

test('what is wrong with a command about deadlines is said in the words of Redis', async () => {
  const kit = await createCommandKit();
  for (const [command, wanted] of REFUSED) expectReply(kit, command.split(' '), wanted);
  assert.deepEqual(kit.takeEffects(), []);
  kit.ask('SET', 'text', 'x');
  const wrongType = '-WRONGTYPE Operation against a key holding the wrong kind of value';
  expectReply(kit, ['HEXPIRE', 'text', 1, 'FIELDS', 1, 'a'], wrongType);
  expectReply(kit, ['HTTL', 'text', 'FIELDS', 1, 'a'], wrongType);
  await kit.node.stop();
});

test('fields that are due leave in bounded steps, and each step is recorded', async () => {
  const kit = await createCommandKit();
  const [store] = kit.node.services.stores;
  store.activeExpiryEnabled = false;
  const fields = Array.from({ length: 1000 }, (_, i) => `field:${i}`);
  kit.ask('HSET', 'h', ...fields.flatMap((field) => [field, 'v']), 'stays', 'v');
  kit.ask('HPEXPIRE', 'h', 100, 'FIELDS', fields.length, ...fields);
  kit.advance(100);
  assert.equal(kit.ask('HLEN', 'h'), 1, 'who asks does not see them any more');
  assert.deepEqual(kit.ask('HGETALL', 'h'), ['stays', 'v']);
  kit.takeEffects();
  store.activeExpiryEnabled = true;
  while (store.runSlice(10)) {
    // Until nothing is due.
  }
  const effects = kit.effects.splice(0);
  assert.ok(effects.every(({ event }) => event === 'hexpired'));
  const lengths = effects.map(({ args }) => args.length - 2);
  assert.deepEqual(
    lengths,
    Array.from({ length: 20 }, () => 50),
  );
  assert.deepEqual(kit.ask('HGETALL', 'h'), ['stays', 'v']);
  assert.match(String(kit.ask('INFO', 'stats')), /expired_subkeys:1000\r/);
  await kit.node.stop();
});

test('a hash whose last field expired is no more', async () => {
  const kit = await createCommandKit();
  kit.ask('HSETEX', 'h', 'PX', 50, 'FIELDS', 2, 'a', 1, 'b', 2);
  kit.advance(1000);
  assert.equal(kit.ask('EXISTS', 'h'), 0);
  assert.deepEqual(kit.takeEffects().at(-1), 'HDEL h a b');
  await kit.node.stop();
});

test('a field that expired is recorded before the change that finds it', async () => {
  const kit = await createCommandKit();
  kit.node.services.stores.default.activeExpiryEnabled = false;
  kit.ask('HSET', 'h', 'n', 5);
  kit.ask('PEXPIRE', 'h', 1e9);
  kit.ask('HPEXPIRE', 'h', 10, 'FIELDS', 1, 'n');
  kit.advance(20);
  kit.takeEffects();
  assert.equal(kit.ask('HINCRBY', 'h', 'n', 1), 1);
  assert.deepEqual(kit.takeEffects(), ['HDEL h n', 'HINCRBY h n 1']);
  assert.equal(kit.ask('PTTL', 'h'), -1, 'it is another hash');
  await kit.node.stop();
});
