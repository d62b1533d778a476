import type { Generator, GrammarRow } from '../generator.ts';
import { BITMAP_ROWS } from './bitmaps.ts';
import { KEY_ROWS } from './keys.ts';
import { STRING_ROWS } from './strings.ts';

/** Settings that both servers know and that change no reply of another command here. */
const SETTINGS: readonly (readonly [string, readonly string[]])[] = [
  ['slowlog-max-len', ['0', '10', '128', '-1', 'abc']],
  ['latency-monitor-threshold', ['0', '100000', 'abc']],
  ['lfu-decay-time', ['0', '1', '5']],
  ['lfu-log-factor', ['1', '10', '-3']],
  ['maxmemory-samples', ['1', '5', '10', '0']],
  ['timeout', ['0', '100000', '-1']],
];

const KEYED_ROWS = [...STRING_ROWS, ...BITMAP_ROWS, ...KEY_ROWS.filter((row) => row.weight > 4)];

function kind(name: string, weight = 0.4): GrammarRow {
  return { name, weight, comparison: 'kind', make: () => {} };
}

function exact(name: string, weight = 0.4): GrammarRow {
  return { name, weight, make: () => {} };
}

export const SERVER_ROWS: readonly GrammarRow[] = [
  { name: 'DBSIZE', weight: 5, make: () => {} },
  {
    name: 'FLUSHDB',
    weight: 0.4,
    options: [
      { label: 'ASYNC', group: 'mode' },
      { label: 'SYNC', group: 'mode' },
    ],
    make: () => {},
  },
  {
    name: 'FLUSHALL',
    weight: 0.3,
    options: [
      { label: 'ASYNC', group: 'mode' },
      { label: 'SYNC', group: 'mode' },
    ],
    make: () => {},
  },
  kind('TIME'),
  { name: 'SWAPDB', weight: 1, make: (g, d) => d.add(String(g.below(5)), String(g.below(5))) },
  { name: 'CONFIG GET', weight: 2, comparison: 'unordered', make: configGet },
  {
    name: 'CONFIG SET',
    weight: 1.5,
    make: (g, d) => {
      for (let i = g.between(1, 2); i > 0; i--) {
        const [name, values] = g.pick(SETTINGS);
        d.add(g.chance(0.95) ? name : 'no-such-setting', g.pick(values));
      }
    },
  },
  exact('CONFIG RESETSTAT'),
  exact('CONFIG HELP'),
  { ...kind('COMMAND COUNT') },
  { name: 'COMMAND GETKEYS', weight: 3, make: nestedCommand },
  { name: 'COMMAND GETKEYSANDFLAGS', weight: 2, comparison: 'unordered', make: nestedCommand },
  {
    name: 'COMMAND INFO',
    weight: 1.5,
    comparison: 'unordered',
    make: (g, d) =>
      d.add(
        ...g.times(1, 2, () => (g.chance(0.9) ? g.pick(KEYED_ROWS).name.split(' ')[0] : 'nothing')),
      ),
  },
  exact('COMMAND HELP'),
  { ...kind('COMMAND LIST') },
  { name: 'INFO', weight: 1.5, comparison: 'kind', make: infoSections },
  { name: 'MEMORY USAGE', weight: 2, comparison: 'kind', make: memoryUsage },
  kind('MEMORY STATS'),
  kind('MEMORY DOCTOR'),
  kind('SLOWLOG GET'),
  kind('SLOWLOG LEN'),
  exact('SLOWLOG RESET'),
  exact('SLOWLOG HELP'),
  kind('LATENCY LATEST'),
  { name: 'LATENCY HISTORY', weight: 0.4, make: (_, d) => d.add('command') },
  { name: 'LATENCY GRAPH', weight: 0.4, make: (_, d) => d.add('command') },
  { name: 'LATENCY RESET', weight: 0.4, make: (_, d) => d.add('command') },
  kind('LATENCY DOCTOR'),
  { name: 'LATENCY HISTOGRAM', weight: 0.4, comparison: 'kind', make: (_, d) => d.add('get') },
  exact('LATENCY HELP'),
  kind('LOLWUT'),
  { name: 'SHUTDOWN', weight: 0.4, isFragile: true, make: (_, d) => d.option('ABORT') },
  { name: 'DEBUG SLEEP', weight: 0.3, isFragile: true, make: (_, d) => d.add('0') },
  {
    name: 'DEBUG OBJECT',
    weight: 1,
    isFragile: true,
    comparison: 'kind',
    make: (g, d) => d.add(g.key()),
  },
  { name: 'DEBUG SET-ACTIVE-EXPIRE', weight: 0.3, isFragile: true, make: (_, d) => d.add('1') },
  { ...exact('DEBUG CHANGE-REPL-ID'), isFragile: true },
];

function configGet(g: Generator, draft: { add(...args: string[]): unknown }): void {
  for (let i = g.between(1, 2); i > 0; i--) {
    draft.add(g.chance(0.9) ? g.pick(SETTINGS)[0] : 'no-such-setting');
  }
}

function nestedCommand(g: Generator, draft: Parameters<GrammarRow['make']>[1]): void {
  draft.add(...g.draft(g.pick(KEYED_ROWS)).args);
}

function infoSections(g: Generator, draft: Parameters<GrammarRow['make']>[1]): void {
  if (g.chance(0.7)) {
    draft.option(g.pick(['server', 'clients', 'memory', 'stats', 'keyspace', 'everything']));
  }
}

function memoryUsage(g: Generator, draft: Parameters<GrammarRow['make']>[1]): void {
  draft.add(g.key());
  if (g.chance(0.3)) draft.option('SAMPLES', String(g.between(0, 5)));
}
