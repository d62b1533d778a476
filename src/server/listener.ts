import type { Configuration } from '../base/configuration.ts';
import { NodeError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { isLocalAddress } from '../base/local-address.ts';
import type {
  Listener,
  Socket,
  SocketHandler,
  Timer,
  TlsOptions,
  UnixSocketOptions,
} from '../base/world.ts';
import type { NodeServices } from '../commands/node-services.ts';
import { beRedirected, Session } from '../commands/session.ts';
import { METRIC } from '../observability/metrics/metric-table.ts';
import { AcceptErrors } from './accept-errors.ts';
import type { ClientTable } from './client-registry.ts';
import { Connection } from './connection.ts';
import type { InputLimits } from './input-limits.ts';
import { type Bind, PortGroup, type Wanted } from './port-group.ts';
import { readTlsFiles } from './tls-files.ts';
import type { TurnLoop } from './turn-loop.ts';

interface Place {
  readonly host: string;
  readonly port: number;
  readonly tls: TlsOptions | null;
  /** Clients are told of the owner of their key. */
  readonly redirects: boolean;
}

/** The RESP ports, plain and TLS, and the unix socket: binds them, and decides who may come in. */
export class RespListener {
  private readonly node: NodeServices;
  private readonly loop: TurnLoop;
  private readonly clients: ClientTable;
  private readonly onGone: (connection: Connection) => void;
  private readonly inputLimits: InputLimits;
  private readonly plain: PortGroup;
  private readonly secure: PortGroup;
  private readonly redirecting: PortGroup;
  private readonly acceptErrors: AcceptErrors;
  private unixListener: Listener | null = null;
  private dropTimer: Timer | null = null;

  /** @param options.onGone  a connection counts no more: forget its session everywhere */
  constructor(options: {
    node: NodeServices;
    loop: TurnLoop;
    clients: ClientTable;
    inputLimits: InputLimits;
    onGone: (connection: Connection) => void;
  }) {
    this.node = options.node;
    this.loop = options.loop;
    this.clients = options.clients;
    this.inputLimits = options.inputLimits;
    this.onGone = options.onGone;
    this.acceptErrors = new AcceptErrors(options.node);
    const { redirectsAll } = this;
    const bind: Bind = (host, port, tls) => this.bind({ host, port, tls, redirects: redirectsAll });
    const onLost = (address: string, error: unknown) => {
      const { logger } = options.node;
      logger.error('listen', 'An address could not be bound again', { address, error });
    };
    this.plain = new PortGroup(bind, onLost);
    this.secure = new PortGroup(bind, onLost);
    this.redirecting = new PortGroup(
      (host, port, tls) => this.bind({ host, port, tls, redirects: true }),
      onLost,
    );
  }

  /**
   * Binds every address. All ports or none: a refusal closes what was bound.
   * @throws NodeError PORT_REFUSED, BAD_CERTIFICATE
   */
  async open(): Promise<void> {
    const { configuration, world } = this.node;
    const { network, tls } = configuration;
    try {
      const certificates = readTlsFiles(tls, world.disk);
      await this.secure.open(wantedSecure(configuration, certificates));
      await this.plain.open(wantedPlain(configuration));
      await this.redirecting.open(wantedRedirecting(configuration));
      if (network.unixSocket !== '') {
        const { unixSocket: path, unixSocketPermissions: permissions } = network;
        const host = path;
        this.unixListener = await this.bind(
          { host, port: 0, tls: null, redirects: false },
          { path, permissions },
        );
      }
      this.tellPorts();
      this.tellCertificates(certificates);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Stops accepting. Connections live on. */
  async close(): Promise<void> {
    this.dropTimer?.cancel();
    const { unixListener } = this;
    this.unixListener = null;
    await Promise.all([
      this.plain.close(),
      this.secure.close(),
      this.redirecting.close(),
      unixListener?.close(),
    ]);
  }

  /**
   * Binds what a change of ports or addresses will need.
   * @returns null when `applyPorts` need not wait for it
   */
  preparePorts(next: Configuration): Promise<void> | null {
    this.dropTimer?.cancel();
    const tls = this.findTls(next);
    // `applyPorts` tells what is wrong with the files.
    if (tls instanceof NodeError) return null;
    const waits = [
      this.plain.prepare(wantedPlain(next)),
      this.secure.prepare(wantedSecure(next, tls)),
    ].filter((wait) => wait !== null);
    if (waits.length === 0) return null;
    // Who asked for the change may be gone before it is made.
    this.dropTimer = this.node.world.timers.after(LIMITS.preparedPortMs, () => this.dropPorts());
    return Promise.all(waits).then(() => {});
  }

  /** Takes what was prepared. @returns false when it could not be bound: the old ports stay */
  applyPorts(): boolean {
    const { configuration, logger } = this.node;
    const tls = this.findTls(configuration);
    const plain = wantedPlain(configuration);
    const secure = tls instanceof NodeError ? null : wantedSecure(configuration, tls);
    const isBad = tls instanceof NodeError;
    const error = isBad ? tls : (this.plain.refusal(plain) ?? this.secure.refusal(secure));
    this.dropTimer?.cancel();
    if (error !== null) {
      logger.warn('listen', 'The ports cannot be changed', { error });
      this.dropPorts();
      return false;
    }
    this.plain.commit(plain);
    this.secure.commit(secure);
    this.tellPorts();
    this.tellCertificates(isBad ? null : tls);
    return true;
  }

  /**
   * Certificates for connections from now on.
   * @returns false when they cannot be used: the old ones stay
   */
  reloadTls(): boolean {
    const { configuration, logger } = this.node;
    try {
      const tls = readTlsFiles(configuration.tls, this.node.world.disk);
      if (tls !== null) this.secure.replaceTls(tls);
      this.tellCertificates(tls);
      return true;
    } catch (error) {
      if (!(error instanceof NodeError)) throw error;
      logger.warn('tls', 'The certificates cannot be used; the old ones stay', { error });
      return false;
    }
  }

  /** tcp-keepalive has changed: for connections from now on. */
  applyKeepAlive(): void {
    const { tcpKeepaliveS } = this.node.configuration.network;
    for (const group of [this.plain, this.secure, this.redirecting]) {
      for (const listener of group.listeners) listener.keepAliveS = tcpKeepaliveS;
    }
  }

  private dropPorts(): void {
    this.plain.drop();
    this.secure.drop();
  }

  private tellPorts(): void {
    this.node.ports.resp = this.plain.port;
    this.node.ports.tls = this.secure.port;
    this.node.ports.redirect = this.redirecting.port;
  }

  private tellCertificates(tls: TlsOptions | null): void {
    this.node.health.certificates.resp = tls?.certificate ?? '';
  }

  /** @returns null when there is no TLS port; the error when its files cannot be used */
  private findTls({ tls }: Configuration): TlsOptions | NodeError | null {
    try {
      return readTlsFiles(tls, this.node.world.disk);
    } catch (error) {
      if (!(error instanceof NodeError)) throw error;
      return error;
    }
  }

  /** As Redis Cluster: its one port is the one that redirects. */
  private get redirectsAll(): boolean {
    const { cluster } = this.node.configuration;
    return cluster.enabled && cluster.redisProtocol;
  }

  private bind({ redirects, ...place }: Place, unixSocket?: UnixSocketOptions): Promise<Listener> {
    const { backlog, socketPath, tcpKeepaliveS } = this.node.configuration.network;
    const options = {
      ...place,
      backlog,
      socketPath,
      keepAliveS: unixSocket === undefined ? tcpKeepaliveS : 0,
      ipv6Only: true,
      onAcceptError: (code: string) => this.acceptErrors.record(code),
      ...(unixSocket === undefined ? {} : { unixSocket }),
    };
    const onSocket = (socket: Socket) => this.accept(socket, place.tls !== null, redirects);
    return this.node.world.network.listen(options, onSocket);
  }

  private accept(socket: Socket, isTls: boolean, redirects: boolean): void {
    const { access, counters, configuration, logger, paced } = this.node;
    const { network } = configuration;
    if (this.clients.count >= network.maxClients) {
      counters[METRIC.connectionsRejected]++;
      refuse(socket, TOO_MANY_CLIENTS);
      return;
    }
    counters[METRIC.connectionsReceived]++;
    const isOpenToAll = network.protectedMode && access.defaultUser.takesAnyPassword;
    if (isOpenToAll && !isLocalAddress(socket.remoteAddress)) {
      counters[METRIC.connectionsDenied]++;
      paced.warn('auth', 'client-denied', 'Connection refused by protected mode', {
        address: `${socket.remoteAddress}:${socket.remotePort}`,
      });
      refuse(socket, DENIED);
      return;
    }
    const connection = new Connection({
      session: (channel) => {
        const session = new Session({
          id: this.clients.takeId(),
          node: this.node,
          store: this.node.stores.default,
          channel,
          nowMs: this.node.world.clock.wallMs(),
        });
        this.clients.addSession(session);
        if (redirects) beRedirected(session);
        return session;
      },
      socket,
      loop: this.loop,
      configuration,
      inputLimits: this.inputLimits,
      isTls,
      onGone: this.onGone,
    });
    this.clients.addConnection(connection);
    if (logger.isDebug()) {
      logger.debug('client-accepted', 'Client connected', {
        clientId: connection.session.id,
        address: `${socket.remoteAddress}:${socket.remotePort}`,
      });
    }
  }
}

function wantedPlain({ network }: Configuration): Wanted | null {
  const { respBindAddresses: addresses, respEnabled, respPort: port } = network;
  return respEnabled ? { addresses, port, tls: null } : null;
}

function wantedRedirecting({ cluster, network }: Configuration): Wanted | null {
  const { redirectPort: port, respBindAddresses: addresses } = network;
  return cluster.enabled && port !== 0 ? { addresses, port, tls: null } : null;
}

function wantedSecure({ network, tls: { port } }: Configuration, tls: TlsOptions | null) {
  return port === 0 ? null : { addresses: network.respBindAddresses, port, tls };
}

function refuse(socket: Socket, line: Uint8Array): void {
  socket.setHandler(DEAF);
  socket.write(line, 0, line.length);
  socket.end();
}

const DEAF: SocketHandler = {
  onReadable: () => {},
  onDrained: () => {},
  onEnd: () => {},
  onClose: () => {},
};

const TOO_MANY_CLIENTS = Buffer.from('-ERR max number of clients reached\r\n');

const DENIED = Buffer.from(
  '-DENIED Redis is running in protected mode because protected mode is enabled and no password ' +
    'is set for the default user. In this mode connections are only accepted from the loopback ' +
    'interface. If you want to connect from external computers to Redis you may adopt one of the ' +
    "following solutions: 1) Just disable protected mode sending the command 'CONFIG SET " +
    "protected-mode no' from the loopback interface by connecting to Redis from the same host " +
    'the server is running, however MAKE SURE Redis is not publicly accessible from internet if ' +
    'you do so. Use CONFIG REWRITE to make this change permanent. 2) Alternatively you can just ' +
    'disable the protected mode by editing the Redis configuration file, and setting the ' +
    "protected mode option to 'no', and then restarting the server. 3) If you started the server " +
    "manually just for testing, restart it with the '--protected-mode no' option. 4) Setup a an " +
    'authentication password for the default user. NOTE: You only need to do one of the above ' +
    'things in order for the server to start accepting connections from the outside.\r\n',
);
