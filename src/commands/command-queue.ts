import type { Frame } from '../base/frame.ts';

/**
 * Copies of commands, in order: what MULTI queues, and what a paused client still has to run. All
 * arguments lie in one buffer one behind the other, all lengths in one array: a queue of a thousand
 * commands is two allocations.
 */
export class CommandQueue {
  /** Commands queued. */
  count = 0;
  /** Bytes of all arguments. */
  byteCount = 0;
  private bytes: Uint8Array = new Uint8Array(256);
  /** For each command: its number of arguments, then their lengths. */
  private lengths: Uint32Array = new Uint32Array(32);
  private lengthCount = 0;
  /** Where `shift` stands. */
  private nextLength = 0;
  private nextByte = 0;

  /** Memory held, for CLIENT LIST and the limits. */
  get heldBytes(): number {
    return this.bytes.length + this.lengths.byteLength;
  }

  append(frame: Frame): void {
    let total = 0;
    for (let i = 0; i < frame.count; i++) total += frame.lengths[i];
    this.reserve(total, frame.count + 1);
    this.lengths[this.lengthCount++] = frame.count;
    for (let i = 0; i < frame.count; i++) {
      const length = frame.lengths[i];
      const offset = frame.offsets[i];
      this.bytes.set(frame.bytes.subarray(offset, offset + length), this.byteCount);
      this.byteCount += length;
      this.lengths[this.lengthCount++] = length;
    }
    this.count++;
  }

  /**
   * Points `frame` at the next command not yet taken. Its bytes stay where they are until the queue
   * is cleared or appended to.
   * @returns false when all were taken
   */
  shift(frame: Frame): boolean {
    if (this.nextLength === this.lengthCount) return false;
    frame.attach(this.bytes);
    let argumentCount = this.lengths[this.nextLength++];
    for (; argumentCount > 0; argumentCount--) {
      const length = this.lengths[this.nextLength++];
      frame.append(this.nextByte, length);
      this.nextByte += length;
    }
    return true;
  }

  /** `shift` begins with the first command again. */
  rewind(): void {
    this.nextLength = 0;
    this.nextByte = 0;
  }

  clear(): void {
    this.count = 0;
    this.byteCount = 0;
    this.lengthCount = 0;
    this.nextLength = 0;
    this.nextByte = 0;
  }

  private reserve(byteCount: number, lengthCount: number): void {
    const bytesWanted = this.byteCount + byteCount;
    if (bytesWanted > this.bytes.length) {
      const grown = new Uint8Array(Math.max(bytesWanted, this.bytes.length * 2));
      grown.set(this.bytes.subarray(0, this.byteCount));
      this.bytes = grown;
    }
    const lengthsWanted = this.lengthCount + lengthCount;
    if (lengthsWanted > this.lengths.length) {
      const grown = new Uint32Array(Math.max(lengthsWanted, this.lengths.length * 2));
      grown.set(this.lengths.subarray(0, this.lengthCount));
      this.lengths = grown;
    }
  }
}
