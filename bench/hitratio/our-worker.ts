/**
 * A thread that runs our policies and reckons the optimum, while the main one drives redis-server.
 */
import { parentPort } from 'node:worker_threads';
import { fewestMisses } from './optimum.ts';
import { createOurCache } from './our-cache.ts';
import { runTrace, runWithPayload, type TraceRun } from './trace-cache.ts';
import { createTrace, type TraceScale } from './traces.ts';

export interface OurJob {
  readonly trace: string;
  readonly scale: TraceScale;
  readonly requestsPerS: number;
  readonly payloadBytes: number;
  /** Null: the optimum. */
  readonly policy: string | null;
  /** Null: as much as holds that payload. */
  readonly limitBytes: number | null;
}

export interface JobResult {
  readonly missRatio: number;
  readonly payloadBytes: number;
}

parentPort?.on('message', async (job: OurJob) => {
  parentPort?.postMessage(await runJob(job));
});

export async function runJob(job: OurJob): Promise<JobResult> {
  const { scale, requestsPerS, payloadBytes, policy } = job;
  const trace = createTrace(job.trace, scale);
  if (policy === null) {
    const missCount = fewestMisses(trace, payloadBytes);
    return { missRatio: missCount / scale.requestCount, payloadBytes };
  }
  const cache = await createOurCache(policy, scale.seed);
  let run: TraceRun;
  if (job.limitBytes === null) {
    run = await runWithPayload(cache, trace, { payloadBytes, requestsPerS });
  } else {
    await cache.reset(job.limitBytes);
    run = await runTrace(cache, trace, requestsPerS);
  }
  await cache.stop();
  return { missRatio: run.missCount / scale.requestCount, payloadBytes: run.payloadBytes };
}
