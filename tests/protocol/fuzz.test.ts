import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import { test } from 'node:test';
import { fuzzProtocol, SERVER_ARGUMENTS } from '../../fuzz/protocol/fuzz.ts';
import { isKnownError } from '../../fuzz/protocol/known-errors.ts';
import { MAIN, type RunningServer, skipWithout, startOurs, startRedis } from '../support/server.ts';

const OPTIONS = { seed: 7, seconds: 1, laneCount: 2, closeWithinMs: 400 };

const PROTOCOL_ERROR = '-ERR Protocol error: invalid bulk length\r\n';

/** A server of this process that answers whatever comes with `answer`. */
async function withFake(
  answer: (socket: net.Socket) => void,
  use: (server: RunningServer) => Promise<void>,
): Promise<void> {
  const sockets = new Set<net.Socket>();
  const listener = net.createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      const text = bytes.toString('latin1');
      if (text === 'PING\r\n') socket.write('+PONG\r\n');
      else if (text === 'FLUSHALL\r\n') socket.write('+OK\r\n');
      else answer(socket);
    });
    socket.on('end', () => answer(socket));
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const { port } = listener.address() as net.AddressInfo;
  const fake = {
    port,
    pid: process.pid,
    output: () => '',
    process: { exitCode: null, signalCode: null },
  };
  await use(fake as unknown as RunningServer);
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => listener.close(resolve));
}

test('the fuzzer sees malformed and cut replies, unknown errors and hangs', async () => {
  const faults: [string, (socket: net.Socket) => void, RegExp][] = [
    ['malformed', (socket) => socket.end('hello\r\n'), /unexpected/],
    ['cut', (socket) => socket.end('$10\r\nabc'), /closed inside a reply/],
    ['unknown', (socket) => socket.end('-ERR internal oddity\r\n'), /unknown error/],
    ['hang', () => {}, /not closed in time/],
    ['stays open', (socket) => socket.write(PROTOCOL_ERROR), /not closed in time/],
    ['goes on', (socket) => socket.end(`${PROTOCOL_ERROR}+OK\r\n`), /after a protocol error/],
  ];
  for (const [name, answer, finding] of faults) {
    await withFake(answer, async (server) => {
      const { findings } = await fuzzProtocol({ ...OPTIONS, server, isStrict: true });
      assert.match(findings.join('\n'), finding, name);
    });
  }
});

test('known errors are the rows and the texts with a varying part, nothing else', () => {
  assert.equal(isKnownError('ERR syntax error'), true);
  assert.equal(isKnownError("ERR unknown command 'a', with args beginning with: 'b' "), true);
  assert.equal(isKnownError('ERR syntax errors'), false);
  assert.equal(isKnownError('ERR '), false);
});

test('redis-server passes the fuzzer, error texts aside', {
  skip: skipWithout('redis-server'),
}, async () => {
  const server = await startRedis({ args: SERVER_ARGUMENTS });
  const result = await fuzzProtocol({
    ...OPTIONS,
    closeWithinMs: 10_000,
    server,
    isStrict: false,
  });
  await server.stop();
  assert.deepEqual(result.findings, []);
  assert.ok(result.streamCount > 20, `${result.streamCount} streams`);
});

test('HyperCache passes the fuzzer for a few seconds', {
  skip: fs.existsSync(MAIN) ? false : 'dist/main.js is missing: npm run build',
}, async () => {
  const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);
  const server = await startOurs({ args: SERVER_ARGUMENTS });
  const result = await fuzzProtocol({
    server,
    seed,
    seconds: 3,
    laneCount: 4,
    isStrict: true,
  });
  assert.equal(await server.stop(), 0);
  assert.deepEqual(result.findings, [], `seed ${seed}`);
  assert.ok(result.streamCount > 50, `${result.streamCount} streams`);
});
