import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../support/server.ts';

test('docs/defects.md names each test of a defect, and nothing that is none', () => {
  const page = fs.readFileSync(path.join(ROOT, 'docs/defects.md'), 'utf8');
  const rows = [...page.matchAll(/^\| (.+?) \| (\S+\.test\.ts) \|$/gm)];
  const told = rows.map(([, name, file]) => `${file}: ${name}`);
  const folder = path.join(ROOT, 'tests/defects');
  const found: string[] = [];
  for (const file of fs.readdirSync(folder).filter((name) => name.endsWith('.test.ts'))) {
    const source = fs.readFileSync(path.join(folder, file), 'utf8');
    for (const [, name] of source.matchAll(/^defect\(\s*'([^']+)'/gm)) {
      found.push(`${file}: ${name}`);
    }
  }
  assert.ok(found.length >= 18);
  assert.deepEqual(told.sort(), found.sort());
});
