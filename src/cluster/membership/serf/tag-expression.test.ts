import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seeded } from '../../../testing/seeded.ts';
import { matchesExpression } from './tag-expression.ts';

test('expressions match as everywhere', () => {
  const cases: [string, string, boolean][] = [
    ['', 'anything', true],
    ['web', 'a web server', true],
    ['^web$', 'a web server', false],
    ['^web$', 'web', true],
    ['w.b', 'wéb', true],
    ['^(web|db)-[0-9]+$', 'db-17', true],
    ['^(web|db)-[0-9]+$', 'db-', false],
    ['^(?:a|b)*c$', 'ababc', true],
    ['colou?r', 'color', true],
    ['^[^a-c]+$', 'xyz', true],
    ['^[^a-c]+$', 'xyza', false],
    ['^\\d\\D\\w\\W\\s\\S$', '1xa- z', true],
    ['^1\\.2$', '1.2', true],
    ['^1\\.2$', '1x2', false],
    ['^[]a-]+$', ']-a', true],
    ['^a.*z$', 'a to z', true],
    ['(a*)*b', 'aaac', false],
    ['^.*?x$', 'aax', true],
  ];
  for (const [expression, value, expected] of cases) {
    assert.equal(matchesExpression(expression, value), expected, `${expression} on ${value}`);
  }
});

test('what is not understood matches nothing', () => {
  const unknown = [
    '(',
    ')',
    '[',
    'a)',
    '*',
    '+a',
    'a{2}',
    '\\b',
    '\\',
    '(?i)a',
    '[a',
    '(a|b',
    'a**',
  ];
  for (const expression of unknown)
    assert.equal(matchesExpression(expression, 'aa'), false, expression);
  assert.equal(matchesExpression('a'.repeat(600), 'a'.repeat(600)), false);
  assert.equal(matchesExpression('('.repeat(100), 'a'), false);
});

test('what takes others for ever takes no time', () => {
  const value = 'a'.repeat(500);
  assert.equal(matchesExpression('^(a*)*(a*)*(a*)*b$', value), false);
  assert.equal(matchesExpression(`^${'a?'.repeat(100)}${'a'.repeat(100)}$`, value), false);
});

test('random expressions agree with those of the language', () => {
  seeded((random) => {
    const parts = [
      'a',
      'b',
      '.',
      'a*',
      'b+',
      'a?',
      '(a|b)',
      '(ab)*',
      '[ab]',
      '[^a]',
      '^',
      '$',
      '|',
    ];
    for (let i = 0; i < 3_000; i++) {
      let expression = '';
      for (let k = random.below(6); k >= 0; k--) expression += parts[random.below(parts.length)];
      if (/[\^$|][*+?]/.test(expression)) continue;
      const value = Array.from({ length: random.below(6) }, () => 'abc'[random.below(3)]).join('');
      const expected = new RegExp(expression).test(value);
      assert.equal(matchesExpression(expression, value), expected, `${expression} on ${value}`);
    }
  });
});
