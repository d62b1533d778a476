/** A real cluster on this machine, run by `hypercache cluster` as a person would. */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { plainReply, type Reply } from '../../src/testing/reply-decoder.ts';
import { request } from '../http/http-kit.ts';
import { compareImages, readImage } from '../support/keyspace-image.ts';
import { patiently } from '../support/patience.ts';
import { MAIN, waitFor } from '../support/server.ts';
import { type Argument, WireClient } from '../support/wire-client.ts';

/** A test, or whatever else has an end. */
export interface Ending {
  after(close: () => unknown): void;
}

export interface LocalCluster {
  readonly baseDir: string;
  readonly nodes: readonly ClusterNode[];
  /** `hypercache cluster <args> --base-dir ...`; fails the test unless the exit code is `code`. */
  run(args: readonly string[], code?: number): Promise<string>;
  /** The next number, filled when it returns. */
  add(): Promise<ClusterNode>;
  /** Starts those that do not run. */
  restart(): Promise<void>;
}

export interface ClusterNode {
  readonly name: string;
  readonly port: number;
  readonly httpPort: number;
  readonly logPath: string;
  /** A client of its own, that lives as long as the node. Replies as plain values. */
  call(...args: Argument[]): Promise<unknown>;
  connect(): Promise<WireClient>;
  ask(method: string, path: string, json?: unknown): ReturnType<typeof request>;
  signal(signal: NodeJS.Signals): void;
}

/** Of RESP; those of HTTP lie 1,000 above, of gossip and link 134 and 1,134 below. */
const BASE_PORT_MIN = 21_200;
const BASE_PORT_MAX = 29_000;
const PORT_OFFSETS = [0, 1_000, -134, -1_134];
const NODE_COUNT_MAX = 8;
const START_WITHIN_MS = 40_000;
const DEBUG_ALLOWED = '--security.enable_debug_command=yes';

/** It is stopped, and its files go, when the test ends. */
export async function startCluster(
  t: Ending,
  { nodeCount = 3, settings = [] }: { nodeCount?: number; settings?: readonly string[] } = {},
): Promise<LocalCluster> {
  const baseDir = fs.mkdtempSync(path.join(os.tmpdir(), 'hypercache-cluster-'));
  const port = await findFreePorts();
  const nodes: ClusterNode[] = [];
  const run = async (args: readonly string[], code = 0): Promise<string> => {
    const ran = await runCommand(['cluster', args[0]!, '--base-dir', baseDir, ...args.slice(1)]);
    if (ran.code === code) return ran.output;
    throw new Error(`cluster ${args.join(' ')} ended with ${ran.code}:\n${ran.output}`);
  };
  const nodeOf = (number: number) => clusterNode(t, baseDir, number, port + number - 1);
  t.after(() => tearDown(baseDir));
  await run(['start', '--nodes', `${nodeCount}`, '--port', `${port}`, DEBUG_ALLOWED, ...settings]);
  for (let number = 1; number <= nodeCount; number++) nodes.push(nodeOf(number));
  return {
    baseDir,
    nodes,
    run,
    async add() {
      await run(['add']);
      const node = nodeOf(nodes.length + 1);
      nodes.push(node);
      return node;
    },
    async restart() {
      await run(['start', '--nodes', `${nodes.length}`, DEBUG_ALLOWED, ...settings]);
    },
  };
}

export async function runCommand(
  args: readonly string[],
): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const timer = setTimeout(() => child.kill('SIGKILL'), patiently(START_WITHIN_MS));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (bytes: Buffer) => {
      output += bytes.toString();
    });
  }
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  clearTimeout(timer);
  return { code, output };
}

/** The first of so many ports in each range that nobody has. */
export async function findFreePorts(): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const span = (BASE_PORT_MAX - BASE_PORT_MIN) / NODE_COUNT_MAX;
    const first = BASE_PORT_MIN + NODE_COUNT_MAX * Math.floor(Math.random() * span);
    const ports = PORT_OFFSETS.flatMap((offset) =>
      Array.from({ length: NODE_COUNT_MAX }, (_, i) => first + offset + i),
    );
    const free = await Promise.all(ports.map(canBind));
    if (free.every(Boolean)) return first;
  }
  throw new Error('no free ports found');
}

function canBind(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

function clusterNode(t: Ending, baseDir: string, number: number, port: number): ClusterNode {
  const name = `node-${number}`;
  const stem = path.join(baseDir, 'run', name);
  let client: WireClient | null = null;
  const connect = async (): Promise<WireClient> => {
    const opened = await WireClient.connect(port);
    t.after(() => opened.end());
    return opened;
  };
  return {
    name,
    port,
    httpPort: port + 1_000,
    logPath: `${stem}.log`,
    connect,
    async call(...args) {
      if (client === null || client.isClosed) client = await connect();
      return plain(await client.call(...args));
    },
    ask: (method, at, json) =>
      request(port + 1_000, { method, path: at, ...(json === undefined ? {} : { json }) }),
    signal(signal) {
      process.kill(JSON.parse(fs.readFileSync(`${stem}.json`, 'utf8')).pid, signal);
    },
  };
}

/** An error as its text with `-` before it; numbers that fit as numbers. */
export function plain(reply: Reply): unknown {
  if (reply.kind === 'error') return `-${reply.text}`;
  if (reply.kind === 'integer') return Number(reply.value);
  if (reply.kind === 'array') return reply.items.map(plain);
  return plainReply(reply);
}

/** What a failed test left is killed: by its own record alone. */
async function tearDown(baseDir: string): Promise<void> {
  await runCommand(['cluster', 'stop', '--base-dir', baseDir]);
  fs.rmSync(baseDir, { recursive: true, force: true, maxRetries: 5 });
}

/** Each node sees so many. */
export async function waitUntilWhole(nodes: readonly ClusterNode[], withinMs = 20_000) {
  for (const node of nodes) {
    await waitFor(`${node.name} to see ${nodes.length} nodes`, withinMs, async () => {
      const { json, status } = await node.ask('GET', '/health').catch(() => NOBODY);
      return (status === 200 && json.cluster_size === nodes.length) || undefined;
    });
  }
}

const NOBODY = { status: 0, json: {} as { cluster_size?: number } };

/** All of them hold the same, in every database of every store. */
export async function waitUntilEqual(nodes: readonly ClusterNode[], withinMs = 5_000) {
  let last = '';
  try {
    await waitFor('all nodes to hold the same', withinMs, async () => {
      const digests = await Promise.all(nodes.map((node) => node.call('DEBUG', 'DIGEST')));
      last = digests.join(' ');
      return new Set(digests).size === 1 || undefined;
    });
  } catch (error) {
    const differences = await differencesOf(nodes);
    throw new Error(`${(error as Error).message}: ${last}\n${differences.join('\n')}`);
  }
}

/** Of the default store: one line a difference from what the first node holds. */
export async function differencesOf(nodes: readonly ClusterNode[]): Promise<string[]> {
  const images = await Promise.all(
    nodes.map(async (node) => {
      const client = await node.connect();
      const image = await readImage(client);
      client.end();
      return image;
    }),
  );
  const nowMs = Date.now();
  return images
    .slice(1)
    .flatMap((image, i) =>
      compareImages(images[0]!, image, { nowMs, slackMs: 1_000 }).map(
        (line) => `${nodes[0]!.name} and ${nodes[i + 1]!.name}: ${line}`,
      ),
    );
}
