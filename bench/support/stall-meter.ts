import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type RunningServer, waitFor } from '../../tests/support/server.ts';
import { startInMemory } from './in-memory.ts';

const PROBE = path.join(import.meta.dirname, 'stall-probe.js');

export interface Stall {
  /** Longest turn without the waits for a core. */
  readonly longestMs: number;
  /** As the clock on the wall saw it. */
  readonly longestRawMs: number;
}

/** Our server with the probe inside, and an idle process with the same probe beside it. */
export class StallMeter {
  readonly server: RunningServer;
  private readonly control: ChildProcess;
  private readonly folder: string;

  private constructor(server: RunningServer, control: ChildProcess, folder: string) {
    this.server = server;
    this.control = control;
    this.folder = folder;
  }

  static async start(args: readonly string[] = []): Promise<StallMeter> {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stall-'));
    const server = await startInMemory({
      args,
      nodeArgs: ['--import', PROBE],
      env: { STALL_PROBE_FILE: path.join(folder, 'server') },
    });
    const idle = 'process.stdin.resume()';
    const control = spawn(process.execPath, ['--import', PROBE, '-e', idle], {
      env: { ...process.env, STALL_PROBE_FILE: path.join(folder, 'control') },
      stdio: ['pipe', 'ignore', 'inherit'],
    });
    const meter = new StallMeter(server, control, folder);
    // The first figures cover the start itself.
    await meter.read();
    return meter;
  }

  /** Runs the work and tells the longest stall during it, here and in the control process. */
  async during(work: () => Promise<void>): Promise<{ server: Stall; control: Stall }> {
    await this.read();
    await work();
    return this.read();
  }

  async stop(): Promise<void> {
    this.control.kill();
    await this.server.stop();
    fs.rmSync(this.folder, { recursive: true, force: true });
  }

  private async read(): Promise<{ server: Stall; control: Stall }> {
    const [server, control] = await Promise.all([
      this.readOne('server', this.server.pid),
      this.readOne('control', this.control.pid as number),
    ]);
    return { server, control };
  }

  private async readOne(name: string, pid: number): Promise<Stall> {
    const file = path.join(this.folder, name);
    fs.rmSync(file, { force: true });
    const mask = () => fs.readFileSync(`/proc/${pid}/status`, 'utf8').match(/SigCgt:\s*(\w+)/)?.[1];
    // Until the probe has set its handler the signal would end the process.
    await waitFor(`the probe in ${name}`, 10_000, () => {
      const caught = BigInt(`0x${mask() ?? '0'}`);
      return (caught >> 11n) & 1n ? true : undefined;
    });
    process.kill(pid, 'SIGUSR2');
    await waitFor(`the figures of ${name}`, 30_000, () => fs.existsSync(file) || undefined);
    return JSON.parse(fs.readFileSync(file, 'utf8')) as Stall;
  }
}
