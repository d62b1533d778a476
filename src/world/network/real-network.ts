import { NodeError } from '../../base/errors.ts';
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
import { loadHandleBinding } from './handle-binding.ts';
import { listenByHandle } from './handle-listener.ts';
import { HandleLane } from './handle-socket.ts';
import { findHandlePathFault } from './path-probe.ts';
import { listenByPublicApi } from './public-listener.ts';

/** Releases on which the contract test has passed. A wrong guess about others could abort. */
const MAJORS_TRIED = [20, 22, 24, 25, 26];

interface Verdict {
  readonly lane: HandleLane | null;
  /** Why the handle path is not taken; '' when it is. */
  readonly fault: string;
}

const NO_LANE: Verdict = { lane: null, fault: '' };

/** Chooses a socket path for each listener; see `handle-socket.ts` and `public-socket.ts`. */
export class RealNetwork implements Network {
  private verdict: Promise<Verdict> | null = null;
  private description = 'undecided until the first listener';

  async listen(options: ListenOptions, onSocket: (socket: Socket) => void): Promise<Listener> {
    const isEncrypted = options.tls !== null || (options.secret ?? null) !== null;
    if (isEncrypted || options.unixSocket !== undefined) {
      return listenByPublicApi(options, onSocket);
    }
    if (options.socketPath === 'public') {
      this.description = 'public (by setting)';
      return listenByPublicApi(options, onSocket);
    }
    const { lane, fault } = await this.decide();
    if (lane !== null) {
      this.description = 'handle';
      return listenByHandle(lane, options, onSocket);
    }
    this.description = `public (${fault})`;
    if (options.socketPath === 'handle') {
      throw new NodeError('UNSUPPORTED', `The handle socket path is not usable here: ${fault}`);
    }
    return listenByPublicApi(options, onSocket);
  }

  async listenHttp(options: HttpOptions): Promise<HttpServer> {
    const { listenHttp } = await import('./http-listener.ts');
    return listenHttp(options);
  }

  async request(options: RequestOptions): Promise<RequestAnswer> {
    const { request } = await import('./http-request.ts');
    return request(options);
  }

  async dial(options: DialOptions): Promise<Socket> {
    const { dial } = await import('./dial.ts');
    const { lane } = options.secret === null ? await this.decide() : NO_LANE;
    return dial(options, lane);
  }

  async bindDatagram(
    options: DatagramOptions,
    onDatagram: DatagramHandler,
  ): Promise<DatagramSocket> {
    const { bindDatagram } = await import('./datagrams.ts');
    return bindDatagram(options, onDatagram);
  }

  async resolve(name: string): Promise<string[]> {
    const { resolve } = await import('./resolver.ts');
    return resolve(name);
  }

  async resolveService(name: string): Promise<ServicePlace[]> {
    const { resolveService } = await import('./resolver.ts');
    return resolveService(name);
  }

  describeSocketPath(): string {
    return this.description;
  }

  private decide(): Promise<Verdict> {
    this.verdict ??= judge();
    return this.verdict;
  }
}

async function judge(): Promise<Verdict> {
  const major = Number.parseInt(process.versions.node, 10);
  if (!MAJORS_TRIED.includes(major)) {
    return { lane: null, fault: `not tried on Node ${major}` };
  }
  const binding = loadHandleBinding();
  if (typeof binding === 'string') return { lane: null, fault: binding };
  const fault = await findHandlePathFault(binding);
  return { lane: fault === '' ? new HandleLane(binding) : null, fault };
}
