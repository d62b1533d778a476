/** The bytes of a file in memory. A gap that a write leaves before it is zeros, as on a disk. */
export class GrowingBytes {
  length = 0;
  private bytes = new Uint8Array(0);

  writeAt(offset: number, source: Uint8Array): void {
    const end = offset + source.length;
    this.reach(end);
    this.bytes.set(source, offset);
    this.length = Math.max(this.length, end);
  }

  /** Cuts at that length, or fills up to it with zeros. */
  resize(length: number): void {
    this.reach(length);
    // What lies beyond the end is always zero: `reach` and `length` alone then lengthen a file.
    if (length < this.length) this.bytes.fill(0, length, this.length);
    this.length = length;
  }

  /** Valid until the next change. */
  view(start = 0, end = this.length): Uint8Array {
    return this.bytes.subarray(Math.min(start, this.length), Math.min(end, this.length));
  }

  copy(): GrowingBytes {
    const copy = new GrowingBytes();
    copy.bytes = this.view().slice();
    copy.length = this.length;
    return copy;
  }

  private reach(length: number): void {
    if (length <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(length, this.bytes.length * 2, 64));
    larger.set(this.view());
    this.bytes = larger;
  }
}
