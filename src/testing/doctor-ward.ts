/** A machine and a node for the doctor, on which nothing is wrong until a test spoils it. */
import assert from 'node:assert/strict';
import { NodeError } from '../base/errors.ts';
import type { RequestAnswer, RequestOptions, Socket } from '../base/world.ts';
import type { Verdict } from '../cli/doctor/check-row.ts';
import { runCommandLine } from '../cli/run-command-line.ts';
import { createSimulatedWorld, type SimulatedWorld } from '../world/simulated/simulated-world.ts';

export const GIB = 1024 ** 3;
export const PID = 77;
const NOW_MS = 1_767_225_600_000;

export interface Check {
  readonly check: string;
  readonly verdict: Verdict;
  readonly reason: string;
  readonly advice: string;
}

/** A machine as Linux has them, on which nothing is wrong; a test spoils it. */
export class Ward {
  readonly world: SimulatedWorld = createSimulatedWorld();
  /** What the node at a port answers, by path; null: none runs. */
  node: FakeNode | null = null;
  pong = '+PONG\r\n';
  readonly peers = new Map<number, FakeNode>();

  constructor() {
    const { disk, host, network } = this.world;
    this.write('/proc/meminfo', `MemTotal: ${8 * 1024 ** 2} kB\nMemAvailable: ${7 * 1024 ** 2} kB`);
    this.write('/proc/swaps', 'Filename Type Size Used Priority\n');
    this.write('/proc/sys/vm/overcommit_memory', '0\n');
    this.write('/proc/sys/net/core/somaxconn', '4096\n');
    this.write('/sys/kernel/mm/transparent_hugepage/enabled', 'always [madvise] never\n');
    this.write(`/proc/${PID}/cmdline`, 'node\0/usr/bin/hypercache\0--port\x008080\0');
    this.write(`/proc/${PID}/limits`, 'Max open files            20000     20000     files\n');
    this.write(`/proc/${PID}/status`, 'Name:\tnode\nVmSwap:\t       0 kB\n');
    disk.freeByteCount = 100 * GIB;
    Object.assign(host, { nodeVersion: 'v22.1.0', openFileCountMax: 20_000 });
    network.onRequest = (options) => this.answer(options);
  }

  write(path: string, text: string): void {
    this.world.disk.makeDirectory(path.slice(0, path.lastIndexOf('/')));
    this.world.disk.writeFileAtomic(path, Buffer.from(text));
  }

  /** A node that runs here, and finds nothing wrong. */
  run(): FakeNode {
    this.node = new FakeNode();
    this.listenToPing();
    return this.node;
  }

  /** What listens at the port of RESP answers each command alike. */
  listenToPing(): void {
    this.listen((socket) => {
      socket.setHandler({
        onReadable: () => {
          const bytes = Buffer.from(this.pong);
          socket.write(bytes, 0, bytes.length);
        },
        onDrained: () => {},
        onEnd: () => socket.destroy(),
        onClose: () => {},
      });
    });
  }

  /** Something has the port of RESP. */
  listen(onSocket: (socket: Socket) => void): void {
    void this.world.network.listen({ ...PLAIN, port: 8080 }, onSocket);
  }

  /** One more node, which all see. */
  addPeer(number: number): FakeNode {
    const peer = new FakeNode();
    const id = `node-${number}`;
    peer.process = { ...peer.process, id };
    const port = 9079 + number;
    this.peers.set(port, peer);
    this.node!.cluster.members.push(member(id, port));
    const size = this.node!.cluster.members.length;
    for (const node of [this.node!, ...this.peers.values()]) node.cluster.cluster_size = size;
    return peer;
  }

  async examine(...args: string[]): Promise<Check[]> {
    const { host } = this.world;
    host.outText = '';
    const code = await this.command('doctor', '--json', ...args);
    const { checks } = JSON.parse(host.outText) as { checks: Check[] };
    const hasFailed = checks.some(({ verdict }) => verdict === 'failure');
    assert.equal(code, hasFailed ? 1 : 0);
    return checks;
  }

  async command(...args: string[]): Promise<number> {
    const { world } = this;
    let code: number | null = null;
    const serve = async (): Promise<number> => assert.fail('nothing starts');
    const running = runCommandLine(args, { world, serve }).then((result) => {
      code = result;
    });
    while (code === null) {
      world.advance(1);
      await new Promise((resolve) => void setImmediate(resolve));
    }
    await running;
    return code;
  }

  private answer({ body = '', url }: RequestOptions): RequestAnswer {
    const { pathname, port } = new URL(url);
    const node = port === '9080' ? this.node : (this.peers.get(Number(port)) ?? null);
    if (node === null) throw new NodeError('REQUEST_FAILED', `${url}: ECONNREFUSED`);
    return node.answer(pathname, body);
  }
}

const PLAIN = {
  host: '127.0.0.1',
  backlog: 9,
  tls: null,
  socketPath: 'auto',
  keepAliveS: 0,
} as const;

/** Answers as a node does that finds nothing wrong; a test spoils it. */
export class FakeNode {
  issues: string[] = [];
  status = 200;
  process = { id: 'node-1', version: '0.0.0-unbundled', node_version: 'v22.1.0', pid: PID };
  connections = 3;
  memory = { used: GIB, limit: 4 * GIB, resident: GIB, pressure: 0.25, pressure_level: 'ok' };
  cluster = {
    mode: 'gossip',
    cluster_size: 1,
    table: { digest: 'a' },
    members: [member('node-1', 9080)],
    repair: [],
  };
  stores = { default: storeOf(0.9) };
  config: Record<string, Record<string, string>> = {
    cluster: { enabled: 'yes' },
    cache: { node_max_memory: String(4 * GIB) },
  };
  log = { failure: '', last_sync_duration_ms: 2, delayed_syncs: 0, last_rewrite_ok: true };
  snapshot = { last_ok: true, last_failure: '' };
  rejected = 0;
  clockAheadMs = 0;

  answer(path: string, body: string): RequestAnswer {
    if (path === '/health' && this.status !== 401) {
      return json(200, {
        status: this.issues.length > 0 ? 'unhealthy' : 'healthy',
        issues: this.issues,
      });
    }
    if (this.status !== 200) return json(this.status, { error: 'no' });
    const facts: Record<string, object> = {
      '/stats': {
        process: { ...this.process, connections: this.connections },
        memory: this.memory,
        cluster: this.cluster,
        stores: this.stores,
      },
      '/api/config': { config: this.config },
      '/api/cluster/status': this.cluster,
      '/api/admin/persistence-stats': {
        stores: { default: { log: this.log, snapshot: this.snapshot } },
      },
      '/api/command': { reply: this.reply(body) },
    };
    return json(200, facts[path] ?? {});
  }

  private reply(body: string): object {
    if (body.includes('INFO')) {
      return { type: 'verbatim', value: `rejected_connections:${this.rejected}\r\n` };
    }
    const us = Math.round((NOW_MS + this.clockAheadMs) * 1000);
    const parts = [Math.floor(us / 1e6), us % 1e6].map((value) => ({ value: String(value) }));
    return { type: 'array', value: parts };
  }
}

export function member(id: string, httpPort: number, status = 'alive') {
  return {
    node_id: id,
    address: '127.0.0.1',
    status,
    metadata: { http_port: httpPort, version: '0.0.0-unbundled', state: 'ready' },
  };
}

export function storeOf(hitRate: number) {
  return { items: 1, memory: 1, hits: 1e6, misses: 1e6, hit_rate: hitRate, evictions: 5 };
}

function json(status: number, facts: object): RequestAnswer {
  async function* body() {
    yield Buffer.from(JSON.stringify(facts));
  }
  return { status, body: body() };
}
