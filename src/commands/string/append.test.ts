import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CommandKit, createCommandKit } from '../../testing/command-kit.ts';
import { describeReply } from '../../testing/reply-decoder.ts';

function expectReplies(kit: CommandKit, lines: readonly [string, string][]): void {
  for (const [command, reply] of lines) {
    assert.equal(describeReply(kit.run(...command.split(' '))), reply, command);
  }
}

const TOO_LONG = '-ERR string exceeds maximum allowed size (proto-max-bulk-len)';

test('APPEND makes the key, then grows it and keeps its deadline', async () => {
  const kit = await createCommandKit();
  expectReplies(kit, [
    ['APPEND k 12', ':2'],
    ['OBJECT ENCODING k', '"int"'],
    ['PEXPIREAT k 99999999999999', ':1'],
    ['APPEND k 34', ':4'],
    ['GET k', '"1234"'],
    ['OBJECT ENCODING k', '"raw"'],
    ['PEXPIRETIME k', ':99999999999999'],
  ]);
  assert.deepEqual(kit.takeEffects(), ['SET k 12', 'PEXPIREAT k 99999999999999', 'APPEND k 34']);
});

test('an integer that took the place of a grown string is appended to as digits', async () => {
  const kit = await createCommandKit();
  expectReplies(kit, [
    ['APPEND k abcdef', ':6'],
    ['APPEND k abcdef', ':12'],
    ['SET k 1234567', '+OK'],
    ['APPEND k 8', ':8'],
    ['GET k', '"12345678"'],
    ['SET k 55', '+OK'],
    ['SETRANGE k 1 6', ':2'],
    ['GET k', '"56"'],
  ]);
});

test('a long value grown a byte at a time stays what it is', async () => {
  const kit = await createCommandKit();
  let expected = '';
  for (let i = 0; i < 3_000; i++) {
    const piece = String.fromCharCode(97 + (i % 26));
    expected += piece;
    assert.equal(describeReply(kit.run('APPEND', 'k', piece)), `:${i + 1}`);
  }
  assert.equal(kit.ask('GET', 'k'), expected);
});

test('SETRANGE fills the gap with zeros; an empty value changes nothing', async () => {
  const kit = await createCommandKit();
  const none: [string, string][] = [
    ['SETRANGE k 5 ', ':0'],
    ['EXISTS k', ':0'],
    ['SETRANGE k -1 x', '-ERR offset is out of range'],
    ['SETRANGE k x x', '-ERR value is not an integer or out of range'],
    ['SETRANGE k 536870912 x', TOO_LONG],
    ['SETRANGE k 9223372036854775807 x', TOO_LONG],
  ];
  expectReplies(kit, none);
  assert.deepEqual(kit.takeEffects(), []);
  expectReplies(kit, [
    ['SETRANGE k 2 ab', ':4'],
    ['GET k', '"\\u0000\\u0000ab"'],
    ['SETRANGE k 0 c', ':4'],
    ['SETRANGE k 9 ', ':4'],
    ['GET k', '"c\\u0000ab"'],
  ]);
  assert.deepEqual(kit.takeEffects(), ['SETRANGE k 2 ab', 'SETRANGE k 0 c']);
});

test('APPEND stops at proto-max-bulk-len', async () => {
  const kit = await createCommandKit();
  kit.node.services.configuration.network.bulkBytesMax = 10;
  expectReplies(kit, [
    ['SET k 123456789', '+OK'],
    ['APPEND k ab', TOO_LONG],
    ['APPEND k a', ':10'],
    ['SETRANGE k 8 abc', TOO_LONG],
    ['STRLEN k', ':10'],
  ]);
});

test('GETRANGE clamps to the string, from either end', async () => {
  const kit = await createCommandKit();
  expectReplies(kit, [
    ['SET k 0123456789', '+OK'],
    ['GETRANGE k 0 0', '"0"'],
    ['GETRANGE k -3 -1', '"789"'],
    ['GETRANGE k 3 1', '""'],
    ['GETRANGE k -100 100', '"0123456789"'],
    ['SUBSTR k 8 9223372036854775807', '"89"'],
    ['GETRANGE k -9223372036854775808 -9223372036854775807', '"0"'],
    ['GETRANGE k -9223372036854775807 -9223372036854775808', '""'],
    ['GETRANGE k 0 9223372036854775808', '-ERR value is not an integer or out of range'],
    ['GETRANGE none 0 -1', '""'],
  ]);
});
