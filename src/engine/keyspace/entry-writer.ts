import { copyBytes } from '../../base/bytes.ts';
import { assert } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Memory } from '../memory/memory.ts';
import {
  FLAG,
  headerBytes,
  KEY_LENGTH_ELSEWHERE,
  KEY_LENGTH_INLINE_MAX,
  longKeyOffset,
  VALUE_LENGTH_ELSEWHERE,
  VALUE_LENGTH_INLINE_MAX,
} from './entry.ts';

/** What a new block is to hold. Reused by its owner; `key*` say where the key's bytes lie now. */
export class EntryPlan {
  keyView: DataView = new DataView(new ArrayBuffer(0));
  keyBytes: Uint8Array = new Uint8Array(0);
  keyOffset = 0;
  keyLength = 0;
  /** Type and encoding as they stand in the low byte of word 0. */
  kind = 0;
  valueLength = 0;
  /** At least `valueLength`; more for a value that is expected to grow. */
  capacity = 0;
  hasDeadline = false;
  /** JSON and TREE of FLAG, where they are set. */
  flags = 0;
  access = 0;
}

/**
 * Allocates a block and writes header and key; deadline, links and value are left to the caller.
 * Leaves `memory` located at the block.
 * @returns the block's address; `word0` of it can be read at `memory.base`
 */
export function writeEntry(memory: Memory, plan: EntryPlan): number {
  const { keyLength, valueLength } = plan;
  let { capacity } = plan;
  const isLongKey = keyLength > KEY_LENGTH_INLINE_MAX;
  const isExtended = valueLength > VALUE_LENGTH_INLINE_MAX || capacity !== valueLength;
  let word0 = plan.kind | plan.flags | memory.seenMark;
  word0 |= (isLongKey ? KEY_LENGTH_ELSEWHERE : keyLength) << 16;
  if (isExtended) word0 |= FLAG.EXTENDED;
  if (plan.hasDeadline) word0 |= FLAG.DEADLINE;
  if (isLongKey) word0 |= FLAG.LONG_KEY;
  const header = headerBytes(word0);
  if (isExtended && header + keyLength + capacity > LIMITS.sharedBlockBytesMax) {
    capacity += LIMITS.hugeSpareBytes;
  }
  const entry = memory.allocate(header + keyLength + capacity);
  assert(entry !== 0, 'the pool lends whatever the stores were allowed to ask for');
  const { view, bytes, base } = memory;
  view.setUint32(base, word0, true);
  const inline = isExtended ? VALUE_LENGTH_ELSEWHERE : valueLength;
  view.setUint32(base + 4, inline | (plan.access << 8), true);
  if (isExtended) {
    view.setUint32(base + 8, valueLength, true);
    view.setUint32(base + 12, capacity, true);
  }
  if (isLongKey) {
    view.setUint32(base + longKeyOffset(word0), keyLength, true);
    view.setUint32(base + longKeyOffset(word0) + 4, 0, true);
  }
  copyBytes(view, bytes, base + header, plan.keyView, plan.keyBytes, plan.keyOffset, keyLength);
  return entry;
}
