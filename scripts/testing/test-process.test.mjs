/** Files that go wrong in every way a file can are found out; hooks of a file are its own. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { runFiles } from './test-process.mjs';

const IMPORTS = "import assert from 'node:assert';\nimport * as t from 'node:test';\n";
const GOOD = "t.test('good', () => {});";
const SILENCE_MS_MAX = 1_500;

let folder;
before(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'test-process-'));
});
after(() => fs.rmSync(folder, { recursive: true }));

/** Runs those texts as files `0.mjs`, `1.mjs` ... of one process. */
async function run(...texts) {
  const files = texts.map((text, i) => {
    fs.writeFileSync(path.join(folder, `${i}.mjs`), IMPORTS + text);
    return `${i}.mjs`;
  });
  const options = { cwd: folder, env: process.env, silenceMsMax: SILENCE_MS_MAX };
  const { passedCount, failures, skips, costs } = await runFiles(files, options);
  const told = failures.map(({ file, name }) => `${file}: ${name}`);
  const text = failures.map((failure) => failure.text).join('\n');
  return { passedCount, told, text, skips, costCount: costs.length };
}

test('tests of several files are counted, also within others, those left out as well', async () => {
  const nested = "t.describe('suite', () => t.test('outer', (c) => c.test('inner', () => {})));";
  const left = "t.test('no', { skip: 'why' }, () => {}); t.test('nor', (c) => c.skip());";
  const { passedCount, told, skips, costCount } = await run(GOOD, nested, left);
  assert.deepEqual([passedCount, told, costCount], [3, [], 3]);
  assert.deepEqual(skips, [
    { name: 'no', reason: 'why' },
    { name: 'nor', reason: 'true' },
  ]);
});

test('what a file does before and after its tests it does to its own', async () => {
  const hooks = `let count = 0;
    t.before(() => { count = 10; });
    t.beforeEach(() => { count++; });
    t.after(() => { globalThis.seen = count; });
    t.test('a', () => assert.equal(count, 11));`;
  const late = `await Promise.resolve();
    t.test('the last file is done', () => assert.equal(globalThis.seen, 11));
    t.test('and its hooks are gone', () => assert.equal(globalThis.seen, 11));`;
  assert.deepEqual((await run(hooks, late)).told, []);
});

test('a test that fails is told of with its error, and others go on', async () => {
  const { passedCount, told, text } = await run(`t.test('bad', () => assert.equal(1, 2));`, GOOD);
  assert.deepEqual([passedCount, told], [1, ['0.mjs: bad']]);
  assert.match(text, /AssertionError.*1 == 2/);
});

for (const [what, code] of Object.entries({
  'throws when it is imported': "throw new Error('planted');",
  'imports what is not there': "await import('./planted.mjs');",
})) {
  test(`a file that ${what} fails, and others go on`, async () => {
    const { passedCount, told, text } = await run(code, GOOD);
    assert.deepEqual([passedCount, told], [1, ['0.mjs: 0.mjs']]);
    assert.match(text, /planted/);
  });
}

for (const [what, code] of Object.entries({
  'ends its process': 'process.exit(0);',
  'kills its process': "process.kill(process.pid, 'SIGKILL');",
  'never ends': 'return new Promise(() => setInterval(() => {}, 100));',
  'never gives way': 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);',
})) {
  test(`a test that ${what} fails its file, and files behind it count as not run`, async () => {
    const { told, text } = await run(GOOD, `t.test('bad', () => { ${code} });`, GOOD);
    assert.deepEqual(told, ['1.mjs: it runs to its end']);
    assert.match(text, /2\.mjs/);
  });
}

test('a test that nothing can end any more fails', async () => {
  const { told } = await run("t.test('waits', () => new Promise(() => {}));", GOOD);
  assert.ok(told.length > 0);
  assert.ok(told.some((failure) => failure.includes('it runs to its end')));
});

test('what fails after its test has ended fails the process', async () => {
  const late = "t.test('a', () => { setTimeout(() => { throw new Error('late'); }, 20); });";
  const slow = "t.test('b', () => new Promise((resolve) => setTimeout(resolve, 60)));";
  assert.equal((await run(late + slow)).told.length, 1);
});

test('a file without tests fails', async () => {
  assert.deepEqual((await run('', GOOD)).told, ['0.mjs: it has tests']);
});
