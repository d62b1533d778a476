/**
 * How often a cache in front of a slow source misses: every policy of ours, redis-server's
 * allkeys-lru and allkeys-lfu, and the best that is possible at all, on generated traces. A request
 * is GET and, where that misses, SET. Sizes are shares of the footprint, which is the payload (keys
 * and values) of all keys that a trace asks for. Cold misses count, for everyone alike.
 *
 *     npm run bench:hitratio -- [--quick] [--traces zipf-0.9,ttl] [--policies lru,sieve]
 *
 * *Equal payload*: each cache's limit is where, full, it holds that share in keys and values,
 * whatever it adds to them; found by filling it. *Equal megabytes*: ours has the very limit that
 * redis-server needed, both beyond what they count when empty.
 *
 * Time is the trace's, for both: `--pace` requests are a second (`hitratio/trace-clock.ts`). With
 * 100,000 keys 1,000 requests a second are one per key in 100 s, as 50,000 are with 5 million keys.
 * At a slower pace redis-server's LFU counters fall before they tell keys apart; at a faster one
 * its LRU clock of seconds does not tell them apart.
 */
import path from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { POLICY_TABLE } from '../src/engine/eviction/policy-table.ts';
import { skipWithout } from '../tests/support/server.ts';
import type { JobResult, OurJob } from './hitratio/our-worker.ts';
import { startRedisCache } from './hitratio/redis-cache.ts';
import { bestOf, type Cell, reportCells } from './hitratio/tables.ts';
import { runWithPayload } from './hitratio/trace-cache.ts';
import { createTraceClock, hasCompiler } from './hitratio/trace-clock.ts';
import { createTrace, footprintOf, TRACE_NAMES, type TraceScale } from './hitratio/traces.ts';
import { print, printJson, printMachine } from './support/report.ts';

const { values: flags } = parseArgs({
  options: {
    tiny: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    traces: { type: 'string' },
    sizes: { type: 'string' },
    policies: { type: 'string' },
    pace: { type: 'string' },
    seed: { type: 'string', default: '1' },
  },
});

const SCALE: TraceScale = {
  ...(flags.tiny
    ? { keyCount: 10_000, requestCount: 20_000 }
    : flags.quick
      ? { keyCount: 20_000, requestCount: 400_000 }
      : { keyCount: 100_000, requestCount: 2_000_000 }),
  seed: Number(flags.seed),
};
/** Seconds go by in a smaller trace as in a full one. */
const PACE = Number(flags.pace ?? SCALE.keyCount / 100);
const TRACES = flags.traces?.split(',') ?? (flags.tiny ? ['zipf-0.9', 'ttl'] : TRACE_NAMES);
const SIZES = (flags.sizes ?? (flags.tiny ? '20' : flags.quick ? '5' : '1,5,20'))
  .split(',')
  .map(Number);
const POLICIES = flags.policies?.split(',') ?? ownNames();
const REDIS_POLICIES = ['lru', 'lfu'];

interface Place {
  readonly trace: string;
  readonly sizePercent: number;
  readonly payloadBytes: number;
}

interface RedisResult {
  readonly limitBytes: number;
  readonly runs: Readonly<Record<string, JobResult>>;
}

if (skipWithout('redis-server')) print('bench:hitratio needs redis-server');
else if (!hasCompiler() && !flags.tiny) print('bench:hitratio needs cc, for the clock of redis');
else await main();

async function main(): Promise<void> {
  printMachine();
  print(
    `${SCALE.keyCount} keys or more, ${SCALE.requestCount} requests, ${PACE} a second, ` +
      `seed ${SCALE.seed}`,
  );
  const places = TRACES.flatMap((name) => {
    const footprint = footprintOf(createTrace(name, SCALE));
    const megabytes = (footprint.byteCount / 1e6).toFixed(1);
    print(`${name}: footprint ${footprint.keyCount} keys, ${megabytes} MB`);
    return SIZES.map((sizePercent) => ({
      trace: name,
      sizePercent,
      payloadBytes: (footprint.byteCount * sizePercent) / 100,
    }));
  });
  const worker = new Worker(path.join(import.meta.dirname, 'hitratio/our-worker.js'));
  const fromRedis = runInTurn(places, measureRedis);
  const cells: Cell[] = [];
  for (const [i, place] of places.entries()) {
    cells.push(await measureCell(worker, place, fromRedis[i]));
    reportProgress(cells[i], places.length - i - 1);
  }
  await worker.terminate();
  reportCells(cells, flags.tiny);
  printJson('hitratio', { scale: SCALE, requestsPerS: PACE, cells });
}

/** Starts each when the one before is done; a promise each, at once. */
function runInTurn<In, Out>(items: readonly In[], run: (item: In) => Promise<Out>): Promise<Out>[] {
  let last: Promise<unknown> = Promise.resolve();
  return items.map((item) => {
    const next = last.then(() => run(item));
    last = next;
    return next;
  });
}

async function measureCell(
  worker: Worker,
  place: Place,
  fromRedis: Promise<RedisResult>,
): Promise<Cell> {
  const { trace, sizePercent, payloadBytes } = place;
  const run = (policy: string | null, limitBytes: number | null = null): Promise<JobResult> =>
    runInWorker(worker, {
      trace,
      scale: SCALE,
      requestsPerS: PACE,
      payloadBytes,
      policy,
      limitBytes,
    });
  const optimum = await run(null);
  const ours: Record<string, JobResult> = {};
  for (const policy of POLICIES) ours[policy] = await run(policy);
  const redis = await fromRedis;
  const oursInBytes: Record<string, JobResult> = {};
  for (const policy of new Set(['lru', bestOf(ratiosOf(ours))])) {
    oursInBytes[policy] = await run(policy, redis.limitBytes);
  }
  const held = [...Object.values(ours), ...Object.values(redis.runs)].map((one) => {
    return one.payloadBytes / payloadBytes;
  });
  return {
    trace,
    isWebLike: createTrace(trace, SCALE).isWebLike,
    sizePercent,
    optimum: optimum.missRatio,
    ours: ratiosOf(ours),
    redis: ratiosOf(redis.runs),
    redisLimitBytes: redis.limitBytes,
    oursInBytes: ratiosOf(oursInBytes),
    heldShares: [Math.min(...held), Math.max(...held)],
  };
}

function runInWorker(worker: Worker, job: OurJob): Promise<JobResult> {
  return new Promise((resolve, reject) => {
    worker.once('error', reject);
    worker.once('message', (result: JobResult) => {
      worker.off('error', reject);
      resolve(result);
    });
    worker.postMessage(job);
  });
}

async function measureRedis({ trace: name, payloadBytes }: Place): Promise<RedisResult> {
  const trace = createTrace(name, SCALE);
  const runs: Record<string, JobResult> = {};
  let limitBytes = 0;
  for (const policy of REDIS_POLICIES) {
    const clock = hasCompiler() ? createTraceClock() : null;
    const cache = await startRedisCache(`allkeys-${policy}`, clock);
    try {
      const run = await runWithPayload(cache, trace, { payloadBytes, requestsPerS: PACE });
      limitBytes = run.limitBytes;
      const missRatio = run.missCount / SCALE.requestCount;
      runs[policy] = { missRatio, payloadBytes: run.payloadBytes };
    } finally {
      await cache.stop();
      clock?.close();
    }
  }
  return { limitBytes, runs };
}

function reportProgress(cell: Cell, leftCount: number): void {
  const best = bestOf(cell.ours);
  const words = [`optimum ${percent(cell.optimum)}`, `${best} ${percent(cell.ours[best])}`];
  for (const [name, ratio] of Object.entries(cell.redis)) {
    words.push(`redis ${name} ${percent(ratio)}`);
  }
  const held = cell.heldShares.map(percent).join(' to ');
  const place = `${cell.trace} ${cell.sizePercent} %`;
  print(`${place}: ${words.join(', ')}; held ${held}; ${leftCount} to go`);
}

function ratiosOf(runs: Readonly<Record<string, JobResult>>): Record<string, number> {
  return Object.fromEntries(Object.entries(runs).map(([name, run]) => [name, run.missRatio]));
}

/** Those that evict anything; redis-server's other names mean the same or keep to deadlines. */
function ownNames(): string[] {
  return Object.keys(POLICY_TABLE).filter((name) => {
    return name !== 'noeviction' && !/^(allkeys|volatile)-/.test(name);
  });
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
