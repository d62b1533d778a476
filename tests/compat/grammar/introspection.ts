import { isCommandOfBoth } from '../allowed-differences.ts';
import { type Draft, type Generator, type GrammarRow, plainRow } from '../generator.ts';
import { BITMAP_ROWS } from './bitmaps.ts';
import { CONNECTION_ROWS } from './connection.ts';
import { KEY_ROWS } from './keys.ts';
import { STRING_ROWS } from './strings.ts';

const KEYED_ROWS = [...STRING_ROWS, ...BITMAP_ROWS, ...KEY_ROWS.filter((row) => row.weight > 4)];

const FILTERS = {
  MODULE: ['none', ''],
  ACLCAT: ['read', 'WRITE', 'fast', 'dangerous', 'keyspace', 'bitmap', 'nothing', ''],
  PATTERN: ['*', 'set*', 'CLIENT*', 'client|*', '[gs]et', 'nothing', ''],
} as const;

export const INTROSPECTION_ROWS: readonly GrammarRow[] = [
  { ...plainRow('COMMAND COUNT', 0.4), comparison: 'kind' },
  plainRow('COMMAND HELP', 0.4),
  { name: 'COMMAND GETKEYS', weight: 3, make: nestedCommand },
  { name: 'COMMAND GETKEYSANDFLAGS', weight: 2, comparison: 'unordered', make: nestedCommand },
  { name: 'COMMAND INFO', weight: 1.5, comparison: 'unordered', make: commandNames },
  { name: 'COMMAND DOCS', weight: 1.5, comparison: 'docs', make: commandNames },
  {
    name: 'COMMAND LIST',
    weight: 1,
    comparison: 'names',
    make: (g, d) => {
      if (g.chance(0.2)) return;
      const filter = g.pick(['MODULE', 'ACLCAT', 'PATTERN'] as const);
      d.option(`FILTERBY ${filter}`, g.pick(FILTERS[filter]));
    },
  },
];

function nestedCommand(g: Generator, draft: Draft): void {
  draft.add(...g.draft(g.pick(KEYED_ROWS)).args);
}

/** All that are answered alike: keys, values and most of the connection. */
function commandNames(g: Generator, draft: Draft): void {
  for (let i = g.between(1, 2); i > 0; i--) {
    const row = g.pick(g.chance(0.8) ? KEYED_ROWS : CONNECTION_ROWS);
    const full = row.name.toLowerCase().replace(' ', '|');
    const name = g.chance(0.9) && isCommandOfBoth(full) ? full : 'nothing';
    draft.add(g.chance(0.8) ? name : g.mixCase(name));
  }
}
