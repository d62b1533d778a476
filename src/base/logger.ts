/**
 * What rooms need to log; `observability/logging` implements it. Values of keys, passwords and
 * other secrets are never handed to it.
 */
export interface Logger {
  debug(action: string, message: string, facts?: LogFacts): void;
  info(action: string, message: string, facts?: LogFacts): void;
  warn(action: string, message: string, facts?: LogFacts): void;
  error(action: string, message: string, facts?: LogFacts): void;
  /** False when a debug line would be thrown away: asked before building its facts. */
  isDebug(): boolean;
  child(component: LogComponent): Logger;
}

export type LogComponent =
  | 'resp'
  | 'http'
  | 'cluster'
  | 'gossip'
  | 'storage'
  | 'cache'
  | 'persistence'
  | 'filter'
  | 'auth'
  | 'health'
  | 'config'
  | 'main'
  /** Who administers the node: written whatever the level is. */
  | 'audit';

/** `correlationId`, `durationMs` and `error` have a place in the line; all else is in `fields`. */
export interface LogFacts {
  readonly correlationId?: string;
  readonly durationMs?: number;
  readonly error?: unknown;
  readonly [fact: string]: unknown;
}

/** What the log knows of itself, for metrics and /health. */
export interface LogHealth {
  /** Lines that a file or the terminal did not take, since start. */
  readonly lostLineCount: number;
  /** What went wrong with the last line, '' when nothing did. */
  readonly failure: string;
  onLost(listener: () => void): void;
  readonly lines: LogLines;
}

/** The last lines of the log, for who looks at them live. */
export interface LogLines {
  /** Since the start; a line's number is the count before it. */
  readonly count: number;
  /** @returns lines of that number and later, JSON, as far as they are kept: from `first` on */
  since(number: number): { readonly first: number; readonly lines: readonly string[] };
}

/** Of a log that is somebody else's. */
export const UNKNOWN_LOG_HEALTH: LogHealth = {
  lostLineCount: 0,
  failure: '',
  onLost: ignore,
  lines: { count: 0, since: () => ({ first: 0, lines: [] }) },
};

/** Says nothing: for tests and for the embedded node unless it is given another. */
export const SILENT_LOGGER: Logger = {
  debug: ignore,
  info: ignore,
  warn: ignore,
  error: ignore,
  isDebug: () => false,
  child: () => SILENT_LOGGER,
};

function ignore(): void {}
