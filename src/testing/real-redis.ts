import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeCommand, plainReply, type Reply, ReplyDecoder } from './reply-decoder.ts';

/** A redis-server of the machine, alone in a directory of its own: the oracle of many tests. */
export interface RealRedis {
  readonly port: number;
  readonly directory: string;
  /** Sends one command, as words; the reply of an error is its text after `-`. */
  call(...words: string[]): Promise<RedisReply>;
  /** Its configuration file as it is now. */
  readFile(): string;
  stop(): Promise<void>;
}

export type RedisReply = string | number | null | RedisReply[];

const START_MS_MAX = 10_000;
const PORT_MIN = 20_000;
const PORT_COUNT = 12_000;

/**
 * @param fileText  its configuration file; none unless given
 * @returns         null where there is no redis-server; with CI=true that is an error
 */
export async function startRealRedis({
  fileText,
  flags = [],
}: {
  fileText?: string;
  flags?: readonly string[];
} = {}): Promise<RealRedis | null> {
  const directory = mkdtempSync(join(tmpdir(), 'hypercache-redis-'));
  const file = join(directory, 'redis.conf');
  if (fileText !== undefined) writeFileSync(file, fileText);
  for (let attempt = 0; attempt < 20; attempt++) {
    const port = PORT_MIN + Math.floor(Math.random() * PORT_COUNT);
    const args = [...(fileText === undefined ? [] : [file]), '--port', String(port), ...flags];
    const child = spawn('redis-server', args, { cwd: directory, stdio: 'ignore' });
    const failure = await Promise.race([
      once(child, 'error').then(([error]) => (error as NodeJS.ErrnoException).code ?? 'ERROR'),
      once(child, 'exit').then(() => 'EXIT'),
      answers(port).then((isUp) => (isUp ? null : 'SILENT')),
    ]);
    if (failure === 'ENOENT') {
      rmSync(directory, { recursive: true });
      if (process.env['CI'] === 'true') throw new Error('redis-server is missing');
      return null;
    }
    if (failure !== null || child.exitCode !== null) {
      child.kill('SIGKILL');
      continue;
    }
    const client = new LineClient(port);
    // The port may be another test's, and our server about to give up.
    const told = /process_id:(\d+)/.exec(String(await client.call(['INFO', 'server'])));
    if (told !== null && Number(told[1]) !== child.pid) {
      client.close();
      child.kill('SIGKILL');
      continue;
    }
    return {
      port,
      directory,
      call: (...words) => client.call(words),
      readFile: () => readFileSync(file, 'utf8'),
      stop: async () => {
        client.close();
        const gone = once(child, 'exit');
        child.kill('SIGTERM');
        await gone;
        rmSync(directory, { recursive: true });
      },
    };
  }
  throw new Error('redis-server did not start');
}

async function answers(port: number): Promise<boolean> {
  const endMs = Date.now() + START_MS_MAX;
  while (Date.now() < endMs) {
    const socket = connect({ port, host: '127.0.0.1' });
    const isOpen = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    socket.destroy();
    if (isOpen) return true;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return false;
}

/** RESP2, one command at a time. */
class LineClient {
  private readonly socket: ReturnType<typeof connect>;
  private readonly decoder = new ReplyDecoder();
  private onReply: ((reply: RedisReply) => void) | null = null;
  private onGone: ((error: Error) => void) | null = null;

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1' });
    this.socket.setNoDelay(true);
    this.socket.on('data', (bytes: Buffer) => {
      for (const reply of this.decoder.feed(bytes)) {
        const onReply = this.onReply;
        this.onReply = null;
        onReply?.(plainOf(reply));
      }
    });
    this.socket.on('close', () => this.onGone?.(new Error('redis-server has gone')));
  }

  call(words: readonly string[]): Promise<RedisReply> {
    this.socket.write(encodeCommand(words));
    return new Promise((resolve, reject) => {
      this.onReply = resolve;
      this.onGone = reject;
    });
  }

  close(): void {
    this.socket.destroy();
  }
}

function plainOf(reply: Reply): RedisReply {
  if (reply.kind === 'error') return reply.text;
  return reply.kind === 'array' ? reply.items.map(plainOf) : (plainReply(reply) as RedisReply);
}
