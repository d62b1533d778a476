import { strict as assert } from 'node:assert';
import { createHash } from 'node:crypto';
import { connect as connectPlain, createServer } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { NodeError } from '../../base/errors.ts';
import type { DialOptions, LinkSecret, ListenOptions, Socket } from '../../base/world.ts';
import { RecordingHandler } from '../../testing/socket-arena.ts';
import { RealNetwork } from './real-network.ts';

const SECRET: LinkSecret = { key: new Uint8Array(32).fill(1) };
const WRONG: LinkSecret = { key: new Uint8Array(32).fill(2) };
const MIB = 1024 * 1024;
const CASES: [name: string, host: string, secret: LinkSecret | null][] = [
  ['plain', '127.0.0.1', null],
  ['plain, by name', 'localhost', null],
  ['secret', '127.0.0.1', SECRET],
];

for (const [name, host, secret] of CASES) {
  describe(`dial: ${name}`, () => {
    test('10 MB go both ways, whole and in order', async (t) => {
      const { dialled, accepted } = await connectTwo(t, host, secret);
      const [heard, served] = [listenTo(dialled), listenTo(accepted)];
      await Promise.all([sendAll(dialled, 3), sendAll(accepted, 7)]);
      await until(() => heard.count === 10 * MIB && served.count === 10 * MIB);
      assert.equal(served.hash.digest('hex'), digestOf(3));
      assert.equal(heard.hash.digest('hex'), digestOf(7));
    });

    test('an end is heard, the other end may still write, and both close', async (t) => {
      const { dialled, accepted } = await connectTwo(t, host, secret);
      const [heard, served] = [new RecordingHandler(), new RecordingHandler()];
      dialled.setHandler(heard);
      accepted.setHandler(served);
      served.onCall = (call) => {
        if (call !== 'end') return;
        accepted.write(Buffer.from('last'), 0, 4);
        accepted.end();
      };
      // It reads until it has the answer: after `end` it would not.
      dialled.write(Buffer.from('first'), 0, 5);
      await until(() => served.byteCount === 5);
      dialled.end();
      await until(() => served.closeCode !== null && heard.closeCode !== null);
      assert.equal(served.closeCode, '');
      assert.equal(heard.closeCode, '');
    });

    test('a destroyed end closes the other', async (t) => {
      const { dialled, accepted } = await connectTwo(t, host, secret);
      const served = new RecordingHandler();
      served.onCall = (call) => {
        if (call === 'end') accepted.end();
      };
      accepted.setHandler(served);
      dialled.setHandler(new RecordingHandler());
      dialled.destroy();
      await until(() => served.closeCode !== null);
    });

    test('it names both addresses, and connects from the one it is told', async (t) => {
      const { dialled, accepted } = await connectTwo(t, host, secret, '127.0.0.1');
      assert.equal(accepted.remoteAddress, '127.0.0.1');
      assert.equal(accepted.remotePort, dialled.localPort);
      assert.equal(dialled.remotePort, accepted.localPort);
      assert.ok(dialled.fileDescriptor > 2);
    });

    test('nobody there is refused at once, silence after the time', async (t) => {
      const network = new RealNetwork();
      const port = await takeFreePort();
      const startMs = performance.now();
      await refused(network.dial({ host, port, timeoutMs: 5000, secret }), ['ECONNREFUSED']);
      assert.ok(performance.now() - startMs < 2000);
      if (secret === null) return;
      const silent = createServer(() => {});
      await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
      t.after(() => silent.close());
      const { port: silentPort } = silent.address() as { port: number };
      const options = { host, port: silentPort, timeoutMs: 100, secret };
      await refused(network.dial(options), ['ETIMEDOUT']);
    });
  });
}

describe('dial: secrets', () => {
  test('another key and none are refused, and the listener is told of neither', async (t) => {
    const accepted: Socket[] = [];
    const { network, port } = await listen(t, SECRET, accepted);
    const options = { host: '127.0.0.1', port, timeoutMs: 2000 };
    await refused(network.dial({ ...options, secret: WRONG }), null);
    const plain = await network.dial({ ...options, secret: null });
    const handler = new RecordingHandler();
    handler.onCall = (call) => {
      if (call === 'end') plain.end();
    };
    plain.setHandler(handler);
    plain.write(Buffer.from('*1\r\n$4\r\nPING\r\n'), 0, 14);
    await until(() => handler.closeCode !== null);
    const right = await network.dial({ ...options, secret: SECRET });
    await until(() => accepted.length === 1);
    right.destroy();
  });

  test('a plain listener is not spoken to with a secret', async (t) => {
    const accepted: Socket[] = [];
    const { network, port } = await listen(t, null, accepted);
    const dialled = network.dial({ host: '127.0.0.1', port, timeoutMs: 2000, secret: SECRET });
    await until(() => accepted.length === 1);
    accepted[0].setHandler(new RecordingHandler());
    accepted[0].end();
    await refused(dialled, null);
  });

  test('nothing that is sent can be read on the way', async (t) => {
    const accepted: Socket[] = [];
    const { network, port } = await listen(t, SECRET, accepted);
    const wire: Buffer[] = [];
    const tap = createServer((near) => {
      const far = connectPlain(port, '127.0.0.1');
      for (const [from, to] of [
        [near, far],
        [far, near],
      ]) {
        from.on('data', (bytes: Buffer) => {
          wire.push(bytes);
          to.write(bytes);
        });
        from.on('close', () => to.destroy());
        from.on('error', () => {});
      }
    });
    await new Promise<void>((resolve) => tap.listen(0, '127.0.0.1', resolve));
    t.after(() => tap.close());
    const { port: tapped } = tap.address() as { port: number };
    const options: DialOptions = {
      host: '127.0.0.1',
      port: tapped,
      timeoutMs: 2000,
      secret: SECRET,
    };
    const dialled = await network.dial(options);
    await until(() => accepted.length === 1);
    const served = new RecordingHandler();
    accepted[0].setHandler(served);
    const text = 'a value that nobody else reads';
    dialled.write(Buffer.from(text), 0, text.length);
    await until(() => served.byteCount === text.length);
    assert.equal(String(served.bytes()), text);
    assert.ok(!Buffer.concat(wire).includes(text.slice(0, 10)));
    dialled.destroy();
  });
});

async function listen(
  t: TestContext,
  secret: LinkSecret | null,
  accepted: Socket[],
): Promise<{ network: RealNetwork; port: number }> {
  const network = new RealNetwork();
  const base = { host: '127.0.0.1', port: 0, backlog: 511, tls: null, keepAliveS: 0 };
  const options: ListenOptions = { ...base, socketPath: 'auto', secret };
  const listener = await network.listen(options, (socket) => accepted.push(socket));
  t.after(async () => {
    for (const socket of accepted) socket.destroy();
    await listener.close();
  });
  return { network, port: listener.port };
}

async function connectTwo(
  t: TestContext,
  host: string,
  secret: LinkSecret | null,
  localHost?: string,
): Promise<{ dialled: Socket; accepted: Socket }> {
  const accepted: Socket[] = [];
  const { network, port } = await listen(t, secret, accepted);
  const from = localHost === undefined ? {} : { localHost };
  const dialled = await network.dial({ host, port, timeoutMs: 5000, secret, ...from });
  t.after(() => dialled.destroy());
  await until(() => accepted.length === 1);
  return { dialled, accepted: accepted[0] };
}

function listenTo(socket: Socket): { count: number; hash: ReturnType<typeof createHash> } {
  const state = { count: 0, hash: createHash('sha256') };
  const handler = new RecordingHandler();
  handler.onData = (bytes, start, end) => {
    state.count += end - start;
    state.hash.update(bytes.subarray(start, end));
  };
  const drained: (() => void)[] = [];
  handler.onCall = (call) => {
    if (call === 'drained') for (const next of drained.splice(0)) next();
  };
  DRAINS.set(socket, drained);
  socket.setHandler(handler);
  return state;
}

/** Who waits until a socket has sent what it holds. */
const DRAINS = new WeakMap<Socket, (() => void)[]>();

async function sendAll(socket: Socket, salt: number): Promise<void> {
  for (let at = 0; at < 10; at++) {
    const bytes = makePattern(at, salt);
    if (socket.write(bytes, 0, bytes.length) && socket.queuedBytes === 0) continue;
    await new Promise<void>((resolve) => DRAINS.get(socket)?.push(resolve));
  }
}

function makePattern(at: number, salt: number): Uint8Array {
  const bytes = new Uint8Array(MIB);
  for (let i = 0; i < MIB; i++) bytes[i] = i ^ (i >>> 8) ^ (at * salt);
  return bytes;
}

function digestOf(salt: number): string {
  const hash = createHash('sha256');
  for (let at = 0; at < 10; at++) hash.update(makePattern(at, salt));
  return hash.digest('hex');
}

async function takeFreePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function refused(promise: Promise<Socket>, codes: readonly string[] | null): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof NodeError);
    assert.equal(error.code, 'CONNECT_REFUSED');
    if (codes !== null) assert.ok(codes.includes(String(error.facts.code)), error.message);
    return true;
  });
}

async function until(isSo: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + 20_000;
  while (!isSo()) {
    assert.ok(performance.now() < deadlineMs, 'waited in vain');
    await new Promise((resolve) => void setImmediate(resolve));
  }
}
