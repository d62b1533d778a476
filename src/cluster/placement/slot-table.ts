/**
 * The table that follows from the ids of the nodes and from nothing else: each node computes it by
 * itself, and those that see the same nodes have the same.
 */

import { SLOT_COUNT } from '../../base/digest/key-slot.ts';
import { xxhash64Hex } from '../../base/digest/xxhash64.ts';
import { HashRing } from './hash-ring.ts';
import type { OwnershipTable } from './ownership.ts';

export interface SlotTableOptions {
  readonly version: number;
  /** In any order, each once. */
  readonly nodeIds: readonly string[];
  /** `balanced`: contiguous ranges, so that the table of a large cluster is short. */
  readonly placement: 'ring' | 'balanced';
  /** Nodes that hold a key; 0: all. */
  readonly replicationFactor: number;
}

export class SlotTable implements OwnershipTable {
  readonly version: number;
  readonly digest: string;
  readonly nodeIds: readonly string[];
  readonly isWhole: boolean;
  private readonly isBalanced: boolean;
  /** How many hold a slot. */
  private readonly holderCount: number;
  private readonly ring: HashRing;
  /** Index of the node of each slot; made when somebody asks, for many tables are never asked. */
  private owners: Uint16Array | null = null;
  /** Lists of those who hold a slot: of each slot, or one for each owner. */
  private holders: readonly (readonly string[])[] | null = null;

  constructor({ version, nodeIds, placement, replicationFactor }: SlotTableOptions) {
    this.version = version;
    this.nodeIds = [...nodeIds].sort(byBytes);
    this.isWhole = replicationFactor === 0;
    this.isBalanced = placement === 'balanced';
    const { length } = nodeIds;
    this.holderCount = replicationFactor === 0 ? length : Math.min(replicationFactor, length);
    this.ring = new HashRing(this.nodeIds);
    const text = [placement, replicationFactor, ...this.nodeIds].join('\n');
    const bytes = Buffer.from(text, 'utf8');
    this.digest = xxhash64Hex(bytes, 0, bytes.length);
  }

  ownerOfStore(storeName: string): string {
    if (this.nodeIds.length === 0) return '';
    return this.nodeIds[this.ring.ownerOf(storeName.toLowerCase())];
  }

  ownerOfSlot(slot: number): string {
    return this.nodeIds[this.ownerIndex(slot)] ?? '';
  }

  holdersOfSlot(slot: number): readonly string[] {
    if (this.nodeIds.length === 0) return [];
    this.holders ??= this.listHolders();
    return this.holders[this.isListedByOwner ? this.ownerIndex(slot) : slot];
  }

  isHolder(nodeId: string, slot: number): boolean {
    const isEvery = this.holderCount === this.nodeIds.length;
    const nodeIds = isEvery ? this.nodeIds : this.holdersOfSlot(slot);
    return nodeIds.includes(nodeId);
  }

  slotsOf(nodeId: string): readonly number[] {
    const index = this.nodeIds.indexOf(nodeId);
    const slots: number[] = [];
    if (index < 0) return slots;
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      if (this.ownerIndex(slot) === index) slots.push(slot);
    }
    return slots;
  }

  private ownerIndex(slot: number): number {
    const { length } = this.nodeIds;
    if (length < 2) return 0;
    if (this.isBalanced) return Math.floor((slot * length) / SLOT_COUNT);
    // Where a node that is passed over has no copy to go on with, the share counts for less.
    this.owners ??= this.ring.ownersOfSlots(this.isWhole);
    return this.owners[slot];
  }

  /** All of them, or ranges: in the order of the ids, so that there are as few lists as nodes. */
  private get isListedByOwner(): boolean {
    return this.isBalanced || this.holderCount === this.nodeIds.length;
  }

  private listHolders(): readonly (readonly string[])[] {
    const { holderCount, nodeIds, ring } = this;
    if (!this.isListedByOwner) return ring.holdersOfSlots(holderCount);
    return nodeIds.map((_, owner) =>
      Array.from({ length: holderCount }, (_, step) => nodeIds[(owner + step) % nodeIds.length]),
    );
  }
}

/** By UTF-16 units: the same on every machine, in every language. */
function byBytes(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
