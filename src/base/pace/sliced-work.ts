/**
 * Long work in short slices, so that clients are served between them: 1 ms of each 5 while
 * commands come, half of the time while none do.
 */
import type { Timer, World } from '../world.ts';

/** For work that must end before anything else happens: no promise settles meanwhile. */
export const NEVER_LATE = () => false;

export interface SlicePace {
  readonly sliceMs: number;
  readonly busyPauseMs: number;
  readonly idlePauseMs: number;
}

export const BACKGROUND_PACE: SlicePace = { sliceMs: 1, busyPauseMs: 4, idlePauseMs: 1 };
/** Nobody is served but with errors: as much as can be, and yet they are answered. */
export const LOADING_PACE: SlicePace = { sliceMs: 20, busyPauseMs: 0, idlePauseMs: 0 };

export interface SlicedWorkOptions {
  readonly world: World;
  readonly pace: SlicePace;
  /** Grows with each command: tells whether somebody is served meanwhile. */
  readonly commandCount: () => number;
  /** It must come to its end soon: no pauses but for what came meanwhile. */
  readonly isPressed?: () => boolean;
  /** @returns whether all is done. What it throws ends the work. */
  readonly step: (isLate: () => boolean) => boolean;
  readonly onDone: () => void;
  readonly onFailed: (error: unknown) => void;
}

export class SlicedWork {
  private readonly options: SlicedWorkOptions;
  private timer: Timer | null = null;
  private commandCount = 0;
  private endMs = 0;
  private isOver = false;
  private readonly isLate = () => this.options.world.clock.monotonicMs() >= this.endMs;

  constructor(options: SlicedWorkOptions) {
    this.options = options;
    this.commandCount = options.commandCount();
    this.timer = options.world.timers.after(0, () => this.runSlice());
  }

  /** All that is left, now. Neither `onDone` nor `onFailed` is called; throws as `step` does. */
  finish(): void {
    this.stop();
    while (!this.options.step(NEVER_LATE));
  }

  stop(): void {
    this.isOver = true;
    this.timer?.cancel();
    this.timer = null;
  }

  private runSlice(): void {
    this.timer = null;
    const { commandCount, onDone, onFailed, pace, step, world } = this.options;
    this.endMs = world.clock.monotonicMs() + pace.sliceMs;
    let isDone: boolean;
    try {
      isDone = step(this.isLate);
    } catch (error) {
      this.stop();
      onFailed(error);
      return;
    }
    if (this.isOver) return;
    if (isDone) {
      this.stop();
      onDone();
      return;
    }
    const count = commandCount();
    let pauseMs = count === this.commandCount ? pace.idlePauseMs : pace.busyPauseMs;
    if (this.options.isPressed?.() === true) pauseMs = 0;
    this.commandCount = count;
    this.timer = world.timers.after(pauseMs, () => this.runSlice());
  }
}
