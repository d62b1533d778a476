/**
 * The one command before a commit: format, types, lint, tidy, unit tests, benches in tiny size.
 * Every step runs even when an earlier one failed, so that one run shows all there is to mend.
 */
import { spawn, spawnSync } from 'node:child_process';
import path from 'node:path';
import { BENCHES } from './benches.mjs';

const ROOT = path.resolve(import.meta.dirname, '..');
const BIOME = 'node_modules/.bin/biome';
const results = [];

await Promise.all([
  step('format', BIOME, ['format', '.']),
  step('lint', BIOME, ['lint', '.']),
  step('types', process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json']),
  step('types of the page', process.execPath, [
    'node_modules/typescript/bin/tsc',
    '-p',
    'page/tsconfig.json',
  ]),
  step('tidy', process.execPath, ['scripts/tidy.mjs']),
]);
await step('build', process.execPath, ['scripts/build.mjs']);
await step('unit tests', process.execPath, ['scripts/run-tests.mjs', 'src', 'scripts'], true);
await tryBenches();
report();

/** Output of a good step is noise, unless it is wanted; that of a bad one is printed whole. */
function step(name, command, args, isShown = false) {
  const startMs = performance.now();
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
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

/** Small enough to take a second each: their figures mean nothing, but they run. */
async function tryBenches() {
  const isInstalled =
    spawnSync('sh', ['scripts/install-test-tools.sh'], { cwd: ROOT }).status === 0;
  const isRedisThere = isInstalled && hasRedis();
  for (const [name, { needsRedis }] of Object.entries(BENCHES)) {
    if (needsRedis && !isRedisThere) {
      process.stdout.write(`skipped bench ${name}: redis-server is not installed\n`);
      if (process.env.CI === 'true') results.push({ name: `bench ${name}`, isGood: false });
      continue;
    }
    await step(`bench ${name} (tiny)`, process.execPath, [`.build/bench/${name}.js`, '--tiny']);
  }
}

function hasRedis() {
  return spawnSync('redis-server', ['--version']).status === 0;
}

function report() {
  const failed = results.filter((result) => !result.isGood);
  for (const result of failed) process.stdout.write(`failed step: ${result.name}\n`);
  process.stdout.write(`${results.length - failed.length} passed, ${failed.length} failed\n`);
  process.exitCode = failed.length === 0 ? 0 : 1;
}
