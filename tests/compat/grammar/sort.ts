import type { Draft, Generator, GrammarRow } from '../generator.ts';

const NUMBER = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '-1', '10', '2.5', '1e1', '0x3'];
/** Keys of values, of fields, constants behind an asterisk, and what only looks like a pattern. */
const PATTERN = ['n*', 'k*', 's*', 'b*', 'n*->a', 'k*->a', 's*->n', 'k*->', '*', 'k*x', '->*'];
const LIMIT = ['0', '1', '2', '5', '-1', '-3', '100', '9223372036854775807', 'x', ''];

/** Mostly what sorts as a number and names one of the keys. */
function element(g: Generator): ReturnType<Generator['value']> {
  if (g.chance(0.93)) return g.pick(NUMBER);
  return g.pick(['a', 'b', 'abc', '', ' 1', '1 ', 'inf', '-inf', 'nan', '1e400', '1e-320', '-0']);
}

/** Collections whose elements can be sorted. */
function filler(name: string, weight: number): GrammarRow {
  const make = (g: Generator, d: Draft) => {
    d.add(g.key());
    for (const one of g.times(1, 12, () => element(g))) {
      if (name === 'ZADD') d.add(String(g.between(-3, 3)));
      d.add(one);
    }
  };
  return { name, weight, make };
}

function limit(g: Generator, d: Draft): void {
  if (g.chance(0.25)) d.option('LIMIT', g.pick(LIMIT), g.pick(LIMIT));
}

function order(g: Generator, d: Draft): void {
  if (g.chance(0.4)) d.option(g.pick(['ASC', 'DESC']));
}

function gets(g: Generator, d: Draft): void {
  if (g.chance(0.7)) return;
  for (let i = g.between(1, 3); i > 0; i--) {
    d.option('GET', g.chance(0.3) ? g.pick(['#', 'k1', '#x']) : g.pick(PATTERN));
  }
}

function storing(g: Generator, d: Draft): void {
  if (d.name === 'SORT' && g.chance(0.2)) d.option('STORE', g.key());
}

/** By the elements themselves: the order is certain, but for elements that are equal. */
function plain(name: string, weight: number): GrammarRow {
  return {
    name,
    weight,
    make: (g, d) => {
      d.add(g.key());
      if (g.chance(0.4)) d.option('ALPHA');
      order(g, d);
      limit(g, d);
      gets(g, d);
      storing(g, d);
    },
  };
}

/** By numbers under other keys; where those are equal the elements decide. */
function byNumbers(name: string, weight: number): GrammarRow {
  return {
    name,
    weight,
    // A pattern that has lost its asterisk leaves a set in the order in which it lies.
    isFragile: true,
    make: (g, d) => {
      d.add(g.key()).option('BY', g.pick(PATTERN));
      order(g, d);
      limit(g, d);
      gets(g, d);
      storing(g, d);
    },
  };
}

/**
 * By texts, or not sorted at all: what has the same text stays in the order in which a set lies,
 * which is a server's own affair.
 */
function loosely(name: string, weight: number): GrammarRow {
  return {
    name,
    weight,
    isFragile: true,
    comparison: 'unordered',
    make: (g, d) => {
      d.add(g.key());
      if (g.chance(0.5)) d.option('BY', 'nosort');
      else d.option('BY', g.pick(PATTERN)).option('ALPHA');
      order(g, d);
      gets(g, d);
    },
  };
}

export const SORT_ROWS: readonly GrammarRow[] = [
  filler('RPUSH', 8),
  filler('SADD', 5),
  filler('ZADD', 5),
  plain('SORT', 14),
  plain('SORT_RO', 6),
  byNumbers('SORT', 10),
  byNumbers('SORT_RO', 5),
  loosely('SORT', 4),
  loosely('SORT_RO', 3),
  // What is stored of a set must not depend on the order in which it lies.
  {
    name: 'SORT',
    weight: 4,
    isFragile: true,
    make: (g, d) => {
      d.add(g.key()).option('BY', 'nosort');
      order(g, d);
      limit(g, d);
      gets(g, d);
      d.option('STORE', g.key());
    },
  },
];
