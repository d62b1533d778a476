/**
 * STUB of the interface; the design comment and the body are to be written.
 * Address: u32, in units of 8 bytes; 0 is never a block.
 */
export class Memory {
  /** Set by `locate`: the segment's bytes, the same as a DataView, and the block's first byte in it. */
  bytes: Uint8Array = new Uint8Array(0);
  view: DataView = new DataView(new ArrayBuffer(0));
  base = 0;
  /** Bytes of live blocks, class rounding included. */
  liveBytes = 0;
  /** Bytes of all segments held, live or not. */
  heldBytes = 0;

  locate(_address: number): void {}
  /** Leaves `bytes/view/base` at the new block. Contents undefined. 0 when the pool refuses. */
  allocate(_byteCount: number): number {
    return 0;
  }
  /** `byteCount` as asked for at allocate. */
  free(_address: number, _byteCount: number): void {}
  /** What a block of that many bytes really occupies. */
  classBytes(byteCount: number): number {
    return byteCount;
  }
}
