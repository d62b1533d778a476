/** What one node tells of the cluster, for people. */
import { NodeError } from '../../base/errors.ts';
import { accessOf, addressOf, askNode, type NodeAccess } from '../node-access.ts';
import { FAILED, type ToolRun } from '../tool-arguments.ts';

/** Whom to ask: an address, or the HTTP port of a node on this machine. */
export interface Asked {
  readonly url: string | null;
  readonly port: number | null;
}

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

const SILENCE_MS = 10_000;
const LOOK_EVERY_MS = 500;
const BAR_COLUMNS = 30;
const SLOT_COUNT = 16_384;

export async function showStatus(tool: ToolRun, asked: Asked): Promise<number> {
  const status = await readStatus(tool, asked);
  const members = status.members ?? [];
  tool.print(
    table(
      ['node', 'status', 'state', 'address', 'RESP', 'HTTP', 'slots', 'held', 'version'],
      members.map(({ address, metadata = {}, node_id, port, status: is }) =>
        [
          node_id,
          is,
          metadata['state'],
          address,
          metadata['resp_port'] ?? port,
          metadata['http_port'],
          metadata['owned_slots'],
          metadata['held_slots'],
          metadata['version'],
        ].map(wordOf),
      ),
    ),
  );
  const size = status.cluster_size ?? members.length;
  tool.print(`${size} nodes, mode ${status.mode ?? 'unknown'}\n`);
  for (const issue of status.issues ?? []) tool.print(`- ${issue}\n`);
  return status.healthy === false ? FAILED : 0;
}

/**
 * In mode gossip the table follows from the members at once; what takes time is that nodes are
 * filled with what is theirs now, and give away what is not. Shown until none has to.
 */
export async function showRebalance(tool: ToolRun, asked: Asked): Promise<number> {
  const { host } = tool.world;
  for (;;) {
    const { members = [] } = await readStatus(tool, asked);
    const alive = members.filter((member) => member.status === 'alive');
    const moves = await Promise.all(alive.map((member) => moveOf(tool, member)));
    const lines = moves.filter((line) => line !== '');
    if (lines.length === 0) {
      tool.print(`${alive.length} nodes hold what is theirs\n${balanceOf(alive)}`);
      return 0;
    }
    for (const line of lines) {
      if (host.isErrorTerminal) host.writeError(`\r${line}\x1b[K`);
      else host.writeError(`${line}\n`);
    }
    await host.processes.pause(LOOK_EVERY_MS);
    if (host.isErrorTerminal) host.writeError('\r\x1b[K');
  }
}

/** How far it is, as it says itself; '': it has nothing to do. */
async function moveOf(
  tool: ToolRun,
  { address, metadata, node_id }: MemberStatus,
): Promise<string> {
  const { protocol } = new URL(addressOf(tool.configuration));
  const inUrl = address?.includes(':') ? `[${address}]` : address;
  const url = `${protocol}//${inUrl}:${wordOf(metadata?.['http_port'])}/api/cluster/status`;
  let status: ClusterStatus = {};
  try {
    const { facts } = await askNode(tool, { ...accessOf(tool), url }, SILENCE_MS);
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

function barOf(share: number): string {
  const filled = Math.round(share * BAR_COLUMNS);
  const bar = '#'.repeat(filled) + '-'.repeat(BAR_COLUMNS - filled);
  return `[${bar}] ${Math.floor(share * 100)} %`;
}

export async function forgetNode(tool: ToolRun, asked: Asked): Promise<number> {
  const [name] = tool.words;
  if (name === undefined) throw new NodeError('BAD_CONFIGURATION', 'Which node? forget <node>');
  const access = accessOf(tool);
  const url = `${urlOf(tool, asked)}/api/cluster/members/${encodeURIComponent(name)}/forget`;
  const answer = await askNode(tool, { ...access, url, method: 'POST' }, SILENCE_MS);
  if (answer.status === 200) {
    tool.print(`${name} is forgotten\n`);
    return 0;
  }
  throw refused(url, answer);
}

async function readStatus(tool: ToolRun, asked: Asked): Promise<ClusterStatus> {
  const access: NodeAccess = accessOf(tool);
  const url = `${urlOf(tool, asked)}/api/cluster/status`;
  const answer = await askNode(tool, { ...access, url }, SILENCE_MS);
  if (answer.status !== 200 || answer.facts === null) throw refused(url, answer);
  return answer.facts as ClusterStatus;
}

function urlOf({ configuration }: ToolRun, { port, url }: Asked): string {
  return url ?? addressOf(configuration, port ?? configuration.network.httpPort);
}

function refused(
  url: string,
  { facts, status }: { status: number; facts: Readonly<Record<string, unknown>> | null },
): NodeError {
  const reason = facts === null ? 'it is no node of ours' : wordOf(facts['error']);
  return new NodeError('REQUEST_FAILED', `${url} answers ${status}: ${reason}`, { status });
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

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  const lines = all.map((row) =>
    row
      .map((word, i) => word.padEnd(widths[i]!))
      .join('  ')
      .trimEnd(),
  );
  return `${lines.join('\n')}\n`;
}
