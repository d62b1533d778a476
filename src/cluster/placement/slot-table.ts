/**
 * The table that follows from the ids of the nodes and from nothing else: each node computes it by
 * itself, and those that see the same nodes have the same.
 */

import { SLOT_COUNT } from '../../base/digest/key-slot.ts';
import { xxhash64Hex } from '../../base/digest/xxhash64.ts';
import { HashRing, type SlotColumn } from './hash-ring.ts';
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
  private owners: SlotColumn<number> | null = null;
  /** Who holds each slot. */
  private holders: SlotColumn<readonly string[]> | null = null;
  /** The same where it follows from its owner. */
  private holdersByOwner: readonly (readonly string[])[] | null = null;

  constructor({ version, nodeIds, placement, replicationFactor }: SlotTableOptions) {
    this.version = version;
    this.nodeIds = [...nodeIds].sort(byBytes);
    this.isWhole = replicationFactor === 0;
    this.isBalanced = placement === 'balanced';
    const { length } = nodeIds;
    this.holderCount = replicationFactor === 0 ? length : Math.min(replicationFactor, length);
    this.ring = HashRing.of(this.nodeIds);
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
    if (!this.isListedByOwner) return this.requireHolders().values[slot];
    this.holdersByOwner ??= this.listHolders();
    return this.holdersByOwner[this.ownerIndex(slot)];
  }

  isHolder(nodeId: string, slot: number): boolean {
    const isEvery = this.holderCount === this.nodeIds.length;
    const nodeIds = isEvery ? this.nodeIds : this.holdersOfSlot(slot);
    return nodeIds.includes(nodeId);
  }

  endOfRun(slot: number): number {
    const { length } = this.nodeIds;
    if (length < 2) return SLOT_COUNT;
    if (this.isBalanced) return Math.ceil(((this.ownerIndex(slot) + 1) * SLOT_COUNT) / length);
    return this.isListedByOwner
      ? this.requireOwners().ends[slot]
      : this.requireHolders().ends[slot];
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
    return this.requireOwners().values[slot];
  }

  private requireOwners(): SlotColumn<number> {
    // Where a node that is passed over has no copy to go on with, the share counts for less.
    this.owners ??= this.ring.ownersOfSlots(this.isWhole);
    return this.owners;
  }

  private requireHolders(): SlotColumn<readonly string[]> {
    this.holders ??= this.ring.holdersOfSlots(this.holderCount);
    return this.holders;
  }

  /** All of them, or ranges: in the order of the ids, so that there are as few lists as nodes. */
  private get isListedByOwner(): boolean {
    return this.isBalanced || this.holderCount === this.nodeIds.length;
  }

  private listHolders(): readonly (readonly string[])[] {
    const { holderCount, nodeIds } = this;
    return nodeIds.map((_, owner) =>
      Array.from({ length: holderCount }, (_, step) => nodeIds[(owner + step) % nodeIds.length]),
    );
  }
}

/** By UTF-16 units: the same on every machine, in every language. */
function byBytes(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
