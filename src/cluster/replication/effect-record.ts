/**
 * What a batch of effects holds: records one behind the other, each with its kind.
 *
 *     time         f64      Unix ms: what the commands that follow saw for a clock
 *     correlation  block    of the client that brings about what follows; empty: none
 *     group begin, group end: what is between belongs together
 *     functions    command  FUNCTION LOAD, DELETE, FLUSH, RESTORE
 *     stores       command  STORE CREATE, DROP
 *     effect       u8 key count, u16 database, stamp, keys, command
 *       key        u8 role and, in the upper bit, that it was absent; u16 database;
 *                  u32 argument, the stamp that it had
 *     put          an effect of the most frequent kind: see `put-record.ts`
 */
import { Frame } from '../../base/frame.ts';
import { type KeyHints, PEEKED_ARGUMENT_COUNT_MAX } from '../../protocol/key-peek.ts';
import { broken } from '../peers/link-reader.ts';
import type { MessageReader } from '../peers/message-reader.ts';
import { ROLE } from './effect-keys.ts';
import { PUT_KIND, PutRun } from './put-record.ts';

export const RECORD = {
  time: 1,
  correlation: 2,
  groupBegin: 3,
  groupEnd: 4,
  functions: 5,
  stores: 6,
  effect: 7,
  put: PUT_KIND,
} as const;

export const WAS_ABSENT = 0x80;
export const ROLE_MASK = 0x7f;
/** In place of a count of keys, which follows as u32. */
export const MANY_KEYS = 255;

/** Reads records where they lie; every bound is checked. Reused. */
export class RecordReader {
  kind = 0;
  timeMs = 0;
  correlationId = '';
  databaseIndex = 0;
  high = 0;
  low = 0;
  readonly keys = new RecordKeys();
  readonly frame = new Frame();
  readonly puts = new PutRun();
  /** Database of what `peek` found. */
  aheadIndex = 0;
  /** The message; of it this reads a part. */
  bytes: Uint8Array = NO_BYTES;
  view: DataView = new DataView(NO_BYTES.buffer);
  private position = 0;
  private end = 0;

  /** @param message  `bytes` was read */
  open(message: MessageReader): this {
    const { length, source, start } = message;
    if (source !== this.bytes) {
      this.bytes = source;
      this.view = new DataView(source.buffer, source.byteOffset, source.byteLength);
    }
    this.position = start;
    this.end = start + length;
    return this;
  }

  /** Lets go of the message. */
  close(): void {
    this.bytes = NO_BYTES;
    this.view = new DataView(NO_BYTES.buffer);
    this.frame.attach(NO_BYTES);
    this.end = 0;
    this.position = 0;
  }

  /** @returns false at the end. Throws NodeError MESSAGE_BROKEN. */
  next(): boolean {
    if (this.position === this.end) return false;
    this.kind = this.u8();
    switch (this.kind) {
      case RECORD.time:
        this.timeMs = this.f64();
        return true;
      case RECORD.correlation:
        this.correlationId = this.text();
        return true;
      case RECORD.groupBegin:
      case RECORD.groupEnd:
        return true;
      case RECORD.functions:
      case RECORD.stores:
        this.readCommand();
        return true;
      case RECORD.effect:
        this.readEffect();
        return true;
      case RECORD.put:
        this.position = this.puts.decode(this.view, this.position - 1, this.end);
        this.frame.attach(this.bytes);
        return true;
      default:
        throw broken('a record of an unknown kind');
    }
  }

  /**
   * Looks ahead, and takes nothing: where the first arguments of the effects that come next lie, of
   * those on one database. Checks no more than it must, since hints only tell what to fetch early.
   * @returns records that it looked at
   */
  peek(hints: KeyHints): number {
    const { end } = this;
    const capacity = hints.offsets.length;
    let at = this.position;
    let recordCount = 0;
    hints.count = 0;
    while (hints.count < capacity && at < end) {
      const kind = this.bytes[at];
      if (kind === RECORD.effect) at = this.peekEffect(at + 1, hints);
      else if (kind === RECORD.time) at += 1 + TIME_BYTES;
      else if (kind === RECORD.groupBegin || kind === RECORD.groupEnd) at++;
      else break;
      if (at > end) break;
      recordCount++;
    }
    return recordCount;
  }

  /** The i-th of `puts`, as an effect. */
  takePut(i: number): void {
    const { keys, puts } = this;
    this.databaseIndex = puts.databaseIndex;
    this.high = puts.highs[i];
    this.low = puts.lows[i];
    const role = puts.wereAbsent[i] === 0 ? ROLE.set : ROLE.set | WAS_ABSENT;
    keys.count = 0;
    keys.add(role, puts.databaseIndex, 1, puts.beforeHighs[i], puts.beforeLows[i]);
    puts.frameInto(this.frame, i);
  }

  /** @returns where the next record begins; above `end`: it is not known */
  private peekEffect(start: number, hints: KeyHints): number {
    const { bytes, end, view } = this;
    const unknown = end + 1;
    if (start + EFFECT_BYTES > end) return unknown;
    const keyCount = bytes[start];
    const commandAt = start + EFFECT_BYTES + keyCount * KEY_BYTES;
    if (keyCount === MANY_KEYS || commandAt + 4 > end) return unknown;
    const databaseIndex = view.getUint16(start + 1, true);
    if (hints.count === 0) this.aheadIndex = databaseIndex;
    const isHinted = keyCount > 0 && databaseIndex === this.aheadIndex;
    const count = view.getUint32(commandAt, true);
    if (count > PEEKED_ARGUMENT_COUNT_MAX) return unknown;
    let at = commandAt + 4;
    for (let arg = 0; arg < count; arg++) {
      if (at + 4 > end) return unknown;
      const length = view.getUint32(at, true);
      at += 4 + length;
      if (at > end) return unknown;
      if (isHinted) hints.add(arg, at - length, length);
    }
    return at;
  }

  private readEffect(): void {
    const { keys } = this;
    let keyCount = this.u8();
    if (keyCount === MANY_KEYS) keyCount = this.u32();
    this.databaseIndex = this.u16();
    this.high = this.u32();
    this.low = this.u32();
    keys.count = 0;
    for (let i = 0; i < keyCount; i++) {
      const role = this.u8();
      const database = this.u16();
      const arg = this.u32();
      const high = this.u32();
      keys.add(role, database, arg, high, this.u32());
    }
    this.readCommand();
    for (let i = 0; i < keyCount; i++) {
      if (keys.args[i] >= this.frame.count) throw broken('a key that is no argument');
    }
  }

  private readCommand(): void {
    const { bytes, frame } = this;
    const count = this.u32();
    if (count === 0) throw broken('a command without a name');
    frame.attach(bytes);
    for (let i = 0; i < count; i++) {
      const length = this.u32();
      this.need(length);
      frame.append(this.position, length);
      this.position += length;
    }
  }

  private text(): string {
    const length = this.u32();
    this.need(length);
    const start = this.position;
    this.position += length;
    const { buffer, byteOffset } = this.bytes;
    return Buffer.from(buffer, byteOffset + start, length).toString('utf8');
  }

  private u8(): number {
    this.need(1);
    return this.bytes[this.position++];
  }

  private u16(): number {
    this.need(2);
    this.position += 2;
    return this.view.getUint16(this.position - 2, true);
  }

  private u32(): number {
    this.need(4);
    this.position += 4;
    return this.view.getUint32(this.position - 4, true);
  }

  private f64(): number {
    this.need(8);
    this.position += 8;
    return this.view.getFloat64(this.position - 8, true);
  }

  private need(byteCount: number): void {
    if (this.position + byteCount > this.end) throw broken('a record that is cut off');
  }
}

/** Keys of one effect: columns, reused. */
class RecordKeys {
  count = 0;
  readonly roles: number[] = [];
  readonly databases: number[] = [];
  readonly args: number[] = [];
  readonly beforeHighs: number[] = [];
  readonly beforeLows: number[] = [];
  readonly wereAbsent: boolean[] = [];

  add(role: number, database: number, arg: number, high: number, low: number): void {
    const { count } = this;
    this.roles[count] = role & ROLE_MASK;
    this.wereAbsent[count] = (role & WAS_ABSENT) !== 0;
    this.databases[count] = database;
    this.args[count] = arg;
    this.beforeHighs[count] = high;
    this.beforeLows[count] = low;
    this.count++;
  }
}

const TIME_BYTES = 8;
/** Of an effect, before its keys; and of a key. */
const EFFECT_BYTES = 1 + 2 + 8;
const KEY_BYTES = 1 + 2 + 4 + 8;
const NO_BYTES = new Uint8Array(0);
