import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isCorrelationId } from './correlation-id.ts';

test('a correlation id is printable ASCII without blanks, of at most 128 characters', () => {
  for (const good of ['a', '!', '~', 'req-1', '0b7e2c54-9d3f-4a91-8f52-6a2b1d0c9e7a']) {
    assert.ok(isCorrelationId(good), good);
  }
  for (const bad of ['', 'a b', ' a', 'a\n', 'a\r\nX: y', 'a\0', '\u00e9', 'a\x7f']) {
    assert.ok(!isCorrelationId(bad), JSON.stringify(bad));
  }
  assert.ok(isCorrelationId('x'.repeat(128)));
  assert.ok(!isCorrelationId('x'.repeat(129)));
});
