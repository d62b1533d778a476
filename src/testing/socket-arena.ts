/**
 * Both ends of connections over every implementation of the world's sockets, so that one test can
 * walk them all: the node's end is the Socket under test, the client's end is a TestClient.
 */
import { strict as assert } from 'node:assert';
import { createHash, type Hash } from 'node:crypto';
import { connect, type Socket as NetSocket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type {
  Listener,
  ListenOptions,
  Network,
  Socket,
  SocketHandler,
  SocketPath,
} from '../base/world.ts';
import { RealNetwork } from '../world/network/real-network.ts';
import type { SimulatedPeer } from '../world/simulated/memory-socket.ts';
import { createSimulatedWorld } from '../world/simulated/simulated-world.ts';
import { makeTestCertificates } from './certificates.ts';

export interface TestClient {
  readonly byteCount: number;
  readonly sawEnd: boolean;
  /** null while open. */
  readonly closeCode: string | null;
  send(bytes: Uint8Array): void;
  end(): void;
  reset(): void;
  pause(): void;
  resume(): void;
  /** SHA-256 of all bytes received. */
  digest(): string;
  /** What was received, while it is little. */
  bytes(): Uint8Array;
}

export interface SocketArena {
  readonly name: string;
  readonly isReal: boolean;
  readonly isTls: boolean;
  /** A connection: the client, and the node's socket before any handler is set. */
  connect(options?: ConnectOptions): Promise<{ client: TestClient; socket: Socket }>;
  /** A client of any listener of this arena. */
  open(port: number): TestClient;
  /** Another listener like the arena's own. */
  listen(options: Partial<ListenOptions>, onSocket: (socket: Socket) => void): Promise<Listener>;
  readonly listener: Listener;
  /** Lets the world run until the condition holds; fails when it does not in good time. */
  until(condition: () => boolean, what: string): Promise<void>;
  /** Lets everything under way happen; for asserting that nothing more does. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

export interface ConnectOptions {
  /** Reads of one byte each, where the implementation can be told so. */
  readonly inSingleBytes?: boolean;
  /** Called inside the accept callback, so before any event. */
  readonly onAccept?: (socket: Socket) => void;
}

const DEADLINE_MS = 60_000;
const BYTES_KEPT_MAX = 1024 * 1024;

/** Calls of one handler, in order, and what was read. */
export class RecordingHandler implements SocketHandler {
  readonly calls: string[] = [];
  byteCount = 0;
  closeCode: string | null = null;
  onData: ((bytes: Uint8Array, start: number, end: number) => void) | null = null;
  onCall: ((name: string) => void) | null = null;
  private readonly kept: Uint8Array[] = [];

  onReadable(bytes: Uint8Array, start: number, end: number): void {
    assert.ok(start >= 0 && start < end && end <= bytes.length, 'a read has bytes in its buffer');
    this.byteCount += end - start;
    if (this.byteCount <= BYTES_KEPT_MAX) this.kept.push(bytes.slice(start, end));
    this.note('readable');
    this.onData?.(bytes, start, end);
  }

  onDrained(): void {
    this.note('drained');
  }

  onEnd(): void {
    this.note('end');
  }

  onClose(code: string): void {
    this.closeCode = code;
    this.note('close');
  }

  count(name: string): number {
    return this.calls.filter((call) => call === name).length;
  }

  bytes(): Uint8Array {
    return Buffer.concat(this.kept);
  }

  private note(name: string): void {
    assert.equal(this.count('close'), 0, `onClose is the last call, but ${name} came after it`);
    // A run of reads is one entry: a stream of megabytes would make a list of thousands.
    if (name !== 'readable' || this.calls.at(-1) !== 'readable') this.calls.push(name);
    this.onCall?.(name);
  }
}

export async function openRealArena(path: SocketPath, isTls: boolean): Promise<SocketArena> {
  const network: Network = new RealNetwork();
  const tls = isTls ? makeTestCertificates().server : null;
  const base: ListenOptions = {
    host: '127.0.0.1',
    port: 0,
    backlog: 511,
    tls:
      tls === null
        ? null
        : {
            ...tls,
            authorities: null,
            clientCertificate: 'ignored',
            minVersion: 'TLSv1.2',
            ciphers: null,
          },
    socketPath: path,
    keepAliveS: 300,
  };
  const arrived: Socket[] = [];
  const accepted: Socket[] = [];
  let onAccept: ((socket: Socket) => void) | null = null;
  const listener = await network.listen(base, (socket) => {
    onAccept?.(socket);
    arrived.push(socket);
    accepted.push(socket);
  });
  const clients: RealClient[] = [];
  const open = (port: number): RealClient => {
    const client = new RealClient(port, isTls);
    clients.push(client);
    return client;
  };
  return {
    name: isTls ? 'tls' : path,
    isReal: true,
    isTls,
    listener,
    open,
    async connect(options = {}) {
      onAccept = options.onAccept ?? null;
      const client = open(listener.port);
      await waitFor(() => arrived.length > 0, 'a connection is accepted');
      return { client, socket: arrived.shift() as Socket };
    },
    listen: (options, onSocket) => network.listen({ ...base, ...options }, onSocket),
    until: waitFor,
    settle: () => new Promise((resolve) => setTimeout(resolve, 30)),
    async close() {
      // Also after a failure: an open socket would keep the test process from ending.
      for (const client of clients) client.destroy();
      for (const socket of accepted) socket.destroy();
      await listener.close();
    },
  };
}

export async function openSimulatedArena(seed: number): Promise<SocketArena> {
  const world = createSimulatedWorld(seed);
  const base: ListenOptions = {
    host: '127.0.0.1',
    port: 0,
    backlog: 511,
    tls: null,
    socketPath: 'auto',
    keepAliveS: 0,
  };
  const arrived: Socket[] = [];
  let onAccept: ((socket: Socket) => void) | null = null;
  const listener = await world.network.listen(base, (socket) => {
    onAccept?.(socket);
    arrived.push(socket);
  });
  return {
    name: `simulated, seed ${seed}`,
    isReal: false,
    isTls: false,
    listener,
    open: (port) => new SimulatedClient(world.connect(port)),
    async connect(options = {}) {
      onAccept = options.onAccept ?? null;
      const peer = world.connect(listener.port, {
        windowBytes: 256 * 1024,
        fragmentation: options.inSingleBytes ? 'bytes' : 'seeded',
      });
      while (arrived.length === 0) world.step();
      return { client: new SimulatedClient(peer), socket: arrived.shift() as Socket };
    },
    listen: (options, onSocket) => world.network.listen({ ...base, ...options }, onSocket),
    async until(condition, what) {
      while (!condition()) assert.ok(world.step(), `the world came to rest before ${what}`);
    },
    async settle() {
      world.runUntilIdle();
    },
    close: () => listener.close(),
  };
}

async function waitFor(condition: () => boolean, what: string): Promise<void> {
  const deadlineMs = performance.now() + DEADLINE_MS;
  while (!condition()) {
    assert.ok(performance.now() < deadlineMs, `waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

class RealClient implements TestClient {
  byteCount = 0;
  sawEnd = false;
  closeCode: string | null = null;
  private readonly raw: NetSocket;
  private readonly stream: NetSocket;
  private readonly hash: Hash = createHash('sha256');
  private readonly kept: Uint8Array[] = [];
  private error = '';

  constructor(port: number, isTls: boolean) {
    this.raw = connect({ host: '127.0.0.1', port, allowHalfOpen: true, noDelay: true });
    this.stream = isTls ? connectTls({ socket: this.raw, rejectUnauthorized: false }) : this.raw;
    this.stream.on('data', (bytes: Buffer) => {
      this.byteCount += bytes.length;
      this.hash.update(bytes);
      if (this.byteCount <= BYTES_KEPT_MAX) this.kept.push(bytes);
    });
    this.stream.on('end', () => {
      this.sawEnd = true;
    });
    this.stream.on('error', (cause: NodeJS.ErrnoException) => {
      this.error = cause.code ?? cause.name;
    });
    if (isTls) this.raw.on('error', () => {});
    this.stream.on('close', () => {
      this.closeCode = this.error;
    });
  }

  send(bytes: Uint8Array): void {
    this.stream.write(bytes);
  }

  end(): void {
    this.stream.end();
  }

  reset(): void {
    this.raw.resetAndDestroy();
  }

  destroy(): void {
    this.stream.destroy();
  }

  pause(): void {
    this.stream.pause();
  }

  resume(): void {
    this.stream.resume();
  }

  digest(): string {
    return this.hash.copy().digest('hex');
  }

  bytes(): Uint8Array {
    return Buffer.concat(this.kept);
  }
}

class SimulatedClient implements TestClient {
  private readonly peer: SimulatedPeer;

  constructor(peer: SimulatedPeer) {
    this.peer = peer;
  }

  get byteCount(): number {
    return this.peer.byteCount;
  }

  get sawEnd(): boolean {
    return this.peer.sawEnd;
  }

  get closeCode(): string | null {
    return this.peer.closeCode;
  }

  send(bytes: Uint8Array): void {
    this.peer.send(bytes);
  }

  end(): void {
    this.peer.end();
  }

  reset(): void {
    this.peer.reset();
  }

  pause(): void {
    this.peer.isReading = false;
  }

  resume(): void {
    this.peer.isReading = true;
  }

  digest(): string {
    return createHash('sha256').update(this.peer.received()).digest('hex');
  }

  bytes(): Uint8Array {
    return this.peer.received();
  }
}
