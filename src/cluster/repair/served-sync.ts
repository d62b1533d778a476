/**
 * The owner's side of one repair: lists the stamps of the slots that differ, takes what is later at
 * the replica, and sends what the replica lacks. Long work is done in slices, and pauses while the
 * link has enough to carry; see `sync-messages.ts` for what is said.
 */
import type { Frame } from '../../base/frame.ts';
import { LIMITS } from '../../base/limits.ts';
import { SlicedWork } from '../../base/pace/sliced-work.ts';
import type { Database } from '../../engine/database.ts';
import type { Slice } from '../../engine/slice.ts';
import { broken } from '../peers/link-reader.ts';
import type { MessageReader } from '../peers/message-reader.ts';
import { MESSAGE } from '../peers/message-table.ts';
import type { MessageWriter } from '../peers/message-writer.ts';
import type { Peer } from '../peers/peer-bus.ts';
import { SlotSet } from '../placement/slot-set.ts';
import { isNewer } from '../replication/stamp.ts';
import {
  adoptTold,
  canTell,
  copyTold,
  mergeElements,
  type ToldElements,
  writeElements,
} from './elements/element-merge.ts';
import type { KeyElements } from './elements/element-stamps.ts';
import { CopyBatch, eachCopy } from './key-copies.ts';
import { KEY_ACTION, KeyMarks } from './key-marks.ts';
import { KeyPass } from './key-pass.ts';
import type { RepairContext } from './repair-context.ts';
import { StampRun } from './stamp-run.ts';
import type { StampedStore } from './stamped-store.ts';
import { DatabaseDigests, FOR, readSlots, STAMPS, SYNCED } from './sync-messages.ts';

/** What the replica asked for of one database. */
class AskedDatabase {
  readonly database: Database;
  readonly listed = new SlotSet();
  readonly marks = new KeyMarks();
  /** Keys that were merged field by field or member by member. */
  readonly merged = new KeyMarks();
  /** The slot that is listed next. */
  nextSlot = 0;
  pass: KeyPass | null = null;

  constructor(database: Database) {
    this.database = database;
  }
}

export class ServedSync {
  readonly id: number;
  readonly peer: Peer;
  readonly stamped: StampedStore;
  private readonly context: RepairContext;
  private readonly asked = new Map<number, AskedDatabase>();
  /** What the replica has told of elements of keys, as long as nothing is known of them here. */
  private readonly told = new Map<string, ToldElements>();
  private readonly others: () => Iterable<ServedSync>;
  private readonly cells = new StampRun();
  private readonly batch = new CopyBatch();
  /** Of `batch`. */
  private batchDatabase = 0;
  private work: SlicedWork | null = null;

  /** @param options.others  all that are served, this one and those of other stores included */
  constructor(options: {
    context: RepairContext;
    id: number;
    peer: Peer;
    stamped: StampedStore;
    others: () => Iterable<ServedSync>;
  }) {
    this.context = options.context;
    this.id = options.id;
    this.peer = options.peer;
    this.stamped = options.stamped;
    this.others = options.others;
  }

  stop(): void {
    this.work?.stop();
    this.work = null;
  }

  /** Tells the digests of all databases that are used, of those slots; null: of all. */
  sendDigests(slots: SlotSet | null, hasSlots: boolean): void {
    this.stamped.flush();
    const { store, stamps } = this.stamped;
    const used = new Set(stamps.databaseIndexes);
    for (const database of store.databases) if (database.count > 0) used.add(database.index);
    const indexes = [...used];
    const digests = new DatabaseDigests();
    digests.loadedHigh = this.stamped.loadedHigh;
    digests.loadedLow = this.stamped.loadedLow;
    for (const [i, index] of indexes.entries()) {
      const writer = this.begin(MESSAGE.digests);
      if (writer === null) return;
      digests.databaseIndex = index;
      digests.measure(stamps.tableOf(index), slots, hasSlots);
      writer.u32(this.id).u8(i === indexes.length - 1 ? 1 : 0);
      digests.writeTo(writer);
      writer.end();
    }
    if (indexes.length > 0) return;
    const writer = this.begin(MESSAGE.digests);
    if (writer === null) return;
    writer.u32(this.id).u8(1);
    digests.writeTo(writer);
    writer.end();
  }

  onStamps(kind: number, databaseIndex: number, message: MessageReader): void {
    const asked = this.require(databaseIndex);
    if (kind === STAMPS.list) return readSlots(message, asked.listed);
    if (kind === STAMPS.whole) return readSlots(message, asked.marks.wholeSlots);
    this.cells.readFrom(message);
    const { marks } = asked;
    this.cells.each((slot, tag, high, low) => {
      if (kind === STAMPS.want) marks.mark(slot, tag, KEY_ACTION.send, high, low);
      else if (kind === STAMPS.bury) this.bury(asked, slot, tag, high, low);
    });
  }

  onSynced(kind: number): void {
    if (kind === SYNCED.asked) this.run((isLate) => this.list(isLate), SYNCED.listed);
    if (kind === SYNCED.contributed) this.run((isLate) => this.send(isLate), SYNCED.sent);
  }

  /** Keys that are later at the replica. */
  onCopies(databaseIndex: number, message: MessageReader): void {
    const { database } = this.require(databaseIndex);
    eachCopy(message, (frame, high, low) => this.take(database, frame, high, low));
  }

  /** The replica relies on them from now on: where they cannot be merged yet, they are kept. */
  takeElements(database: Database, told: ToldElements): void {
    const outcome = mergeElements(this.stamped, database, told);
    if (outcome === 'unknown') this.told.set(`${database.index} ${told.key}`, copyTold(told));
    if (outcome !== 'merged') return;
    // As a whole it counts no more.
    const { slot, tag } = this.stamped;
    this.require(database.index).merged.mark(slot, tag, KEY_ACTION.merge);
  }

  private take(database: Database, frame: Frame, high: number, low: number): void {
    const { context, stamped } = this;
    const { merged } = this.require(database.index);
    const table = stamped.tableOf(database);
    const isKnown = stamped.locate(table, frame, 1);
    if (
      !isNewer(high, low, table.high, table.low) &&
      !stamped.isShared(database, frame, high, low)
    ) {
      return;
    }
    if (merged.find(stamped.slot, stamped.tag) !== KEY_ACTION.none) return;
    if (isKnown) context.noteLoss(this.peer.id, table.high, table.low);
    const reason = stamped.applyCopy(database, frame, high, low);
    if (reason !== '') context.onRefused(stamped.store, reason);
    else this.noteTaken(database, frame.latin1(1));
  }

  /** What was told of the key's elements is known here now; and what others have told is merged. */
  private noteTaken(database: Database, key: string): void {
    const told = this.findTold(database, key);
    if (told === null) return;
    this.stamped.elements.keep();
    adoptTold(this.stamped, database, told);
    for (const other of this.others()) {
      if (other.stamped !== this.stamped) continue;
      const theirs = other.findTold(database, key);
      if (theirs !== null) other.takeElements(database, theirs);
    }
  }

  /** It is known here, or is to be, and is forgotten. */
  private findTold(database: Database, key: string): ToldElements | null {
    const name = `${database.index} ${key}`;
    const told = this.told.get(name) ?? null;
    this.told.delete(name);
    return told;
  }

  /** The replica knows of a removal that is later than what is here. */
  private bury(asked: AskedDatabase, slot: number, tag: number, high: number, low: number): void {
    const table = this.stamped.tableOf(asked.database);
    const isKnown = table.find(slot, tag);
    if (!isNewer(high, low, table.high, table.low)) return;
    if (asked.merged.find(slot, tag) !== KEY_ACTION.none) return;
    if (isKnown && !table.isAbsent) asked.marks.mark(slot, tag, KEY_ACTION.remove, high, low);
    else this.stamped.bury(table, slot, tag, high, low);
  }

  private run(step: (isLate: () => boolean) => boolean, endKind: number): void {
    this.stop();
    const { context } = this;
    this.work = new SlicedWork({
      world: context.world,
      pace: context.pace,
      commandCount: context.commandCount,
      step: (isLate) => step(isLate) && this.tell(endKind),
      onDone: () => {
        this.work = null;
      },
      onFailed: context.onFailed,
    });
  }

  /** @returns whether all that was asked for is listed */
  private list(isLate: () => boolean): boolean {
    for (const asked of this.asked.values()) {
      while (asked.nextSlot < SLOT_LIST_END) {
        if (isLate() || !this.hasRoom || !this.listSome(asked)) return false;
      }
    }
    return true;
  }

  /** One message. @returns false: it could not be sent */
  private listSome(asked: AskedDatabase): boolean {
    const { cells, stamped } = this;
    const table = stamped.tableOf(asked.database);
    // What is told must be what the replica has come to when it reads it.
    stamped.flush();
    cells.clear();
    let slot = asked.nextSlot;
    while (slot < SLOT_LIST_END && cells.byteCount < LIMITS.repairMessageBytes) {
      if (asked.listed.has(slot)) cells.addSlot(table, slot, false);
      else if (asked.marks.wholeSlots.has(slot)) cells.addSlot(table, slot, true);
      slot++;
      slot = Math.min(asked.listed.next(slot), asked.marks.wholeSlots.next(slot));
    }
    if (cells.length > 0) {
      const writer = this.begin(MESSAGE.stamps);
      if (writer === null) return false;
      writer.u8(FOR.replica).u32(this.id).u8(STAMPS.cells).u32(asked.database.index);
      cells.writeTo(writer);
      writer.end();
    }
    asked.nextSlot = slot;
    return true;
  }

  /** One pass over each database. @returns whether all has been sent */
  private send(isLate: () => boolean): boolean {
    for (const asked of this.asked.values()) {
      if (asked.marks.isEmpty) continue;
      asked.pass ??= new KeyPass(asked.database, (entry, slot) => this.meet(asked, entry, slot));
      this.batchDatabase = asked.database.index;
      while (!asked.pass.run(isLate, () => !this.batch.isFull)) {
        if (!this.sendBatch() || isLate()) return false;
      }
      if (!this.sendBatch()) return false;
      this.stamped.markUnmet(asked.database, asked.marks);
    }
    return true;
  }

  private meet(asked: AskedDatabase, entry: number, slot: number): void {
    const { database, marks } = asked;
    const table = this.stamped.tableOf(database);
    const key = database.keySlice(entry);
    const tag = table.tagOf(key.view, key.offset, key.length, slot);
    const action = marks.find(slot, tag);
    if (action === KEY_ACTION.none) return;
    if (!table.find(slot, tag)) return;
    if (action === KEY_ACTION.send) {
      const kept = this.keptOf(database, key);
      this.batch.add(database, entry, table.high, table.low);
      if (kept !== null) this.sendElements(database, kept);
    } else if (isNewer(marks.high, marks.low, table.high, table.low)) {
      this.context.noteLoss(this.peer.id, table.high, table.low);
      this.stamped.removeKey(database, entry, marks.high, marks.low);
    }
  }

  private keptOf(database: Database, { bytes, length, offset }: Slice): KeyElements | null {
    const { elements } = this.stamped;
    if (elements.keyCount === 0) return null;
    const key = Buffer.from(bytes.buffer, bytes.byteOffset + offset, length);
    return elements.find(database.index, key.toString('latin1'));
  }

  /** What is known of the elements of a key that leaves with the batch, which is behind it. */
  private sendElements(database: Database, kept: KeyElements): void {
    if (!canTell(database, kept)) return;
    const writer = this.begin(MESSAGE.elements);
    if (writer === null) return;
    writer.u8(FOR.replica).u32(this.id).u32(database.index);
    writeElements(writer, this.stamped, database, kept);
    writer.end();
  }

  /** @returns false: the link has enough to carry; the batch stays */
  private sendBatch(): boolean {
    const { batch, context } = this;
    if (batch.count === 0) return this.hasRoom;
    if (!this.hasRoom) return false;
    const writer = this.begin(MESSAGE.copies);
    if (writer === null) return false;
    writer.u8(FOR.replica).u32(this.id).u32(this.batchDatabase);
    batch.writeTo(writer);
    writer.end();
    context.noteSent(batch.count, batch.byteCount);
    batch.clear();
    return true;
  }

  private get hasRoom(): boolean {
    return this.peer.queuedBytes < LIMITS.repairQueueBytesMax;
  }

  private tell(kind: number): boolean {
    // What the pass removed is to be there before the end is told.
    this.stamped.flush();
    const writer = this.begin(MESSAGE.synced);
    if (writer === null) return false;
    writer.u8(FOR.replica).u32(this.id).u8(kind).end();
    return true;
  }

  private begin(type: number): MessageWriter | null {
    return this.context.bus.begin(this.peer, type);
  }

  private require(databaseIndex: number): AskedDatabase {
    let asked = this.asked.get(databaseIndex);
    if (asked === undefined) {
      const database = this.stamped.store.databases[databaseIndex];
      if (database === undefined) throw broken('it asks for a database that is not here');
      asked = new AskedDatabase(database);
      this.asked.set(databaseIndex, asked);
    }
    return asked;
  }
}

const SLOT_LIST_END = 16_384;
