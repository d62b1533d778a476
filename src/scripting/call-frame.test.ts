import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallFrame } from './call-frame.ts';

/** Replies of redis-server 7.0 to `redis.call('echo', n)`. */
const NUMBERS: readonly (readonly [number, string])[] = [
  [0, '0'],
  [-0, '-0'],
  [-2_147_483_649, '-2147483649'],
  [1_700_000_000_123, '1700000000123'],
  [1_700_000_000_123 * 4096 + 7, '6963200000503815'],
  [2 ** 53 - 1, '9007199254740991'],
  [1 - 2 ** 53, '-9007199254740991'],
  [2 ** 53 + 2, '9007199254740994'],
  [1e17, '1e+17'],
  [0.1, '0.10000000000000001'],
  [-Infinity, '-inf'],
];

test('numbers are handed to commands as by %.17g', () => {
  const callFrame = new CallFrame();
  for (const [value, text] of NUMBERS) {
    assert.ok(callFrame.fill(['echo', value]));
    assert.equal(callFrame.frame.latin1(1), text);
  }
});
