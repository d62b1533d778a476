import { NodeError } from '../../base/errors.ts';
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

/** Chooses a socket path for each listener; see `handle-socket.ts` and `public-socket.ts`. */
export class RealNetwork implements Network {
  private verdict: Promise<Verdict> | null = null;
  private description = 'undecided until the first listener';

  async listen(options: ListenOptions, onSocket: (socket: Socket) => void): Promise<Listener> {
    if (options.tls !== null || options.unixSocket !== undefined) {
      return listenByPublicApi(options, onSocket);
    }
    if (options.socketPath === 'public') {
      this.description = 'public (by setting)';
      return listenByPublicApi(options, onSocket);
    }
    this.verdict ??= judge();
    const { lane, fault } = await this.verdict;
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

  describeSocketPath(): string {
    return this.description;
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
