/**
 * The replica's side of one repair: makes the slots of a store that one other node owns equal to
 * what they are there. Rounds follow one another until the digests are the same:
 *
 *     digests -> stamps of the slots that differ -> what is later here goes there -> the rest comes
 *
 * Effects come in the same order of messages meanwhile, so what the owner tells of its stamps is
 * true of the moment at which it is read here. A round that is cut off is begun anew; whatever came
 * of it is kept, for every key has its stamp.
 *
 * A node that keeps slots no more *gives*: it sends what is later here, and takes nothing.
 */

import { SLOT_COUNT } from '../../base/digest/key-slot.ts';
import type { Frame } from '../../base/frame.ts';
import { LIMITS } from '../../base/limits.ts';
import { SlicedWork } from '../../base/pace/sliced-work.ts';
import type { Database } from '../../engine/database.ts';
import type { MessageReader } from '../peers/message-reader.ts';
import { MESSAGE } from '../peers/message-table.ts';
import type { MessageWriter } from '../peers/message-writer.ts';
import type { Peer } from '../peers/peer-bus.ts';
import { SlotSet } from '../placement/slot-set.ts';
import { isNewer } from '../replication/stamp.ts';
import { adoptElements, canTell, writeElements } from './elements/element-merge.ts';
import { CopyBatch, eachCopy } from './key-copies.ts';
import { KEY_ACTION } from './key-marks.ts';
import { KeyPass } from './key-pass.ts';
import type { RepairContext } from './repair-context.ts';
import { DifferingDatabase, SlotDifferences } from './slot-differences.ts';
import { compareSlot, StampRun } from './stamp-run.ts';
import type { StampedStore } from './stamped-store.ts';
import {
  DatabaseDigests,
  FOR,
  readSlots,
  SlotDigests,
  STAMPS,
  SYNC,
  SYNCED,
  writeRequest,
  writeSlots,
} from './sync-messages.ts';

export interface SyncClientOptions {
  readonly context: RepairContext;
  readonly stamped: StampedStore;
  readonly owner: Peer;
  /** Slots that this repair is about; null: all of them. Not to be changed. */
  readonly slots: SlotSet | null;
  /** This node keeps them no more. */
  readonly isGiving: boolean;
  /** Of the table by which they were chosen. */
  readonly tableDigest: string;
  /** It was away for so long that others may have forgotten what they removed. */
  readonly isStale: boolean;
  /** Never the same twice. */
  readonly nextId: () => number;
  /** The digests are equal; of one that gives: nothing is later here. */
  readonly onDone: () => void;
  /** The other one is not the owner, or not any more, or goes by another table. */
  readonly onRefused: () => void;
  /** It has no copies of those. */
  readonly onLacking: (slots: SlotSet) => void;
}

export class SyncClient {
  readonly owner: Peer;
  readonly stamped: StampedStore;
  readonly slots: SlotSet | null;
  readonly isGiving: boolean;
  id = 0;
  roundCount = 0;
  /** Of the owner, as it said at the beginning. */
  keysTotal = 0;
  keysTaken = 0;
  bytesTaken = 0;
  private readonly options: SyncClientOptions;
  private readonly context: RepairContext;
  private readonly digests = new DatabaseDigests();
  private readonly mine = new StampRun();
  /** What the owner told of some slots. */
  readonly theirs = new StampRun();
  private readonly batch = new CopyBatch();
  private batchDatabase = 0;
  private differing = new Map<number, DifferingDatabase>();
  private toldDatabases = new Set<number>();
  private work: SlicedWork | null = null;
  /** When something came, or went on, last. */
  private heardMs = 0;
  /** The owner has been told of all fields and members that were changed here. */
  hasToldElements = false;
  private isOver = false;

  constructor(options: SyncClientOptions) {
    this.options = options;
    this.context = options.context;
    this.owner = options.owner;
    this.stamped = options.stamped;
    this.slots = options.slots;
    this.isGiving = options.isGiving;
  }

  start(): void {
    this.beginRound();
  }

  stop(): void {
    this.isOver = true;
    this.stopWork();
  }

  /** To be called once in a while: what hears nothing begins anew. */
  lookAfter(): void {
    if (this.isOver || !this.owner.isUp) return;
    const nowMs = this.context.world.clock.monotonicMs();
    if (nowMs - this.heardMs > LIMITS.repairSilenceMs) this.beginRound();
  }

  onDigests(message: MessageReader): void {
    this.hear();
    const isLast = message.u8() === 1;
    const { digests } = this;
    digests.readFrom(message);
    this.compareDatabase(digests);
    if (!isLast) return;
    for (const index of this.stamped.stamps.databaseIndexes) {
      if (!this.toldDatabases.has(index)) this.compareDatabase(emptyDigests(index));
    }
    if (this.differing.size === 0) this.finish();
    else this.askForStamps();
  }

  onStamps(kind: number, databaseIndex: number, message: MessageReader): void {
    this.hear();
    const differing = this.differing.get(databaseIndex);
    if (differing === undefined || kind !== STAMPS.cells) return;
    const { theirs } = this;
    theirs.readFrom(message);
    theirs.eachSlot((slot, first, count) => this.compare(differing, slot, first, count));
  }

  onSynced(kind: number, message: MessageReader): void {
    this.hear();
    if (kind === SYNCED.refused) {
      this.stop();
      this.options.onRefused();
    } else if (kind === SYNCED.lacking) {
      const slots = new SlotSet();
      readSlots(message, slots);
      this.stop();
      this.options.onLacking(slots);
    } else if (kind === SYNCED.listed) {
      if (this.isGiving && !this.hasToGive) this.finish();
      else this.contribute();
    } else if (kind === SYNCED.sent) {
      this.beginRound();
    }
  }

  onCopies(databaseIndex: number, message: MessageReader): void {
    this.hear();
    const database = this.stamped.store.databases[databaseIndex];
    if (database === undefined) return;
    const before = this.keysTaken;
    eachCopy(message, (frame, high, low) => this.take(database, frame, high, low));
    this.bytesTaken += message.length;
    this.context.noteTaken(this.keysTaken - before, message.length);
  }

  /** Of a key that comes next. */
  onElements(databaseIndex: number, message: MessageReader): void {
    this.hear();
    const database = this.stamped.store.databases[databaseIndex];
    if (database !== undefined) adoptElements(this.stamped, database, message);
  }

  private take(database: Database, frame: Frame, high: number, low: number): void {
    const { context, owner, stamped } = this;
    const table = stamped.tableOf(database);
    this.keysTaken++;
    const isKnown = stamped.locate(table, frame, 1);
    if (
      !isNewer(high, low, table.high, table.low) &&
      !stamped.isShared(database, frame, high, low)
    ) {
      return;
    }
    if (isKnown) context.noteLoss(owner.id, table.high, table.low);
    const reason = stamped.applyCopy(database, frame, high, low);
    if (reason !== '') context.onRefused(stamped.store, reason);
  }

  private beginRound(): void {
    this.stopWork();
    this.hear();
    this.differing = new Map();
    this.toldDatabases = new Set();
    this.id = this.options.nextId();
    this.roundCount++;
    const writer = this.begin(MESSAGE.sync);
    if (writer === null) return;
    const { stamps } = this.stamped;
    const indexes = stamps.databaseIndexes;
    this.writeRequest(writer, this.isGiving ? SYNC.give : SYNC.full);
    writer.u32(indexes.length);
    for (const index of indexes) {
      const { floorHigh, floorLow } = stamps.tableOf(index);
      writer.u32(index).u32(floorHigh).u32(floorLow);
    }
    writer.end();
  }

  private writeRequest(writer: MessageWriter, what: number): void {
    const { id, slots, stamped } = this;
    const { tableDigest } = this.options;
    writeRequest(writer, { id, storeName: stamped.store.name, what, tableDigest, slots });
  }

  private compareDatabase(digests: DatabaseDigests): void {
    const { databaseIndex, slots } = digests;
    const { stamped } = this;
    const database = stamped.store.databases[databaseIndex];
    if (database === undefined) return;
    this.toldDatabases.add(databaseIndex);
    if (this.roundCount === 1) this.keysTotal += digests.keyCount;
    const table = stamped.tableOf(database);
    const { floorHigh, floorLow, purgedHigh, purgedLow } = digests;
    stamped.raiseFloor(database, floorHigh, floorLow);
    if (!this.isGiving) this.context.tombstones.forget(table, purgedHigh, purgedLow, this.slots);
    const differing = new DifferingDatabase(database);
    differing.purgedHigh = purgedHigh;
    differing.purgedLow = purgedLow;
    differing.loadedHigh = digests.loadedHigh;
    differing.loadedLow = digests.loadedLow;
    if (slots === null && table.isBlank) return;
    // What was forgotten here is to be told apart from what was never here.
    table.purged.findEarliest(this.slots);
    const { high, low } = table.purged;
    const isBehind = this.slots === null && isNewer(high, low, purgedHigh, purgedLow);
    const theirs = slots ?? NO_DIGESTS;
    let place = 0;
    // Slots without entries on either side are equal.
    for (let slot = -1; ; ) {
      slot = Math.min(table.nextUsed(slot + 1), theirs.slotAt(place));
      if (slot === SLOT_COUNT) break;
      const isTold = theirs.slotAt(place) === slot;
      const left = isTold ? theirs.leftAt(place) : 0;
      const right = isTold ? theirs.rightAt(place) : 0;
      if (isTold) place++;
      if (this.slots?.has(slot) === false) continue;
      if (left === table.digestLeft(slot) && right === table.digestRight(slot)) continue;
      if (table.entryCountOf(slot) > 0 || isBehind) differing.listed.add(slot);
      else if (!this.isGiving) differing.whole.add(slot);
    }
    if (differing.listed.count + differing.whole.count > 0) {
      this.differing.set(databaseIndex, differing);
    }
  }

  private askForStamps(): void {
    for (const [index, { listed, whole }] of this.differing) {
      this.sendSlots(STAMPS.list, index, listed);
      this.sendSlots(STAMPS.whole, index, whole);
    }
    this.tell(SYNCED.asked);
  }

  private sendSlots(kind: number, databaseIndex: number, slots: SlotSet): void {
    if (slots.count === 0) return;
    const writer = this.beginStamps(kind, databaseIndex);
    if (writer === null) return;
    writeSlots(writer, slots);
    writer.end();
  }

  /** The owner's cells of one slot, and what is here. */
  private compare(differing: DifferingDatabase, slot: number, first: number, count: number): void {
    const table = this.stamped.tableOf(differing.database);
    const difference = new SlotDifferences(this, differing, table, slot);
    // All its keys come by themselves: what is told are those that were removed.
    if (differing.whole.has(slot)) {
      this.theirs.eachOf(first, count, (tag, high, low, isAbsent) => {
        if (isAbsent) difference.onRemovedThere(tag, high, low);
      });
      return;
    }
    const { mine, theirs } = this;
    mine.clear();
    mine.addSlot(table, slot, false);
    compareSlot(mine, theirs, first, count, difference);
  }

  /** Whether what this node has changed of keys may have to be merged into what is there. */
  get hasElements(): boolean {
    return this.stamped.elements.keyCount > 0;
  }

  get isStale(): boolean {
    return this.options.isStale;
  }

  /** Keys that are later here; or elements that the owner has not been told of. */
  private get hasToGive(): boolean {
    return [...this.differing.values()].some(({ buries, changed, marks }) => {
      const hasElements = !this.hasToldElements && changed.count > 0;
      return hasElements || marks.count > 0 || buries.length > 0;
    });
  }

  /** Removes what was removed there, sends what is later here, and then asks for the rest. */
  private contribute(): void {
    const { context } = this;
    this.stopWork();
    for (const differing of this.differing.values()) this.sendElements(differing);
    this.hasToldElements = true;
    this.work = new SlicedWork({
      world: context.world,
      pace: context.pace,
      commandCount: context.commandCount,
      step: (isLate) => this.contributeSome(isLate),
      onDone: () => {
        this.work = null;
      },
      onFailed: context.onFailed,
    });
  }

  private contributeSome(isLate: () => boolean): boolean {
    this.hear();
    for (const [index, differing] of this.differing) {
      const { database, marks } = differing;
      if (marks.count > 0) {
        differing.pass ??= new KeyPass(database, (entry, slot) => {
          this.meet(differing, entry, slot);
        });
        this.batchDatabase = index;
        while (!differing.pass.run(isLate, () => !this.batch.isFull)) {
          if (!this.sendBatch() || isLate()) return false;
        }
        if (!this.sendBatch()) return false;
        this.stamped.markUnmet(database, marks);
      }
      if (!differing.isAsked) {
        this.sendRun(STAMPS.bury, index, differing.buries);
        this.sendRun(STAMPS.want, index, differing.wants);
        this.sendSlots(STAMPS.whole, index, differing.whole);
        differing.isAsked = true;
      }
    }
    return this.tell(SYNCED.contributed);
  }

  private meet(differing: DifferingDatabase, entry: number, slot: number): void {
    const { database, marks } = differing;
    const { batch, context, owner, stamped } = this;
    const table = stamped.tableOf(database);
    const key = database.keySlice(entry);
    const tag = table.tagOf(key.view, key.offset, key.length, slot);
    const action = marks.find(slot, tag);
    if (action === KEY_ACTION.none || !table.find(slot, tag)) return;
    if (action === KEY_ACTION.remove || action === KEY_ACTION.forget) {
      if (action === KEY_ACTION.remove && !isNewer(marks.high, marks.low, table.high, table.low)) {
        return;
      }
      context.noteLoss(owner.id, table.high, table.low);
      stamped.removeKey(database, entry, marks.high, marks.low);
      if (action === KEY_ACTION.forget) table.drop(slot, tag);
      return;
    }
    batch.add(database, entry, table.high, table.low);
  }

  /** Of keys that differ, what is known of their fields and members: before the keys themselves. */
  private sendElements({ changed, database }: DifferingDatabase): void {
    const { stamped } = this;
    const table = stamped.tableOf(database);
    for (const kept of stamped.elements.all) {
      if (kept.databaseIndex !== database.index || !canTell(database, kept)) continue;
      const key = new Uint8Array(Buffer.from(kept.key, 'latin1'));
      const slot = table.slotOf(key, 0, key.length);
      const tag = table.tagOf(new DataView(key.buffer), 0, key.length, slot);
      if (changed.find(slot, tag) === KEY_ACTION.none) continue;
      const writer = this.begin(MESSAGE.elements);
      if (writer === null) return;
      writer.u8(FOR.owner).u32(this.id).u32(database.index);
      writeElements(writer, stamped, database, kept);
      writer.end();
    }
  }

  private sendBatch(): boolean {
    const { batch, context } = this;
    if (this.owner.queuedBytes > LIMITS.repairQueueBytesMax) return false;
    if (batch.count === 0) return true;
    const writer = this.begin(MESSAGE.copies);
    if (writer === null) return false;
    writer.u8(FOR.owner).u32(this.id).u32(this.batchDatabase);
    batch.writeTo(writer);
    writer.end();
    context.noteSent(batch.count, batch.byteCount);
    batch.clear();
    return true;
  }

  private sendRun(kind: number, databaseIndex: number, run: StampRun): void {
    run.closeSlot();
    if (run.length === 0) return;
    const writer = this.beginStamps(kind, databaseIndex);
    if (writer === null) return;
    run.writeTo(writer);
    writer.end();
  }

  private beginStamps(kind: number, databaseIndex: number): MessageWriter | null {
    const writer = this.begin(MESSAGE.stamps);
    return writer === null ? null : writer.u8(FOR.owner).u32(this.id).u8(kind).u32(databaseIndex);
  }

  private tell(kind: number): boolean {
    const writer = this.begin(MESSAGE.synced);
    if (writer === null) return false;
    writer.u8(FOR.owner).u32(this.id).u8(kind).end();
    return true;
  }

  private finish(): void {
    const writer = this.begin(MESSAGE.sync);
    if (writer !== null) {
      this.writeRequest(writer, SYNC.end);
      writer.end();
    }
    this.stop();
    this.options.onDone();
  }

  private begin(type: number): MessageWriter | null {
    return this.context.bus.begin(this.owner, type);
  }

  private hear(): void {
    this.heardMs = this.context.world.clock.monotonicMs();
  }

  private stopWork(): void {
    this.work?.stop();
    this.work = null;
    this.batch.clear();
  }
}

const NO_DIGESTS = new SlotDigests();

/** Of a database that the owner has not used. */
function emptyDigests(databaseIndex: number): DatabaseDigests {
  const digests = new DatabaseDigests();
  digests.databaseIndex = databaseIndex;
  return digests;
}
