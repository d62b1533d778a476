import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { patiently } from '../support/patience.ts';
import { RawClient, talk } from '../support/raw.ts';
import { findFreePort, MAIN, scratchFolder, startOurs, waitFor } from '../support/server.ts';

/** The `hypercache` command as a shell, a service manager and a person use it. */

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly error: string;
}

async function run(args: readonly string[], input = ''): Promise<Ran> {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: 'pipe', cwd: scratchFolder() });
  const timer = setTimeout(() => child.kill('SIGKILL'), patiently(15_000));
  let [out, error] = ['', ''];
  child.stdout.on('data', (bytes: Buffer) => {
    out += bytes.toString();
  });
  child.stderr.on('data', (bytes: Buffer) => {
    error += bytes.toString();
  });
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const [code] = (await once(child, 'close')) as [number | null];
  clearTimeout(timer);
  return { code, out, error };
}

function makeFolder(t: TestContext): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hypercache-cli-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  return folder;
}

/** Starts the command and waits until its port answers. */
async function start(
  t: TestContext,
  port: number,
  args: string[],
  input = '',
): Promise<ChildProcess> {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: 'pipe', cwd: scratchFolder() });
  t.after(() => child.kill('SIGKILL'));
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (bytes: Buffer) => {
      text += bytes.toString();
    });
  }
  child.stdin.end(input);
  await waitFor('the port to answer', 10_000, async () => {
    if (child.exitCode !== null) throw new Error(text);
    return talk(port, 'PING\r\nQUIT\r\n').then(
      (reply) => reply.startsWith('+PONG') || undefined,
      () => undefined,
    );
  });
  return child;
}

test('version and help print to standard output and exit with 0', async () => {
  const version = await run(['--version']);
  assert.deepEqual([version.code, version.error], [0, '']);
  assert.match(version.out, /^hypercache \d+\.\d+\.\d+ \(as Redis 7\.2\.0\)\n$/);
  for (const args of [['--help'], ['-h'], ['start', '--help'], ['config', '--help'], ['help']]) {
    const { code, out, error } = await run(args);
    assert.deepEqual([code, error], [0, ''], args.join(' '));
    assert.match(out, /Usage: hypercache/);
  }
});

test('mistakes are named, with what may have been meant, and exit with 1', async () => {
  const mistakes: [string[], RegExp][] = [
    [['strat'], /unknown command, and no file of that name: 'strat'.*did you mean 'start'/],
    [['--prot', '7000'], /--prot: unknown flag.*did you mean '--port'/],
    [['--cache.max_memori=1gb'], /did you mean '--cache.max_memory'/],
    [['--maxmemory', 'much'], /maxmemory: .*memory value/],
    [['--port', '70000'], /port: .*between 0 and 65535/],
    [['config', 'valdate'], /validate/],
    [['/no/such/file.conf'], /no such file/],
    [['--config', '/no/such/file.yaml'], /no such file/],
  ];
  for (const [args, expected] of mistakes) {
    const { code, error } = await run(args);
    assert.equal(code, 1, args.join(' '));
    assert.match(error, expected);
  }
});

test('every mistake of a file is told with its line, and config validate agrees', async (t) => {
  const file = path.join(makeFolder(t), 'node.yaml');
  fs.writeFileSync(file, 'network:\n  resp_prot: 7000\ncache:\n  max_memory: lots\n');
  for (const args of [[file], ['config', 'validate', file]]) {
    const { code, error } = await run(args);
    assert.equal(code, 1);
    assert.match(error, /node\.yaml:2: .*resp_prot.*did you mean 'network\.resp_port'/);
    assert.match(error, /node\.yaml:4: .*max_memory/);
  }
  fs.writeFileSync(file, 'network:\n  resp_port: 7000\n');
  assert.equal((await run(['config', 'validate', file])).code, 0);
  const shown = await run(['config', 'show', file, '--maxmemory', '1gb']);
  assert.match(shown.out, /resp_port: 7000 {2}# .*node\.yaml:2/);
  assert.match(shown.out, /max_memory: 1gb {2}# --maxmemory/);
  const schema = JSON.parse((await run(['config', 'schema'])).out) as Record<string, unknown>;
  assert.ok('properties' in schema);
});

test('a port in use is one printed line and exit code 1', async (t) => {
  const holder = net.createServer();
  holder.listen(0, '127.0.0.1');
  await once(holder, 'listening');
  t.after(() => holder.close());
  const { port } = holder.address() as net.AddressInfo;
  const { code, error } = await run(['--port', String(port)]);
  assert.equal(code, 1);
  const reason = 'EADDRINUSE address already in use';
  assert.equal(error, `hypercache: Cannot listen on 127.0.0.1:${port}: ${reason}\n`);
});

test("'-' reads a redis.conf from standard input", async (t) => {
  const port = await findFreePort();
  const text = `port ${port}\nmaxmemory 77mb\nrequirepass ""\n`;
  await start(t, port, ['-'], text);
  assert.match(await talk(port, 'CONFIG GET maxmemory\r\nQUIT\r\n'), /\r\n80740352\r\n/);
  const refused = await run(['-'], 'port 0\nnonsense 1\n');
  assert.equal(refused.code, 1);
  assert.match(refused.error, /standard input:2: unknown directive 'nonsense'/);
});

const DEBIAN_FILE = '/etc/redis/redis.conf';

test("Debian's redis.conf starts a node as it is, but for its paths", async (t) => {
  if (!fs.existsSync(DEBIAN_FILE)) return t.skip('redis-server is not installed');
  const folder = makeFolder(t);
  const port = await findFreePort();
  const text = fs
    .readFileSync(DEBIAN_FILE, 'utf8')
    .replaceAll('/run/redis', folder)
    .replaceAll('/var/log/redis', folder)
    .replaceAll('/var/lib/redis', folder)
    .replace(/^port 6379$/m, `port ${port}\nunixsocket ${folder}/redis.sock\nunixsocketperm 770`);
  const file = path.join(folder, 'redis.conf');
  fs.writeFileSync(file, text);
  const child = await start(t, port, [file, '--supervised', 'systemd']);
  assert.equal(fs.readFileSync(path.join(folder, 'redis-server.pid'), 'utf8'), `${child.pid}\n`);
  assert.equal(fs.statSync(path.join(folder, 'redis.sock')).mode & 0o777, 0o770);
  // The log opens while the first clients are served already.
  const log = await waitFor('the log', 5_000, () => {
    const logFile = path.join(folder, 'redis-server.log');
    const text = fs.existsSync(logFile) ? fs.readFileSync(logFile, 'utf8') : '';
    return text.includes('Type=exec') ? text : undefined;
  });
  assert.match(log, /daemonize yes: the node stays in the foreground/);
  assert.match(log, /supervised systemd: .*Type=exec/);
  assert.match(await talk(port, 'CONFIG GET save\r\nQUIT\r\n'), /3600 1 300 100 60 10000/);
  child.kill('SIGTERM');
  const [code] = (await once(child, 'exit')) as [number];
  assert.equal(code, 0);
  assert.deepEqual(fs.readdirSync(folder).sort(), ['redis-server.log', 'redis.conf']);
});

test('SIGTERM under load loses no reply of a command that was executed', async (t) => {
  const server = await startOurs();
  t.after(() => server.stop());
  const clients = await Promise.all(
    Array.from({ length: 20 }, () => RawClient.connect(server.port)),
  );
  const load = 'INCR n\r\n'.repeat(200);
  const timer = setInterval(() => {
    for (const client of clients) if (client.socket.writable) client.send(load);
  }, 2);
  await waitFor('replies', 5_000, () => {
    return clients.every(({ text }) => text.length > 10_000) || undefined;
  });
  server.process.kill('SIGTERM');
  const [code] = (await once(server.process, 'exit')) as [number];
  clearInterval(timer);
  assert.equal(code, 0);
  await Promise.all(clients.map((client) => client.untilClosed()));
  const numbers = clients.flatMap(({ text }) => {
    assert.ok(text.endsWith('\r\n'), `cut: ${JSON.stringify(text.slice(-40))}`);
    const lines = text.split('\r\n').slice(0, -1);
    return lines.map((line) => Number(line.slice(1)));
  });
  numbers.sort((left, right) => left - right);
  // Every number that INCR gave out arrived: none is missing.
  for (const [i, number] of numbers.entries()) assert.equal(number, i + 1);
  assert.ok(numbers.length > 1_000);
});

test('a second SIGINT does not wait for clients that do not read', async (t) => {
  const server = await startOurs({ args: ['--shutdown-timeout', '60'] });
  t.after(() => server.stop('SIGKILL'));
  await talk(server.port, `SET big ${'x'.repeat(60_000)}\r\nQUIT\r\n`);
  const deaf = await RawClient.connect(server.port);
  deaf.socket.pause();
  deaf.send('GET big\r\n'.repeat(500));
  await waitFor('a full socket', 5_000, async () => {
    const list = await talk(server.port, 'CLIENT LIST\r\nQUIT\r\n');
    return [...list.matchAll(/omem=(\d+)/g)].some((match) => Number(match[1]) > 0) || undefined;
  });
  server.process.kill('SIGINT');
  await waitFor('the stop to begin', 5_000, () => /"stopping"/.test(server.output()) || undefined);
  assert.equal(server.process.exitCode, null);
  const exited = once(server.process, 'exit');
  server.process.kill('SIGINT');
  const [code] = (await exited) as [number];
  assert.equal(code, 1);
  deaf.end();
});
