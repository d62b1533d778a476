/** One setting as some source wrote it, before it is looked up in the table. */
export interface RawSetting {
  readonly name: string;
  /** `path`: our name and syntax. `redis`: a directive, with redis-server's syntax. */
  readonly form: 'path' | 'redis' | 'environment';
  readonly words: readonly string[];
  /** A YAML sequence; else the words of a directive, or one text. */
  readonly isList: boolean;
  readonly source: 'file' | 'environment' | 'command line';
  /** `hypercache.yaml:3`, `HYPERCACHE_RESP_PORT`, `--port`. */
  readonly where: string;
}

/** One entry of `stores:`. */
export interface RawStore {
  readonly fields: readonly RawSetting[];
  readonly where: string;
}

export interface Problem {
  readonly where: string;
  readonly reason: string;
}

/** What one source holds. */
export interface Source {
  readonly settings: RawSetting[];
  readonly stores: RawStore[];
  readonly problems: Problem[];
}

export function emptySource(): Source {
  return { settings: [], stores: [], problems: [] };
}

/** `file:line: reason`, the form that editors jump to. */
export function describeProblem(problem: Problem): string {
  return `${problem.where}: ${problem.reason}`;
}
