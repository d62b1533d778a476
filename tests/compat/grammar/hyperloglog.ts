import type { Argument } from '../../support/wire-client.ts';
import type { Generator, GrammarRow } from '../generator.ts';

/**
 * Keys of their own, six of them: sparse and dense, small and large meet in PFMERGE. What is stored
 * must be Redis' byte for byte, so GET looks at it; and SETRANGE breaks headers now and then.
 */
export const HYPERLOGLOG_ROWS: readonly GrammarRow[] = [
  {
    name: 'PFADD',
    weight: 26,
    make: (g, d) => {
      d.add(hllKey(g));
      d.add(...g.times(0, g.chance(0.1) ? 300 : 6, () => element(g)));
    },
  },
  {
    name: 'PFCOUNT',
    weight: 16,
    make: (g, d) => {
      d.add(hllKey(g));
      if (g.chance(0.3)) d.label('several').add(...g.times(1, 3, () => hllKey(g)));
    },
  },
  {
    name: 'PFMERGE',
    weight: 10,
    make: (g, d) => d.add(hllKey(g), ...g.times(0, 3, () => hllKey(g))),
  },
  {
    name: 'PFDEBUG',
    weight: 6,
    make: (g, d) => {
      const kind = g.pick(['ENCODING', 'ENCODING', 'DECODE', 'DECODE', 'GETREG', 'TODENSE']);
      d.option(kind).add(hllKey(g));
    },
  },
  { name: 'GET', weight: 12, make: (g, d) => d.label('of a HyperLogLog').add(hllKey(g)) },
  {
    name: 'SETRANGE',
    weight: 1,
    make: (g, d) => d.label('of a HyperLogLog').add(hllKey(g), headerOffset(g), byte(g)),
  },
  { name: 'DEL', weight: 2, make: (g, d) => d.label('of a HyperLogLog').add(hllKey(g)) },
];

function hllKey(g: Generator): Argument {
  return g.chance(0.96) ? `p${g.below(6)}` : g.key();
}

function element(g: Generator): Argument {
  return g.chance(0.9) ? `element:${g.below(4000)}` : Buffer.from(`${g.integer()}`.repeat(3));
}

/** The cached cardinality mostly: magic and encoding, once wrong, refuse whatever follows. */
function headerOffset(g: Generator): Argument {
  return String(g.chance(0.9) ? g.between(8, 15) : g.below(6));
}

function byte(g: Generator): Argument {
  return Buffer.from([g.below(256)]);
}
