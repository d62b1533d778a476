import type { Frame } from '../base/frame.ts';

/**
 * Input of one connection that could not be used at once: the unfinished command at the end of what
 * was read, or the commands that a turn had no budget for. Exists only while there is such input.
 *
 *     bytes   | spent | commandStart ... position ... end | free |
 *                       found arguments  next token
 *
 * Arguments found of an unfinished command stay here, so nothing is parsed twice: a command of a
 * million arguments costs the same in one piece or in a thousand. The buffer grows by doubling what
 * has arrived, never by what a length promises.
 */
export class Inbox {
  bytes: Uint8Array = EMPTY;
  /** First byte of the command being parsed; offsets of its arguments count from bytes[0]. */
  commandStart = 0;
  /** First byte not parsed. Invariant: commandStart <= position <= end <= bytes.length. */
  position = 0;
  end = 0;
  /** Arguments kept here; 0 while a frame holds them. */
  private argumentCount = 0;
  private offsets: Uint32Array = NO_ARGUMENTS;
  private lengths: Uint32Array = NO_ARGUMENTS;

  /** Bytes of the unfinished command and of all after it. */
  get pendingBytes(): number {
    return this.end - this.commandStart;
  }

  /** Memory held. */
  get heldBytes(): number {
    return this.bytes.length + this.offsets.byteLength + this.lengths.byteLength;
  }

  /**
   * Takes over bytes[start, end).
   * @param wantedEnd  where the input needed next would end in this buffer: a large bulk's end
   *                   makes the last growth exact; it never makes a growth of more than eight times
   */
  append(bytes: Uint8Array, start: number, end: number, wantedEnd: number): void {
    const length = end - start;
    if (this.end + length > this.bytes.length) this.makeRoom(length, wantedEnd);
    if (length <= 32) {
      for (let i = 0; i < length; i++) this.bytes[this.end + i] = bytes[start + i];
    } else this.bytes.set(bytes.subarray(start, end), this.end);
    this.end += length;
  }

  /**
   * Puts the arguments found so far into the frame.
   * @param isUnfinished  false at a command's start: the frame then begins empty
   */
  lend(frame: Frame, isUnfinished: boolean): void {
    frame.attach(this.bytes);
    if (!isUnfinished) {
      trimFrame(frame);
      return;
    }
    const count = this.argumentCount;
    this.argumentCount = 0;
    if (count <= COPIED_ARGUMENTS_MAX) {
      for (let i = 0; i < count; i++) frame.append(this.offsets[i], this.lengths[i]);
      return;
    }
    this.swapArguments(frame);
    frame.count = count;
  }

  /** Takes the arguments of an unfinished command out of the frame, which others will use. */
  keep(frame: Frame): void {
    const count = frame.count;
    this.argumentCount = count;
    if (count > COPIED_ARGUMENTS_MAX) {
      this.swapArguments(frame);
      return;
    }
    if (this.offsets.length < count || this.offsets.length > COPIED_ARGUMENTS_MAX) {
      this.offsets = new Uint32Array(COPIED_ARGUMENTS_MAX);
      this.lengths = new Uint32Array(COPIED_ARGUMENTS_MAX);
    }
    for (let i = 0; i < count; i++) {
      this.offsets[i] = frame.offsets[i];
      this.lengths[i] = frame.lengths[i];
    }
  }

  clear(): void {
    this.commandStart = 0;
    this.position = 0;
    this.end = 0;
    this.argumentCount = 0;
  }

  /** A copy of many arguments for every piece that arrives would be quadratic; a swap is not. */
  private swapArguments(frame: Frame): void {
    const { offsets, lengths } = frame;
    const isUsable = this.offsets.length >= COPIED_ARGUMENTS_MAX;
    frame.offsets = isUsable ? this.offsets : new Uint32Array(COPIED_ARGUMENTS_MAX);
    frame.lengths = isUsable ? this.lengths : new Uint32Array(COPIED_ARGUMENTS_MAX);
    this.offsets = offsets;
    this.lengths = lengths;
  }

  private makeRoom(byteCount: number, wantedEnd: number): void {
    const spent = this.commandStart;
    const kept = this.end - spent;
    const needed = kept + byteCount;
    if (needed > this.bytes.length || spent < kept) {
      const target = unzeroed(capacityFor(needed, this.bytes.length, wantedEnd - spent));
      target.set(this.bytes.subarray(spent, this.end));
      this.bytes = target;
    } else this.bytes.copyWithin(0, spent, this.end);
    for (let i = 0; i < this.argumentCount; i++) this.offsets[i] -= spent;
    this.commandStart = 0;
    this.position -= spent;
    this.end = kept;
  }
}

/** One drained inbox for the next connection that needs one: making an inbox costs 2 us. */
export class InboxSpare {
  private inbox: Inbox | null = null;

  take(): Inbox {
    const inbox = this.inbox ?? new Inbox();
    this.inbox = null;
    return inbox;
  }

  giveBack(inbox: Inbox): void {
    if (inbox.heldBytes > SPARE_BYTES_MAX) return;
    inbox.clear();
    this.inbox = inbox;
  }
}

/** A frame that carried a huge command gives its columns back. */
export function trimFrame(frame: Frame): void {
  if (frame.offsets.length <= FRAME_ARGUMENTS_KEPT) return;
  frame.offsets = new Uint32Array(COPIED_ARGUMENTS_MAX);
  frame.lengths = new Uint32Array(COPIED_ARGUMENTS_MAX);
}

const EMPTY = new Uint8Array(0);
const NO_ARGUMENTS = new Uint32Array(0);
const COPIED_ARGUMENTS_MAX = 32;
const FRAME_ARGUMENTS_KEPT = 4096;
const CAPACITY_MIN = 256;
const SPARE_BYTES_MAX = 128 * 1024;

/**
 * Twice what there is. Where a large bulk's end is known to be near, up to there: a megabyte that
 * comes in pieces of 64 KiB is then copied once instead of four times.
 */
function capacityFor(needed: number, capacity: number, wantedEnd: number): number {
  const doubled = Math.max(capacity * 2, needed, CAPACITY_MIN);
  // Many small exact fits would be quadratic; memory for a mere promise is not given.
  const isNear = wantedEnd * 4 >= doubled * 3 && wantedEnd <= doubled * 4;
  return isNear ? Math.max(wantedEnd, needed) : doubled;
}

/** Zeroing 64 KiB costs more than filling it; no byte beyond `end` is ever read. */
function unzeroed(byteCount: number): Uint8Array {
  return new Uint8Array(Buffer.allocUnsafeSlow(byteCount).buffer);
}
