import type { Generator, GrammarRow, OptionRow } from '../generator.ts';

const CONDITIONS: readonly OptionRow[] = [
  { label: 'NX', group: 'condition' },
  { label: 'XX', group: 'condition' },
];

const DEADLINES: readonly OptionRow[] = [
  { label: 'EX', group: 'ttl', make: (g) => [g.relativeDeadline()] },
  { label: 'PX', group: 'ttl', make: (g) => [g.relativeDeadline()] },
  { label: 'EXAT', group: 'ttl', make: (g) => [g.absoluteDeadlineS()] },
  { label: 'PXAT', group: 'ttl', make: (g) => [g.absoluteDeadlineMs()] },
];

const SET_OPTIONS: readonly OptionRow[] = [
  ...CONDITIONS,
  ...DEADLINES,
  { label: 'KEEPTTL', group: 'ttl' },
  { label: 'GET' },
];

function pairs(g: Generator) {
  return Array.from({ length: g.between(1, 5) }, () => {
    const key = g.key();
    return [key, g.valueFor(key)];
  }).flat();
}

function incrementBy(name: string): GrammarRow {
  return {
    name,
    weight: 12,
    make: (g, d) => d.add(g.numberKey(), g.integer()),
  };
}

function readKey(name: string, weight: number): GrammarRow {
  return { name, weight, make: (g, d) => d.add(g.key()) };
}

function range(name: string): GrammarRow {
  return { name, weight: 8, make: (g, d) => d.add(g.key(), g.index(), g.index()) };
}

export const STRING_ROWS: readonly GrammarRow[] = [
  {
    name: 'SET',
    weight: 60,
    options: SET_OPTIONS,
    make: (g, d) => {
      const key = g.key();
      d.add(key, g.valueFor(key));
    },
  },
  readKey('GET', 40),
  readKey('GETDEL', 8),
  readKey('STRLEN', 8),
  {
    name: 'GETEX',
    weight: 12,
    options: [...DEADLINES, { label: 'PERSIST', group: 'ttl' }],
    make: (g, d) => d.add(g.key()),
  },
  {
    name: 'GETSET',
    weight: 8,
    make: (g, d) => {
      const key = g.key();
      d.add(key, g.valueFor(key));
    },
  },
  { name: 'SETNX', weight: 8, make: (g, d) => d.add(g.key(), g.value()) },
  {
    name: 'SETEX',
    weight: 8,
    make: (g, d) => {
      const key = g.key();
      d.add(key, g.relativeDeadline(), g.valueFor(key));
    },
  },
  {
    name: 'PSETEX',
    weight: 8,
    make: (g, d) => {
      const key = g.key();
      d.add(key, g.relativeDeadline(), g.valueFor(key));
    },
  },
  { name: 'MSET', weight: 12, make: (g, d) => d.add(...pairs(g)) },
  { name: 'MSETNX', weight: 6, make: (g, d) => d.add(...pairs(g)) },
  { name: 'MGET', weight: 12, make: (g, d) => d.add(...g.times(1, 8, () => g.key())) },
  { name: 'APPEND', weight: 10, make: (g, d) => d.add(g.key(), g.value()) },
  { name: 'SETRANGE', weight: 8, make: (g, d) => d.add(g.key(), g.offset(), g.value()) },
  range('GETRANGE'),
  range('SUBSTR'),
  { name: 'INCR', weight: 14, make: (g, d) => d.add(g.numberKey()) },
  { name: 'DECR', weight: 10, make: (g, d) => d.add(g.numberKey()) },
  incrementBy('INCRBY'),
  incrementBy('DECRBY'),
  { name: 'INCRBYFLOAT', weight: 10, make: (g, d) => d.add(g.numberKey(), float(g)) },
  {
    name: 'LCS',
    weight: 8,
    options: [
      { label: 'LEN', group: 'shape' },
      { label: 'IDX', group: 'shape' },
      { label: 'MINMATCHLEN', make: (g) => [g.chance(0.9) ? String(g.between(0, 5)) : g.index()] },
      { label: 'WITHMATCHLEN' },
    ],
    make: (g, d) => d.add(g.shortKey(), g.shortKey()),
  },
];

const FLOATS = [
  '0.1',
  '-0.1',
  '1e10',
  '3.0e3',
  '-5',
  '200',
  '1e-5',
  '123456789.123456789',
  '1e17',
  '1e18',
  '0.30000000000000004',
];
const BAD_FLOATS = ['nan', 'inf', '-inf', '1e5000', 'abc', '', ' 1', '1 ', '0x1p3', '1.5.2'];

function float(g: Generator): string {
  if (g.chance(0.05)) return g.pick(BAD_FLOATS);
  if (g.chance(0.5)) return g.pick(FLOATS);
  return (g.between(-100_000, 100_000) / g.pick([1, 10, 100, 1_000])).toString();
}
