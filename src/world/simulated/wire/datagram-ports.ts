import { NodeError } from '../../../base/errors.ts';
import type { DatagramHandler, DatagramOptions, DatagramSocket } from '../../../base/world.ts';
import type { Datagram, Wire } from './wire.ts';

interface BoundPort {
  readonly host: string;
  readonly port: number;
  readonly onDatagram: DatagramHandler;
}

const DATAGRAM_BYTES_MAX = 65_507;
/** What a kernel holds for a program that does not read; further ones are lost. */
const WAITING_BYTES_MAX = 4 * 1024 * 1024;
const LOOPBACK = '127.0.0.1';
/** One for all, spoilt after every call: nobody may keep it. Datagrams lie in its middle. */
const READ_BUFFER = new Uint8Array(64 * 1024 + 64);
const READ_START = 16;
const SPOILT = 0xdd;

/** The UDP ports of one machine. */
export class DatagramPorts {
  private readonly wire: Wire;
  private readonly address: string;
  private readonly takePort: () => number;
  private readonly ports = new Map<number, BoundPort>();
  private waiting: Datagram[] = [];
  private waitingBytes = 0;

  /** @param takePort  a free one */
  constructor(wire: Wire, address: string, takePort: () => number) {
    this.wire = wire;
    this.address = address;
    this.takePort = takePort;
  }

  bind({ host, port: wanted }: DatagramOptions, onDatagram: DatagramHandler): DatagramSocket {
    const port = wanted === 0 ? this.takePort() : wanted;
    if (this.ports.has(port)) {
      const message = `Cannot listen on ${host}:${port}/udp: EADDRINUSE`;
      throw new NodeError('PORT_REFUSED', message, { host, port });
    }
    const bound: BoundPort = { host, port, onDatagram };
    this.ports.set(port, bound);
    return {
      host,
      port,
      send: (bytes, start, end, toHost, toPort) => {
        if (this.ports.get(port) !== bound || end - start > DATAGRAM_BYTES_MAX) return;
        this.send(bound, new Uint8Array(bytes.subarray(start, end)), {
          address: toHost,
          port: toPort,
        });
      },
      close: () => {
        if (this.ports.get(port) === bound) this.ports.delete(port);
      },
    };
  }

  /** For the wire: the kernel takes it. */
  receive(datagram: Datagram): void {
    if (this.waitingBytes + datagram.bytes.length > WAITING_BYTES_MAX) return;
    this.waiting.push(datagram);
    this.waitingBytes += datagram.bytes.length;
  }

  clear(): void {
    this.ports.clear();
    this.waiting = [];
    this.waitingBytes = 0;
  }

  takeTurn(): boolean {
    if (this.waiting.length === 0) return false;
    const { waiting } = this;
    this.waiting = [];
    this.waitingBytes = 0;
    for (const { from, to, bytes } of waiting) {
      const bound = this.ports.get(to.port);
      if (bound === undefined || (bound.host === LOOPBACK && to.address !== LOOPBACK)) continue;
      const end = READ_START + bytes.length;
      READ_BUFFER.set(bytes, READ_START);
      bound.onDatagram(READ_BUFFER, READ_START, end, from.address, from.port);
      READ_BUFFER.fill(SPOILT, READ_START, end);
    }
    return true;
  }

  private send(
    { host, port }: BoundPort,
    bytes: Uint8Array,
    to: { address: string; port: number },
  ): void {
    const isHere = to.address === LOOPBACK;
    // As the system refuses it: from a loopback address nothing goes elsewhere.
    if (host === LOOPBACK && !isHere) return;
    const from = { address: isHere ? LOOPBACK : this.address, port };
    const { timeline } = this.wire;
    if (isHere) timeline.deliverAt(timeline.nowMs, () => this.receive({ from, to, bytes }));
    else this.wire.sendDatagram({ from, to, bytes });
  }
}
