import { type Draft, type Generator, type GrammarRow, plainRow } from '../generator.ts';

const FLUSH_MODES = [
  { label: 'ASYNC', group: 'mode' },
  { label: 'SYNC', group: 'mode' },
] as const;

function kind(name: string, weight = 0.4): GrammarRow {
  return { name, weight, comparison: 'kind', make: () => {} };
}

/** Sent as it is: damaged it might stall or stop a server, as it should. */
function fragile(name: string, ...args: string[]): GrammarRow {
  return { name, weight: 0.4, isFragile: true, make: (_, d) => d.add(...args) };
}

export const SERVER_ROWS: readonly GrammarRow[] = [
  plainRow('DBSIZE', 5),
  { name: 'FLUSHDB', weight: 0.5, options: FLUSH_MODES, make: () => {} },
  { name: 'FLUSHALL', weight: 0.5, options: FLUSH_MODES, make: () => {} },
  { name: 'SWAPDB', weight: 1, make: (g, d) => d.add(databaseIndex(g), databaseIndex(g)) },
  kind('TIME'),
  plainRow('CONFIG RESETSTAT', 0.4),
  plainRow('CONFIG REWRITE', 0.4),
  plainRow('CONFIG HELP', 0.4),
  { name: 'INFO', weight: 2.5, comparison: 'info', make: infoSections },
  { name: 'MEMORY USAGE', weight: 2, comparison: 'kind', make: memoryUsage },
  kind('MEMORY STATS'),
  kind('MEMORY DOCTOR'),
  { ...fragile('MEMORY PURGE'), comparison: 'kind' },
  { ...fragile('MEMORY MALLOC-STATS'), comparison: 'kind' },
  plainRow('MEMORY HELP', 0.4),
  { name: 'SLOWLOG GET', weight: 0.6, comparison: 'kind', make: slowlogGet },
  kind('SLOWLOG LEN'),
  plainRow('SLOWLOG RESET', 0.4),
  plainRow('SLOWLOG HELP', 0.4),
  kind('LATENCY LATEST'),
  { name: 'LATENCY HISTORY', weight: 0.4, make: (g, d) => d.add(latencyEvent(g)) },
  { name: 'LATENCY GRAPH', weight: 0.4, make: (g, d) => d.add(latencyEvent(g)) },
  { name: 'LATENCY RESET', weight: 0.6, make: latencyReset },
  kind('LATENCY DOCTOR'),
  { name: 'LATENCY HISTOGRAM', weight: 0.8, comparison: 'kind', make: latencyHistogram },
  plainRow('LATENCY HELP', 0.4),
  {
    name: 'LOLWUT',
    weight: 0.8,
    comparison: 'kind',
    make: (g, d) => {
      if (g.chance(0.6)) d.option('VERSION', g.pick(['5', '6', '7', '0', 'abc', '']));
    },
  },
  {
    name: 'SHUTDOWN',
    weight: 0.8,
    isFragile: true,
    make: (g, d) => {
      if (g.chance(0.5)) d.option('ABORT');
      else d.label('refused').add(...g.pick(REFUSED_SHUTDOWNS));
    },
  },
  fragile('DEBUG SLEEP', '0'),
  fragile('DEBUG SET-ACTIVE-EXPIRE', '1'),
  fragile('DEBUG CHANGE-REPL-ID'),
  {
    name: 'DEBUG OBJECT',
    weight: 1,
    isFragile: true,
    comparison: 'kind',
    make: (g, d) => d.add(g.key()),
  },
  { name: 'DEBUG DIGEST-VALUE', weight: 2, isFragile: true, make: digestedKeys },
  { name: 'DEBUG PROTOCOL', weight: 0.8, isFragile: true, make: (g, d) => d.add(g.pick(TYPES)) },
  { name: 'DEBUG POPULATE', weight: 0.4, isFragile: true, make: populate },
  {
    name: 'DEBUG HTSTATS',
    weight: 0.4,
    isFragile: true,
    comparison: 'kind',
    make: (g, d) => d.add(g.pick(['0', '1', '99', 'abc'])),
  },
  {
    name: 'DEBUG REPLYBUFFER',
    weight: 0.4,
    isFragile: true,
    make: (g, d) => d.add(...g.pick(REPLY_BUFFER_WORDS)),
  },
  // A size that is taken would change what lists are called from then on.
  fragile('DEBUG QUICKLIST-PACKED-THRESHOLD', '5g'),
  fragile('DEBUG STRUCTSIZE'),
  fragile('DEBUG PAUSE-CRON', '0'),
  fragile('DEBUG SET-DISABLE-DENY-SCRIPTS', '0'),
  fragile('DEBUG LOG', 'text'),
  fragile('DEBUG NONSENSE', 'x'),
  {
    name: 'DEBUG ERROR',
    weight: 0.4,
    isFragile: true,
    make: (g, d) => d.add(`${g.pick(['ERR', 'CODE', 'WRONGTYPE'])} ${g.letters(8)}`),
  },
  plainRow('MODULE LIST', 0.4),
  plainRow('MODULE HELP', 0.4),
  fragile('MODULE LOAD', '/none.so'),
  fragile('MODULE LOADEX', '/none.so'),
  fragile('MODULE UNLOAD', 'none'),
  plainRow('ROLE', 0.4),
  kind('LASTSAVE'),
  { ...fragile('SAVE'), weight: 0.2 },
  // One in the background changes what is answered for as long as it runs, which is not the same.
  fragile('BGSAVE', 'NOW'),
  fragile('BGREWRITEAOF', 'NOW'),
  fragile('REPLICAOF', 'no', 'one'),
  fragile('SLAVEOF', 'NO', 'ONE'),
  {
    name: 'WAIT',
    weight: 0.8,
    isFragile: true,
    make: (g, d) => d.add(g.pick(['0', '0', '-1', 'abc']), g.pick(['0', '10', '-1', 'abc'])),
  },
];

/** Without `attrib` and `push`, which are more than one reply to RESP3. */
const TYPES = [
  ...['string', 'integer', 'double', 'bignum', 'null', 'array', 'set', 'map', 'verbatim'],
  ...['true', 'FALSE', 'nonsense', ''],
];

const REPLY_BUFFER_WORDS = [
  ['RESIZING', '1'],
  ['PEAK-RESET-TIME', 'RESET'],
  ['PEAK-RESET-TIME', 'abc'],
  ['NONSENSE', '1'],
];

function digestedKeys(g: Generator, draft: Draft): void {
  draft.add(...g.times(1, 3, () => g.key()));
}

function populate(g: Generator, draft: Draft): void {
  draft.add(g.pick(['0', '2', '3', '-1', 'abc']));
  if (g.chance(0.7)) draft.label('prefix').add(g.pick(['k1', 'populated']));
  else return;
  if (g.chance(0.5)) draft.label('size').add(g.pick(['0', '4', '30', '100', '-1', 'abc']));
}

/** None of them ends a server. */
const REFUSED_SHUTDOWNS = [
  ['NONSENSE'],
  ['SAVE', 'NOSAVE'],
  ['NOSAVE', 'SAVE'],
  ['NOSAVE', 'ABORT'],
  ['ABORT', 'NOW'],
  ['NOW', 'FORCE', 'ABORT'],
  ['ABORT', 'ABORT'],
  ['FORCE', ''],
];

const INFO_SECTIONS = [
  'server',
  'clients',
  'memory',
  'persistence',
  'stats',
  'replication',
  'cpu',
  'modules',
  'commandstats',
  'errorstats',
  'latencystats',
  'cluster',
  'keyspace',
  'default',
  'all',
  'everything',
  'nothing',
];

const HISTOGRAM_NAMES = ['get', 'SET', 'config', 'config|get', 'CLIENT|LIST', 'nothing', ''];

function databaseIndex(g: Generator): string {
  if (g.chance(0.06)) return g.pick(['15', '16', '-1', 'abc', '']);
  return String(g.below(5));
}

function infoSections(g: Generator, draft: Draft): void {
  if (g.chance(0.2)) return;
  for (let i = g.chance(0.8) ? 1 : 2; i > 0; i--) {
    const section = g.pick(INFO_SECTIONS);
    draft.label(section).add(g.chance(0.3) ? g.mixCase(section) : section);
  }
}

function memoryUsage(g: Generator, draft: Draft): void {
  draft.add(g.key());
  if (g.chance(0.3)) draft.option('SAMPLES', String(g.between(0, 5)));
}

function slowlogGet(g: Generator, draft: Draft): void {
  if (g.chance(0.7)) draft.label('count').add(g.pick(['0', '1', '10', '-1', '-2', 'abc', '']));
}

function latencyReset(g: Generator, draft: Draft): void {
  if (g.chance(0.7)) draft.label('event').add(...g.times(1, 2, () => latencyEvent(g)));
}

function latencyHistogram(g: Generator, draft: Draft): void {
  if (g.chance(0.8)) {
    draft.label('command').add(...g.times(1, 2, () => g.pick(HISTOGRAM_NAMES)));
  }
}

/** Nothing is so slow here that it would be noted. */
function latencyEvent(g: Generator): string {
  return g.pick(['command', 'fast-command', 'expire-cycle', 'COMMAND', 'nothing', '']);
}
