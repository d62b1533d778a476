import { bytesEqual } from '../../base/bytes.ts';
import { hashBytes } from '../../base/hash.ts';
import { elementBytes, isEnd, LISTPACK_HEADER_BYTES } from '../../engine/values/packed/listpack.ts';
import type { PackedRun } from './packed-run.ts';

/** Twice the elements that the longest run looked at can have. */
const SLOT_COUNT = 1024;
const COUNT_MAX = 512;
/** Place of an element, counted from the run's first byte; 0: none. */
const slots = new Uint16Array(SLOT_COUNT);

/**
 * Whether every `step`-th element of a short run differs from all others: as they are canonical,
 * equal texts are equal bytes.
 */
export function areUnique(run: PackedRun, step: number, seed0: number, seed1: number): boolean {
  const { view, start, count } = run;
  if (count > COUNT_MAX * step) return false;
  slots.fill(0);
  for (let at = start + LISTPACK_HEADER_BYTES; !isEnd(view, at); ) {
    const length = elementBytes(view, at);
    if (!claim(view, start, at, length, hashBytes(view, at, length, seed0, seed1))) return false;
    at += length;
    for (let i = 1; i < step; i++) at += elementBytes(view, at);
  }
  return true;
}

function claim(view: DataView, start: number, at: number, length: number, hash: number): boolean {
  for (let slot = hash & (SLOT_COUNT - 1); ; slot = (slot + 1) & (SLOT_COUNT - 1)) {
    const place = slots[slot];
    if (place === 0) {
      slots[slot] = at - start;
      return true;
    }
    if (
      elementBytes(view, start + place) === length &&
      bytesEqual(view, start + place, view, at, length)
    ) {
      return false;
    }
  }
}
