/**
 * Links between nodes in one process, without sockets or time: messages wait in order, pair by
 * pair, until a test has them delivered, lost or cut off. They pass the real codec.
 */

import { LinkReader } from '../cluster/peers/link-reader.ts';
import { MessageQueue } from '../cluster/peers/message-queue.ts';
import type { MessageWriter } from '../cluster/peers/message-writer.ts';
import type { MessageHandler, Peer, PeerBus, PeerListener } from '../cluster/peers/peer-bus.ts';
import type { Draw } from './seeded.ts';
import { takeMessage } from './written-message.ts';

const HEAD_BYTES = 5;

interface FakePeer extends Peer {
  id: string;
  incarnation: number;
  isUp: boolean;
  isHeard: boolean;
  isBusy: boolean;
  heardMs: number;
  queuedBytes: number;
  roundTripMs: number;
}

/** One way between two nodes. */
interface FakeLink {
  readonly from: FakeBus;
  readonly to: FakeBus;
  readonly messages: Uint8Array[];
}

export class FakeNet {
  readonly buses: FakeBus[] = [];
  /** Messages that were delivered. */
  deliveredCount = 0;
  private readonly links: FakeLink[] = [];

  /** A node; one of the same id takes the place of the one before. Links are to be joined. */
  add(id: string, incarnation = 1): FakeBus {
    const old = this.buses.findIndex((bus) => bus.id === id);
    if (old >= 0) this.remove(this.buses[old]);
    const bus = new FakeBus(this, id, incarnation);
    this.buses.push(bus);
    return bus;
  }

  /** The process is gone. */
  remove(bus: FakeBus): void {
    for (const other of this.buses) if (other !== bus) this.cut(bus, other);
    this.buses.splice(this.buses.indexOf(bus), 1);
  }

  /** Links between the two come up, both ways. */
  join(left: FakeBus, right: FakeBus): void {
    if (this.find(left, right) !== undefined) return;
    this.links.push({ from: left, to: right, messages: [] });
    this.links.push({ from: right, to: left, messages: [] });
    left.rise(right);
    right.rise(left);
  }

  joinAll(): void {
    for (const left of this.buses) {
      for (const right of this.buses) if (left !== right) this.join(left, right);
    }
  }

  /** They break; what was on the way is lost. */
  cut(left: FakeBus, right: FakeBus): void {
    if (this.find(left, right) === undefined) return;
    for (const [from, to] of [
      [left, right],
      [right, left],
    ]) {
      const index = this.links.findIndex((link) => link.from === from && link.to === to);
      this.links.splice(index, 1);
    }
    left.fall(right);
    right.fall(left);
  }

  isJoined(left: FakeBus, right: FakeBus): boolean {
    return this.find(left, right) !== undefined;
  }

  /** Everything that waits, and what that causes; `draw` mixes the order between pairs. */
  deliver(draw: Draw | null = null): void {
    while (this.deliverOne(draw));
  }

  /** @returns false: nothing waits */
  deliverOne(draw: Draw | null = null): boolean {
    const waiting = this.links.filter((link) => link.messages.length > 0);
    if (waiting.length === 0) return false;
    this.hand(waiting[draw === null ? 0 : draw(waiting.length)]);
    return true;
  }

  /** What waits on that way is lost, and nobody is told. @returns how many messages */
  lose(from: FakeBus, to: FakeBus, type = -1): number {
    const link = this.find(from, to);
    if (link === undefined) return 0;
    const kept = link.messages.filter((message) => type >= 0 && message[HEAD_BYTES - 1] !== type);
    const lost = link.messages.length - kept.length;
    link.messages.splice(0, link.messages.length, ...kept);
    return lost;
  }

  /** The first message of that way comes once more, behind itself. */
  double(from: FakeBus, to: FakeBus): void {
    const link = this.find(from, to);
    if (link !== undefined && link.messages.length > 0) {
      link.messages.splice(1, 0, link.messages[0]);
    }
  }

  waitingCount(from: FakeBus, to: FakeBus): number {
    return this.find(from, to)?.messages.length ?? 0;
  }

  send(from: FakeBus, toId: string, message: Uint8Array): void {
    const link = this.links.find((other) => other.from === from && other.to.id === toId);
    link?.messages.push(message);
  }

  private find(from: FakeBus, to: FakeBus): FakeLink | undefined {
    return this.links.find((link) => link.from === from && link.to === to);
  }

  private hand(link: FakeLink): void {
    const message = link.messages.shift();
    if (message === undefined) return;
    this.deliveredCount++;
    link.to.receive(link.from, message);
  }
}

export class FakeBus implements PeerBus {
  readonly id: string;
  readonly incarnation: number;
  readonly port = 0;
  readonly peers: FakePeer[] = [];
  /** While set, links take nothing more. */
  isFull = false;
  private readonly net: FakeNet;
  private readonly listeners: PeerListener[] = [];
  private readonly handlers = new Map<number, MessageHandler>();
  private readonly reader = new LinkReader();
  private readonly writer = new FakeWriter();

  constructor(net: FakeNet, id: string, incarnation: number) {
    this.net = net;
    this.id = id;
    this.incarnation = incarnation;
  }

  find(id: string): FakePeer | null {
    return this.peers.find((peer) => peer.id === id) ?? null;
  }

  keep(): void {}

  excuse(): void {}

  drop(): void {}

  listen(listener: PeerListener): void {
    this.listeners.push(listener);
  }

  handle(type: number, handler: MessageHandler): void {
    this.handlers.set(type, handler);
  }

  begin(peer: Peer, type: number): MessageWriter | null {
    if (!peer.isUp || this.isFull) return null;
    return this.writer.open(type, (message) => this.net.send(this, peer.id, message));
  }

  flush(): void {}

  async start(): Promise<void> {}

  async stop(): Promise<void> {}

  rise(other: FakeBus): void {
    let peer = this.find(other.id);
    if (peer === null) {
      peer = {
        id: other.id,
        incarnation: other.incarnation,
        isUp: false,
        isHeard: false,
        isBusy: false,
        heardMs: 0,
        queuedBytes: 0,
        roundTripMs: 0,
      };
      this.peers.push(peer);
    }
    peer.incarnation = other.incarnation;
    peer.isUp = true;
    peer.isHeard = true;
    for (const listener of this.listeners) listener.onUp?.(peer);
  }

  /** No heartbeat of that node has come for a while, or one has again. */
  silence(id: string, isSilent: boolean): void {
    const peer = this.find(id);
    if (peer === null) return;
    peer.isHeard = !isSilent;
    for (const listener of this.listeners) listener.onSilence?.(peer, isSilent);
  }

  fall(other: FakeBus): void {
    const peer = this.find(other.id);
    if (peer === null) return;
    peer.isUp = false;
    peer.isHeard = false;
    for (const listener of this.listeners) listener.onDown?.(peer);
  }

  receive(from: FakeBus, message: Uint8Array): void {
    const peer = this.find(from.id);
    if (peer === null) return;
    const type = message[HEAD_BYTES - 1];
    this.handlers.get(type)?.(peer, this.reader.open(message, type, HEAD_BYTES, message.length));
    this.reader.close();
  }
}

/** One message after the other by the codec of the links. */
class FakeWriter extends MessageQueue {
  private onEnd: (message: Uint8Array) => void = () => {};

  open(type: number, onEnd: (message: Uint8Array) => void): this {
    this.onEnd = onEnd;
    return this.begin(type);
  }

  override end(): void {
    super.end();
    this.onEnd(takeMessage(this));
  }
}
