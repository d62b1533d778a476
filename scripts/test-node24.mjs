/**
 * Runs the unit tests on Node 24, which many users have, while everything else here runs on the
 * oldest release supported. The compiled tests must be there: `npm run test:node24` sees to it.
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '..');
const fetched = spawnSync(process.execPath, ['scripts/fetch-node24.mjs'], {
  cwd: ROOT,
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'inherit'],
});
if (fetched.status !== 0) process.exit(1);
const run = spawnSync(fetched.stdout.trim(), ['scripts/run-tests.mjs', 'src', 'scripts'], {
  cwd: ROOT,
  stdio: 'inherit',
});
process.exit(run.status ?? 1);
