import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CommandKit, createCommandKit } from '../../testing/command-kit.ts';
import { describeReply } from '../../testing/reply-decoder.ts';

function expectReplies(kit: CommandKit, lines: readonly [string, string][]): void {
  for (const [command, reply] of lines) {
    assert.equal(describeReply(kit.run(...command.split(' '))), reply, command);
  }
}

const NOT_INTEGER = '-ERR value is not an integer or out of range';
const OVERFLOW = '-ERR increment or decrement would overflow';

test('counters are exact over all of int64', async () => {
  const kit = await createCommandKit();
  expectReplies(kit, [
    ['INCR n', ':1'],
    ['DECR n', ':0'],
    ['INCRBY n 9007199254740991', ':9007199254740991'],
    ['INCR n', ':9007199254740992'],
    ['INCR n', ':9007199254740993'],
    ['DECRBY n 9007199254740993', ':0'],
    ['INCRBY n 9223372036854775807', ':9223372036854775807'],
    ['INCR n', OVERFLOW],
    ['INCRBY n -9223372036854775808', ':-1'],
    ['DECRBY n 9223372036854775807', ':-9223372036854775808'],
    ['DECR n', OVERFLOW],
    ['GET n', '"-9223372036854775808"'],
    ['DECRBY n -9223372036854775808', '-ERR decrement would overflow'],
    ['OBJECT ENCODING n', '"int"'],
  ]);
});

test('only the canonical form of an int64 counts', async () => {
  const kit = await createCommandKit();
  for (const text of ['', ' 1', '1 ', '+1', '01', '-0', '1.0', '9223372036854775808', 'x']) {
    kit.run('SET', 'n', text);
    assert.equal(describeReply(kit.run('INCR', 'n')), NOT_INTEGER, JSON.stringify(text));
    assert.equal(describeReply(kit.run('INCRBY', 'fresh', text)), NOT_INTEGER);
    assert.equal(describeReply(kit.run('DECRBY', 'fresh', text)), NOT_INTEGER);
  }
  expectReplies(kit, [
    ['EXISTS fresh', ':0'],
    ['DEL raw', ':0'],
    ['SETRANGE raw 0 41', ':2'],
    ['INCR raw', ':42'],
  ]);
});

test('a counter keeps its deadline, and each change is one effect', async () => {
  const kit = await createCommandKit();
  expectReplies(kit, [
    ['SET n 1 PXAT 99999999999999', '+OK'],
    ['INCRBY n 5', ':6'],
    ['INCRBYFLOAT n 0.5', '"6.5"'],
    ['PEXPIRETIME n', ':99999999999999'],
  ]);
  const [, ...effects] = kit.effects;
  assert.deepEqual(
    effects.map((effect) => [effect.event, effect.args.join(' ')]),
    [
      ['incrby', 'SET n 6 KEEPTTL'],
      ['incrbyfloat', 'SET n 6.5 KEEPTTL'],
    ],
  );
});

test('INCRBYFLOAT refuses what is no number and leaves the key as it was', async () => {
  const kit = await createCommandKit();
  expectReplies(kit, [
    ['INCRBYFLOAT f abc', '-ERR value is not a valid float'],
    ['EXISTS f', ':0'],
    ['INCRBYFLOAT f 3', '"3"'],
    ['OBJECT ENCODING f', '"embstr"'],
    ['INCRBYFLOAT f inf', '-ERR increment would produce NaN or Infinity'],
    ['INCRBYFLOAT f nan', '-ERR value is not a valid float'],
    ['INCRBYFLOAT f 5.0e3', '"5003"'],
    ['INCRBYFLOAT f 0.1', '"5003.10000000000000009"'],
    ['SET f abc', '+OK'],
    ['INCRBYFLOAT f 1', '-ERR value is not a valid float'],
  ]);
});
