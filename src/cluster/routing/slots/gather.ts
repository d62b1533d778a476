/**
 * DBSIZE, KEYS and RANDOMKEY where no node holds all keys: each owner answers for the slots that it
 * owns, so that no key comes twice, and one reply is made of theirs.
 */
import type { Frame } from '../../../base/frame.ts';
import { ReplyReader } from '../../../protocol/reply-values.ts';
import { ReplyWriter } from '../../../protocol/reply-writer.ts';
import type { SlotSet } from '../../placement/slot-set.ts';
import { firstOf, groupByOwner, type SlotOwners } from './owner-slots.ts';
import {
  bufferOf,
  findError,
  type Part,
  type PartedCommand,
  type PartRef,
  sumOf,
} from './parted-command.ts';

const GATHERED: Readonly<Record<string, 'sum' | 'list' | 'one'>> = {
  dbsize: 'sum',
  keys: 'list',
  randomkey: 'one',
};

export class Gather implements PartedCommand {
  readonly parts: readonly Part[];
  private readonly merge: 'sum' | 'list' | 'one';
  private readonly protocol: 2 | 3;
  private readonly owners: SlotOwners;
  private readonly random: { u32(): number };
  private partCount = 0;
  private readonly replies = new Map<number, Uint8Array>();

  constructor(
    frame: Frame,
    options: {
      name: string;
      protocol: 2 | 3;
      owners: SlotOwners;
      random: { u32(): number };
    },
  ) {
    this.merge = GATHERED[options.name];
    this.protocol = options.protocol;
    this.owners = options.owners;
    this.random = options.random;
    this.parts = this.partsOf(frame, options.owners.slotsByOwner);
  }

  take(index: number, bytes: Uint8Array, start: number, end: number): void {
    this.replies.set(index, bytes.slice(start, end));
  }

  reply(): Uint8Array {
    const error = findError(this.replies);
    if (error !== null) return error;
    const writer = new ReplyWriter(256);
    writer.protocol = this.protocol;
    if (this.merge === 'sum') writer.integer(sumOf(this.replies));
    else if (this.merge === 'list') this.mergeLists(writer);
    else this.choose(writer);
    return writer.bytes.slice(0, writer.position);
  }

  regroup({ slots }: PartRef, frame: Frame): readonly Part[] | null {
    if (slots === null) return null;
    const groups = groupByOwner(slots, this.owners.ownerOf);
    return groups.size < 2 ? null : this.partsOf(frame, groups);
  }

  private partsOf(frame: Frame, groups: ReadonlyMap<string, SlotSet>): Part[] {
    const parts: Part[] = [];
    for (const slots of groups.values()) {
      parts.push({ frame, slot: firstOf(slots), slots, isOrdered: false, index: this.partCount++ });
    }
    return parts;
  }

  private mergeLists(writer: ReplyWriter): void {
    const reader = new ReplyReader();
    const mark = writer.openAggregate();
    let count = 0;
    for (const reply of this.replies.values()) {
      const buffer = bufferOf(reply);
      const start = buffer.indexOf(LF) + 1;
      count += (reader.read(buffer, 0, true) as unknown[]).length;
      writer.copy(buffer, start, buffer.length - start);
    }
    writer.closeArray(mark, count);
  }

  /** Each owner has about as many keys. */
  private choose(writer: ReplyWriter): void {
    const found = [...this.replies.values()].filter(
      (reply) => reply[0] === DOLLAR && reply[1] !== MINUS,
    );
    if (found.length === 0) return writer.null();
    const chosen = found[this.random.u32() % found.length];
    writer.copy(chosen, 0, chosen.length);
  }
}

const LF = 10;
const DOLLAR = 36;
const MINUS = 45;
