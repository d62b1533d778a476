/**
 * The one command before a commit: format, lint, types, tidy, unit tests, light benches in tiny
 * size: about a minute of two cores. Random tests try less often than in `npm test`.
 * Every step runs even when an earlier one failed, so that one run shows all there is to mend.
 */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { BENCHES } from './benches.mjs';

const ROOT = path.resolve(import.meta.dirname, '..');
const BIOME = 'node_modules/.bin/biome';
const TSC = 'node_modules/typescript/bin/tsc';
/** The share of their rounds that random tests run, unless TEST_EFFORT says otherwise. */
const EFFORT = '0.1';
const results = [];

await Promise.all([
  step('format', BIOME, ['format', '.']),
  step('lint', BIOME, ['lint', '.']),
  step('types', process.execPath, [TSC, '-p', 'tsconfig.json']),
  step('types of the page', process.execPath, [TSC, '-p', 'page/tsconfig.json']),
  step('tidy', process.execPath, ['scripts/tidy.mjs']),
]);
await step('unit tests', process.execPath, ['scripts/run-tests.mjs', 'src', 'scripts'], true);
const light = Object.keys(BENCHES).filter((name) => BENCHES[name].isLight);
await step('benches (tiny)', process.execPath, ['scripts/try-benches.mjs', ...light]);
report();

/** Output of a good step is noise, unless it is wanted; that of a bad one is printed whole. */
function step(name, command, args, isShown = false) {
  const startMs = performance.now();
  return new Promise((resolve) => {
    const env = { TEST_EFFORT: EFFORT, ...process.env };
    const child = spawn(command, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const take = (chunk) => {
      if (isShown) process.stdout.write(chunk);
      else output += chunk;
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.on('error', (error) => take(`${error.message}\n`));
    child.on('close', (code) => {
      const isGood = code === 0;
      results.push({ name, isGood });
      if (!isGood) process.stdout.write(output);
      const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
      process.stdout.write(`${isGood ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)\n`);
      resolve();
    });
  });
}

function report() {
  const failed = results.filter((result) => !result.isGood);
  for (const result of failed) process.stdout.write(`failed step: ${result.name}\n`);
  process.stdout.write(`${results.length - failed.length} passed, ${failed.length} failed\n`);
  process.exitCode = failed.length === 0 ? 0 : 1;
}
