import { PLACE_MASK, SEGMENT_SHIFT } from '../memory/block-address.ts';
import type { Segment } from '../memory/segment.ts';
import { chunkCountOf, chunkMaskOf, homeOf, LINK, NO_HASH, RECORD } from './table-layout.ts';

/**
 * Insertion into and removal from the sorted slots of one table. Both touch one run of taken slots;
 * where a run goes on in the table's next chunk, so do they.
 */

/**
 * Puts an entry behind all whose hash is not larger, moving those behind it up to the next gap.
 * @param record      index of the table's record
 * @param signedHash  signed, so that it is handed over as a small integer
 * @returns       false, and nothing has changed, when there is no gap up to the table's end
 */
export function insertOrdered(
  segments: readonly Segment[],
  records: Uint32Array,
  record: number,
  signedHash: number,
  address: number,
): boolean {
  const hash = signedHash >>> 0;
  const shape = records[record + RECORD.SHAPE];
  const chunkCount = chunkCountOf(shape);
  const mask = chunkMaskOf(shape);
  const home = homeOf(hash, shape, records[record + RECORD.CAPACITY]);
  let place = home & mask;
  for (let chunk = home >>> (shape >>> 5); chunk < chunkCount; chunk++) {
    const chunkAddress = records[record + chunk];
    const words = segments[chunkAddress >>> SEGMENT_SHIFT].words;
    const start = (chunkAddress & PLACE_MASK) << 1;
    const link = start + mask * 2;
    let at = start + place * 2;
    while (words[at] < hash) at += 2;
    while (words[at] === hash && words[at + 1] !== 0 && at < link) at += 2;
    if (at < link) {
      let gap = at;
      while (words[gap + 1] !== 0 && gap < link) gap += 2;
      if (gap === link && !makeGap(segments, records, record, chunk)) return false;
      if (gap === link) gap -= 2;
      shiftUp(words, at, gap);
      words[at] = hash;
      words[at + 1] = address;
      return true;
    }
    place = 1;
  }
  return false;
}

/** Frees the last slot of a full chunk by moving its entry on into the next one. */
function makeGap(
  segments: readonly Segment[],
  records: Uint32Array,
  record: number,
  fullChunk: number,
): boolean {
  const shape = records[record + RECORD.SHAPE];
  const mask = chunkMaskOf(shape);
  const chunkCount = chunkCountOf(shape);
  for (let chunk = fullChunk + 1; chunk < chunkCount; chunk++) {
    let start = startOf(records[record + chunk]);
    let words = segments[records[record + chunk] >>> SEGMENT_SHIFT].words;
    let gap = start + 2;
    const link = start + mask * 2;
    while (gap < link && words[gap + 1] !== 0) gap += 2;
    if (gap === link) continue;
    // From the chunk that has a gap back to the full one: the last entry of each moves to the next.
    for (let target = chunk; target > fullChunk; target--) {
      const before = records[record + target - 1];
      const beforeWords = segments[before >>> SEGMENT_SHIFT].words;
      const last = startOf(before) + (mask - 1) * 2;
      shiftUp(words, start + 2, gap);
      words[start + 2] = beforeWords[last];
      words[start + 3] = beforeWords[last + 1];
      words = beforeWords;
      start = startOf(before);
      gap = last;
    }
    return true;
  }
  return false;
}

/** Moves slots [at, gap) up by one. */
function shiftUp(words: Uint32Array, at: number, gap: number): void {
  if (gap - at > NATIVE_COPY_WORDS_MIN) {
    words.copyWithin(at + 2, at, gap);
    return;
  }
  for (let to = gap; to > at; to -= 2) {
    words[to] = words[to - 2];
    words[to + 1] = words[to - 1];
  }
}

/**
 * Empties a slot. Those behind it that are not at their home move down, up to the first that is.
 * @param fromStart  the slot's word, from the chunk's first
 */
export function removeOrdered(
  segments: readonly Segment[],
  records: Uint32Array,
  record: number,
  fromChunk: number,
  fromStart: number,
): void {
  const shape = records[record + RECORD.SHAPE];
  const capacity = records[record + RECORD.CAPACITY];
  const mask = chunkMaskOf(shape);
  let chunk = fromChunk;
  let words = segments[records[record + chunk] >>> SEGMENT_SHIFT].words;
  let start = startOf(records[record + chunk]);
  let at = start + fromStart;
  for (;;) {
    const position = chunk * (mask + 1) + ((at - start) >>> 1);
    let next = at + 2;
    let nextWords = words;
    let nextStart = start;
    if (words[next + 1] === LINK) {
      chunk++;
      nextWords = segments[records[record + chunk] >>> SEGMENT_SHIFT].words;
      nextStart = startOf(records[record + chunk]);
      next = nextStart + 2;
    }
    if (nextWords[next + 1] === 0 || homeOf(nextWords[next], shape, capacity) > position) break;
    words[at] = nextWords[next];
    words[at + 1] = nextWords[next + 1];
    at = next;
    words = nextWords;
    start = nextStart;
  }
  words[at] = NO_HASH;
  words[at + 1] = 0;
}

function startOf(chunkAddress: number): number {
  return (chunkAddress & PLACE_MASK) << 1;
}

/** Up to here a loop of words is quicker than the native copy. */
const NATIVE_COPY_WORDS_MIN = 64;
