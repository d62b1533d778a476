/**
 * Seeded traces of requests, made as they are read: the same each time they are opened. A key is a
 * number; how large its value is and how long it is good for follow from the number.
 *
 * Time is counted in slots of SLOT_REQUESTS requests. A value with a time to live is good until the
 * source of its key changes next, each period of that key: so whoever fetches it, and whenever, it
 * ends at the same moment, and the offline optimum stays exact.
 */
import { SeededRandom } from '../../src/world/simulated/seeded-random.ts';
import { Zipf } from './zipf.ts';

export const SLOT_REQUESTS = 100;
export const KEY_BYTES = 16;
const VALUE_BYTES = 100;
const VALUE_BYTES_MIN = 50;
export const VALUE_BYTES_MAX = 20_000;
const SCAN_COUNT = 20;
const SCAN_SHARE = 0.08;
const PHASE_COUNT = 10;

export interface TraceScale {
  readonly keyCount: number;
  readonly requestCount: number;
  readonly seed: number;
}

export interface Trace {
  readonly name: string;
  /** As caches before web services see it: popular keys, whatever else. */
  readonly isWebLike: boolean;
  readonly hasSizes: boolean;
  readonly requestCount: number;
  /** Keys are below. */
  readonly keyLimit: number;
  /** The key of each request in turn. */
  open(): () => number;
  valueBytesOf(key: number): number;
  /** Slots from one change at its source to the next; 0: never. */
  periodSlotsOf(key: number): number;
}

interface TraceRow {
  readonly isWebLike: boolean;
  readonly hasSizes?: boolean;
  readonly hasDeadlines?: boolean;
  readonly open: (scale: TraceScale) => () => number;
}

const TRACE_ROWS: Readonly<Record<string, TraceRow>> = {
  'zipf-0.7': { isWebLike: true, open: zipf(0.7) },
  'zipf-0.9': { isWebLike: true, open: zipf(0.9) },
  'zipf-1.1': { isWebLike: true, open: zipf(1.1) },
  'scan-mixed': { isWebLike: true, open: scanMixed },
  shifting: { isWebLike: true, open: shifting },
  sizes: { isWebLike: true, hasSizes: true, open: zipf(0.9) },
  ttl: { isWebLike: true, hasDeadlines: true, open: zipf(0.9) },
  loop: { isWebLike: false, open: loop },
};

export const TRACE_NAMES: readonly string[] = Object.keys(TRACE_ROWS);

export function createTrace(name: string, scale: TraceScale): Trace {
  const row = TRACE_ROWS[name];
  if (row === undefined) throw new Error(`there is no trace ${name}`);
  const slotCount = scale.requestCount / SLOT_REQUESTS;
  return {
    name,
    isWebLike: row.isWebLike,
    hasSizes: row.hasSizes === true,
    requestCount: scale.requestCount,
    keyLimit: scale.keyCount * 3 + scale.requestCount,
    open: () => row.open(scale),
    valueBytesOf: row.hasSizes ? sizeOf : () => VALUE_BYTES,
    periodSlotsOf: row.hasDeadlines ? (key) => periodOf(key, slotCount) : () => 0,
  };
}

/** Changes at the source of that key so far: a value fetched before the last one is stale. */
export function versionAt(trace: Trace, key: number, slot: number): number {
  const period = trace.periodSlotsOf(key);
  return period === 0 ? 0 : Math.floor((slot + phaseOf(key, period)) / period);
}

/** Slots until the source of that key changes next; 0: never. */
export function slotsLeftAt(trace: Trace, key: number, slot: number): number {
  const period = trace.periodSlotsOf(key);
  return period === 0 ? 0 : period - ((slot + phaseOf(key, period)) % period);
}

/** Payload bytes of all keys that the trace asks for, and how many they are. */
export function footprintOf(trace: Trace): { byteCount: number; keyCount: number } {
  const seen = new Uint8Array(trace.keyLimit);
  const next = trace.open();
  let byteCount = 0;
  let keyCount = 0;
  for (let i = 0; i < trace.requestCount; i++) {
    const key = next();
    if (seen[key] !== 0) continue;
    seen[key] = 1;
    keyCount++;
    byteCount += KEY_BYTES + trace.valueBytesOf(key);
  }
  return { byteCount, keyCount };
}

function zipf(skew: number): TraceRow['open'] {
  return ({ keyCount, seed }) => {
    const ranks = new Zipf(keyCount, skew, new SeededRandom(seed));
    return () => ranks.next();
  };
}

function loop({ keyCount }: TraceScale): () => number {
  let i = -1;
  return () => {
    i = i + 1 === keyCount ? 0 : i + 1;
    return i;
  };
}

/** Zipf 0.9; now and then half of the requests go through keys that nobody asks for again. */
function scanMixed({ keyCount, requestCount, seed }: TraceScale): () => number {
  const popularCount = Math.floor(keyCount * 0.8);
  const ranks = new Zipf(popularCount, 0.9, new SeededRandom(seed));
  const everyRequests = Math.floor(requestCount / SCAN_COUNT);
  const scanRequests = Math.floor(everyRequests * SCAN_SHARE) * 2;
  let nextScanned = popularCount;
  let i = 0;
  return () => {
    const place = i++ % everyRequests;
    return place < scanRequests && place % 2 === 0 ? nextScanned++ : ranks.next();
  };
}

/** Zipf 0.9 over ranks; at each phase half of the ranks, popular ones too, go to new keys. */
function shifting({ keyCount, requestCount, seed }: TraceScale): () => number {
  const rankCount = Math.floor(keyCount / 4);
  const phaseRequests = Math.ceil(requestCount / PHASE_COUNT);
  const ranks = new Zipf(rankCount, 0.9, new SeededRandom(seed));
  const shifts = new SeededRandom(seed + 1);
  const generations = new Uint8Array(rankCount);
  let i = 0;
  return () => {
    if (i > 0 && i % phaseRequests === 0) {
      for (let rank = 0; rank < rankCount; rank++) generations[rank] += shifts.below(2);
    }
    i++;
    const rank = ranks.next();
    return rank + rankCount * generations[rank];
  };
}

/** 50 B to 20 KB, its logarithm about normal: half are below 1,000 B. */
function sizeOf(key: number): number {
  const mean = (unitOf(key, 1) + unitOf(key, 2) + unitOf(key, 3)) / 3;
  return Math.floor(VALUE_BYTES_MIN * (VALUE_BYTES_MAX / VALUE_BYTES_MIN) ** mean);
}

/** A third of the keys each: never, a sixtieth of the trace, a sixth of it. */
function periodOf(key: number, slotCount: number): number {
  const kind = Math.floor(unitOf(key, 4) * 3);
  return kind === 0 ? 0 : Math.max(2, Math.floor(slotCount / (kind === 1 ? 60 : 6)));
}

function phaseOf(key: number, period: number): number {
  return Math.floor(unitOf(key, 5) * period);
}

/** 0 to 1, of that key alone. */
function unitOf(key: number, salt: number): number {
  let mixed = Math.imul(key + 1, 0x9e3779b1) + Math.imul(salt, 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
  return ((mixed ^ (mixed >>> 15)) >>> 0) / 4_294_967_296;
}
