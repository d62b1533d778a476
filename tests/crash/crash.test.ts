import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { skipWithout } from '../support/server.ts';
import { describe, runCrashes } from './crash-run.ts';

const skip = skipWithout('redis-server');
const seed = Number(process.env['TEST_SEED'] ?? Date.now() % 1_000_000);
const program = process.env['CRASH_PROGRAM'] === 'redis-server' ? 'redis-server' : 'hypercache';

/** redis-server puts writes off while a sync is under way, and answers them all the same. */
const POLICIES =
  program === 'hypercache' ? (['always', 'everysec', 'no'] as const) : (['always'] as const);

test('no acknowledged write is lost when the process is killed', { skip }, async (t) => {
  t.diagnostic(`seed ${seed}`);
  const log = (line: string) => t.diagnostic(line);
  const report = await runCrashes({ program, killCount: 15, seed, policies: POLICIES, log });
  t.diagnostic(describe(report));
  assert.deepEqual(report.problems, [], `seed ${seed}`);
  assert.ok(report.acknowledgedCount > 100, `${report.acknowledgedCount} acknowledged`);
});

test('the harness sees a record that is missing', { skip }, async (t) => {
  let cutBytes = 0;
  const report = await runCrashes({
    program,
    killCount: 6,
    seed,
    policies: ['always'],
    log: (line) => t.diagnostic(line),
    afterKill(folder) {
      const file = newestIncrement(folder);
      const { size } = fs.statSync(file);
      if (size < 3_000) return;
      cutBytes += 2_000;
      fs.truncateSync(file, size - 2_000);
    },
  });
  for (const folder of [report.folder, `${report.folder}-as-killed`]) {
    fs.rmSync(folder, { recursive: true, force: true });
  }
  assert.ok(cutBytes > 0);
  assert.match(report.problems.join('\n'), /found is not what was acknowledged/);
});

function newestIncrement(folder: string): string {
  const logs = path.join(folder, 'appendonlydir');
  const names = fs.readdirSync(logs).filter((name) => name.endsWith('.incr.aof'));
  const numberOf = (name: string) => Number(/\.(\d+)\.incr/.exec(name)?.[1]);
  names.sort((a, b) => numberOf(a) - numberOf(b));
  return path.join(logs, names.at(-1) ?? '');
}
