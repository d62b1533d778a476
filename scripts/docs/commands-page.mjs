/**
 * The text of docs/commands.md: every row of the command table and every command of redis-server
 * 7.0, by group, with how far the one is the other.
 */
import fs from 'node:fs';
import path from 'node:path';
import { ABSENCES, DIFFERENCES, NOT_YET } from './command-differences.mjs';

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

/** What redis-server has, recorded by scripts/record-redis-commands.mjs. */
export const REDIS = JSON.parse(
  fs.readFileSync(path.join(import.meta.dirname, 'redis-commands.json'), 'utf8'),
);
const REDIS_NAMES = new Set(REDIS.commands.map((command) => command.name));

/**
 * Every command that can be called, ours and theirs, `client|list` for a subcommand.
 * @param rows  COMMAND_ROWS of src/commands/command-table.ts
 * @returns [{ name, group, row, status, note }]; row is null for what is absent
 */
export function commandStates(rows) {
  const states = [];
  for (const row of rows) {
    if (row.execute !== undefined) states.push(stateOf(row.name, row));
    for (const child of row.subcommands ?? []) {
      states.push(stateOf(`${row.name}|${child.name}`, child));
    }
  }
  const ours = new Set(states.map((state) => state.name));
  for (const { name, group, isContainer } of REDIS.commands) {
    if (ours.has(name) || isContainer === true) continue;
    const note = lineFor(ABSENCES, name) ?? NOT_YET;
    states.push({ name, group, row: null, status: 'absent', note });
  }
  return states;
}

function stateOf(name, row) {
  const note = lineFor(DIFFERENCES, name);
  const isLater = !REDIS_NAMES.has(name);
  const status = isLater ? 'later' : note === undefined ? 'complete' : 'differs';
  return { name, group: row.group, row, status, note: note ?? '' };
}

/** A container's line is that of its subcommands too. */
function lineFor(table, name) {
  return table[name] ?? table[name.split('|')[0]];
}

export function commandsPage(rows) {
  const states = commandStates(rows);
  const parts = [introduction(states)];
  for (const [group, title] of Object.entries(GROUPS)) {
    const members = states.filter((state) => state.group === group);
    if (members.length === 0) continue;
    members.sort((left, right) => (left.name < right.name ? -1 : 1));
    parts.push(`## ${title}\n\n${[...tableOf(members), ...absentOf(members)].join('\n\n')}`);
  }
  const strays = states.filter((state) => GROUPS[state.group] === undefined);
  if (strays.length > 0) throw new Error(`no heading for the group ${strays[0].group}`);
  return `${parts.join('\n\n')}\n`;
}

function introduction(states) {
  const count = (status) => states.filter((state) => state.status === status).length;
  const known = states.length - count('later');
  return `# Commands

Made from the command table and from what redis-server ${REDIS.version} says of itself in COMMAND
DOCS by \`npm run docs\`; do not edit.

Of the ${known} commands and subcommands of redis-server ${REDIS.version} that can be called,
${count('complete')} are complete, ${count('differs')} differ in what their line says, and
${count('absent')} are absent. ${count('later')} are of later releases, or our own. Complete means:
the same arguments, replies and errors. "Since" is the release of Redis that brought a command.
\`COMMAND DOCS name\` tells the same to a client. A command that is absent answers
\`ERR unknown command\`.`;
}

function tableOf(members) {
  const present = members.filter((state) => state.row !== null);
  if (present.length === 0) return [];
  const head = ['| command | what it does | cost | since | Redis 7.0 |', '|---|---|---|---|---|'];
  return [[...head, ...present.map(lineOf)].join('\n')];
}

function lineOf({ name, row, status, note }) {
  const call = `${printedName(name)} ${row.syntax}`.trim();
  const cost = row.complexity.split(/[.,](?: |$)/)[0];
  const compared = { complete: 'complete', differs: `differs: ${note}`, later: 'not in 7.0' };
  return tableLine([`\`${call}\``, row.summary, cost, row.since, compared[status]]);
}

/** Absent commands of one reason stand in one line. */
function absentOf(members) {
  const byReason = new Map();
  for (const { name, row, note } of members) {
    if (row !== null) continue;
    byReason.set(note, [...(byReason.get(note) ?? []), `\`${printedName(name)}\``]);
  }
  if (byReason.size === 0) return [];
  const lines = [...byReason].map(([reason, names]) => tableLine([names.join(', '), reason]));
  return [['| absent | why |', '|---|---|', ...lines].join('\n')];
}

function printedName(name) {
  return name.toUpperCase().replace('|', ' ');
}

function tableLine(cells) {
  return `| ${cells.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`;
}
