/**
 * Changes of one store on their way to the other nodes: encoded once, gathered for a loop turn, and
 * then written to every link as the same bytes. Nothing is kept for who cannot be reached: a batch
 * that follows with a gap before it tells that node that it has missed something.
 *
 *     buffer   [ records of this turn | an open group ]
 *                                     ^groupStart       stays until it has come to its end
 *
 * *Position* counts the changes since the start of the process. A batch tells where it begins, so
 * that whoever applies it sees gaps, and acknowledges how far it has come.
 */
import { LIMITS } from '../../base/limits.ts';
import type { Effect } from '../../engine/effect.ts';
import type { RealNames } from '../../journal/real-names.ts';
import { MESSAGE } from '../peers/message-table.ts';
import type { Peer, PeerBus } from '../peers/peer-bus.ts';
import type { EffectKeys } from './effect-keys.ts';
import { MANY_KEYS, RECORD, WAS_ABSENT } from './effect-record.ts';
import { RecordBuffer } from './record-buffer.ts';

export interface StreamOptions {
  readonly storeName: string;
  readonly bus: PeerBus;
  /** The time that commands see: of the turn. */
  readonly clock: { readonly nowMs: number };
  readonly names: RealNames;
  /** Something came since the last `flush`, which is due at the end of this loop turn. */
  readonly onFirst: () => void;
  /** Of a session; '' when it gave none. */
  readonly correlationOf: (actorId: number) => string;
}

/** What an effect's keys had for stamps, beside `EffectKeys`. */
export interface KeyStamps {
  readonly highs: readonly number[];
  readonly lows: readonly number[];
  readonly areAbsent: readonly boolean[];
}

export class EffectStream {
  /** Changes recorded since the start. */
  position = 0;
  /** Of them, changes that have left: all but those of this turn and of an open group. */
  sentPosition = 0;
  batchCount = 0;
  batchBytes = 0;
  /** Batches that a link had no room for. */
  refusedCount = 0;
  /** Some node can be reached. While none is, nothing is encoded. */
  isHeard = false;
  private readonly options: StreamOptions;
  private readonly out = new RecordBuffer();
  /** Where the open group begins; -1: none is open. */
  private groupStart = -1;
  /** `position` before the open group. */
  private groupPosition = 0;
  private timeMs = 0;
  private actorId = 0;
  /** Told last; null: it is to be told whatever it is. */
  private correlationId: string | null = '';
  private isAnnounced = false;

  constructor(options: StreamOptions) {
    this.options = options;
  }

  /** Bytes that are held: of this turn, or of a group that is open. */
  get heldBytes(): number {
    return this.out.end;
  }

  /**
   * @param keys    of the effect
   * @param before  the stamps that they had
   * @param high    and the one that they have now
   */
  append(
    effect: Effect,
    keys: EffectKeys,
    before: KeyStamps,
    high: number,
    low: number,
    actorId: number,
  ): void {
    if (!this.begin(actorId)) return;
    const { out } = this;
    out.u8(RECORD.effect);
    if (keys.count < MANY_KEYS) out.u8(keys.count);
    else {
      out.u8(MANY_KEYS);
      out.u32(keys.count);
    }
    out.u16(effect.databaseIndex);
    out.u32(high);
    out.u32(low);
    for (let i = 0; i < keys.count; i++) {
      out.u8(before.areAbsent[i] ? keys.roles[i] | WAS_ABSENT : keys.roles[i]);
      out.u16(keys.databases[i]);
      out.u32(keys.args[i]);
      out.u32(before.highs[i]);
      out.u32(before.lows[i]);
    }
    out.command(effect.frame, this.options.names.find(effect.frame));
    if (out.end > BATCH_BYTES_MAX && this.groupStart !== 0) this.flush();
  }

  /** @param kind  RECORD.functions or RECORD.stores */
  appendOther(effect: Effect, kind: number): void {
    if (!this.begin(0)) return;
    this.out.u8(kind);
    this.out.command(effect.frame, this.options.names.find(effect.frame));
  }

  beginGroup(): void {
    if (!this.isHeard && this.out.end === 0) return;
    this.announce();
    this.groupStart = this.out.end;
    this.groupPosition = this.position;
    // It may become the begin of a batch.
    this.forgetTold();
    this.correlationId = null;
    this.writeTime();
    this.out.u8(RECORD.groupBegin);
  }

  endGroup(): void {
    if (this.groupStart < 0) return;
    this.out.u8(RECORD.groupEnd);
    this.groupStart = -1;
    this.announce();
  }

  /** Sends what was recorded to every node that can be reached, but for a group without an end. */
  flush(): void {
    this.isAnnounced = false;
    const { groupStart, out } = this;
    const end = groupStart < 0 ? out.end : groupStart;
    if (end === 0) return;
    const position = groupStart < 0 ? this.position : this.groupPosition;
    const first = this.sentPosition + 1;
    this.sentPosition = position;
    this.batchCount++;
    this.batchBytes += end;
    for (const peer of this.options.bus.peers) {
      if (peer.isUp && !this.send(peer, first, end)) this.refusedCount++;
    }
    if (end === out.end) {
      out.reset();
      this.forgetTold();
    } else {
      out.dropBefore(end);
      this.groupStart = 0;
    }
  }

  /** Tells a node where the stream stands, so that it sees what it has missed. */
  tell(peer: Peer): void {
    this.send(peer, this.sentPosition + 1, 0);
  }

  private send(peer: Peer, first: number, end: number): boolean {
    const { bus, storeName } = this.options;
    const writer = bus.begin(peer, MESSAGE.effects);
    if (writer === null) return false;
    writer.text(storeName).u53(first).u53(this.sentPosition);
    writer.bytes(this.out.bytes, 0, end).end();
    return true;
  }

  /** @returns false: nobody would hear of it */
  private begin(actorId: number): boolean {
    this.position++;
    if (!this.isHeard && this.out.end === 0) {
      this.sentPosition = this.position;
      return false;
    }
    this.announce();
    this.writeTime();
    if (actorId === this.actorId && this.correlationId !== null) return true;
    this.actorId = actorId;
    this.writeCorrelation(this.options.correlationOf(actorId));
    return true;
  }

  private writeTime(): void {
    const { nowMs } = this.options.clock;
    if (nowMs === this.timeMs) return;
    this.timeMs = nowMs;
    this.out.u8(RECORD.time);
    this.out.f64(nowMs);
  }

  private writeCorrelation(id: string): void {
    if (id === this.correlationId) return;
    this.correlationId = id;
    const bytes = new TextEncoder().encode(id);
    this.out.u8(RECORD.correlation);
    this.out.block(bytes, 0, bytes.length);
  }

  /** Who reads what follows has not read what was told before. */
  private forgetTold(): void {
    this.timeMs = 0;
    this.correlationId = '';
    this.actorId = 0;
  }

  private announce(): void {
    if (this.isAnnounced) return;
    this.isAnnounced = true;
    this.options.onFirst();
  }
}

/** A turn that brings more is sent in parts. */
const BATCH_BYTES_MAX = LIMITS.turnReplyBytesMax;
