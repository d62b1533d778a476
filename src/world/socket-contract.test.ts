/** What Socket promises in `base/world.ts`, held against every implementation. */
import { strict as assert } from 'node:assert';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { NodeError } from '../base/errors.ts';
import type { Socket } from '../base/world.ts';
import { seedOfRun } from '../testing/seeded.ts';
import {
  type ConnectOptions,
  openRealArena,
  openSimulatedArena,
  RecordingHandler,
  type SocketArena,
  type TestClient,
} from '../testing/socket-arena.ts';

const MIB = 1024 * 1024;
const SEED = seedOfRun();

const IMPLEMENTATIONS = [
  { name: 'handle', open: () => openRealArena('handle', false) },
  { name: 'public', open: () => openRealArena('public', false) },
  { name: 'tls', open: () => openRealArena('auto', true) },
  { name: `simulated, seed ${SEED}`, open: () => openSimulatedArena(SEED) },
];

const RULES: { rule: string; hold: (arena: SocketArena) => Promise<void> }[] = [
  { rule: 'single bytes arrive in order', hold: holdSingleBytes },
  { rule: 'a request split at any byte arrives whole', hold: holdSplits },
  { rule: 'a long reply reaches a slow reader unharmed', hold: holdLongReply },
  { rule: 'writes keep their order behind one that waits', hold: holdOrder },
  { rule: 'queuedBytes tells what waits and onDrained that nothing does', hold: holdQueuedBytes },
  { rule: 'a client that never reads can be held off', hold: holdBackpressure },
  { rule: 'pauseReading inside onReadable stops it until resumeReading', hold: holdPause },
  { rule: 'after the end of the client the node can still write', hold: holdClientEndsFirst },
  { rule: 'end sends what is queued, then closes', hold: holdEndFlushes },
  { rule: 'end lets the client read the last reply though it sent more', hold: holdLinger },
  { rule: 'a reset while a write waits closes once, with its code', hold: holdReset },
  { rule: 'destroy works inside every callback', hold: holdDestroyAnywhere },
  { rule: 'destroy while a write waits closes once and drops it', hold: holdDestroyWhileQueued },
  { rule: 'a destroyed socket swallows calls', hold: holdCallsAfterDestroy },
  { rule: 'a closed listener leaves its sockets alone', hold: holdListenerClose },
  { rule: 'a taken port is refused with a NodeError', hold: holdPortRefused },
];

for (const { name, open } of IMPLEMENTATIONS) {
  describe(`socket contract: ${name}`, () => {
    let arena: SocketArena;
    before(async () => {
      arena = await open();
    });
    after(() => arena.close());
    for (const { rule, hold } of RULES) test(rule, () => hold(arena));
  });
}

interface Pair {
  readonly client: TestClient;
  readonly socket: Socket;
  readonly handler: RecordingHandler;
}

async function connect(arena: SocketArena, options: ConnectOptions = {}): Promise<Pair> {
  const { client, socket } = await arena.connect(options);
  const handler = new RecordingHandler();
  socket.setHandler(handler);
  return { client, socket, handler };
}

async function closeBoth(arena: SocketArena, { client, socket, handler }: Pair): Promise<void> {
  client.resume();
  client.end();
  socket.end();
  await arena.until(() => handler.closeCode !== null, 'the socket is closed');
  assert.equal(handler.closeCode, '');
  assert.equal(handler.count('close'), 1);
  assert.equal(socket.isOpen, false);
}

/** Numbered bytes with no short period, so that a lost, doubled or swapped piece shows. */
function fillPattern(bytes: Uint8Array, position: number): void {
  for (let i = 0; i < bytes.length; i++) {
    const at = position + i;
    bytes[i] = at ^ (at >>> 8) ^ (at >>> 16);
  }
}

function makePattern(byteCount: number, position = 0): Uint8Array {
  const bytes = new Uint8Array(byteCount);
  fillPattern(bytes, position);
  return bytes;
}

function digestOf(byteCount: number): string {
  const hash = createHash('sha256');
  for (let at = 0; at < byteCount; at += MIB) {
    hash.update(makePattern(Math.min(MIB, byteCount - at), at));
  }
  return hash.digest('hex');
}

/**
 * Writes 1 MiB pieces of the pattern until the socket keeps one for want of room. TLS keeps every
 * long write for a moment: there it takes more than the kernel holds. @returns bytes written
 */
function writeUntilKept(arena: SocketArena, socket: Socket): number {
  for (let position = 0; position < 64 * MIB; position += MIB) {
    const isTaken = socket.write(makePattern(MIB, position), 0, MIB);
    if (!isTaken && (!arena.isTls || position >= 16 * MIB)) return position + MIB;
  }
  return assert.fail('a peer that does not read fills no buffer');
}

async function holdSingleBytes(arena: SocketArena): Promise<void> {
  const pair = await connect(arena, { inSingleBytes: true });
  const bytes = makePattern(200, 7);
  for (let i = 0; i < bytes.length; i++) {
    pair.client.send(bytes.subarray(i, i + 1));
    if (i % 2 === 0) continue;
    await arena.until(() => pair.handler.byteCount === i + 1, `byte ${i} is read`);
  }
  assert.deepEqual(Buffer.from(pair.handler.bytes()), Buffer.from(bytes));
  await closeBoth(arena, pair);
}

async function holdSplits(arena: SocketArena): Promise<void> {
  const pair = await connect(arena);
  const request = Buffer.from('*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n');
  let sentBytes = 0;
  for (let split = 0; split <= request.length; split++) {
    for (const part of [request.subarray(0, split), request.subarray(split)]) {
      pair.client.send(part);
      sentBytes += part.length;
      await arena.until(() => pair.handler.byteCount === sentBytes, `split ${split} is read`);
    }
  }
  const all = Buffer.from(pair.handler.bytes()).toString();
  assert.equal(all, request.toString().repeat(request.length + 1));
  await closeBoth(arena, pair);
}

/**
 * Streams as a connection would: a taken buffer is used again at once (and spoilt first), a kept
 * one is left alone and a new one is made.
 */
async function holdLongReply(arena: SocketArena): Promise<void> {
  const pair = await connect(arena);
  const totalBytes = (arena.isReal ? 100 : 8) * MIB + 12_345;
  const chunkBytes = 300_007;
  let buffer = new Uint8Array(chunkBytes + 2);
  let position = 0;
  let keptCount = 0;
  const pump = (): void => {
    while (position < totalBytes && pair.socket.queuedBytes < 2 * MIB) {
      const count = Math.min(chunkBytes, totalBytes - position);
      fillPattern(buffer.subarray(1, 1 + count), position);
      position += count;
      if (pair.socket.write(buffer, 1, 1 + count)) {
        buffer.fill(0xee);
      } else {
        keptCount++;
        buffer = new Uint8Array(chunkBytes + 2);
      }
    }
    if (position === totalBytes) pair.socket.end();
  };
  pair.handler.onCall = (name) => {
    if (name === 'drained') pump();
  };
  pair.client.pause();
  pump();
  while (!pair.client.sawEnd) {
    const wantedBytes = pair.client.byteCount + 8 * MIB;
    pair.client.resume();
    const isFed = (): boolean => pair.client.byteCount >= wantedBytes || pair.client.sawEnd;
    await arena.until(isFed, 'more of the reply arrives');
    pair.client.pause();
    await arena.settle();
  }
  assert.equal(pair.client.byteCount, totalBytes);
  assert.equal(pair.client.digest(), digestOf(totalBytes));
  assert.ok(keptCount > 0, 'the reader was slow enough to make writes wait');
  await closeBoth(arena, pair);
}

async function holdOrder(arena: SocketArena): Promise<void> {
  const pair = await connect(arena);
  pair.client.pause();
  let position = writeUntilKept(arena, pair.socket);
  for (const byteCount of [1, 70_000, 3, 5, 200_000, 17, 1]) {
    const bytes = makePattern(byteCount + 4, position - 2);
    const isTaken = pair.socket.write(bytes, 2, 2 + byteCount);
    // TLS copies what is short, which it may say while bytes before it wait.
    if (isTaken) bytes.fill(0);
    assert.ok(!isTaken || arena.isTls, 'nothing is taken before what waits');
    position += byteCount;
  }
  pair.client.resume();
  await arena.until(() => pair.client.byteCount === position, 'all arrived');
  assert.equal(pair.client.digest(), digestOf(position));
  await closeBoth(arena, pair);
}

async function holdQueuedBytes(arena: SocketArena): Promise<void> {
  const pair = await connect(arena);
  assert.equal(pair.socket.queuedBytes, 0);
  pair.client.pause();
  const position = writeUntilKept(arena, pair.socket);
  const waitingBytes = pair.socket.queuedBytes;
  assert.ok(waitingBytes > 0 && waitingBytes <= position, `${waitingBytes} of ${position} wait`);
  await arena.settle();
  pair.socket.write(makePattern(100_000, position), 0, 100_000);
  assert.ok(pair.socket.queuedBytes >= 100_000, 'a later write counts in full');
  assert.equal(pair.handler.count('drained'), 0);
  pair.handler.onCall = (name) => {
    if (name === 'drained') assert.equal(pair.socket.queuedBytes, 0);
  };
  pair.client.resume();
  await arena.until(() => pair.handler.count('drained') > 0, 'the queue is drained');
  await arena.until(() => pair.client.byteCount === position + 100_000, 'all arrived');
  assert.equal(pair.handler.count('drained'), 1);
  await closeBoth(arena, pair);
}

async function holdBackpressure(arena: SocketArena): Promise<void> {
  const pair = await connect(arena);
  const totalBytes = 16 * MIB;
  const { client, socket, handler } = pair;
  let queuedBytesMax = 0;
  handler.onData = (bytes, start, end) => {
    socket.write(bytes.slice(start, end), 0, end - start);
    queuedBytesMax = Math.max(queuedBytesMax, socket.queuedBytes);
    if (socket.queuedBytes > MIB) socket.pauseReading();
  };
  handler.onCall = (name) => {
    if (name === 'drained') socket.resumeReading();
  };
  client.pause();
  for (let at = 0; at < totalBytes; at += MIB) client.send(makePattern(MIB, at));
  await arena.until(() => queuedBytesMax > MIB, 'replies pile up');
  let heldBytes: number;
  // The kernel takes more for a while, above all on a machine that is busy.
  do {
    heldBytes = handler.byteCount;
    await arena.settle();
  } while (handler.byteCount > heldBytes);
  assert.ok(heldBytes < totalBytes, 'nothing is read while reading is paused');
  assert.ok(queuedBytesMax < MIB + 512 * 1024, `queue grew to ${queuedBytesMax}`);
  client.resume();
  await arena.until(() => client.byteCount === totalBytes, 'all came back');
  assert.equal(client.digest(), digestOf(totalBytes));
  await closeBoth(arena, pair);
}

async function holdPause(arena: SocketArena): Promise<void> {
  const pair = await connect(arena);
  const { client, socket, handler } = pair;
  let readCount = 0;
  handler.onData = () => {
    readCount++;
    socket.pauseReading();
  };
  client.send(makePattern(4 * MIB));
  client.end();
  await arena.until(() => readCount === 1, 'the first read');
  await arena.settle();
  assert.equal(readCount, 1);
  assert.equal(handler.count('end'), 0);
  socket.resumeReading();
  await arena.until(() => readCount === 2, 'the second read');
  handler.onData = null;
  socket.resumeReading();
  await arena.until(() => handler.count('end') === 1, 'the end of the client');
  assert.equal(handler.byteCount, 4 * MIB);
  await closeBoth(arena, pair);
}

async function holdClientEndsFirst(arena: SocketArena): Promise<void> {
  const pair = await connect(arena);
  const { client, socket, handler } = pair;
  client.send(makePattern(10));
  client.end();
  await arena.until(() => handler.count('end') === 1, 'the end of the client');
  assert.deepEqual(handler.calls, ['readable', 'end']);
  assert.equal(socket.isOpen, true);
  for (let at = 0; at < 3 * MIB; at += MIB) socket.write(makePattern(MIB, at), 0, MIB);
  await arena.until(() => client.byteCount === 3 * MIB, 'the reply after the end');
  assert.equal(client.digest(), digestOf(3 * MIB));
  assert.equal(client.sawEnd, false);
  socket.end();
  await arena.until(() => handler.closeCode !== null, 'the socket is closed');
  assert.equal(handler.closeCode, '');
  await arena.until(() => client.sawEnd, 'the client sees our end');
}

async function holdEndFlushes(arena: SocketArena): Promise<void> {
  const pair = await connect(arena);
  const { client, socket, handler } = pair;
  client.pause();
  const position = writeUntilKept(arena, socket);
  socket.end();
  socket.end();
  assert.equal(socket.write(makePattern(9), 0, 9), true, 'what comes after the end is dropped');
  await arena.settle();
  assert.equal(handler.closeCode, null, 'not closed before all is sent');
  client.resume();
  await arena.until(() => client.sawEnd, 'the client sees our end');
  assert.equal(client.byteCount, position);
  assert.equal(client.digest(), digestOf(position));
  client.end();
  await arena.until(() => handler.closeCode !== null, 'the socket is closed');
  assert.deepEqual(handler.calls, ['close']);
  assert.equal(handler.closeCode, '');
}

async function holdLinger(arena: SocketArena): Promise<void> {
  const pair = await connect(arena);
  const { client, socket, handler } = pair;
  handler.onData = () => {
    socket.write(Buffer.from('-ERR Protocol error\r\n'), 0, 21);
    socket.end();
  };
  for (let i = 0; i < 32; i++) client.send(makePattern(MIB / 4));
  await arena.until(() => client.sawEnd || client.closeCode !== null, 'the connection ends');
  assert.equal(Buffer.from(client.bytes()).toString(), '-ERR Protocol error\r\n');
  assert.equal(handler.calls.filter((call) => call === 'readable').length, 1);
  await closeBoth(arena, pair);
}

async function holdReset(arena: SocketArena): Promise<void> {
  const { client, socket, handler } = await connect(arena);
  client.pause();
  writeUntilKept(arena, socket);
  client.reset();
  await arena.until(() => handler.closeCode !== null, 'the socket is closed');
  assert.match(String(handler.closeCode), /^(ECONNRESET|EPIPE)$/);
  assert.deepEqual(handler.calls, ['close']);
  assert.equal(socket.isOpen, false);
  await arena.settle();
  assert.equal(handler.count('close'), 1);
}

async function holdDestroyAnywhere(arena: SocketArena): Promise<void> {
  for (const moment of ['accept', 'readable', 'drained', 'end', 'close']) {
    const handler = new RecordingHandler();
    const onAccept = (accepted: Socket): void => {
      accepted.setHandler(handler);
      if (moment === 'accept') accepted.destroy();
    };
    const { client, socket } = await arena.connect({ onAccept });
    handler.onCall = (name) => {
      if (name !== moment) return;
      socket.destroy();
      socket.destroy();
      assert.equal(socket.isOpen, false);
    };
    if (moment === 'drained') {
      client.pause();
      writeUntilKept(arena, socket);
      client.resume();
    }
    client.send(makePattern(2 * MIB));
    client.end();
    if (moment === 'close') socket.destroy();
    await arena.until(() => handler.closeCode !== null, `closed after destroy in ${moment}`);
    await arena.settle();
    assert.equal(handler.closeCode, '');
    const closing = moment === 'accept' || moment === 'close' ? ['close'] : [moment, 'close'];
    assert.deepEqual(handler.calls.slice(-closing.length), closing);
  }
}

async function holdDestroyWhileQueued(arena: SocketArena): Promise<void> {
  const { client, socket, handler } = await connect(arena);
  client.pause();
  const position = writeUntilKept(arena, socket);
  socket.destroy();
  assert.equal(socket.queuedBytes, 0);
  assert.deepEqual(handler.calls, [], 'onClose does not come out of destroy itself');
  client.resume();
  await arena.until(() => handler.closeCode !== null, 'the socket is closed');
  assert.deepEqual(handler.calls, ['close']);
  assert.ok(client.byteCount < position, 'what was queued is lost');
}

async function holdCallsAfterDestroy(arena: SocketArena): Promise<void> {
  const { client, socket, handler } = await connect(arena);
  client.send(makePattern(100));
  socket.destroy();
  for (let i = 0; i < 2; i++) {
    assert.equal(socket.write(makePattern(5), 0, 5), true);
    socket.pauseReading();
    socket.resumeReading();
    socket.end();
    socket.destroy();
    assert.equal(socket.isOpen, false);
    assert.equal(socket.queuedBytes, 0);
    assert.equal(typeof socket.fileDescriptor, 'number');
    assert.equal(typeof socket.localAddress, 'string');
    await arena.until(() => handler.closeCode !== null, 'the socket is closed');
  }
  await arena.settle();
  assert.deepEqual(handler.calls, ['close']);
}

async function holdListenerClose(arena: SocketArena): Promise<void> {
  let accepted: Socket | null = null;
  const handler = new RecordingHandler();
  const listener = await arena.listen({ port: 0 }, (socket) => {
    accepted = socket;
    socket.setHandler(handler);
    handler.onData = (bytes, start, end) => socket.write(bytes.slice(start, end), 0, end - start);
  });
  const client = arena.open(listener.port);
  await arena.until(() => accepted !== null, 'the connection is accepted');
  await listener.close();
  client.send(Buffer.from('still here'));
  await arena.until(() => client.byteCount === 10, 'the echo after the close');
  const again = await arena.listen({ port: listener.port }, () => {});
  assert.equal(again.port, listener.port, 'the port is free again');
  await again.close();
  client.end();
  (accepted as unknown as Socket).end();
  await arena.until(() => handler.closeCode === '', 'the socket is closed');
}

async function holdPortRefused(arena: SocketArena): Promise<void> {
  const { port } = arena.listener;
  await assert.rejects(
    () => arena.listen({ port }, () => {}),
    (error: unknown) => {
      assert.ok(error instanceof NodeError);
      assert.equal(error.code, 'PORT_REFUSED');
      const expected = `Cannot listen on 127.0.0.1:${port}: EADDRINUSE address already in use`;
      assert.equal(error.message, expected);
      return true;
    },
  );
}
