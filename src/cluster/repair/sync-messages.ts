/**
 * What nodes say to each other while one is made equal to the other. The first byte of a message
 * that goes both ways says for whom it is.
 *
 *     replica                                    owner
 *     sync      id, store, slots, floors  ->
 *                                         <-     digests   of each database
 *     stamps    LIST, WHOLE: slots        ->
 *     synced    ASKED                     ->
 *                                         <-     stamps    CELLS of those slots
 *                                         <-     synced    LISTED
 *     elements, copies   what is later here
 *     stamps    BURY, WANT                ->
 *     synced    CONTRIBUTED               ->
 *                                         <-     elements, copies    what was wanted
 *                                         <-     synced    SENT
 *     sync      again, until the digests are equal
 */
import { SLOT_COUNT } from '../../base/digest/key-slot.ts';
import { broken } from '../peers/link-reader.ts';
import type { MessageReader } from '../peers/message-reader.ts';
import type { MessageWriter } from '../peers/message-writer.ts';
import { SLOT_SET_BYTES, SlotSet } from '../placement/slot-set.ts';
import type { StampTable } from '../replication/stamp-table.ts';

export const FOR = { owner: 0, replica: 1 } as const;

/** What `sync` asks for. */
export const SYNC = {
  /** Sums over all slots; nothing follows. */
  check: 0,
  /** Sums of each slot; the rest follows. */
  full: 1,
  /** It is over. */
  end: 2,
  /** As `full`, by a node that keeps these slots no more: nothing comes back. */
  give: 3,
} as const;

/** What a message `stamps` holds. */
export const STAMPS = {
  /** One bit a slot: its cells are asked for. */
  list: 0,
  /** One bit a slot: all its keys are wanted. */
  whole: 1,
  /** Cells of some slots, all of each. */
  cells: 2,
  /** Cells of keys that are wanted. */
  want: 3,
  /** Cells of keys that were removed. */
  bury: 4,
} as const;

/** What a message `synced` says. */
export const SYNCED = {
  /** All slots that are to be listed were named. */
  asked: 0,
  listed: 1,
  contributed: 2,
  sent: 3,
  /** The one that was asked is not the owner, or has forgotten, or goes by another table. */
  refused: 4,
  /** Slots follow of which the one that was asked has no copy. */
  lacking: 5,
} as const;

const DIGEST_BYTES = 8;
/** A slot and its digest: cheaper than all of them as long as few slots have any key. */
const SPARSE_BYTES = 2 + DIGEST_BYTES;

/** One database, as the owner tells of it. */
export class DatabaseDigests {
  databaseIndex = 0;
  floorHigh = 0;
  floorLow = 0;
  purgedHigh = 0;
  purgedLow = 0;
  keyCount = 0;
  /** Stamp of all that was loaded from its disk, and not changed since; 0, 0: nothing was. */
  loadedHigh = 0;
  loadedLow = 0;
  /** Sums over all slots. */
  left = 0;
  right = 0;
  /** Null: they were not asked for, or all are 0. */
  slots: SlotDigests | null = null;

  /**
   * Takes them from a table.
   * @param of  the slots that count; null: all
   */
  measure(table: StampTable, of: SlotSet | null, hasSlots: boolean): void {
    this.floorHigh = table.floorHigh;
    this.floorLow = table.floorLow;
    table.purged.findEarliest(of);
    this.purgedHigh = table.purged.high;
    this.purgedLow = table.purged.low;
    this.left = 0;
    this.right = 0;
    this.slots = null;
    this.keyCount = 0;
    if (table.isBlank) return;
    if (hasSlots) this.slots = new SlotDigests();
    for (let slot = table.nextUsed(0); slot < SLOT_COUNT; slot = table.nextUsed(slot + 1)) {
      if (of !== null && !of.has(slot)) continue;
      this.keyCount += table.presentCountOf(slot);
      const left = table.digestLeft(slot);
      const right = table.digestRight(slot);
      this.left ^= left;
      this.right ^= right;
      if ((left | right) !== 0) this.slots?.add(slot, left, right);
    }
  }

  writeTo(writer: MessageWriter): void {
    writer.u32(this.databaseIndex).u53(this.keyCount);
    writer.u32(this.floorHigh).u32(this.floorLow).u32(this.purgedHigh).u32(this.purgedLow);
    writer.u32(this.loadedHigh).u32(this.loadedLow);
    writer.u32(this.left >>> 0).u32(this.right >>> 0);
    const bytes = this.slots === null ? NO_BYTES : encodeDigests(this.slots);
    writer.bytes(bytes, 0, bytes.length);
  }

  readFrom(message: MessageReader): void {
    this.databaseIndex = message.u32();
    this.keyCount = message.u53();
    this.floorHigh = message.u32();
    this.floorLow = message.u32();
    this.purgedHigh = message.u32();
    this.purgedLow = message.u32();
    this.loadedHigh = message.u32();
    this.loadedLow = message.u32();
    this.left = message.u32() | 0;
    this.right = message.u32() | 0;
    const { source, start, length } = message.bytes();
    this.slots = length === 0 ? null : decodeDigests(source.subarray(start, start + length));
  }
}

/** Digests of slots that have entries, in the order of the slots; those of all others are 0. */
export class SlotDigests {
  private readonly slots: number[] = [];
  private readonly lefts: number[] = [];
  private readonly rights: number[] = [];

  get count(): number {
    return this.slots.length;
  }

  add(slot: number, left: number, right: number): void {
    this.slots.push(slot);
    this.lefts.push(left);
    this.rights.push(right);
  }

  /** The slot of that place among them; SLOT_COUNT behind the last one. */
  slotAt(place: number): number {
    return place < this.slots.length ? this.slots[place] : SLOT_COUNT;
  }

  leftAt(place: number): number {
    return this.lefts[place];
  }

  rightAt(place: number): number {
    return this.rights[place];
  }
}

const NO_BYTES = new Uint8Array(0);
const ALL_BYTES = SLOT_COUNT * DIGEST_BYTES;

/** Of all slots, or of those that are told, whichever is shorter: their lengths tell them apart. */
function encodeDigests(digests: SlotDigests): Uint8Array {
  const isSparse = digests.count * SPARSE_BYTES < ALL_BYTES;
  const bytes = new Uint8Array(isSparse ? digests.count * SPARSE_BYTES : ALL_BYTES);
  const view = new DataView(bytes.buffer);
  for (let place = 0; place < digests.count; place++) {
    const slot = digests.slotAt(place);
    const at = isSparse ? place * SPARSE_BYTES + 2 : slot * DIGEST_BYTES;
    if (isSparse) view.setUint16(at - 2, slot, true);
    view.setUint32(at, digests.leftAt(place), true);
    view.setUint32(at + 4, digests.rightAt(place), true);
  }
  return bytes;
}

function decodeDigests(bytes: Uint8Array): SlotDigests {
  const isWhole = bytes.length === ALL_BYTES;
  const stepBytes = isWhole ? DIGEST_BYTES : SPARSE_BYTES;
  if (bytes.length > ALL_BYTES || bytes.length % stepBytes !== 0) throw broken('some digests');
  const digests = new SlotDigests();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let next = 0;
  for (let at = 0; at < bytes.length; at += stepBytes) {
    const slot = isWhole ? at / DIGEST_BYTES : view.getUint16(at, true);
    if (slot < next || slot >= SLOT_COUNT) throw broken('a slot that does not exist, or twice');
    next = slot + 1;
    const left = view.getUint32(at + stepBytes - DIGEST_BYTES, true);
    const right = view.getUint32(at + stepBytes - DIGEST_BYTES + 4, true);
    if ((left | right) !== 0) digests.add(slot, left, right);
  }
  return digests;
}

/** One bit a slot. */
export function writeSlots(writer: MessageWriter, { bytes }: SlotSet): void {
  writer.bytes(bytes, 0, SLOT_SET_BYTES);
}

/** Adds the slots that the message holds next. */
export function readSlots(message: MessageReader, slots: SlotSet): void {
  const { source, start, length } = message.bytes();
  if (length !== SLOT_SET_BYTES) throw broken('a bit for each of some slots');
  slots.addBytes(source, start);
}

/** What a message `sync` begins with; the floors of the databases follow. */
export interface SyncRequest {
  readonly id: number;
  readonly storeName: string;
  /** Of SYNC. */
  readonly what: number;
  /** Of the table by which the slots were chosen. */
  readonly tableDigest: string;
  /** Null: all of them, of a store that one node owns as a whole. */
  readonly slots: SlotSet | null;
}

export function writeRequest(writer: MessageWriter, request: SyncRequest): void {
  const { id, slots, storeName, tableDigest, what } = request;
  writer.u32(id).text(storeName).u8(what).text(tableDigest);
  writer.u8(slots === null ? 0 : 1);
  if (slots !== null) writeSlots(writer, slots);
}

export function readRequest(message: MessageReader): SyncRequest {
  const id = message.u32();
  const storeName = message.text();
  const what = message.u8();
  const tableDigest = message.text();
  const slots = message.u8() === 0 ? null : new SlotSet();
  if (slots !== null) readSlots(message, slots);
  return { id, storeName, what, tableDigest, slots };
}
