/** The text of docs/commands.md: every row of the command table, by group. */

const GROUPS = {
  string: 'Strings',
  bitmap: 'Bitmaps',
  generic: 'Keys',
  list: 'Lists',
  hash: 'Hashes',
  set: 'Sets',
  'sorted-set': 'Sorted sets',
  stream: 'Streams',
  hyperloglog: 'HyperLogLog',
  geo: 'Geo',
  transactions: 'Transactions',
  pubsub: 'Pub/sub',
  scripting: 'Scripting',
  connection: 'Connection',
  server: 'Server',
  cluster: 'Cluster',
};

/** @param rows  COMMAND_ROWS of src/commands/command-table.ts */
export function commandsPage(rows) {
  const parts = [introduction(rows)];
  for (const [group, title] of Object.entries(GROUPS)) {
    const members = rows.filter((row) => row.group === group);
    if (members.length === 0) continue;
    members.sort((left, right) => (left.name < right.name ? -1 : 1));
    parts.push(`## ${title}\n\n${tableOf(members)}`);
  }
  const strays = rows.filter((row) => GROUPS[row.group] === undefined);
  if (strays.length > 0) throw new Error(`no heading for the group ${strays[0].group}`);
  return `${parts.join('\n\n')}\n`;
}

function introduction(rows) {
  const subcommandCount = rows.reduce((sum, row) => sum + (row.subcommands?.length ?? 0), 0);
  return `# Commands

Made from the command table by \`npm run docs\`; do not edit.

${rows.length} commands and ${subcommandCount} subcommands, with the arguments, replies and errors
of Redis 7. "Since" is the release of Redis that brought a command. \`COMMAND DOCS name\` tells the
same to a client. A name that is not here answers \`ERR unknown command\`.`;
}

function tableOf(rows) {
  const lines = rows.flatMap((row) => [
    ...(row.execute === undefined ? [] : [lineOf(row.name, row)]),
    ...(row.subcommands ?? []).map((child) => lineOf(`${row.name} ${child.name}`, child)),
  ]);
  return ['| command | what it does | cost | since |', '|---|---|---|---|', ...lines].join('\n');
}

function lineOf(name, row) {
  const call = `${name.toUpperCase()} ${row.syntax}`.trim();
  const cost = row.complexity.split(/[.,](?: |$)/)[0];
  const cells = [`\`${call}\``, row.summary, cost, row.since];
  return `| ${cells.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`;
}
