/**
 * Commands one behind the other, as a line keeps them and as messages carry them:
 *
 *     command       u32 argument count | u32 length of each | bytes of all
 *     transaction   u32 2^32 - 1 | u32 command count | commands
 *     part          u32 2^32 - 2 | 2,048 bytes: the slots that it is about | command
 *     fence         u32 2^32 - 3: OK is answered, and nothing executed
 */
import { copyBytes } from '../../base/bytes.ts';
import type { Frame } from '../../base/frame.ts';
import { LIMITS } from '../../base/limits.ts';
import type { CommandQueue } from '../../commands/command-queue.ts';
import { broken } from '../peers/link-reader.ts';
import { SLOT_SET_BYTES, SlotSet } from '../placement/slot-set.ts';

const TRANSACTION = 0xffff_ffff;
const PART = 0xffff_fffe;
const FENCE = 0xffff_fffd;
const BYTES_MIN = 1024;
/** Messages do not copy what is longer. */
const LENT_BYTES_MIN = 64 * 1024;

export class CommandBuffer {
  bytes: Uint8Array = EMPTY;
  /** End of what is written. */
  byteCount = 0;
  private view: DataView = EMPTY_VIEW;

  append(frame: Frame): void {
    const { bytes, count, lengths, offsets, view } = frame;
    let byteCount = 4 + 4 * count;
    for (let i = 0; i < count; i++) byteCount += lengths[i];
    this.reserve(byteCount);
    let at = this.byteCount;
    this.byteCount = at + byteCount;
    this.view.setUint32(at, count, true);
    at += 4;
    for (let i = 0; i < count; i++, at += 4) this.view.setUint32(at, lengths[i], true);
    for (let i = 0; i < count; i++) {
      copyBytes(this.view, this.bytes, at, view, bytes, offsets[i], lengths[i]);
      at += lengths[i];
    }
  }

  appendPart(slots: SlotSet, frame: Frame): void {
    this.reserve(4 + SLOT_SET_BYTES);
    this.view.setUint32(this.byteCount, PART, true);
    this.bytes.set(slots.bytes, this.byteCount + 4);
    this.byteCount += 4 + SLOT_SET_BYTES;
    this.append(frame);
  }

  appendFence(): void {
    this.reserve(4);
    this.view.setUint32(this.byteCount, FENCE, true);
    this.byteCount += 4;
  }

  /** @param frame  used to walk the queue, which is used up */
  appendTransaction(queue: CommandQueue, frame: Frame): void {
    this.reserve(8);
    this.view.setUint32(this.byteCount, TRANSACTION, true);
    this.view.setUint32(this.byteCount + 4, queue.count, true);
    this.byteCount += 8;
    while (queue.shift(frame)) this.append(frame);
  }

  /** Whole commands that lie elsewhere. */
  appendRaw(bytes: Uint8Array, start: number, end: number): void {
    this.reserve(end - start);
    this.bytes.set(bytes.subarray(start, end), this.byteCount);
    this.byteCount += end - start;
  }

  /** Forgets the first bytes. Links may keep what lies in a large buffer: it is not written to. */
  shift(byteCount: number): void {
    const { bytes } = this;
    if (bytes.length > LENT_BYTES_MIN) this.replace(bytes.slice(byteCount, this.byteCount));
    else bytes.copyWithin(0, byteCount, this.byteCount);
    this.byteCount -= byteCount;
  }

  /** A buffer that grew large is given back. */
  clear(): void {
    this.byteCount = 0;
    if (this.bytes.length > BYTES_MIN) this.replace(EMPTY);
  }

  private reserve(byteCount: number): void {
    const wanted = this.byteCount + byteCount;
    if (wanted <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(wanted, 2 * this.bytes.length, BYTES_MIN));
    grown.set(this.bytes.subarray(0, this.byteCount));
    this.replace(grown);
  }

  private replace(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.view = bytes.length === 0 ? EMPTY_VIEW : new DataView(bytes.buffer);
  }
}

/** Walks over such commands. What is none throws NodeError MESSAGE_BROKEN. */
export class CommandCursor {
  /** Where the next one begins. */
  position = 0;
  /** Of the command that `next` found: it is about these slots alone. */
  slots: SlotSet | null = null;
  /** What `next` found is no command. */
  isFence = false;
  private end = 0;

  /** The bytes are `frame`'s: its arguments will lie in them. */
  open(frame: Frame, bytes: Uint8Array, start: number, end: number): void {
    frame.attach(bytes);
    this.position = start;
    this.end = end;
  }

  /**
   * Points the frame at the next command.
   * @returns -1; of a transaction the number of its commands, which come next
   */
  next(frame: Frame): number {
    frame.count = 0;
    this.slots = null;
    let count = this.u32(frame);
    this.isFence = count === FENCE;
    if (this.isFence) return -1;
    if (count === PART) {
      this.slots = this.takeSlots(frame);
      count = this.u32(frame);
    }
    if (count === TRANSACTION) return this.u32(frame);
    if (count === 0 || count > LIMITS.argumentCountMax) throw broken('no command');
    let at = this.position + 4 * count;
    for (let i = 0; i < count; i++) {
      const length = this.u32(frame);
      frame.append(at, length);
      at += length;
    }
    if (at > this.end) throw broken('a command is longer than its message');
    this.position = at;
    return -1;
  }

  private takeSlots({ bytes }: Frame): SlotSet {
    const start = this.position;
    this.position += SLOT_SET_BYTES;
    if (this.position > this.end) throw broken('a set of slots is cut short');
    const slots = new SlotSet();
    slots.bytes.set(bytes.subarray(start, this.position));
    return slots;
  }

  private u32(frame: Frame): number {
    const at = this.position;
    this.position = at + 4;
    if (this.position > this.end) throw broken('a command is cut short');
    return frame.view.getUint32(at, true);
  }
}

const EMPTY = new Uint8Array(0);
const EMPTY_VIEW = new DataView(new ArrayBuffer(0));
