/**
 * Sizes of blocks: every multiple of 8 up to 1 KiB, then sixteen steps to each power of two, up to
 * 1 MiB. So a block of up to 1 KiB wastes at most 7 bytes, a larger one at most 1/16 (3 % on
 * average), and 289 free lists are enough. 16 is the least: a free block holds its header and
 * links.
 *
 *     class  0 1 | 2  3  ... 128 | 129  ... 144 | 145 ...        ... 288
 *     bytes   -  | 16 24 ...1024 | 1088 ...2048 | 2176 ... 4096  ... 1 MiB
 */
export const CLASS_COUNT = 289;
export const BLOCK_BYTES_MIN = 16;
const LINEAR_BYTES_MAX = 1024;
const LINEAR_CLASS_MAX = LINEAR_BYTES_MAX / 8;

/** What a block of `byteCount` (1 to 1 MiB) occupies. */
export function roundToClass(byteCount: number): number {
  if (byteCount <= LINEAR_BYTES_MAX) {
    return byteCount <= BLOCK_BYTES_MIN ? BLOCK_BYTES_MIN : (byteCount + 7) & ~7;
  }
  const step = 1 << (27 - Math.clz32(byteCount - 1));
  return (byteCount + step - 1) & -step;
}

/** @param classBytes  as `roundToClass` gave it */
export function classOf(classBytes: number): number {
  if (classBytes <= LINEAR_BYTES_MAX) return classBytes >>> 3;
  const shift = 27 - Math.clz32(classBytes - 1);
  return LINEAR_CLASS_MAX + (shift - 6) * 16 + ((classBytes - 1) >>> shift) - 15;
}

export function bytesOfClass(classIndex: number): number {
  if (classIndex <= LINEAR_CLASS_MAX) return classIndex * 8;
  const place = classIndex - LINEAR_CLASS_MAX - 1;
  return (17 + (place & 15)) << (6 + (place >>> 4));
}

/** The largest block that fits into `byteCount` bytes (a multiple of 8, at least 16, any size). */
export function floorToClass(byteCount: number): number {
  if (byteCount <= LINEAR_BYTES_MAX) return byteCount;
  if (byteCount >= 1 << 20) return 1 << 20;
  const step = 1 << (27 - Math.clz32(byteCount));
  return byteCount & -step;
}
