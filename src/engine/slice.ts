const NO_BYTES = new Uint8Array(0);
const NO_VIEW = new DataView(NO_BYTES.buffer);

/**
 * Bytes that lie somewhere: a reused object, valid until the next change of the store it came from.
 */
export class Slice {
  bytes: Uint8Array = NO_BYTES;
  /** The same memory as `bytes`, index for index. */
  view: DataView = NO_VIEW;
  offset = 0;
  length = 0;
  private scratch: Uint8Array | null = null;
  private scratchView: DataView | null = null;

  /** Points at 24 bytes of its own, for text that is made on the fly. */
  useScratch(): void {
    if (this.scratch === null || this.scratchView === null) {
      this.scratch = new Uint8Array(24);
      this.scratchView = new DataView(this.scratch.buffer);
    }
    this.bytes = this.scratch;
    this.view = this.scratchView;
    this.offset = 0;
  }

  copy(): Uint8Array {
    // Not `bytes.slice`: of a Buffer that is a view and no copy.
    return new Uint8Array(this.bytes.subarray(this.offset, this.offset + this.length));
  }
}
