import type { Command } from 'commander';
import { PASSWORD_VARIABLE } from '../config/sources/environment.ts';
import { CHECKS } from './doctor/check-table.ts';
import { describeProgram } from './program.ts';

/** The text of docs/cli.md: the help of every command, and what the doctor looks at. */
export function cliPage(): string {
  const program = describeProgram();
  const sections = program.commands.flatMap((command) =>
    command.commands.length === 0
      ? [sectionOf(command, '##')]
      : [headOf(command), ...command.commands.map((below) => sectionOf(below, '###'))],
  );
  return `${[INTRODUCTION, ...sections].join('\n\n')}\n`;
}

const INTRODUCTION = `# Command line

Made from the table of commands by \`npm run docs\`; do not edit. In a clone \`node dist/main.js\`
stands for \`hypercache\`.

- Exit code 0: done, and all is well. 1: it is not, or could not be done; why is on standard error.
- \`--json\` prints what programs read. Tables are for people: with colours on a terminal, unless
  \`NO_COLOR\` is set; \`FORCE_COLOR=1\` wants them anywhere.
- A tool that asks a node takes \`--url\`, else the HTTP port of the settings, else one of the nodes
  that \`hypercache cluster\` runs here. The password is read from \`${PASSWORD_VARIABLE}\`, or is
  \`security.requirepass\` of the settings: on a command line others would see it.
- [Tools for data on disk](data-tools.md) and [clusters](cluster.md) have pages of their own.

\`\`\`sh
hypercache store create sessions --max-memory 64mb --eviction-policy lfu   # sessions is made
hypercache store list                                                      # sessions
hypercache bench --duration 1s --clients 10 --fill --keys 1000 --clean     # commands/s
hypercache bench --duration 1s --rate 500 --json                           # "loop": "open"
hypercache doctor                                                          # 0 failures
hypercache store drop sessions                                             # sessions is dropped
\`\`\`

Completion: \`eval "$(hypercache completion bash)"\` in \`~/.bashrc\`, the same with \`zsh\` behind
\`compinit\` in \`~/.zshrc\`; \`hypercache completion fish | source\` in fish's configuration.`;

function headOf(command: Command): string {
  return `## ${command.name()}\n${sentenceOf(command)}`;
}

function sectionOf(command: Command, level: string): string {
  const { parent } = command;
  const name = parent?.parent == null ? command.name() : `${parent.name()} ${command.name()}`;
  const parts = [`${level} ${name}\n${sentenceOf(command)}`, `\`\`\`\n${helpOf(command)}\n\`\`\``];
  const more = MORE[name];
  return [...parts, ...(more === undefined ? [] : [more()])].join('\n\n');
}

/** Usage, words and flags, and what stands behind them. */
function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({
    writeOut: (piece) => {
      text += piece;
    },
    getOutHelpWidth: () => HELP_COLUMNS,
  });
  command.outputHelp();
  return text.replace(`${command.description()}\n\n`, '').trimEnd();
}

const HELP_COLUMNS = 100;

function sentenceOf(command: Command): string {
  const text = command.description();
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

/** What help has no room for. */
const MORE: Readonly<Record<string, () => string>> = {
  bench: () => BENCH_TEXT,
  doctor: () => `${DOCTOR_TEXT}\n\n${checkTable()}`,
};

const BENCH_TEXT = `\
- **Closed loop**, without \`--rate\`: each client sends its next command when one is answered.
  It tells how much a node can do, and nothing of how long users wait: a node that stands still
  for a second is asked for nothing meanwhile, and shows as one slow command a client.
- **Open loop**, with \`--rate\`: commands are due at their times, whatever the node does, and a
  latency counts from when the command was due ("coordinated omission" is avoided). \`of it
  waiting\` is the part before a client was free to send it; what is not answered ten seconds
  after the end counts with the time that it waited. A rate that is not kept is told.
- Durations are kept in buckets that are at most 0.8 % wide.
- The load comes from one thread, which in an open loop keeps a processor busy: on a small
  machine run it elsewhere. Where it is the bottleneck, run several.
- Keys are \`bench:string:000000000042\` and so on; other keys are left alone. Reads of what was
  never written count as \`found nothing\`: \`--fill\` writes it first, \`--clean\` removes it.`;

const DOCTOR_TEXT = `\
It asks the node that runs with these settings, or at \`--url\`, and the other members of its
cluster; where none runs, it looks at what one would start with. It changes nothing; on a disk
it writes and removes one file of 80 KB. What it cannot see is told as \`unknown\`. Only a
failure makes the exit code 1.`;

function checkTable(): string {
  const lines = CHECKS.map(({ about, name, stages }) => {
    const where = [
      stages.includes('stopped') ? 'before a start' : '',
      stages.includes('afar') ? 'running' : stages.includes('here') ? 'running here' : '',
    ];
    return `| ${name} | ${about} | ${where.filter((word) => word !== '').join(', ')} |`;
  });
  return ['| check | good when | of a node |', '|---|---|---|', ...lines].join('\n');
}
