/**
 * A stretch of bytes outside of the JavaScript heap, with the views that are needed of it. All are
 * built here, so that they have one shape, over a buffer of fixed size: views of resizable buffers
 * cost three times as much.
 */
export class Segment {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /**
   * The same bytes as aligned words: quicker than the DataView where the place is known aligned.
   */
  readonly words: Uint32Array;
  readonly byteCount: number;
  /** Bytes of live blocks in it. Kept by the memory that holds the segment. */
  liveBytes = 0;

  /** @param byteCount  a multiple of 8 */
  constructor(byteCount: number) {
    const buffer = new ArrayBuffer(byteCount);
    this.bytes = new Uint8Array(buffer);
    this.view = new DataView(buffer);
    this.words = new Uint32Array(buffer);
    this.byteCount = byteCount;
  }
}
