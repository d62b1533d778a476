import type { SocketHandler } from '../../base/world.ts';
import type { SeededRandom } from './seeded-random.ts';

/** How a peer's bytes are cut into reads: `seeded` mixes single bytes, small pieces and all. */
export type Fragmentation = 'seeded' | 'whole' | 'bytes';

export const NOTHING = -1;

const READ_BUFFER_BYTES = 64 * 1024;
/** One for all sockets, as in the real one, and spoilt after every read: nobody may keep it. */
const READ_BUFFER = new Uint8Array(READ_BUFFER_BYTES);
const SPOILT = 0xdd;

/** Bytes that have arrived at a socket and were not read yet, and perhaps the end behind them. */
export class ReadQueue {
  byteCount = 0;
  /** The program does not read for now. */
  isPaused = false;
  /** The other end sends no more. */
  hasEnd = false;
  private isEndTold = false;
  private pieces: Uint8Array[] = [];
  private readonly random: SeededRandom;

  constructor(random: SeededRandom) {
    this.random = random;
  }

  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.pieces.push(bytes);
    this.byteCount += bytes.length;
  }

  clear(): void {
    this.pieces = [];
    this.byteCount = 0;
  }

  /**
   * What one loop turn brings: some bytes, or the end.
   * @param handler   null: nobody reads
   * @param isEnding  the program has ended: what comes is read into nowhere
   * @returns         how many bytes were read; NOTHING: neither bytes nor the end were there
   */
  read(fragmentation: Fragmentation, handler: SocketHandler | null, isEnding: boolean): number {
    if (this.isPaused || handler === null) return NOTHING;
    if (this.byteCount === 0) {
      if (!this.hasEnd || this.isEndTold) return NOTHING;
      this.isEndTold = true;
      if (!isEnding) handler.onEnd();
      return 0;
    }
    const count = this.take(this.chooseBytes(fragmentation));
    if (!isEnding) handler.onReadable(READ_BUFFER, 0, count);
    READ_BUFFER.fill(SPOILT, 0, count);
    return count;
  }

  private take(wanted: number): number {
    let count = 0;
    while (this.pieces.length > 0 && count < wanted) {
      const head = this.pieces[0];
      const part = head.subarray(0, wanted - count);
      READ_BUFFER.set(part, count);
      count += part.length;
      if (part.length === head.length) this.pieces.shift();
      else this.pieces[0] = head.subarray(part.length);
    }
    this.byteCount -= count;
    return count;
  }

  private chooseBytes(fragmentation: Fragmentation): number {
    if (fragmentation === 'bytes') return 1;
    if (fragmentation === 'whole') return READ_BUFFER_BYTES;
    const shape = this.random.below(4);
    if (shape === 0) return 1;
    if (shape === 1) return 1 + this.random.below(16);
    if (shape === 2) return 1 + this.random.below(1460);
    return READ_BUFFER_BYTES;
  }
}
