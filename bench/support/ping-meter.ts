import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { RunningServer } from '../../tests/support/server.ts';
import type { Stall } from './stall-meter.ts';

const CHILD = path.join(import.meta.dirname, 'ping-child.js');

/** How long another client waits for its PING, whoever the server is. */
export class PingMeter {
  private readonly child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.child = child;
  }

  static async start({ port, pid }: RunningServer): Promise<PingMeter> {
    const child = spawn(process.execPath, [CHILD, String(port), String(pid), '0'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const meter = new PingMeter(child);
    // The first figures cover the start itself.
    await meter.read();
    return meter;
  }

  /** Runs the work and tells the longest that a PING took meanwhile. */
  async during(work: () => Promise<void>): Promise<Stall> {
    await this.read();
    await work();
    return this.read();
  }

  stop(): void {
    this.child.stdin?.end();
  }

  private async read(): Promise<Stall> {
    const { stdin, stdout } = this.child;
    if (stdin === null || stdout === null) throw new Error('the pinging process has no pipes');
    stdin.write('\n');
    const [chunk] = (await once(stdout, 'data')) as [Buffer];
    return JSON.parse(String(chunk)) as Stall;
  }
}
