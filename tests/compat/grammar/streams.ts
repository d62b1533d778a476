import type { Generator, GrammarRow } from '../generator.ts';

const KEY_COUNT = 6;
const GROUPS = ['g', 'h', 'group', ''];
const CONSUMERS = ['c', 'd', 'alice', 'x', ''];
const FIELDS = ['f', 'field', 'temperature', '1', ''];
/** Milliseconds: most entries share few, so that ids meet. */
const MS = ['100', '100', '100', '101', '102', '110', '4294967296', '9007199254740993'];
const EDGE_IDS = [
  '0',
  '0-0',
  '0-1',
  '-',
  '+',
  '(',
  '(100',
  '(-',
  '1-2-3',
  '18446744073709551615',
  '18446744073709551615-18446744073709551614',
  '18446744073709551616',
  '9007199254740992-9007199254740993',
  '100--5',
  '100--05',
  ' 100',
  '+100-1',
  '0100-01',
  '100-',
  '-100',
  'x',
];
const COUNT = ['1', '2', '3', '5', '10', '100', '0', '-1', 'x', '9223372036854775807'];
const LIMIT = ['0', '1', '5', '50', '100', '1000', '-1', 'x'];
const IDLE = ['0', '0', '0', '1000000', '-1', 'x'];

function key(g: Generator): ReturnType<Generator['key']> {
  return g.chance(0.95) ? `t${g.below(KEY_COUNT)}` : g.key();
}

function id(g: Generator): string {
  if (g.chance(0.06)) return g.pick(EDGE_IDS);
  return g.chance(0.15) ? g.pick(MS) : `${g.pick(MS)}-${g.below(g.chance(0.7) ? 40 : 400)}`;
}

function bound(g: Generator, edge: string): string {
  if (g.chance(0.4)) return edge;
  return g.chance(0.2) ? `(${id(g)}` : id(g);
}

function group(g: Generator): string {
  return g.chance(0.8) ? 'g' : g.pick(GROUPS);
}

function consumer(g: Generator): string {
  return g.pick(CONSUMERS);
}

function trim(g: Generator): string[] {
  const args = g.chance(0.6)
    ? [
        'MAXLEN',
        ...operator(g),
        g.pick(['0', '1', '10', '50', '99', '100', '150', '300', '-1', 'x']),
      ]
    : ['MINID', ...operator(g), id(g)];
  if (g.chance(0.2)) args.push('LIMIT', g.pick(LIMIT));
  return args;
}

function operator(g: Generator): string[] {
  return g.chance(0.3) ? [] : [g.pick(['~', '~', '='])];
}

/** Never `*`: the clock of the other server differs. */
function newId(g: Generator): string {
  if (g.chance(0.8)) return `${g.chance(0.98) ? '100' : g.pick(MS)}-*`;
  return id(g);
}

function pairs(g: Generator): ReturnType<Generator['times']> {
  const isUsual = g.chance(0.8);
  const make = () => [isUsual ? 'f' : g.pick(FIELDS), value(g)];
  const found = Array.from({ length: isUsual ? 1 : g.between(1, 4) }, make).flat();
  if (g.chance(0.02)) found.pop();
  return found;
}

function value(g: Generator): ReturnType<Generator['value']> {
  const kind = g.below(10);
  if (kind < 4) return g.letters(16);
  if (kind < 7) return g.integer();
  return g.value();
}

function add(name: string, weight: number, count: number): GrammarRow {
  return {
    name,
    weight,
    isFragile: true,
    make: (g, d) => {
      d.add(key(g));
      if (g.chance(0.1)) d.option('NOMKSTREAM');
      if (g.chance(0.15 * count)) d.label('trimmed').add(...trim(g));
      d.add(newId(g), ...pairs(g));
    },
  };
}

function read(g: Generator, isGroup: boolean): string[] {
  const args: string[] = [];
  if (g.chance(0.5)) args.push('COUNT', g.pick(COUNT));
  if (g.chance(0.15)) args.push('BLOCK', g.pick(['1', '2', '-1', 'x']));
  if (isGroup && g.chance(0.15)) args.push('NOACK');
  return args;
}

export const STREAM_ROWS: readonly GrammarRow[] = [
  add('XADD', 90, 1),
  {
    name: 'XRANGE',
    weight: 12,
    make: (g, d) => d.add(key(g), bound(g, '-'), bound(g, '+')),
    options: [{ label: 'COUNT', make: (g) => [g.pick(COUNT)] }],
  },
  {
    name: 'XREVRANGE',
    weight: 12,
    make: (g, d) => d.add(key(g), bound(g, '+'), bound(g, '-')),
    options: [{ label: 'COUNT', make: (g) => [g.pick(COUNT)] }],
  },
  { name: 'XLEN', weight: 5, make: (g, d) => d.add(key(g)) },
  { name: 'XDEL', weight: 20, make: (g, d) => d.add(key(g), ...g.times(1, 8, () => id(g))) },
  { name: 'XTRIM', weight: 8, make: (g, d) => d.add(key(g), ...trim(g)) },
  {
    name: 'XREAD',
    weight: 8,
    isFragile: true,
    make: (g, d) => {
      const keys = g.times(1, 3, () => key(g));
      const ids = keys.map(() => (g.chance(0.2) ? g.pick(['$', '>']) : id(g).replace(/^\+$/, '0')));
      d.add(...read(g, false), 'STREAMS', ...keys, ...ids);
      if (g.chance(0.03)) d.add('0');
    },
  },
  {
    name: 'XREADGROUP',
    weight: 25,
    isFragile: true,
    make: (g, d) => {
      const keys = g.times(1, 2, () => key(g));
      const ids = keys.map(() => (g.chance(0.8) ? '>' : g.chance(0.1) ? '$' : id(g)));
      d.add('GROUP', group(g), consumer(g), ...read(g, true), 'STREAMS', ...keys, ...ids);
    },
  },
  {
    name: 'XGROUP CREATE',
    weight: 10,
    make: (g, d) => d.add(key(g), group(g), g.chance(0.3) ? '$' : g.chance(0.6) ? '0' : id(g)),
    options: [
      { label: 'MKSTREAM' },
      { label: 'ENTRIESREAD', make: (g) => [g.pick(['-1', '0', '5', '100', '-2', 'x'])] },
    ],
  },
  {
    name: 'XGROUP SETID',
    weight: 3,
    make: (g, d) => d.add(key(g), group(g), g.chance(0.3) ? '$' : id(g)),
    options: [{ label: 'ENTRIESREAD', make: (g) => [g.pick(['-1', '0', '5', '100', '-2', 'x'])] }],
  },
  { name: 'XGROUP DESTROY', weight: 2, make: (g, d) => d.add(key(g), group(g)) },
  {
    name: 'XGROUP CREATECONSUMER',
    weight: 3,
    make: (g, d) => d.add(key(g), group(g), consumer(g)),
  },
  { name: 'XGROUP DELCONSUMER', weight: 2, make: (g, d) => d.add(key(g), group(g), consumer(g)) },
  { name: 'XGROUP HELP', weight: 1, make: () => {} },
  {
    name: 'XACK',
    weight: 8,
    make: (g, d) => d.add(key(g), group(g), ...g.times(1, 6, () => id(g))),
  },
  { name: 'XPENDING', weight: 8, make: (g, d) => d.add(key(g), group(g)) },
  {
    name: 'XPENDING',
    weight: 8,
    comparison: 'kind',
    make: (g, d) => {
      d.label('range').add(key(g), group(g));
      if (g.chance(0.3)) d.add('IDLE', g.pick(IDLE));
      d.add(bound(g, '-'), bound(g, '+'), g.pick(COUNT));
      if (g.chance(0.4)) d.add(consumer(g));
    },
  },
  {
    name: 'XCLAIM',
    weight: 10,
    make: (g, d) => {
      d.add(key(g), group(g), consumer(g), g.pick(IDLE), ...g.times(1, 5, () => id(g)));
    },
    options: [
      { label: 'IDLE', make: (g) => [g.pick(['0', '1000', 'x', '-5'])] },
      { label: 'TIME', make: (g) => [g.pick(['0', '1000', 'x', '9999999999999'])] },
      { label: 'RETRYCOUNT', make: (g) => [g.pick(['0', '1', '-1', 'x', '9007199254740993'])] },
      { label: 'FORCE' },
      { label: 'JUSTID' },
      { label: 'LASTID', make: (g) => [id(g)] },
    ],
  },
  {
    name: 'XAUTOCLAIM',
    weight: 6,
    make: (g, d) => d.add(key(g), group(g), consumer(g), g.pick(IDLE), bound(g, '-')),
    options: [{ label: 'COUNT', make: (g) => [g.pick(COUNT)] }, { label: 'JUSTID' }],
  },
  { name: 'XINFO STREAM', weight: 6, make: (g, d) => d.add(key(g)) },
  {
    name: 'XINFO STREAM FULL',
    weight: 3,
    comparison: 'kind',
    make: (g, d) => {
      d.args.splice(2, 1);
      d.add(key(g), 'FULL');
    },
    options: [{ label: 'COUNT', make: (g) => [g.pick(COUNT)] }],
  },
  { name: 'XINFO GROUPS', weight: 6, make: (g, d) => d.add(key(g)) },
  {
    name: 'XINFO CONSUMERS',
    weight: 3,
    comparison: 'kind',
    make: (g, d) => d.add(key(g), group(g)),
  },
  { name: 'XINFO HELP', weight: 1, make: () => {} },
  {
    name: 'XSETID',
    weight: 3,
    make: (g, d) => d.add(key(g), id(g)),
    options: [
      { label: 'ENTRIESADDED', make: (g) => [g.pick(['0', '5', '1000', '-1', 'x'])] },
      { label: 'MAXDELETEDID', make: (g) => [id(g)] },
    ],
  },
];
