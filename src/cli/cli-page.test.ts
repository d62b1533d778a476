import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRealWorld } from '../world/real-world.ts';
import { cliPage } from './cli-page.ts';
import { CHECKS } from './doctor/check-table.ts';

test('docs/cli.md is what the commands say', () => {
  const bytes = createRealWorld().disk.readFile('docs/cli.md');
  assert.ok(bytes !== null, 'tests run in the top folder of the repository');
  const hint = 'out of date: npm run docs';
  assert.equal(Buffer.from(bytes).toString('utf8'), cliPage(), hint);
});

test('every command and every check of the doctor is on the page', () => {
  const page = cliPage();
  for (const name of ['start', 'config show', 'cluster rebalance', 'store create', 'completion']) {
    assert.match(page, new RegExp(`^###? ${name}$`, 'm'));
  }
  for (const { name } of CHECKS) assert.ok(page.includes(`| ${name} |`), name);
});
