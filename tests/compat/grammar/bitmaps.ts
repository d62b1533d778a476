import type { Argument } from '../../support/wire-client.ts';
import type { Draft, Generator, GrammarRow } from '../generator.ts';

export const BITMAP_ROWS: readonly GrammarRow[] = [
  {
    name: 'SETBIT',
    weight: 14,
    make: (g, d) => d.add(g.bitKey(), g.bitOffset(), g.chance(0.95) ? g.pick(['0', '1']) : '2'),
  },
  { name: 'GETBIT', weight: 10, make: (g, d) => d.add(g.bitKey(), g.bitOffset()) },
  {
    name: 'BITCOUNT',
    weight: 10,
    make: (g, d) => {
      d.add(g.bitKey());
      addRange(g, d);
    },
  },
  {
    name: 'BITPOS',
    weight: 10,
    make: (g, d) => {
      d.add(g.bitKey(), g.chance(0.97) ? g.pick(['0', '1']) : '2');
      if (g.chance(0.2)) d.label('start').add(g.index());
      else addRange(g, d);
    },
  },
  {
    name: 'BITOP',
    weight: 10,
    make: (g, d) => {
      const operation = g.pick(['AND', 'OR', 'XOR', 'NOT']);
      d.option(operation, g.bitKey());
      const count = operation === 'NOT' && g.chance(0.9) ? 1 : g.between(1, 4);
      d.add(...g.times(count, count, () => g.bitKey()));
    },
  },
  {
    name: 'BITFIELD',
    weight: 16,
    make: (g, d) => {
      d.add(g.bitKey());
      for (let i = g.between(0, 4); i > 0; i--) addFieldOperation(g, d);
    },
  },
  {
    name: 'BITFIELD_RO',
    weight: 8,
    make: (g, d) => {
      d.add(g.bitKey());
      for (let i = g.between(0, 3); i > 0; i--) d.option('GET', ...field(g));
      if (g.chance(0.04)) d.option('SET', ...field(g), g.integer());
    },
  },
];

function addRange(g: Generator, d: Draft): void {
  if (g.chance(0.3)) return;
  d.label('range').add(g.index(), g.index());
  if (g.chance(0.5)) d.option(g.pick(['BYTE', 'BIT']));
}

function addFieldOperation(g: Generator, d: Draft): void {
  const kind = g.below(10);
  if (kind < 3) d.option('GET', ...field(g));
  else if (kind < 5) d.option('SET', ...field(g), g.integer());
  else if (kind < 8) d.option('INCRBY', ...field(g), g.integer());
  else d.option(`OVERFLOW ${g.pick(['WRAP', 'SAT', 'FAIL'])}`);
}

function field(g: Generator): Argument[] {
  const bits = g.chance(0.6) ? g.pick([1, 4, 5, 8, 16, 32, 63]) : g.between(1, 63);
  const type = g.chance(0.96)
    ? g.pick(['i', 'u']) + bits
    : g.pick(['i64', 'u64', 'i65', 'u0', 'x8', 'i', 'I8']);
  if (g.chance(0.3)) return [type, `#${g.chance(0.95) ? g.below(12) : g.bitOffset()}`];
  return [type, g.bitOffset()];
}
