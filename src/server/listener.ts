import { NodeError } from '../base/errors.ts';
import type { Listener, Socket, SocketHandler, TlsOptions } from '../base/world.ts';
import type { NodeServices } from '../commands/node-services.ts';
import { GATE, Session } from '../commands/session.ts';
import { METRIC } from '../observability/metrics/metric-table.ts';
import type { ClientTable } from './client-registry.ts';
import { Connection, type InputLimits } from './connection.ts';
import { isLoopback } from './login-delays.ts';
import type { TurnLoop } from './turn-loop.ts';

/** The RESP ports, plain and TLS: binds them, and decides who may come in. */
export class RespListener {
  private readonly node: NodeServices;
  private readonly loop: TurnLoop;
  private readonly clients: ClientTable;
  private readonly onGone: (connection: Connection) => void;
  private readonly inputLimits: InputLimits;
  private listeners: Listener[] = [];
  private tlsListeners: Listener[] = [];

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
  }

  /**
   * Binds every address. All ports or none: a refusal closes what was bound.
   * @param tls  certificates when a TLS port is wanted, read by the caller
   * @throws     NodeError PORT_REFUSED
   */
  async open(tls: TlsOptions | null): Promise<{ resp: number; tls: number }> {
    const { network, tls: tlsSettings } = this.node.configuration;
    try {
      const resp = network.respEnabled ? await this.bindAll(network.respPort, null) : 0;
      const secure = tls === null ? 0 : await this.bindAll(tlsSettings.port, tls);
      return { resp, tls: secure };
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Stops accepting. Connections live on. */
  async close(): Promise<void> {
    const closing = [...this.listeners, ...this.tlsListeners];
    this.listeners = [];
    this.tlsListeners = [];
    await Promise.all(closing.map((listener) => listener.close()));
  }

  /** Certificates for connections from now on. */
  replaceTls(tls: TlsOptions): void {
    for (const listener of this.tlsListeners) listener.replaceTls(tls);
  }

  /** @returns the port; with port 0 the first address chooses it for all */
  private async bindAll(port: number, tls: TlsOptions | null): Promise<number> {
    const { network } = this.node.configuration;
    const bound = tls === null ? this.listeners : this.tlsListeners;
    let chosenPort = port;
    for (const address of network.respBindAddresses) {
      const isOptional = address.startsWith('-');
      const options = {
        host: hostOf(isOptional ? address.slice(1) : address),
        port: chosenPort,
        backlog: network.backlog,
        tls,
        socketPath: network.socketPath,
        keepAliveS: network.tcpKeepaliveS,
        ipv6Only: true,
      };
      try {
        const onSocket = (socket: Socket) => this.accept(socket, tls !== null);
        const listener = await this.node.world.network.listen(options, onSocket);
        bound.push(listener);
        chosenPort = listener.port;
      } catch (error) {
        if (!isOptional || !isAddressMissing(error)) throw error;
      }
    }
    return bound.length === 0 ? 0 : chosenPort;
  }

  private accept(socket: Socket, isTls: boolean): void {
    const { counters, configuration, logger } = this.node;
    const { network, security } = configuration;
    if (this.clients.count >= network.maxClients) {
      counters[METRIC.connectionsRejected]++;
      refuse(socket, TOO_MANY_CLIENTS);
      return;
    }
    counters[METRIC.connectionsReceived]++;
    const isOpenToAll = network.protectedMode && security.requirepass === '';
    if (isOpenToAll && !isLoopback(socket.remoteAddress)) {
      counters[METRIC.connectionsDenied]++;
      logger.warn('client-denied', 'Connection refused by protected mode', {
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
          store: this.node.stores[0],
          channel,
          nowMs: this.node.world.clock.wallMs(),
        });
        if (security.requirepass !== '') session.gate |= GATE.LOGIN_REQUIRED;
        this.clients.addSession(session);
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

/** Redis' words for every address of a family. */
function hostOf(address: string): string {
  if (address === '*') return '0.0.0.0';
  return address === '::*' ? '::' : address;
}

/** An address that this machine does not have is no error when its setting begins with '-'. */
function isAddressMissing(error: unknown): boolean {
  if (!(error instanceof NodeError) || error.code !== 'PORT_REFUSED') return false;
  return /EADDRNOTAVAIL|EAFNOSUPPORT/.test(error.message);
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
