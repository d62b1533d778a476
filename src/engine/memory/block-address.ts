/**
 * An address is a u32 in units of 8 bytes: 11 bits of segment, 21 bits of place in it (16 MiB). The
 * top eighth of the addresses are ids of huge blocks, each in a segment of its own. So a store
 * reaches 28 GiB of shared segments; 0 is never a block.
 *
 *     segment 0..1791 (11 bits) | place in units of 8 bytes (21 bits)
 *     0xE0000000 + id
 */
export const SEGMENT_SHIFT = 21;
export const PLACE_MASK = 0x1fffff;
/** First segment index that is none: those addresses are huge blocks. */
export const SEGMENT_COUNT_MAX = 1792;
export const HUGE_ADDRESS_MIN = 0xe0000000;
export const HUGE_COUNT_MAX = 1 << 20;
/** A block's first bytes of segment 0 are left unused, so that address 0 is no block. */
export const FIRST_PLACE_BYTES = 8;

/** First byte of the walkable blocks of a segment. */
export function firstBlockBase(segmentIndex: number): number {
  return segmentIndex === 0 ? FIRST_PLACE_BYTES : 0;
}
