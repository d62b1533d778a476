import { isIP } from 'node:net';
import { assert, NodeError } from '../../base/errors.ts';
import type {
  DatagramHandler,
  DatagramOptions,
  DatagramSocket,
  DialOptions,
  HttpOptions,
  HttpServer,
  Listener,
  ListenOptions,
  Network,
  RequestAnswer,
  RequestOptions,
  ServicePlace,
  Socket,
} from '../../base/world.ts';
import { createMemoryHttpServer } from './memory-http-server.ts';
import { type PeerOptions, type SimulatedPeer, SimulatedSocket } from './memory-socket.ts';
import type { SeededRandom } from './seeded-random.ts';
import { DatagramPorts } from './wire/datagram-ports.ts';
import { placeCall } from './wire/dialing.ts';
import type { AnsweredCall, Datagram, Station, Wire } from './wire/wire.ts';
import type { WireSocket } from './wire/wire-socket.ts';

interface BoundPort {
  readonly host: string;
  readonly secret: Uint8Array | null;
  readonly onSocket: (socket: Socket) => void;
}

const FIRST_FREE_PORT = 40_000;
const LOOPBACK = '127.0.0.1';

/**
 * The network of one machine: connections of test clients, and what goes over the wire to other
 * machines and back to itself. Nothing moves but in `takeTurn`.
 */
export class MemoryNetwork implements Network, Station {
  readonly address: string;
  isUp = true;
  private readonly random: SeededRandom;
  private readonly wire: Wire;
  private readonly boundPorts = new Map<number, BoundPort>();
  private readonly datagramPorts: DatagramPorts;
  private sockets: (SimulatedSocket | WireSocket)[] = [];
  /** What the program learns of in its next turn. */
  private arrivals: (() => void)[] = [];
  private nextFreePort = FIRST_FREE_PORT;
  private nextPeerPort = 50_000;
  private isDead = false;
  /** Who answers requests to other processes: a test sets it. */
  onRequest: ((options: RequestOptions) => RequestAnswer) | null = null;

  constructor(random: SeededRandom, wire: Wire, address: string) {
    this.random = random;
    this.wire = wire;
    this.address = address;
    this.datagramPorts = new DatagramPorts(wire, address, () => this.nextFreePort++);
    wire.attach(this);
  }

  /** Sockets whose onClose did not come yet: what a stopped node must leave at 0. */
  get openSocketCount(): number {
    const open = this.sockets.filter((socket) => !socket.isCloseReported);
    return open.length + this.arrivals.length;
  }

  async listen(options: ListenOptions, onSocket: (socket: Socket) => void): Promise<Listener> {
    const { host, keepAliveS, secret = null } = options;
    const port = this.bind(options, { host, secret: secret?.key ?? null, onSocket });
    const listener: Listener = {
      host,
      port,
      keepAliveS,
      isClosed: false,
      replaceTls: () => {},
      close: async () => {
        Object.assign(listener, { isClosed: true });
        this.boundPorts.delete(port);
      },
    };
    return listener;
  }

  /** Takes the port; requests reach the handler by the framework's own injection only. */
  async listenHttp(options: HttpOptions): Promise<HttpServer> {
    const { host } = options;
    const port = this.bind(options, {
      host,
      secret: null,
      onSocket: (socket) => socket.destroy(),
    });
    return createMemoryHttpServer(port, () => this.boundPorts.delete(port));
  }

  async request(options: RequestOptions): Promise<RequestAnswer> {
    if (this.onRequest !== null) return this.onRequest(options);
    throw new NodeError('REQUEST_FAILED', `${options.url}: ECONNREFUSED`, { url: options.url });
  }

  dial(options: DialOptions): Promise<Socket> {
    const { wire, random } = this;
    const isHere = isLoopback(options.host);
    const address = isHere ? LOOPBACK : this.address;
    const dialer = {
      wire,
      random,
      from: { address, port: this.nextPeerPort++ },
      find: () => (isHere ? this : wire.find(options.host)),
      complete: (act: () => void) => void this.arrivals.push(act),
      adopt: (socket: WireSocket) => void this.sockets.push(socket),
    };
    return placeCall(dialer, options);
  }

  async bindDatagram(
    options: DatagramOptions,
    onDatagram: DatagramHandler,
  ): Promise<DatagramSocket> {
    this.noteSettled();
    return this.datagramPorts.bind(options, onDatagram);
  }

  async resolve(name: string): Promise<string[]> {
    this.noteSettled();
    if (isIP(name) !== 0) return [name];
    const found = name === 'localhost' ? [LOOPBACK] : this.wire.names.get(name);
    if (found !== undefined) return [...found];
    throw new NodeError('NAME_UNKNOWN', `Cannot resolve ${name}: ENOTFOUND`, { name });
  }

  async resolveService(name: string): Promise<ServicePlace[]> {
    this.noteSettled();
    const found = this.wire.services.get(name);
    if (found !== undefined) return [...found];
    throw new NodeError('NAME_UNKNOWN', `Cannot resolve ${name}: ENOTFOUND`, { name });
  }

  describeSocketPath(): string {
    return 'simulated';
  }

  /** The node learns of the connection in the next turn; until then sent bytes wait. */
  connect(port: number, options: PeerOptions): SimulatedPeer {
    assert(this.boundPorts.has(port), 'somebody listens on the port that a test connects to');
    const ports = { local: port, remote: this.nextPeerPort++ };
    const socket = new SimulatedSocket(ports, options, this.random);
    this.arrivals.push(() => {
      const bound = this.boundPorts.get(port);
      if (bound === undefined) {
        socket.peer.close('ECONNRESET');
        return;
      }
      this.sockets.push(socket);
      bound.onSocket(socket);
    });
    return socket.peer;
  }

  /** For the wire. */
  answerCall(port: number, dialledAddress: string): AnsweredCall | null {
    const bound = this.boundPorts.get(port);
    if (bound === undefined) return null;
    if (isLoopback(bound.host) && !isLoopback(dialledAddress)) return null;
    return {
      secret: bound.secret,
      accept: (socket, onSeen) => {
        this.arrivals.push(() => {
          if (this.boundPorts.get(port) !== bound) {
            socket.destroy();
            return;
          }
          this.sockets.push(socket);
          bound.onSocket(socket);
          onSeen();
        });
      },
    };
  }

  /** For the wire. */
  receive(datagram: Datagram): void {
    if (!this.isDead) this.datagramPorts.receive(datagram);
  }

  /**
   * The process is gone.
   * @param hasKernel  which closes its connections; else the machine has no power any more
   */
  kill(hasKernel: boolean): void {
    this.isDead = true;
    this.isUp = hasKernel;
    this.boundPorts.clear();
    this.datagramPorts.clear();
    this.arrivals = [];
    for (const socket of this.sockets) socket.forget(hasKernel);
    this.sockets = [];
  }

  /** One loop turn: accepts what arrived, then serves every socket once, in a seeded order. */
  takeTurn(): boolean {
    let didAnything = this.takeArrivals();
    if (this.datagramPorts.takeTurn()) didAnything = true;
    // Those that come meanwhile have their turn with the next one.
    const { sockets } = this;
    const { length } = sockets;
    const first = this.random.below(Math.max(1, length));
    for (let i = 0; i < length; i++) {
      if (sockets[(first + i) % length].takeTurn()) didAnything = true;
    }
    if (didAnything) this.sockets = this.sockets.filter((socket) => !socket.isGone);
    return didAnything;
  }

  private takeArrivals(): boolean {
    const { arrivals } = this;
    if (arrivals.length === 0) return false;
    this.arrivals = [];
    for (const arrive of arrivals) arrive();
    return true;
  }

  private bind({ host, port: wanted }: { host: string; port: number }, bound: BoundPort): number {
    this.noteSettled();
    const port = wanted === 0 ? this.nextFreePort++ : wanted;
    if (this.boundPorts.has(port)) {
      const message = `Cannot listen on ${host}:${port}: EADDRINUSE address already in use`;
      throw new NodeError('PORT_REFUSED', message, { host, port });
    }
    if (!this.isDead) this.boundPorts.set(port, bound);
    return port;
  }

  private noteSettled(): void {
    this.wire.timeline.hasSettled = true;
  }
}

function isLoopback(host: string): boolean {
  return host.startsWith('127.') || host === '::1' || host === 'localhost';
}
