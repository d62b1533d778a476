/**
 * How fast it is there: process start to the first PONG, and loading the library, both from the
 * packed tarball installed into an empty folder, as a user has them.
 */
import { execFileSync, spawn } from 'node:child_process';
import net from 'node:net';
import { parseArgs } from 'node:util';
import { installTarball } from '../tests/support/installed-package.ts';
import { findFreePort } from '../tests/support/server.ts';
import { median, print, printJson, printMachine, printTable, verdict } from './support/report.ts';

const { values: flags } = parseArgs({
  options: { tiny: { type: 'boolean', default: false }, runs: { type: 'string' } },
});

const IS_TINY = flags.tiny;
const RUNS = Number(flags.runs ?? (IS_TINY ? 2 : 20));
const PONG_TARGET_MS = 150;
const IMPORT_TARGET_MS = 40;
const RETRY_MS = 1;

printMachine();
const installed = installTarball();
try {
  const version = execFileSync(installed.binary, ['--version'], { encoding: 'utf8' }).trim();
  print(`hypercache --version: ${version}`);
  const bareMs: number[] = [];
  const pongMs: number[] = [];
  const importMs: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    bareMs.push(measureBareNode());
    pongMs.push(await measurePong());
    importMs.push(measureImport());
  }
  const rows = [
    { name: 'node -e 0, start to exit', all: bareMs, targetMs: null },
    { name: 'start to first PONG', all: pongMs, targetMs: PONG_TARGET_MS },
    { name: "import('@hypercache/node')", all: importMs, targetMs: IMPORT_TARGET_MS },
  ];
  printTable(
    ['what, ms', 'median', 'longest', 'target', 'verdict'],
    rows.map(({ name, all, targetMs }) => [
      name,
      median(all).toFixed(1),
      Math.max(...all).toFixed(1),
      targetMs === null ? '-' : String(targetMs),
      targetMs === null ? '-' : verdict(median(all) < targetMs, IS_TINY),
    ]),
  );
  printJson('start', { version, runs: RUNS, bareMs, pongMs, importMs });
} finally {
  installed.remove();
}

function measureBareNode(): number {
  const startMs = performance.now();
  execFileSync(process.execPath, ['-e', '0']);
  return performance.now() - startMs;
}

async function measurePong(): Promise<number> {
  const port = await findFreePort();
  const startMs = performance.now();
  // With HTTP and the cluster's ports on, as it is for who says nothing about them.
  const http = ['--http.enabled=yes', '--http-port', '0'];
  const cluster = ['--cluster.enabled=yes', '--gossip-port', '0'];
  const args = ['--port', String(port), ...http, ...cluster];
  const child = spawn(installed.binary, args, { cwd: installed.folder, stdio: 'ignore' });
  try {
    while (!(await pong(port))) {
      if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`);
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
    return performance.now() - startMs;
  } finally {
    const ended = new Promise((resolve) => child.on('close', resolve));
    child.kill();
    await ended;
  }
}

function pong(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    socket.on('error', () => resolve(false));
    socket.on('data', () => {
      socket.destroy();
      resolve(true);
    });
  });
}

function measureImport(): number {
  const script =
    "const start = performance.now(); await import('@hypercache/node');" +
    'process.stdout.write(String(performance.now() - start)); process.exit();';
  const args = ['--input-type=module', '-e', script];
  return Number(execFileSync(process.execPath, args, { cwd: installed.folder, encoding: 'utf8' }));
}
