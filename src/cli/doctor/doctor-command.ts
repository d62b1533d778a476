/**
 * `hypercache doctor`: what is wrong with a node, and what to do. Asks the node that runs with the
 * settings, or the one that is named; where none runs, looks at what one would start with.
 */
import { NodeError } from '../../base/errors.ts';
import { VERSION } from '../../base/version.ts';
import type { World } from '../../base/world.ts';
import { type Loaded, loadConfiguration } from '../../config/load-configuration.ts';
import { readStartArguments } from '../../config/sources/command-line.ts';
import { askedUrl, NODE_FLAGS } from '../node/asked-node.ts';
import type { Meaning } from '../terminal/paint.ts';
import { ProgressLine } from '../terminal/progress-line.ts';
import { formatTable } from '../terminal/table.ts';
import { counted } from '../terminal/units.ts';
import { createToolRun, FAILED, type ToolArguments, type ToolRun } from '../tool-arguments.ts';
import { JSON_FLAG, type ToolRow } from '../tool-row.ts';
import { type CheckRow, type Finding, failure, type Patient, type Verdict } from './check-row.ts';
import { CHECKS } from './check-table.ts';
import { examineNode, type NodeFacts } from './node-facts.ts';
import { isOurProcess } from './system-files.ts';

export const DOCTOR_TOOL: ToolRow = {
  name: 'doctor',
  description: 'tell what is wrong with a node, running or not, and what to do',
  words: { usage: '[file]', help: 'configuration, as for start', countMax: 1 },
  flags: [
    { usage: '--deep', help: 'read all data of a stopped node as well' },
    ...NODE_FLAGS,
    JSON_FLAG,
  ],
  takesSettings: true,
  run: doctor,
};

interface Found extends Finding {
  readonly check: string;
}

async function doctor(args: ToolArguments, world: World): Promise<number> {
  const settings = readStartArguments([...args.words, ...args.rest]);
  const loaded = await loadConfiguration(world, settings);
  const tool = createToolRun(args, world, loaded);
  let found: Found[];
  let patient: Patient | null = null;
  try {
    patient = await admit(tool, loaded);
    found = await examine(patient);
  } catch (error) {
    if (!(error instanceof NodeError)) throw error;
    const advice = 'see that it runs, and that --url names its HTTP port';
    found = [{ check: 'node', ...failure(error.message, advice) }];
  }
  tell(tool, patient, found);
  return found.some(({ verdict }) => verdict === 'failure') ? FAILED : 0;
}

/** @throws NodeError REQUEST_FAILED when a node was named, and does not answer */
async function admit(
  tool: ToolRun,
  { configuration, notices, problems }: Loaded,
): Promise<Patient> {
  const { world } = tool;
  const node = await findNode(tool);
  const pid = node?.statistics?.process.pid;
  // What is asked without a name is a node of this machine, wherever it is bound.
  const isNear = !tool.flags.has('url') || isOnThisMachine(node?.url ?? '');
  const isHere = pid !== undefined && isNear && isOurProcess(world, pid);
  return {
    ...{ tool, world, node, notices, problems },
    stage: node === null ? 'stopped' : isHere ? 'here' : 'afar',
    configuration: node?.configuration ?? configuration,
  };
}

async function findNode(tool: ToolRun): Promise<NodeFacts | null> {
  const url = askedUrl(tool);
  try {
    return await examineNode(tool, url);
  } catch (error) {
    if (!(error instanceof NodeError) || tool.flags.has('url')) throw error;
    return null;
  }
}

function isOnThisMachine(url: string): boolean {
  return /^https?:\/\/(127\.[\d.]+|localhost|\[::1\])(:|\/|$)/.test(url);
}

async function examine(patient: Patient): Promise<Found[]> {
  const progress = new ProgressLine(patient.world.host);
  const found: Found[] = [];
  for (const row of CHECKS.filter(({ stages }) => stages.includes(patient.stage))) {
    progress.show(`${row.name}: ${row.about}`);
    found.push(...(await look(row, patient)));
  }
  progress.clear();
  return found;
}

async function look({ look, name }: CheckRow, patient: Patient): Promise<Found[]> {
  const findings = await look(patient);
  if (findings === null) return [];
  const all = 'verdict' in findings ? [findings] : findings;
  return all.map((finding) => ({ check: name, ...finding }));
}

const MEANINGS: Readonly<Record<Verdict, Meaning>> = {
  good: 'good',
  notice: 'notice',
  warning: 'warning',
  failure: 'bad',
  unknown: 'quiet',
};

/** The worst first. */
const ORDER: readonly Verdict[] = ['failure', 'warning', 'notice', 'unknown', 'good'];

function tell(tool: ToolRun, patient: Patient | null, found: readonly Found[]): void {
  const countOf = (wanted: Verdict): number =>
    found.filter(({ verdict }) => verdict === wanted).length;
  const facts = {
    version: VERSION,
    node: patient?.node?.url ?? null,
    stage: patient?.stage ?? 'afar',
    healthy: countOf('failure') === 0,
    ...Object.fromEntries(ORDER.map((verdict) => [verdict, countOf(verdict)])),
    checks: found,
  };
  const inOrder = ORDER.flatMap((wanted) => found.filter(({ verdict }) => verdict === wanted));
  const rows = inOrder.map(({ check, reason, verdict }) => [
    { text: verdict, meaning: MEANINGS[verdict] },
    check,
    reason,
  ]);
  const columns = ['', 'check', 'finding'].map((title) => ({ title }));
  const [head, ...lines] = formatTable(columns, rows, tool.paint).split(/(?<=\n)/);
  const advised = lines.map((line, i) => line + adviceUnder(tool, inOrder[i]));
  const summary = [
    counted(countOf('failure'), 'failure'),
    counted(countOf('warning'), 'warning'),
    counted(countOf('notice'), 'notice'),
    `${countOf('good')} good`,
  ].join(', ');
  tool.tell({ facts, text: [subjectOf(patient), head, ...advised, `${summary}\n`].join('') });
}

const ADVICE_INDENT = ' '.repeat(9);

function adviceUnder({ paint }: ToolRun, { advice }: Finding): string {
  return advice === '' ? '' : `${ADVICE_INDENT}${paint('quiet', `do: ${advice}`)}\n`;
}

function subjectOf(patient: Patient | null): string {
  if (patient === null) return '';
  const { configuration, node, stage } = patient;
  const { id } = configuration.node;
  if (node === null) return `No node runs with these settings; what ${id} would start with:\n`;
  const where = stage === 'here' ? 'on this machine' : 'elsewhere';
  return `${node.statistics?.process.id ?? 'A node'} runs ${where}: ${node.url}\n`;
}
