import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseInteger, parseInteger64 } from './integer-argument.ts';

const number = (text: string): number => parseInteger(Buffer.from(text), 0, text.length);
const big = (text: string): bigint | null => parseInteger64(Buffer.from(text), 0, text.length);

test('parseInteger takes the canonical form of safe integers only', () => {
  assert.equal(number('0'), 0);
  assert.equal(number('-17'), -17);
  assert.equal(number('9007199254740991'), Number.MAX_SAFE_INTEGER);
  assert.equal(number('-9007199254740991'), Number.MIN_SAFE_INTEGER);
  const refused = ['', '-', '+1', '01', '-0', '-01', ' 1', '1 ', '1.0', '1e3', '9007199254740992'];
  for (const text of refused) assert.ok(Number.isNaN(number(text)), text);
});

test('parseInteger64 takes the whole range and nothing beyond', () => {
  assert.equal(big('9223372036854775807'), 9223372036854775807n);
  assert.equal(big('-9223372036854775808'), -9223372036854775808n);
  const refused = [
    '9223372036854775808',
    '-9223372036854775809',
    '00',
    '-0',
    '',
    '-',
    '0x1',
    '1_0',
  ];
  for (const text of refused) assert.equal(big(text), null, text);
});
