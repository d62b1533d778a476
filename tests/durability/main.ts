/**
 * `npm run test:disk`: power failures of a simulated disk. First at every byte of a log of 200
 * records, then at random moments of random runs, ten thousand seeds unless told.
 *
 *     --seeds N  --first N   which seeds         --jobs N   processes that share them
 *     --all                  goes on after a seed that failed
 *     --no-bytes             only the seeds
 */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { failAtBytes } from './log-bytes.ts';
import { runPowerSeed } from './power-run.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '10000' },
    first: { type: 'string', default: '1' },
    jobs: { type: 'string', default: '1' },
    all: { type: 'boolean', default: false },
    'no-bytes': { type: 'boolean', default: false },
  },
});
const first = Number(values.first);
const seedCount = Number(values.seeds);
const jobCount = Math.min(Number(values.jobs), seedCount);
const startMs = performance.now();
let failedCount = 0;

if (!values['no-bytes'] && seedCount > 1) {
  const failureCount = await failAtBytes(200, 1);
  tell(`every byte of 200 records: ${failureCount} failures of the power`);
}
if (jobCount > 1) await share();
else await runSeeds();
tell(`${seedCount} seeds, ${failedCount} failed, ${Math.round(secondsPassed())} s`);
process.exitCode = failedCount === 0 ? 0 : 1;

async function runSeeds(): Promise<void> {
  const sums = { imageCount: 0, recordCount: 0, lostCount: 0 };
  for (let seed = first; seed < first + seedCount; seed++) {
    try {
      const facts = await runPowerSeed(seed);
      sums.imageCount += facts.imageCount;
      sums.recordCount += facts.recordCount;
      sums.lostCount += facts.lostCount;
    } catch (error) {
      failedCount++;
      tell(error instanceof Error ? error.message : String(error));
      tell(`again: npm run test:disk -- --seeds 1 --first ${seed}`);
      if (!values.all) break;
    }
  }
  const { imageCount, lostCount, recordCount } = sums;
  const what = `${recordCount} states, ${imageCount} failures of the power`;
  tell(`from ${first} on: ${what}, ${lostCount} of them lost something unsynced`);
}

async function share(): Promise<void> {
  const each = Math.ceil(seedCount / jobCount);
  const jobs: Promise<void>[] = [];
  for (let from = first; from < first + seedCount; from += each) {
    const count = Math.min(each, first + seedCount - from);
    const options = ['--no-bytes', '--first', `${from}`, '--seeds', `${count}`];
    if (values.all) options.push('--all');
    const job = fork(fileURLToPath(import.meta.url), options);
    jobs.push(
      new Promise((resolve) => {
        job.on('exit', (code) => {
          if (code !== 0) failedCount++;
          resolve();
        });
      }),
    );
  }
  await Promise.all(jobs);
}

function tell(line: string): void {
  process.stdout.write(`${line}\n`);
}

function secondsPassed(): number {
  return (performance.now() - startMs) / 1000;
}
