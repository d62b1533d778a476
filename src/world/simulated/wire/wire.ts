import type { ServicePlace } from '../../../base/world.ts';
import type { SeededRandom } from '../seeded-random.ts';
import type { Timeline } from '../timeline.ts';
import type { Stream } from './stream.ts';
import type { WireSocket } from './wire-socket.ts';

/** What the wire knows of a machine. */
export interface Station {
  readonly address: string;
  /** False: without power. Nothing arrives, and nothing tells the sender so. */
  isUp: boolean;
  /** @returns null when nobody listens at that port of that address */
  answerCall(port: number, dialledAddress: string): AnsweredCall | null;
  receive(datagram: Datagram): void;
}

export interface AnsweredCall {
  readonly secret: Uint8Array | null;
  /** The process learns of it when it looks next. */
  accept(socket: WireSocket, onSeen: () => void): void;
}

export interface Datagram {
  readonly from: Place;
  readonly to: Place;
  readonly bytes: Uint8Array;
}

export interface Place {
  readonly address: string;
  readonly port: number;
}

/** Something on its way between two machines, as a targeted fault sees it. */
export interface Delivery {
  readonly kind: 'stream' | 'datagram';
  readonly from: string;
  readonly to: string;
  readonly toPort: number;
  /** Plain, as nothing is encrypted in a simulation. Only to be read. */
  readonly bytes: Uint8Array;
}

/** Verdict on a delivery: a datagram is lost, a connection broken. */
export const DROPPED = -1;

/** A lost segment is sent again after so long, as Linux does at first. */
export const RESEND_MS = 200;

/**
 * The cables between the machines of a simulation. What a seed draws: how long each delivery takes,
 * so that datagrams overtake each other, which are lost and which come twice. What a test sets: the
 * shares of those, cuts in one direction or both, and faults of its own (`onDelivery`).
 */
export class Wire {
  readonly timeline: Timeline;
  readonly random: SeededRandom;
  latencyMsMin = 0.1;
  latencyMsMax = 0.5;
  /** Of 1. A connection loses nothing: it is late then. */
  lossShare = 0;
  /** Of datagrams. */
  duplicateShare = 0;
  /** Sees everything that leaves a machine. @returns ms to add, or DROPPED */
  onDelivery: ((delivery: Delivery) => number) | null = null;
  /** Name -> addresses. */
  readonly names = new Map<string, readonly string[]>();
  readonly services = new Map<string, readonly ServicePlace[]>();
  private readonly stations = new Map<string, Station>();
  private readonly cuts = new Set<string>();
  private readonly waiting = new Set<Stream>();

  constructor(timeline: Timeline, random: SeededRandom) {
    this.timeline = timeline;
    this.random = random;
  }

  get addresses(): string[] {
    return [...this.stations.keys()];
  }

  /** In place of the one before, of the same address. */
  attach(station: Station): void {
    this.stations.set(station.address, station);
  }

  /** @returns null: no machine has that address */
  find(address: string): Station | null {
    return this.stations.get(address) ?? null;
  }

  /** Nothing comes from the one to the other any more; what is on its way still arrives. */
  cut(from: string, to: string): void {
    this.cuts.add(pathOf(from, to));
  }

  cutBoth(one: string, other: string): void {
    this.cut(one, other);
    this.cut(other, one);
  }

  /** From all others, in both directions. */
  isolate(address: string): void {
    for (const other of this.addresses) if (other !== address) this.cutBoth(address, other);
  }

  heal(from: string, to: string): void {
    this.cuts.delete(pathOf(from, to));
    this.release();
  }

  healAll(): void {
    this.cuts.clear();
    this.release();
  }

  isCut(from: string, to: string): boolean {
    return this.cuts.size > 0 && this.cuts.has(pathOf(from, to));
  }

  /** Draws how long a delivery takes. */
  chooseLatencyMs(from: string, to: string): number {
    if (from === to) return 0;
    const width = this.latencyMsMax - this.latencyMsMin;
    return this.latencyMsMin + (this.random.u32() / 4294967296) * width;
  }

  /** For streams: ms to add for segments that had to be sent again; or DROPPED. */
  judge(delivery: Delivery): number {
    const extraMs = this.onDelivery?.(delivery) ?? 0;
    if (extraMs === DROPPED || !this.happens(this.lossShare)) return extraMs;
    return extraMs + RESEND_MS;
  }

  /** For streams: tell it when a path is healed. */
  awaitHealing(stream: Stream): void {
    this.waiting.add(stream);
  }

  chooseResendMs(): number {
    return this.random.below(RESEND_MS);
  }

  sendDatagram(datagram: Datagram): void {
    const { from, to, bytes } = datagram;
    if (this.isCut(from.address, to.address)) return;
    const delivery = { from: from.address, to: to.address, toPort: to.port, bytes } as const;
    const extraMs = this.onDelivery?.({ kind: 'datagram', ...delivery }) ?? 0;
    if (extraMs === DROPPED || this.happens(this.lossShare)) return;
    const copyCount = this.happens(this.duplicateShare) ? 2 : 1;
    for (let i = 0; i < copyCount; i++) {
      const delayMs = this.chooseLatencyMs(from.address, to.address) + extraMs;
      this.timeline.deliverAt(this.timeline.nowMs + delayMs, () => {
        const station = this.find(to.address);
        if (station?.isUp === true) station.receive(datagram);
      });
    }
  }

  private happens(share: number): boolean {
    return share > 0 && this.random.u32() < share * 4294967296;
  }

  private release(): void {
    for (const stream of [...this.waiting]) {
      if (this.isCut(stream.from, stream.to)) continue;
      this.waiting.delete(stream);
      stream.release();
    }
  }
}

function pathOf(from: string, to: string): string {
  return `${from}>${to}`;
}
