/**
 * FLUSHALL, FLUSHDB and STORE FLUSH where slots have owners of their own. One node empties the
 * store, which all are told as of any change. Behind that, on the same links, goes a fence to each
 * owner: when they have answered it, no key from before is left anywhere, and OK is true.
 */
import type { Frame } from '../../../base/frame.ts';
import type { SlotSet } from '../../placement/slot-set.ts';
import { firstOf } from './owner-slots.ts';
import { findError, type Part, type PartedCommand } from './parted-command.ts';
import { NO_SLOT } from './slot-routes.ts';

const OK = Buffer.from('+OK\r\n');

export class FlushFence implements PartedCommand {
  readonly parts: readonly Part[];
  private readonly replies = new Map<number, Uint8Array>();

  constructor(frame: Frame, slotsByOwner: ReadonlyMap<string, SlotSet>) {
    const parts: Part[] = [{ frame, slot: NO_SLOT, slots: null, isOrdered: true, index: 0 }];
    for (const slots of slotsByOwner.values()) {
      const index = parts.length;
      parts.push({ frame: null, slot: firstOf(slots), slots: null, isOrdered: index === 1, index });
    }
    this.parts = parts;
  }

  take(index: number, bytes: Uint8Array, start: number, end: number): void {
    this.replies.set(index, bytes.slice(start, end));
  }

  reply(): Uint8Array {
    return findError(this.replies) ?? OK;
  }

  regroup(): null {
    return null;
  }
}
