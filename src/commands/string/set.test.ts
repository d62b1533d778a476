import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CommandKit, createCommandKit } from '../../testing/command-kit.ts';
import { describeReply } from '../../testing/reply-decoder.ts';

type Line = [command: string, reply: string];

/** Runs each command, words split at spaces, and compares its reply. */
function expectReplies(kit: CommandKit, lines: readonly Line[]): void {
  for (const [command, reply] of lines) {
    assert.equal(describeReply(kit.run(...command.split(' '))), reply, command);
  }
}

const SYNTAX = '-ERR syntax error';
const NOT_INTEGER = '-ERR value is not an integer or out of range';

test('SET refuses what contradicts itself, as Redis orders it', async () => {
  const kit = await createCommandKit();
  expectReplies(kit, [
    ['SET k v NX XX', SYNTAX],
    ['SET k v EX', SYNTAX],
    ['SET k v EX 10 PX 10', SYNTAX],
    ['SET k v EX 10 KEEPTTL', SYNTAX],
    ['SET k v KEEPTTL PXAT 1', SYNTAX],
    ['SET k v PERSIST', SYNTAX],
    ['SET k v FOO', SYNTAX],
    ['SET k v EX ten', NOT_INTEGER],
    ['SET k v EX 9223372036854775808', NOT_INTEGER],
    ['SET k v EX 0', "-ERR invalid expire time in 'set' command"],
    ['SET k v PX -1', "-ERR invalid expire time in 'set' command"],
    ['SET k v EX 9223372036854775', "-ERR invalid expire time in 'set' command"],
    ['SET k v PX 9223372036854775807', "-ERR invalid expire time in 'set' command"],
    ['SETEX k 0 v', "-ERR invalid expire time in 'setex' command"],
    ['PSETEX k 9223372036854775807 v', "-ERR invalid expire time in 'psetex' command"],
    ['GET k', 'null($)'],
  ]);
  assert.deepEqual(kit.takeEffects(), []);
});

test('SET takes its options in any order and any case', async () => {
  const kit = await createCommandKit();
  expectReplies(kit, [
    ['set k 1 get px 100000 nx', 'null($)'],
    ['SET k 2 NX', 'null($)'],
    ['SET k 2 nX gEt', '"1"'],
    ['SET k 3 XX GET', '"1"'],
    ['PTTL k', ':-1'],
    ['SET k 4 EX 5 EX 10', '+OK'],
    ['TTL k', ':10'],
    ['SET k 5 KEEPTTL', '+OK'],
    ['TTL k', ':10'],
    ['SET other v XX', 'null($)'],
    ['EXISTS other', ':0'],
  ]);
});

test('a deadline is recorded as an absolute one, once', async () => {
  const kit = await createCommandKit();
  const nowMs = kit.node.services.clock.nowMs;
  expectReplies(kit, [
    ['SET a v EX 10', '+OK'],
    ['SETEX b 10 v', '+OK'],
    ['PSETEX c 10 v', '+OK'],
    ['SET d v PXAT 9223372036854775807', '+OK'],
    ['PEXPIRETIME d', ':9223372036854775807'],
    ['SET a w KEEPTTL', '+OK'],
    ['SET a w', '+OK'],
  ]);
  assert.deepEqual(kit.takeEffects(), [
    `SET a v PXAT ${nowMs + 10_000}`,
    `SET b v PXAT ${nowMs + 10_000}`,
    `SET c v PXAT ${nowMs + 10}`,
    'SET d v PXAT 9223372036854775807',
    'SET a w KEEPTTL',
    'SET a w',
  ]);
});

test('SET with a deadline that has passed leaves nothing to read', async () => {
  const kit = await createCommandKit();
  expectReplies(kit, [
    ['SET k v', '+OK'],
    ['SET k w PXAT 1 GET', '"v"'],
    ['GET k', 'null($)'],
    ['SET never-read v EXAT 1', '+OK'],
  ]);
  kit.advance(1_000);
  assert.equal(describeReply(kit.run('DBSIZE')), ':0');
});

test('GETEX sets, clears and keeps the deadline, and deletes for one that has passed', async () => {
  const kit = await createCommandKit();
  const nowMs = kit.node.services.clock.nowMs;
  expectReplies(kit, [
    ['GETEX k EX ten', 'null($)'],
    ['GETEX k NX', SYNTAX],
    ['GETEX k PERSIST EX 1', SYNTAX],
    ['SET k v', '+OK'],
    ['GETEX k EX 0', "-ERR invalid expire time in 'getex' command"],
    ['GETEX k PX 500', '"v"'],
    ['GETEX k', '"v"'],
    ['PTTL k', ':500'],
    ['GETEX k PERSIST', '"v"'],
    ['GETEX k PERSIST', '"v"'],
    ['PTTL k', ':-1'],
    ['GETEX k EXAT 1', '"v"'],
    ['EXISTS k', ':0'],
  ]);
  const effects = ['SET k v', `PEXPIREAT k ${nowMs + 500}`, 'PERSIST k', 'DEL k'];
  assert.deepEqual(kit.takeEffects(), effects);
});

test('GETDEL, GETSET and SETNX answer what they found', async () => {
  const kit = await createCommandKit();
  expectReplies(kit, [
    ['GETSET k 1', 'null($)'],
    ['EXPIRE k 100', ':1'],
    ['GETSET k 2', '"1"'],
    ['TTL k', ':-1'],
    ['SETNX k 3', ':0'],
    ['GETDEL k', '"2"'],
    ['GETDEL k', 'null($)'],
    ['SETNX k 3', ':1'],
  ]);
});

test('MSETNX sets all or none; a key twice keeps its last value', async () => {
  const kit = await createCommandKit();
  expectReplies(kit, [
    ['MSET a 1 b', "-ERR wrong number of arguments for 'mset' command"],
    ['MSETNX a 1 b', "-ERR wrong number of arguments for 'msetnx' command"],
    ['MSETNX a 1 a 2', ':1'],
    ['MSETNX b 1 a 3', ':0'],
    ['MGET a b', '["2" null($)]'],
    ['MSET b 4 c 5', '+OK'],
    ['MGET a b c', '["2" "4" "5"]'],
  ]);
  assert.deepEqual(kit.takeEffects(), ['SET a 1', 'SET a 2', 'SET b 4', 'SET c 5']);
});
