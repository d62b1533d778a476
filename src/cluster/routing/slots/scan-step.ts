/**
 * SCAN where no node holds all keys: the walk goes from owner to owner, and the cursor says where
 * it stands.
 *
 *     cursor   11 bits of the table's digest | 10 bits: which owner | 32 bits: place in its keys
 *
 * 53 bits, for clients that take it for a number. Once the table has changed, keys may have come to
 * an owner that the walk has passed: it begins anew then, so that it still misses none that is
 * there from beginning to end.
 */
import { Frame } from '../../../base/frame.ts';
import { ReplyReader } from '../../../protocol/reply-values.ts';
import { ReplyWriter } from '../../../protocol/reply-writer.ts';
import { firstOf, groupByOwner, type SlotOwners } from './owner-slots.ts';
import {
  bufferOf,
  findError,
  type Part,
  type PartedCommand,
  type PartRef,
} from './parted-command.ts';

interface Place {
  readonly ownerIndex: number;
  /** As the owner tells it. */
  readonly cursor: string;
}

const BEGIN: Place = { ownerIndex: 0, cursor: '0' };

export class ScanStep implements PartedCommand {
  readonly parts: readonly Part[];
  private readonly owners: SlotOwners;
  private readonly protocol: 2 | 3;
  /** By the table that the step was begun with. */
  private tag = 0;
  private ownerCount = 0;
  private ownerIndex = 0;
  private answer: Uint8Array = new Uint8Array(0);

  constructor(frame: Frame, options: { protocol: 2 | 3; owners: SlotOwners }) {
    this.protocol = options.protocol;
    this.owners = options.owners;
    this.parts = this.begin(frame, null);
  }

  take(_index: number, bytes: Uint8Array, start: number, end: number): void {
    this.answer = bytes.slice(start, end);
  }

  reply(): Uint8Array {
    const { answer, protocol } = this;
    const error = findError(new Map([[0, answer]]));
    if (error !== null) return error;
    const buffer = bufferOf(answer);
    const reader = new ReplyReader();
    const start = buffer.indexOf(LF) + 1;
    const cursor = Number(reader.read(buffer, start, false));
    const writer = new ReplyWriter(256);
    writer.protocol = protocol;
    writer.array(2);
    writer.bulkText(String(this.encode(cursor)));
    writer.copy(buffer, reader.position, buffer.length - reader.position);
    return writer.bytes.slice(0, writer.position);
  }

  regroup({ slots }: PartRef, frame: Frame): readonly Part[] | null {
    const { ownerOf, slotsByOwner, tableDigest } = this.owners;
    const isSame = tagOf(tableDigest) === this.tag && slotsByOwner.size === this.ownerCount;
    if (isSame && slots !== null && groupByOwner(slots, ownerOf).size === 1) return null;
    return this.begin(frame, BEGIN);
  }

  /** @param from  null: where the frame's cursor says */
  private begin(frame: Frame, from: Place | null): Part[] {
    const { slotsByOwner, tableDigest } = this.owners;
    this.tag = tagOf(tableDigest);
    this.ownerCount = slotsByOwner.size;
    const place = from ?? this.decode(frame.latin1(1));
    this.ownerIndex = place.ownerIndex;
    const slots = [...slotsByOwner.values()][place.ownerIndex];
    const slot = firstOf(slots);
    return [{ frame: withCursor(frame, place.cursor), slot, slots, isOrdered: false, index: 0 }];
  }

  /** What is no cursor goes to an owner as it is, which refuses it or knows what is meant. */
  private decode(text: string): Place {
    const cursor = /^\d{1,16}$/.test(text) ? Number(text) : 0;
    if (cursor === 0) return { ownerIndex: 0, cursor: text };
    const ownerIndex = Math.floor(cursor / PLACE_STEPS) % OWNER_STEPS;
    const tag = Math.floor(cursor / (PLACE_STEPS * OWNER_STEPS));
    if (tag !== this.tag || ownerIndex >= this.ownerCount) return BEGIN;
    return { ownerIndex, cursor: String(cursor % PLACE_STEPS) };
  }

  private encode(cursor: number): number {
    const { ownerCount, ownerIndex, tag } = this;
    const isOver = cursor === 0;
    if (isOver && ownerIndex + 1 === ownerCount) return 0;
    return (tag * OWNER_STEPS + ownerIndex + (isOver ? 1 : 0)) * PLACE_STEPS + cursor;
  }
}

function tagOf(tableDigest: string): number {
  return Number.parseInt(tableDigest.slice(-8), 16) % TAG_STEPS;
}

/** The same command with that cursor. */
function withCursor(frame: Frame, cursor: string): Frame {
  const parts: Uint8Array[] = [];
  for (let arg = 0; arg < frame.count; arg++) {
    parts.push(arg === 1 ? Buffer.from(cursor, 'latin1') : frame.copyArgument(arg));
  }
  const copy = new Frame();
  copy.attach(new Uint8Array(Buffer.concat(parts)));
  let at = 0;
  for (const { length } of parts) {
    copy.append(at, length);
    at += length;
  }
  return copy;
}

const PLACE_STEPS = 2 ** 32;
const OWNER_STEPS = 2 ** 10;
const TAG_STEPS = 2 ** 11;
const LF = 10;
