import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { patiently } from './patience.ts';

/** The repository's top, seen from `.build/tests/support/`. */
export const ROOT = path.resolve(import.meta.dirname, '../../..');
/** TEST_MAIN names another build, for a comparison that outlives changes of the work tree. */
export const MAIN = process.env['TEST_MAIN'] ?? path.join(ROOT, 'dist/main.js');

/**
 * Nodes of tests run side by side and cannot all have the usual ports of HTTP and of the cluster;
 * those that are asked for either are told ports of their own.
 */
process.env['HYPERCACHE_HTTP_ENABLED'] ??= 'no';
process.env['HYPERCACHE_CLUSTER_ENABLED'] ??= 'no';

/** Told to end, as by the runner when a test takes too long, it ends what it has started. */
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

/** Below the kernel's ephemeral range, so that no outgoing connection sits on a chosen port. */
const PORT_MIN = 21_000;
const PORT_MAX = 32_000;
const READY_WITHIN_MS = 10_000;
const STOP_WITHIN_MS = 20_000;

/** A server process under test or beside it. */
export interface RunningServer {
  readonly name: string;
  readonly port: number;
  readonly pid: number;
  readonly process: ChildProcess;
  /** All it printed so far. */
  readonly output: () => string;
  /** SIGTERM, then waits. @returns the exit code, or the signal's name */
  stop(signal?: NodeJS.Signals): Promise<number | string>;
}

export interface StartOptions {
  readonly port?: number;
  readonly args?: readonly string[];
  /** Node's own flags, before the program. */
  readonly nodeArgs?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Starts the built binary and waits until it answers PING. TEST_SERVER=redis-server puts Debian's
 * in its place, which shows whether a failing test or the server is wrong.
 */
export async function startOurs(options: StartOptions = {}): Promise<RunningServer> {
  if (process.env['TEST_SERVER'] === 'redis-server') return startRedis(options);
  if (!fs.existsSync(MAIN)) throw new Error(`${MAIN} is missing: npm run build`);
  const port = options.port ?? (await findFreePort());
  const args = [...(options.nodeArgs ?? []), MAIN, '--port', String(port), ...(options.args ?? [])];
  return launch('hypercache', process.execPath, args, port, options.env);
}

/** Starts Debian's redis-server, without any persistence. */
export async function startRedis(options: StartOptions = {}): Promise<RunningServer> {
  const port = options.port ?? (await findFreePort());
  const quiet = ['--save', '', '--appendonly', 'no', '--daemonize', 'no', '--bind', '127.0.0.1'];
  const args = ['--port', String(port), ...quiet, ...(options.args ?? [])];
  return launch('redis-server', 'redis-server', args, port, options.env);
}

/**
 * For `{ skip: skipWithout('redis-server') }`: false when the program is there. Under CI=true a
 * missing program is an error, because a skipped comparison must not look like a passed one.
 */
export function skipWithout(program: string): string | false {
  if (spawnSync('sh', ['-c', `command -v ${program}`]).status === 0) return false;
  if (process.env['CI'] === 'true') throw new Error(`${program} is not installed`);
  return `${program} is not installed`;
}

const scratchFolders: string[] = [];

/**
 * For the data of servers. It ends with the process of the test: a folder that goes before its
 * server may be written to while it goes.
 */
export function scratchFolder(): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hypercache-scratch-'));
  if (scratchFolders.push(folder) === 1) process.on('exit', removeScratchFolders);
  return folder;
}

function removeScratchFolders(): void {
  for (const folder of scratchFolders) {
    fs.rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

export async function findFreePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = PORT_MIN + Math.floor(Math.random() * (PORT_MAX - PORT_MIN));
    if (await canBind(port)) return port;
  }
  throw new Error('no free port found');
}

/** Polls until `probe` gives something, for real processes only; patiently. */
export async function waitFor<T>(
  what: string,
  withinMs: number,
  probe: () => Promise<T | undefined> | T | undefined,
): Promise<T> {
  const deadline = Date.now() + patiently(withinMs);
  for (;;) {
    const found = await probe();
    if (found !== undefined) return found;
    if (Date.now() > deadline) {
      throw new Error(`waited ${patiently(withinMs)} ms in vain for ${what}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function launch(
  name: string,
  command: string,
  args: readonly string[],
  port: number,
  env: Readonly<Record<string, string>> = {},
): Promise<RunningServer> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), `${name}-test-`));
  const child = spawn(command, args, {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const text: string[] = [];
  child.stdout.on('data', (chunk: Buffer) => keepTail(text, chunk));
  child.stderr.on('data', (chunk: Buffer) => keepTail(text, chunk));
  let startError = '';
  child.on('error', (error) => {
    startError = error.message;
  });
  const exited = new Promise<number | string>((resolve) => {
    child.on('close', (code, signal) => {
      fs.rmSync(folder, { recursive: true, force: true });
      resolve(code ?? signal ?? -1);
    });
  });
  const killAtExit = () => child.kill('SIGKILL');
  process.on('exit', killAtExit);
  const server: RunningServer = {
    name,
    port,
    pid: child.pid ?? -1,
    process: child,
    output: () => text.join(''),
    async stop(signal = 'SIGTERM') {
      child.kill(signal);
      const timer = setTimeout(() => child.kill('SIGKILL'), patiently(STOP_WITHIN_MS));
      const result = await exited;
      clearTimeout(timer);
      process.off('exit', killAtExit);
      return result;
    },
  };
  try {
    await waitFor(`${name} to answer PING`, READY_WITHIN_MS, async () => {
      if (child.exitCode !== null || startError) throw new Error(`${name} ended at start`);
      return (await answersPing(port)) || undefined;
    });
  } catch (error) {
    await server.stop('SIGKILL');
    throw new Error(`${(error as Error).message} ${startError}\n${server.output()}`);
  }
  return server;
}

function keepTail(text: string[], chunk: Buffer): void {
  text.push(chunk.toString());
  if (text.length > 1_000) text.splice(0, 500);
}

function canBind(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

function answersPing(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    const finish = (isGood: boolean) => {
      socket.destroy();
      resolve(isGood);
    };
    socket.setTimeout(patiently(2_000), () => finish(false));
    socket.once('error', () => finish(false));
    socket.once('close', () => finish(false));
    // With a password the answer is NOAUTH.
    socket.once('data', (bytes) => finish(/^(\+PONG|-NOAUTH)/.test(bytes.toString())));
    socket.write('PING\r\n');
  });
}
