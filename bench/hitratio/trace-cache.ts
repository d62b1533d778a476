import { KEY_BYTES, SLOT_REQUESTS, slotsLeftAt, type Trace } from './traces.ts';

/** A cache under test, asked as a program would: GET, and where that misses SET. */
export interface TraceCache {
  /** Empties it and sets its limit, in bytes beyond what it counts when empty. */
  reset(limitBytes: number): Promise<void>;
  /** @returns how many of the requests missed */
  request(requests: RequestBatch): Promise<number>;
  /** Lets time pass before what follows. */
  advance(ms: number): void;
  /** Keys and values that it holds now. */
  payloadBytes(): Promise<number>;
  stop(): Promise<void>;
}

export interface RequestBatch {
  count: number;
  readonly keys: Uint32Array;
  readonly valueBytes: Uint32Array;
  /** 0: none. */
  readonly ttlMs: Float64Array;
}

export interface TraceRun {
  readonly missCount: number;
  /** At the end. */
  readonly payloadBytes: number;
}

/** Of the payload, at first. */
const FIT_BEGIN = 2;
const FIT_ROUNDS = 8;
const FIT_WITHIN = 0.003;
/** A run that ends with more or less is run again: some policies keep more as they learn. */
const RUN_WITHIN = 0.01;
const RUN_COUNT_MAX = 3;
/** What goes in for a fit, as a multiple of what may stay. */
const FIT_FILL = 2.5;

/** Runs with the limit that holds so many payload bytes at the end of the run too. */
export async function runWithPayload(
  cache: TraceCache,
  trace: Trace,
  options: { payloadBytes: number; requestsPerS: number },
): Promise<TraceRun & { limitBytes: number }> {
  let limitBytes = await fitLimit(cache, trace, options);
  for (let round = 1; ; round++) {
    await cache.reset(limitBytes);
    const run = await runTrace(cache, trace, options.requestsPerS);
    const off = run.payloadBytes - options.payloadBytes;
    const isFit = Math.abs(off) < options.payloadBytes * RUN_WITHIN;
    if (isFit || round === RUN_COUNT_MAX) return { ...run, limitBytes };
    // What it keeps beside hardly grows with the limit: so much more is nearly all payload.
    limitBytes = Math.round(limitBytes - off);
  }
}

export async function runTrace(
  cache: TraceCache,
  trace: Trace,
  requestsPerS: number,
): Promise<TraceRun> {
  const batch = createBatch();
  const next = trace.open();
  const slotMs = slotMsAt(requestsPerS);
  let missCount = 0;
  for (let slot = 0; slot * SLOT_REQUESTS < trace.requestCount; slot++) {
    cache.advance(slotMs);
    batch.count = Math.min(SLOT_REQUESTS, trace.requestCount - slot * SLOT_REQUESTS);
    for (let i = 0; i < batch.count; i++) {
      const key = next();
      batch.keys[i] = key;
      batch.valueBytes[i] = trace.valueBytesOf(key);
      const leftMs = slotsLeftAt(trace, key, slot) * slotMs;
      // At the moment of its deadline a key of redis-server is still there.
      batch.ttlMs[i] = leftMs === 0 ? 0 : leftMs - 1;
    }
    missCount += await cache.request(batch);
  }
  return { missCount, payloadBytes: await cache.payloadBytes() };
}

/**
 * The limit with which a full cache holds that many payload bytes: found by filling it.
 * @returns bytes beyond what it counts when empty
 */
export async function fitLimit(
  cache: TraceCache,
  trace: Trace,
  options: { payloadBytes: number; requestsPerS: number },
): Promise<number> {
  const { payloadBytes } = options;
  const slotMs = slotMsAt(options.requestsPerS);
  let limitBytes = payloadBytes * FIT_BEGIN;
  for (let round = 0; round < FIT_ROUNDS; round++) {
    await cache.reset(limitBytes);
    await fill(cache, trace, { payloadBytes: payloadBytes * FIT_FILL, slotMs });
    const held = await cache.payloadBytes();
    const isFit = Math.abs(held / payloadBytes - 1) < FIT_WITHIN;
    if (isFit) break;
    limitBytes *= held === 0 ? 2 : payloadBytes / held;
  }
  return Math.round(limitBytes);
}

async function fill(
  cache: TraceCache,
  trace: Trace,
  { payloadBytes, slotMs }: { payloadBytes: number; slotMs: number },
): Promise<void> {
  const batch = createBatch();
  let key = 0;
  for (let filled = 0; filled < payloadBytes; ) {
    batch.count = SLOT_REQUESTS;
    for (let i = 0; i < SLOT_REQUESTS; i++) {
      batch.keys[i] = key;
      batch.valueBytes[i] = trace.valueBytesOf(key);
      batch.ttlMs[i] = trace.periodSlotsOf(key) === 0 ? 0 : FAR_MS;
      filled += KEY_BYTES + batch.valueBytes[i];
      key++;
    }
    cache.advance(slotMs);
    await cache.request(batch);
  }
}

function slotMsAt(requestsPerS: number): number {
  return (SLOT_REQUESTS / requestsPerS) * 1_000;
}

function createBatch(): RequestBatch {
  return {
    count: 0,
    keys: new Uint32Array(SLOT_REQUESTS),
    valueBytes: new Uint32Array(SLOT_REQUESTS),
    ttlMs: new Float64Array(SLOT_REQUESTS),
  };
}

const FAR_MS = 1e9;

/** Sums it up where the keys are. */
export const PAYLOAD_SCRIPT = `
local sum = 0
for _, key in ipairs(redis.call('KEYS', '*')) do
  sum = sum + #key + redis.call('STRLEN', key)
end
return sum`;
