import type { Configuration } from '../base/configuration.ts';
import { NodeError } from '../base/errors.ts';
import type { World } from '../base/world.ts';
import { loadConfiguration } from '../config/load-configuration.ts';
import { readStartArguments } from '../config/sources/command-line.ts';
import { describeProblem } from '../config/sources/raw-setting.ts';
import { createPaint, type Paint } from './terminal/paint.ts';

export const FAILED = 1;

export interface ToolArguments {
  /** The words before the first flag, as many as the tool takes. */
  readonly words: readonly string[];
  /** The tool's own flags by name; of one without a value ''. */
  readonly flags: ReadonlyMap<string, string>;
  /** As for `start`: a file, then flags. */
  readonly rest: readonly string[];
}

export interface ToolRun extends ToolArguments {
  readonly world: World;
  readonly configuration: Configuration;
  /** Path of every setting that somebody set. */
  readonly assigned: ReadonlyMap<string, string>;
  readonly paint: Paint;
  print(text: string): void;
  /** The outcome: JSON under --json, else text for people. */
  tell(outcome: { readonly facts: object; readonly text: string }): void;
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
  try {
    return await run(createToolRun(args, world, loaded));
  } catch (error) {
    if (!(error instanceof NodeError)) throw error;
    host.writeError(`hypercache: ${error.message}\n`);
    return FAILED;
  }
}

export function createToolRun(
  args: ToolArguments,
  world: World,
  { assigned, configuration }: Pick<ToolRun, 'assigned' | 'configuration'>,
): ToolRun {
  const print = (text: string): void => void world.host.writeOut(text);
  return {
    ...args,
    world,
    configuration,
    assigned,
    paint: createPaint(world.host),
    print,
    tell: ({ facts, text }) =>
      print(args.flags.has('json') ? `${JSON.stringify(facts, null, 2)}\n` : text),
  };
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
