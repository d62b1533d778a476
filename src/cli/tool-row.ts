import type { World } from '../base/world.ts';
import type { ToolArguments } from './tool-arguments.ts';

/**
 * One command of the command line. Parsing, help, the page docs/cli.md and the completion of shells
 * follow from these rows.
 */
export interface ToolRow {
  readonly name: string;
  readonly description: string;
  /** Null: it takes none. */
  readonly words: WordsRow | null;
  readonly flags: readonly FlagRow[];
  /** Behind its own flags it takes settings, as `start` does. */
  readonly takesSettings: boolean;
  /** @returns the exit code */
  run(args: ToolArguments, world: World): Promise<number>;
}

/** The words before the flags. */
export interface WordsRow {
  /** As usage shows them: `<name>`, `[file]`, `[node...]`; of files shells know. */
  readonly usage: string;
  readonly help: string;
  readonly countMax: number;
  /** The only ones that there are. */
  readonly choices?: readonly string[];
}

export interface FlagRow {
  /** `--json`, or `--url <address>` with a value; of a `<file>` or `<directory>` shells know. */
  readonly usage: string;
  readonly help: string;
  /** The only values that there are. */
  readonly choices?: readonly string[];
}

/** Commands that belong together: `hypercache cluster status`. */
export interface ToolGroup {
  readonly name: string;
  readonly description: string;
  readonly tools: readonly ToolRow[];
}

export const JSON_FLAG: FlagRow = {
  usage: '--json',
  help: 'print JSON, for programs',
};
