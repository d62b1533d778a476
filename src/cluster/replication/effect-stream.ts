/**
 * Changes of one store on their way to the other nodes: encoded once, gathered for a loop turn, and
 * then written to every link as the same bytes; or, where not every node holds every key, those of
 * them that are for it. Nothing is kept for who cannot be reached: a batch that follows with a gap
 * before it tells that node that it has missed something.
 *
 *     buffer   [ records of this turn | an open group ]
 *                                     ^groupStart       stays until it has come to its end
 *
 * *Position* counts the changes since the start of the process. A batch tells where it begins, so
 * that whoever applies it sees gaps, and acknowledges how far it has come. What is not for a node
 * is no gap: its next batch begins where the last one that it got has ended.
 */
import type { Frame } from '../../base/frame.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Effect } from '../../engine/effect.ts';
import type { RealNames } from '../../journal/real-names.ts';
import { MESSAGE } from '../peers/message-table.ts';
import type { Peer, PeerBus } from '../peers/peer-bus.ts';
import {
  CONTEXT,
  EVERY_SLOT,
  GROUP_BEGIN,
  GROUP_END,
  RecordSlots,
} from './delivery/record-slots.ts';
import type { EffectKeys } from './effect-keys.ts';
import { MANY_KEYS, RECORD, WAS_ABSENT } from './effect-record.ts';
import { encodePut, type Put } from './put-record.ts';
import { RecordBuffer } from './record-buffer.ts';

/** Who is told of changes of a slot. */
export interface Audience {
  hears(nodeId: string, slot: number): boolean;
}

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
  /** Null: every node is told of everything. */
  readonly audience: Audience | null;
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
  /** Of the records in `out`; null: they are for everybody. */
  private readonly slots: RecordSlots | null;
  /** Position up to which each node that is up was told everything that is for it. */
  private readonly told = new Map<string, number>();
  /** Where the open group begins; -1: none is open. */
  private groupStart = -1;
  /** `position` before the open group. */
  private groupPosition = 0;
  private timeMs = 0;
  /** By the clock of the turn; 0: none. */
  private pacedMs = 0;
  private actorId = 0;
  /** Told last; null: it is to be told whatever it is. */
  private correlationId: string | null = '';
  private isAnnounced = false;

  constructor(options: StreamOptions) {
    this.options = options;
    this.slots = options.audience === null ? null : new RecordSlots();
  }

  /** A batch of several changes left in this very millisecond: the next may wait for its end. */
  get isPaced(): boolean {
    return this.options.clock.nowMs === this.pacedMs;
  }

  /** Bytes that are held: of this turn, or of a group that is open. */
  get heldBytes(): number {
    return this.out.end;
  }

  /**
   * @param keys    of the effect
   * @param before  the stamps that they had
   * @param high    and the one that they have now
   * @param slot    of all its keys, or EVERY_SLOT
   */
  append(
    effect: Effect,
    keys: EffectKeys,
    before: KeyStamps,
    high: number,
    low: number,
    actorId: number,
    slot: number,
  ): void {
    if (!this.begin(actorId)) return;
    const { out } = this;
    this.slots?.add(slot, out.end);
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

  /** A key gets a string, whatever it held: `SET key value`. */
  appendPut(frame: Frame, put: Put, actorId: number): void {
    if (!this.begin(actorId)) return;
    const { out } = this;
    this.slots?.add(put.slot, out.end);
    encodePut(out, put, frame);
    if (out.end > BATCH_BYTES_MAX && this.groupStart !== 0) this.flush();
  }

  /** @param kind  RECORD.functions or RECORD.stores */
  appendOther(effect: Effect, kind: number): void {
    if (!this.begin(0)) return;
    this.slots?.add(EVERY_SLOT, this.out.end);
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
    this.slots?.add(GROUP_BEGIN, this.out.end);
    this.out.u8(RECORD.groupBegin);
  }

  endGroup(): void {
    if (this.groupStart < 0) return;
    this.slots?.add(GROUP_END, this.out.end);
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
    const before = this.sentPosition;
    this.sentPosition = position;
    // One change in a turn is a client by itself, whose next one comes when it has been answered.
    this.pacedMs = position - before > 1 ? this.options.clock.nowMs : 0;
    this.batchCount++;
    this.batchBytes += end;
    for (const peer of this.options.bus.peers) if (peer.isUp) this.sendBatch(peer, before, end);
    if (end === out.end) {
      out.reset();
      this.slots?.reset();
      this.forgetTold();
    } else {
      out.dropBefore(end);
      this.slots?.dropBefore(end);
      this.groupStart = 0;
    }
  }

  /** Tells a node where the stream stands, so that it sees what it has missed. */
  tell(peer: Peer): void {
    const { sentPosition } = this;
    const first = (this.told.get(peer.id) ?? sentPosition) + 1;
    if (this.send(peer, first, this.out, 0)) this.told.set(peer.id, sentPosition);
  }

  /** A link with that node is new: what was sent by the one before may be lost. */
  greet(peer: Peer): void {
    this.told.delete(peer.id);
    this.tell(peer);
  }

  /**
   * From now on that node is told of slots of which it was not: it sees that something is missing.
   * What was recorded before has been sent.
   */
  skip(peer: Peer): void {
    this.position++;
    this.sentPosition++;
    this.told.set(peer.id, this.sentPosition);
    this.tell(peer);
  }

  /** Up to where that node, which is up, can have come. */
  toldTo(nodeId: string): number {
    return this.told.get(nodeId) ?? this.sentPosition;
  }

  /** @param before  where the stream stood at the batch before */
  private sendBatch(peer: Peer, before: number, end: number): void {
    const { out, slots, told } = this;
    const { audience } = this.options;
    const toldBefore = told.get(peer.id) ?? before;
    let batch = out;
    let length = end;
    if (slots !== null && audience !== null) {
      batch = slots.select(out, end, (slot) => audience.hears(peer.id, slot));
      length = batch.end;
    }
    // What it is told then shows that this is missing.
    const isLost = length > 0 && !this.send(peer, toldBefore + 1, batch, length);
    if (isLost) this.refusedCount++;
    told.set(peer.id, length > 0 ? this.sentPosition : toldBefore);
  }

  /** @returns false: the link has no room, or no message holds so much */
  private send(peer: Peer, first: number, batch: RecordBuffer, end: number): boolean {
    const { bus, storeName } = this.options;
    if (end > LIMITS.carriedBytesMax) return false;
    const writer = bus.begin(peer, MESSAGE.effects);
    if (writer === null) return false;
    writer.text(storeName).u53(first).u53(this.sentPosition);
    // What is to be reset goes to all nodes as the same bytes.
    if (batch === this.out && batch.mayLend(end)) writer.lend(batch.bytes, 0, end).end();
    else writer.bytes(batch.bytes, 0, end).end();
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
    this.slots?.add(CONTEXT, this.out.end);
    this.out.u8(RECORD.time);
    this.out.f64(nowMs);
  }

  private writeCorrelation(id: string): void {
    if (id === this.correlationId) return;
    this.correlationId = id;
    const bytes = new TextEncoder().encode(id);
    this.slots?.add(CONTEXT, this.out.end);
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
