/**
 * `npm test`: everything, from a fresh clone on a machine with Node and npm alone. Uses nothing
 * but node's own modules until the packages are there.
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { BENCHES } from './benches.mjs';

const ROOT = path.resolve(import.meta.dirname, '..');
const NODE = process.execPath;
/** `ok` has tried the light ones. */
const heavyBenches = Object.keys(BENCHES).filter((name) => !BENCHES[name].isLight);
const steps = [
  ['test tools', 'sh', 'scripts/install-test-tools.sh'],
  ['packages', NODE, 'scripts/ensure-packages.mjs'],
  ['ok', NODE, 'scripts/ok.mjs'],
  ['build', NODE, 'scripts/build.mjs'],
  ['benches (tiny)', NODE, 'scripts/try-benches.mjs', ...heavyBenches],
  ['package check', NODE, 'scripts/check-package.mjs'],
  ['whole-node tests', NODE, 'scripts/run-tests.mjs', 'tests'],
];
/** Nothing after these can tell anything when they fail. */
const needed = new Set(['test tools', 'packages']);

// Here random tests try as often as they say.
const env = { TEST_EFFORT: '1', ...process.env };
const startMs = performance.now();
const failed = [];
let runCount = 0;
for (const [name, command, ...args] of steps) {
  process.stdout.write(`\n== ${name}\n`);
  runCount++;
  const run = spawnSync(command, args, { cwd: ROOT, env, stdio: 'inherit' });
  if (run.status === 0) continue;
  failed.push(name);
  if (needed.has(name)) break;
}
for (const name of failed) process.stdout.write(`failed: ${name}\n`);
const seconds = Math.round((performance.now() - startMs) / 1000);
process.stdout.write(`\n${steps.length} steps planned, ${runCount} run, ${seconds} s\n`);
process.stdout.write(`${runCount - failed.length} passed, ${failed.length} failed\n`);
process.exitCode = failed.length === 0 ? 0 : 1;
