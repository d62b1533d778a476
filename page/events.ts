/** What the node tells once a second, and the history that the page keeps of it. */
import { signal } from '@preact/signals';
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

export const logLines = signal<readonly LogLine[]>([]);
export const logRefusal = signal('');

/** Follows the figures for as long as the page is logged in. */
export async function followFigures(): Promise<void> {
  while (login.value === 'done') {
    try {
      await readEvents('/api/events', (facts) => take(facts as Figures));
    } catch (error) {
      isConnected.value = error instanceof ApiError;
      await pause(RETRY_MS);
    }
  }
}

/** @returns ends it */
export function followLog(): () => void {
  const ending = new AbortController();
  void follow();
  return () => ending.abort();

  async function follow(): Promise<void> {
    let next = 0;
    logLines.value = [];
    logRefusal.value = '';
    while (!ending.signal.aborted && logRefusal.value === '') {
      try {
        const take = (facts: unknown): void => {
          const told = facts as { lines: string[]; next: number };
          next = told.next;
          const lines = told.lines.map((line) => JSON.parse(line) as LogLine);
          if (lines.length > 0) logLines.value = [...logLines.value, ...lines].slice(-LINES_MAX);
        };
        await readEvents(`/api/events/log?from=${next}`, take, ending.signal);
      } catch (error) {
        if (error instanceof ApiError) logRefusal.value = error.message;
        // A node that was started anew counts its lines anew.
        next = 0;
        if (!ending.signal.aborted) await pause(RETRY_MS);
      }
    }
  }
}

/**
 * EventSource sends no Authorization header, so the stream is read by hand: events are parted by an
 * empty line, and ours have one line of data each.
 */
async function readEvents(
  path: string,
  take: (facts: unknown) => void,
  signal?: AbortSignal,
): Promise<void> {
  const response = await request('GET', path);
  isConnected.value = true;
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  signal?.addEventListener('abort', () => void reader.cancel());
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
