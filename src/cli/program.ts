import { Command, CommanderError } from 'commander';
import { VERSION } from '../base/version.ts';
import type { World } from '../base/world.ts';
import { findByPath } from '../config/config-table.ts';
import { SHORT_FLAGS } from '../config/sources/command-line.ts';
import { runBackup } from './backup.ts';
import { runCheck } from './check.ts';
import { CLUSTER_COMMANDS, runCluster } from './cluster/cluster-command.ts';
import { runConfigSchema } from './config-schema.ts';
import { runConfigShow } from './config-show.ts';
import { runConfigValidate } from './config-validate.ts';
import { runImport } from './import.ts';
import { runRepair } from './repair.ts';
import { runRestore } from './restore.ts';

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
    .usage('[start] [file] [flags]  |  hypercache <command> ...')
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
  for (const tool of TOOLS) {
    const command = settle(program.command(tool.name), world)
      .description(tool.description)
      .usage(`${tool.usage} [settings as for start]`)
      .argument('[arguments...]', tool.argument)
      .allowUnknownOption()
      .action(async (words: string[]) => setCode(await tool.run(words, world)));
    addFlags(command, tool.flags);
  }
  addCluster(program, world, setCode);
  return program;
}

function addCluster(program: Command, world: World, setCode: (code: number) => void): void {
  const cluster = settle(program.command('cluster'), world);
  cluster.description('run a cluster on this machine, and tell of any');
  for (const tool of CLUSTER_COMMANDS) {
    const command = settle(cluster.command(tool.name), world)
      .description(tool.description)
      .usage(tool.usage)
      .argument('[arguments...]')
      .allowUnknownOption()
      .action(async (words: string[]) => setCode(await runCluster(tool, words, world)));
    addFlags(command, tool.flags);
  }
}

/** They parse them by themselves. */
function addFlags(command: Command, flags: readonly (readonly [string, string])[]): void {
  for (const [flag, help] of flags) command.addHelpText('after', `  ${flag.padEnd(18)} ${help}`);
}

interface Tool {
  readonly name: string;
  readonly description: string;
  readonly usage: string;
  readonly argument: string;
  /** They parse them by themselves, beside the settings. */
  readonly flags: readonly (readonly [string, string])[];
  run(args: readonly string[], world: World): Promise<number>;
}

/** What is done with data that lies on the disk, or is to. */
const TOOLS: readonly Tool[] = [
  {
    name: 'check',
    description: 'read every file of a data directory, and tell what is wrong where',
    usage: '[directory|file]',
    argument: 'a data directory, or one snapshot or log; else that of the settings',
    flags: [],
    run: runCheck,
  },
  {
    name: 'repair',
    description: 'make the files of a stopped node such that it starts; what was is kept beside',
    usage: '[directory] [--salvage]',
    argument: 'a data directory; else that of the settings',
    flags: [['--salvage', 'leave out what is damaged, and keep what can be read behind it']],
    run: runRepair,
  },
  {
    name: 'import',
    description: 'make a dump.rdb the data of a store of a stopped node',
    usage: '<file> [--store <name>] [--replace]',
    argument: 'a snapshot of redis-server 5 to 7.2, or of another node',
    flags: [
      ['--store <name>', 'whose data it becomes; default when none is named'],
      ['--replace', 'the store may have data: it is set aside'],
    ],
    run: runImport,
  },
  {
    name: 'backup',
    description: 'ask a running node for one archive of all its stores, and verify it',
    usage: '[file] [--url <address>] [--user <name>] [--ca <file>]',
    argument: 'where it is written; else hypercache-backup-<time>.tar.gz',
    flags: [
      ['--url <address>', 'of the HTTP port, such as http://127.0.0.1:9080'],
      ['--user <name>', 'who asks; the password is read from HYPERCACHE_PASSWORD'],
      ['--ca <file>', "who signed the node's certificate"],
    ],
    run: runBackup,
  },
  {
    name: 'restore',
    description: 'make the data directory of a stopped node what a backup holds',
    usage: '<file>',
    argument: 'what backup wrote; what was there is set aside',
    flags: [],
    run: runRestore,
  },
];

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
