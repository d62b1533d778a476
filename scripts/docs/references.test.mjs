import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';

const ROOT = path.resolve(import.meta.dirname, '../..');
const FOLDERS = ['src', 'tests', 'bench', 'fuzz', 'scripts', 'docs', 'examples'];
const FILES = ['README.md', 'CHANGELOG.md', 'Makefile', 'rooms.mjs', 'package.json'];

test('every page that a comment or a page names is there', () => {
  const missing = [];
  let count = 0;
  for (const file of listFiles()) {
    const text = fs.readFileSync(path.join(ROOT, file), 'utf8');
    const names = [...text.matchAll(/\bdocs\/[A-Za-z0-9_/-]+\.md\b/g)].map(([name]) => name);
    if (file.endsWith('.md')) names.push(...linksOf(text, path.dirname(file)));
    for (const name of names) {
      count++;
      if (!fs.existsSync(path.join(ROOT, name))) missing.push(`${file}: ${name}`);
    }
  }
  assert.deepEqual(missing, []);
  assert.ok(count > 20, `only ${count} references found`);
});

test('every npm script and make target that a page names is there', () => {
  const { scripts } = JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
  const makefile = fs.readFileSync(path.join(ROOT, 'Makefile'), 'utf8');
  const missing = [];
  for (const file of listFiles().filter((name) => name.endsWith('.md'))) {
    const text = fs.readFileSync(path.join(ROOT, file), 'utf8');
    for (const [, name] of text.matchAll(/\bnpm run ([a-z0-9:-]+)/g)) {
      if (scripts[name] === undefined) missing.push(`${file}: npm run ${name}`);
    }
    for (const [, name] of text.matchAll(/[`\n]make ([a-z0-9-]+)/g)) {
      if (!new RegExp(`^${name}:`, 'm').test(makefile)) missing.push(`${file}: make ${name}`);
    }
  }
  assert.deepEqual(missing, []);
});

test('every figure of the README names the command that reproduces it', () => {
  const text = fs.readFileSync(path.join(ROOT, 'README.md'), 'utf8');
  const [, table] = /<!-- figures: begin -->\n([\s\S]*)<!-- figures: end -->/.exec(text);
  const [head, , ...rows] = table.trim().split('\n');
  assert.match(head, /\| reproduce \|$/);
  assert.ok(rows.length > 8);
  for (const row of rows) assert.match(row, /\| `npm run bench:[a-z-]+( -- [^`]+)?` \|$/, row);
});

function listFiles() {
  const found = [...FILES];
  for (const folder of FOLDERS) {
    for (const name of fs.readdirSync(path.join(ROOT, folder), { recursive: true })) {
      if (/\.(ts|mjs|md|sh)$/.test(name)) found.push(path.posix.join(folder, name));
    }
  }
  return found;
}

/** Relative links of a page, as paths from the top folder. */
function linksOf(text, folder) {
  const targets = [...text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map((match) => match[1]);
  return targets
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => path.posix.join(folder, target));
}
