import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { type InstalledPackage, installTarball } from '../support/installed-package.ts';
import { ROOT, skipWithout } from '../support/server.ts';
import { readBlocks, splitCommands } from './page-blocks.ts';
import { openStage } from './page-stage.ts';
import { playBlock } from './play-block.ts';

/** Every command, program and settings file that a page shows is run, as play-block.ts tells. */

const PAGES = [
  'README.md',
  ...fs
    .readdirSync(path.join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`)
    .sort(),
];
/** What programs of pages import beside the package itself. */
const LIBRARIES = ['ioredis', 'redis', 'bullmq', 'connect-redis', 'express', 'express-session'];

const skip = ['redis-cli', 'curl', 'openssl', 'make'].map(skipWithout).find(Boolean) ?? false;
let installed: InstalledPackage;

before(() => {
  installed = installTarball();
  for (const name of LIBRARIES) {
    const target = path.join(ROOT, 'node_modules', name);
    fs.symlinkSync(target, path.join(installed.folder, 'node_modules', name));
  }
});
after(() => installed.remove());

for (const page of PAGES) {
  const blocks = readBlocks(fs.readFileSync(path.join(ROOT, page), 'utf8'));
  const played = blocks.filter(({ language }) => language !== '');
  if (played.length === 0) continue;
  test(`${page} goes as shown`, { skip }, async (t) => {
    const stage = await openStage(path.join(installed.folder, 'node_modules'));
    t.after(() => stage.close());
    for (const block of played) {
      try {
        await playBlock(block, stage);
      } catch (error) {
        throw new Error(`${page}:${block.line}: ${(error as Error).message}`, { cause: error });
      }
    }
  });
}

test('a block without a language is a drawing: no command hides in one', () => {
  const command = /^(\$ |\d+\.\d+\.\d+\.\d+:\d+> |(make|npm|npx|hypercache|curl|docker|kubectl) )/m;
  for (const page of PAGES) {
    const text = fs.readFileSync(path.join(ROOT, page), 'utf8');
    for (const { language, body, line } of readBlocks(text)) {
      if (language === '') assert.doesNotMatch(body, command, `${page}:${line}`);
    }
  }
});

test('settings that a page gives to `make run` exist', { skip }, async (t) => {
  const stage = await openStage(path.join(installed.folder, 'node_modules'));
  t.after(() => stage.close());
  let count = 0;
  for (const page of PAGES) {
    const text = fs.readFileSync(path.join(ROOT, page), 'utf8');
    for (const [, args] of text.matchAll(/`make run ARGS="([^"]*)"`/g)) {
      const { code, output } = await stage.run('hypercache', [
        ...['config', 'validate'],
        ...args.split(' '),
      ]);
      assert.equal(code, 0, `${page}: ${output}`);
      count++;
    }
  }
  assert.ok(count > 0);
});

/** What this machine need not have, and what would install something on it. */
const ELSEWHERE =
  /^(docker|kubectl|kind|helm|npm install|npm pack|git clone|cd|make (docker|k8s)-)/;

test('only what needs another machine is left to it', () => {
  let count = 0;
  for (const page of PAGES) {
    const text = fs.readFileSync(path.join(ROOT, page), 'utf8');
    for (const { mode, body, line } of readBlocks(text)) {
      if (mode !== 'elsewhere') continue;
      for (const command of splitCommands(body)) {
        assert.match(command.text, ELSEWHERE, `${page}:${line}`);
        count++;
      }
    }
  }
  assert.ok(count > 0);
});
