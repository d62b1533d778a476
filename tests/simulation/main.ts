/**
 * `npm run test:simulation`: clusters of whole nodes in one process, one seed a run.
 *
 *     --seeds N  --first N   which seeds          --jobs N   processes that share them
 *     --kind calm            one kind of scenario: calm, crash, partition, chaos
 *     --layout few           where keys lie: whole, slots, few
 *     --mutation NAME        with one deliberate defect of the protocol
 *     --mutations            each of them in turn, or those named, until a seed has caught it
 *     --all                  goes on after a seed that failed
 */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { MUTATIONS, type Mutation, requireMutation } from './mutations.ts';
import { runSeed, type SeedOptions, type SeedReport } from './run-seed.ts';
import { SCENARIO_KINDS } from './scenario.ts';
import { describeError, LAYOUTS } from './simulated-cluster.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '3000' },
    first: { type: 'string', default: '1' },
    jobs: { type: 'string', default: '1' },
    kind: { type: 'string' },
    layout: { type: 'string' },
    mutation: { type: 'string', multiple: true, default: [] },
    mutations: { type: 'boolean', default: false },
    all: { type: 'boolean', default: false },
  },
});
const first = Number(values.first);
const seedCount = Number(values.seeds);
const [mutationName] = values.mutation;
const jobCount = Math.min(Number(values.jobs), seedCount);
const kind = SCENARIO_KINDS.find((one) => one === values.kind);
const layout = LAYOUTS.find((one) => one === values.layout);
const startMs = performance.now();
let failedCount = 0;
/** A seed's nodes die young: with 16 MiB many are moved to the old generation before. */
const HEAP_FLAGS = ['--max-semi-space-size=64'];

if (jobCount > 1) await share();
else if (values.mutations) await catchMutations();
else await runSeeds(mutationName === undefined ? null : requireMutation(mutationName));
process.exitCode = failedCount === 0 ? 0 : 1;

async function runSeeds(mutation: Mutation | null): Promise<void> {
  const restore = mutation?.apply();
  const sums = { seeds: 0, operations: 0, done: 0, virtualMs: 0, convergedMsMax: 0, slowest: 0 };
  for (let seed = first; seed < first + seedCount; seed++) {
    const report = await trySeed(seed, { kind, layout });
    sums.seeds++;
    sums.operations += report.operationCount;
    sums.done += report.doneCount;
    sums.virtualMs += report.virtualMs;
    if (report.convergedMs > sums.convergedMsMax) {
      sums.convergedMsMax = report.convergedMs;
      sums.slowest = seed;
    }
    if (report.problems.length === 0) continue;
    failedCount++;
    tell(`seed ${seed} (${report.kind}, ${report.layout}):`);
    for (const line of report.problems) tell(`  ${line}`);
    const flags = mutation === null ? '' : ` --mutation ${mutation.name}`;
    tell(`again: npm run test:simulation -- --seeds 1 --first ${seed}${flags}`);
    if (!values.all) break;
  }
  restore?.();
  const virtualS = Math.round(sums.virtualMs / 1000);
  const what = `${sums.operations} commands, ${sums.done} answered, ${virtualS} s of their time`;
  const { system, user } = process.cpuUsage();
  const costMs = Math.round((user + system) / 1000 / sums.seeds);
  tell(
    `${sums.seeds} seeds, ${failedCount} failed: ${what}; ${costMs} ms of processor time a seed`,
  );
  const latest = Math.round(sums.convergedMsMax);
  tell(`equal at the latest ${latest} ms after all was mended, by seed ${sums.slowest}`);
}

/** Each must be seen by one of the seeds. */
async function catchMutations(): Promise<void> {
  const chosen = chooseMutations();
  for (const mutation of chosen) {
    const caught = await findSeedThatFails(mutation);
    if (caught === null) failedCount++;
    const how = caught === null ? `MISSED by ${seedCount} seeds` : describeCatch(caught);
    tell(`${mutation.name}: ${how}`);
  }
  tell(`${chosen.length} mutations, ${failedCount} missed, ${Math.round(secondsPassed())} s`);
}

function chooseMutations(): readonly Mutation[] {
  return values.mutation.length === 0 ? MUTATIONS : values.mutation.map(requireMutation);
}

/** A seed that fails without the mutation as well has caught nothing. */
async function findSeedThatFails(mutation: Mutation): Promise<SeedReport | null> {
  for (let seed = first; seed < first + seedCount; seed++) {
    const restore = mutation.apply();
    const report = await trySeed(seed, mutation);
    restore();
    if (report.problems.length === 0) continue;
    const without = await trySeed(seed, mutation);
    if (without.problems.length === 0) return report;
  }
  return null;
}

function describeCatch({ seed, kind: scenario, problems }: SeedReport): string {
  return `caught by seed ${seed} (${scenario}), ${seed - first + 1} tried: ${problems[0]}`;
}

/** What a run throws is a failure of its seed. */
async function trySeed(seed: number, wanted: Omit<SeedOptions, 'seed'>): Promise<SeedReport> {
  try {
    return await runSeed({ seed, kind: wanted.kind, layout: wanted.layout });
  } catch (error) {
    return {
      seed,
      kind: wanted.kind ?? 'chaos',
      layout: wanted.layout ?? 'whole',
      operationCount: 0,
      doneCount: 0,
      virtualMs: 0,
      convergedMs: 0,
      problems: [describeError(error)],
    };
  }
}

async function share(): Promise<void> {
  const common = kind === undefined ? [] : ['--kind', kind];
  if (values.all) common.push('--all');
  if (layout !== undefined) common.push('--layout', layout);
  const parts = values.mutations ? shareOfMutations() : shareOfSeeds();
  await Promise.all(parts.map((part) => runJob([...common, ...part])));
  const what = values.mutations ? `${chooseMutations().length} mutations` : `${seedCount} seeds`;
  tell(`${what} in ${Math.round(secondsPassed())} s`);
}

function shareOfSeeds(): string[][] {
  const each = Math.ceil(seedCount / jobCount);
  const parts: string[][] = [];
  for (let from = first; from < first + seedCount; from += each) {
    const count = Math.min(each, first + seedCount - from);
    const mutation = mutationName === undefined ? [] : ['--mutation', mutationName];
    parts.push(['--first', `${from}`, '--seeds', `${count}`, ...mutation]);
  }
  return parts;
}

/** In turn, as those that are hard to catch stand beside each other. */
function shareOfMutations(): string[][] {
  const range = ['--first', `${first}`, '--seeds', `${seedCount}`];
  const parts = Array.from({ length: jobCount }, () => [...range, '--mutations']);
  for (const [i, { name }] of chooseMutations().entries()) {
    parts[i % jobCount].push('--mutation', name);
  }
  return parts;
}

function runJob(options: string[]): Promise<void> {
  const job = fork(fileURLToPath(import.meta.url), options, { execArgv: HEAP_FLAGS });
  return new Promise((resolve) => {
    job.on('exit', (code) => {
      if (code !== 0) failedCount++;
      resolve();
    });
  });
}

function tell(line: string): void {
  process.stdout.write(`${line}\n`);
}

function secondsPassed(): number {
  return (performance.now() - startMs) / 1000;
}
