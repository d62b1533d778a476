import type { Generator, GrammarRow } from '../generator.ts';

const COUNT = ['1', '2', '3', '10', '0', '-1', 'x', '9223372036854775807', '-9223372036854775808'];

/** Few members, so that sets meet; integers for intsets, now and then anything. */
function member(g: Generator): ReturnType<Generator['value']> {
  if (g.chance(0.5)) return g.pick(['1', '2', '3', '-1', '300', '70000', '5000000000', '-40000']);
  return g.chance(0.7) ? g.pick(['a', 'b', 'c', 'abc', '', '01']) : g.value();
}

function members(name: string, weight: number): GrammarRow {
  return { name, weight, make: (g, d) => d.add(g.key(), ...g.times(1, 6, () => member(g))) };
}

function algebra(name: string, weight: number): GrammarRow {
  return {
    name,
    weight,
    comparison: 'unordered',
    make: (g, d) => d.add(...g.times(1, 4, () => g.key())),
  };
}

function store(name: string, weight: number): GrammarRow {
  return { name, weight, make: (g, d) => d.add(g.key(), ...g.times(1, 4, () => g.key())) };
}

export const SET_ROWS: readonly GrammarRow[] = [
  members('SADD', 30),
  members('SREM', 14),
  { name: 'SISMEMBER', weight: 8, make: (g, d) => d.add(g.key(), member(g)) },
  members('SMISMEMBER', 6),
  { name: 'SCARD', weight: 8, make: (g, d) => d.add(g.key()) },
  { name: 'SMEMBERS', weight: 10, comparison: 'unordered', make: (g, d) => d.add(g.key()) },
  {
    name: 'SSCAN',
    weight: 5,
    comparison: 'scan',
    options: [{ label: 'MATCH', make: (g) => [g.pattern()] }],
    make: (g, d) => {
      const cursor = g.chance(0.93) ? '0' : g.pick(['abc', '']);
      d.add(g.key(), cursor).option('COUNT', g.chance(0.93) ? '1000000' : g.pick(['0', '-1', 'x']));
    },
  },
  // What is popped is chance: only all or none of a set can be compared, and its length after.
  {
    name: 'SPOP',
    weight: 5,
    comparison: 'unordered',
    isFragile: true,
    make: (g, d) => d.add(g.key(), g.pick(['0', '1000', '1000000', '-1', 'x'])),
  },
  {
    name: 'SRANDMEMBER',
    weight: 5,
    comparison: 'kind',
    make: (g, d) => {
      d.add(g.key());
      if (g.chance(0.5)) d.add(g.pick(['1', '2', '0', '-1', '-5', 'x', '1000']));
    },
  },
  {
    name: 'SRANDMEMBER',
    weight: 3,
    comparison: 'unordered',
    isFragile: true,
    make: (g, d) => d.add(g.key(), g.pick(['1000000', '0'])),
  },
  { name: 'SMOVE', weight: 8, make: (g, d) => d.add(g.key(), g.key(), member(g)) },
  algebra('SINTER', 7),
  algebra('SUNION', 7),
  algebra('SDIFF', 7),
  store('SINTERSTORE', 5),
  store('SUNIONSTORE', 5),
  store('SDIFFSTORE', 5),
  {
    name: 'SINTERCARD',
    weight: 6,
    options: [{ label: 'LIMIT', make: (g) => [g.pick(COUNT)] }],
    make: (g, d) => {
      const keys = g.times(1, 4, () => g.key());
      d.add(g.chance(0.9) ? String(keys.length) : g.pick(COUNT), ...keys);
    },
  },
];
