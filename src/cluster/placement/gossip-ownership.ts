import type { ClusterConfiguration } from '../../base/configuration-sections.ts';
import type { ClusterView } from './cluster-view.ts';
import type { Ownership, OwnershipListener, OwnershipTable } from './ownership.ts';
import { SlotTable } from './slot-table.ts';

/**
 * Ownership without coordination: each node computes the table from the nodes that it sees ready.
 * Those that see different ones have different tables for as long; what both sides write then is
 * merged afterwards.
 */
export class GossipOwnership implements Ownership {
  table: OwnershipTable;
  private readonly view: ClusterView;
  private readonly settings: Pick<ClusterConfiguration, 'placement' | 'replicationFactor'>;
  private readonly listeners: OwnershipListener[] = [];
  private joined: OwnershipTable | null = null;

  constructor(
    view: ClusterView,
    settings: Pick<ClusterConfiguration, 'placement' | 'replicationFactor'>,
  ) {
    this.view = view;
    this.settings = settings;
    this.table = this.compute(0, view.readyIds);
    view.onChange(() => this.follow());
  }

  get target(): OwnershipTable {
    const { table, view } = this;
    if (view.state !== 'filling' || table.nodeIds.includes(view.selfId)) return table;
    this.joined ??= this.compute(table.version, [...table.nodeIds, view.selfId]);
    return this.joined;
  }

  onChange(listener: OwnershipListener): void {
    this.listeners.push(listener);
  }

  private follow(): void {
    const before = this.table;
    const { readyIds } = this.view;
    if (readyIds.join('\n') === before.nodeIds.join('\n')) return;
    this.table = this.compute(before.version + 1, readyIds);
    this.joined = null;
    for (const listener of this.listeners) listener(this.table, before);
  }

  private compute(version: number, nodeIds: readonly string[]): OwnershipTable {
    return new SlotTable({ version, nodeIds, ...this.settings });
  }
}
