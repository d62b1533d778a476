import type { Frame } from '../../../base/frame.ts';
import type { Database } from '../../database.ts';
import { VALUE_LENGTH_INLINE_MAX } from '../../keyspace/entry.ts';
import { ElementPlan, LISTPACK_EMPTY_BYTES } from './listpack.ts';
import { reserveValue } from './packed-value.ts';

const PLAN = new ElementPlan();
/** Around a short text: its length in front of it, and that of the element behind. */
const FRAMING_BYTES = 2;

/**
 * Gives a new listpack room for all arguments from `firstArg` on, which are to become elements: it
 * need not move as often as it grows, and in the end has no more than it needs. Nothing is done for
 * so few bytes that they cost nothing, and for so many that the value will not stay a listpack.
 * @returns the entry's address
 */
export function reserveForArguments(
  database: Database,
  entry: number,
  frame: Frame,
  firstArg: number,
  byteCountMax: number,
): number {
  const { bytes, view, offsets, lengths } = frame;
  let least = LISTPACK_EMPTY_BYTES;
  for (let arg = firstArg; arg < frame.count; arg++) least += lengths[arg] + FRAMING_BYTES;
  if (least <= VALUE_LENGTH_INLINE_MAX) return entry;
  let byteCount = LISTPACK_EMPTY_BYTES;
  for (let arg = firstArg; arg < frame.count && byteCount <= byteCountMax; arg++) {
    PLAN.ofText(view, bytes, offsets[arg], lengths[arg]);
    byteCount += PLAN.byteCount;
  }
  return byteCount > byteCountMax ? entry : reserveValue(database, entry, byteCount);
}
