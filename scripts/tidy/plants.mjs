/**
 * One planted breach of every rule, and the innocent look-alikes beside them. A checker that has
 * gone blind reports a clean house; so before each run it must see all of these.
 */
import * as rooms from '../../rooms.mjs';
import { checkAll } from './rules.mjs';

const LONG_BODY = '  work();\n'.repeat(rooms.CEILINGS.functionLines);
const METRICS = 'src/observability/metrics/metric-table.ts';
const METRIC_ROWS = "export const METRIC_ROWS = {\n  hits: counted('a'),\n";
const TABLE = 'src/commands/command-table.ts';
const ROW = "{\n  name: 'get',\n  summary: 'Reads',\n  since: '1',\n  complexity: 'O(1)',\n}";

/** rule -> sets of files, each of which holds a breach of that rule and of no other */
export const PLANTS = {
  'file-lines': [{ 'src/base/a.ts': 'x();\n'.repeat(rooms.CEILINGS.fileLines + 1) }],
  columns: [{ 'src/base/a.ts': `x('${'y'.repeat(rooms.CEILINGS.columns)}');\n` }],
  'function-lines': [
    { 'src/base/a.ts': `export function f(): void {\n${LONG_BODY}}\n` },
    { 'src/base/a.ts': `class A {\n  run(o: { a: number }): void {\n${LONG_BODY}  }\n}\n` },
    { 'src/base/a.ts': `const f = (a: string) => {\n${LONG_BODY}};\n` },
    { 'scripts/a.mjs': `const o = {\n  get(a, b) {\n${LONG_BODY}  },\n};\n` },
  ],
  'file-name': [{ 'src/base/badName.ts': 'x();\n' }, { 'bench/bad_name.ts': 'x();\n' }],
  'folder-files': [
    Object.fromEntries(
      Array.from({ length: rooms.CEILINGS.folderFiles + 1 }, (_, i) => [`src/base/a${i}.ts`, '']),
    ),
  ],
  'banned-word': [
    'console.log(1);',
    'const t = Date.now();',
    'const t = new Date();',
    'const t = performance.now();',
    'const r = Math.random();',
    'setTimeout(f, 1);',
    'setInterval(f, 1);',
    'setImmediate(f);',
    'process.exit(1);',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source text
    'const t = `${process.pid}`;',
    'const b = a as any;',
    'const b: any = a;',
    'eval(a);',
    'debugger;',
  ].map((line) => ({ 'src/engine/a.ts': `${line}\n` })),
  suppression: [{ 'tests/a.ts': '// @ts-ignore\nx();\n' }],
  unfinished: [{ 'bench/a.ts': '// TODO later\n' }, { 'scripts/a.mjs': '/* FIXME */\n' }],
  'machine-path': [{ 'tests/a.ts': "open('/home/someone/x');\n" }],
  'commented-code': [{ 'src/base/a.ts': '// const a = 1;\nx();\n' }],
  're-export': [
    { 'src/engine/index.ts': 'x();\n' },
    { 'src/base/a.ts': "export * from './b.ts';\n", 'src/base/b.ts': '' },
  ],
  'os-module': [
    { 'src/engine/a.ts': "import fs from 'node:fs';\n" },
    { 'src/server/a.ts': "import type { Socket } from 'node:net';\n" },
    { 'src/cli/a.ts': "const os = await import('node:os');\n" },
    { 'src/engine/a.test.ts': "import fs from 'node:fs';\n" },
  ],
  library: [{ 'src/engine/a.ts': "import { parse } from 'yaml';\n" }],
  'import-path': [
    { 'src/base/a.ts': "import { b } from './b';\n", 'src/base/b.ts': '' },
    { 'src/base/a.ts': "import { b } from './b.ts';\n" },
  ],
  'testing-import': [
    { 'src/server/a.ts': "import { run } from '../testing/run.ts';\n", 'src/testing/run.ts': '' },
  ],
  'room-unknown': [
    { 'src/attic/a.ts': "import { b } from '../base/b.ts';\n", 'src/base/b.ts': '' },
  ],
  'room-import': [
    { 'src/base/a.ts': "import { b } from '../engine/b.ts';\n", 'src/engine/b.ts': '' },
    { 'src/engine/a.ts': "import type { B } from '../protocol/b.ts';\n", 'src/protocol/b.ts': '' },
    { 'src/server/a.ts': "import { b } from '../engine/b.ts';\n", 'src/engine/b.ts': '' },
    { 'src/main.ts': "import { b } from './engine/b.ts';\n", 'src/engine/b.ts': '' },
    { 'src/config/a.ts': "const b = await import('../world/b.ts');\n", 'src/world/b.ts': '' },
  ],
  'family-import': [
    {
      'src/commands/string/a.ts': "import { b } from '../keys/b.ts';\n",
      'src/commands/keys/b.ts': '',
    },
  ],
  cycle: [
    {
      'src/base/a.ts': "import { b } from './b.ts';\n",
      'src/base/b.ts': "import { c } from './c.ts';\n",
      'src/base/c.ts': "import {\n  a,\n  type A,\n} from './a.ts';\n",
    },
  ],
  'command-table': [
    { [TABLE]: '', 'src/commands/string/get.ts': `export const GET: CommandRow = ${ROW};\n` },
    {
      [TABLE]: "import { GET } from './string/get.ts';\nconst rows = [GET];\n",
      'src/commands/string/get.ts':
        `export const GET: CommandRow = ${ROW};\n` + `export const LOST: CommandRow = ${ROW};\n`,
    },
  ],
  'command-help': [
    {
      [TABLE]: "import { GET } from './string/get.ts';\nconst rows = [GET];\n",
      'src/commands/string/get.ts': `export const GET: CommandRow = ${ROW.replace('Reads', '')};\n`,
    },
  ],
  'exception-unused': [{ [rooms.EXCEPTIONS[0].file]: 'x();\n' }],
  'metric-unused': [{ [METRICS]: `${METRIC_ROWS}  misses: counted('b'),\n};\n`, ...bump('hits') }],
};

/** Nothing here may be reported: a rule that cries at innocents is soon ignored. */
export const INNOCENTS = {
  'src/base/a.ts': `${[
    '/** console.log and Date.now are named here only. */',
    "const text = 'setTimeout(f) process.exit';",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source text
    'const long = `a ${text} process. {`;',
    'const pattern = /["\'`{(]process\\.x/;',
    'const half = 6 / 2 / 1;',
    "import type { B } from './b.ts';",
    `export const rows = [\n${'  { a: 1 },\n'.repeat(rooms.CEILINGS.functionLines + 5)}];`,
    'this.process.run(half, long, pattern);',
  ].join('\n')}\n`,
  'src/base/b.ts': "import { rows } from './a.ts';\nexport type B = typeof rows;\n",
  [rooms.EXCEPTIONS[0].file]: 'setTimeout(f, 1);\n',
  'src/base/b.test.ts': "import test from 'node:test';\nconst seed = Date.now();\n",
  'src/world/real/clock.ts': "import fs from 'node:fs';\nDate.now();\n",
  'bench/a.ts': "import fs from 'node:fs';\nsetTimeout(console.log, Date.now());\n",
  [METRICS]: `${METRIC_ROWS}  size: sampled('c'),\n};\n`,
  ...bump('hits'),
};

function bump(name) {
  return {
    'src/engine/bump.ts':
      "import { METRIC } from '../observability/metrics/metric-table.ts';\n" +
      `counters[METRIC.${name}]++;\n`,
  };
}

/** @returns what the checker failed to see, or saw where nothing is; empty when it sees well */
export function findBlindSpots() {
  const blind = [];
  for (const [rule, plants] of Object.entries(PLANTS)) {
    for (const plant of plants) {
      const files = new Map(Object.entries(plant));
      const seen = new Set(checkAll(files, rooms).map((breach) => breach.rule));
      const [file, text] = Object.entries(plant)[0];
      const where = `planted in ${file}: ${text.split('\n')[0].slice(0, 60)}`;
      if (!seen.delete(rule)) blind.push(`does not see ${rule}, ${where}`);
      if (seen.size > 0) blind.push(`takes ${rule} for ${[...seen].join(', ')}, ${where}`);
    }
  }
  for (const breach of checkAll(new Map(Object.entries(INNOCENTS)), rooms)) {
    blind.push(`reports an innocent: ${breach.rule} in ${breach.file}: ${breach.text}`);
  }
  return blind;
}
