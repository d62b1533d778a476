import { Argument, Command, CommanderError, Option } from 'commander';
import { VERSION } from '../base/version.ts';
import type { World } from '../base/world.ts';
import { findByPath } from '../config/config-table.ts';
import { SHORT_FLAGS } from '../config/sources/command-line.ts';
import { BACKUP_TOOL } from './backup.ts';
import { BENCH_TOOL } from './bench/bench-command.ts';
import { CHECK_TOOL } from './check.ts';
import { CLUSTER_GROUP } from './cluster/cluster-command.ts';
import { completionTool } from './completion/completion-command.ts';
import { CONFIG_GROUP } from './config-group.ts';
import { DOCTOR_TOOL } from './doctor/doctor-command.ts';
import { IMPORT_TOOL } from './import.ts';
import { REPAIR_TOOL } from './repair.ts';
import { RESTORE_TOOL } from './restore.ts';
import { STORE_GROUP } from './store/store-command.ts';
import type { ToolArguments } from './tool-arguments.ts';
import type { ToolGroup, ToolRow } from './tool-row.ts';

const ROWS: readonly (ToolGroup | ToolRow)[] = [
  CONFIG_GROUP,
  CHECK_TOOL,
  REPAIR_TOOL,
  IMPORT_TOOL,
  BACKUP_TOOL,
  RESTORE_TOOL,
  CLUSTER_GROUP,
  STORE_GROUP,
  BENCH_TOOL,
  DOCTOR_TOOL,
];

/**
 * All subcommands but the running of `start`, and the help of every one.
 * @returns the exit code
 */
export async function runProgram(args: readonly string[], world: World): Promise<number> {
  const { host } = world;
  let code = 0;
  const program = buildProgram({
    writeOut: (text) => void host.writeOut(text),
    writeError: (text) => void host.writeError(text),
    run: async (tool, toolArgs) => {
      code = await tool.run(toolArgs, world);
    },
  });
  try {
    await program.parseAsync([...args], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode;
    throw error;
  }
}

/** What becomes of what is parsed. */
interface Stage {
  writeOut(text: string): void;
  writeError(text: string): void;
  run(tool: ToolRow, args: ToolArguments): Promise<void>;
}

/** The tree alone, from which docs/cli.md and the completion of shells are made. */
export function describeProgram(): Command {
  const nothing = (): void => {};
  return buildProgram({ writeOut: nothing, writeError: nothing, run: async () => {} });
}

function buildProgram(stage: Stage): Command {
  const program = settle(new Command('hypercache'), stage);
  program
    .description('A Redis-compatible distributed cache.')
    .usage('[start] [file] [flags]  |  hypercache <command> ...')
    .version(VERSION, '-v, --version', 'print the version')
    .helpOption('-h, --help', 'print this help');
  addStart(program, stage);
  for (const row of ROWS) {
    if ('run' in row) {
      addTool(program, row, stage);
    } else {
      const group = settle(program.command(row.name), stage).description(row.description);
      for (const tool of row.tools) addTool(group, tool, stage);
    }
  }
  addTool(program, completionTool(describeProgram), stage);
  return program;
}

function addTool(parent: Command, tool: ToolRow, stage: Stage): void {
  const command = settle(parent.command(tool.name), stage)
    .description(tool.description)
    .usage(usageOf(tool))
    .allowUnknownOption(tool.takesSettings)
    .allowExcessArguments(tool.takesSettings)
    .action(() => stage.run(tool, argumentsOf(tool, command)));
  if (tool.words !== null) {
    const { choices, help, usage } = tool.words;
    const argument = new Argument(usage, help);
    command.addArgument(choices === undefined ? argument : argument.choices(choices));
  }
  for (const { choices, help, usage } of tool.flags) {
    const option = new Option(usage, help);
    command.addOption(choices === undefined ? option : option.choices(choices));
  }
  if (tool.takesSettings) command.addHelpText('after', SETTINGS_HELP);
}

const SETTINGS_HELP =
  '\nSettings are those of start: a file, then such as --http-port 9081 or --node.data_dir=/data.';

function usageOf({ flags, takesSettings, words }: ToolRow): string {
  const parts = [
    ...(words === null ? [] : [words.usage]),
    ...(flags.length === 0 ? [] : ['[flags]']),
    ...(takesSettings ? ['[settings]'] : []),
  ];
  return parts.join(' ');
}

/** Commander has taken the tool's own flags out; what it does not know are settings. */
function argumentsOf(tool: ToolRow, command: Command): ToolArguments {
  const { args } = command;
  const firstFlag = args.findIndex((word) => word.startsWith('--'));
  const wordCount = Math.min(tool.words?.countMax ?? 0, firstFlag < 0 ? args.length : firstFlag);
  const flags = new Map<string, string>();
  for (const option of command.options) {
    const value: unknown = command.getOptionValue(option.attributeName());
    if (value !== undefined) flags.set(option.name(), value === true ? '' : String(value));
  }
  return { words: args.slice(0, wordCount), rest: args.slice(wordCount), flags };
}

function addStart(program: Command, stage: Stage): void {
  const start = settle(program.command('start', { isDefault: true }), stage);
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
function settle(command: Command, { writeError, writeOut }: Stage): Command {
  return command
    .exitOverride()
    .configureHelp({ subcommandTerm: (subcommand) => subcommand.name() })
    .configureOutput({ writeOut, writeErr: writeError });
}
