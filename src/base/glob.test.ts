import assert from 'node:assert/strict';
import { test } from 'node:test';
import { globMatches, globMatchesText } from './glob.ts';

test('globMatches follows Redis on every construct', () => {
  const cases: [string, string, boolean][] = [
    ['*', 'abc', true],
    ['a*c', 'abbbc', true],
    ['a*c', 'abbb', false],
    ['h?llo', 'hello', true],
    ['h?llo', 'hllo', false],
    ['h[ae]llo', 'hallo', true],
    ['h[ae]llo', 'hillo', false],
    ['h[^e]llo', 'hello', false],
    ['h[^e]llo', 'hbllo', true],
    ['h[a-b]llo', 'hbllo', true],
    ['h[b-a]llo', 'hallo', true],
    ['h[a-b]llo', 'hcllo', false],
    ['h\\*llo', 'h*llo', true],
    ['h\\*llo', 'hxllo', false],
    ['[abc', 'b', true],
    ['[abc', 'd', false],
    ['[^', 'x', true],
    ['[', 'x', false],
    ['[a\\]b]', ']', true],
    ['[a-]', 'a', true],
    ['[a-]x]', '^', true],
    ['a\\', 'a\\', true],
    ['a***', 'a', true],
    ['**', '', false],
    ['', '', true],
    ['', 'a', false],
    ['*a*b*c', 'xxaxxbxxc', true],
    ['*a*b*c', 'xxaxxbxxcx', false],
  ];
  for (const [pattern, text, expected] of cases) {
    assert.equal(globMatchesText(pattern, text), expected, `${pattern} on ${text}`);
  }
});

test('globMatches drops the case of ASCII letters when told to', () => {
  assert.equal(globMatchesText('MAX*', 'maxmemory', true), true);
  assert.equal(globMatchesText('MAX*', 'maxmemory'), false);
  assert.equal(globMatchesText('[A-C]x', 'bX', true), true);
  assert.equal(globMatchesText('[\\B]', 'b', true), false);
});

test('globMatches compares the bytes of a range as signed', () => {
  assert.equal(globMatchesText('[a-\xff]', '\xff'), true);
  assert.equal(globMatchesText('[a-\xff]', 'b'), false);
  assert.equal(globMatchesText('[a-\xff]', 'A'), true);
});

test('globMatches needs no more than pattern length times text length', () => {
  const pattern = Buffer.from(`${'*a'.repeat(1000)}b`);
  const text = Buffer.from('a'.repeat(4000));
  assert.equal(globMatches(pattern, 0, pattern.length, text, 0, text.length), false);
});

test('globMatches reads only the bytes it was given', () => {
  const bytes = Buffer.from('xx*bc]yyabcz');
  assert.equal(globMatches(bytes, 2, 3, bytes, 8, 3), true);
  assert.equal(globMatches(bytes, 2, 3, bytes, 8, 4), false);
});
