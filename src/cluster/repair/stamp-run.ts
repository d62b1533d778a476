/**
 * Stamps of some slots, as they lie in a message:
 *
 *     [slot][count] then count cells: [absent, 31 bits of tag][stamp high][stamp low]
 */

import { SLOT_COUNT } from '../../base/digest/key-slot.ts';
import { broken } from '../peers/link-reader.ts';
import type { MessageReader } from '../peers/message-reader.ts';
import type { MessageWriter } from '../peers/message-writer.ts';
import { isNewer } from '../replication/stamp.ts';
import {
  GROUP_SLOT_COUNT,
  type StampVisit,
  TAG_HASH_BITS,
  TAG_MASK,
} from '../replication/stamp-group.ts';
import type { StampTable } from '../replication/stamp-table.ts';

export const CELL_WORDS = 3;
const HEAD_WORDS = 2;
const ABSENT = 0x8000_0000;
const HASH_MASK = 2 ** TAG_HASH_BITS - 1;
const WORDS_MIN = 256;

export class StampRun {
  words: Uint32Array = new Uint32Array(WORDS_MIN);
  /** Words in use. */
  length = 0;
  private headAt = -1;

  get byteCount(): number {
    return this.length * 4;
  }

  clear(): void {
    this.length = 0;
    this.headAt = -1;
  }

  /** A slot's cells follow; one without any leaves nothing. */
  beginSlot(slot: number): void {
    this.closeSlot();
    this.reserve(HEAD_WORDS);
    this.headAt = this.length;
    this.words[this.length] = slot;
    this.words[this.length + 1] = 0;
    this.length += HEAD_WORDS;
  }

  push(tag: number, high: number, low: number, isAbsent: boolean): void {
    this.reserve(CELL_WORDS);
    const { words, length } = this;
    words[length] = isAbsent ? tag | ABSENT : tag;
    words[length + 1] = high;
    words[length + 2] = low;
    this.length += CELL_WORDS;
    words[this.headAt + 1]++;
  }

  /** Begins the slot where another one was written last. */
  add(slot: number, tag: number, high: number, low: number, isAbsent: boolean): void {
    if (this.headAt < 0 || this.words[this.headAt] !== slot) this.beginSlot(slot);
    this.push(tag, high, low, isAbsent);
  }

  closeSlot(): void {
    if (this.headAt >= 0 && this.words[this.headAt + 1] === 0) this.length = this.headAt;
    this.headAt = -1;
  }

  /** All entries of a slot, in the order of their tags, even if there are none. */
  addSlot(table: StampTable, slot: number, areAbsentOnly: boolean): void {
    this.beginSlot(slot);
    table.entriesOf(slot, (tag, high, low, isAbsent) => {
      if (isAbsent || !areAbsentOnly) this.push(tag, high, low, isAbsent);
    });
    this.headAt = -1;
  }

  writeTo(writer: MessageWriter): void {
    this.closeSlot();
    writer.bytes(new Uint8Array(this.words.buffer, 0, this.byteCount), 0, this.byteCount);
  }

  /** Takes what the message holds next. */
  readFrom(message: MessageReader): void {
    const { source, start, length } = message.bytes();
    this.clear();
    this.words = new Uint32Array(
      new Uint8Array(source.subarray(start, start + length)).buffer,
      0,
      length >>> 2,
    );
    this.length = length >>> 2;
    if ((length & 3) !== 0 || !this.isWhole()) throw broken('stamps of slots that do not add up');
  }

  /** Calls for each cell. */
  each(
    visit: (slot: number, tag: number, high: number, low: number, isAbsent: boolean) => void,
  ): void {
    this.eachSlot((slot, first, count) => {
      this.eachOf(first, count, (tag, high, low, isAbsent) => {
        visit(slot, tag, high, low, isAbsent);
      });
    });
  }

  /** The same of one slot's cells, which begin at `first` in `words`. */
  eachOf(first: number, count: number, visit: StampVisit): void {
    const { words } = this;
    for (let at = first; at < first + count * CELL_WORDS; at += CELL_WORDS) {
      visit(words[at] & TAG_MASK, words[at + 1], words[at + 2], words[at] >>> 31 !== 0);
    }
  }

  /** @param visit  `first` is where the cells begin in `words` */
  eachSlot(visit: (slot: number, first: number, count: number) => void): void {
    const { words } = this;
    for (let at = 0; at < this.length; ) {
      const count = words[at + 1];
      visit(words[at], at + HEAD_WORDS, count);
      at += HEAD_WORDS + count * CELL_WORDS;
    }
  }

  private isWhole(): boolean {
    const { words, length } = this;
    let at = 0;
    while (at + HEAD_WORDS <= length && words[at] < SLOT_COUNT && words[at + 1] <= length) {
      const end = at + HEAD_WORDS + words[at + 1] * CELL_WORDS;
      if (end > length || !this.areTagsOf(words[at], at + HEAD_WORDS, end)) return false;
      at = end;
    }
    return at === length;
  }

  /** Some bits of the slot are in every tag of it, and no tag is without a hash. */
  private areTagsOf(slot: number, first: number, end: number): boolean {
    for (let at = first; at < end; at += CELL_WORDS) {
      const tag = this.words[at] & TAG_MASK;
      if (tag >>> TAG_HASH_BITS !== (slot & (GROUP_SLOT_COUNT - 1))) return false;
      if ((tag & HASH_MASK) === 0) return false;
    }
    return true;
  }

  private reserve(wordCount: number): void {
    const wanted = this.length + wordCount;
    if (wanted <= this.words.length) return;
    const grown = new Uint32Array(Math.max(wanted, this.words.length * 2));
    grown.set(this.words.subarray(0, this.length));
    this.words = grown;
  }
}

/** How the stamps of one slot differ: called once for each key that is not equal. */
export interface SlotDifference {
  /** The other node has it, later or alone. */
  onTheirs(tag: number, high: number, low: number): void;
  /** It was removed there, later than what is here; or is known to be absent there alone. */
  onRemovedThere(tag: number, high: number, low: number): void;
  /**
   * This node has it, later or alone.
   * @param theirAt  where the other node's cell is in its words; -1: it has none
   */
  onMine(tag: number, high: number, low: number, theirAt: number): void;
  /** It was removed here, later than what is there; or is known to be absent here alone. */
  onRemovedHere(tag: number, high: number, low: number): void;
}

/**
 * Walks the cells of one slot in two runs, both in the order of the tags.
 * @param mine   the run holds this slot alone
 * @param first  where the other node's cells of it begin in `theirs.words`
 */
export function compareSlot(
  mine: StampRun,
  theirs: StampRun,
  first: number,
  count: number,
  out: SlotDifference,
): void {
  const left = mine.words;
  const right = theirs.words;
  const leftEnd = mine.length;
  const rightEnd = first + count * CELL_WORDS;
  let i = HEAD_WORDS;
  let j = first;
  while (i < leftEnd || j < rightEnd) {
    const leftTag = i < leftEnd ? left[i] & TAG_MASK : Number.POSITIVE_INFINITY;
    const rightTag = j < rightEnd ? right[j] & TAG_MASK : Number.POSITIVE_INFINITY;
    const isEqual =
      leftTag === rightTag && left[i + 1] === right[j + 1] && left[i + 2] === right[j + 2];
    if (!isEqual && isTheirs(leftTag, rightTag, left, i, right, j)) {
      const tell = right[j] >>> 31 === 0 ? out.onTheirs : out.onRemovedThere;
      tell.call(out, rightTag, right[j + 1], right[j + 2]);
    } else if (!isEqual && left[i] >>> 31 === 0) {
      out.onMine(leftTag, left[i + 1], left[i + 2], rightTag === leftTag ? j : -1);
    } else if (!isEqual) {
      out.onRemovedHere(leftTag, left[i + 1], left[i + 2]);
    }
    if (leftTag <= rightTag) i += CELL_WORDS;
    if (rightTag <= leftTag) j += CELL_WORDS;
  }
}

function isTheirs(
  leftTag: number,
  rightTag: number,
  left: Uint32Array,
  i: number,
  right: Uint32Array,
  j: number,
): boolean {
  if (leftTag !== rightTag) return rightTag < leftTag;
  return isNewer(right[j + 1], right[j + 2], left[i + 1], left[i + 2]);
}
