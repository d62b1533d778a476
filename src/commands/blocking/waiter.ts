import { Frame } from '../../base/frame.ts';
import type { BlockedCommand, Session } from '../session.ts';
import type { KeyWait, TimeoutReply } from './blocking-table.ts';
import type { Dated } from './deadline-heap.ts';
import type { WaitedKey } from './waited-keys.ts';

const DIGIT_ONE = 49;
/** Measured: a waiter, its frame and its places in the tables, beside the arguments' bytes. */
const WAITER_BYTES = 1300;

/** One client in a blocking command. */
export class Waiter implements BlockedCommand, Dated {
  readonly session: Session;
  /** A copy, with the digit 1 behind the last argument. */
  readonly frame: Frame;
  /** What it waits for; null: only for the time. */
  readonly wait: KeyWait | null;
  readonly timeoutReply: TimeoutReply;
  /** When it began to wait, milliseconds of the monotonic clock. */
  readonly sinceMs: number;
  /** Of the same clock; Infinity: never. */
  readonly deadlineMs: number;
  /** Rises with each waiter. */
  readonly order: number;
  heapIndex = -1;
  readonly keys: WaitedKey[] = [];
  /** Set by a command that was run again and found nothing. */
  waitsOn = false;
  /** It was answered, or its client is gone. */
  isOver = false;

  constructor(options: {
    session: Session;
    frame: Frame;
    wait: KeyWait | null;
    timeoutReply: TimeoutReply;
    sinceMs: number;
    deadlineMs: number;
    order: number;
  }) {
    this.session = options.session;
    this.frame = copyFrame(options.frame);
    this.wait = options.wait;
    this.timeoutReply = options.timeoutReply;
    this.sinceMs = options.sinceMs;
    this.deadlineMs = options.deadlineMs;
    this.order = options.order;
  }

  /** TYPE of the value that it waits for. */
  get type(): number {
    return this.wait === null ? 0 : this.wait.type;
  }

  get heldBytes(): number {
    return WAITER_BYTES + this.frame.bytes.length;
  }

  /**
   * Fills `out` with the command as it would be had it named only the key in argument `keyArg`: in
   * Redis too the key that became ready is the one that serves, whatever the others hold by then.
   */
  narrow(keyArg: number, out: Frame): void {
    const { frame, wait } = this;
    out.attach(frame.bytes);
    if (wait === null) return;
    const { firstKeyArg, keyCount, keyStep = 1, keyCountArg = 0, hasKeyArguments = false } = wait;
    const spanned = keyCount * keyStep;
    const end = firstKeyArg + (hasKeyArguments ? spanned + keyCount : spanned);
    for (let arg = 0; arg < firstKeyArg; arg++) {
      if (keyCountArg > 0 && arg === keyCountArg) out.append(frame.bytes.length - 1, 1);
      else out.append(frame.offsets[arg], frame.lengths[arg]);
    }
    for (let arg = keyArg; arg < keyArg + keyStep; arg++) {
      out.append(frame.offsets[arg], frame.lengths[arg]);
    }
    if (hasKeyArguments) {
      const arg = firstKeyArg + spanned + (keyArg - firstKeyArg) / keyStep;
      out.append(frame.offsets[arg], frame.lengths[arg]);
    }
    for (let arg = end; arg < frame.count; arg++) {
      out.append(frame.offsets[arg], frame.lengths[arg]);
    }
  }
}

function copyFrame(frame: Frame): Frame {
  let byteCount = 1;
  for (let arg = 0; arg < frame.count; arg++) byteCount += frame.lengths[arg];
  const bytes = new Uint8Array(byteCount);
  const copy = new Frame();
  copy.attach(bytes);
  let position = 0;
  for (let arg = 0; arg < frame.count; arg++) {
    const offset = frame.offsets[arg];
    const length = frame.lengths[arg];
    bytes.set(frame.bytes.subarray(offset, offset + length), position);
    copy.append(position, length);
    position += length;
  }
  bytes[position] = DIGIT_ONE;
  return copy;
}
