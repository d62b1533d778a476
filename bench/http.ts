/**
 * Requests over HTTP: how many a second, and what one costs the server's process, beside a bare
 * node:http server that answers a constant. Connections are kept alive, each has one request under
 * way; the client's own time is not counted.
 *   npm run bench:http -- --requests 50000
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { findFreePort, startOurs, waitFor } from '../tests/support/server.ts';
import { cpuS } from './support/process-stats.ts';
import { median, print, printJson, printMachine, printTable } from './support/report.ts';

const { values: flags } = parseArgs({
  options: {
    tiny: { type: 'boolean', default: false },
    requests: { type: 'string' },
    rounds: { type: 'string' },
  },
});

const REQUESTS = Number(flags.requests ?? (flags.tiny ? 200 : 20_000));
const ROUNDS = Number(flags.rounds ?? (flags.tiny ? 1 : 5));
const CONNECTIONS = flags.tiny ? 4 : 32;
const BARE = path.join(import.meta.dirname, 'support/bare-http-child.js');
const CREDENTIALS = Buffer.from('default:secret').toString('base64');
const AUTHORIZATION = `Authorization: Basic ${CREDENTIALS}\r\n`;

interface Target {
  readonly name: string;
  readonly pid: number;
  readonly port: number;
  readonly text: string;
}

interface Cost {
  readonly perS: number;
  readonly cpuUs: number;
}

printMachine();
print(`${REQUESTS} requests a round over ${CONNECTIONS} connections, medians of ${ROUNDS} rounds`);
const quiet = await startNode(['--logging.level=warn']);
const logging = await startNode([]);
const guarded = await startNode(['--logging.level=warn', '--requirepass', 'secret']);
const bare = await startBare();
try {
  const targets = targetsOf();
  const costs = new Map<string, Cost[]>(targets.map(({ name }) => [name, []]));
  for (let round = -1; round < ROUNDS; round++) {
    for (const target of targets) {
      const cost = await measure(target);
      // The first round is compiled while it runs.
      if (round >= 0) costs.get(target.name)?.push(cost);
    }
  }
  const rows = targets.map(({ name }) => {
    const all = costs.get(name) ?? [];
    const [perS, cpuUs] = [all.map((cost) => cost.perS), all.map((cost) => cost.cpuUs)].map(median);
    return { name, perS, cpuUs };
  });
  printTable(
    ['request', 'a second', 'CPU us each'],
    rows.map(({ name, perS, cpuUs }) => [name, perS.toFixed(0), cpuUs.toFixed(1)]),
  );
  printJson('http', { requests: REQUESTS, connections: CONNECTIONS, rows });
} finally {
  bare.process.kill();
  await Promise.all([quiet.server.stop(), logging.server.stop(), guarded.server.stop()]);
}

function targetsOf(): Target[] {
  const at = ({ server, port }: Awaited<ReturnType<typeof startNode>>) => ({
    pid: server.pid,
    port,
  });
  const value = JSON.stringify({ value: { name: 'x'.repeat(80), n: 1 } });
  const keys = JSON.stringify({ keys: Array.from({ length: 100 }, () => 'k') });
  return [
    { name: 'bare node:http', pid: bare.process.pid ?? -1, port: bare.port, text: request('GET') },
    { name: 'PUT 100 bytes of JSON', ...at(quiet), text: request('PUT', value) },
    { name: 'GET 100 bytes of JSON', ...at(quiet), text: request('GET') },
    { name: 'GET, each one logged', ...at(logging), text: request('GET') },
    { name: 'GET with a login', ...at(guarded), text: request('GET', '', AUTHORIZATION) },
    {
      name: 'batch/get of 100 keys',
      ...at(quiet),
      text: request('POST', keys).replace('/k ', '/batch/get '),
    },
  ];
}

function request(method: string, body = '', headers = ''): string {
  const type = 'Content-Type: application/json\r\n';
  const length = body === '' ? '' : `${type}Content-Length: ${body.length}\r\n`;
  return `${method} /api/cache/k HTTP/1.1\r\nHost: localhost\r\n${headers}${length}\r\n${body}`;
}

async function startNode(args: readonly string[]) {
  const port = await findFreePort();
  const http = ['--http.enabled=yes', '--http-port', String(port), ...args];
  const server = await startOurs({ args: http });
  await waitUntilOpen(port);
  return { server, port };
}

async function startBare(): Promise<{ process: ChildProcess; port: number }> {
  const port = await findFreePort();
  const child = spawn(process.execPath, [BARE, String(port)], { stdio: 'inherit' });
  await waitUntilOpen(port);
  return { process: child, port };
}

async function waitUntilOpen(port: number): Promise<void> {
  await waitFor('the HTTP port', 20_000, async () => {
    const socket = net.connect(port, '127.0.0.1');
    const isOpen = await once(socket, 'connect').then(
      () => true,
      () => undefined,
    );
    socket.destroy();
    return isOpen;
  });
}

async function measure({ pid, port, text }: Target): Promise<Cost> {
  const cpuBeforeS = cpuS(pid);
  const startMs = performance.now();
  const count = Math.ceil(REQUESTS / CONNECTIONS);
  await Promise.all(Array.from({ length: CONNECTIONS }, () => runConnection(port, text, count)));
  const elapsedS = (performance.now() - startMs) / 1000;
  const total = count * CONNECTIONS;
  return { perS: total / elapsedS, cpuUs: ((cpuS(pid) - cpuBeforeS) / total) * 1e6 };
}

/** Sends the same request again and again, each when the answer before it is whole. */
function runConnection(port: number, text: string, count: number): Promise<void> {
  const bytes = Buffer.from(text);
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write(bytes));
    let left = count;
    let seen = '';
    socket.setNoDelay(true);
    socket.setEncoding('latin1');
    socket.on('error', reject);
    socket.on('data', (part: string) => {
      seen += part;
      const headEnd = seen.indexOf('\r\n\r\n');
      if (headEnd < 0) return;
      const length = /content-length: (\d+)/i.exec(seen)?.[1];
      const isChunked = length === undefined;
      const end = isChunked ? seen.indexOf('0\r\n\r\n') + 5 : headEnd + 4 + Number(length);
      if (seen.length < end || end < headEnd) return;
      const status = seen.slice(9, 12);
      if (status !== '200' && status !== '404') return reject(new Error(seen));
      seen = seen.slice(end);
      if (--left > 0) socket.write(bytes);
      else socket.end(() => resolve());
    });
  });
}
