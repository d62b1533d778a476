import { LIMITS } from '../../base/limits.ts';
import type { Socket } from '../../base/world.ts';
import { decodeHello, encodeWelcome, type Hello, type Welcome } from './greeting.ts';
import { broken, type LinkReader } from './link-reader.ts';
import { type LinkHost, LinkWire, type WireOwner } from './link-wire.ts';
import { MESSAGE } from './message-table.ts';

/** Credit is given when so much more was read. */
const CREDIT_BYTES = LIMITS.linkWindowBytes / 4;

export interface AcceptedLinkOwner {
  onHello(link: AcceptedLink, hello: Hello): void;
  /** Of a peer that is up. */
  onPeerMessage(link: AcceptedLink, message: LinkReader): void;
  onAcceptedRead(link: AcceptedLink): void;
  /** Once. `reason` is '' when it was closed from here. */
  onAcceptedGone(link: AcceptedLink, reason: string): void;
}

/** The link that another node opened to this one: its messages come in, answers go back. */
export class AcceptedLink implements WireOwner {
  readonly wire: LinkWire;
  /** Monotonic; the greeting must have come by then. */
  readonly greetBefore: number;
  /** null before it has come. */
  hello: Hello | null = null;
  /** How late the other node's own timer came when it sent the last heartbeat, ms. */
  lateMs = 0;
  private readonly host: LinkHost;
  private readonly owner: AcceptedLinkOwner;
  private creditedBytes = 0;
  private heartbeatNumber = 0;
  private isAnswerDue = false;
  private isGone = false;

  constructor(options: { host: LinkHost; socket: Socket; owner: AcceptedLinkOwner }) {
    const { host, socket, owner } = options;
    this.host = host;
    this.owner = owner;
    this.greetBefore = host.world.clock.monotonicMs() + LIMITS.greetingMs;
    this.wire = new LinkWire({ host, socket, owner: this });
  }

  /** Messages wait until the other direction stands too: `release` then. */
  welcome(welcome: Welcome): void {
    encodeWelcome(this.wire.output.begin(MESSAGE.welcome), welcome);
    this.wire.trust();
    this.wire.hold();
    this.wire.flushLater();
  }

  refuse(welcome: Welcome): void {
    encodeWelcome(this.wire.output.begin(MESSAGE.welcome), welcome);
    this.end();
  }

  release(): void {
    this.wire.release();
  }

  close(): void {
    this.wire.close();
    this.onGone('');
  }

  /** Sends what is queued first. */
  end(): void {
    this.wire.end();
    this.onGone('');
  }

  onMessage(message: LinkReader): void {
    if (this.hello === null) {
      if (message.type !== MESSAGE.hello) throw broken('it is no hello');
      this.hello = decodeHello(message);
      this.owner.onHello(this, this.hello);
    } else if (message.type === MESSAGE.heartbeat) {
      this.heartbeatNumber = message.u32();
      message.u53();
      this.lateMs = message.u32();
      this.isAnswerDue = true;
    } else if (message.type <= MESSAGE.credit) {
      throw broken('it goes the wrong way');
    } else {
      this.owner.onPeerMessage(this, message);
    }
  }

  onRead(): void {
    if (this.hello === null) return;
    this.owner.onAcceptedRead(this);
    const { input, output } = this.wire;
    const isMuch = input.consumedBytes - this.creditedBytes >= CREDIT_BYTES;
    if (!isMuch && !this.isAnswerDue) return;
    // Who does not read answers gets no more of them: the next one tells all.
    if (output.byteCount > 0) return;
    this.isAnswerDue = false;
    this.creditedBytes = input.consumedBytes;
    const { clock } = this.host.world;
    const writer = output.begin(MESSAGE.credit).u53(input.consumedBytes);
    writer.u32(this.heartbeatNumber).u53(clock.wallMs()).end();
    this.wire.flushLater();
  }

  onGone(reason: string): void {
    if (this.isGone) return;
    this.isGone = true;
    this.owner.onAcceptedGone(this, reason);
  }
}
