/**
 * `npm run test:crash`: kills the real binary under load, restarts it, and compares all it holds
 * with what it had acknowledged.
 *   npm run test:crash -- --kills 300 --seed 7 --policy always --program redis-server
 */
import { parseArgs } from 'node:util';
import { describe, runCrashes } from './crash-run.ts';
import type { SyncPolicy } from './victim.ts';

const POLICIES: SyncPolicy[] = ['always', 'everysec', 'no'];

const { values: flags } = parseArgs({
  options: {
    kills: { type: 'string', default: '300' },
    seed: { type: 'string' },
    policy: { type: 'string' },
    /** redis-server shows whether the harness or the server is wrong. */
    program: { type: 'string', default: 'hypercache' },
  },
});

const seed = Number(flags.seed ?? Date.now() % 1_000_000);
print(`seed ${seed}`);
const startMs = performance.now();
const report = await runCrashes({
  program: flags.program === 'redis-server' ? 'redis-server' : 'hypercache',
  killCount: Number(flags.kills),
  seed,
  policies: POLICIES.filter((one) => flags.policy === undefined || one === flags.policy),
  log: print,
});
for (const problem of report.problems) print(problem);
print(describe(report));
print(`seed ${seed}, ${Math.round((performance.now() - startMs) / 1000)} s`);
const isGood = report.problems.length === 0;
print(isGood ? '1 passed, 0 failed' : '0 passed, 1 failed');
process.exitCode = isGood ? 0 : 1;

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
