/**
 * Who executes the commands on which keys, and who holds copies. All that the data plane sees of
 * placement; the gossip's implementation is a pure function of the live and ready nodes.
 */
import { SLOT_COUNT } from '../../base/digest/key-slot.ts';

export interface OwnershipTable {
  /** Grows with each change that this node sees; other nodes count for themselves. */
  readonly version: number;
  /** The same on all nodes that see the same members. */
  readonly digest: string;
  /** Ids of the nodes that may own something, sorted. None while no node is ready. */
  readonly nodeIds: readonly string[];
  /** Of a store whose keys all have one owner. '' where there are no nodes, as below. */
  ownerOfStore(storeName: string): string;
  ownerOfSlot(slot: number): string;
  /** The owner first; under `replication_factor: all` every node. */
  holdersOfSlot(slot: number): readonly string[];
  /** Every node holds every slot. */
  readonly isWhole: boolean;
  isHolder(nodeId: string, slot: number): boolean;
  /**
   * The first slot behind that one which may have another owner or other holders: a table is a few
   * hundred runs of slots that are alike.
   */
  endOfRun(slot: number): number;
  /** Those that the node owns, in order. */
  slotsOf(nodeId: string): readonly number[];
}

export type OwnershipListener = (now: OwnershipTable, before: OwnershipTable) => void;

export interface Ownership {
  readonly table: OwnershipTable;
  /**
   * As the table will be when this node is ready: what it is to hold by then it fills before. The
   * same as `table` once it is, and while it leaves.
   */
  readonly target: OwnershipTable;
  /** Called after `table` has changed. */
  onChange(listener: OwnershipListener): void;
}

/** The first slot behind that one which may be another's by any of those tables. */
export function endOfRuns(slot: number, tables: readonly OwnershipTable[]): number {
  let end = SLOT_COUNT;
  for (const table of tables) end = Math.min(end, table.endOfRun(slot));
  return end;
}
