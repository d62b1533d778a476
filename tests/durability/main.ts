/** `npm run test:disk`: power failures of a simulated disk, ten thousand seeds unless told. */
import { parseArgs } from 'node:util';
import { runPowerSeed } from './power-run.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '10000' },
    first: { type: 'string', default: '1' },
    /** Goes on after a failure. */
    all: { type: 'boolean', default: false },
  },
});
const first = Number(values.first);
const seedCount = Number(values.seeds);
const sums = { imageCount: 0, recordCount: 0, lostCount: 0 };
let failedCount = 0;
const startMs = performance.now();
for (let seed = first; seed < first + seedCount; seed++) {
  try {
    const facts = await runPowerSeed(seed);
    sums.imageCount += facts.imageCount;
    sums.recordCount += facts.recordCount;
    sums.lostCount += facts.lostCount;
  } catch (error) {
    failedCount++;
    process.stdout.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.stdout.write(`again: npm run test:disk -- --first ${seed} --seeds 1\n`);
    if (!values.all) break;
  }
}
const seconds = Math.round((performance.now() - startMs) / 1000);
process.stdout.write(
  `${seedCount} seeds from ${first}: ${sums.recordCount} states, ${sums.imageCount} failures ` +
    `of the power (${sums.lostCount} lost something unsynced), ${failedCount} seeds failed, ` +
    `${seconds} s\n`,
);
process.exitCode = failedCount === 0 ? 0 : 1;
