import type { Processes, ProcessOptions } from '../../base/world.ts';

interface FakeProcess extends ProcessOptions {
  readonly pid: number;
  isAlive: boolean;
}

const FIRST_PID = 9001;

/** Processes that do nothing; a test says what becomes of them. */
export class FakeProcesses implements Processes {
  readonly started: FakeProcess[] = [];
  /** As they came. */
  readonly signals: { readonly pid: number; readonly signal: string }[] = [];
  /** Who gets SIGTERM goes on. */
  isStubborn = false;
  /** Called while somebody waits: a test lets time pass, or a process end. */
  onPause: (ms: number) => void = () => {};

  start(options: ProcessOptions): number {
    const pid = FIRST_PID + this.started.length;
    this.started.push({ ...options, pid, isAlive: true });
    return pid;
  }

  signal(pid: number, signal: 'SIGTERM' | 'SIGKILL'): boolean {
    this.signals.push({ pid, signal });
    const found = this.find(pid);
    if (found === undefined) return false;
    if (signal === 'SIGKILL' || !this.isStubborn) found.isAlive = false;
    return true;
  }

  async pause(ms: number): Promise<void> {
    this.onPause(ms);
  }

  lives(pid: number): boolean {
    return this.find(pid) !== undefined;
  }

  /** It ends by itself. */
  end(pid: number): void {
    const found = this.find(pid);
    if (found !== undefined) found.isAlive = false;
  }

  private find(pid: number): FakeProcess | undefined {
    return this.started.find((process) => process.pid === pid && process.isAlive);
  }
}
