/**
 * What nodes say to each other while one is made equal to the other. The first byte of a message
 * that goes both ways says for whom it is.
 *
 *     replica                                    owner
 *     sync      id, store, floors         ->
 *                                         <-     digests   of each database
 *     stamps    LIST, WHOLE: slots        ->
 *     synced    ASKED                     ->
 *                                         <-     stamps    CELLS of those slots
 *                                         <-     synced    LISTED
 *     elements, copies   what is later here
 *     stamps    BURY, WANT                ->
 *     synced    CONTRIBUTED               ->
 *                                         <-     copies    what was wanted
 *                                         <-     synced    SENT
 *     sync      again, until the digests are equal
 */
import { SLOT_COUNT } from '../../base/digest/key-slot.ts';
import { broken } from '../peers/link-reader.ts';
import type { MessageReader } from '../peers/message-reader.ts';
import type { MessageWriter } from '../peers/message-writer.ts';
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
  /** The one that was asked is not the owner, or has forgotten. */
  refused: 4,
} as const;

const DIGEST_BYTES = 8;
export const SLOT_BITMAP_BYTES = SLOT_COUNT / 8;

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
  /** Two words a slot; null: they were not asked for. */
  slots: Uint32Array | null = null;

  /** Takes them from a table. */
  measure(table: StampTable, isOf: (slot: number) => boolean, hasSlots: boolean): void {
    this.floorHigh = table.floorHigh;
    this.floorLow = table.floorLow;
    this.purgedHigh = table.purgedHigh;
    this.purgedLow = table.purgedLow;
    this.left = 0;
    this.right = 0;
    this.slots = hasSlots ? new Uint32Array(SLOT_COUNT * 2) : null;
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      if (!isOf(slot)) continue;
      const left = table.digestLeft(slot);
      const right = table.digestRight(slot);
      this.left ^= left;
      this.right ^= right;
      if (this.slots === null) continue;
      this.slots[slot * 2] = left;
      this.slots[slot * 2 + 1] = right;
    }
  }

  writeTo(writer: MessageWriter): void {
    writer.u32(this.databaseIndex).u53(this.keyCount);
    writer.u32(this.floorHigh).u32(this.floorLow).u32(this.purgedHigh).u32(this.purgedLow);
    writer.u32(this.loadedHigh).u32(this.loadedLow);
    writer.u32(this.left >>> 0).u32(this.right >>> 0);
    const { slots } = this;
    const bytes = slots === null ? NO_BYTES : new Uint8Array(slots.buffer);
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
    if (length !== 0 && length !== SLOT_COUNT * DIGEST_BYTES) throw broken('digests of some slots');
    const copied = new Uint8Array(source.subarray(start, start + length));
    this.slots = length === 0 ? null : new Uint32Array(copied.buffer);
  }
}

const NO_BYTES = new Uint8Array(0);

/** A bit for each slot. */
export class SlotBitmap {
  count = 0;
  readonly bytes = new Uint8Array(SLOT_BITMAP_BYTES);

  add(slot: number): void {
    if (this.has(slot)) return;
    this.bytes[slot >>> 3] |= 1 << (slot & 7);
    this.count++;
  }

  has(slot: number): boolean {
    return (this.bytes[slot >>> 3] & (1 << (slot & 7))) !== 0;
  }

  writeTo(writer: MessageWriter): void {
    writer.bytes(this.bytes, 0, SLOT_BITMAP_BYTES);
  }

  readFrom(message: MessageReader): void {
    const { source, start, length } = message.bytes();
    if (length !== SLOT_BITMAP_BYTES) throw broken('a bit for each of some slots');
    this.bytes.set(source.subarray(start, start + length));
    this.count = 0;
    for (let slot = 0; slot < SLOT_COUNT; slot++) if (this.has(slot)) this.count++;
  }
}
