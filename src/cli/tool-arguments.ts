import type { Configuration } from '../base/configuration.ts';
import { NodeError } from '../base/errors.ts';
import type { World } from '../base/world.ts';
import { loadConfiguration } from '../config/load-configuration.ts';
import { readStartArguments } from '../config/sources/command-line.ts';
import { describeProblem } from '../config/sources/raw-setting.ts';

export const FAILED = 1;

export interface ToolArguments {
  /** The first words without `--`, as many as the tool takes. */
  readonly words: readonly string[];
  /** The tool's own flags; of one without a value ''. */
  readonly flags: ReadonlyMap<string, string>;
  /** As for `start`: a file, then flags. */
  readonly rest: readonly string[];
}

export interface ToolShape {
  readonly wordCount: number;
  /** Flags that are followed by a value, and those that are not. */
  readonly valued?: readonly string[];
  readonly bare?: readonly string[];
}

/** Takes a tool's own words and flags out; what is left are settings. */
export function parseToolArguments(args: readonly string[], shape: ToolShape): ToolArguments {
  const { bare = [], valued = [], wordCount } = shape;
  const words: string[] = [];
  const flags = new Map<string, string>();
  const rest: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const word = args[i]!;
    const [name, value] = splitFlag(word);
    if (bare.includes(name)) flags.set(name, '');
    else if (valued.includes(name)) flags.set(name, value ?? args[++i] ?? '');
    else if (words.length < wordCount && rest.length === 0 && !word.startsWith('--')) {
      words.push(word);
    } else {
      rest.push(word);
    }
  }
  return { words, flags, rest };
}

function splitFlag(word: string): [string, string | undefined] {
  if (!word.startsWith('--')) return ['', undefined];
  const equals = word.indexOf('=');
  return equals < 0 ? [word.slice(2), undefined] : [word.slice(2, equals), word.slice(equals + 1)];
}

export interface ToolRun extends ToolArguments {
  readonly world: World;
  readonly configuration: Configuration;
  print(text: string): void;
}

/**
 * Runs a tool with the settings that a node would start with; what goes wrong outside is printed.
 * @returns the exit code
 */
export async function runTool(
  args: ToolArguments,
  world: World,
  run: (tool: ToolRun) => Promise<number>,
): Promise<number> {
  const { host } = world;
  const loaded = await loadConfiguration(world, readStartArguments(args.rest));
  for (const problem of loaded.problems) host.writeError(`${describeProblem(problem)}\n`);
  if (loaded.problems.length > 0) return FAILED;
  const { configuration } = loaded;
  try {
    return await run({
      ...args,
      world,
      configuration,
      print: (text) => void host.writeOut(text),
    });
  } catch (error) {
    if (!(error instanceof NodeError)) throw error;
    host.writeError(`hypercache: ${error.message}\n`);
    return FAILED;
  }
}

export function isDirectory({ disk }: World, path: string): boolean {
  try {
    disk.listDirectory(path);
    return true;
  } catch (error) {
    if (error instanceof NodeError) return false;
    throw error;
  }
}
