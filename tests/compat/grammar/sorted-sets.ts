import type { Generator, GrammarRow, OptionRow } from '../generator.ts';

const COUNT = ['1', '2', '3', '10', '0', '-1', 'x', '9223372036854775807'];
/** Never for ever, and so never damaged: within the streams nobody would wake the client. */
const TIMEOUT = ['0.001', '0.002', '0.01', '-1', 'x'];
const SCORES = [
  ...['inf', '-inf', '+inf', '0', '-0', '1e20', '1e17', '-1e18', '3.0', '0.1', '1e-10', '1e300'],
  ...['9007199254740993', '4611686018427387904', '9223372036854775807', '1.5e3', '0x10', '.5'],
  ...['nan', 'x', '', ' 1', '1e400', '123456789012345.678'],
];
const BOUNDS = ['-inf', '+inf', 'inf', '(', '', 'x', '(nan', ' 1', '1 ', '(1e400', '0x1p3'];
const RANKS = ['0', '1', '2', '-1', '-2', '5', '-100', '100', '9223372036854775807', 'x', ''];

function member(g: Generator): string {
  return g.chance(0.7) ? g.pick(['a', 'b', 'c', 'd', '1', '-1', '300', '007', '']) : short(g);
}

/** Two bounds by member sort these too, and no encoding changes for their length. */
function short(g: Generator): string {
  return g.pick(['m', 'mm', 'n']) + String(g.below(30));
}

function score(g: Generator): string {
  if (g.chance(0.6)) return String(g.below(21) - 10);
  return g.chance(0.5) ? String((g.below(200_000) - 100_000) / 1000) : g.pick(SCORES);
}

function bound(g: Generator): string {
  if (g.chance(0.15)) return g.pick(BOUNDS);
  return g.chance(0.3) ? `(${score(g)}` : score(g);
}

function rank(g: Generator): string {
  return g.pick(RANKS);
}

/** All scores of these sets are equal: elsewhere a range by member means nothing. */
function evenKey(g: Generator): string {
  return `even${g.below(3)}`;
}

function memberBound(g: Generator): string {
  if (g.chance(0.1)) return g.pick(['', 'x', '+x', '-x', '(']);
  return g.chance(0.3) ? g.pick(['-', '+']) : g.pick(['[', '(']) + member(g);
}

const LIMIT: OptionRow = {
  label: 'LIMIT',
  make: (g) => [g.pick(['0', '1', '3', '-1', 'x']), g.pick(['-1', '0', '1', '2', '100', 'x'])],
};
const WITH_SCORES: OptionRow = { label: 'WITHSCORES' };
const WEIGHING: readonly OptionRow[] = [
  { label: 'AGGREGATE', make: (g) => [g.pick(['SUM', 'MIN', 'MAX', 'sum', 'AVG'])] },
];

/** Without options there is none to pick. */
function withOptions(row: GrammarRow, options: readonly OptionRow[]): GrammarRow {
  return options.length === 0 ? row : { ...row, options };
}

function range(
  name: string,
  bounds: (g: Generator) => string,
  options: readonly OptionRow[],
): GrammarRow {
  const make: GrammarRow['make'] = (g, d) => d.add(g.key(), bounds(g), bounds(g));
  return withOptions({ name, weight: 8, make }, options);
}

function evenRange(name: string, options: readonly OptionRow[]): GrammarRow {
  const make: GrammarRow['make'] = (g, d) => d.add(evenKey(g), memberBound(g), memberBound(g));
  return withOptions({ name, weight: 5, isFragile: true, make }, options);
}

function zadd(name: string, isConditional: boolean): GrammarRow {
  return {
    name,
    weight: isConditional ? 14 : 24,
    make: (g, d) => {
      d.add(g.key());
      for (const word of isConditional ? ['NX', 'XX', 'GT', 'LT', 'CH', 'INCR'] : []) {
        if (g.chance(0.22)) d.option(word);
      }
      for (let left = 1 + g.below(4); left > 0; left--) d.add(score(g), member(g));
    },
  };
}

function pop(name: string): GrammarRow {
  return {
    name,
    weight: 6,
    make: (g, d) => {
      d.add(g.key());
      if (g.chance(0.4)) d.add(g.pick(COUNT));
    },
  };
}

function blockingPop(name: string): GrammarRow {
  return {
    name,
    weight: 3,
    isFragile: true,
    make: (g, d) => d.add(...g.times(1, 3, () => g.key()), g.pick(TIMEOUT)),
  };
}

function popMany(name: string, hasTimeout: boolean): GrammarRow {
  return {
    name,
    weight: 4,
    isFragile: hasTimeout,
    options: [{ label: 'COUNT', make: (g) => [g.pick(COUNT)] }],
    make: (g, d) => {
      if (hasTimeout) d.add(g.pick(TIMEOUT));
      const keys = g.times(1, 3, () => g.key());
      d.add(g.chance(0.95) ? String(keys.length) : g.pick(COUNT), ...keys);
      d.add(g.chance(0.95) ? g.pick(['MIN', 'MAX', 'min', 'Max']) : 'MID');
    },
  };
}

function combination(name: string, isStore: boolean, options: readonly OptionRow[]): GrammarRow {
  const row: GrammarRow = {
    name,
    weight: 5,
    make: (g, d) => {
      if (isStore) d.add(g.key());
      const keys = g.times(1, 4, () => g.key());
      d.add(g.chance(0.93) ? String(keys.length) : g.pick(COUNT), ...keys);
      const mayWeigh = options.some(({ label }) => label === 'AGGREGATE');
      if (mayWeigh && g.chance(0.3)) d.option('WEIGHTS', ...keys.map(() => score(g)));
    },
  };
  return withOptions(row, options);
}

export const SORTED_SET_ROWS: readonly GrammarRow[] = [
  zadd('ZADD', false),
  zadd('ZADD', true),
  {
    name: 'ZADD',
    weight: 8,
    isFragile: true,
    make: (g, d) => {
      d.add(evenKey(g));
      for (let left = 1 + g.below(4); left > 0; left--) d.add('3', member(g));
    },
  },
  { name: 'ZINCRBY', weight: 10, make: (g, d) => d.add(g.key(), score(g), member(g)) },
  { name: 'ZREM', weight: 10, make: (g, d) => d.add(g.key(), ...g.times(1, 3, () => member(g))) },
  { name: 'ZSCORE', weight: 8, make: (g, d) => d.add(g.key(), member(g)) },
  {
    name: 'ZMSCORE',
    weight: 5,
    make: (g, d) => d.add(g.key(), ...g.times(1, 4, () => member(g))),
  },
  { name: 'ZCARD', weight: 5, make: (g, d) => d.add(g.key()) },
  { name: 'ZCOUNT', weight: 6, make: (g, d) => d.add(g.key(), bound(g), bound(g)) },
  evenRange('ZLEXCOUNT', []),
  // Not damaged: a fourth argument is one of 7.2 that 7.0 refuses in other words.
  ...['ZRANK', 'ZREVRANK'].map(
    (name): GrammarRow => ({
      name,
      weight: 5,
      isFragile: true,
      make: (g, d) => d.add(g.key(), member(g)),
    }),
  ),
  range('ZRANGE', rank, [WITH_SCORES, { label: 'REV' }, LIMIT]),
  {
    ...range('ZRANGE', bound, [WITH_SCORES, { label: 'REV' }, LIMIT]),
    make: (g, d) => d.add(g.key(), bound(g), bound(g)).option('BYSCORE'),
  },
  {
    ...evenRange('ZRANGE', [WITH_SCORES, { label: 'REV' }, LIMIT]),
    make: (g, d) => d.add(evenKey(g), memberBound(g), memberBound(g)).option('BYLEX'),
  },
  range('ZREVRANGE', rank, [WITH_SCORES]),
  range('ZRANGEBYSCORE', bound, [WITH_SCORES, LIMIT]),
  range('ZREVRANGEBYSCORE', bound, [WITH_SCORES, LIMIT]),
  evenRange('ZRANGEBYLEX', [LIMIT]),
  evenRange('ZREVRANGEBYLEX', [LIMIT]),
  { ...range('ZREMRANGEBYRANK', rank, []), weight: 3 },
  { ...range('ZREMRANGEBYSCORE', bound, []), weight: 3 },
  { ...evenRange('ZREMRANGEBYLEX', []), weight: 2 },
  {
    name: 'ZRANGESTORE',
    weight: 5,
    options: [{ label: 'REV' }, LIMIT],
    make: (g, d) => {
      d.add(g.key(), g.key());
      if (g.chance(0.5)) d.add(rank(g), rank(g));
      else d.add(bound(g), bound(g)).option('BYSCORE');
    },
  },
  {
    name: 'ZRANGESTORE',
    weight: 2,
    isFragile: true,
    options: [{ label: 'REV' }, LIMIT],
    make: (g, d) => d.add(g.key(), evenKey(g), memberBound(g), memberBound(g)).option('BYLEX'),
  },
  pop('ZPOPMIN'),
  pop('ZPOPMAX'),
  popMany('ZMPOP', false),
  popMany('BZMPOP', true),
  blockingPop('BZPOPMIN'),
  blockingPop('BZPOPMAX'),
  {
    name: 'ZRANDMEMBER',
    weight: 4,
    comparison: 'kind',
    make: (g, d) => {
      d.add(g.key());
      if (g.chance(0.5)) d.add(g.pick(['1', '2', '0', '-1', '-5', 'x', '1000']));
    },
  },
  {
    name: 'ZRANDMEMBER',
    weight: 3,
    comparison: 'unordered',
    isFragile: true,
    make: (g, d) => {
      d.add(g.key(), g.pick(['1000000', '0']));
      if (g.chance(0.5)) d.option('WITHSCORES');
    },
  },
  combination('ZUNION', false, [...WEIGHING, WITH_SCORES]),
  combination('ZINTER', false, [...WEIGHING, WITH_SCORES]),
  combination('ZDIFF', false, [WITH_SCORES]),
  combination('ZUNIONSTORE', true, WEIGHING),
  combination('ZINTERSTORE', true, WEIGHING),
  combination('ZDIFFSTORE', true, []),
  combination('ZINTERCARD', false, [{ label: 'LIMIT', make: (g) => [g.pick(COUNT)] }]),
  {
    name: 'ZSCAN',
    weight: 5,
    comparison: 'scan',
    options: [{ label: 'MATCH', make: (g) => [g.pattern()] }],
    make: (g, d) => {
      const cursor = g.chance(0.93) ? '0' : g.pick(['abc', '']);
      d.add(g.key(), cursor).option('COUNT', g.chance(0.93) ? '1000000' : g.pick(['0', '-1', 'x']));
    },
  },
];
