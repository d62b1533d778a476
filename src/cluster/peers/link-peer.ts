/**
 * One other node, and the two links with it. Both belong together: when one breaks, the other is
 * closed too, so that what is sent while a peer is up arrives in order or the peer goes down.
 *
 *     down -> (dialled one welcomed and accepted one greeted, of one incarnation) up
 *     up   -> (either breaks, or a later incarnation greets) down, dialled again
 */
import { LIMITS } from '../../base/limits.ts';
import type { Timer } from '../../base/world.ts';
import type { AcceptedLink } from './accepted-link.ts';
import { DialedLink, type DialedLinkOwner, type LinkIdentity } from './dialed-link.ts';
import { clocksDiffer, type Hello, refusalText, type Welcome } from './greeting.ts';
import type { LinkHost, LinkWire } from './link-wire.ts';
import type { Peer } from './peer-bus.ts';

export interface PeerOwner {
  readonly identity: LinkIdentity;
  onUp(peer: LinkPeer): void;
  onDown(peer: LinkPeer, reason: string): void;
  onSilence(peer: LinkPeer): void;
  onQuiet(peer: LinkPeer): void;
  /** It refused this node, or this node it, after it was dialled. */
  onRefused(peer: LinkPeer): void;
  /** It could not be reached for a while. */
  onUnreachable(peer: LinkPeer): void;
  /** Its clock went wrong while it was up. */
  onClock(peer: LinkPeer): void;
}

export class LinkPeer implements Peer, DialedLinkOwner {
  readonly id: string;
  incarnation = 0;
  isUp = false;
  isHeard = false;
  isBusy = false;
  heardMs = Number.NEGATIVE_INFINITY;
  /** Where it listens; '' and 0 while nobody said. */
  address = '';
  port = 0;
  dialed: DialedLink | null = null;
  accepted: AcceptedLink | null = null;
  /** What went wrong last, for people; '' since it is up. */
  problem = '';
  /** Times that it was up and went down. */
  breakCount = 0;
  /** It is no peer any more. */
  isDropped = false;
  private readonly host: LinkHost;
  private readonly owner: PeerOwner;
  /** Since it was heard; a time in which this node itself did not run counts little. */
  private quietMs = 0;
  /** Since it was last up, or its links were made anew. */
  private aloneMs = 0;
  private failureCount = 0;
  private dialTimer: Timer | null = null;

  constructor(options: { id: string; host: LinkHost; owner: PeerOwner }) {
    this.id = options.id;
    this.host = options.host;
    this.owner = options.owner;
  }

  /** To send over; null while it is not up. */
  get openWire(): LinkWire | null {
    return this.isUp && this.dialed !== null ? this.dialed.wire : null;
  }

  get queuedBytes(): number {
    return this.dialed?.wire?.queuedBytes ?? 0;
  }

  get roundTripMs(): number {
    return this.dialed?.roundTripMs ?? 0;
  }

  get hasAddress(): boolean {
    return this.address !== '';
  }

  /** What is wrong, for people; '' when nothing is. */
  get trouble(): string {
    if (this.problem !== '' || this.isUp || !this.hasAddress) return this.problem;
    return this.dialed?.isOpen ? 'it has not opened its link to this node' : '';
  }

  /** Its links are opened, there from now on. */
  moveTo(address: string, port: number): void {
    if (address === this.address && port === this.port) return;
    this.address = address;
    this.port = port;
    this.failureCount = 0;
    this.lose('its address changed');
    this.dialNow();
  }

  /** Its process has greeted, and is not refused. */
  accept(link: AcceptedLink, hello: Hello): void {
    const isOther = hello.incarnation !== this.incarnation;
    if (this.isUp) this.lose(isOther ? 'it was started anew' : 'it opened its link again');
    const before = this.accepted;
    this.accepted = link;
    this.incarnation = hello.incarnation;
    before?.close();
    const { dialed } = this;
    if (dialed?.isOpen && dialed.incarnation !== hello.incarnation) this.closeDialed();
    // It lives: no need to wait for the next attempt.
    this.failureCount = 0;
    if (this.dialed === null) this.dialNow();
    this.rise();
  }

  /** Whether a hello of that incarnation comes from a process that was replaced. */
  isReplaced(incarnation: number): boolean {
    const isLinked = this.accepted !== null || this.dialed?.isOpen === true;
    return isLinked && incarnation < this.incarnation;
  }

  acceptedGone(link: AcceptedLink, reason: string): void {
    if (link !== this.accepted) return;
    this.accepted = null;
    this.lose(reason);
  }

  hear(): void {
    if (!this.isUp) return;
    this.quietMs = 0;
    this.heardMs = this.host.world.clock.monotonicMs();
    if (this.isHeard) return;
    this.isHeard = true;
    this.owner.onSilence(this);
  }

  /**
   * Time passes.
   * @param elapsedMs  since the last call, as far as this node ran
   * @param lateMs     how much later the call came than it should
   */
  pulse(elapsedMs: number, lateMs: number): void {
    const { dialed } = this;
    const nowMs = this.host.world.clock.monotonicMs();
    this.quietMs += elapsedMs;
    if (this.isHeard && this.quietMs >= LIMITS.linkSilenceMs) {
      this.isHeard = false;
      this.owner.onSilence(this);
    }
    if (!this.isUp) this.waitForBoth(elapsedMs);
    else if (this.quietMs >= LIMITS.linkQuietMs) this.owner.onQuiet(this);
    // Who is busy is reached, and will go on reading where it stopped.
    const isLost = this.quietMs >= LIMITS.linkGiveUpMs && !this.isBusy;
    if (this.isUp && isLost) this.lose('nothing was heard of it');
    else if (dialed !== null && nowMs > dialed.greetBefore) {
      dialed.close();
      this.onDialedGone(dialed, 'it did not answer the greeting');
    } else if (this.isUp) {
      dialed?.beat(lateMs);
      this.watchClock();
    }
  }

  /** It is no peer any more. */
  drop(reason: string): void {
    this.isDropped = true;
    this.dialTimer?.cancel();
    this.lose(reason);
    this.closeDialed();
    this.accepted?.close();
    this.accepted = null;
    if (!this.isHeard) return;
    this.isHeard = false;
    this.owner.onSilence(this);
  }

  /** What is queued is sent, then both links close. */
  end(): void {
    this.isDropped = true;
    this.isUp = false;
    this.dialTimer?.cancel();
    this.dialed?.end();
    this.accepted?.end();
    this.dialed = null;
    this.accepted = null;
  }

  onWelcome(link: DialedLink, welcome: Welcome): void {
    if (clocksDiffer(link.clockOffsetMs)) {
      this.refuseWelcome(link, clockText(link.clockOffsetMs));
      return;
    }
    if (welcome.incarnation > this.incarnation) {
      // What is accepted came from the process before.
      this.accepted?.close();
      this.accepted = null;
      this.incarnation = welcome.incarnation;
    } else if (welcome.incarnation < this.incarnation && this.accepted !== null) {
      link.close();
      this.onDialedGone(link, 'an earlier process of it answered');
      return;
    } else this.incarnation = welcome.incarnation;
    this.rise();
  }

  onRefused(link: DialedLink, welcome: Welcome): void {
    const { refusal } = welcome;
    this.refuseWelcome(link, refusalText(refusal === 'none' ? 'other' : refusal));
  }

  onDialedGone(link: DialedLink, reason: string): void {
    if (link !== this.dialed) return;
    this.dialed = null;
    this.problem = reason;
    if (this.isUp) return this.lose(reason);
    if (this.failureCount === TOLD_COUNT) this.owner.onUnreachable(this);
    this.dialLater();
  }

  onRead(): void {
    this.hear();
  }

  /** One link alone carries nothing, so that nobody would see that it is dead: it is made anew. */
  private waitForBoth(elapsedMs: number): void {
    this.aloneMs += elapsedMs;
    if (this.aloneMs < LIMITS.linkAloneMs) return;
    this.aloneMs = 0;
    if (this.dialed?.isOpen) this.closeDialed();
    this.accepted?.close();
    this.dialLater();
  }

  private refuseWelcome(link: DialedLink, reason: string): void {
    link.close();
    this.problem = reason;
    this.failureCount = PATIENT_COUNT;
    this.owner.onRefused(this);
    this.onDialedGone(link, reason);
  }

  private rise(): void {
    const { accepted, dialed } = this;
    if (this.isUp || accepted === null || !dialed?.isOpen) return;
    if (dialed.incarnation !== this.incarnation) return;
    this.isUp = true;
    this.aloneMs = 0;
    this.failureCount = 0;
    this.problem = '';
    dialed.wire?.trust();
    this.owner.onUp(this);
    this.hear();
    if (this.isUp && accepted === this.accepted) accepted.release();
  }

  /** Closes both links if they were up, and begins anew. */
  private lose(reason: string): void {
    if (!this.isUp) {
      if (this.dialed === null) this.dialLater();
      return;
    }
    this.isUp = false;
    this.breakCount++;
    this.problem = reason;
    this.closeDialed();
    this.accepted?.close();
    this.accepted = null;
    this.owner.onDown(this, reason);
    this.dialLater();
  }

  private closeDialed(): void {
    this.dialed?.close();
    this.dialed = null;
  }

  private dialNow(): void {
    this.dialTimer?.cancel();
    this.dialTimer = null;
    if (this.isDropped || !this.hasAddress) return;
    this.closeDialed();
    const { host, id, owner } = this;
    this.dialed = new DialedLink({ host, identity: owner.identity, owner: this, id });
    void this.dialed.dial(this.address, this.port);
  }

  /** The more attempts failed, the later; with jitter, so that nodes do not go in step. */
  private dialLater(): void {
    if (this.isDropped || this.dialTimer !== null || this.dialed !== null) return;
    if (!this.hasAddress) return;
    const { random, timers } = this.host.world;
    const longestMs = LIMITS.linkDialMsMin * 2 ** Math.min(this.failureCount++, PATIENT_COUNT);
    const shareOfIt = 0.5 + random.u32() / TWO_33;
    const delayMs = Math.min(LIMITS.linkDialMsMax, longestMs) * shareOfIt;
    this.dialTimer = timers.after(delayMs, () => this.dialNow());
  }

  /** A clock that goes wrong while the links are up cuts nothing: it is told. */
  private watchClock(): void {
    if (this.dialed === null) return;
    const { clockOffsetMs } = this.dialed;
    const before = this.problem;
    this.problem = clocksDiffer(clockOffsetMs) ? clockText(clockOffsetMs) : '';
    if (before === '' && this.problem !== '') this.owner.onClock(this);
  }
}

function clockText(offsetMs: number): string {
  const way = offsetMs > 0 ? 'ahead' : 'behind';
  return `its clock is ${Math.round(Math.abs(offsetMs))} ms ${way} of this node's`;
}

/** Failed attempts in a row after which a line is logged. */
const TOLD_COUNT = 4;
/** Failed attempts after which they do not get rarer. */
const PATIENT_COUNT = 8;
const TWO_33 = 2 ** 33;
