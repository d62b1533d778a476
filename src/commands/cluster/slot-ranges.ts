import { SLOT_COUNT } from '../../base/digest/key-slot.ts';
import type { ClusterNode, ClusterService } from '../cluster-service.ts';
import type { Session } from '../session.ts';

/** Slots start .. end, both included, of one owner. */
export interface SlotRange {
  readonly start: number;
  readonly end: number;
  readonly owner: ClusterNode;
}

/** Clients ask again every few seconds, each of them; a table changes when nodes come or go. */
const LISTED = new WeakMap<ClusterService, { version: number; ranges: readonly SlotRange[] }>();

/** Who owns what, as clients are told: slots without an owner are in no range. */
export function listSlotRanges(cluster: ClusterService): readonly SlotRange[] {
  const version = cluster.tableVersion;
  const listed = LISTED.get(cluster);
  if (listed?.version === version) return listed.ranges;
  const ranges = rangesOf(cluster);
  LISTED.set(cluster, { version, ranges });
  return ranges;
}

function rangesOf(cluster: ClusterService): SlotRange[] {
  const ranges: SlotRange[] = [];
  let start = 0;
  let owner = cluster.ownerOfSlot(0);
  for (let slot = 1; slot <= SLOT_COUNT; slot++) {
    const next = slot === SLOT_COUNT ? null : cluster.ownerOfSlot(slot);
    if (next === owner && slot < SLOT_COUNT) continue;
    if (owner !== null) ranges.push({ start, end: slot - 1, owner });
    start = slot;
    owner = next;
  }
  return ranges;
}

/**
 * The owner whose replica a node is, for clients: where one node owns everything, every other one
 * is a replica of it. Otherwise each owns some, which Redis knows as masters, and none is.
 * @returns null: it is none
 */
export function masterOf(node: ClusterNode, ranges: readonly SlotRange[]): ClusterNode | null {
  const [first] = ranges;
  return ranges.length === 1 && first.owner.id !== node.id ? first.owner : null;
}

/** Those that clients shall know of: who left is none. */
export function presentNodes(cluster: ClusterService): ClusterNode[] {
  return cluster.nodes.filter(({ status }) => status !== 'left');
}

/** By the port that the client came by: what it is told must be of the same kind. */
export function portFor({ channel, slots }: Session, node: ClusterNode): number {
  const { redirectPort, respPort, tlsPort } = node;
  if (slots !== null && redirectPort !== 0) return redirectPort;
  if (channel?.isTls) return tlsPort || respPort;
  return respPort || tlsPort;
}
