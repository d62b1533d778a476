/** Runs `npm ci` when node_modules is missing or older than the lock file. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '..');
const lockMs = modifiedMs('package-lock.json');
const installedMs = modifiedMs('node_modules/.package-lock.json');
if (installedMs < lockMs) {
  const run = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: ROOT,
    stdio: 'inherit',
  });
  if (run.error) process.stderr.write(`npm ci: ${run.error.message}\n`);
  // A lock file newer than what npm recorded would ask for the same again at every start.
  if (run.status === 0) touch('node_modules/.package-lock.json');
  process.exitCode = run.status ?? 1;
}

function modifiedMs(name) {
  return fs.statSync(path.join(ROOT, name), { throwIfNoEntry: false })?.mtimeMs ?? -1;
}

function touch(name) {
  const now = new Date();
  fs.utimesSync(path.join(ROOT, name), now, now);
}
