import { DROPPED, type Wire } from './wire.ts';

interface Segment {
  readonly bytes: Uint8Array;
  readonly arrive: () => void;
}

/** Unanswered for so long, a connection is given up. Linux takes minutes; a test has none. */
const PATIENCE_MS = 20_000;
const NO_BYTES = new Uint8Array(0);

/** One direction of a connection: segments arrive once each, in order, however late. */
export class Stream {
  readonly from: string;
  readonly to: string;
  private readonly wire: Wire;
  private readonly toPort: number;
  private readonly onBroken: (code: string) => void;
  private held: Segment[] = [];
  private lastArrivalMs = 0;
  private isBroken = false;
  private isGivingUp = false;

  /** @param onBroken  the connection is lost for both ends */
  constructor(
    wire: Wire,
    ends: { from: string; to: string; toPort: number },
    onBroken: (code: string) => void,
  ) {
    this.wire = wire;
    this.from = ends.from;
    this.to = ends.to;
    this.toPort = ends.toPort;
    this.onBroken = onBroken;
  }

  /** @param bytes  of the program, as a fault may look at them; the stream's own from now on */
  send(arrive: () => void, bytes = NO_BYTES): void {
    if (this.isBroken) return;
    if (this.held.length === 0 && !this.wire.isCut(this.from, this.to)) {
      this.dispatch({ bytes, arrive }, 0);
      return;
    }
    this.held.push({ bytes, arrive });
    this.wire.awaitHealing(this);
    this.expectAnswer(() => this.held.length > 0);
  }

  /** For the wire: the path is whole again. */
  release(): void {
    const segments = this.held;
    this.held = [];
    const resendMs = this.wire.chooseResendMs();
    for (const segment of segments) if (!this.isBroken) this.dispatch(segment, resendMs);
  }

  /** Its machine has no power any more: what did not get out never will. */
  forget(): void {
    this.held = [];
  }

  /** Gives up when it `isOwed` still an answer then. */
  expectAnswer(isOwed: () => boolean): void {
    if (this.isGivingUp) return;
    this.isGivingUp = true;
    const { timeline } = this.wire;
    timeline.deliverAt(timeline.nowMs + PATIENCE_MS, () => {
      this.isGivingUp = false;
      if (isOwed()) this.break('ETIMEDOUT');
    });
  }

  private dispatch({ bytes, arrive }: Segment, resendMs: number): void {
    const { wire, from, to, toPort } = this;
    const { timeline } = wire;
    const extraMs = from === to ? 0 : wire.judge({ kind: 'stream', from, to, toPort, bytes });
    if (extraMs === DROPPED) {
      this.break('ECONNRESET');
      return;
    }
    const delayMs = wire.chooseLatencyMs(from, to) + extraMs + resendMs;
    this.lastArrivalMs = Math.max(this.lastArrivalMs, timeline.nowMs + delayMs);
    timeline.deliverAt(this.lastArrivalMs, () => {
      if (!this.isBroken) arrive();
    });
  }

  private break(code: string): void {
    if (this.isBroken) return;
    this.isBroken = true;
    this.held = [];
    this.onBroken(code);
  }
}
