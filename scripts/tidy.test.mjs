import assert from 'node:assert/strict';
import test from 'node:test';
import * as rooms from '../rooms.mjs';
import { findBlindSpots } from './tidy/plants.mjs';
import { checkAll } from './tidy/rules.mjs';
import { findFunctions, findImports, scan } from './tidy/scan-source.mjs';

test('every planted breach is seen and no innocent is reported', () => {
  assert.deepEqual(findBlindSpots(), []);
});

test('a checker that lost its ceilings is found blind by the same plants', () => {
  const lax = { ...rooms, CEILINGS: { ...rooms.CEILINGS, columns: Number.POSITIVE_INFINITY } };
  const files = new Map([['src/base/a.ts', `x('${'y'.repeat(200)}');\n`]]);
  assert.deepEqual(checkAll(files, lax), []);
  assert.deepEqual(
    checkAll(files, rooms).map((breach) => breach.rule),
    ['columns'],
  );
});

test('scan blanks comments, texts and patterns and keeps offsets and lines', () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source text
  const text = "a('x//y'); // z\n/* b\n */ c(/[/'\"]/g, `t ${d('e')} \\` f`);\n";
  const { code, uncommented } = scan(text);
  assert.equal(code.length, text.length);
  assert.equal(code.split('\n').length, text.split('\n').length);
  for (const word of ['a(', 'c(', 'd(']) assert.ok(code.includes(word), word);
  for (const letter of ['x', 'y', 'z', 'b', 't', 'e', 'f']) {
    assert.ok(!code.includes(letter), `${letter} is text`);
  }
  assert.ok(uncommented.includes("'x//y'"));
  assert.ok(!uncommented.includes('z'));
});

test('findFunctions finds bodies and leaves blocks and types alone', () => {
  const { code } = scan(
    [
      'function a(o: { x: number } = { x: 1 }): Promise<void> {',
      '  if (b) {',
      '  }',
      '}',
      'class C {',
      '  get d(): number {',
      '    return 1;',
      '  }',
      '}',
      'interface D { e(): void }',
      'const f = async <T>(g: T) => {',
      '};',
    ].join('\n'),
  );
  const found = findFunctions(code).map((entry) => [entry.line, entry.lastLine]);
  assert.deepEqual(
    found.sort((a, b) => a[0] - b[0]),
    [
      [1, 4],
      [6, 8],
      [11, 12],
    ],
  );
});

test('findImports tells types, lazy imports and re-exports apart', () => {
  const found = findImports(
    [
      "import a, { type B } from './a.ts';",
      "import type { C } from './c.ts';",
      "import { type D, type E } from './d.ts';",
      "export * from './e.ts';",
      "const f = await import('./f.ts');",
      "import './g.ts';",
    ].join('\n'),
  );
  assert.deepEqual(
    found.map((entry) => [entry.target, entry.isType, entry.isAll, entry.isLazy]),
    [
      ['./a.ts', false, false, false],
      ['./c.ts', true, false, false],
      ['./d.ts', true, false, false],
      ['./e.ts', false, true, false],
      ['./f.ts', false, false, true],
      ['./g.ts', false, false, false],
    ],
  );
});
