import type { FastBuffer } from '../../../base/fast-buffer.ts';
import type { Frame } from '../../../base/frame.ts';
import { ReplyReader } from '../../../protocol/reply-values.ts';
import type { SlotSet } from '../../placement/slot-set.ts';

/** What one node does of a command that several do together. */
export interface Part {
  /** Null: it only tells that what was sent before has arrived. */
  readonly frame: Frame | null;
  /** The owner of that slot does it; NO_SLOT: any node. */
  readonly slot: number;
  /** It is about these slots alone; null: about the keys that it names. */
  readonly slots: SlotSet | null;
  /** Begun only when all before it in the line is answered. */
  readonly isOrdered: boolean;
  /** Its reply is taken by that. */
  readonly index: number;
}

/** A command that several nodes do a part of, and its one reply. */
export interface PartedCommand {
  /** As the owners were when it began. */
  readonly parts: readonly Part[];
  take(index: number, bytes: Uint8Array, start: number, end: number): void;
  /** All parts were taken: if one has failed, its error. */
  reply(): Uint8Array;
  /**
   * The table of owners has changed, and no node has that part.
   * @param frame  the part's command
   * @returns      what it becomes; null: it has one owner as before
   */
  regroup(part: PartRef, frame: Frame): readonly Part[] | null;
}

/** A part, as it stands in the line of its client. */
export interface PartRef {
  readonly whole: PartedCommand;
  readonly index: number;
  /** Behind all others of the command: with its reply the whole one leaves. */
  readonly isLast: boolean;
  readonly slots: SlotSet | null;
}

/** An error among the replies, which is the reply to the whole command then. */
export function findError(replies: ReadonlyMap<number, Uint8Array>): Uint8Array | null {
  for (const reply of replies.values()) if (reply[0] === MINUS) return reply;
  return null;
}

/** Of replies that are numbers. */
export function sumOf(replies: ReadonlyMap<number, Uint8Array>): number {
  const reader = new ReplyReader();
  let sum = 0;
  for (const reply of replies.values()) sum += Number(reader.read(bufferOf(reply), 0, true));
  return sum;
}

export function bufferOf({ buffer, byteLength, byteOffset }: Uint8Array): FastBuffer {
  return Buffer.from(buffer, byteOffset, byteLength) as FastBuffer;
}

const MINUS = 45;
