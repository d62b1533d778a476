import type { Generator, GrammarRow } from '../generator.ts';

const COUNT = ['1', '2', '0', '-1', '-5', 'x', '1000', '9223372036854775807'];
const INCREMENT = ['1', '-1', '9223372036854775807', '-9223372036854775808', '0', 'x', '', '1.5'];
const FLOAT = ['1', '-1.5', '0.1', '3.0e3', '1e-5', 'x', '', 'inf', 'nan', '1e4000'];

function field(g: Generator): ReturnType<Generator['value']> {
  if (g.chance(0.9)) return g.pick(['a', 'b', 'c', 'd', 'n', '1', '-1', '', '__proto__', '300']);
  return g.value();
}

function value(g: Generator): ReturnType<Generator['value']> {
  return g.chance(0.5) ? g.pick(['1', '2', '1.5', '9223372036854775807', 'abc', '']) : g.value();
}

function pairs(name: string, weight: number): GrammarRow {
  return {
    name,
    weight,
    make: (g, d) => {
      d.add(g.key());
      for (const one of g.times(1, 4, () => field(g))) d.add(one, value(g));
    },
  };
}

function fields(name: string, weight: number): GrammarRow {
  return { name, weight, make: (g, d) => d.add(g.key(), ...g.times(1, 4, () => field(g))) };
}

function one(name: string, weight: number): GrammarRow {
  return { name, weight, make: (g, d) => d.add(g.key(), field(g)) };
}

function all(name: string, weight: number): GrammarRow {
  return { name, weight, comparison: 'unordered', make: (g, d) => d.add(g.key()) };
}

export const HASH_ROWS: readonly GrammarRow[] = [
  pairs('HSET', 30),
  pairs('HMSET', 6),
  { name: 'HSETNX', weight: 8, make: (g, d) => d.add(g.key(), field(g), value(g)) },
  one('HGET', 12),
  fields('HMGET', 8),
  fields('HDEL', 12),
  one('HEXISTS', 6),
  { name: 'HLEN', weight: 6, make: (g, d) => d.add(g.key()) },
  one('HSTRLEN', 6),
  all('HKEYS', 6),
  all('HVALS', 6),
  all('HGETALL', 8),
  { name: 'HINCRBY', weight: 8, make: (g, d) => d.add(g.key(), field(g), g.pick(INCREMENT)) },
  { name: 'HINCRBYFLOAT', weight: 8, make: (g, d) => d.add(g.key(), field(g), g.pick(FLOAT)) },
  {
    name: 'HRANDFIELD',
    weight: 6,
    comparison: 'kind',
    make: (g, d) => {
      d.add(g.key());
      if (g.chance(0.6)) d.add(g.pick(COUNT));
      if (g.chance(0.3)) d.add('WITHVALUES');
    },
  },
  {
    name: 'HSCAN',
    weight: 5,
    comparison: 'scan',
    options: [{ label: 'MATCH', make: (g) => [g.pattern()] }],
    make: (g, d) => {
      const cursor = g.chance(0.93) ? '0' : g.pick(['abc', '']);
      const count = g.chance(0.93) ? '1000000' : g.pick(['0', '-1', 'x']);
      d.add(g.key(), cursor).option('COUNT', count);
    },
  },
];
