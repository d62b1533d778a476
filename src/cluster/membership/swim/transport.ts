import { assert, NodeError } from '../../../base/errors.ts';
import { LIMITS } from '../../../base/limits.ts';
import type { Logger } from '../../../base/logger.ts';
import type { DatagramSocket, Listener, Socket, World } from '../../../base/world.ts';
import { isLoopback } from '../wire/ip-address.ts';
import { type Envelope, encodePacket, parsePacket, splitMessage } from '../wire/packet.ts';
import { encodeStreamMessage, StreamAssembler } from '../wire/stream-message.ts';
import type { GossipStats } from './gossip-stats.ts';

/** TCP and UDP must get one number: with "any free one" the second may be taken already. */
const BIND_TRIES = 20;
const BACKLOG = 128;
const DIAL_MS = 1_000;

/** Where a message goes. */
export interface Target {
  readonly address: string;
  readonly port: number;
  /** What it understands at most; 0: not known. */
  readonly protocolMax: number;
}

export interface TransportListener {
  onMessage(message: Uint8Array, address: string, port: number): void;
  /**
   * One message came over TCP.
   * @returns the answer, or null: the connection is closed without
   */
  onStream(message: Uint8Array): Uint8Array | null;
}

/** Packets and single messages over TCP, sealed as the cluster's keys ask for. */
export class Transport {
  port = 0;
  private readonly world: World;
  private readonly logger: Logger;
  private readonly envelope: Envelope;
  private readonly stats: GossipStats;
  private readonly listener: TransportListener;
  private datagrams: DatagramSocket | null = null;
  private streams: Listener | null = null;
  private readonly openSockets = new Set<Socket>();

  constructor(options: {
    world: World;
    logger: Logger;
    envelope: Envelope;
    stats: GossipStats;
    listener: TransportListener;
  }) {
    this.world = options.world;
    this.logger = options.logger;
    this.envelope = options.envelope;
    this.stats = options.stats;
    this.listener = options.listener;
  }

  /** Rejects with NodeError PORT_REFUSED. */
  async bind(host: string, port: number): Promise<void> {
    for (let tries = 1; ; tries++) {
      const streams = await this.listen(host, port);
      try {
        const place = { host, port: streams.port };
        this.datagrams = await this.world.network.bindDatagram(place, this.onDatagram);
        this.streams = streams;
        this.port = streams.port;
        return;
      } catch (error) {
        await streams.close();
        const isTaken = error instanceof NodeError && error.code === 'PORT_REFUSED';
        if (!isTaken || port !== 0 || tries === BIND_TRIES) throw error;
      }
    }
  }

  /** Without a key anybody could speak for the cluster: then it is this machine only. */
  mayReach(address: string): boolean {
    return address !== '' && (this.envelope.sealing !== null || isLoopback(address));
  }

  send(message: Uint8Array, { address, port, protocolMax }: Target): void {
    if (this.datagrams === null || !this.mayReach(address) || port === 0) return;
    const packet = encodePacket(this.envelope, message, protocolMax);
    this.stats.sentPackets++;
    this.stats.sentBytes += packet.length;
    this.datagrams.send(packet, 0, packet.length, address, port);
  }

  /**
   * Sends one message over TCP.
   * @param onAnswer  called once; null: nobody is there, or nothing useful came in time
   */
  ask(
    message: Uint8Array,
    address: string,
    port: number,
    onAnswer: (answer: Uint8Array | null) => void,
  ): void {
    if (this.mayReach(address) && port !== 0) void this.dial(message, address, port, onAnswer);
    else onAnswer(null);
  }

  close(): void {
    this.datagrams?.close();
    this.datagrams = null;
    const closing = this.streams?.close();
    this.streams = null;
    closing?.catch((error: unknown) => {
      this.logger.error('close', 'gossip port did not close', { error });
    });
    for (const socket of this.openSockets) socket.destroy();
  }

  private readonly onDatagram = (
    bytes: Uint8Array,
    start: number,
    end: number,
    address: string,
    port: number,
  ): void => {
    this.stats.receivedPackets++;
    this.stats.receivedBytes += end - start;
    const isForeign = this.envelope.sealing === null && !isLoopback(address);
    const message = isForeign ? null : parsePacket(this.envelope, bytes, start, end);
    const isTaken =
      message !== null &&
      splitMessage(message, (part) => this.listener.onMessage(part, address, port));
    if (!isTaken) this.stats.refusedPackets++;
  };

  private async dial(
    message: Uint8Array,
    address: string,
    port: number,
    onAnswer: (answer: Uint8Array | null) => void,
  ): Promise<void> {
    let socket: Socket;
    try {
      const options = { host: address, port, timeoutMs: DIAL_MS, secret: null };
      socket = await this.world.network.dial(options);
    } catch (error) {
      // That one is not there is what gossip is about; whoever asked decides what follows.
      if (!(error instanceof NodeError && error.code === 'CONNECT_REFUSED')) throw error;
      onAnswer(null);
      return;
    }
    this.converse(socket, (answer) => {
      onAnswer(answer);
      return null;
    });
    this.write(socket, message);
  }

  private listen(host: string, port: number): Promise<Listener> {
    const options = { host, port, backlog: BACKLOG, tls: null, keepAliveS: 0 };
    return this.world.network.listen({ ...options, socketPath: 'public' }, (socket) => {
      const isForeign = this.envelope.sealing === null && !isLoopback(socket.remoteAddress);
      if (isForeign || this.openSockets.size >= LIMITS.gossipStreamCountMax) socket.destroy();
      else this.converse(socket, (message) => message && this.listener.onStream(message));
    });
  }

  /**
   * Reads one message, answers with one if there is an answer, and closes.
   * @param onMessage  called once; null: the connection ended, or was refused, before
   */
  private converse(
    socket: Socket,
    onMessage: (message: Uint8Array | null) => Uint8Array | null,
  ): void {
    const assembler = new StreamAssembler(this.envelope);
    let isDone = false;
    const finish = (message: Uint8Array | null) => {
      if (isDone) return;
      isDone = true;
      const answer = onMessage(message);
      if (answer !== null) this.write(socket, answer);
      if (message === null) socket.destroy();
      else socket.end();
    };
    const timer = this.world.timers.after(LIMITS.gossipStreamMs, () => {
      finish(null);
      socket.destroy();
    });
    this.openSockets.add(socket);
    socket.setHandler({
      onReadable: (bytes, start, end) => {
        if (isDone) return;
        this.stats.receivedBytes += end - start;
        const message = assembler.push(bytes, start, end);
        if (message === 'more') return;
        if (message === 'refused') this.stats.refusedPackets++;
        finish(message === 'refused' ? null : message);
      },
      onDrained: () => {},
      onEnd: () => finish(null),
      onClose: () => {
        timer.cancel();
        this.openSockets.delete(socket);
        finish(null);
      },
    });
  }

  private write(socket: Socket, message: Uint8Array): void {
    assert(message.length > 0, 'a message has a type');
    const bytes = encodeStreamMessage(this.envelope, message);
    this.stats.sentBytes += bytes.length;
    socket.write(bytes, 0, bytes.length);
  }
}
