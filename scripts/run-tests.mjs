/**
 * Runs node:test over the compiled tests of the named folders. The list comes from the sources, so
 * that what was compiled from a file since deleted is not run.
 *   node scripts/run-tests.mjs src scripts
 *
 * Tests beside their code run many files to a process: to start one and load the code cold cost
 * 0.4 s of processor time a file, more than most have tests for. A file that needs a process of its
 * own says so in a line, with its reason; those of `tests/`, which start servers, have one always.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { runFiles } from './testing/test-process.mjs';

const ROOT = path.resolve(import.meta.dirname, '..');
const CI_SEED = '1';
const UNIT_FOLDERS = new Set(['src', 'scripts']);
const ALONE = /^\/\/ Has a process of its own: \S/m;
/** Neighbours share code. Fewer processes cost less; more leave no one waiting for the last. */
const FILES_A_PROCESS = 24;
/** So long nothing may be heard of a process: a test that never ends is given up. */
const UNIT_SILENCE_MS = 120_000;
const SILENCE_MS = 600_000;
const DEAREST_COUNT = 5;

const groups = process.argv.slice(2).flatMap(groupsOf);
if (groups.length === 0) {
  process.stderr.write('no tests found\n');
  process.exit(1);
}
// A run of CI can be repeated: elsewhere each run of a random test draws a seed of its own.
const env = { ...(process.env.CI === 'true' ? { TEST_SEED: CI_SEED } : {}), ...process.env };
// Servers of more than two files at once would be in each other's way.
const isUnitOnly = process.argv.slice(2).every((folder) => UNIT_FOLDERS.has(folder));
// Some unit tests wait for sockets and timers: one group more than processors keeps these busy.
const groupsAtOnce = isUnitOnly ? Math.max(2, os.availableParallelism()) + 1 : 2;
const courses = [];
await Promise.all(Array.from({ length: groupsAtOnce }, runGroups));
report();

async function runGroups() {
  for (let group = groups.shift(); group !== undefined; group = groups.shift()) {
    const course = await runFiles(group.files, {
      cwd: ROOT,
      env,
      silenceMsMax: group.silenceMsMax,
    });
    courses.push(course);
    reportCourse(course);
  }
}

/** @returns {{files: string[], silenceMsMax: number}[]}  each of them for one process */
function groupsOf(folder) {
  const isUnit = UNIT_FOLDERS.has(folder);
  const silenceMsMax = isUnit ? UNIT_SILENCE_MS : SILENCE_MS;
  const found = [];
  let shared = [];
  for (const { file, source } of findTests(folder)) {
    if (!isUnit || ALONE.test(source)) found.push({ files: [file], silenceMsMax });
    else shared.push(file);
  }
  while (shared.length > 0) {
    found.push({ files: shared.slice(0, FILES_A_PROCESS), silenceMsMax });
    shared = shared.slice(FILES_A_PROCESS);
  }
  return found;
}

/** @returns {{file: string, source: string}[]}  where to run it, and its text */
function findTests(folder) {
  const names = fs.readdirSync(path.join(ROOT, folder), { recursive: true });
  return names.sort().flatMap((name) => {
    const file = path.join(folder, name);
    if (!/\.test\.(ts|mjs)$/.test(file)) return [];
    const source = fs.readFileSync(path.join(ROOT, file), 'utf8');
    if (file.endsWith('.mjs')) return [{ file, source }];
    return [{ file: path.join('.build', file.replace(/\.ts$/, '.js')), source }];
  });
}

function reportCourse({ files, passedCount, failures, output }) {
  const range = files.length === 1 ? files[0] : `${files[0]} .. ${files.at(-1)}`;
  process.stdout.write(`${failures.length === 0 ? 'ok    ' : 'FAILED'} ${range}: `);
  process.stdout.write(`${passedCount} passed, ${failures.length} failed\n`);
  if (failures.length === 0) return;
  for (const { file, name, text } of failures) {
    process.stdout.write(`\n${file}: ${name}\n${text.replace(/^/gm, '    ')}\n`);
  }
  process.stdout.write(`\n${output}`);
}

function report() {
  const skips = courses.flatMap((course) => course.skips);
  for (const { name, reason } of skips) process.stdout.write(`skipped: ${name} (${reason})\n`);
  const costs = courses.flatMap((course) => course.costs).sort((a, b) => b.cpuMs - a.cpuMs);
  for (const { file, cpuMs } of costs.slice(0, DEAREST_COUNT)) {
    process.stdout.write(`dear: ${file} (${seconds(cpuMs)} s of processor time)\n`);
  }
  const failures = courses.flatMap((course) => course.failures);
  for (const { file, name } of failures) process.stdout.write(`failed: ${file}: ${name}\n`);
  const cpuMs = costs.reduce((sum, cost) => sum + cost.cpuMs, 0);
  process.stdout.write(`${costs.length} files in ${courses.length} processes, `);
  process.stdout.write(`${seconds(cpuMs)} s of processor time, ${skips.length} tests skipped\n`);
  const passedCount = courses.reduce((sum, course) => sum + course.passedCount, 0);
  process.stdout.write(`${passedCount} passed, ${failures.length} failed\n`);
  process.exitCode = failures.length === 0 ? 0 : 1;
}

function seconds(ms) {
  return (ms / 1_000).toFixed(1);
}
