/**
 * What the socket paths cost by themselves: a server that answers canned +PONGs, loaded by
 * redis-benchmark, in CPU time per request, beside redis-server doing the same.
 *   node .build/bench/socket-path.js [rounds | --tiny]
 * Rounds go in turns, so that a slow moment of the machine hits all; the median round is printed.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { SocketPath } from '../src/base/world.ts';
import { createRealWorld } from '../src/world/real-world.ts';

const IS_TINY = process.argv.includes('--tiny');
const TICKS_PER_S = 100;
const CLIENT_COUNT = 50;
const LOADS = [
  { pipeline: 1, requestCount: IS_TINY ? 500 : 150_000 },
  { pipeline: 16, requestCount: IS_TINY ? 5_000 : 1_500_000 },
  { pipeline: 64, requestCount: IS_TINY ? 5_000 : 4_000_000 },
];
const WARM_UP_COUNT = IS_TINY ? 1_000 : 200_000;

interface Contender {
  readonly name: string;
  readonly port: number;
  readonly child: ChildProcess;
}

if (process.argv[2] === 'serve') {
  await serve(process.argv[3] as SocketPath, Number(process.argv[4]));
} else {
  await compare(IS_TINY ? 1 : Number(process.argv[2] ?? 3));
}

async function compare(roundCount: number): Promise<void> {
  const contenders = [
    await start('handle', (port) => [process.execPath, process.argv[1], 'serve', 'handle', port]),
    await start('public', (port) => [process.execPath, process.argv[1], 'serve', 'public', port]),
    await start('redis-server', (port) => ['redis-server', '--port', port, '--save', '']),
  ];
  try {
    for (const contender of contenders) load(contender, 16, WARM_UP_COUNT);
    for (const { pipeline, requestCount } of LOADS) {
      const costs = contenders.map((): number[] => []);
      for (let round = 0; round < roundCount; round++) {
        contenders.forEach((contender, i) => {
          costs[i].push(load(contender, pipeline, requestCount));
        });
      }
      const row = contenders.map(({ name }, i) => `${name} ${median(costs[i]).toFixed(2)}`);
      print(`pipeline ${pipeline}: CPU us per PING: ${row.join('   ')}`);
    }
  } finally {
    for (const { child } of contenders) child.kill();
  }
}

/** Answers one +PONG for each `*` that comes in: what a server would do with no parser at all. */
async function serve(socketPath: SocketPath, port: number): Promise<void> {
  const world = createRealWorld();
  const pongs = new Uint8Array(Buffer.from('+PONG\r\n'.repeat(16_384)));
  const star = '*'.charCodeAt(0);
  const where = { host: '127.0.0.1', port, backlog: 511, tls: null, socketPath, keepAliveS: 0 };
  await world.network.listen(where, (socket) => {
    socket.setHandler({
      onReadable(bytes, start, end) {
        let count = 0;
        for (let i = start; i < end; i++) if (bytes[i] === star) count++;
        socket.write(pongs, 0, count * 7);
      },
      onDrained() {},
      onEnd: () => socket.end(),
      onClose() {},
    });
  });
}

async function start(name: string, commandFor: (port: string) => string[]): Promise<Contender> {
  const port = await findFreePort();
  const [command, ...args] = commandFor(String(port));
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  for (let tries = 0; ; tries++) {
    const ping = spawnSync('redis-cli', ['-p', String(port), 'ping'], { encoding: 'utf8' });
    if (ping.stdout.trim() === 'PONG') return { name, port, child };
    if (tries === 100) throw new Error(`${name} does not answer: ${ping.stderr}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** @returns CPU microseconds of the server per request, user and system */
function load({ port, child }: Contender, pipeline: number, requestCount: number): number {
  const beforeTicks = readCpuTicks(child.pid);
  const options = ['-p', port, '-t', 'ping_mbulk', '-q', '-c', CLIENT_COUNT, '-P', pipeline];
  const args = [...options, '-n', requestCount].map(String);
  const run = spawnSync('redis-benchmark', args, { encoding: 'utf8' });
  if (run.status !== 0) throw new Error(`redis-benchmark failed: ${run.stderr}`);
  return ((readCpuTicks(child.pid) - beforeTicks) / TICKS_PER_S / requestCount) * 1e6;
}

/** utime and stime, the 14th and 15th fields; the 2nd, a name in brackets, may hold spaces. */
function readCpuTicks(pid: number | undefined): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1].split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = address !== null && typeof address === 'object' ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
