import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatDuration, formatSize, parseDuration, parseSize } from './sizes.ts';

const MIB = 1024 * 1024;

test('sizes are read in any case, with Redis meaning of the units', () => {
  const rows: [string, number][] = [
    ['0', 0],
    ['100', 100],
    ['100b', 100],
    ['1k', 1000],
    ['1kb', 1024],
    ['1KiB', 1024],
    ['1m', 1_000_000],
    ['1mb', MIB],
    ['512MiB', 512 * MIB],
    ['1g', 1_000_000_000],
    ['1GB', 1024 * MIB],
    ['1.5GB', 1536 * MIB],
    ['2 mb', 2 * MIB],
    ['1tb', 1024 * 1024 * MIB],
    ['9007199254740991', Number.MAX_SAFE_INTEGER],
  ];
  for (const [text, bytes] of rows) assert.equal(parseSize(text), bytes, text);
});

test('what is no size is refused', () => {
  for (const text of [
    '',
    ' ',
    'mb',
    '-1',
    '+1',
    '1.5',
    '1.',
    '.5mb',
    '1mbb',
    '1 m b',
    '1e3',
    '0x10',
    '1,5mb',
    '1%',
    '9007199254740992',
    '99999999tb',
    'constructor',
    '1__proto__',
    'NaN',
    'Infinity',
    '1ḱb',
  ]) {
    assert.equal(parseSize(text), null, text);
  }
});

test('durations are read as one number or as parts that add up', () => {
  const rows: [string, number][] = [
    ['0', 0],
    ['0s', 0],
    ['500ms', 500],
    ['30s', 30_000],
    ['5m', 300_000],
    ['1h30m', 5_400_000],
    ['1h30m15s', 5_415_000],
    ['1.5h', 5_400_000],
    ['2d', 172_800_000],
    ['1w', 604_800_000],
    ['250us', 0.25],
    ['1H', 3_600_000],
  ];
  for (const [text, ms] of rows) assert.equal(parseDuration(text), ms, text);
  assert.equal(parseDuration('30', 1000), 30_000);
});

test('what is no duration is refused', () => {
  for (const text of [
    '',
    ' ',
    's',
    '-1s',
    '+1s',
    '10',
    '1 h',
    '1x',
    '1hh',
    'h1',
    '1h30',
    '1e3s',
    '999999999999w',
    '1.s',
    'never',
    '1constructor',
  ]) {
    assert.equal(parseDuration(text), null, text);
  }
});

test('what is formatted is read back as the same', () => {
  for (const bytes of [0, 1, 1000, 1024, 1536, 64 * MIB, 1024 * MIB, 1025]) {
    assert.equal(parseSize(formatSize(bytes)), bytes);
  }
  for (const ms of [0, 1, 999, 1000, 61_000, 3_600_000, 172_800_000, 0.25]) {
    assert.equal(parseDuration(formatDuration(ms)), ms);
  }
});
