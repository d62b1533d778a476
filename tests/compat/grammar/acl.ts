import type { Draft, Generator, GrammarRow } from '../generator.ts';
import { plainRow } from '../generator.ts';
import { BITMAP_ROWS } from './bitmaps.ts';
import { KEY_ROWS } from './keys.ts';
import { STRING_ROWS } from './strings.ts';

/** Users that nobody logs in as: the scenario of users has one of its own. */
const USERS = ['u1', 'u2', 'u3'];

const KEYED_ROWS = [...STRING_ROWS, ...BITMAP_ROWS, ...KEY_ROWS.filter((row) => row.weight > 4)];

/** Those whose commands the two servers share to a good part. */
const CATEGORIES = ['read', 'write', 'string', 'bitmap', 'keyspace', 'connection', 'pubsub'];

const RULES: readonly ((g: Generator) => string)[] = [
  (g) => g.pick(['on', 'off', 'ON', 'nopass', 'resetpass', 'reset', 'sanitize-payload']),
  (g) => g.pick(['allkeys', 'resetkeys', 'allchannels', 'resetchannels', 'clearselectors']),
  (g) => g.pick(['allcommands', 'nocommands', '+@all', '-@all', 'skip-sanitize-payload']),
  (g) => `${g.pick(['>', '<'])}${g.pick(['a', 'b', ''])}`,
  (g) => `${g.pick(['#', '!'])}${g.pick(['a', '0'.repeat(64), 'f'.repeat(64)])}`,
  keyRule,
  keyRule,
  (g) => `&${g.pick(['*', 'c*', 'c?', 'channel', ''])}`,
  commandRule,
  commandRule,
  (g) => `(${[commandRule(g), keyRule(g)].join(' ')})`,
  (g) => g.pick(['', 'nonsense', '(', ')', '+nosuch', '-@nosuch', '+config|nosuch', '%X~a']),
];

export const ACL_ROWS: readonly GrammarRow[] = [
  {
    name: 'ACL SETUSER',
    weight: 5,
    isFragile: true,
    make: (g, d) => d.add(g.pick(USERS), ...g.times(0, 5, () => g.pick(RULES)(g))),
  },
  {
    name: 'ACL GETUSER',
    weight: 1.5,
    comparison: 'rules',
    make: (g, d) => d.add(g.pick([...USERS, 'nobody', 'default'])),
  },
  { ...plainRow('ACL LIST', 1), comparison: 'rules' },
  plainRow('ACL USERS', 0.7),
  { name: 'ACL DELUSER', weight: 0.7, make: (g, d) => d.add(...g.times(1, 2, () => user(g))) },
  { name: 'ACL DRYRUN', weight: 6, make: dryRun },
  {
    name: 'ACL CAT',
    weight: 1,
    comparison: 'names',
    make: (g, d) => {
      if (g.chance(0.3)) d.comparison = 'exact';
      else d.add(g.chance(0.9) ? g.mixCase(g.pick([...CATEGORIES, 'dangerous'])) : 'nothing');
    },
  },
  {
    name: 'ACL GENPASS',
    weight: 0.7,
    comparison: 'kind',
    make: (g, d) => d.add(...g.times(0, 1, () => g.pick(['1', '512', '0', '4097', '-1', 'abc']))),
  },
  {
    name: 'ACL LOG',
    weight: 1,
    comparison: 'accessLog',
    make: (g, d) => {
      if (g.chance(0.2)) d.option('RESET');
      else d.add(...g.times(0, 1, () => g.pick(['0', '1', '5', '1000', '-1', 'abc'])));
    },
  },
  plainRow('ACL WHOAMI', 0.7),
  plainRow('ACL HELP', 0.4),
  plainRow('ACL LOAD', 0.4),
  plainRow('ACL SAVE', 0.4),
];

function user(g: Generator): string {
  return g.chance(0.9) ? g.pick(USERS) : g.pick(['nobody', 'default', '']);
}

function keyRule(g: Generator): string {
  const sign = g.pick(['~', '~', '%R~', '%W~', '%RW~', '%']);
  return sign + g.pick(['*', 'k*', 'n?', '[ab]*', 'k1', '', 's[0-4]']);
}

export function commandRule(g: Generator): string {
  const sign = g.pick(['+', '+', '-']);
  if (g.chance(0.4)) return `${sign}@${g.pick(CATEGORIES)}`;
  if (g.chance(0.1)) return `+select|${g.below(3)}`;
  const row = g.pick(KEYED_ROWS);
  return sign + row.name.toLowerCase().replace(' ', '|');
}

/** Rules that let a user send most of what is sent here; a PING always ends a batch. */
export function workingRules(g: Generator): string[] {
  const rules = ['reset', 'on', 'nopass', g.chance(0.7) ? '+@all' : '+@read'];
  if (g.chance(0.6)) rules.push('~k*', g.pick(['~n*', '%R~*', '%R~n*', '%W~s*']));
  else rules.push('~*');
  if (g.chance(0.5)) rules.push('&c*');
  for (let i = g.below(4); i > 0; i--) rules.push(commandRule(g));
  if (g.chance(0.3)) rules.push(`(~b* ${commandRule(g)} ${commandRule(g)})`);
  return [...rules, '+ping'];
}

function dryRun(g: Generator, draft: Draft): void {
  draft.add(user(g), ...keyedCommand(g).args);
}

/** As its row makes it, whole. */
export function keyedCommand(g: Generator): Draft {
  return g.draft(g.pick(KEYED_ROWS));
}
