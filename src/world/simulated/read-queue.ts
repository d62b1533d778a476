import type { SocketHandler } from '../../base/world.ts';
import type { SeededRandom } from './seeded-random.ts';

/** How a peer's bytes are cut into reads: `seeded` mixes single bytes, small pieces and all. */
export type Fragmentation = 'seeded' | 'whole' | 'bytes';

const READ_BUFFER_BYTES = 64 * 1024;
/** One for all sockets, as in the real one, and spoilt after every read: nobody may keep it. */
const READ_BUFFER = new Uint8Array(READ_BUFFER_BYTES);
const SPOILT = 0xdd;

/** Bytes that have arrived at a socket and were not read yet. */
export class ReadQueue {
  byteCount = 0;
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
   * One read of a queue that is not empty.
   * @param handler  null: into nowhere
   * @returns        how many bytes it took
   */
  read(fragmentation: Fragmentation, handler: SocketHandler | null): number {
    const count = this.take(this.chooseBytes(fragmentation));
    handler?.onReadable(READ_BUFFER, 0, count);
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
