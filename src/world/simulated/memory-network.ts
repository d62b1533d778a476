import { assert, NodeError } from '../../base/errors.ts';
import type {
  HttpOptions,
  HttpServer,
  Listener,
  ListenOptions,
  Network,
  RequestAnswer,
  RequestOptions,
  Socket,
} from '../../base/world.ts';
import { createMemoryHttpServer } from './memory-http-server.ts';
import { type PeerOptions, type SimulatedPeer, SimulatedSocket } from './memory-socket.ts';
import type { SeededRandom } from './seeded-random.ts';

interface BoundPort {
  readonly onSocket: (socket: Socket) => void;
}

const FIRST_FREE_PORT = 40_000;

/** Connections inside one process. Nothing moves but in `takeTurn`. */
export class MemoryNetwork implements Network {
  private readonly random: SeededRandom;
  private readonly boundPorts = new Map<number, BoundPort>();
  private sockets: SimulatedSocket[] = [];
  private arrivals: { port: number; socket: SimulatedSocket }[] = [];
  private nextFreePort = FIRST_FREE_PORT;
  private nextPeerPort = 50_000;
  /** Who answers requests to other processes: a test sets it. */
  onRequest: ((options: RequestOptions) => RequestAnswer) | null = null;

  constructor(random: SeededRandom) {
    this.random = random;
  }

  /** Sockets whose onClose did not come yet: what a stopped node must leave at 0. */
  get openSocketCount(): number {
    const open = this.sockets.filter((socket) => !socket.isCloseReported);
    return open.length + this.arrivals.length;
  }

  async listen(options: ListenOptions, onSocket: (socket: Socket) => void): Promise<Listener> {
    const port = this.bind(options, { onSocket });
    const listener: Listener = {
      host: options.host,
      port,
      keepAliveS: options.keepAliveS,
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
    const port = this.bind(options, { onSocket: (socket) => socket.destroy() });
    return createMemoryHttpServer(port, () => this.boundPorts.delete(port));
  }

  async request(options: RequestOptions): Promise<RequestAnswer> {
    if (this.onRequest !== null) return this.onRequest(options);
    throw new NodeError('REQUEST_FAILED', `${options.url}: ECONNREFUSED`, { url: options.url });
  }

  describeSocketPath(): string {
    return 'simulated';
  }

  /** The node learns of the connection in the next turn; until then sent bytes wait. */
  connect(port: number, options: PeerOptions): SimulatedPeer {
    assert(this.boundPorts.has(port), 'somebody listens on the port that a test connects to');
    const ports = { local: port, remote: this.nextPeerPort++ };
    const socket = new SimulatedSocket(ports, options, this.random);
    this.arrivals.push({ port, socket });
    return socket.peer;
  }

  private bind({ host, port: wanted }: { host: string; port: number }, bound: BoundPort): number {
    const port = wanted === 0 ? this.nextFreePort++ : wanted;
    if (this.boundPorts.has(port)) {
      const message = `Cannot listen on ${host}:${port}: EADDRINUSE address already in use`;
      throw new NodeError('PORT_REFUSED', message, { host, port });
    }
    this.boundPorts.set(port, bound);
    return port;
  }

  /** One loop turn: accepts what arrived, then serves every socket once, in a seeded order. */
  takeTurn(): boolean {
    let didAnything = this.arrivals.length > 0;
    const arrivals = this.arrivals;
    this.arrivals = [];
    for (const { port, socket } of arrivals) {
      const bound = this.boundPorts.get(port);
      if (bound === undefined) {
        socket.peer.close('ECONNRESET');
        continue;
      }
      this.sockets.push(socket);
      bound.onSocket(socket);
    }
    const sockets = this.sockets.slice();
    const first = this.random.below(Math.max(1, sockets.length));
    for (let i = 0; i < sockets.length; i++) {
      if (sockets[(first + i) % sockets.length].takeTurn()) didAnything = true;
    }
    this.sockets = this.sockets.filter((socket) => !socket.isGone);
    return didAnything;
  }
}
