/**
 * One store of this node and whom it is to be equal to: one owner, or one for some slots each. What
 * is asked for is done as soon as that node can be reached, and again until it has come to its end.
 * Where slots have owners of their own, `SlotDuties.sources` says what is to be done; and what this
 * node has of slots that it keeps no more goes to their owners, and is dropped.
 */
import { SLOT_COUNT } from '../../base/digest/key-slot.ts';
import type { MessageReader } from '../peers/message-reader.ts';
import { MESSAGE } from '../peers/message-table.ts';
import type { Peer, PeerBus } from '../peers/peer-bus.ts';
import type { Ownership } from '../placement/ownership.ts';
import { SlotSet } from '../placement/slot-set.ts';
import type { SlotDuties } from '../replication/duties/slot-duties.ts';
import type { KeyGuard } from '../replication/effect-applier.ts';
import type { RepairProgress } from './repair.ts';
import type { RepairContext } from './repair-context.ts';
import type { StampedStore } from './stamped-store.ts';
import { SurplusSlots } from './surplus-slots.ts';
import { SyncClient } from './sync-client.ts';
import { DatabaseDigests, SYNC, writeRequest } from './sync-messages.ts';

/** Who refused is asked again after so long. */
const REFUSED_MS = 250;
const SUSPICION_COUNT = 2;
/** What differs is compared once more after so long: until then what is on its way has come. */
const RECHECK_MS = 1_000;

export interface StoreRepairOptions {
  readonly context: RepairContext;
  readonly stamped: StampedStore;
  readonly bus: PeerBus;
  readonly ownership: Ownership;
  /** Null: one node owns the whole store. */
  readonly duties: SlotDuties | null;
  /** Of a store that one node owns; null: nobody is to be compared yet. */
  readonly sourcesOf: () => readonly string[] | null;
  readonly nextId: () => number;
  readonly isStale: () => boolean;
  readonly onBegin: () => void;
  /** It is equal to what that node has of those slots; null: of all. */
  readonly onEqual: (nodeId: string, slots: SlotSet | null) => void;
  /** A comparison has found one that nobody knew of, twice. */
  readonly onDifference: () => void;
}

/** Node -> slots that it is asked about; null: all of them. */
type SlotsByNode = ReadonlyMap<string, SlotSet | null>;

export class StoreRepair {
  private readonly options: StoreRepairOptions;
  private readonly clients = new Map<string, SyncClient>();
  private readonly surplus: SurplusSlots | null;
  /** Nodes that the whole store is to be made equal to. */
  private pending: SlotsByNode = new Map();
  /** Node -> monotonic ms before which it is not asked. */
  private readonly refusedMs = new Map<string, number>();
  /** It was asked for while nobody was known to ask. */
  private isAsked = false;
  private wasAsked = false;
  /** Comparisons under way by their ids; and owners that were found to differ once. */
  private readonly checks = new Map<number, { ownerId: string; slots: SlotSet | null }>();
  private suspects = new Set<string>();
  private suspectsBefore = new Set<string>();
  /** Comparisons to come of which each difference counts at once; and the one under way is such. */
  private suspicionCount = 0;
  private isSuspicious = false;
  /** Who was found to differ is compared once more then. */
  private recheckMs = Number.POSITIVE_INFINITY;
  private readonly digests = new DatabaseDigests();
  private readonly own = new DatabaseDigests();

  constructor(options: StoreRepairOptions) {
    this.options = options;
    const { context, duties, ownership, stamped } = options;
    this.surplus =
      duties === null ? null : new SurplusSlots({ context, duties, ownership, stamped });
  }

  get isPending(): boolean {
    const { duties } = this.options;
    if (duties !== null) return !duties.isSettled;
    return this.isAsked || this.pending.size > 0 || this.options.sourcesOf() === null;
  }

  /** Nothing is left here that others should have. */
  get isGiven(): boolean {
    return this.surplus === null || this.surplus.toGive.size === 0;
  }

  /** Slots of which this node has something, and is to have nothing. */
  get surplusCount(): number {
    return this.surplus?.count ?? 0;
  }

  request(): void {
    this.wasAsked = true;
    if (this.options.duties !== null) return;
    this.isAsked = true;
    this.plan();
  }

  /** Asks for everything, unless somebody has done so already. */
  fill(): void {
    if (!this.wasAsked) this.request();
  }

  stop(): void {
    for (const client of this.clients.values()) client.stop();
    this.clients.clear();
    this.pending = new Map();
    this.checks.clear();
    this.surplus?.stop();
    this.isAsked = false;
  }

  /** Another table: who owns nothing any more is asked for nothing, and who refused may not now. */
  onTable(): void {
    this.refusedMs.clear();
    if (this.options.duties === null && this.isPending) {
      this.isAsked = true;
      this.plan();
    }
    this.surplus?.onTable();
    this.endUnwanted();
  }

  /** That node goes by the table of this one now: if it refused before, it may not any more. */
  onAgreed(nodeId: string): void {
    this.refusedMs.delete(nodeId);
  }

  /** This node executes for the store: nobody is asked for it any more. */
  onOwner(): void {
    if (this.options.duties !== null) return;
    this.plan();
    this.endUnwanted();
  }

  /** What is to be done with some slots is something else than before. */
  onSlots(): void {
    this.surplus?.onSlots();
    this.endUnwanted();
  }

  onDown(peer: Peer): void {
    this.clients.get(peer.id)?.stop();
    this.clients.delete(peer.id);
    this.suspects.delete(peer.id);
  }

  tick(): void {
    if (this.isAsked) this.plan();
    const nowMs = this.options.context.world.clock.monotonicMs();
    if (nowMs >= this.recheckMs) this.check();
    for (const [id, slots] of this.sources) this.begin(id, slots, false);
    if (this.surplus !== null) {
      for (const [id, slots] of this.surplus.toGive) this.begin(id, slots, true);
      this.surplus.drop();
    }
    for (const client of this.clients.values()) client.lookAfter();
  }

  findClient(id: number): SyncClient | null {
    for (const client of this.clients.values()) if (client.id === id) return client;
    return null;
  }

  /**
   * Which keys changes of that node are to leave alone: those of which this node knows single
   * elements that it has not told yet.
   */
  guardOf(peerId: string): KeyGuard | null {
    const { stamped } = this.options;
    const { elements } = stamped;
    if (elements.keyCount === 0) return null;
    return (databaseIndex, frame, arg, isAsBefore) => {
      if (isAsBefore || elements.find(databaseIndex, frame.latin1(arg)) === null) return false;
      const { bytes, lengths, offsets } = frame;
      const table = stamped.stamps.tableOf(databaseIndex);
      return this.isToBeTold(peerId, table.slotOf(bytes, offsets[arg], lengths[arg]));
    };
  }

  /** Only the owner is told, and its word counts from then on. */
  private isToBeTold(peerId: string, slot: number): boolean {
    const { duties, ownership, stamped } = this.options;
    const { table } = ownership;
    if (table.nodeIds.length === 0) return true;
    const ownerId =
      duties === null ? table.ownerOfStore(stamped.store.name) : table.ownerOfSlot(slot);
    if (ownerId !== peerId) return true;
    const client = this.clients.get(peerId);
    if (client !== undefined && holds(client.slots, slot)) return !client.hasToldElements;
    return duties === null ? this.isPending : duties.dutyOf(slot) === 'filling';
  }

  progress(): RepairProgress[] {
    const { store } = this.options.stamped;
    return [...this.clients].map(([ownerId, client]) => {
      const keysDone = Math.min(client.keysTaken, client.keysTotal);
      return {
        store: store.name,
        ownerId,
        keysDone,
        keysTotal: client.keysTotal,
        bytesDone: client.bytesTaken,
        share: client.keysTotal === 0 ? 0 : keysDone / client.keysTotal,
      };
    });
  }

  /**
   * An owner may have got changes from elsewhere that did not come here: it is compared soon, and
   * once more for what takes longer.
   */
  suspect(): void {
    this.suspicionCount = SUSPICION_COUNT;
    this.recheckMs = this.options.context.world.clock.monotonicMs() + RECHECK_MS;
  }

  /** Compares the sums with those of the owners. */
  check(): void {
    const { bus, context, nextId, ownership, stamped } = this.options;
    this.checks.clear();
    this.isSuspicious = this.suspicionCount > 0;
    if (this.isSuspicious) this.suspicionCount--;
    const isOver = this.suspicionCount === 0;
    const nowMs = context.world.clock.monotonicMs();
    this.recheckMs = isOver ? Number.POSITIVE_INFINITY : nowMs + RECHECK_MS;
    this.suspectsBefore = this.suspects;
    this.suspects = new Set();
    const tableDigest = ownership.table.digest;
    for (const [ownerId, slots] of this.findOwners()) {
      const owner = bus.find(ownerId);
      if (owner === null || !owner.isUp || this.sources.has(ownerId)) continue;
      const writer = context.bus.begin(owner, MESSAGE.sync);
      if (writer === null) continue;
      const id = nextId();
      this.checks.set(id, { ownerId, slots });
      const storeName = stamped.store.name;
      writeRequest(writer, { id, storeName, what: SYNC.check, tableDigest, slots });
      writer.u32(0).end();
    }
  }

  /** @returns false: they are for another store */
  onDigests(id: number, message: MessageReader): boolean {
    const client = this.findClient(id);
    if (client !== null) {
      client.onDigests(message);
      return true;
    }
    const check = this.checks.get(id);
    if (check === undefined) return false;
    message.u8();
    this.digests.readFrom(message);
    this.compare(check.ownerId, check.slots);
    return true;
  }

  private compare(ownerId: string, slots: SlotSet | null): void {
    const { digests, own } = this;
    const { duties, stamped } = this.options;
    const database = stamped.store.databases[digests.databaseIndex];
    if (database === undefined) return;
    const table = stamped.tableOf(database);
    this.options.context.tombstones.forget(table, digests.purgedHigh, digests.purgedLow, slots);
    own.measure(table, slots, false);
    const isEqual =
      own.left === digests.left &&
      own.right === digests.right &&
      own.floorHigh === digests.floorHigh &&
      own.floorLow === digests.floorLow;
    if (isEqual) return;
    // Keys that are on their way differ too: what differs twice in a row does not mend itself.
    this.suspects.add(ownerId);
    this.recheckMs = this.options.context.world.clock.monotonicMs() + RECHECK_MS;
    if (!this.isSuspicious && !this.suspectsBefore.has(ownerId)) return;
    this.options.onDifference();
    if (duties === null) this.pending = new Map([...this.pending, [ownerId, null]]);
    else duties.unsettle(ownerId);
    this.tick();
  }

  private get sources(): SlotsByNode {
    return this.options.duties?.sources ?? this.pending;
  }

  private plan(): void {
    const { ownership, sourcesOf } = this.options;
    if (ownership.table.nodeIds.length === 0) return;
    const sourceIds = sourcesOf();
    this.isAsked = sourceIds === null;
    this.pending = new Map((sourceIds ?? []).map((id) => [id, null]));
  }

  /** Nodes of which this one has a copy that is taken for equal, this one aside. */
  private findOwners(): SlotsByNode {
    const { bus, duties, ownership, stamped } = this.options;
    const { table } = ownership;
    if (duties === null) {
      const ownerId = table.ownerOfStore(stamped.store.name);
      return new Map(ownerId === '' || ownerId === bus.id ? [] : [[ownerId, null]]);
    }
    const owners = new Map<string, SlotSet>();
    for (let slot = 0, end = 0; slot < SLOT_COUNT; slot = end) {
      end = table.endOfRun(slot);
      const id = table.ownerOfSlot(slot);
      const slots = owners.get(id) ?? new SlotSet();
      for (let one = slot; one < end; one++) if (duties.dutyOf(one) === 'replica') slots.add(one);
      if (slots.count > 0) owners.set(id, slots);
    }
    return owners;
  }

  /** Those that ask for what is to be asked of somebody else now, or of nobody. */
  private endUnwanted(): void {
    for (const [id, client] of this.clients) {
      const wanted = client.isGiving ? this.surplus?.toGive : this.sources;
      const slots = wanted?.get(id);
      if (slots !== undefined && (slots === null || client.slots?.isWithin(slots) === true)) {
        continue;
      }
      client.stop();
      this.clients.delete(id);
    }
  }

  private begin(ownerId: string, slots: SlotSet | null, isGiving: boolean): void {
    const { bus, context, isStale, nextId, onBegin, ownership, stamped } = this.options;
    const owner = bus.find(ownerId);
    if (owner === null || !owner.isUp || this.clients.has(ownerId)) return;
    const nowMs = context.world.clock.monotonicMs();
    if (nowMs < (this.refusedMs.get(ownerId) ?? 0)) return;
    const client = new SyncClient({
      context,
      stamped,
      owner,
      slots,
      isGiving,
      tableDigest: ownership.table.digest,
      isStale: isStale(),
      nextId,
      onDone: () => this.onDone(client),
      onRefused: () => this.onRefused(ownerId),
      onLacking: (lacking) => {
        this.clients.delete(ownerId);
        this.options.duties?.passOver(ownerId, lacking);
      },
    });
    this.clients.set(ownerId, client);
    onBegin();
    client.start();
  }

  private onDone({ isGiving, owner, slots }: SyncClient): void {
    this.clients.delete(owner.id);
    if (isGiving) {
      if (slots !== null) this.surplus?.note(slots);
      return this.tick();
    }
    this.pending = new Map([...this.pending].filter(([id]) => id !== owner.id));
    this.options.onEqual(owner.id, slots);
  }

  private onRefused(ownerId: string): void {
    this.clients.delete(ownerId);
    const nowMs = this.options.context.world.clock.monotonicMs();
    this.refusedMs.set(ownerId, nowMs + REFUSED_MS);
  }
}

function holds(slots: SlotSet | null, slot: number): boolean {
  return slots === null || slots.has(slot);
}
