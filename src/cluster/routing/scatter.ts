/**
 * MGET, MSET, DEL, UNLINK, EXISTS and TOUCH of keys that several nodes own: one command for each of
 * them, and one reply made of theirs. Each part is atomic, all together are not: another client may
 * see some of an MSET. If a part fails, its error is the reply, and the others are done.
 */
import type { FastBuffer } from '../../base/fast-buffer.ts';
import { Frame } from '../../base/frame.ts';
import { ReplyReader } from '../../protocol/reply-values.ts';
import { ReplyWriter } from '../../protocol/reply-writer.ts';

/** How many arguments belong to a key, and what is made of the replies. */
const SCATTERED: Readonly<Record<string, { step: number; merge: 'values' | 'sum' | 'ok' }>> = {
  del: { step: 1, merge: 'sum' },
  exists: { step: 1, merge: 'sum' },
  mget: { step: 1, merge: 'values' },
  mset: { step: 2, merge: 'ok' },
  touch: { step: 1, merge: 'sum' },
  unlink: { step: 1, merge: 'sum' },
};

export function canScatter(name: string): boolean {
  return SCATTERED[name] !== undefined;
}

/** One of the commands that a scattered one became. */
export interface ScatterPart {
  readonly scatter: Scatter;
  readonly index: number;
  /** Behind all others in its line: with its reply the whole one leaves. */
  readonly isLast: boolean;
}

export class Scatter {
  /** The commands, and the slot of the first key of each. */
  readonly frames: Frame[] = [];
  private readonly merge: 'values' | 'sum' | 'ok';
  private readonly protocol: 2 | 3;
  private readonly keyCount: number;
  /** Which of the keys each command has. */
  private readonly keys: number[][] = [];
  private readonly replies: Uint8Array[] = [];

  /** @param ownerOf  of the key in an argument */
  constructor(
    frame: Frame,
    options: { name: string; protocol: 2 | 3; ownerOf: (arg: number) => string },
  ) {
    const { merge, step } = SCATTERED[options.name];
    this.merge = merge;
    this.protocol = options.protocol;
    this.keyCount = Math.ceil((frame.count - 1) / step);
    const owners: string[] = [];
    for (let key = 0; key < this.keyCount; key++) {
      const arg = 1 + key * step;
      const owner = options.ownerOf(arg);
      let index = owners.indexOf(owner);
      if (index < 0) {
        index = owners.push(owner) - 1;
        this.frames.push(beginFrame(frame));
        this.keys.push([]);
      }
      this.keys[index].push(key);
      for (let i = arg; i < arg + step && i < frame.count; i++) {
        this.frames[index].append(frame.offsets[i], frame.lengths[i]);
      }
    }
  }

  take(index: number, bytes: Uint8Array, start: number, end: number): void {
    this.replies[index] = bytes.slice(start, end);
  }

  /** The reply to the whole command; all parts were taken. */
  reply(): Uint8Array {
    const failed = this.replies.find((reply) => reply[0] === MINUS);
    if (failed !== undefined) return failed;
    const writer = new ReplyWriter(256);
    writer.protocol = this.protocol;
    if (this.merge === 'values') this.mergeValues(writer);
    else if (this.merge === 'sum') writer.integer(this.sum());
    else writer.ok();
    return writer.bytes.slice(0, writer.position);
  }

  private sum(): number {
    const reader = new ReplyReader();
    let sum = 0;
    for (const reply of this.replies) sum += Number(reader.read(bufferOf(reply), 0, true));
    return sum;
  }

  private mergeValues(writer: ReplyWriter): void {
    const values: Uint8Array[] = [];
    const reader = new ReplyReader();
    for (const [index, reply] of this.replies.entries()) {
      const buffer = bufferOf(reply);
      let at = buffer.indexOf(LF) + 1;
      for (const key of this.keys[index]) {
        reader.read(buffer, at, true);
        values[key] = buffer.subarray(at, reader.position);
        at = reader.position;
      }
    }
    writer.array(this.keyCount);
    for (const value of values) writer.copy(value, 0, value.length);
  }
}

function beginFrame(frame: Frame): Frame {
  const begun = new Frame();
  begun.attach(frame.bytes);
  begun.append(frame.offsets[0], frame.lengths[0]);
  return begun;
}

function bufferOf({ buffer, byteLength, byteOffset }: Uint8Array): FastBuffer {
  return Buffer.from(buffer, byteOffset, byteLength) as FastBuffer;
}

const MINUS = 45;
const LF = 10;
