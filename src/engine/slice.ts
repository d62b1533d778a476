/** Bytes that lie somewhere: a reused object, valid until the next change of the store it came from. */
export class Slice {
  bytes: Uint8Array = new Uint8Array(0);
  /** The same memory as `bytes`, index for index. */
  view: DataView = new DataView(new ArrayBuffer(0));
  offset = 0;
  length = 0;

  copy(): Uint8Array {
    return this.bytes.slice(this.offset, this.offset + this.length);
  }
}
