/**
 * Runs benches in tiny size, two at a time: their figures mean nothing, but they run.
 *   node scripts/try-benches.mjs [name ...]     all when none is named
 */
import { spawn, spawnSync } from 'node:child_process';
import path from 'node:path';
import { BENCHES } from './benches.mjs';

const ROOT = path.resolve(import.meta.dirname, '..');
const AT_ONCE = 2;
/** The dearest takes ten seconds on a quiet machine. */
const MS_MAX = 300_000;

const named = process.argv.slice(2);
const names = named.length > 0 ? named : Object.keys(BENCHES);
const isRedisThere = spawnSync('redis-server', ['--version']).status === 0;
const failed = [];
let passedCount = 0;
await Promise.all(Array.from({ length: AT_ONCE }, tryThem));
for (const name of failed) process.stdout.write(`failed: bench ${name}\n`);
process.stdout.write(`${passedCount} passed, ${failed.length} failed\n`);
process.exitCode = failed.length === 0 ? 0 : 1;

async function tryThem() {
  for (let name = names.shift(); name !== undefined; name = names.shift()) {
    if (BENCHES[name].needsRedis && !isRedisThere) {
      process.stdout.write(`skipped bench ${name}: redis-server is not installed\n`);
      if (process.env.CI === 'true') failed.push(name);
    } else if (await run(name)) passedCount++;
    else failed.push(name);
  }
}

function run(name) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [`.build/bench/${name}.js`, '--tiny'], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: MS_MAX,
      killSignal: 'SIGKILL',
    });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    child.on('close', (code, signal) => {
      const isGood = code === 0;
      const how = isGood ? 'ok    ' : `FAILED (${code ?? signal})`;
      process.stdout.write(`${how} bench ${name}\n${isGood ? '' : output}`);
      resolve(isGood);
    });
  });
}
