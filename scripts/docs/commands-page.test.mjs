import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { commandsPage } from './commands-page.mjs';

const ROOT = path.resolve(import.meta.dirname, '../..');
const { COMMAND_ROWS } = await import(path.join(ROOT, '.build/src/commands/command-table.js'));

test('docs/commands.md is what the table says', () => {
  const text = fs.readFileSync(path.join(ROOT, 'docs/commands.md'), 'utf8');
  assert.equal(text, commandsPage(COMMAND_ROWS), 'out of date: npm run docs');
});

test('every command and subcommand that runs has its line', () => {
  const lines = commandsPage(COMMAND_ROWS).split('\n');
  const has = (name) => lines.some((line) => new RegExp(`^\\| \`${name}[ \`]`).test(line));
  for (const row of COMMAND_ROWS) {
    const name = row.name.toUpperCase();
    if (row.execute !== undefined) assert.ok(has(name), name);
    for (const child of row.subcommands ?? []) {
      assert.ok(has(`${name} ${child.name.toUpperCase()}`), `${name} ${child.name}`);
    }
  }
});
