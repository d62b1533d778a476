import { seedPayloads } from '../../../fuzz/rdb/corpus.ts';
import type { Generator, GrammarRow, OptionRow } from '../generator.ts';

const EXPIRE_OPTIONS: readonly OptionRow[] = [
  { label: 'NX', group: 'when' },
  { label: 'XX', group: 'when' },
  { label: 'GT', group: 'when' },
  { label: 'LT', group: 'when' },
];

function expire(name: string, deadline: (g: Generator) => string): GrammarRow {
  return {
    name,
    weight: 10,
    options: EXPIRE_OPTIONS,
    make: (g, d) => d.add(g.key(), deadline(g)),
  };
}

function countKeys(name: string, weight: number): GrammarRow {
  return { name, weight, make: (g, d) => d.add(...g.times(1, 4, () => g.key())) };
}

/** Of each form that redis-server 7.0 takes. */
const PAYLOADS = seedPayloads().flatMap(({ payload, isLater }) => (isLater ? [] : [payload]));

function restore(name: string, weight: number): GrammarRow {
  return {
    name,
    weight,
    options: [
      { label: 'REPLACE' },
      { label: 'ABSTTL' },
      { label: 'IDLETIME', make: (g) => [g.pick(['0', '100', '-1', 'abc', ''])] },
      { label: 'FREQ', make: (g) => [g.pick(['0', '255', '256', '-1', 'abc'])] },
    ],
    make: (g, d) => {
      // Far off: without ABSTTL a moment of the past would be a time to live of a millisecond.
      const ttl = g.chance(0.7) ? '0' : g.absoluteDeadlineMs();
      const payload = Buffer.from(g.pick(PAYLOADS));
      // Behind the object redis-server takes whatever comes: only the checksum is made wrong.
      if (g.chance(0.1)) payload[payload.length - 1] ^= 1;
      d.add(g.key(), g.chance(0.9) ? ttl : g.pick(['-1', 'abc', '9223372036854775807']), payload);
    },
  };
}

/** Enough for every key there is: the first page is the whole answer. */
const WHOLE_COUNT = '1000000';

export const KEY_ROWS: readonly GrammarRow[] = [
  countKeys('DEL', 10),
  countKeys('UNLINK', 6),
  countKeys('EXISTS', 8),
  countKeys('TOUCH', 5),
  { name: 'TYPE', weight: 6, make: (g, d) => d.add(g.key()) },
  expire('EXPIRE', (g) => g.relativeDeadline()),
  expire('PEXPIRE', (g) => g.relativeDeadline()),
  expire('EXPIREAT', (g) => g.orPast(g.absoluteDeadlineS())),
  expire('PEXPIREAT', (g) => g.orPast(g.absoluteDeadlineMs())),
  { name: 'TTL', weight: 8, comparison: 'seconds', make: (g, d) => d.add(g.key()) },
  { name: 'PTTL', weight: 6, comparison: 'milliseconds', make: (g, d) => d.add(g.key()) },
  { name: 'EXPIRETIME', weight: 6, comparison: 'seconds', make: (g, d) => d.add(g.key()) },
  { name: 'PEXPIRETIME', weight: 6, comparison: 'milliseconds', make: (g, d) => d.add(g.key()) },
  { name: 'PERSIST', weight: 6, make: (g, d) => d.add(g.key()) },
  { name: 'KEYS', weight: 4, comparison: 'unordered', make: (g, d) => d.add(g.pattern()) },
  {
    name: 'SCAN',
    weight: 5,
    comparison: 'scan',
    options: [
      { label: 'MATCH', make: (g) => [g.pattern()] },
      { label: 'TYPE', make: (g) => [g.pick(['string', 'STRING', 'list', 'nonsense'])] },
    ],
    make: (g, d) => {
      const cursor = g.chance(0.93) ? '0' : g.pick(['abc', '', '18446744073709551616']);
      const count = g.chance(0.93) ? WHOLE_COUNT : g.pick(['0', '-1', 'abc', '']);
      d.add(cursor).option('COUNT', count);
    },
  },
  { name: 'RANDOMKEY', weight: 3, comparison: 'kind', make: () => {} },
  { name: 'RENAME', weight: 6, make: (g, d) => d.add(g.key(), g.key()) },
  { name: 'RENAMENX', weight: 6, make: (g, d) => d.add(g.key(), g.key()) },
  {
    name: 'COPY',
    weight: 8,
    options: [{ label: 'DB', make: (g) => [databaseIndex(g)] }, { label: 'REPLACE' }],
    make: (g, d) => d.add(g.key(), g.key()),
  },
  { name: 'DUMP', weight: 8, comparison: 'payload', make: (g, d) => d.add(g.key()) },
  restore('RESTORE', 12),
  restore('RESTORE-ASKING', 3),
  { name: 'MOVE', weight: 5, make: (g, d) => d.add(g.key(), databaseIndex(g)) },
  { name: 'OBJECT ENCODING', weight: 8, make: (g, d) => d.add(g.key()) },
  { name: 'OBJECT REFCOUNT', weight: 2, comparison: 'kind', make: (g, d) => d.add(g.key()) },
  { name: 'OBJECT IDLETIME', weight: 2, comparison: 'kind', make: (g, d) => d.add(g.key()) },
  { name: 'OBJECT FREQ', weight: 1, make: (g, d) => d.add(g.key()) },
  { name: 'OBJECT HELP', weight: 0.5, make: () => {} },
];

function databaseIndex(g: Generator): string {
  if (g.chance(0.05)) return g.pick(['16', '-1', 'abc', '', '99999999999999999999']);
  return String(g.chance(0.9) ? g.below(4) : g.below(16));
}
