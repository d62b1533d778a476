/** A server process that is killed and started again over the same data. */
import { type ChildProcess, spawn } from 'node:child_process';
import { patiently } from '../support/patience.ts';
import { MAIN } from '../support/server.ts';
import { WireClient } from '../support/wire-client.ts';

export type SyncPolicy = 'always' | 'everysec' | 'no';

export interface VictimOptions {
  readonly program: 'hypercache' | 'redis-server';
  readonly port: number;
  readonly folder: string;
  readonly policy: SyncPolicy;
  /** What runs it: `strace` and its flags, or nothing. */
  readonly wrapper?: readonly string[];
  readonly args?: readonly string[];
}

const START_WITHIN_MS = 20_000;

export class Victim {
  readonly process: ChildProcess;
  private readonly port: number;
  private readonly text: string[] = [];
  private readonly exited: Promise<string>;

  constructor({ program, port, folder, policy, wrapper = [], args = [] }: VictimOptions) {
    const head = program === 'hypercache' ? [process.execPath, MAIN] : ['redis-server'];
    const words = [
      ...wrapper,
      ...head,
      ...['--port', String(port), '--dir', folder, '--save', ''],
      ...['--appendonly', 'yes', '--appendfsync', policy],
      // Rewrites by themselves, and often.
      ...['--auto-aof-rewrite-min-size', '64kb', '--auto-aof-rewrite-percentage', '60'],
      ...args,
    ];
    const [command, ...rest] = words;
    this.port = port;
    this.process = spawn(command, rest, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.text.push(chunk.toString());
        if (this.text.length > 400) this.text.splice(0, 200);
      });
    }
    this.exited = new Promise((resolve) => {
      this.process.on('error', (error) => resolve(error.message));
      this.process.on('close', (code, signal) => resolve(String(code ?? signal)));
    });
    const killAtExit = () => this.process.kill('SIGKILL');
    process.on('exit', killAtExit);
    void this.exited.then(() => process.off('exit', killAtExit));
  }

  get output(): string {
    return this.text.join('');
  }

  /** Waits until it has read what lies on disk. */
  async ready(): Promise<WireClient> {
    const deadline = Date.now() + patiently(START_WITHIN_MS);
    let hasEnded = false;
    void this.exited.then(() => {
      hasEnded = true;
    });
    for (;;) {
      if (hasEnded) throw new Error(`the server ended at its start:\n${this.output}`);
      if (Date.now() > deadline) throw new Error(`the server does not answer:\n${this.output}`);
      const client = await this.tryPing();
      if (client !== null) return client;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** @returns once it is gone */
  async end(signal: NodeJS.Signals): Promise<string> {
    this.process.kill(signal);
    return this.exited;
  }

  private async tryPing(): Promise<WireClient | null> {
    let client: WireClient | null = null;
    try {
      client = await WireClient.connect(this.port);
      const reply = await client.call('PING');
      if (reply.kind === 'simple') return client;
    } catch {
      // Not listening yet.
    }
    client?.end();
    return null;
  }
}
