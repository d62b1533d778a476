import { Command, CommanderError } from 'commander';
import { VERSION } from '../base/version.ts';
import type { World } from '../base/world.ts';
import { findByPath } from '../config/config-table.ts';
import { SHORT_FLAGS } from '../config/sources/command-line.ts';
import { runConfigSchema } from './config-schema.ts';
import { runConfigShow } from './config-show.ts';
import { runConfigValidate } from './config-validate.ts';

/**
 * All subcommands but the running of `start`, and the help of every one.
 * @returns the exit code
 */
export async function runProgram(args: readonly string[], world: World): Promise<number> {
  let code = 0;
  const program = buildProgram(world, (result) => {
    code = result;
  });
  try {
    await program.parseAsync([...args], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode;
    throw error;
  }
}

function buildProgram(world: World, setCode: (code: number) => void): Command {
  const program = new Command('hypercache');
  settle(program, world);
  program
    .description('A Redis-compatible distributed cache.')
    .usage('[start] [file] [flags]  |  hypercache config <validate|show|schema>')
    .version(VERSION, '-v, --version', 'print the version')
    .helpOption('-h, --help', 'print this help');
  addStart(program, world);
  const config = settle(program.command('config'), world);
  config.description('check, show and describe settings');
  const configCommands = [
    ['validate', 'check a file, the environment and flags; tell every problem', runConfigValidate],
    [
      'show',
      'print the settings a node would start with, and where each comes from',
      runConfigShow,
    ],
  ] as const;
  for (const [name, description, run] of configCommands) {
    settle(config.command(name), world)
      .description(description)
      .argument('[arguments...]', 'as for start: a file, then flags')
      .allowUnknownOption()
      .action(async (words: string[]) => setCode(await run(words, world)));
  }
  settle(config.command('schema'), world)
    .description('print the JSON schema of a YAML file')
    .action(() => setCode(runConfigSchema(world)));
  return program;
}

function addStart(program: Command, world: World): void {
  const start = settle(program.command('start', { isDefault: true }), world);
  start
    .description('run a node; what is done when no command is named')
    .argument('[file]', "configuration: YAML, or a redis.conf; '-' reads standard input")
    .allowUnknownOption();
  start.option('--config <file>', 'the same, by name');
  for (const [flag, path] of Object.entries(SHORT_FLAGS)) {
    start.option(`--${flag} <value>`, findByPath(path)!.help);
  }
  start.option('--<path>=<value>', 'any setting, such as --cache.max_memory=1gb');
  start.addHelpText(
    'after',
    '\nredis-server\'s flags work as well: --port 6379 --save "" --appendonly yes.' +
      '\nEvery setting: hypercache config show. Environment: HYPERCACHE_RESP_PORT=6379 and so on.',
  );
}

/** Nothing exits or prints by itself. */
function settle(command: Command, { host }: World): Command {
  return command.exitOverride().configureOutput({
    writeOut: (text) => host.writeOut(text),
    writeErr: (text) => host.writeError(text),
  });
}
