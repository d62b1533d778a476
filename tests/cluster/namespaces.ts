/**
 * Nodes on machines of their own, as far as their network is concerned: each in a network
 * namespace, all on one bridge, which this test reaches too. A node is cut off from another by a
 * route that swallows what it would send there, so any pattern of who hears whom can be made.
 *
 *     test 10.n.n.254 --- bridge --- 10.n.n.1  node-1
 *                            |------ 10.n.n.2  node-2
 *                            |------ 10.n.n.3  node-3
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { MAIN, waitFor } from '../support/server.ts';
import { type Argument, WireClient } from '../support/wire-client.ts';
import { plain } from './local-cluster.ts';

const RESP_PORT = 8080;
const HTTP_PORT = 9080;
const GOSSIP_PORT = 7946;
const CLUSTER_KEY = 'a key of the partition tests';
const READY_WITHIN_MS = 20_000;

export interface Machine {
  readonly name: string;
  readonly address: string;
  call(...args: Argument[]): Promise<unknown>;
  connect(): Promise<WireClient>;
  /** GET over HTTP, as JSON; of /metrics as text. */
  get(path: string): Promise<{ status: number; text: string }>;
  start(): Promise<void>;
  kill(): Promise<void>;
}

export interface Machines {
  readonly all: readonly Machine[];
  /** What `from` sends to `to` is lost from now on. */
  cut(from: Machine, to: Machine): void;
  heal(): void;
}

/**
 * For `{ skip: ... }`: false where namespaces can be had; under CI=true they must.
 * @param unshareWords  of other kinds that are needed, and a command to try in them
 */
export function skipWithoutNamespaces(...unshareWords: string[]): string | false {
  const name = `hc-try-${process.pid}`;
  const isMade = spawnSync('ip', ['netns', 'add', name]).status === 0;
  if (isMade) spawnSync('ip', ['netns', 'del', name]);
  const areOthers = unshareWords.length === 0 || spawnSync('unshare', unshareWords).status === 0;
  if (isMade && areOthers) return false;
  if (process.env['CI'] === 'true') throw new Error('namespaces are refused here');
  return 'namespaces are refused here';
}

export async function startMachines(
  t: TestContext,
  count: number,
  settings: readonly string[] = [],
): Promise<Machines> {
  const subnet = await makeBridge(t);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hypercache-machines-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  const all: Machine[] = [];
  for (let number = 1; number <= count; number++) {
    all.push(makeMachine(t, { subnet, number, count, folder, settings }));
  }
  const cuts: string[][] = [];
  const machines: Machines = {
    all,
    cut(from, to) {
      const words = ['-n', namespaceOf(subnet, from.name), 'route'];
      ip(...words, 'add', 'blackhole', `${to.address}/32`);
      cuts.push([...words, 'del', 'blackhole', `${to.address}/32`]);
    },
    heal() {
      for (const words of cuts.splice(0)) ip(...words);
    },
  };
  await Promise.all(all.map((machine) => machine.start()));
  for (const machine of all) {
    await waitFor(`${machine.name} to see all`, READY_WITHIN_MS, async () => {
      const answer = await machine.get('/health').catch(() => null);
      if (answer?.status !== 200) return undefined;
      return JSON.parse(answer.text).cluster_size === count || undefined;
    });
  }
  return machines;
}

interface MachineOptions {
  readonly subnet: number;
  readonly number: number;
  readonly count: number;
  readonly folder: string;
  readonly settings: readonly string[];
}

function makeMachine(t: TestContext, options: MachineOptions): Machine {
  const { count, folder, number, settings, subnet } = options;
  const name = `node-${number}`;
  const namespace = namespaceOf(subnet, name);
  const address = addressOf(subnet, number);
  makeNamespace(t, subnet, number);
  const seeds = Array.from({ length: count }, (_, i) => i + 1)
    .filter((other) => other !== number)
    .map((other) => `${addressOf(subnet, other)}:${GOSSIP_PORT}`);
  const args = [
    ...['--node-id', name, '--data-dir', path.join(folder, name), '--seeds', seeds.join(',')],
    ...['--bind', address, `--http.enabled=yes`, `--network.http_bind_addr=${address}`],
    ...['--cluster.enabled=yes', `--cluster.key=${CLUSTER_KEY}`, '--protected-mode', 'no'],
    ...[`--network.gossip_bind_addr=${address}`, '--security.enable_debug_command=yes'],
  ];
  let child: ChildProcess | null = null;
  let client: WireClient | null = null;
  const kill = async (): Promise<void> => {
    const running = child;
    if (running === null || running.exitCode !== null) return;
    const gone = new Promise((resolve) => running.once('close', resolve));
    running.kill('SIGKILL');
    await gone;
  };
  t.after(kill);
  const connect = async (): Promise<WireClient> => {
    const opened = await connectTo(address);
    t.after(() => opened.end());
    return opened;
  };
  return {
    name,
    address,
    connect,
    kill,
    async call(...words) {
      if (client === null || client.isClosed) client = await connect();
      return plain(await client.call(...words));
    },
    async get(at) {
      const response = await fetch(`http://${address}:${HTTP_PORT}${at}`);
      return { status: response.status, text: await response.text() };
    },
    async start() {
      const log = fs.openSync(path.join(folder, `${name}.log`), 'a');
      const command = ['netns', 'exec', namespace, process.execPath, MAIN, ...args, ...settings];
      child = spawn('ip', command, { stdio: ['ignore', log, log], cwd: folder });
      fs.closeSync(log);
      await waitFor(`${name} to answer`, READY_WITHIN_MS, async () => {
        if (child!.exitCode !== null) {
          throw new Error(fs.readFileSync(path.join(folder, `${name}.log`), 'utf8'));
        }
        return connectTo(address).then(
          (opened) => {
            opened.end();
            return true;
          },
          () => undefined,
        );
      });
    },
  };
}

/** A client from outside of loopback. */
async function connectTo(address: string): Promise<WireClient> {
  return WireClient.connectTo(net.connect(RESP_PORT, address));
}

export async function makeBridge(t: TestContext): Promise<number> {
  for (let attempt = 0; attempt < 20; attempt++) {
    const subnet = 16 + Math.floor(Math.random() * 200);
    const bridge = `hcbr${subnet}`;
    if (spawnSync('ip', ['link', 'add', bridge, 'type', 'bridge']).status !== 0) continue;
    t.after(() => void spawnSync('ip', ['link', 'del', bridge]));
    ip('addr', 'add', `${addressOf(subnet, 254)}/24`, 'dev', bridge);
    ip('link', 'set', bridge, 'up');
    return subnet;
  }
  throw new Error('no bridge could be made');
}

export function makeNamespace(t: TestContext, subnet: number, number: number): void {
  const namespace = namespaceOf(subnet, `node-${number}`);
  const outside = `hc${subnet}-${number}`;
  ip('netns', 'add', namespace);
  t.after(() => void spawnSync('ip', ['netns', 'del', namespace]));
  ip('link', 'add', outside, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace);
  ip('link', 'set', outside, 'master', `hcbr${subnet}`, 'up');
  ip('-n', namespace, 'addr', 'add', `${addressOf(subnet, number)}/24`, 'dev', 'eth0');
  ip('-n', namespace, 'link', 'set', 'eth0', 'up');
  ip('-n', namespace, 'link', 'set', 'lo', 'up');
}

export function namespaceOf(subnet: number, name: string): string {
  return `hc${subnet}-${name}`;
}

export function addressOf(subnet: number, number: number): string {
  return `10.${subnet}.${subnet}.${number}`;
}

function ip(...words: string[]): void {
  const { status, stderr } = spawnSync('ip', words, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`ip ${words.join(' ')}: ${stderr}`);
}
