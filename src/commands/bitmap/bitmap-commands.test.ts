import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CommandKit, createCommandKit } from '../../testing/command-kit.ts';
import { describeReply } from '../../testing/reply-decoder.ts';

function expectReplies(kit: CommandKit, lines: readonly [string, string][]): void {
  for (const [command, reply] of lines) {
    assert.equal(describeReply(kit.run(...command.split(' '))), reply, command);
  }
}

const BIT_OFFSET = '-ERR bit offset is not an integer or out of range';
const BIT_VALUE = '-ERR bit is not an integer or out of range';
const NOT_INTEGER = '-ERR value is not an integer or out of range';
const SYNTAX = '-ERR syntax error';

test('SETBIT grows the string and records only what changed', async () => {
  const kit = await createCommandKit();
  expectReplies(kit, [
    ['SETBIT k 4294967296 1', BIT_OFFSET],
    ['SETBIT k #1 1', BIT_OFFSET],
    ['SETBIT k -1 1', BIT_OFFSET],
    ['SETBIT k 0 2', BIT_VALUE],
    ['EXISTS k', ':0'],
    ['SETBIT k 9 0', ':0'],
    ['STRLEN k', ':2'],
    ['SETBIT k 9 0', ':0'],
    ['SETBIT k 9 1', ':0'],
    ['SETBIT k 9 1', ':1'],
    ['GETBIT k 9', ':1'],
    ['GETBIT k 4294967295', ':0'],
    ['GETBIT k 4294967296', BIT_OFFSET],
    ['GET k', '"\\u0000@"'],
  ]);
  assert.deepEqual(kit.takeEffects(), ['SETBIT k 9 0', 'SETBIT k 9 1']);
});

test('BITCOUNT counts a range of bytes or bits', async () => {
  const kit = await createCommandKit();
  expectReplies(kit, [
    ['SET k foobar', '+OK'],
    ['BITCOUNT k', ':26'],
    ['BITCOUNT k 0 0', ':4'],
    ['BITCOUNT k 1 1 BYTE', ':6'],
    ['BITCOUNT k 5 30 BIT', ':17'],
    ['BITCOUNT k -1 -2', ':0'],
    ['BITCOUNT k -1 -2 FOO', ':0'],
    ['BITCOUNT k -2 -1 FOO', SYNTAX],
    ['BITCOUNT k 0', SYNTAX],
    ['BITCOUNT k 0 x', NOT_INTEGER],
    ['BITCOUNT none 0 x', ':0'],
  ]);
});

test('BITPOS finds the first bit, past the end when no end is given', async () => {
  const kit = await createCommandKit();
  kit.run('SET', 'k', Buffer.from([0xff, 0xf0, 0x00]));
  kit.run('SET', 'ones', Buffer.from([0xff, 0xff]));
  expectReplies(kit, [
    ['BITPOS k 0', ':12'],
    ['BITPOS k 1 2', ':-1'],
    ['BITPOS k 1 -100 -2', ':0'],
    ['BITPOS k 0 2 -1 BIT', ':12'],
    ['BITPOS k 1 7 15 BIT', ':7'],
    ['BITPOS ones 0', ':16'],
    ['BITPOS ones 0 0 -1', ':-1'],
    ['BITPOS ones 0 2', ':-1'],
    ['BITPOS none 1', ':-1'],
    ['BITPOS none 0 x', ':0'],
    ['BITPOS k 2', '-ERR The bit argument must be 1 or 0.'],
    ['BITPOS k 1 0 x FOO', SYNTAX],
  ]);
});

test('BITOP stores the result as bytes, and an empty one not at all', async () => {
  const kit = await createCommandKit();
  kit.run('MSET', 'a', 'abcdefg', 'b', 'ABC', 'n', '12');
  kit.takeEffects();
  expectReplies(kit, [
    ['BITOP AND d a b', ':7'],
    ['GET d', '"ABC\\u0000\\u0000\\u0000\\u0000"'],
    ['BITOP or d a b', ':7'],
    ['GET d', '"abcdefg"'],
    ['BITOP XOR d a b', ':7'],
    ['GET d', '"   defg"'],
    ['BITOP NOT d b', ':3'],
    ['BITOP AND d b none', ':3'],
    ['GET d', '"\\u0000\\u0000\\u0000"'],
    ['BITOP XOR d none n', ':2'],
    ['OBJECT ENCODING d', '"raw"'],
    ['BITOP OR d none', ':0'],
    ['EXISTS d', ':0'],
    ['BITOP NOT d a b', '-ERR BITOP NOT must be called with a single source key.'],
    ['BITOP NAND d a', SYNTAX],
  ]);
  const effects = kit.takeEffects();
  assert.deepEqual(effects.slice(-2), ['SET d 12', 'DEL d']);
});

test('BITFIELD reads, stores and counts in fields of any width', async () => {
  const kit = await createCommandKit();
  expectReplies(kit, [
    ['BITFIELD k SET i8 #0 100 INCRBY i8 #0 100', '[:0 :-56]'],
    ['BITFIELD k OVERFLOW SAT INCRBY i8 #0 -100', '[:-128]'],
    ['BITFIELD k OVERFLOW FAIL INCRBY i8 #0 -1 GET u8 0', '[null($) :128]'],
    ['BITFIELD k SET i64 #1 9223372036854775807', '[:0]'],
    ['BITFIELD k INCRBY i64 #1 1', '[:-9223372036854775808]'],
    ['BITFIELD k SET u63 65 -1 GET u63 65', '[:0 :9223372036854775807]'],
    ['BITFIELD k OVERFLOW SAT SET i8 0 -9223372036854775808 GET i8 0', '[:-128 :127]'],
    ['BITFIELD k OVERFLOW SAT SET u8 0 -1 GET u8 0', '[:127 :255]'],
    ['BITFIELD k', '[]'],
    ['BITFIELD_RO k GET u4 0 GET u4 4294967291', '[:15 :0]'],
  ]);
});

test('BITFIELD checks every step before it runs any', async () => {
  const kit = await createCommandKit();
  const type =
    '-ERR Invalid bitfield type. Use something like i16 u8. ' +
    'Note that u64 is not supported but i64 is.';
  expectReplies(kit, [
    ['BITFIELD k SET u8 0 1 GET u64 0', type],
    ['BITFIELD k SET u8 0 1 GET i65 0', type],
    ['BITFIELD k SET u8 0 1 OVERFLOW FOO', '-ERR Invalid OVERFLOW type specified'],
    ['BITFIELD k SET u8 0 1 GET u8', SYNTAX],
    ['BITFIELD k SET u8 0 1 GET u8 -1', BIT_OFFSET],
    ['BITFIELD k SET u8 0 x', NOT_INTEGER],
    ['BITFIELD_RO k SET u8 0 1', '-ERR BITFIELD_RO only supports the GET subcommand'],
    ['EXISTS k', ':0'],
  ]);
  assert.deepEqual(kit.takeEffects(), []);
});

test('BITFIELD records itself when a bit or the length changed', async () => {
  const kit = await createCommandKit();
  expectReplies(kit, [
    ['BITFIELD k OVERFLOW FAIL SET u8 0 256', '[null($)]'],
    ['STRLEN k', ':1'],
    ['BITFIELD k SET u8 0 0', '[:0]'],
    ['BITFIELD k SET u8 0 7', '[:0]'],
  ]);
  assert.deepEqual(
    kit.effects.map((effect) => [effect.event, effect.args.join(' ')]),
    [
      ['', 'BITFIELD k OVERFLOW FAIL SET u8 0 256'],
      ['setbit', 'BITFIELD k SET u8 0 7'],
    ],
  );
});
