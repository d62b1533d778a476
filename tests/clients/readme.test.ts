import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { startWithHttp } from '../http/http-server.ts';
import { installTarball } from '../support/installed-package.ts';
import { patiently } from '../support/patience.ts';
import { ROOT, skipWithout, startOurs } from '../support/server.ts';

/** Where the README says that the server listens. */
const PORT = 8080;
const README = fs.readFileSync(path.join(ROOT, 'README.md'), 'utf8');

test('the JavaScript of the README runs and prints what its comments say', async (t) => {
  const blocks = blocksOf('js');
  assert.equal(blocks.length, 2);
  const installed = installTarball();
  t.after(() => installed.remove());
  fs.symlinkSync(
    path.join(ROOT, 'node_modules/ioredis'),
    path.join(installed.folder, 'node_modules/ioredis'),
  );
  const server = await startOurs();
  t.after(() => server.stop());
  for (const block of blocks) {
    const file = path.join(installed.folder, 'example.mjs');
    fs.writeFileSync(file, block.replaceAll(String(PORT), String(server.port)));
    const run = spawnSync(process.execPath, [file], {
      encoding: 'utf8',
      timeout: patiently(20_000),
    });
    assert.equal(run.status, 0, run.stderr);
    const expected = [...block.matchAll(/console\.log\(.*\); +\/\/ (.*)/g)].map(([, text]) => text);
    assert.ok(expected.length > 0, block);
    assert.deepEqual(run.stdout.trimEnd().split('\n'), expected);
  }
});

test('the redis-cli session of the README goes as shown', {
  skip: skipWithout('redis-cli'),
}, async (t) => {
  const prompt = `127.0.0.1:${PORT}> `;
  const session = blocksOf('').find((block) => block.includes(prompt));
  assert.ok(session !== undefined);
  const server = await startOurs();
  t.after(() => server.stop());
  const exchanges = session.split(prompt).slice(1);
  assert.ok(exchanges.length >= 3);
  for (const exchange of exchanges) {
    const [command, ...reply] = exchange.trimEnd().split('\n');
    const args = ['--no-auth-warning', '-p', String(server.port)];
    // What is typed at the prompt is shown as at the prompt: with types.
    const run = spawnSync('redis-cli', args, {
      input: `${command}\n`,
      encoding: 'utf8',
      env: { ...process.env, FAKETTY: '1' },
    });
    // It adds how long a slow answer took.
    const shown = run.stdout.trimEnd().replace(/\n\(\d+\.\d+s\)$/, '');
    if (command.startsWith('TTL ')) assertJustBelow(shown, reply.join('\n'));
    else assert.equal(shown, reply.join('\n'), command);
  }
});

/** Some seconds may have gone by. */
function assertJustBelow(shown: string, expected: string): void {
  const [left, whole] = [shown, expected].map((text) =>
    Number(/^\(integer\) (\d+)$/.exec(text)?.[1]),
  );
  assert.ok(left <= whole && left > whole - 50, `${shown} where ${expected} was expected`);
}

test('the curl session of the README goes as shown', {
  skip: skipWithout('curl'),
}, async (t) => {
  const server = await startWithHttp(t);
  const [block] = blocksOf('sh');
  const lines = block.replaceAll('9080', String(server.httpPort)).trimEnd().split('\n');
  assert.ok(lines.length >= 5);
  // Each line prints one answer, after a line that begins it.
  const script = lines.map((line) => `echo @; ${line}`).join('\n');
  const run = spawnSync('sh', ['-c', `${script}; echo`], {
    encoding: 'utf8',
    timeout: patiently(20_000),
  });
  const answers = run.stdout.split('@\n').slice(1);
  assert.equal(answers.length, lines.length, run.stderr);
  assert.match(answers[1], /"success":true/);
  for (const [i, line] of lines.entries()) {
    const [, expected] = / # (.*)$/.exec(line) ?? [];
    if (expected !== undefined) assert.ok(answers[i].includes(expected), answers[i]);
  }
});

test('the commands of the README that start a server name settings that exist', () => {
  const lines = README.split('\n').filter((line) => line.startsWith('make run'));
  assert.ok(lines.length >= 2);
  for (const line of lines) {
    const [, args = ''] = /ARGS="([^"]*)"/.exec(line) ?? [];
    const main = path.join(ROOT, 'dist/main.js');
    const words = ['config', 'validate', ...args.split(' ').filter((word) => word !== '')];
    const run = spawnSync(process.execPath, [main, ...words], { encoding: 'utf8' });
    assert.equal(run.status, 0, run.stderr);
  }
});

/** Bodies of the fenced blocks of a language, '' for those that name none. */
function blocksOf(language: string): string[] {
  const found: string[] = [];
  const fence = /^```(\w*)\n([\s\S]*?)^```$/gm;
  for (const [, name, body] of README.matchAll(fence)) if (name === language) found.push(body);
  return found;
}
