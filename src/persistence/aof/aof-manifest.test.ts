import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type AofManifest,
  EMPTY_MANIFEST,
  encodeManifest,
  nextBase,
  parseManifest,
  withBase,
  withIncrement,
  withoutHistory,
} from './aof-manifest.ts';

const NAME = 'appendonly.aof';

function grown(): AofManifest {
  const first = withIncrement(withIncrement(EMPTY_MANIFEST, NAME), NAME);
  return withIncrement(withBase(first, nextBase(first, NAME, 'rdb'), 1), NAME);
}

test('files are named and counted as redis-server does', () => {
  const lines = encodeManifest(grown()).split('\n').slice(1);
  assert.deepEqual(lines, [
    'file appendonly.aof.1.base.rdb seq 1 type b',
    'file appendonly.aof.1.incr.aof seq 1 type h',
    'file appendonly.aof.2.incr.aof seq 2 type i',
    'file appendonly.aof.3.incr.aof seq 3 type i',
    '',
  ]);
  const next = withBase(grown(), nextBase(grown(), NAME, 'rdb'), 1);
  assert.equal(next.base?.name, 'appendonly.aof.2.base.rdb');
  const history = [
    'appendonly.aof.1.incr.aof',
    'appendonly.aof.1.base.rdb',
    'appendonly.aof.2.incr.aof',
  ];
  assert.deepEqual(
    next.history.map(({ name }) => name),
    history,
  );
  assert.deepEqual(withoutHistory(next).history, []);
});

test('a manifest is read as it was written, names with blanks and quotes included', () => {
  for (const name of [NAME, 'my log.aof', 'a"b.aof', 'tab\there.aof', "it's.aof", 'é.aof']) {
    const manifest = withIncrement(EMPTY_MANIFEST, Buffer.from(name).toString('latin1'));
    assert.deepEqual(parseManifest(encodeManifest(manifest)), manifest);
  }
  assert.deepEqual(parseManifest(encodeManifest(grown())), grown());
});

test('a manifest of redis-server, and one with comments and unknown words, is read', () => {
  const text =
    'file appendonly.aof.2.base.rdb seq 2 type b\n# a comment\n' +
    'file appendonly.aof.2.incr.aof seq 2 type i later word\n';
  const manifest = parseManifest(text);
  assert.ok(!('reason' in manifest));
  assert.equal(manifest.base?.sequence, 2);
  assert.deepEqual(
    manifest.increments.map(({ sequence }) => sequence),
    [2],
  );
});

test('what redis-server refuses is refused, with the line', () => {
  const increment = 'file a.1.incr.aof seq 1 type i\n';
  const rows: [string, number, RegExp][] = [
    ['', 1, /empty/],
    ['file a seq 1\n', 1, /no line/],
    ['file a seq 0 type i\n', 1, /no line/],
    ['file a seq x type i\n', 1, /no line/],
    [`${increment}\n`, 2, /no line/],
    [increment.trim(), 1, /no end/],
    [increment + increment, 2, /grow/],
    ['file a seq 1 type b\nfile b seq 2 type b\n', 2, /two bases/],
    ['file a seq 1 type z\n', 1, /type/],
    ['file ../a seq 1 type i\n', 1, /path/],
    ['file "a seq 1 type i\n', 1, /no line/],
    [`file ${'a'.repeat(1100)} seq 1 type i\n`, 1, /too long/],
  ];
  for (const [text, line, reason] of rows) {
    const result = parseManifest(text);
    assert.ok('reason' in result, text);
    assert.match(result.reason, reason);
    assert.equal(result.line, line, text);
  }
});

test('cut anywhere, a manifest of ours is refused', () => {
  const text = encodeManifest(grown());
  for (let length = 0; length < text.length; length++) {
    const result = parseManifest(text.slice(0, length));
    const isNothing =
      !('reason' in result) && result.base === null && result.increments.length === 0;
    assert.ok('reason' in result && !isNothing, `${length} of ${text.length} bytes`);
  }
});

test('with any bit turned, a manifest of ours is refused or says the same', () => {
  const manifest = grown();
  const bytes = Buffer.from(encodeManifest(manifest), 'latin1');
  for (let at = 0; at < bytes.length; at++) {
    for (let bit = 0; bit < 8; bit++) {
      bytes[at] ^= 1 << bit;
      const result = parseManifest(bytes.toString('latin1'));
      if (!('reason' in result)) assert.deepEqual(result, manifest, `byte ${at}, bit ${bit}`);
      bytes[at] ^= 1 << bit;
    }
  }
});
