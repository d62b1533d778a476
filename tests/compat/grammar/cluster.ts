import type { Draft, Generator, GrammarRow } from '../generator.ts';

/** Rare, so that the others are not fewer; each still comes often enough in a long run. */
const WEIGHT = 0.3;

const SLOT = (g: Generator): string => g.pick(['0', '866', '16383', '16384', '-1', 'x']);
const NODE_ID = 'f'.repeat(40);

/** Of one node by itself: whatever they ask, the cluster is switched off. */
export const CLUSTER_ROWS: readonly GrammarRow[] = [
  ...['ASKING', 'READONLY', 'READWRITE'].map((name) => row(name)),
  ...['BUMPEPOCH', 'FLUSHSLOTS', 'HELP', 'INFO', 'LINKS'].map((name) => of(name)),
  ...['MYID', 'NODES', 'SAVECONFIG', 'SHARDS', 'SLOTS'].map((name) => of(name)),
  ...['ADDSLOTS', 'DELSLOTS', 'COUNTKEYSINSLOT'].map((name) => of(name, (g, d) => d.add(SLOT(g)))),
  ...['ADDSLOTSRANGE', 'DELSLOTSRANGE', 'GETKEYSINSLOT'].map((name) =>
    of(name, (g, d) => d.add(SLOT(g), SLOT(g))),
  ),
  ...['COUNT-FAILURE-REPORTS', 'FORGET', 'REPLICAS', 'REPLICATE', 'SLAVES'].map((name) =>
    of(name, (_, d) => d.add(NODE_ID)),
  ),
  of('FAILOVER', (g, d) => void (g.chance(0.5) && d.add(g.pick(['FORCE', 'TAKEOVER', 'x'])))),
  of('KEYSLOT', (g, d) => d.add(g.key())),
  of('MEET', (_, d) => d.add('127.0.0.1', '1')),
  of('RESET', (g, d) => void (g.chance(0.5) && d.add(g.pick(['HARD', 'SOFT', 'x'])))),
  of('SET-CONFIG-EPOCH', (_, d) => d.add('1')),
  of('SETSLOT', (g, d) => d.add(SLOT(g), g.pick(['STABLE', 'NODE']), NODE_ID)),
];

function of(name: string, make?: (g: Generator, d: Draft) => void): GrammarRow {
  return row(`CLUSTER ${name}`, make);
}

function row(name: string, make: (g: Generator, d: Draft) => void = () => {}): GrammarRow {
  return { name, weight: WEIGHT, make };
}
