/**
 * What this node has to do with each slot of one store whose slots have owners of their own. One
 * byte a slot, which follows from the table of owners and from what has come since it changed:
 *
 *     it owns the slot     owner; waiting until the owner before has said that it executes no more,
 *                          and until has come what this node lacks, or others have more of
 *     it keeps a copy      replica; filling until it is equal to the owner
 *     neither              none: what it still has of the slot goes to the owner and is dropped
 *
 * A node that is not ready keeps what it will hold when it is. A slot that it begins to keep it
 * *lacks* until it was equal to a node that had it; if it comes to own the slot before that, it
 * takes the copy from whoever had one by the tables before, and serves what it has if nobody did.
 * One that it was filling when it came to own it, or of which the owner before is lost without a
 * word, may be *behind* those of other holders: it is made equal to each of them that can be
 * reached, for a second at most.
 */
import { SLOT_COUNT } from '../../../base/digest/key-slot.ts';
import { LIMITS } from '../../../base/limits.ts';
import type { Timer, Timers } from '../../../base/world.ts';
import { endOfRuns, type Ownership, type OwnershipTable } from '../../placement/ownership.ts';
import { SlotSet } from '../../placement/slot-set.ts';
import type { Duty, SlotDuty } from '../replication.ts';
import { HolderSearch } from './holder-search.ts';

export interface SlotDutyListener {
  /** It lives, as far as its link tells, and can say what it does. */
  isReachable(nodeId: string): boolean;
  /** Digest of the table that it goes by; all it executed by another one has come. '': unknown. */
  digestOf(nodeId: string): string;
  /** `dutyOf` may tell something else than before of some slots, and `sources` as well. */
  onChange(): void;
  /** `duty` tells the new one. */
  onDuty(now: Duty, before: Duty): void;
}

export type SlotCounts = Record<SlotDuty, number>;

const KEPT = 1;
const OWNED = 2;
/** The owner before has not said that it is done: nothing is executed, or compared, until then. */
const WAITING = 4;
/** Not known to be equal to the owner. */
const FILLING = 8;
/** Never equal to any node that had it, since it is kept. */
const LACKING = 16;
/** Owned, and other holders may have changes of the owner before that did not come here. */
const BEHIND = 32;

/** By flags. */
const DUTIES: readonly SlotDuty[] = Array.from({ length: 64 }, (_, flags) => {
  if ((flags & KEPT) === 0) return 'none';
  if ((flags & OWNED) !== 0) {
    return (flags & (WAITING | LACKING | BEHIND)) === 0 ? 'owner' : 'waiting';
  }
  return (flags & (FILLING | LACKING)) === 0 ? 'replica' : 'filling';
});

/** Tables before the present one in which a copy that is lacking is looked for. */
const PAST_TABLE_COUNT = 4;

export class SlotDuties {
  /** Of all slots together: a node of the table executes for some. */
  duty: Duty = 'filling';
  private readonly nodeId: string;
  private readonly ownership: Ownership;
  private readonly timers: Timers;
  private readonly listener: SlotDutyListener;
  private readonly flags = new Uint8Array(SLOT_COUNT);
  /** Who is to say that it executes no more -> the slots that it did. */
  private readonly waiting = new Map<string, SlotSet>();
  /** The latest first. */
  private past: readonly OwnershipTable[] = [];
  /** Nodes that have no more of these slots than this one, by the present table. */
  private readonly passedOver = new Map<string, SlotSet>();
  private found: ReadonlyMap<string, SlotSet> | null = null;
  private timer: Timer | null = null;

  constructor(options: {
    nodeId: string;
    ownership: Ownership;
    timers: Timers;
    listener: SlotDutyListener;
  }) {
    this.nodeId = options.nodeId;
    this.ownership = options.ownership;
    this.timers = options.timers;
    this.listener = options.listener;
    this.follow(null);
  }

  dutyOf(slot: number): SlotDuty {
    return DUTIES[this.flags[slot]];
  }

  /** Every node keeps every slot. */
  get isWhole(): boolean {
    return this.ownership.table.isWhole;
  }

  /** It has a copy, or is to have one. */
  keeps(slot: number): boolean {
    return (this.flags[slot] & KEPT) !== 0;
  }

  /** It keeps a copy, which was not equal to that of any other node yet. */
  lacks(slot: number): boolean {
    return (this.flags[slot] & LACKING) !== 0;
  }

  /**
   * Nodes that this one is to be made equal to, each with the slots: their owners; or, of a slot
   * that this node owns and lacks, or is behind with, a node that had it, which is done first. Not
   * to be changed.
   */
  get sources(): ReadonlyMap<string, SlotSet> {
    this.found ??= this.findSources();
    return this.found;
  }

  /** Slots of each duty. */
  counts(): SlotCounts {
    const counts: SlotCounts = { owner: 0, waiting: 0, replica: 0, filling: 0, none: 0 };
    for (let slot = 0; slot < SLOT_COUNT; slot++) counts[this.dutyOf(slot)]++;
    return counts;
  }

  /** The table of owners has changed. */
  change(before: OwnershipTable): void {
    if (before.nodeIds.length > 0) this.past = [before, ...this.past].slice(0, PAST_TABLE_COUNT);
    this.passedOver.clear();
    const { duty } = this;
    this.follow(before);
    this.listener.onChange();
    if (duty !== this.duty) this.listener.onDuty(this.duty, duty);
  }

  /**
   * That node goes by this table from now on, and all that it executed before has come. By another
   * one than this node's it may tell others, and no more this one, of what it executes.
   */
  takeDigest(nodeId: string, digest: string): void {
    const { table } = this.ownership;
    if (digest === table.digest) this.endWaiting(nodeId);
    else if (!table.isWhole) this.unsettle(nodeId);
  }

  /** It was started anew, or cannot be heard: there is nothing to wait for. */
  lose(nodeId: string): void {
    const slots = this.waiting.get(nodeId);
    if (slots !== undefined) this.doubt(nodeId, slots);
    this.endWaiting(nodeId);
    // Somebody else may have what it was to give.
    this.touch();
  }

  /** These slots are equal to what that node has of them. */
  settle(nodeId: string, slots: SlotSet): void {
    const { flags, ownership } = this;
    const { table } = ownership;
    for (let slot = slots.next(0), end = 0; slot < SLOT_COUNT; slot = slots.next(end)) {
      end = table.endOfRun(slot);
      const isOwners = table.ownerOfSlot(slot) === nodeId;
      for (; slot < end; slot = slots.next(slot + 1)) {
        if (isOwners || (flags[slot] & OWNED) !== 0) flags[slot] &= ~(FILLING | LACKING);
      }
    }
    this.passOver(nodeId, slots);
  }

  /** What this node keeps of that owner is not known to be equal any more. */
  unsettle(nodeId: string): boolean {
    const { flags, ownership } = this;
    const { table } = ownership;
    let isAny = false;
    for (let slot = 0, end = 0; slot < SLOT_COUNT; slot = end) {
      end = table.endOfRun(slot);
      if (table.ownerOfSlot(slot) !== nodeId) continue;
      for (let one = slot; one < end; one++) {
        if ((flags[one] & (KEPT | OWNED)) !== KEPT) continue;
        flags[one] |= FILLING;
        isAny = true;
      }
    }
    if (isAny) this.touch();
    return isAny;
  }

  /** That node has no more of these slots than this one: another one is asked. */
  passOver(nodeId: string, slots: SlotSet): void {
    const known = this.passedOver.get(nodeId) ?? new SlotSet();
    known.addBytes(slots.bytes, 0);
    this.passedOver.set(nodeId, known);
    this.touch();
  }

  /** Nothing has to be made equal any more. */
  get isSettled(): boolean {
    if (this.sources.size > 0) return false;
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      if ((this.flags[slot] & FILLING) !== 0) return false;
    }
    return true;
  }

  stop(): void {
    this.timer?.cancel();
    this.timer = null;
  }

  /** @param before  null: the store is new here */
  private follow(before: OwnershipTable | null): void {
    const { flags, nodeId, ownership } = this;
    const { table, target } = ownership;
    const tables = before === null ? [table, target] : [table, target, before];
    this.duty = table.nodeIds.includes(nodeId) ? 'owner' : 'filling';
    for (let slot = 0, end = 0; slot < SLOT_COUNT; slot = end) {
      end = endOfRuns(slot, tables);
      const isKept = table.isWhole || target.isHolder(nodeId, slot);
      if (isKept) this.keepRun(slot, end, before);
      else flags.fill(0, slot, end);
    }
    if (before !== null) this.awaitOwners();
    this.found = null;
    this.serveOwned();
  }

  /** Slots that this node keeps, which had one owner before and have one now. */
  private keepRun(start: number, end: number, before: OwnershipTable | null): void {
    const { flags, nodeId, ownership } = this;
    const ownerId = ownership.table.ownerOfSlot(start);
    const beforeId = before?.ownerOfSlot(start) ?? '';
    const isOwned = ownerId === nodeId;
    // A store that is new to all nodes has no copies anywhere.
    const lacking = before !== null || this.duty !== 'owner' ? LACKING : 0;
    const wasBehind = isOwned && beforeId !== '' ? FILLING | BEHIND : 0;
    for (let slot = start; slot < end; slot++) {
      const was = flags[slot];
      const isNew = (was & KEPT) === 0;
      const isFilling = !isOwned && (isNew || beforeId !== ownerId || (was & FILLING) !== 0);
      flags[slot] =
        KEPT |
        (isOwned ? OWNED : 0) |
        (isNew ? lacking : was & LACKING) |
        (isFilling ? FILLING : 0) |
        ((was & wasBehind) !== 0 ? BEHIND : 0);
    }
  }

  /**
   * Whoever executed a moment ago for what has another owner now is to say that it is done: the
   * owner before, and the one before that, whom it may have waited for itself. A replica waits as
   * well: what the owner before has changed is to be here before it is compared with the new one.
   */
  private awaitOwners(): void {
    const { flags, nodeId, ownership, waiting } = this;
    const { table } = ownership;
    const executors = this.past.slice(0, 2);
    const tables = [table, ...executors];
    for (let slot = 0, end = 0; slot < SLOT_COUNT; slot = end) {
      end = endOfRuns(slot, tables);
      const ownerId = table.ownerOfSlot(slot);
      if (executors[0]?.ownerOfSlot(slot) === ownerId) continue;
      for (const executor of executors) {
        const id = executor.ownerOfSlot(slot);
        if (id !== ownerId && id !== nodeId) this.addKept(require(waiting, id), slot, end);
      }
    }
    for (const [id, slots] of waiting) {
      slots.each((slot) => {
        if ((flags[slot] & KEPT) === 0) slots.delete(slot);
      });
      if (slots.count > 0 && this.isExecuting(id)) continue;
      waiting.delete(id);
      if (this.listener.digestOf(id) !== ownership.table.digest) this.doubt(id, slots);
    }
    this.stop();
    this.markWaiting();
  }

  private addKept(slots: SlotSet, start: number, end: number): void {
    const { flags } = this;
    for (let slot = start; slot < end; slot++) if ((flags[slot] & KEPT) !== 0) slots.add(slot);
  }

  /** By another table than this node, as far as is known. */
  private isExecuting(nodeId: string): boolean {
    const { listener, ownership } = this;
    return listener.isReachable(nodeId) && listener.digestOf(nodeId) !== ownership.table.digest;
  }

  /**
   * That node executes for them no more, and has not said so: what it did last may have come to
   * other holders only.
   */
  private doubt(nodeId: string, slots: SlotSet): void {
    const { flags, past } = this;
    slots.each((slot) => {
      const isAfter = (flags[slot] & OWNED) !== 0 && past[0]?.ownerOfSlot(slot) === nodeId;
      if (isAfter) flags[slot] |= BEHIND;
    });
  }

  private endWaiting(nodeId: string): void {
    if (!this.waiting.delete(nodeId)) return;
    if (this.waiting.size === 0) this.stop();
    this.markWaiting();
    this.touch();
  }

  /** For the owners before first, and then for copies. */
  private waitNoMore(): void {
    const { flags, waiting } = this;
    this.timer = null;
    if (waiting.size > 0) waiting.clear();
    else for (let slot = 0; slot < SLOT_COUNT; slot++) flags[slot] &= ~BEHIND;
    this.markWaiting();
    this.touch();
  }

  private markWaiting(): void {
    const { flags } = this;
    for (let slot = 0; slot < SLOT_COUNT; slot++) flags[slot] &= ~WAITING;
    for (const slots of this.waiting.values()) {
      slots.each((slot) => {
        flags[slot] |= WAITING;
      });
    }
  }

  private touch(): void {
    this.found = null;
    this.serveOwned();
    this.listener.onChange();
  }

  private findSources(): Map<string, SlotSet> {
    const { flags, ownership } = this;
    const owners = new Map<string, SlotSet>();
    const donors = new Map<string, SlotSet>();
    const holders = this.searchHolders();
    // Neighbours are most often in one set.
    let set: SlotSet | null = null;
    let lastSets = owners;
    let lastId = '';
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      const isWanted = (flags[slot] & (FILLING | LACKING | BEHIND)) !== 0;
      if (!isWanted || (flags[slot] & WAITING) !== 0) continue;
      const isOwned = (flags[slot] & OWNED) !== 0;
      const id = isOwned ? holders.find(slot) : ownership.table.ownerOfSlot(slot);
      if (id === '') continue;
      const sets = isOwned ? donors : owners;
      if (set === null || id !== lastId || sets !== lastSets) set = require(sets, id);
      lastId = id;
      lastSets = sets;
      set.add(slot);
    }
    // Two that want something of each other would both refuse: they are to own first.
    return new Map([...owners, ...donors]);
  }

  /** What nobody has, or has more of, is served as it is. */
  private serveOwned(): void {
    const { flags, waiting } = this;
    const holders = this.searchHolders();
    let isBehind = false;
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      if ((flags[slot] & OWNED) === 0 || (flags[slot] & (LACKING | BEHIND)) === 0) continue;
      const isServed = (flags[slot] & WAITING) === 0 && holders.find(slot) === '';
      if (isServed) flags[slot] &= ~(LACKING | BEHIND);
      else if ((flags[slot] & BEHIND) !== 0) isBehind = true;
    }
    if (waiting.size === 0 && !isBehind) return this.stop();
    this.timer ??= this.timers.after(LIMITS.handOverMs, () => this.waitNoMore());
  }

  private searchHolders(): HolderSearch {
    const { listener, nodeId, ownership, passedOver } = this;
    const tables = [ownership.table, ...this.past];
    const isReachable = (id: string) => listener.isReachable(id);
    return new HolderSearch({ nodeId, tables, passedOver, isReachable });
  }
}

function require(sets: Map<string, SlotSet>, nodeId: string): SlotSet {
  let set = sets.get(nodeId);
  if (set === undefined) {
    set = new SlotSet();
    sets.set(nodeId, set);
  }
  return set;
}
