import type { GcWatch, Host, HostCpu, HostMemory, Timer } from '../../base/world.ts';
import { FakeProcesses } from './fake-processes.ts';

type Signal = Parameters<Host['onSignal']>[0];

/** A machine that never changes by itself; what is written to it can be read back. */
export class FakeHost implements Host {
  pid = 4242;
  readonly hostname = 'simulated';
  readonly osName = 'Simulated 1.0 x86_64';
  readonly nodeVersion = 'v20.0.0';
  readonly executablePath = '/usr/bin/hypercache';
  readonly workingDirectory = '/';
  readonly cpuCount = 1;
  environment: Readonly<Record<string, string | undefined>> = {};
  isOutTerminal = false;
  isErrorTerminal = false;
  openFileCountMax = Number.POSITIVE_INFINITY;
  memoryBytesTotal = 8 * 1024 * 1024 * 1024;
  memory: HostMemory = {
    rssBytes: 64 * 1024 * 1024,
    heapUsedBytes: 16 * 1024 * 1024,
    heapTotalBytes: 32 * 1024 * 1024,
    arrayBufferBytes: 8 * 1024 * 1024,
  };
  cpu: HostCpu = { userS: 1, systemS: 0.5 };
  /** What every watch tells. */
  gc = { seconds: 0, count: 0 };
  /** Nobody reads standard output and error any more. */
  isDeaf = false;
  outText = '';
  errorText = '';
  readonly processes = new FakeProcesses();
  private readonly listeners = new Map<Signal, Set<() => void>>();

  processMark(pid: number): string {
    return pid === this.pid || this.processes.lives(pid) ? 'alive' : '';
  }

  /** The process has ended, in whatever way, and another runs. */
  replaceProcess(): void {
    this.pid++;
  }

  memoryUse(): HostMemory {
    return this.memory;
  }

  cpuUse(): HostCpu {
    return this.cpu;
  }

  watchGc(): GcWatch {
    const { gc } = this;
    return {
      get seconds() {
        return gc.seconds;
      },
      get count() {
        return gc.count;
      },
      cancel: () => {},
    };
  }

  writeOut(text: string): boolean {
    if (!this.isDeaf) this.outText += text;
    return !this.isDeaf;
  }

  writeError(text: string): boolean {
    if (!this.isDeaf) this.errorText += text;
    return !this.isDeaf;
  }

  onSignal(signal: Signal, callback: () => void): Timer {
    const callbacks = this.listeners.get(signal) ?? new Set();
    this.listeners.set(signal, callbacks);
    callbacks.add(callback);
    return { cancel: () => callbacks.delete(callback) };
  }

  /** @returns whether anybody listened; if not, a real process would have died */
  raiseSignal(signal: Signal): boolean {
    const callbacks = [...(this.listeners.get(signal) ?? [])];
    for (const callback of callbacks) callback();
    return callbacks.length > 0;
  }
}
