import { SETTINGS } from './config-table.ts';
import type { Setting } from './table/setting.ts';
import { STORE_SETTINGS } from './table/store-settings.ts';

/** The text of docs/settings.md: every row of the table, by section. */
export function settingsPage(): string {
  const sections = new Map<string, Setting[]>();
  for (const row of SETTINGS) {
    const name = row.path.slice(0, row.path.indexOf('.'));
    const rows = sections.get(name);
    if (rows === undefined) sections.set(name, [row]);
    else rows.push(row);
  }
  const parts = [INTRODUCTION];
  for (const [name, rows] of sections) {
    if (name !== 'redis') parts.push(`## ${name}\n\n${tableOf(rows)}`);
  }
  parts.push(`## stores\n\nA list; each entry:\n\n${storeTable()}`);
  parts.push(`## Parameters of redis-server without a meaning here\n\n${inertText(sections)}`);
  return `${parts.join('\n\n')}\n`;
}

const INTRODUCTION = `# Settings

Made from the setting table by \`npm run docs\`; do not edit.

Later layers win: defaults, then a redis.conf or YAML file, then the environment, then the command
line. A setting \`a.b\` is \`b\` under \`a:\` in YAML, \`--a.b=value\` on the command line, and the
variable of the table with \`HYPERCACHE_\` before it. Sizes: \`100\`, \`1mb\`, \`1.5GB\`, \`512MiB\`
(\`1k\` is 1000, \`1kb\` is 1024). Durations: \`0\`, \`500ms\`, \`30s\`, \`1h30m\`, \`2d\`.

"Live" settings can be changed with CONFIG SET, by redis-server's name or by path. Those marked
"later" are checked and stored; the part of HyperCache that uses them is not built yet.`;

function tableOf(rows: readonly Setting[]): string {
  const lines = rows.map((row) => {
    const redis = row.redis === null ? '' : `\`${row.redis.name}\``;
    const marks = [row.live ? 'live' : 'restart', ...(row.effect === 'later' ? ['later'] : [])];
    const initial = printInitial(row);
    const variable = `\`${row.env[0]}\``;
    const kind = escapePipes(row.codec.kind);
    const cells = [`\`${row.path}\``, kind, initial, variable, redis, marks.join(', '), row.help];
    return `| ${cells.join(' | ')} |`;
  });
  return [
    '| setting | kind | default | variable | redis.conf | | |',
    '|---|---|---|---|---|---|---|',
    ...lines,
  ].join('\n');
}

function printInitial(row: Setting): string {
  const printed = row.codec.print(row.initial);
  const text = typeof printed === 'object' ? printed.join(' ') : String(printed);
  return text === '' ? '' : `\`${text}\``;
}

function storeTable(): string {
  const lines = STORE_SETTINGS.map(
    (row) => `| \`${row.name}\` | ${escapePipes(row.codec.kind)} | ${row.help} |`,
  );
  return ['| key | kind | |', '|---|---|---|', ...lines].join('\n');
}

function inertText(sections: ReadonlyMap<string, readonly Setting[]>): string {
  const names = (sections.get('redis') ?? []).map((row) => `\`${row.redis!.name}\``);
  return `Checked, stored and echoed by CONFIG GET: ${names.join(', ')}.`;
}

function escapePipes(text: string): string {
  return text.replaceAll('|', '\\|');
}
