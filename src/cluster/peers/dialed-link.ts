import { NodeError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import type { LinkSecret } from '../../base/world.ts';
import {
  clockOffset,
  decodeWelcome,
  encodeHello,
  type Hello,
  LINK_VERSIONS,
  type Welcome,
} from './greeting.ts';
import { broken, type LinkReader } from './link-reader.ts';
import { type LinkHost, LinkWire, type WireOwner } from './link-wire.ts';
import { MESSAGE } from './message-table.ts';

/** Sent heartbeats whose time is remembered, to tell how long the answer took. */
const REMEMBERED_COUNT = 64;
/** Of a smoothed round trip, the part that the newest one is. */
const SMOOTHING = 1 / 8;

export interface DialedLinkOwner {
  /** It answered, and did not refuse. */
  onWelcome(link: DialedLink, welcome: Welcome): void;
  /** Once: it could not be opened, was refused or broke. Not when it was closed from here. */
  onDialedGone(link: DialedLink, reason: string): void;
  onRefused(link: DialedLink, welcome: Welcome): void;
  onRead(): void;
}

/** The link that this node opened to another one: its messages go there, answers come back. */
export class DialedLink implements WireOwner {
  wire: LinkWire | null = null;
  /** Greeted. */
  isOpen = false;
  /** Of who answered, when it is open. */
  incarnation = 0;
  roundTripMs = 0;
  /** The other clock is ahead by at least so much; below 0: behind. */
  clockOffsetMs = 0;
  /** Monotonic; the answer must have come by then. */
  greetBefore = Number.POSITIVE_INFINITY;
  private readonly host: LinkHost;
  private readonly owner: DialedLinkOwner;
  private readonly wantedId: string;
  private readonly identity: LinkIdentity;
  private helloMs = 0;
  private heartbeatNumber = 0;
  private answeredNumber = 0;
  private readonly heartbeatMs = new Float64Array(REMEMBERED_COUNT);
  private creditedBytes = 0;
  private isClosed = false;

  constructor(options: {
    host: LinkHost;
    identity: LinkIdentity;
    owner: DialedLinkOwner;
    /** Of the node that is dialled. */
    id: string;
  }) {
    this.host = options.host;
    this.identity = options.identity;
    this.owner = options.owner;
    this.wantedId = options.id;
  }

  /** Never rejects: what goes wrong is told to the owner. */
  async dial(host: string, port: number): Promise<void> {
    const { network } = this.host.world;
    const { secret } = this.identity;
    try {
      const timeoutMs = LIMITS.greetingMs;
      const socket = await network.dial({ host, port, timeoutMs, secret });
      if (this.isClosed) return socket.destroy();
      this.wire = new LinkWire({ host: this.host, socket, owner: this });
    } catch (error) {
      if (this.isClosed) return;
      if (!(error instanceof NodeError)) return this.host.fail(error);
      this.onGone(error.message);
      return;
    }
    this.greet(this.wire);
  }

  /** Bytes of the stream so far: those that wait as well, and those that the peer has read. */
  get writtenBytes(): number {
    return this.wire === null ? 0 : this.wire.output.sentBytes + this.wire.output.byteCount;
  }

  get deliveredBytes(): number {
    return this.creditedBytes;
  }

  /** Queued messages are lost. */
  close(): void {
    this.isClosed = true;
    this.isOpen = false;
    this.wire?.close();
  }

  end(): void {
    this.isClosed = true;
    this.isOpen = false;
    this.wire?.end();
  }

  /** Nothing is sent that would only wait: whatever comes tells the peer that this node lives. */
  beat(lateMs: number): void {
    const { wire } = this;
    if (wire === null || !this.isOpen || wire.queuedBytes > 0) return;
    const number = ++this.heartbeatNumber % TWO_32;
    const { clock } = this.host.world;
    this.heartbeatMs[number % REMEMBERED_COUNT] = clock.monotonicMs();
    const writer = wire.output.begin(MESSAGE.heartbeat);
    writer.u32(number).u53(clock.wallMs()).u32(Math.round(lateMs)).end();
    wire.flushLater();
  }

  onMessage(message: LinkReader): void {
    if (!this.isOpen) this.readWelcome(message);
    else if (message.type === MESSAGE.credit) this.readCredit(message);
    else throw broken('it goes the wrong way');
  }

  onRead(): void {
    if (this.isOpen) this.owner.onRead();
  }

  onGone(reason: string): void {
    if (this.isClosed) return;
    this.close();
    this.owner.onDialedGone(this, reason);
  }

  private greet(wire: LinkWire): void {
    const { clock } = this.host.world;
    const { id, incarnation, clusterDigest, databaseCount } = this.identity;
    const { wantedId } = this;
    this.greetBefore = clock.monotonicMs() + LIMITS.greetingMs;
    this.helloMs = clock.wallMs();
    const hello: Hello = {
      versionMin: LINK_VERSIONS.min,
      versionMax: LINK_VERSIONS.max,
      id,
      incarnation,
      wallMs: this.helloMs,
      clusterDigest,
      wantedId,
      databaseCount,
    };
    encodeHello(wire.output.begin(MESSAGE.hello), hello);
    wire.flush();
  }

  private readWelcome(message: LinkReader): void {
    if (message.type !== MESSAGE.welcome) throw broken('it is no welcome');
    const welcome = decodeWelcome(message);
    const nowMs = this.host.world.clock.wallMs();
    this.clockOffsetMs = clockOffset(welcome.wallMs, this.helloMs, nowMs);
    this.greetBefore = Number.POSITIVE_INFINITY;
    this.incarnation = welcome.incarnation;
    const { wire } = this;
    if (wire === null) return;
    if (welcome.refusal !== 'none' || welcome.id !== this.wantedId) {
      this.close();
      this.owner.onRefused(this, welcome);
      return;
    }
    this.isOpen = true;
    wire.allowedBytes = LIMITS.linkWindowBytes;
    this.owner.onWelcome(this, welcome);
  }

  private readCredit(message: LinkReader): void {
    const { wire } = this;
    if (wire === null) return;
    const consumedBytes = message.u53();
    const number = message.u32();
    const theirMs = message.u53();
    const isSound = consumedBytes >= this.creditedBytes && consumedBytes <= wire.output.sentBytes;
    if (!isSound) throw broken('it gives credit for what was not sent');
    this.creditedBytes = consumedBytes;
    wire.allowedBytes = consumedBytes + LIMITS.linkWindowBytes;
    const isAnswer = number === this.heartbeatNumber % TWO_32 && number !== this.answeredNumber;
    if (isAnswer) this.measure(number, theirMs);
    if (wire.output.byteCount > 0) wire.flushLater();
  }

  private measure(number: number, theirMs: number): void {
    this.answeredNumber = number;
    const { clock } = this.host.world;
    const tookMs = clock.monotonicMs() - this.heartbeatMs[number % REMEMBERED_COUNT];
    const before = this.roundTripMs;
    this.roundTripMs = before === 0 ? tookMs : before + (tookMs - before) * SMOOTHING;
    const nowMs = clock.wallMs();
    this.clockOffsetMs = clockOffset(theirMs, nowMs - tookMs, nowMs);
  }
}

/** What a node tells of itself when it greets. */
export interface LinkIdentity {
  readonly id: string;
  readonly incarnation: number;
  readonly clusterDigest: string;
  readonly databaseCount: number;
  readonly secret: LinkSecret | null;
}

const TWO_32 = 2 ** 32;
