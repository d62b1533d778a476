import { assert } from '../../base/errors.ts';

interface PendingWrite {
  readonly bytes: Uint8Array;
  start: number;
  readonly end: number;
}

/** What a program has written to a socket, and the kernels have no room for yet. */
export class PendingWrites {
  byteCount = 0;
  private writes: PendingWrite[] = [];
  private isDrainDue = false;
  private readonly pass: (bytes: Uint8Array, start: number, end: number) => number;

  /** @param pass  hands to the other end what it has room for, and tells how much that was */
  constructor(pass: (bytes: Uint8Array, start: number, end: number) => number) {
    this.pass = pass;
  }

  /** @returns whether all of it was passed on; else the bytes are read later, and must stay */
  write(bytes: Uint8Array, start: number, end: number): boolean {
    assert(start >= 0 && start <= end && end <= bytes.length, 'a write lies within its buffer');
    const from = this.writes.length === 0 ? start + this.pass(bytes, start, end) : start;
    if (from === end) return true;
    this.writes.push({ bytes, start: from, end });
    this.byteCount += end - from;
    this.isDrainDue = true;
    return false;
  }

  clear(): void {
    this.writes = [];
    this.byteCount = 0;
  }

  /** Passes on what there is room for by now. @returns whether there was something */
  move(): boolean {
    let movedBytes = 0;
    while (this.writes.length > 0) {
      const head = this.writes[0];
      const count = this.pass(head.bytes, head.start, head.end);
      movedBytes += count;
      head.start += count;
      this.byteCount -= count;
      if (head.start < head.end) break;
      this.writes.shift();
    }
    return movedBytes > 0;
  }

  /** Whether the program is to be told that all is gone: once, after some had to wait. */
  takeDrain(): boolean {
    const isDue = this.isDrainDue && this.byteCount === 0;
    if (isDue) this.isDrainDue = false;
    return isDue;
  }
}
