import { LuaError } from './lua-value.ts';

/** What one script may still use. Filled for each script by the runtime. */
export class LuaBudget {
  /** Bytes of strings and tables that may still be made. Nothing is given back: an upper bound. */
  bytesLeft = 0;
  /** Steps until the runtime is asked whether to go on. */
  stepsLeft = 0;
  /** Bytes of the machine's stack that calls inside one another may still take. */
  stackLeft = 0;
  /** Asked when `stepsLeft` is used up and the code cannot be suspended; refills, or throws. */
  readonly #onStepsUsed: () => void;

  constructor(onStepsUsed: () => void) {
    this.#onStepsUsed = onStepsUsed;
  }

  /** Call before the bytes are made. */
  takeBytes(byteCount: number): void {
    this.bytesLeft -= byteCount;
    if (this.bytesLeft < 0) throw new LuaError('not enough memory', 0);
  }

  takeSteps(stepCount: number): void {
    this.stepsLeft -= stepCount;
    if (this.stepsLeft < 0) this.#onStepsUsed();
  }
}
