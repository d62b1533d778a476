/**
 * Decides whether the handle path is sound here, by using it: one connection to ourselves over
 * loopback, served by the class that will serve clients.
 *
 *   client                                   accepted
 *   writes the pattern while it connects:
 *   libuv must hold it, so this write is
 *   asynchronous and needs its WriteWrap  -> reads it into the shared buffer
 *   reads, compares                       <- writes it back: a synchronous write; ends
 *   sees the end, ends                    -> sees the end; both close
 *
 * Filling the kernel's buffers would force an asynchronous write too, but takes megabytes. Whatever
 * is missing, different, wrong in a byte or late makes the public API serve instead.
 */
import { type AddressInfo, createServer, type Server } from 'node:net';
import type { SocketHandler } from '../../base/world.ts';
import { bindLiteral } from './bind-literal.ts';
import { findServerHandle, type HandleBinding } from './handle-binding.ts';
import { HandleLane, HandleSocket } from './handle-socket.ts';

/** Takes 2 ms. A machine so loaded that it takes this long has other worries than the fast path. */
const PATIENCE_MS = 1000;
const LOOPBACK = { host: '127.0.0.1', port: 0 };
const PATTERN_START = 3;
const PATTERN_BYTES = 1000;

/** @returns '' when the handle path is sound, else the reason why not */
export async function findHandlePathFault(binding: HandleBinding): Promise<string> {
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      const handle = bindLiteral(binding, LOOPBACK);
      if (handle === null) server.listen(LOOPBACK, resolve);
      else server.listen(handle, resolve);
    });
    return await converse(server, binding);
  } catch (cause) {
    return `the probe failed: ${(cause as Error).message}`;
  } finally {
    server.close();
  }
}

function converse(server: Server, binding: HandleBinding): Promise<string> {
  const serverHandle = findServerHandle(server);
  if (typeof serverHandle === 'string') return Promise.resolve(serverHandle);
  const lane = new HandleLane(binding);
  const pattern = makePattern();
  const sockets: HandleSocket[] = [];
  return new Promise((resolve) => {
    let closedCount = 0;
    const settle = (fault: string): void => {
      clearTimeout(timer);
      resolve(fault);
      for (const socket of sockets) socket.destroy();
    };
    const timer = setTimeout(settle, PATIENCE_MS, 'the probe got no answer');
    const onClose = (code: string): void => {
      if (code !== '') settle(`the probe's connection failed: ${code}`);
      else if (++closedCount === 2) settle('');
    };
    serverHandle.onconnection = (status, accepted) => {
      if (status !== 0 || accepted === undefined) return settle('the probe was not accepted');
      const socket = new HandleSocket(accepted, lane, {});
      sockets.push(socket);
      socket.setHandler(makeEcho(socket, pattern, settle, onClose));
    };
    const fault = openClient(lane, server, (client) => {
      sockets.push(client);
      return makeComparer(client, pattern, settle, onClose);
    });
    if (fault !== '') settle(fault);
  });
}

function openClient(
  lane: HandleLane,
  server: Server,
  makeHandler: (client: HandleSocket) => SocketHandler,
): string {
  const handle = new lane.binding.Tcp(0);
  const client = new HandleSocket(handle, lane, {});
  const handler = makeHandler(client);
  const request = new lane.binding.ConnectWrap();
  // A connection that stands too late finds its socket destroyed, which setHandler respects.
  request.oncomplete = (status) => {
    if (status === 0) client.setHandler(handler);
  };
  const { port } = server.address() as AddressInfo;
  if (handle.connect(request, LOOPBACK.host, port) !== 0) return 'the probe cannot connect';
  const pattern = makePattern();
  const isTaken = client.write(pattern, PATTERN_START, PATTERN_START + PATTERN_BYTES);
  if (isTaken) return 'a write that must wait was not reported so';
  return client.queuedBytes === PATTERN_BYTES ? '' : 'a waiting write is miscounted';
}

type Settle = (fault: string) => void;

function makeEcho(
  socket: HandleSocket,
  pattern: Uint8Array,
  settle: Settle,
  onClose: (code: string) => void,
): SocketHandler {
  const arrived = new Arrival(pattern);
  return {
    onReadable(bytes, start, end) {
      if (!arrived.accept(bytes, start, end)) return settle('the probe read wrong bytes');
      if (!arrived.isWhole) return;
      const isTaken = socket.write(pattern, PATTERN_START, PATTERN_START + PATTERN_BYTES);
      if (!isTaken || socket.queuedBytes !== 0) settle('an immediate write was not reported so');
      socket.end();
    },
    onDrained() {},
    onEnd() {},
    onClose,
  };
}

function makeComparer(
  client: HandleSocket,
  pattern: Uint8Array,
  settle: Settle,
  onClose: (code: string) => void,
): SocketHandler {
  const arrived = new Arrival(pattern);
  let wasDrained = false;
  return {
    onReadable(bytes, start, end) {
      if (!arrived.accept(bytes, start, end)) settle('the probe read wrong bytes');
    },
    onDrained() {
      wasDrained = true;
    },
    onEnd() {
      if (!arrived.isWhole) settle('the probe lost bytes');
      if (!wasDrained) settle('the end of a waiting write was not reported');
      client.end();
    },
    onClose,
  };
}

/** Compares what comes in with the pattern, piece by piece. */
class Arrival {
  private readonly pattern: Uint8Array;
  private byteCount = 0;

  constructor(pattern: Uint8Array) {
    this.pattern = pattern;
  }

  get isWhole(): boolean {
    return this.byteCount === PATTERN_BYTES;
  }

  accept(bytes: Uint8Array, start: number, end: number): boolean {
    for (let at = start; at < end; at++) {
      if (this.byteCount === PATTERN_BYTES) return false;
      if (bytes[at] !== this.pattern[PATTERN_START + this.byteCount]) return false;
      this.byteCount++;
    }
    return true;
  }
}

function makePattern(): Uint8Array {
  const pattern = new Uint8Array(PATTERN_START + PATTERN_BYTES + 1);
  for (let i = 0; i < pattern.length; i++) pattern[i] = Math.imul(i, 167) >>> 3;
  return pattern;
}
