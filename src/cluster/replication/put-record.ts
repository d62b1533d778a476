/**
 * The record of the change that comes most often: a key gets a string, whatever it held, and no
 * deadline. It says what the record of any other effect does, at fixed places, and the key's slot
 * and tag beside, so that they are computed once for all nodes:
 *
 *     u8 kind   u8 absent before   u16 database   u16 slot   u32 tag   stamp   stamp before
 *     u32 key length   u32 value length   'SET'   key   value
 *
 * Those that stand one behind the other are read together, into columns: what they look up is
 * fetched from memory at once, and each is applied without the detour over a command.
 */
import type { Frame } from '../../base/frame.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Effect } from '../../engine/effect.ts';
import { EVENT } from '../../engine/event-table.ts';
import { broken } from '../peers/link-reader.ts';
import type { RecordBuffer } from './record-buffer.ts';
import { isTagOf } from './stamp-group.ts';

/** Row of RECORD. */
export const PUT_KIND = 8;

/** Whether the effect is `SET key value`, under whatever name. */
export function isPut({ frame, keyArg }: Effect, eventId: number): boolean {
  return eventId === EVENT.set && frame.count === 3 && keyArg === 1;
}

/** What becomes of the key's stamp. Reused. */
export class Put {
  databaseIndex = 0;
  slot = 0;
  tag = 0;
  high = 0;
  low = 0;
  beforeHigh = 0;
  beforeLow = 0;
  wasAbsent = false;
}

/** @param frame  of `isPut`; the settings may have given its command another name */
export function encodePut(out: RecordBuffer, put: Put, frame: Frame): void {
  const { bytes, lengths, offsets, view } = frame;
  const keyLength = lengths[1];
  const valueLength = lengths[2];
  out.reserve(HEAD_BYTES + keyLength + valueLength);
  const start = out.end;
  const to = out.view;
  to.setUint8(start, PUT_KIND);
  to.setUint8(start + AT.absent, put.wasAbsent ? 1 : 0);
  to.setUint16(start + AT.database, put.databaseIndex, true);
  to.setUint16(start + AT.slot, put.slot, true);
  to.setUint32(start + AT.tag, put.tag, true);
  to.setUint32(start + AT.high, put.high, true);
  to.setUint32(start + AT.low, put.low, true);
  to.setUint32(start + AT.beforeHigh, put.beforeHigh, true);
  to.setUint32(start + AT.beforeLow, put.beforeLow, true);
  to.setUint32(start + AT.keyLength, keyLength, true);
  to.setUint32(start + AT.valueLength, valueLength, true);
  to.setUint8(start + AT.name, LETTER_S);
  to.setUint8(start + AT.name + 1, LETTER_E);
  to.setUint8(start + AT.name + 2, LETTER_T);
  out.end = start + HEAD_BYTES;
  out.raw(view, bytes, offsets[1], keyLength);
  out.raw(view, bytes, offsets[2], valueLength);
}

/** Puts that stand one behind the other, of one database: columns, reused. */
export class PutRun {
  count = 0;
  databaseIndex = 0;
  /** Of keys; values lie behind them. */
  readonly offsets = new Uint32Array(LIMITS.warmedKeyCountMax);
  readonly lengths = new Uint32Array(LIMITS.warmedKeyCountMax);
  readonly valueLengths = new Uint32Array(LIMITS.warmedKeyCountMax);
  readonly slots = new Uint16Array(LIMITS.warmedKeyCountMax);
  readonly tags = new Uint32Array(LIMITS.warmedKeyCountMax);
  readonly highs = new Uint32Array(LIMITS.warmedKeyCountMax);
  readonly lows = new Uint32Array(LIMITS.warmedKeyCountMax);
  readonly beforeHighs = new Uint32Array(LIMITS.warmedKeyCountMax);
  readonly beforeLows = new Uint32Array(LIMITS.warmedKeyCountMax);
  readonly wereAbsent = new Uint8Array(LIMITS.warmedKeyCountMax);

  /**
   * Reads puts from `start` on, one at least.
   * @param end  of what may be read
   * @returns    where the next record begins. Throws NodeError MESSAGE_BROKEN
   */
  decode(view: DataView, start: number, end: number): number {
    let at = start;
    this.count = 0;
    do {
      if (at + HEAD_BYTES > end) throw broken('a record that is cut off');
      const databaseIndex = view.getUint16(at + AT.database, true);
      if (this.count === 0) this.databaseIndex = databaseIndex;
      else if (databaseIndex !== this.databaseIndex) break;
      at = this.decodeOne(view, at);
      if (at > end) throw broken('a record that is cut off');
    } while (this.count < this.offsets.length && at < end && view.getUint8(at) === PUT_KIND);
    return at;
  }

  private decodeOne(view: DataView, at: number): number {
    const i = this.count++;
    const slot = view.getUint16(at + AT.slot, true);
    const tag = view.getUint32(at + AT.tag, true);
    if (!isTagOf(slot, tag)) throw broken('a tag that no key has');
    const keyLength = view.getUint32(at + AT.keyLength, true);
    const valueLength = view.getUint32(at + AT.valueLength, true);
    this.wereAbsent[i] = view.getUint8(at + AT.absent);
    this.slots[i] = slot;
    this.tags[i] = tag;
    this.highs[i] = view.getUint32(at + AT.high, true);
    this.lows[i] = view.getUint32(at + AT.low, true);
    this.beforeHighs[i] = view.getUint32(at + AT.beforeHigh, true);
    this.beforeLows[i] = view.getUint32(at + AT.beforeLow, true);
    this.offsets[i] = at + HEAD_BYTES;
    this.lengths[i] = keyLength;
    this.valueLengths[i] = valueLength;
    return at + HEAD_BYTES + keyLength + valueLength;
  }

  /** The command of the i-th of them; `frame` is attached to their bytes. */
  frameInto(frame: Frame, i: number): void {
    const keyAt = this.offsets[i];
    const keyLength = this.lengths[i];
    frame.count = 0;
    frame.append(keyAt - NAME_BYTES, NAME_BYTES);
    frame.append(keyAt, keyLength);
    frame.append(keyAt + keyLength, this.valueLengths[i]);
  }
}

const AT = {
  absent: 1,
  database: 2,
  slot: 4,
  tag: 6,
  high: 10,
  low: 14,
  beforeHigh: 18,
  beforeLow: 22,
  keyLength: 26,
  valueLength: 30,
  name: 34,
} as const;
const NAME_BYTES = 3;
const HEAD_BYTES = AT.name + NAME_BYTES;
const LETTER_S = 83;
const LETTER_E = 69;
const LETTER_T = 84;
