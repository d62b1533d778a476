import { ALLOWED_DIFFERENCES, isNewer } from './allowed-differences.ts';
import { Draft, Generator, type GrammarRow } from './generator.ts';
import { ACL_ROWS } from './grammar/acl.ts';
import { BITMAP_ROWS } from './grammar/bitmaps.ts';
import { CLUSTER_ROWS } from './grammar/cluster.ts';
import { CONNECTION_ROWS } from './grammar/connection.ts';
import { GEO_ROWS } from './grammar/geo.ts';
import { HASH_ROWS } from './grammar/hashes.ts';
import { HYPERLOGLOG_ROWS } from './grammar/hyperloglog.ts';
import { INTROSPECTION_ROWS } from './grammar/introspection.ts';
import { KEY_ROWS } from './grammar/keys.ts';
import { LIST_ROWS } from './grammar/lists.ts';
import { SCRIPTING_ROWS } from './grammar/scripting.ts';
import { SERVER_ROWS } from './grammar/server.ts';
import { SET_ROWS } from './grammar/sets.ts';
import { SETTING_ROWS } from './grammar/settings.ts';
import { SORT_ROWS } from './grammar/sort.ts';
import { SORTED_SET_ROWS } from './grammar/sorted-sets.ts';
import { STREAM_ROWS } from './grammar/streams.ts';
import { STRING_ROWS } from './grammar/strings.ts';
import { Judge, type Mismatch } from './judge.ts';
import { PairedClient } from './paired-client.ts';
import { chooseScenario } from './scenarios.ts';
import type { Stage } from './stage.ts';

/** Every command and option of a long run must be hit so often. */
const HITS_MIN = 100;
const GOOD_REPLY_SHARE_MIN = 0.6;
const ALLOWED_DIFFERENCES_MAX = 30;
const PRINTED_PER_COMMAND_MAX = 3;

export const ALL_ROWS: readonly GrammarRow[] = [
  ...STRING_ROWS,
  ...at('l', LIST_ROWS),
  ...at('h', HASH_ROWS),
  ...at('m', SET_ROWS),
  ...at('x', STREAM_ROWS),
  ...at('z', SORTED_SET_ROWS),
  ...BITMAP_ROWS,
  ...at('p', HYPERLOGLOG_ROWS),
  ...KEY_ROWS,
  ...SERVER_ROWS,
  ...SETTING_ROWS,
  ...INTROSPECTION_ROWS,
  ...CONNECTION_ROWS,
  ...ACL_ROWS,
  ...CLUSTER_ROWS,
  ...SCRIPTING_ROWS,
  ...at('g', GEO_ROWS),
  ...SORT_ROWS,
];

/** Rows of a family, with the letter of the keys that it mostly works on. */
function at(home: string, rows: readonly GrammarRow[]): GrammarRow[] {
  return rows.map((row) => ({ home, ...row }));
}

export interface CompatOptions {
  readonly ports: { oracle: number; ours: number };
  readonly seed: number;
  readonly commandCount: number;
  /** The run stops after so many. */
  readonly mismatchCountMax: number;
  readonly only: readonly string[] | null;
  /** redis-server on both sides, which has commands that nobody sends here. */
  readonly isSelf?: boolean;
  readonly print: (line: string) => void;
}

export interface CompatResult {
  readonly isGood: boolean;
  readonly problems: readonly string[];
}

export async function runCompat(options: CompatOptions): Promise<CompatResult> {
  const { only, print } = options;
  const rows = only ? ALL_ROWS.filter((row) => only.includes(row.name.split(' ')[0])) : ALL_ROWS;
  const generator = new Generator(options.seed, rows);
  const judge = new Judge();
  const make = (name: string) => new PairedClient(name, options.ports);
  const stage: Stage = {
    generator,
    judge,
    clients: ['a', 'b', 'c', 'd'].map(make),
    subscribers: ['sub2', 'sub3'].map(make),
    guest: make('guest'),
  };
  print(`seed ${options.seed}, ${options.commandCount} commands`);
  const startMs = Date.now();
  await startAnew(stage);
  const commandNames = await stage.clients[0].namesOfOurs();
  // Asked of one server only: its counters must forget it.
  await startAnew(stage);
  const printed = new Map<string, number>();
  let reported = 0;
  try {
    while (judge.commandCount < options.commandCount) {
      await playRound(stage);
      if (judge.mismatches.length === reported && !judge.isUnequal) continue;
      for (const mismatch of judge.mismatches.slice(reported)) report(mismatch, printed, print);
      reported = judge.mismatches.length;
      if (reported >= options.mismatchCountMax) break;
      await startAnew(stage);
    }
  } catch (error) {
    judge.note('-', new Draft('(the run itself)'), 'goes on', (error as Error).message);
    print(`run ended by: ${(error as Error).message}`);
  }
  for (const client of [...stage.clients, ...stage.subscribers, stage.guest]) client.end();
  return summarise(judge, commandNames, options, rows, (Date.now() - startMs) / 1_000);
}

/** A server that does not answer, or closes, has differed as well. */
async function playRound(stage: Stage): Promise<void> {
  const scenario = chooseScenario(stage.generator);
  try {
    await scenario.run(stage);
  } catch (error) {
    const draft = new Draft(`(${scenario.name})`);
    stage.judge.note('-', draft, 'an answer', (error as Error).message);
  }
}

/** After a difference the two servers are no longer equal; what follows would only echo it. */
async function startAnew(stage: Stage): Promise<void> {
  stage.judge.forget();
  for (const [i, client] of stage.clients.entries()) await client.reconnect(i % 2 === 0 ? 2 : 3);
  for (const [i, client] of stage.subscribers.entries()) await client.reconnect(i === 0 ? 2 : 3);
  await stage.clients[0].exchange([new Draft('FLUSHALL'), new Draft('CONFIG RESETSTAT')]);
}

function report(
  mismatch: Mismatch,
  printed: Map<string, number>,
  print: (line: string) => void,
): void {
  const count = (printed.get(mismatch.name) ?? 0) + 1;
  printed.set(mismatch.name, count);
  if (count > PRINTED_PER_COMMAND_MAX) return;
  print(`\nmismatch at command ${mismatch.commandIndex}, client ${mismatch.client}:`);
  for (const line of mismatch.context) print(`    ${line}`);
  print(`  > ${mismatch.command}`);
  print(`  redis-server: ${mismatch.oracle}`);
  print(`  hypercache:   ${mismatch.ours}`);
}

/** Refused by redis-server within a pipeline; many seconds of work without arguments. */
const NEVER_SENT = new Set(['script|debug', 'pfselftest']);

/** Commands of ours that no grammar row names; a container only leads to its subcommands. */
function untested(names: readonly string[], hits: ReadonlyMap<string, number>): string[] {
  const sent = new Set([...hits.keys()].flatMap((label) => [label, label.split(' ')[0]]));
  const shared = names.filter((name) => !isNewer(name) && !NEVER_SENT.has(name));
  const labels = shared.map((name) => name.replace('|', ' ').toUpperCase());
  return labels.filter((label) => !sent.has(label)).map((label) => `${label} is never sent`);
}

function summarise(
  judge: Judge,
  commandNames: readonly string[],
  options: CompatOptions,
  rows: readonly GrammarRow[],
  seconds: number,
): CompatResult {
  const { print } = options;
  const goodShare = 1 - judge.errorCount / Math.max(1, judge.replyCount);
  // A short run hits rare options by chance only.
  const hitsMin = judge.commandCount < 500_000 ? 0 : HITS_MIN;
  const problems = [];
  printCoverage(judge.labelCounts, print);
  if (!options.only && !options.isSelf) problems.push(...untested(commandNames, judge.labelCounts));
  const expected = rows.flatMap(labelsOf);
  for (const label of new Set([...expected, ...judge.labelCounts.keys()])) {
    if (label.endsWith(' damaged')) continue;
    const hits = judge.labelCounts.get(label) ?? 0;
    if (hits < hitsMin) problems.push(`${label}: ${hits} hits, at least ${hitsMin} wanted`);
  }
  if (goodShare < GOOD_REPLY_SHARE_MIN && !options.only) problems.push('too many error replies');
  if (ALLOWED_DIFFERENCES.length > ALLOWED_DIFFERENCES_MAX) problems.push('too much is allowed');
  for (const row of ALLOWED_DIFFERENCES) {
    print(`allowed: ${row.name}, ${judge.allowedCounts.get(row.name) ?? 0} times: ${row.reason}`);
  }
  const byName = new Map<string, number>();
  for (const { name } of judge.mismatches) byName.set(name, (byName.get(name) ?? 0) + 1);
  for (const [name, count] of byName) problems.push(`${count} mismatches of ${name}`);
  for (const problem of problems) print(`problem: ${problem}`);
  print(
    `compat: seed ${options.seed}, ${judge.commandCount} commands, ` +
      `${judge.mismatches.length} mismatches, ${(goodShare * 100).toFixed(1)} % of replies ` +
      `not errors, ${judge.labelCounts.size} commands and options, ${seconds.toFixed(1)} s`,
  );
  return { isGood: problems.length === 0, problems };
}

function labelsOf(row: GrammarRow): string[] {
  return [row.name, ...(row.options ?? []).map((option) => `${row.name} ${option.label}`)];
}

function printCoverage(counts: ReadonlyMap<string, number>, print: (line: string) => void): void {
  print('\ncommand or option: hits');
  const byCommand = new Map<string, string[]>();
  for (const label of [...counts.keys()].sort()) {
    const command = label.split(' ')[0];
    const texts = byCommand.get(command) ?? [];
    texts.push(`${label === command ? '' : label.slice(command.length + 1)} ${counts.get(label)}`);
    byCommand.set(command, texts);
  }
  for (const [command, texts] of byCommand) {
    print(`${command}: ${texts.map((text) => text.trim()).join(', ')}`);
  }
}
