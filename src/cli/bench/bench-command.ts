/** `hypercache bench`: what a node does under load. */
import type { Socket } from '../../base/world.ts';
import { LOGIN_FLAGS } from '../node/node-access.ts';
import { openTalk } from '../resp/resp-talk.ts';
import { barOf, ProgressLine } from '../terminal/progress-line.ts';
import { describeMs } from '../terminal/units.ts';
import { FAILED, runTool, type ToolRun } from '../tool-arguments.ts';
import { JSON_FLAG, type ToolRow } from '../tool-row.ts';
import { BENCH_FLAGS, type BenchPlan, readPlan, requireOperation } from './bench-plan.ts';
import { describeBench } from './bench-report.ts';
import { type LoadPlan, LoadRun } from './load-run.ts';
import { type OperationRow, removalOf } from './operations.ts';
import { randomWorkload, sweepingWorkload } from './workload.ts';

export const BENCH_TOOL: ToolRow = {
  name: 'bench',
  description: 'put a node under load, and tell how long its answers take',
  words: null,
  flags: [...BENCH_FLAGS, ...LOGIN_FLAGS, JSON_FLAG],
  takesSettings: true,
  run: (args, world) => runTool(args, world, bench),
};

const SWEEP_CONNECTIONS = 4;
const SWEEP_DEPTH = 64;
const PROGRESS_MS = 250;
const SPIN_MS = 2;

async function bench(tool: ToolRun): Promise<number> {
  const plan = readPlan(tool);
  if (plan.isFilled) await sweep(tool, plan, { name: 'filling', rows: fillingOf(plan) });
  const run = await measure(tool, plan);
  tool.tell(describeBench(plan, run, tool.paint));
  if (plan.isCleaned) await sweep(tool, plan, { name: 'cleaning', rows: cleaningOf(plan) });
  const { errorCount, unansweredCount } = run.measurement;
  return errorCount + unansweredCount + run.lostCount > 0 ? FAILED : 0;
}

async function measure(tool: ToolRun, plan: BenchPlan): Promise<LoadRun> {
  const { world } = tool;
  const { commandCount, depth, durationMs, operations, ratePerS, space, warmUpMs } = plan;
  const workload = randomWorkload(operations, space, world.random);
  const sockets = await connectAll(tool, plan, plan.connectionCount);
  const loadPlan: LoadPlan = {
    ...{ workload, depth, ratePerS, warmUpMs, durationMs, commandCount },
    spinMs: SPIN_MS,
  };
  const run = new LoadRun(world, sockets, loadPlan);
  // Who has seen enough gets what was measured so far.
  const interrupt = world.host.onSignal('SIGINT', () => run.stop());
  await watched(tool, run, () => {
    const { measurement } = run;
    const p99 = describeMs(measurement.total().percentileMs(0.99));
    return `${barOf(run.share)} ${measurement.answeredCount} answered, p99 ${p99} ms`;
  });
  interrupt.cancel();
  return run;
}

/** Each operation over every key once. */
async function sweep(
  tool: ToolRun,
  plan: BenchPlan,
  { name, rows }: { name: string; rows: readonly OperationRow[] },
): Promise<void> {
  for (const row of rows) {
    const sockets = await connectAll(tool, plan, SWEEP_CONNECTIONS);
    const run = new LoadRun(tool.world, sockets, {
      workload: sweepingWorkload(row, plan.space),
      depth: SWEEP_DEPTH,
      ratePerS: null,
      warmUpMs: 0,
      durationMs: Number.POSITIVE_INFINITY,
      commandCount: plan.space.keyCount,
      spinMs: 0,
    });
    await watched(tool, run, () => `${name} by ${row.name} ${barOf(run.share)}`);
    const { errorCount, errorText } = run.measurement;
    if (errorCount > 0) tool.world.host.writeError(`${name}: ${errorCount} errors: ${errorText}\n`);
  }
}

function fillingOf({ operations }: BenchPlan): OperationRow[] {
  const names = new Set(operations.map(({ row }) => row.filledBy).filter((name) => name !== null));
  return [...names].map(requireOperation);
}

/** One removal for each kind of key. */
function cleaningOf({ operations }: BenchPlan): OperationRow[] {
  const removals = new Map<string, OperationRow>();
  for (const { row } of operations) {
    const removal = removalOf(row);
    if (removal !== null) removals.set(removal.words[1], removal);
  }
  return [...removals.values()];
}

/** Spread over the nodes that are asked. */
function connectAll({ world }: ToolRun, plan: BenchPlan, count: number): Promise<Socket[]> {
  const { login, places } = plan;
  return Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const { socket } = await openTalk(world, places[i % places.length], login);
      return socket;
    }),
  );
}

async function watched({ world }: ToolRun, run: LoadRun, describe: () => string): Promise<void> {
  const line = new ProgressLine(world.host);
  const timer = world.timers.every(PROGRESS_MS, () => void line.show(describe()));
  await run.run();
  timer.cancel();
  line.clear();
}
