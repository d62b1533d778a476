import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { ABSENCES, DIFFERENCES } from './command-differences.mjs';
import { commandStates, commandsPage, REDIS } from './commands-page.mjs';

const ROOT = path.resolve(import.meta.dirname, '../..');
const { COMMAND_ROWS } = await import(path.join(ROOT, '.build/src/commands/command-table.js'));
const states = commandStates(COMMAND_ROWS);

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

test('every command of redis-server is complete, differs or is absent', () => {
  const text = commandsPage(COMMAND_ROWS);
  assert.ok(REDIS.commands.length > 300);
  for (const { name, isContainer } of REDIS.commands) {
    if (isContainer === true) continue;
    const found = states.filter((state) => state.name === name);
    assert.equal(found.length, 1, name);
    assert.ok(['complete', 'differs', 'absent'].includes(found[0].status), name);
    assert.ok(text.includes(`\`${name.toUpperCase().replace('|', ' ')}`), name);
  }
});

test('what is said of differences and absences is said of the right commands', () => {
  const isOf = (line) => (state) => state.name === line || state.name.startsWith(`${line}|`);
  for (const line of Object.keys(DIFFERENCES)) {
    assert.ok(
      states.some((state) => isOf(line)(state) && state.status === 'differs'),
      line,
    );
  }
  for (const line of Object.keys(ABSENCES)) {
    const meant = states.filter(isOf(line));
    assert.ok(meant.length > 0 && meant.every((state) => state.status === 'absent'), line);
  }
});
