import type { TimingWheel } from '../expiry/timing-wheel.ts';
import { HUGE_ADDRESS_MIN } from '../memory/block-address.ts';
import type { Memory } from '../memory/memory.ts';
import {
  EXTENDED_OFFSET,
  entryBytes,
  FLAG,
  headerBytes,
  KEY_LENGTH_INLINE_MAX,
  keyLength,
  valueLength,
} from './entry.ts';

/**
 * Entries above 1 MiB lie in segments of their own. What changes only the head of such an entry,
 * its key or whether it has a deadline, leaves the value in its segment: to copy 512 MB takes half
 * a second, to shift it within its block a tenth of that, and a head of the same length shifts
 * nothing. The spare bytes that `writeEntry` gives a huge entry are what lets its head grow.
 */

/**
 * Gives a huge entry the deadline field, which the caller fills, or takes it away.
 * @returns false when the entry is not huge, or its head would not fit; nothing has changed then
 */
export function toggleHugeDeadline(
  memory: Memory,
  wheel: TimingWheel | null,
  entry: number,
  hasDeadline: boolean,
): boolean {
  if (entry < HUGE_ADDRESS_MIN) return false;
  memory.locate(entry);
  const { view, bytes, base } = memory;
  const word0 = view.getUint32(base, true);
  const length = keyLength(view, base, word0);
  if (!hugeHeadFits(memory, length, hasDeadline)) return false;
  const keyAt = base + headerBytes(word0);
  const key = bytes.slice(keyAt, keyAt + length);
  memory.beforeChange(entry);
  if (!hasDeadline) wheel?.remove(entry);
  memory.locate(entry);
  writeHugeHead(memory, key, hasDeadline);
  return true;
}

/** Whether the located huge entry's block holds its value behind such a head. */
export function hugeHeadFits(memory: Memory, newKeyLength: number, hasDeadline: boolean): boolean {
  const { view, base } = memory;
  const word0 = view.getUint32(base, true);
  if ((word0 & FLAG.EXTENDED) === 0 || (word0 & FLAG.LONG_KEY) !== 0) return false;
  if (newKeyLength > KEY_LENGTH_INLINE_MAX) return false;
  const headLength = headerBytes(withDeadline(word0, hasDeadline)) + newKeyLength;
  return headLength + valueLength(view, base) <= entryBytes(view, base);
}

/** Writes the located huge entry's head anew, and shifts the value to stand behind it. */
export function writeHugeHead(memory: Memory, key: Uint8Array, hasDeadline: boolean): void {
  const { view, bytes, base } = memory;
  const oldWord0 = view.getUint32(base, true);
  const byteCount = entryBytes(view, base);
  const from = base + headerBytes(oldWord0) + keyLength(view, base, oldWord0);
  const flags = withDeadline(oldWord0, hasDeadline) & 0xffff & ~FLAG.SEEN;
  const word0 = flags | memory.seenMark | (key.length << 16);
  const keyAt = base + headerBytes(word0);
  const to = keyAt + key.length;
  if (to !== from) bytes.copyWithin(to, from, from + valueLength(view, base));
  bytes.set(key, keyAt);
  view.setUint32(base, word0, true);
  view.setUint32(base + EXTENDED_OFFSET + 4, base + byteCount - to, true);
}

function withDeadline(word0: number, hasDeadline: boolean): number {
  return hasDeadline ? word0 | FLAG.DEADLINE : word0 & ~FLAG.DEADLINE;
}
