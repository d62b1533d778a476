import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCommandKit } from '../../testing/command-kit.ts';
import { describeReply } from '../../testing/reply-decoder.ts';

test('LCS answers text, length or ranges', async () => {
  const kit = await createCommandKit();
  kit.run('MSET', 'a', 'ohmytext', 'b', 'mynewtext');
  const rows: [string, string][] = [
    ['LCS a b', '"mytext"'],
    ['LCS a b LEN', ':6'],
    ['LCS a b IDX', '["matches" [[[4 7] [5 8]] [[2 3] [0 1]]] "len" 6]'],
    ['LCS a b IDX MINMATCHLEN 4', '["matches" [[[4 7] [5 8]]] "len" 6]'],
    [
      'LCS a b IDX MINMATCHLEN -4 WITHMATCHLEN',
      '["matches" [[[4 7] [5 8] 4] [[2 3] [0 1] 2]] "len" 6]',
    ],
    ['LCS a none', '""'],
    ['LCS a none IDX', '["matches" [] "len" 0]'],
    ['LCS a b LEN IDX', '-ERR If you want both the length and indexes, please just use IDX.'],
    ['LCS a b MINMATCHLEN', '-ERR syntax error'],
    ['LCS a b MINMATCHLEN x', '-ERR value is not an integer or out of range'],
    ['LCS a b FOO', '-ERR syntax error'],
  ];
  for (const [command, reply] of rows) {
    const text = describeReply(kit.run(...command.split(' ')));
    assert.equal(text.startsWith('[') ? text.replaceAll(':', '') : text, reply, command);
  }
});

test('LCS refuses what would not fit the table of redis-server', async () => {
  const kit = await createCommandKit();
  kit.node.services.configuration.network.bulkBytesMax = 4 * 11 * 11;
  kit.run('MSET', 'a', '0123456789', 'b', '9876543210', 'c', '01234567890');
  assert.equal(describeReply(kit.run('LCS', 'a', 'b', 'LEN')), ':1');
  assert.equal(
    describeReply(kit.run('LCS', 'a', 'c', 'LEN')),
    '-ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len',
  );
});
