/** Three real nodes that are one cluster, with a password, one of them with a TLS port. */
import fs from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { makeTestCertificates } from '../../src/testing/certificates.ts';
import { findFreePorts, plain } from '../cluster/local-cluster.ts';
import { type RunningServer, scratchFolder, startOurs, waitFor } from '../support/server.ts';
import { type Argument, WireClient } from '../support/wire-client.ts';

export const PASSWORD = 'of-the-scraper';
const GOSSIP_BELOW = 134;
const HTTP_ABOVE = 1_000;
const DAYS_NEW = 90;
const DAYS_OLD = 5;

export interface StageNode {
  readonly name: string;
  readonly port: number;
  readonly httpPort: number;
  readonly dataDir: string;
  server: RunningServer;
  /** Logged in as the default user. */
  connect(): Promise<WireClient>;
  call(...args: Argument[]): Promise<unknown>;
  get(path: string, init?: RequestInit): Promise<{ status: number; text: string }>;
}

export interface Stage {
  readonly nodes: readonly StageNode[];
  /** One more, which hears of no other. */
  startStranger(): Promise<StageNode>;
  /** The first node shows a certificate that ends within days. */
  ageCertificate(): void;
}

export async function startStage(t: TestContext, settings: readonly string[]): Promise<Stage> {
  const first = await findFreePorts();
  const folder = scratchFolder();
  const writeCertificates = (days: number): void => {
    const { server } = makeTestCertificates(days);
    fs.writeFileSync(path.join(folder, 'node.crt'), server.certificate);
    fs.writeFileSync(path.join(folder, 'node.key'), server.key);
  };
  writeCertificates(DAYS_NEW);
  const tls = [
    ...['--tls-port', `${first + 6}`, '--tls-auth-clients', 'no'],
    ...['--tls-cert-file', path.join(folder, 'node.crt')],
    ...['--tls-key-file', path.join(folder, 'node.key')],
  ];
  const seeds = [0, 1, 2].map((i) => `127.0.0.1:${first + i - GOSSIP_BELOW}`).join(',');
  const nodes: StageNode[] = [];
  for (const i of [0, 1, 2]) {
    const own = ['--seeds', seeds, ...(i === 0 ? tls : []), ...settings];
    nodes.push(await startNode(t, `node-${i + 1}`, first + i, own));
  }
  for (const node of nodes) await waitUntilWhole(node, nodes.length);
  return {
    nodes,
    startStranger: () => startNode(t, 'stranger', first + 4, settings),
    ageCertificate() {
      writeCertificates(DAYS_OLD);
      process.kill(nodes[0]!.server.pid, 'SIGHUP');
    },
  };
}

async function startNode(
  t: TestContext,
  name: string,
  port: number,
  settings: readonly string[],
): Promise<StageNode> {
  const dataDir = path.join(scratchFolder(), name);
  const httpPort = port + HTTP_ABOVE;
  const server = await startOurs({
    port,
    args: [
      ...['--node-id', name, '--data-dir', dataDir],
      ...['--http.enabled=yes', '--http-port', `${httpPort}`],
      ...['--cluster.enabled=yes', '--gossip-port', `${port - GOSSIP_BELOW}`],
      ...[`--security.requirepass=${PASSWORD}`, '--security.enable_debug_command=yes'],
      ...settings,
    ],
  });
  t.after(() => server.stop('SIGKILL'));
  const connect = async (): Promise<WireClient> => {
    const opened = await WireClient.connect(port);
    t.after(() => opened.end());
    await opened.call('AUTH', PASSWORD);
    return opened;
  };
  let client: WireClient | null = null;
  return {
    name,
    port,
    httpPort,
    dataDir,
    server,
    connect,
    async call(...args) {
      if (client === null || client.isClosed) client = await connect();
      return plain(await client.call(...args));
    },
    async get(at, init = {}) {
      const headers = { authorization: `Bearer ${PASSWORD}`, ...init.headers };
      const answer = await fetch(`http://127.0.0.1:${httpPort}${at}`, { ...init, headers });
      return { status: answer.status, text: await answer.text() };
    },
  };
}

/** All nodes are ready, as it sees them. */
export async function waitUntilWhole(node: StageNode, count: number): Promise<void> {
  await waitFor(`${node.name} to see ${count} nodes`, 30_000, async () => {
    const { status, text } = await node.get('/health').catch(() => ({ status: 0, text: '{}' }));
    return (status === 200 && JSON.parse(text).cluster_size === count) || undefined;
  });
}
