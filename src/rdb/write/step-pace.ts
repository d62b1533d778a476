import type { RdbBuffer } from '../rdb-buffer.ts';

const ELEMENT_COUNT_MAX = 256;
const STEP_BYTES_MAX = 64 * 1024;

/** Tells a generator when to yield. */
export class StepPace {
  private readonly buffer: RdbBuffer;
  private elementCount = 0;

  constructor(buffer: RdbBuffer) {
    this.buffer = buffer;
  }

  /**
   * After each element: whether the step has been long enough. Whoever drains the buffer does so
   * between two steps, so what is in it is what the step has written, or as good as.
   */
  isSpent(): boolean {
    if (++this.elementCount < ELEMENT_COUNT_MAX && this.buffer.length < STEP_BYTES_MAX)
      return false;
    this.elementCount = 0;
    return true;
  }
}
