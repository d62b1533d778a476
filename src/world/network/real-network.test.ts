// Has a process of its own: it counts the handles of the process.
import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket as NetSocket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { describe, type TestContext, test } from 'node:test';
import type { ListenOptions, Socket, SocketPath } from '../../base/world.ts';
import { openRealArena, RecordingHandler } from '../../testing/socket-arena.ts';
import { bindLiteral } from './bind-literal.ts';
import { findServerHandle, loadHandleBinding } from './handle-binding.ts';
import { findHandlePathFault } from './path-probe.ts';
import { RealNetwork } from './real-network.ts';
import { READ_BUFFER_BYTES } from './socket-settings.ts';

const LOOPBACK: ListenOptions = {
  host: '127.0.0.1',
  port: 0,
  backlog: 511,
  tls: null,
  socketPath: 'auto',
  keepAliveS: 300,
};
const PATHS: SocketPath[] = ['handle', 'public'];

for (const socketPath of PATHS) {
  describe(`real sockets: ${socketPath}`, () => {
    test('a thousand connections come and go and leave no handle', (t) =>
      holdNoLeak(t, socketPath));
    test('small writes in a row do not wait for one another', (t) => holdNoDelay(t, socketPath));
    test('addresses are those of the connection, also in IPv6', (t) =>
      holdAddresses(t, socketPath));
    test('with no descriptor left it refuses, rests and recovers', (t) =>
      holdNoFiles(t, socketPath));
    test('a flood of one client leaves every turn to the others', (t) =>
      holdFairness(t, socketPath));
  });
}

test('auto finds the handle path sound here and says so', async (t) => {
  const network = new RealNetwork();
  assert.equal(network.describeSocketPath(), 'undecided until the first listener');
  const listener = await network.listen(LOOPBACK, () => {});
  t.after(() => listener.close());
  assert.equal(network.describeSocketPath(), 'handle');
  const forced = await network.listen({ ...LOOPBACK, socketPath: 'public' }, () => {});
  t.after(() => forced.close());
  assert.equal(network.describeSocketPath(), 'public (by setting)');
});

test('the probe refuses a binding that does not tell waiting writes apart', async () => {
  const binding = loadHandleBinding();
  assert.ok(typeof binding === 'object');
  assert.equal(await findHandlePathFault(binding), '');
  const neverAsync = { ...binding, wasAsyncIndex: binding.readResultIndex };
  assert.notEqual(await findHandlePathFault(neverAsync), '');
  const wrongCount = { ...binding, readResultIndex: binding.wasAsyncIndex };
  assert.notEqual(await findHandlePathFault(wrongCount), '');
});

test('numeric addresses are bound at once, both families to one port', async () => {
  const binding = loadHandleBinding();
  assert.ok(typeof binding === 'object');
  const before = countTcpHandles();
  for (const host of ['localhost', '256.0.0.1', '::zz', '192.0.2.1']) {
    assert.equal(bindLiteral(binding, { host, port: 0 }), null, host);
  }
  const first = bindLiteral(binding, LOOPBACK);
  assert.ok(first !== null);
  const bound: { port?: number } = {};
  first.getsockname(bound);
  const host = '::';
  const second = bindLiteral(binding, { host, port: bound.port ?? 0, ipv6Only: true });
  assert.ok(second !== null);
  await Promise.all([first, second].map((one) => new Promise<void>((done) => one.close(done))));
  // libuv tells of what was closed last first.
  await new Promise(setImmediate);
  // Fewer, where those of an earlier test were still being closed.
  assert.ok(countTcpHandles() <= before);
});

test('a server without a handle is not taken over', () => {
  assert.equal(findServerHandle({ _handle: null } as never), 'the server has no handle');
  const empty = { _handle: { onconnection() {} } };
  assert.equal(findServerHandle(empty as never), 'the TCP handle has no useUserBuffer');
});

function countTcpHandles(): number {
  return process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP')).length;
}

async function holdNoLeak(t: TestContext, socketPath: SocketPath): Promise<void> {
  const before = countTcpHandles();
  const arena = await openRealArena(socketPath, false);
  t.after(() => arena.close());
  let closedCount = 0;
  for (let batch = 0; batch < 10; batch++) {
    const pairs = [];
    for (let i = 0; i < 100; i++) pairs.push(await arena.connect());
    for (const [i, { client, socket }] of pairs.entries()) {
      const handler = new RecordingHandler();
      handler.onCall = (name) => {
        if (name === 'end') socket.end();
        if (name === 'close') closedCount++;
      };
      socket.setHandler(handler);
      if (i % 3 === 0) client.end();
      else if (i % 3 === 1) socket.destroy();
      else client.reset();
    }
  }
  await arena.until(() => closedCount === 1000, 'all sockets are closed');
  await arena.close();
  await arena.until(() => countTcpHandles() <= before, 'no handle is left');
}

/**
 * Nagle's algorithm holds a second small segment back until the first is acknowledged, which the
 * other kernel puts off for 40 ms where requests and replies take turns.
 */
async function holdNoDelay(t: TestContext, socketPath: SocketPath): Promise<void> {
  const arena = await openRealArena(socketPath, false);
  t.after(() => arena.close());
  const { client, socket } = await arena.connect();
  const handler = new RecordingHandler();
  handler.onData = () => {
    socket.write(Buffer.from('a'), 0, 1);
    socket.write(Buffer.from('b'), 0, 1);
  };
  socket.setHandler(handler);
  const roundMs: number[] = [];
  for (let round = 1; round <= 60; round++) {
    const startMs = performance.now();
    client.send(Buffer.from('x'));
    await arena.until(() => client.byteCount === round * 2, 'both arrive');
    // A kernel acknowledges the first packets of a connection at once.
    if (round > 20) roundMs.push(performance.now() - startMs);
  }
  roundMs.sort((a, b) => a - b);
  // Without noDelay each waits 40 ms for an acknowledgement; a busy machine delays some only.
  assert.ok(roundMs[10] < 20, `rounds took ${roundMs} ms`);
}

async function holdAddresses(t: TestContext, socketPath: SocketPath): Promise<void> {
  const hasIpv6 = Object.values(networkInterfaces())
    .flat()
    .some((one) => one?.address === '::1');
  const cases = [{ host: '127.0.0.1', peer: '127.0.0.1' }];
  if (hasIpv6) cases.push({ host: '::1', peer: '::1' }, { host: '::', peer: '127.0.0.1' });
  const network = new RealNetwork();
  for (const { host, peer } of cases) {
    const accepted: Socket[] = [];
    const listener = await network.listen({ ...LOOPBACK, host, socketPath }, (socket) => {
      accepted.push(socket);
    });
    const client = connect({ host: peer, port: listener.port });
    t.after(async () => {
      for (const socket of accepted) socket.destroy();
      client.destroy();
      await listener.close();
    });
    await once(client, 'connect');
    while (accepted.length === 0) await new Promise((resolve) => setImmediate(resolve));
    const [socket] = accepted;
    assert.equal(socket.remoteAddress, peer);
    assert.equal(socket.remotePort, client.localPort);
    assert.equal(socket.localAddress, peer);
    assert.equal(socket.localPort, listener.port);
    assert.ok(socket.fileDescriptor > 2);
    assert.equal(socket.peerName, '');
  }
}

/** A node in a process of its own that may open 40 files. */
function startCramped(socketPath: SocketPath): ReturnType<typeof spawn> {
  const world = new URL('../real-world.js', import.meta.url).href;
  const code = `
    const { createRealWorld } = await import(${JSON.stringify(world)});
    const options = ${JSON.stringify({ ...LOOPBACK, socketPath })};
    const listener = await createRealWorld().network.listen(options, (socket) => {
      socket.setHandler({
        onReadable: (bytes, start, end) => socket.write(bytes.slice(start, end), 0, end - start),
        onDrained() {},
        onEnd: () => socket.end(),
        onClose() {},
      });
    });
    process.on('SIGTERM', () => {
      const { user, system } = process.cpuUsage();
      console.log('cpu ' + (user + system));
      process.exit(0);
    });
    console.log('port ' + listener.port);`;
  const shell = 'ulimit -n 40; exec "$0" --input-type=module -e "$1"';
  return spawn('sh', ['-c', shell, process.execPath, code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

async function holdNoFiles(_t: TestContext, socketPath: SocketPath): Promise<void> {
  const child = startCramped(socketPath);
  let output = '';
  child.stdout?.on('data', (bytes) => {
    output += String(bytes);
  });
  const until = async (condition: () => boolean): Promise<void> => {
    const deadlineMs = performance.now() + 60_000;
    while (!condition() && performance.now() < deadlineMs) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    assert.ok(condition(), `in good time; the node wrote: ${output}`);
  };
  const clients: NetSocket[] = [];
  const counts = { echo: 0, closed: 0 };
  const open = (): void => {
    const client = connect(Number(/port (\d+)/.exec(output)?.[1]), '127.0.0.1');
    client.on('data', () => counts.echo++);
    client.on('close', () => counts.closed++);
    client.on('error', () => {});
    client.write('x');
    clients.push(client);
  };
  try {
    await until(() => output.includes('port'));
    for (let i = 0; i < 60; i++) open();
    await until(() => counts.echo + counts.closed === 60);
    assert.ok(counts.echo > 5 && counts.closed > 5, JSON.stringify(counts));
    await new Promise((resolve) => setTimeout(resolve, 500));
    for (const client of clients) client.destroy();
    await until(() => counts.closed === 60);
    const echoBefore = counts.echo;
    // The node may need a moment to see that descriptors came free.
    await until(() => {
      if (counts.closed === clients.length) open();
      return counts.echo > echoBefore;
    });
  } finally {
    for (const client of clients) client.destroy();
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
  const cpuUs = Number(/cpu (\d+)/.exec(output)?.[1]);
  assert.ok(cpuUs < 400_000, `no spinning, though ${cpuUs} us were used`);
}

async function holdFairness(t: TestContext, socketPath: SocketPath): Promise<void> {
  const arena = await openRealArena(socketPath, false);
  t.after(() => arena.close());
  const { client, socket } = await arena.connect();
  let turnBytes = 0;
  let turnBytesMax = 0;
  let isDone = false;
  const endTurn = (): void => {
    turnBytes = 0;
    if (!isDone) setImmediate(endTurn);
  };
  t.after(() => {
    isDone = true;
  });
  endTurn();
  const handler = new RecordingHandler();
  handler.onData = (_bytes, start, end) => {
    turnBytes += end - start;
    turnBytesMax = Math.max(turnBytesMax, turnBytes);
  };
  client.send(new Uint8Array(16 * 1024 * 1024));
  await arena.settle();
  socket.setHandler(handler);
  await arena.until(() => handler.byteCount === 16 * 1024 * 1024, 'the flood is over');
  // The public API offers no such hold: libuv reads up to 32 buffers in a row there.
  const limitBytes = READ_BUFFER_BYTES * (socketPath === 'handle' ? 1 : 32);
  assert.ok(turnBytesMax <= limitBytes, `${turnBytesMax} bytes of one client in one turn`);
  assert.ok(turnBytesMax >= READ_BUFFER_BYTES, 'there was a flood');
}
