import type { Logger as PinoLogger } from 'pino';
import type { Configuration, LogLevel } from '../../base/configuration.ts';
import type { LogComponent, LogFacts, Logger, LogHealth } from '../../base/logger.ts';
import type { World } from '../../base/world.ts';
import { type LogSinks, openLogSinks } from './log-sinks.ts';
import { formatForPeople } from './people-format.ts';
import { RecentLines } from './recent-lines.ts';

/** As pino numbers them; `verbose` is redis-server's level between debug and info. */
const LEVELS: Readonly<Record<LogLevel, number>> = {
  trace: 10,
  debug: 20,
  verbose: 25,
  info: 30,
  warn: 40,
  error: 50,
  fatal: 60,
};

export interface Log {
  readonly logger: Logger;
  readonly health: LogHealth;
  /** Resolves when every line so far is written; from then on lines are written as they come. */
  flush(): Promise<void>;
  /** Writes what was kept and closes the files; lines after that go to the terminal only. */
  close(): Promise<void>;
}

export interface LogOptions {
  readonly world: World;
  /** Read at each line, so that level and form follow CONFIG SET at once. */
  readonly configuration: Configuration;
}

/**
 * One JSON object a line: `level, @timestamp, node_id, component, action, correlation_id?,
 * duration_ms?, error?, fields{}, message`. pino makes the text, the world takes the lines.
 * pino costs 6..11 ms of a start (Node 20, bundled), for which the first client need not wait: the
 * first line loads it, and lines until then are kept, each with its time.
 */
export function openLog({ world, configuration }: LogOptions): Log {
  const listeners: (() => void)[] = [];
  const sinks = openLogSinks(world, configuration, () => {
    for (const listener of listeners) listener();
  });
  const lines = new RecentLines();
  const writer = new LineWriter({ world, configuration, sinks, lines });
  return {
    logger: new ComponentLogger(writer, configuration, 'main'),
    health: {
      get lostLineCount() {
        return sinks.lostLineCount;
      },
      get failure() {
        return sinks.failure;
      },
      onLost: (listener) => void listeners.push(listener),
      lines,
    },
    flush: () => writer.load(),
    close: async () => {
      await writer.load();
      sinks.close();
    },
  };
}

type WrittenLevel = 'debug' | 'info' | 'warn' | 'error';

interface Line {
  readonly level: WrittenLevel;
  readonly wallMs: number;
  readonly facts: Record<string, unknown>;
  readonly message: string;
}

class LineWriter {
  private readonly world: World;
  private readonly configuration: Configuration;
  private readonly sinks: LogSinks;
  private readonly lines: RecentLines;
  private pino: PinoLogger | null = null;
  private loading: Promise<void> | null = null;
  private kept: Line[] = [];
  /** When the line that is being written was logged. */
  private wallMs = 0;

  constructor(parts: {
    world: World;
    configuration: Configuration;
    sinks: LogSinks;
    lines: RecentLines;
  }) {
    this.world = parts.world;
    this.configuration = parts.configuration;
    this.sinks = parts.sinks;
    this.lines = parts.lines;
  }

  write(level: WrittenLevel, facts: Line['facts'], message: string): void {
    const wallMs = this.world.clock.wallMs();
    if (this.pino === null) {
      this.kept.push({ level, wallMs, facts, message });
      void this.load();
    } else {
      this.wallMs = wallMs;
      this.pino[level](facts, message);
    }
  }

  load(): Promise<void> {
    this.loading ??= this.loadPino();
    return this.loading;
  }

  private async loadPino(): Promise<void> {
    const { pino } = await import('pino');
    const { configuration, lines, sinks } = this;
    this.pino = pino(
      {
        level: 'trace',
        messageKey: 'message',
        base: { node_id: configuration.node.id },
        formatters: { level: (label) => ({ level: label }) },
        timestamp: () => `,"@timestamp":"${new Date(this.wallMs).toISOString()}"`,
      },
      {
        write: (line: string) => {
          lines.push(line);
          sinks.write(configuration.logging.structured ? line : formatForPeople(line));
        },
      },
    );
    for (const { level, wallMs, facts, message } of this.kept) {
      this.wallMs = wallMs;
      this.pino[level](facts, message);
    }
    this.kept = [];
  }
}

class ComponentLogger implements Logger {
  private readonly writer: LineWriter;
  private readonly configuration: Configuration;
  private readonly component: LogComponent;

  constructor(writer: LineWriter, configuration: Configuration, component: LogComponent) {
    this.writer = writer;
    this.configuration = configuration;
    this.component = component;
  }

  debug(action: string, message: string, facts?: LogFacts): void {
    if (this.isDebug()) this.writer.write('debug', this.lineOf(action, facts), message);
  }

  info(action: string, message: string, facts?: LogFacts): void {
    if (this.passes('info')) this.writer.write('info', this.lineOf(action, facts), message);
  }

  warn(action: string, message: string, facts?: LogFacts): void {
    if (this.passes('warn')) this.writer.write('warn', this.lineOf(action, facts), message);
  }

  error(action: string, message: string, facts?: LogFacts): void {
    if (this.passes('error')) this.writer.write('error', this.lineOf(action, facts), message);
  }

  isDebug(): boolean {
    return this.passes('debug');
  }

  child(component: LogComponent): Logger {
    return new ComponentLogger(this.writer, this.configuration, component);
  }

  private passes(level: LogLevel): boolean {
    if (this.component === 'audit') return true;
    return LEVELS[level] >= LEVELS[this.configuration.logging.level];
  }

  private lineOf(action: string, facts: LogFacts = {}): Record<string, unknown> {
    const { correlationId, durationMs, error, ...fields } = facts;
    const line: Record<string, unknown> = { component: this.component, action };
    if (correlationId !== undefined && correlationId !== '') line['correlation_id'] = correlationId;
    if (durationMs !== undefined) line['duration_ms'] = durationMs;
    if (error !== undefined) line['error'] = describeError(error);
    line['fields'] = withSnakeNames(fields);
    return line;
  }
}

/** `clientId` is `client_id` in a line, like every other name there. */
function withSnakeNames(fields: Record<string, unknown>): Record<string, unknown> {
  const named: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    named[name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)] = value;
  }
  return named;
}

/**
 * What helps to find it: name, message, code, stack and cause; nothing the error drags along.
 * Always an object: what reads logs gives a field one type.
 */
function describeError(error: unknown, depth = 0): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: String(error) };
  const { code } = error as { code?: unknown };
  return {
    name: error.name,
    message: error.message,
    ...(typeof code === 'string' ? { code } : {}),
    ...(error.stack === undefined ? {} : { stack: error.stack }),
    ...(error.cause === undefined || depth === CAUSE_DEPTH_MAX
      ? {}
      : { cause: describeError(error.cause, depth + 1) }),
  };
}

const CAUSE_DEPTH_MAX = 3;
