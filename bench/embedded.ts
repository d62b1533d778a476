/**
 * Direct calls without a socket: how many a second of processor time, beside a Map that keeps the
 * same keys and values. Wall time says the same on a quiet machine and less on a busy one.
 */
import { parseArgs } from 'node:util';
import { HyperCache } from '../src/index.ts';
import { print, printJson, printMachine, printTable, verdict } from './support/report.ts';

const { values: flags } = parseArgs({ options: { tiny: { type: 'boolean', default: false } } });
const IS_TINY = flags.tiny;
const CALL_COUNT = IS_TINY ? 20_000 : 1_000_000;
const ROUND_COUNT = IS_TINY ? 1 : 9;
const KEY_COUNT = IS_TINY ? 1_000 : 100_000;
const GET_TARGET_PER_S = 5_000_000;

printMachine();
const node = await HyperCache.start();
const store = node.store();
const map = new Map<string, string>();
const keys = Array.from({ length: KEY_COUNT }, (_, i) => `key:${String(i).padStart(12, '0')}`);
const value = 'value:0123456789';
for (const key of keys) {
  store.set(key, value);
  map.set(key, value);
}
let length = 0;
const rows: { name: string; perS: number; targetPerS: number | null }[] = [
  {
    name: 'get, one 16 B key',
    perS: measure(() => (length += store.get('key:000000000001')?.length ?? 0)),
    targetPerS: GET_TARGET_PER_S,
  },
  {
    name: 'get, all keys in turn',
    perS: measure((i) => (length += store.get(keys[i % KEY_COUNT])?.length ?? 0)),
    targetPerS: null,
  },
  { name: 'get, no such key', perS: measure(() => store.get('none')), targetPerS: null },
  { name: 'set', perS: measure((i) => store.set(keys[i % KEY_COUNT], value)), targetPerS: null },
  {
    name: 'set with a time to live',
    perS: measure((i) => store.set(keys[i % KEY_COUNT], value, { ttlMs: 60_000 })),
    targetPerS: null,
  },
  { name: 'incr', perS: measure(() => store.incr('counter')), targetPerS: null },
  {
    name: 'Map.get, all keys in turn',
    perS: measure((i) => (length += map.get(keys[i % KEY_COUNT])?.length ?? 0)),
    targetPerS: null,
  },
];
await node.stop();
printTable(
  ['call', 'million a CPU second', 'ns', 'target', 'verdict'],
  rows.map(({ name, perS, targetPerS }) => [
    name,
    (perS / 1e6).toFixed(2),
    (1e9 / perS).toFixed(0),
    targetPerS === null ? '-' : String(targetPerS / 1e6),
    targetPerS === null ? '-' : verdict(perS >= targetPerS, IS_TINY),
  ]),
);
print(`${length > 0 ? 'values were read' : 'no value was read'}`);
printJson('embedded', { rows });

/** The best of some rounds: what disturbs a round only ever makes it slower. */
function measure(call: (i: number) => unknown): number {
  let best = 0;
  for (let round = 0; round < ROUND_COUNT; round++) {
    const before = process.cpuUsage();
    for (let i = 0; i < CALL_COUNT; i++) call(i);
    const { user, system } = process.cpuUsage(before);
    best = Math.max(best, CALL_COUNT / (Math.max(1, user + system) / 1e6));
  }
  return best;
}
