/** What one node tells of the cluster, for people. */
import { NodeError } from '../../base/errors.ts';
import { addressOf, askedUrl, inUrl } from '../node/asked-node.ts';
import { askNode, requireFacts } from '../node/node-access.ts';
import type { Meaning } from '../terminal/paint.ts';
import { barOf, ProgressLine } from '../terminal/progress-line.ts';
import { type Cell, formatTable } from '../terminal/table.ts';
import { FAILED, type ToolRun } from '../tool-arguments.ts';

/** As GET /api/cluster/status tells it; of other releases a part may be missing. */
interface ClusterStatus {
  readonly healthy?: boolean;
  readonly mode?: string;
  readonly cluster_size?: number;
  readonly members?: readonly MemberStatus[];
  readonly issues?: readonly string[];
  readonly repair?: readonly RepairStatus[];
  readonly slots?: readonly SlotStatus[];
}

interface MemberStatus {
  readonly node_id?: string;
  readonly address?: string;
  readonly port?: number;
  readonly status?: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

interface RepairStatus {
  readonly store?: string;
  readonly share?: number;
}

/** Slots of one store that have owners of their own: what of them is on its way, at that node. */
interface SlotStatus {
  readonly waiting?: number;
  readonly filling?: number;
  readonly leaving?: number;
}

const LOOK_EVERY_MS = 500;
const SLOT_COUNT = 16_384;

const MEANINGS: Readonly<Record<string, Meaning>> = {
  alive: 'good',
  leaving: 'notice',
  left: 'quiet',
  suspect: 'warning',
  failed: 'bad',
};

export async function showStatus(tool: ToolRun): Promise<number> {
  const status = await readStatus(tool);
  tool.tell({ facts: status, text: textOf(tool, status) });
  return status.healthy === false ? FAILED : 0;
}

function textOf({ paint }: ToolRun, status: ClusterStatus): string {
  const { cluster_size: size, issues = [], members = [], mode = 'unknown' } = status;
  const columns = [
    ...['node', 'status', 'state', 'address'].map((title) => ({ title })),
    ...['RESP', 'HTTP', 'slots', 'held'].map((title) => ({ title, isNumber: true })),
    { title: 'version' },
  ];
  const rows = members.map(({ address, metadata = {}, node_id, port, status: is }) => {
    const shown: Cell = { text: wordOf(is), meaning: MEANINGS[is ?? ''] ?? 'notice' };
    return [
      wordOf(node_id),
      shown,
      wordOf(metadata['state']),
      wordOf(address),
      wordOf(metadata['resp_port'] ?? port),
      ...['http_port', 'owned_slots', 'held_slots', 'version'].map((key) => wordOf(metadata[key])),
    ];
  });
  const lines = issues.map((issue) => `${paint('bad', `- ${issue}`)}\n`);
  const count = `${size ?? members.length} nodes, mode ${mode}\n`;
  return formatTable(columns, rows, paint) + count + lines.join('');
}

/**
 * In mode gossip the table follows from the members at once; what takes time is that nodes are
 * filled with what is theirs now, and give away what is not. Shown until none has to.
 */
export async function showRebalance(tool: ToolRun): Promise<number> {
  const { host } = tool.world;
  const progress = new ProgressLine(host);
  for (;;) {
    const { members = [] } = await readStatus(tool);
    const alive = members.filter((member) => member.status === 'alive');
    const moves = await Promise.all(alive.map((member) => moveOf(tool, member)));
    const lines = moves.filter((line) => line !== '');
    if (lines.length === 0) {
      const text = `${alive.length} nodes hold what is theirs\n${balanceOf(alive)}`;
      tool.tell({ facts: { members: alive }, text });
      return 0;
    }
    for (const line of lines) if (!progress.show(line)) host.writeError(`${line}\n`);
    await host.processes.pause(LOOK_EVERY_MS);
    progress.clear();
  }
}

/** How far it is, as it says itself; '': it has nothing to do. */
async function moveOf(
  tool: ToolRun,
  { address, metadata, node_id }: MemberStatus,
): Promise<string> {
  const { protocol } = new URL(addressOf(tool.configuration));
  const place = `${inUrl(address ?? '')}:${wordOf(metadata?.['http_port'])}`;
  const url = `${protocol}//${place}/api/cluster/status`;
  let status: ClusterStatus = {};
  try {
    const { facts } = await askNode(tool, { url });
    if (facts !== null) status = facts;
  } catch (error) {
    // One that does not answer yet has nothing.
    if (!(error instanceof NodeError)) throw error;
  }
  const { repair = [], slots = [] } = status;
  let slotCount = 0;
  for (const { filling = 0, leaving = 0, waiting = 0 } of slots) {
    slotCount += filling + leaving + waiting;
  }
  if (metadata?.['state'] !== 'filling' && slotCount === 0) return '';
  const shares = repair.reduce((sum, { share = 0 }) => sum + share, 0);
  const bar = barOf(Math.min(1, shares / (repair.length || 1)));
  return `${node_id} ${bar}${slotCount === 0 ? '' : `, ${slotCount} slots to move`}`;
}

export async function forgetNode(tool: ToolRun): Promise<number> {
  const [name] = tool.words;
  if (name === undefined) throw new NodeError('BAD_CONFIGURATION', 'Which node? forget <node>');
  const url = `${askedUrl(tool)}/api/cluster/members/${encodeURIComponent(name)}/forget`;
  const facts = await requireFacts(tool, { url, method: 'POST' });
  tool.tell({ facts, text: `${name} is forgotten\n` });
  return 0;
}

function readStatus(tool: ToolRun): Promise<ClusterStatus> {
  return requireFacts(tool, { url: `${askedUrl(tool)}/api/cluster/status` });
}

function balanceOf(members: readonly MemberStatus[]): string {
  const counts = members
    .map(({ metadata }) => metadata?.['owned_slots'])
    .filter((count) => typeof count === 'number');
  if (counts.length === 0) return '';
  const mean = SLOT_COUNT / counts.length;
  const most = Math.max(...counts);
  const range = `${Math.min(...counts)} to ${most}`;
  return `slots of a node: ${range}; the most is ${(most / mean).toFixed(3)} of the mean\n`;
}

function wordOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '-';
}
