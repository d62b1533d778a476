/**
 * Where the commands of one page run: a folder of their own, with the `hypercache` of this build in
 * the path, and with free ports in the place of those that pages name.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { findFreePorts } from '../cluster/local-cluster.ts';
import { patiently } from '../support/patience.ts';
import { talk } from '../support/raw.ts';
import { MAIN, ROOT, scratchFolder, waitFor } from '../support/server.ts';

/** RESP, HTTP, gossip and links of six nodes: a distance from the first RESP port each. */
const FIRST_PORTS = { 8080: 0, 9080: 1_000, 7946: -134, 6946: -1_134 };
const NODE_COUNT = 6;
/** What redis-server and a second one listen on. */
const OTHER_PORTS = { 6379: 6, 6380: 7 };

const START_WITHIN_MS = 20_000;
const RUN_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 20_000;

export interface Ran {
  readonly code: number | null;
  /** Of both outputs, as they came. */
  readonly output: string;
}

export interface PageStage {
  readonly folder: string;
  /** A text with the ports of this stage. */
  placed(text: string): string;
  /** Runs to its end. */
  run(command: string, args: readonly string[], input?: string): Promise<Ran>;
  /** Starts a node by a shell command, in the place of the one before; returns when it is ready. */
  startNode(command: string): Promise<void>;
  /** A node with default settings, unless one was started before. */
  needNode(): Promise<void>;
  stopNode(): Promise<void>;
  close(): Promise<void>;
}

/** @param modules  `node_modules` in which programs of the page find the package */
export async function openStage(modules: string): Promise<PageStage> {
  const folder = scratchFolder();
  const firstPort = await findFreePorts();
  furnish(folder, modules, firstPort);
  const env = environmentOf(folder, firstPort);
  let node: StartedNode | null = null;
  const run = (command: string, args: readonly string[], input = '') =>
    runToEnd(spawn(command, args, { cwd: folder, env }), input);
  // Nodes of a cluster outlive whoever has started them.
  const stopCluster = () => {
    if (!fs.existsSync(path.join(folder, 'data/run'))) return;
    spawnSync('hypercache', ['cluster', 'stop'], { cwd: folder, env });
  };
  // Before the folder goes, by which they are found.
  process.prependListener('exit', stopCluster);
  const stopNode = async (): Promise<void> => {
    await node?.stop();
    node = null;
  };
  const startNode = async (command: string): Promise<void> => {
    await stopNode();
    node = startDetached(command, folder, env);
    await node.isReady();
  };
  return {
    folder,
    placed: (text) => placePorts(text, firstPort),
    run,
    startNode,
    async needNode() {
      if (node === null) await startNode('hypercache');
    },
    stopNode,
    async close() {
      await stopNode();
      stopCluster();
      process.off('exit', stopCluster);
    },
  };
}

function placePorts(text: string, firstPort: number): string {
  return text.replace(/\b\d{4}\b/g, (digits) => {
    const other = OTHER_PORTS[digits as unknown as keyof typeof OTHER_PORTS];
    if (other !== undefined) return String(firstPort + other);
    for (const [first, distance] of Object.entries(FIRST_PORTS)) {
      const number = Number(digits) - Number(first);
      if (number >= 0 && number < NODE_COUNT) return String(firstPort + distance + number);
    }
    return digits;
  });
}

/** `make` takes the build as it is: others may be using it. */
function furnish(folder: string, modules: string, firstPort: number): void {
  const bin = path.join(folder, 'bin');
  fs.mkdirSync(bin);
  fs.writeFileSync(path.join(folder, 'package.json'), '{"private":true,"type":"module"}');
  fs.symlinkSync(modules, path.join(folder, 'node_modules'));
  fs.symlinkSync(path.dirname(MAIN), path.join(folder, 'dist'));
  const make = spawnSync('sh', ['-c', 'command -v make'], { encoding: 'utf8' }).stdout.trim();
  const places = {
    hypercache: `
      [ "$1 $2" != 'cluster start' ] || set -- "$@" --port ${firstPort}
      exec '${process.execPath}' '${MAIN}' "$@"`,
    make: `
      [ "$1" != cluster ] || set -- "$@" ARGS='--port ${firstPort}'
      exec ${make} -s -f '${ROOT}/Makefile' -o dist/main.js "$@"`,
  };
  for (const [name, script] of Object.entries(places)) {
    fs.writeFileSync(path.join(bin, name), `#!/bin/sh${script}\n`, { mode: 0o755 });
  }
}

/** Settings of whoever runs the tests mean nothing here. */
function environmentOf(folder: string, firstPort: number): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('HYPERCACHE_'));
  return {
    ...Object.fromEntries(own),
    PATH: `${path.join(folder, 'bin')}:${process.env['PATH']}`,
    // What is typed at the prompt of redis-cli is shown as at the prompt: with types.
    FAKETTY: '1',
    HYPERCACHE_RESP_PORT: String(firstPort),
    HYPERCACHE_HTTP_PORT: String(firstPort + FIRST_PORTS[9080]),
    HYPERCACHE_GOSSIP_PORT: String(firstPort + FIRST_PORTS[7946]),
  };
}

interface StartedNode {
  isReady(): Promise<unknown>;
  /** Or waits until it has stopped by itself. */
  stop(): Promise<void>;
}

/** A group of its own, so that what a shell or `make` has started ends with it. */
function startDetached(command: string, cwd: string, env: NodeJS.ProcessEnv): StartedNode {
  const child = spawn('sh', ['-c', command], { cwd, env, detached: true });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (bytes: Buffer) => {
      output += bytes.toString();
    });
  }
  const closed = new Promise((resolve) => child.once('close', resolve));
  const signal = (name: NodeJS.Signals) => {
    const isRunning = child.exitCode === null && child.signalCode === null;
    if (child.pid !== undefined && isRunning) process.kill(-child.pid, name);
  };
  const killAtExit = () => signal('SIGKILL');
  process.on('exit', killAtExit);
  return {
    isReady: () =>
      waitFor(`a start by: ${command}`, START_WITHIN_MS, async () => {
        if (child.exitCode !== null) throw new Error(`${command}\n${output}`);
        const line = output.split('\n').find((text) => text.includes('"action":"started"'));
        return line !== undefined && (await isLoaded(JSON.parse(line).fields)) ? true : undefined;
      }),
    async stop() {
      signal('SIGTERM');
      const timer = setTimeout(killAtExit, patiently(STOP_WITHIN_MS));
      await closed;
      clearTimeout(timer);
      process.off('exit', killAtExit);
    },
  };
}

/** Whoever asks for a password tells by HTTP whether the data is loaded. */
async function isLoaded(ports: { resp_port: number; http_port: number }): Promise<boolean> {
  const reply = await talk(ports.resp_port, 'PING\r\nQUIT\r\n');
  if (!reply.startsWith('-NOAUTH')) return reply.startsWith('+PONG');
  return (await fetch(`http://127.0.0.1:${ports.http_port}/health/startup`)).ok;
}

async function runToEnd(child: ChildProcess, input: string): Promise<Ran> {
  const timer = setTimeout(() => child.kill('SIGKILL'), patiently(RUN_WITHIN_MS));
  let output = '';
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.on('data', (bytes: Buffer) => {
      output += bytes.toString();
    });
  }
  child.stdin!.on('error', () => {});
  child.stdin!.end(input);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  clearTimeout(timer);
  return { code, output };
}
