import type { Command, Option } from 'commander';
import { SETTINGS } from '../../config/config-table.ts';

/** One command as shells complete it. */
export interface CompletionNode {
  /** `cluster status`; '' of the program itself. */
  readonly path: string;
  readonly description: string;
  readonly subcommands: readonly CompletionNode[];
  readonly flags: readonly CompletionFlag[];
  /** What its words may be; empty: anything. */
  readonly choices: readonly string[];
  readonly takesFiles: boolean;
}

export interface CompletionFlag {
  /** With its dashes. */
  readonly name: string;
  readonly description: string;
  readonly takesValue: boolean;
  readonly choices: readonly string[];
  readonly takesFile: boolean;
}

/** Reads commander's tree: what it knows is what can be completed. */
export function completionTree(program: Command): CompletionNode {
  const root = nodeOf(program, '');
  const start = root.subcommands.find(({ path }) => path === 'start');
  // Without a command a node is started.
  return { ...root, flags: [...root.flags, ...(start?.flags ?? [])] };
}

/** The tree from its root on, each before those below it. */
export function allNodes(root: CompletionNode): CompletionNode[] {
  return [root, ...root.subcommands.flatMap((node) => [node, ...node.subcommands])];
}

/** Such as `--cache.max_memory=`: any command that takes settings takes them. */
export function settingFlags(): string[] {
  return SETTINGS.filter(({ section }) => section !== 'inert').map(({ path }) => `--${path}=`);
}

function nodeOf(command: Command, path: string): CompletionNode {
  const [words] = command.registeredArguments;
  return {
    path,
    description: command.description(),
    subcommands: command.commands.map((each) => nodeOf(each, `${path} ${each.name()}`.trim())),
    flags: command.options.filter(isPlain).map(flagOf),
    choices: words?.argChoices ?? [],
    takesFiles: isFile(words?.name()),
  };
}

/** `--<path>=<value>` stands for every setting. */
function isPlain({ long }: Option): boolean {
  return long !== undefined && /^--[a-z][a-z-]*$/.test(long);
}

function flagOf({ argChoices = [], description, flags, long, required }: Option): CompletionFlag {
  return {
    name: long ?? '',
    description,
    takesValue: required,
    choices: argChoices,
    takesFile: isFile(/<(.*)>/.exec(flags)?.[1]),
  };
}

function isFile(name: string | undefined): boolean {
  return name !== undefined && /^(file|directory)/.test(name);
}
