/**
 * Every change of one store, encoded once, in order, as commands that redis-server 7.0 executes.
 * What a loop turn brings is one record (see `record-line.ts`); it is cut, never within a group,
 * when it is large and when the clock moves.
 *
 *     bytes   [ taken | sealed records      | line + body of the open record ]
 *                     ^start                ^sealedEnd                       ^end
 *
 * Nothing is allocated per effect. See docs/design/journal.md.
 */

import { crc32 } from '../base/digest/crc32.ts';
import { assert } from '../base/errors.ts';
import type { Effect } from '../engine/effect.ts';
import type { MutationReader } from '../engine/mutation-sink.ts';
import { writeExtended } from './extension.ts';
import { RealNames } from './real-names.ts';
import {
  COVERED_AT,
  CRC_AT,
  LEN_AT,
  LEN_DIGITS,
  LINE_TEXT,
  putDecimal,
  putHex,
  SYNCED_AT,
  SYNCED_DIGITS,
  TIME_AT,
  TIME_DIGITS,
} from './record-line.ts';
import { RespBytes } from './resp-bytes.ts';

/** A record is closed by the first effect that finds so much in it. */
export const RECORD_BYTES_CUT = 64 * 1024;

/** From there on a call out is worth what it costs. */
const LONG_BYTES_MIN = 512;

export interface StoreJournalOptions {
  /** The time that commands see: of the turn. */
  readonly clock: { readonly nowMs: number };
  /** Something came since the last `seal`, which is due at the end of this loop turn. */
  readonly onFirst: () => void;
  /** Quicker than our own for a large record; see `Compression.crc32`. */
  readonly crc32?: (bytes: Uint8Array, start: number, end: number, crc: number) => number;
  /** Setting `rename-command`: commands are written under their real names. */
  readonly renamedCommands?: readonly { readonly from: string; readonly to: string }[];
}

export class StoreJournal implements MutationReader {
  /** Sealed records that were not taken yet are bytes[start, sealedEnd). */
  start = 0;
  sealedEnd = 0;
  /** Changes recorded. */
  effectCount = 0;
  /** Told to each record: how much of the file is synced for sure. */
  syncedBytes = 0;
  private readonly options: StoreJournalOptions;
  private readonly out = new RespBytes();
  /** Bytes taken so far are `takenBytes`; `position` is counted from there. */
  private takenBytes = 0;
  private readonly names: RealNames;
  /** Where the open record and its body begin; -1: none is open. */
  private recordStart = -1;
  private bodyStart = -1;
  private recordMs = 0;
  /** Where the open group begins; -1: none is open. */
  private groupStart = -1;
  /** Which database the reader stands in; -1: it has to be told. */
  private databaseIndex = -1;
  /** The length of the file before, to be told in the next record; -1: nothing is to be told. */
  private afterBytes = -1;
  /** Somebody knows that there is something to seal. */
  private isAnnounced = false;

  constructor(options: StoreJournalOptions) {
    this.options = options;
    this.names = new RealNames(options.renamedCommands ?? []);
  }

  get bytes(): Uint8Array {
    return this.out.bytes;
  }

  /**
   * Where the last change ends, in bytes since the journal was made. Changes of a group count when
   * it has come to its end.
   */
  get position(): number {
    const { groupStart } = this;
    if (groupStart < 0) return this.takenBytes + this.out.end;
    // A line before a group alone is no change either.
    return this.takenBytes + (groupStart === this.bodyStart ? this.recordStart : groupStart);
  }

  /** Where the last taken byte ends, in the same count. */
  get takenPosition(): number {
    return this.takenBytes + this.start;
  }

  /** Bytes that are held: sealed and not taken, or open. */
  get heldBytes(): number {
    return this.out.end - this.start;
  }

  /** Some effects of a group are recorded, and not yet its end. */
  get isGroupOpen(): boolean {
    return this.groupStart >= 0;
  }

  onEffect(effect: Effect, eventId: number, _actorId: number): void {
    this.prepare();
    const { out } = this;
    this.effectCount++;
    if (effect.databaseIndex !== this.databaseIndex) this.select(effect.databaseIndex);
    if (writeExtended(out, effect, eventId)) return;
    const { frame } = effect;
    const name = this.names.find(frame);
    if (name === null) return out.command(frame);
    out.begin(frame.count);
    out.word(name);
    out.args(frame, 1, frame.count);
  }

  onFunctions(effect: Effect): void {
    this.prepare();
    this.effectCount++;
    this.out.command(effect.frame);
  }

  onGroupBegin(): void {
    this.prepare();
    this.groupStart = this.out.end;
    this.out.raw(MULTI);
  }

  onGroupEnd(): void {
    this.out.raw(EXEC);
    this.groupStart = -1;
    if (!this.isAnnounced) this.announce();
  }

  /** Closes the record that is open. A group without an end stays behind, in one of its own. */
  seal(): void {
    this.isAnnounced = false;
    if (this.recordStart < 0) return;
    if (this.groupStart < 0) return this.closeRecord(this.out.end);
    if (this.groupStart > this.bodyStart) this.splitAtGroup();
  }

  /** The bytes before `end` are kept elsewhere by now. */
  take(end: number): void {
    assert(end >= this.start && end <= this.sealedEnd, 'only sealed records are taken');
    this.start = end;
    if (end < this.sealedEnd) return;
    const { out } = this;
    this.takenBytes += end;
    if (end === out.end) out.reset();
    else {
      out.dropBefore(end);
      this.recordStart -= end;
      this.bodyStart -= end;
      if (this.groupStart >= 0) this.groupStart -= end;
    }
    this.start = 0;
    this.sealedEnd = 0;
  }

  /**
   * What follows goes to a new file. All that was recorded must be taken, but for an open group.
   * @param afterBytes  how long the file before is; -1 when there is none
   */
  beginFile(afterBytes: number): void {
    assert(this.start === this.sealedEnd, 'a file ends with a whole record');
    assert(this.recordStart < 0, 'a file begins with a record');
    this.databaseIndex = -1;
    this.syncedBytes = 0;
    this.afterBytes = afterBytes;
  }

  /** A record without a body, for what its line tells. */
  mark(): void {
    if (this.recordStart < 0) this.openRecord();
  }

  private prepare(): void {
    if (!this.isAnnounced) this.announce();
    if (this.recordStart < 0) return this.openRecord();
    if (this.groupStart >= 0) return;
    // All effects of a record happened at the time that its line tells.
    const isOld = this.options.clock.nowMs !== this.recordMs;
    if (!isOld && this.out.end - this.bodyStart <= RECORD_BYTES_CUT) return;
    this.closeRecord(this.out.end);
    this.openRecord();
  }

  private announce(): void {
    this.isAnnounced = true;
    this.options.onFirst();
  }

  private openRecord(): void {
    const { out } = this;
    this.recordStart = out.end;
    out.raw(LINE);
    this.recordMs = this.options.clock.nowMs;
    putDecimal(out.bytes, this.recordStart + TIME_AT, TIME_DIGITS, this.recordMs);
    if (this.afterBytes >= 0) out.ascii(` after=${this.afterBytes}`);
    this.afterBytes = -1;
    out.raw(CRLF);
    this.bodyStart = out.end;
  }

  private closeRecord(end: number): void {
    const { recordStart, bodyStart } = this;
    const { bytes, view } = this.out;
    putDecimal(bytes, recordStart + LEN_AT, LEN_DIGITS, end - bodyStart);
    putDecimal(bytes, recordStart + SYNCED_AT, SYNCED_DIGITS, this.syncedBytes);
    const from = recordStart + COVERED_AT;
    const quicker = this.options.crc32;
    const isLong = end - from >= LONG_BYTES_MIN && quicker !== undefined;
    const crc = isLong ? quicker(bytes, from, end, 0) : crc32(bytes, view, from, end);
    putHex(bytes, recordStart + CRC_AT, crc);
    this.sealedEnd = end;
    this.recordStart = -1;
    this.bodyStart = -1;
  }

  /** The open group moves up, so that a record of its own begins before it. */
  private splitAtGroup(): void {
    const { groupStart, out } = this;
    const end = out.end;
    this.closeRecord(groupStart);
    this.openRecord();
    const lineBytes = out.end - end;
    const { bytes } = out;
    const line = bytes.slice(end, out.end);
    bytes.copyWithin(groupStart + lineBytes, groupStart, end);
    bytes.set(line, groupStart);
    this.recordStart = groupStart;
    this.bodyStart = groupStart + lineBytes;
    this.groupStart = this.bodyStart;
  }

  private select(index: number): void {
    this.databaseIndex = index;
    const text = String(index);
    this.out.begin(2);
    this.out.word('SELECT');
    this.out.word(text);
  }
}

const encoder = new TextEncoder();
const LINE = encoder.encode(LINE_TEXT);
const CRLF = encoder.encode('\r\n');
const MULTI = encoder.encode('*1\r\n$5\r\nMULTI\r\n');
const EXEC = encoder.encode('*1\r\n$4\r\nEXEC\r\n');
