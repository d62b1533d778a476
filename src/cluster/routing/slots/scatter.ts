/**
 * MGET, MSET, DEL, UNLINK, EXISTS and TOUCH of keys that several nodes own: one command for each of
 * them, and one reply made of theirs. Each part is atomic, all together are not: another client may
 * see some of an MSET. If a part fails, its error is the reply, and the others are done.
 */
import { Frame } from '../../../base/frame.ts';
import { ReplyReader } from '../../../protocol/reply-values.ts';
import { ReplyWriter } from '../../../protocol/reply-writer.ts';
import type { SlotOwners } from './owner-slots.ts';
import {
  bufferOf,
  findError,
  type Part,
  type PartedCommand,
  type PartRef,
  sumOf,
} from './parted-command.ts';
import { slotAt } from './slot-routes.ts';

/** How many arguments belong to a key, and what is made of the replies. */
const SCATTERED: Readonly<Record<string, { step: number; merge: 'values' | 'sum' | 'ok' }>> = {
  del: { step: 1, merge: 'sum' },
  exists: { step: 1, merge: 'sum' },
  mget: { step: 1, merge: 'values' },
  mset: { step: 2, merge: 'ok' },
  touch: { step: 1, merge: 'sum' },
  unlink: { step: 1, merge: 'sum' },
};

export function canScatter(name: string, { count }: Frame): boolean {
  const scattered = SCATTERED[name];
  return scattered !== undefined && (count - 1) % scattered.step === 0;
}

export class Scatter implements PartedCommand {
  readonly parts: readonly Part[];
  private readonly merge: 'values' | 'sum' | 'ok';
  private readonly step: number;
  private readonly protocol: 2 | 3;
  private readonly keyCount: number;
  private readonly owners: SlotOwners;
  /** Which of the keys each part has. */
  private readonly keys: number[][] = [];
  private readonly replies = new Map<number, Uint8Array>();

  constructor(frame: Frame, options: { name: string; protocol: 2 | 3; owners: SlotOwners }) {
    const { merge, step } = SCATTERED[options.name];
    this.merge = merge;
    this.step = step;
    this.protocol = options.protocol;
    this.owners = options.owners;
    this.keyCount = (frame.count - 1) / step;
    this.parts = this.group(
      frame,
      Array.from({ length: this.keyCount }, (_, key) => key),
    );
  }

  take(index: number, bytes: Uint8Array, start: number, end: number): void {
    this.replies.set(index, bytes.slice(start, end));
  }

  reply(): Uint8Array {
    const error = findError(this.replies);
    if (error !== null) return error;
    const writer = new ReplyWriter(256);
    writer.protocol = this.protocol;
    if (this.merge === 'values') this.mergeValues(writer);
    else if (this.merge === 'sum') writer.integer(sumOf(this.replies));
    else writer.ok();
    return writer.bytes.slice(0, writer.position);
  }

  regroup({ index }: PartRef, frame: Frame): readonly Part[] | null {
    const owner = this.owners.ownerOf(slotAt(frame, 1));
    let isWhole = true;
    for (let arg = 1; arg < frame.count; arg += this.step) {
      if (this.owners.ownerOf(slotAt(frame, arg)) !== owner) isWhole = false;
    }
    return isWhole ? null : this.group(frame, this.keys[index]);
  }

  /** @param keys  those that stand in the frame */
  private group(frame: Frame, keys: readonly number[]): Part[] {
    const { step } = this;
    const parts = new Map<string, Part & { readonly frame: Frame }>();
    for (const [place, key] of keys.entries()) {
      const arg = 1 + place * step;
      const slot = slotAt(frame, arg);
      const owner = this.owners.ownerOf(slot);
      let part = parts.get(owner);
      if (part === undefined) {
        const index = this.keys.push([]) - 1;
        part = { frame: beginFrame(frame), slot, slots: null, isOrdered: false, index };
        parts.set(owner, part);
      }
      this.keys[part.index].push(key);
      for (let i = arg; i < arg + step; i++) part.frame.append(frame.offsets[i], frame.lengths[i]);
    }
    return [...parts.values()];
  }

  private mergeValues(writer: ReplyWriter): void {
    const values: Uint8Array[] = [];
    const reader = new ReplyReader();
    for (const [index, reply] of this.replies) {
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

const LF = 10;
