/**
 * Runs node:test over the compiled tests of the named folders. The list comes from the sources, so
 * that what was compiled from a file since deleted is not run.
 *   node scripts/run-tests.mjs src scripts
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '..');
const CI_SEED = '1';
const files = process.argv.slice(2).flatMap(findTests);
if (files.length === 0) {
  process.stderr.write('no tests found\n');
  process.exit(1);
}
// A run of CI can be repeated: elsewhere each run of a random test draws a seed of its own.
const seed = process.env.CI === 'true' ? { TEST_SEED: CI_SEED } : {};
const run = spawnSync(
  process.execPath,
  ['--enable-source-maps', '--test', '--test-concurrency=2', '--test-timeout=600000', ...files],
  { cwd: ROOT, stdio: 'inherit', env: { ...seed, ...process.env } },
);
process.exit(run.status ?? 1);

function findTests(folder) {
  const names = fs.readdirSync(path.join(ROOT, folder), { recursive: true });
  return names.sort().flatMap((name) => {
    const file = path.join(folder, name);
    if (file.endsWith('.test.mjs')) return [file];
    if (!file.endsWith('.test.ts')) return [];
    return [path.join('.build', file.replace(/\.ts$/, '.js'))];
  });
}
