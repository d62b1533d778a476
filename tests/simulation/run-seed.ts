/** One run of a cluster from one seed: start, writers, faults, rest, judgement. */
import { SeededRandom } from '../../src/world/simulated/seeded-random.ts';
import { checkAnswers, checkCounters, checkOrder, checkOwnWrites, checkRecency } from './checks.ts';
import { compareNodes, type NodeImage, readImage } from './image.ts';
import { SCENARIO_KINDS, Scenario, type ScenarioKind } from './scenario.ts';
import { type Layout, SimulatedCluster } from './simulated-cluster.ts';
import { Workload } from './workload.ts';

export interface SeedOptions {
  readonly seed: number;
  /** Drawn from the seed unless told. */
  readonly kind?: ScenarioKind | undefined;
  readonly layout?: Layout | undefined;
}

interface SeedChoice {
  readonly seed: number;
  readonly kind: ScenarioKind;
  readonly layout: Layout;
  readonly isQuorum: boolean;
}

export interface SeedReport {
  readonly seed: number;
  readonly kind: ScenarioKind;
  readonly layout: Layout;
  readonly operationCount: number;
  readonly doneCount: number;
  readonly virtualMs: number;
  /** From the moment when all was mended until all nodes were equal. */
  readonly convergedMs: number;
  /** Empty: all is as it must be. */
  readonly problems: string[];
}

/** Where each key lies on two of them, a third one has none. */
const NODE_COUNTS: Readonly<Record<Layout, number>> = { whole: 3, slots: 3, few: 4 };
/** Half of the seeds have one owner for all keys. */
const LAYOUT_DRAWS: readonly Layout[] = ['whole', 'whole', 'slots', 'few'];
const KEY_COUNT = 12;
/** All nodes are equal so soon after all is mended. */
const CONVERGENCE_MS_MAX = 15_000;
const ANSWER_MS_MAX = 30_000;
const COMPARE_EVERY_MS = 250;

export async function runSeed(options: SeedOptions): Promise<SeedReport> {
  const { seed } = options;
  const draw = new SeededRandom(seed);
  const kind = options.kind ?? SCENARIO_KINDS[draw.below(SCENARIO_KINDS.length)];
  const layout = options.layout ?? LAYOUT_DRAWS[draw.below(LAYOUT_DRAWS.length)];
  // Without partitions: what a majority has acknowledged outlives the owner.
  const isQuorum = kind === 'crash' && draw.below(3) === 0;
  const settings = {
    'persistence.append_only': draw.below(2) === 0 ? 'yes' : 'no',
    'cluster.consistency_level': isQuorum ? 'quorum' : 'eventual',
  };
  const nodeCount = NODE_COUNTS[layout];
  const cluster = await SimulatedCluster.start({ seed, nodeCount, layout, settings });
  try {
    return await run(cluster, { seed, kind, layout, isQuorum });
  } finally {
    cluster.destroy();
  }
}

async function run(
  cluster: SimulatedCluster,
  { seed, kind, layout, isQuorum }: SeedChoice,
): Promise<SeedReport> {
  const { fabric } = cluster;
  const scenario = new Scenario(cluster, { kind, isQuorum });
  const workload = new Workload(cluster, {
    clientCount: 4,
    keyCount: KEY_COUNT,
    thinkMsMax: 100,
    readPercent: 25,
  });
  scenario.shapeWire();
  scenario.skewClocks();
  workload.start();
  await scenario.play();
  workload.stop();
  const mendedMs = cluster.nowMs;
  await fabric.until('every client to have its answer', () => workload.isIdle, ANSWER_MS_MAX);
  if (cluster.failures.length > 0) throw new Error(cluster.failures.join('\n'));
  const { differences, images } = await converge(cluster);
  const { operations } = workload.history;
  const problems = differences.slice(0, 10);
  const [final] = images.values();
  if (kind === 'calm') {
    problems.push(...checkAnswers(operations), ...checkOwnWrites(operations));
    problems.push(...checkOrder(operations, final));
  } else {
    const mayDiverge = kind !== 'crash';
    problems.push(...checkRecency(operations, final, scenario));
    problems.push(...checkCounters(operations, final, { windows: scenario.windows, mayDiverge }));
  }
  if (problems.length > 0) problems.push('what was done:', ...scenario.log, ...cluster.complaints);
  return {
    seed,
    kind,
    layout,
    operationCount: operations.length,
    doneCount: operations.filter(({ outcome }) => outcome === 'done').length,
    virtualMs: cluster.nowMs,
    convergedMs: cluster.nowMs - mendedMs,
    problems,
  };
}

/** Compares the nodes until they are equal, or should be. */
async function converge(
  cluster: SimulatedCluster,
): Promise<{ differences: string[]; images: Map<string, NodeImage> }> {
  const limitMs = cluster.nowMs + CONVERGENCE_MS_MAX;
  for (;;) {
    const { isReady } = cluster;
    // Most of what comparing costs is asking all of them for everything.
    if (isReady || cluster.nowMs >= limitMs) {
      const images = await readImages(cluster);
      const differences = compareNodes(images, (key) => cluster.holdersOf(key));
      if (!isReady) differences.push('not all nodes are ready and see each other');
      if (differences.length === 0 || cluster.nowMs >= limitMs) return { differences, images };
    }
    await cluster.fabric.pass(COMPARE_EVERY_MS);
  }
}

async function readImages(cluster: SimulatedCluster): Promise<Map<string, NodeImage>> {
  const images = new Map<string, NodeImage>();
  for (const node of cluster.running) {
    images.set(node.id, await readImage(cluster, node, Workload.keys(KEY_COUNT)));
  }
  return images;
}
