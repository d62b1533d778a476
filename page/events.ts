/** What the node tells once a second, and the history that the page keeps of it. */
import { type Signal, signal } from '@preact/signals';
import { ApiError, login, request } from './api.ts';

export interface StoreFigures {
  readonly name: string;
  readonly items: number;
  readonly memory: number;
  readonly memory_limit: number;
  readonly hits: number;
  readonly misses: number;
  readonly evictions: number;
  readonly expired: number;
  readonly writes: number;
}

export interface Member {
  readonly node_id: string;
  readonly address: string;
  readonly port: number;
  readonly status: string;
  readonly metadata: {
    readonly version: string;
    readonly http_port: number;
    readonly state?: string;
    readonly owned_slots?: number;
    readonly owned_stores?: readonly string[];
  };
  readonly last_seen: string;
}

export interface Figures {
  readonly at_ms: number;
  readonly process: {
    readonly id: string;
    readonly version: string;
    readonly uptime_seconds: number;
    readonly connections: number;
    readonly commands_processed: number;
    readonly errors: number;
    readonly cpu_seconds: number;
  };
  readonly memory: {
    readonly used: number;
    readonly limit: number;
    readonly pressure: number;
    readonly pressure_level: string;
    readonly resident: number;
  };
  readonly latency: { readonly p50_us: number; readonly p99_us: number };
  readonly cluster: {
    readonly healthy: boolean;
    readonly cluster_size: number;
    readonly mode: string;
    readonly coordinator: string;
    readonly issues: readonly string[];
    readonly members: readonly Member[];
  };
  readonly stores: readonly StoreFigures[];
}

/** Of one second, from the counts at its ends. */
export interface Moment {
  readonly atS: number;
  readonly commandsPerS: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly memoryBytes: number;
  readonly cpuShare: number;
}

/** Ten minutes. */
const MOMENTS_MAX = 600;
const RETRY_MS = 1_000;
const LINES_MAX = 500;

export const figures = signal<Figures | null>(null);
export const history = signal<readonly Moment[]>([]);
/** Hit ratio of the reads of each second, by store; what no read fell into repeats the last. */
export const ratios = signal<ReadonlyMap<string, readonly number[]>>(new Map());
export const isConnected = signal(true);
/** Why the node does not tell this user; '' when it does. */
export const figuresRefusal = signal('');

export interface LogLine {
  readonly '@timestamp': string;
  readonly level: string;
  readonly component: string;
  readonly action: string;
  readonly message: string;
  readonly correlation_id?: string;
  readonly error?: unknown;
  readonly fields?: Readonly<Record<string, unknown>>;
}

interface LogEvent {
  readonly lines: readonly string[];
  readonly missed: number;
  readonly next: number;
}

export const logLines = signal<readonly LogLine[]>([]);
export const logRefusal = signal('');

/** @returns ends it */
export function followFigures(): () => void {
  figures.value = null;
  history.value = [];
  return follow(figuresRefusal, (signal) => readEvents('/api/events', take, signal));
}

/** @returns ends it */
export function followLog(): () => void {
  let next = 0;
  let isAnew = true;
  return follow(logRefusal, async (signal) => {
    try {
      await readEvents(`/api/events/log?from=${next}`, addLines, signal);
    } catch (error) {
      // The node that answers next may count its lines anew.
      next = 0;
      isAnew = true;
      throw error;
    }
  });

  function addLines(told: LogEvent): void {
    next = told.next;
    const before = isAnew ? [] : logLines.value;
    isAnew = false;
    const lines = told.lines.map((line) => JSON.parse(line) as LogLine);
    const missed = told.missed === 0 ? [] : [missedLine(told.missed)];
    logLines.value = [...before, ...missed, ...lines].slice(-LINES_MAX);
  }
}

function missedLine(count: number): LogLine {
  return {
    '@timestamp': new Date().toISOString(),
    level: 'warn',
    component: 'page',
    action: 'missed',
    message: `${count} lines came faster than they could be followed`,
  };
}

/** A stream ends after a minute, so that the login is checked anew: it is asked for again. */
function follow(refusal: Signal<string>, read: (signal: AbortSignal) => Promise<void>): () => void {
  const ending = new AbortController();
  const { signal } = ending;
  const go = async (): Promise<void> => {
    while (!signal.aborted && login.value === 'done') {
      try {
        await read(signal);
        refusal.value = '';
      } catch (error) {
        if (signal.aborted) return;
        isConnected.value = error instanceof ApiError;
        if (error instanceof ApiError) refusal.value = error.message;
        await pause(RETRY_MS);
      }
    }
  };
  void go();
  return () => ending.abort();
}

/**
 * EventSource sends no Authorization header, so the stream is read by hand: events are parted by an
 * empty line, and ours have one line of data each.
 */
async function readEvents<Facts>(
  path: string,
  take: (facts: Facts) => void,
  signal: AbortSignal,
): Promise<void> {
  const response = await request('GET', path, { signal });
  isConnected.value = true;
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const events = (rest + value).split('\n\n');
    rest = events.pop()!;
    for (const event of events) {
      const data = event.split('\n').find((line) => line.startsWith('data: '));
      if (data !== undefined) take(JSON.parse(data.slice('data: '.length)));
    }
  }
}

function take(next: Figures): void {
  const before = figures.value;
  figures.value = next;
  if (before === null || before.process.id !== next.process.id) return;
  const seconds = (next.at_ms - before.at_ms) / 1000;
  // The counts of a node that was started anew begin at 0.
  const calls = next.process.commands_processed - before.process.commands_processed;
  if (seconds <= 0 || calls < 0) return;
  const moment: Moment = {
    atS: next.at_ms / 1000,
    commandsPerS: calls / seconds,
    p50Us: next.latency.p50_us,
    p99Us: next.latency.p99_us,
    memoryBytes: next.memory.used,
    cpuShare: Math.max(0, next.process.cpu_seconds - before.process.cpu_seconds) / seconds,
  };
  history.value = [...history.value, moment].slice(-MOMENTS_MAX);
  ratios.value = new Map(next.stores.map((store) => [store.name, ratiosOf(store, before)]));
}

function ratiosOf(store: StoreFigures, before: Figures): readonly number[] {
  const kept = ratios.value.get(store.name) ?? [];
  const old = before.stores.find(({ name }) => name === store.name);
  const hits = store.hits - (old?.hits ?? 0);
  const reads = hits + store.misses - (old?.misses ?? 0);
  const ratio = reads > 0 ? hits / reads : kept.at(-1);
  return ratio === undefined ? kept : [...kept, ratio].slice(-MOMENTS_MAX / 10);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
