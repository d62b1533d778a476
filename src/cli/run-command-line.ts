import { REDIS_VERSION, VERSION } from '../base/version.ts';
import type { World } from '../base/world.ts';
import { suggest } from '../config/did-you-mean.ts';

export interface CommandLineOptions {
  readonly world: World;
  /** `start`: runs a node until it is stopped. @returns the exit code */
  serve(args: readonly string[], world: World): Promise<number>;
}

const TOOLS = [
  ...['config', 'check', 'repair', 'import', 'backup', 'restore', 'cluster', 'store', 'bench'],
  ...['doctor', 'completion', 'help'],
];
const SUBCOMMANDS = ['start', ...TOOLS];
const HELP_FLAGS = ['--help', '-h'];
const VERSION_FLAGS = ['--version', '-v', '-V'];

/**
 * Finds the subcommand. `start` is what is meant when none is named, and reads its arguments itself
 * (it takes redis-server's as well); commander, which costs 25 ms, is loaded for the others.
 * @param args  without interpreter and script
 * @returns     the exit code
 */
export async function runCommandLine(
  args: readonly string[],
  { world, serve }: CommandLineOptions,
): Promise<number> {
  const first = args[0] ?? 'start';
  if (VERSION_FLAGS.includes(first)) {
    world.host.writeOut(`hypercache ${VERSION} (as Redis ${REDIS_VERSION})\n`);
    return 0;
  }
  const wantsHelp = args.some((argument) => HELP_FLAGS.includes(argument));
  if (wantsHelp || TOOLS.includes(first)) {
    const { runProgram } = await import('./program.ts');
    return runProgram(args, world);
  }
  if (isMistypedCommand(first, world)) {
    const hint = suggest(first, SUBCOMMANDS);
    const reason = `unknown command, and no file of that name: '${first}'${hint}`;
    world.host.writeError(`hypercache: ${reason}\n`);
    return 1;
  }
  return serve(first === 'start' ? args.slice(1) : args, world);
}

function isMistypedCommand(word: string, world: World): boolean {
  return /^[a-z]+$/i.test(word) && !SUBCOMMANDS.includes(word) && !world.disk.exists(word);
}
