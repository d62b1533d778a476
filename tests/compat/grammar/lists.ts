import type { Generator, GrammarRow } from '../generator.ts';

const END = ['LEFT', 'RIGHT', 'left', 'Right', 'UP'];
const INDEX = ['0', '1', '2', '-1', '-2', '5', '-100', '100', '9223372036854775807', 'x', ''];
const COUNT = ['1', '2', '3', '10', '0', '-1', 'x', '9223372036854775807'];
/** Never for ever, and so never damaged: within the streams nobody would wake the client. */
const TIMEOUT = ['0.001', '0.002', '0.01', '-1', 'x'];

function end(g: Generator): string {
  return g.chance(0.95) ? g.pick(END.slice(0, 4)) : g.pick(END);
}

/** Few values, so that LREM, LPOS and LINSERT find some; now and then any value. */
function element(g: Generator): ReturnType<Generator['value']> {
  return g.chance(0.8) ? g.pick(['a', 'b', 'c', '1', '-1', '300', '70000', 'abc']) : g.value();
}

function push(name: string, weight: number): GrammarRow {
  return { name, weight, make: (g, d) => d.add(g.key(), ...g.times(1, 5, () => element(g))) };
}

function pop(name: string): GrammarRow {
  return {
    name,
    weight: 12,
    make: (g, d) => {
      d.add(g.key());
      if (g.chance(0.4)) d.add(g.pick(COUNT));
    },
  };
}

function blockingPop(name: string): GrammarRow {
  return {
    name,
    weight: 4,
    isFragile: true,
    make: (g, d) => d.add(...g.times(1, 3, () => g.key()), g.pick(TIMEOUT)),
  };
}

function popMany(name: string, hasTimeout: boolean): GrammarRow {
  return {
    name,
    weight: 5,
    isFragile: hasTimeout,
    options: [{ label: 'COUNT', make: (g) => [g.pick(COUNT)] }],
    make: (g, d) => {
      if (hasTimeout) d.add(g.pick(TIMEOUT));
      const keys = g.times(1, 3, () => g.key());
      d.add(g.chance(0.95) ? String(keys.length) : g.pick(COUNT), ...keys, end(g));
    },
  };
}

export const LIST_ROWS: readonly GrammarRow[] = [
  push('LPUSH', 20),
  push('RPUSH', 24),
  push('LPUSHX', 6),
  push('RPUSHX', 6),
  pop('LPOP'),
  pop('RPOP'),
  { name: 'LLEN', weight: 6, make: (g, d) => d.add(g.key()) },
  { name: 'LINDEX', weight: 8, make: (g, d) => d.add(g.key(), g.pick(INDEX)) },
  { name: 'LSET', weight: 8, make: (g, d) => d.add(g.key(), g.pick(INDEX), element(g)) },
  { name: 'LRANGE', weight: 14, make: (g, d) => d.add(g.key(), g.pick(INDEX), g.pick(INDEX)) },
  {
    name: 'LINSERT',
    weight: 8,
    make: (g, d) => {
      const side = g.pick(['BEFORE', 'AFTER', 'before', 'After', 'AT']);
      d.add(g.key(), side, element(g), element(g));
    },
  },
  { name: 'LREM', weight: 8, make: (g, d) => d.add(g.key(), g.pick(INDEX), element(g)) },
  { name: 'LTRIM', weight: 5, make: (g, d) => d.add(g.key(), g.pick(INDEX), g.pick(INDEX)) },
  {
    name: 'LPOS',
    weight: 8,
    options: [
      { label: 'RANK', make: (g) => [g.pick(INDEX)] },
      { label: 'COUNT', make: (g) => [g.pick(COUNT)] },
      { label: 'MAXLEN', make: (g) => [g.pick(COUNT)] },
    ],
    make: (g, d) => d.add(g.key(), element(g)),
  },
  { name: 'LMOVE', weight: 8, make: (g, d) => d.add(g.key(), g.key(), end(g), end(g)) },
  { name: 'RPOPLPUSH', weight: 6, make: (g, d) => d.add(g.key(), g.key()) },
  popMany('LMPOP', false),
  popMany('BLMPOP', true),
  blockingPop('BLPOP'),
  blockingPop('BRPOP'),
  {
    name: 'BLMOVE',
    weight: 4,
    isFragile: true,
    make: (g, d) => d.add(g.key(), g.key(), end(g), end(g), g.pick(TIMEOUT)),
  },
  {
    name: 'BRPOPLPUSH',
    weight: 3,
    isFragile: true,
    make: (g, d) => d.add(g.key(), g.key(), g.pick(TIMEOUT)),
  },
];
