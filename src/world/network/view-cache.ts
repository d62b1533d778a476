import { LIMITS } from '../../base/limits.ts';

const SLOT_BITS = 7;

/**
 * Views of parts of a buffer, for a binding that takes no offsets. One costs 100 ns and garbage.
 * Replies of one loop turn stand one behind the other in one buffer, turn after turn; where they
 * are of one length the same views serve again. A buffer that is too large to be reused is not kept
 * alive by a cached view of it.
 */
export class ViewCache {
  private readonly sources: (Uint8Array | null)[] = [];
  private readonly views: Uint8Array[] = [];
  private readonly starts = new Uint32Array(1 << SLOT_BITS);
  private readonly ends = new Uint32Array(1 << SLOT_BITS);

  constructor() {
    const nothing = new Uint8Array(0);
    for (let i = 0; i < 1 << SLOT_BITS; i++) {
      this.sources.push(null);
      this.views.push(nothing);
    }
  }

  find(bytes: Uint8Array, start: number, end: number): Uint8Array {
    const slot = Math.imul(start, 0x9e3779b1) >>> (32 - SLOT_BITS);
    const isSame = this.starts[slot] === start && this.ends[slot] === end;
    if (isSame && this.sources[slot] === bytes) return this.views[slot];
    const view = new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start);
    if (bytes.length <= LIMITS.replyBufferBytesKept) {
      this.sources[slot] = bytes;
      this.views[slot] = view;
      this.starts[slot] = start;
      this.ends[slot] = end;
    }
    return view;
  }
}
