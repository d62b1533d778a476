/**
 * Replies to clients of other nodes. Those of a loop turn lie in one writer, and leave when the
 * turn ends, behind the effects that they tell of: one message for what one client sent at once.
 * A reply to a change that its store's log has not got yet is kept until it has; where a majority
 * of nodes must have it, until those have, and it becomes an error if they do not in time.
 */
import { LIMITS } from '../../base/limits.ts';
import type { Timer } from '../../base/world.ts';
import type { StoreSafety } from '../../engine/store-safety.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import { ReplyWriter } from '../../protocol/reply-writer.ts';
import { MESSAGE } from '../peers/message-table.ts';
import type { Peer, PeerBus } from '../peers/peer-bus.ts';
import type { Replication } from '../replication/replication.ts';
import type { ProxySession } from './proxy-session.ts';
import { HANDED_BACK } from './routing-messages.ts';

/** Consecutive replies to one client. */
export interface Replies {
  readonly clientId: number;
  readonly number: number;
  /** HANDED_BACK or bytes, each. */
  readonly lengths: readonly number[];
  readonly bytes: Uint8Array;
  readonly start: number;
}

interface HeldReplies extends Replies {
  readonly lengths: number[];
  bytes: Uint8Array;
  start: number;
  readonly proxy: ProxySession;
  /** Null: there is no log to wait for. */
  readonly safety: StoreSafety | null;
  readonly position: number;
  /** Slots of which a majority has not answered yet. */
  awaitedCount: number;
}

/** In place of a slot: the command changed nothing. NO_SLOT: whatever this node owns. */
export const NOT_WRITTEN = -3;

export class ReplySender {
  /** Commands write their replies here; `note` says whose they are. */
  readonly writer = new ReplyWriter();
  /** Of the reply that begins to be written. */
  mark = 0;
  private readonly proxies: ProxySession[] = [];
  private readonly numbers: number[] = [];
  private readonly lengths: number[] = [];
  /** In which slot what they answer may have changed something, or NOT_WRITTEN. */
  private readonly slots: number[] = [];
  private held: HeldReplies[] = [];
  /** Of the replies in `held`. */
  private heldBytes = 0;
  private timer: Timer | null = null;
  private readonly bus: PeerBus;
  private readonly clock: Replication['clock'];
  private readonly quorumOf: Replication['quorumOf'];
  private readonly after: (delayMs: number, callback: () => void) => Timer;
  private readonly deliver: (replies: Replies) => void;

  /** @param options.deliver  to a client of this node */
  constructor(options: {
    bus: PeerBus;
    clock: Replication['clock'];
    quorumOf: Replication['quorumOf'];
    after: (delayMs: number, callback: () => void) => Timer;
    deliver: (replies: Replies) => void;
  }) {
    this.bus = options.bus;
    this.clock = options.clock;
    this.quorumOf = options.quorumOf;
    this.after = options.after;
    this.deliver = options.deliver;
  }

  get hasReplies(): boolean {
    return this.proxies.length > 0;
  }

  get pendingCount(): number {
    return this.proxies.length + this.held.length;
  }

  /** No more is to be executed for that node's clients before some of it has left. */
  isFull({ queuedBytes }: Peer): boolean {
    return this.writer.position + this.heldBytes + queuedBytes > LIMITS.proxiedReplyBytesMax;
  }

  /** What was written since `mark` is the reply to that command, the last that the proxy ran. */
  note(proxy: ProxySession, number: number): void {
    this.slots.push(proxy.writtenSlot);
    this.add(proxy, number, this.writer.position - this.mark);
  }

  noteHandedBack(proxy: ProxySession, number: number): void {
    this.slots.push(NOT_WRITTEN);
    this.add(proxy, number, HANDED_BACK);
  }

  flush(): void {
    const { lengths, numbers, proxies, writer } = this;
    let start = 0;
    let i = 0;
    while (i < proxies.length) {
      const proxy = proxies[i];
      let end = i + 1;
      let byteCount = sizeOf(lengths[i]);
      while (
        end < proxies.length &&
        proxies[end] === proxy &&
        numbers[end] === numbers[end - 1] + 1
      ) {
        byteCount += sizeOf(lengths[end++]);
      }
      if (!proxy.isGone) this.dispatch(proxy, { first: i, end, start, byteCount });
      start += byteCount;
      i = end;
    }
    proxies.length = 0;
    numbers.length = 0;
    lengths.length = 0;
    this.slots.length = 0;
    writer.reset();
    this.mark = 0;
  }

  stop(): void {
    this.timer?.cancel();
    this.timer = null;
    this.held = [];
    this.heldBytes = 0;
  }

  private add(proxy: ProxySession, number: number, length: number): void {
    this.proxies.push(proxy);
    this.numbers.push(number);
    this.lengths.push(length);
    this.mark = this.writer.position;
  }

  private dispatch(
    proxy: ProxySession,
    run: { first: number; end: number; start: number; byteCount: number },
  ): void {
    const { bytes } = this.writer;
    const { byteCount, end, first, start } = run;
    const replies = {
      clientId: proxy.clientId,
      number: this.numbers[first],
      lengths: this.lengths.slice(first, end),
      bytes,
      start,
    };
    const { store } = proxy.session;
    const { safety } = store;
    const isSafe = safety === null || safety.position <= safety.safePosition;
    const slots = this.slots.slice(first, end);
    const written = new Set(slots);
    written.delete(NOT_WRITTEN);
    const quorum = written.size > 0 ? this.quorumOf(store) : null;
    const isReady = isSafe && quorum === null;
    if (isReady && proxy.heldReplyCount === 0 && this.send(proxy, replies)) return;
    const kept = bytes.slice(start, start + byteCount);
    const position = isSafe ? 0 : safety.position;
    const awaitedCount = quorum === null ? 0 : written.size;
    const held = { ...replies, bytes: kept, start: 0, proxy, safety, position, awaitedCount };
    this.held.push(held);
    this.heldBytes += kept.length;
    proxy.heldReplyCount++;
    if (!isSafe) void safety.whenSafe(position, true).then(() => this.release());
    else if (quorum === null) this.releaseLater();
    for (const slot of quorum === null ? [] : written) {
      const settle = (isReached: boolean) => {
        held.awaitedCount--;
        if (!isReached) this.replaceWrites(held, slots, slot);
        this.release();
      };
      quorum?.whenReached(quorum.position, settle, slot);
    }
  }

  /** No majority has them in time, and some may yet have them later. */
  private replaceWrites(held: HeldReplies, slots: readonly number[], slot: number): void {
    const parts: Uint8Array[] = [];
    const { lengths } = held;
    let { start } = held;
    for (let i = 0; i < lengths.length; i++) {
      const end = start + sizeOf(lengths[i]);
      // What was refused has changed nothing.
      const isKept = slots[i] !== slot || held.bytes[start] === MINUS;
      const reply = isKept ? held.bytes.subarray(start, end) : ERRORS.quorumUnknown.bytes;
      if (lengths[i] !== HANDED_BACK) lengths[i] = reply.length;
      parts.push(reply);
      start = end;
    }
    this.heldBytes -= held.bytes.length;
    held.bytes = Buffer.concat(parts);
    this.heldBytes += held.bytes.length;
    held.start = 0;
  }

  /** Those that may leave by now do. */
  private release(): void {
    const { held } = this;
    this.held = [];
    this.heldBytes = 0;
    const late = new Set<ProxySession>();
    let isFull = false;
    for (const replies of held) {
      const { position, proxy, safety } = replies;
      if (proxy.isGone) continue;
      const isLogged = safety === null || safety.safePosition >= position;
      if (isLogged && replies.awaitedCount === 0 && !late.has(proxy)) {
        if (this.send(proxy, replies)) {
          proxy.heldReplyCount--;
          continue;
        }
        isFull = true;
      }
      late.add(proxy);
      this.held.push(replies);
      this.heldBytes += replies.bytes.length;
    }
    if (isFull) this.releaseLater();
  }

  private releaseLater(): void {
    this.timer ??= this.after(LIMITS.forwardRetryMs, () => {
      this.timer = null;
      this.release();
    });
  }

  /** @returns false: too much waits for its link */
  private send({ peer }: ProxySession, replies: Replies): boolean {
    if (peer === null) {
      this.deliver(replies);
      return true;
    }
    if (!peer.isUp) return true;
    const message = this.bus.begin(peer, MESSAGE.reply);
    if (message === null) return !peer.isUp;
    const { bytes, clientId, lengths, number, start } = replies;
    message.u53(clientId).u53(this.clock.reached).u53(number).u32(lengths.length);
    let end = start;
    for (const length of lengths) {
      message.u32(length);
      end += sizeOf(length);
    }
    message.bytes(bytes, start, end);
    message.end();
    return true;
  }
}

const MINUS = 45;

export function sizeOf(length: number): number {
  return length === HANDED_BACK ? 0 : length;
}
