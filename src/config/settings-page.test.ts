import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRealWorld } from '../world/real-world.ts';
import { SETTINGS } from './config-table.ts';
import { settingsPage } from './settings-page.ts';

test('docs/settings.md is what the table says', () => {
  const bytes = createRealWorld().disk.readFile('docs/settings.md');
  assert.ok(bytes !== null, 'tests run in the top folder of the repository');
  const hint = 'out of date: npm run docs';
  assert.equal(Buffer.from(bytes).toString('utf8'), settingsPage(), hint);
});

test('every setting is on the page', () => {
  const page = settingsPage();
  for (const row of SETTINGS) {
    const name = row.section === 'inert' ? row.redis!.name : row.path;
    assert.ok(page.includes(`\`${name}\``), name);
  }
});
