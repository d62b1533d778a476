import { Frame } from '../base/frame.ts';

/**
 * One change as a canonical command: `SET k v PXAT t`, `DEL k`, `PEXPIREAT k t`, `FLUSHDB`. Built
 * in a buffer of its own and reused for the next change. A client's command that is canonical
 * already (APPEND, SETBIT) is passed on as it stands: then `frame` is the client's.
 */
export class Effect {
  /** Of the store that is changed. */
  readonly storeName: string;
  frame: Frame;
  databaseIndex = 0;
  /** Position of the key among the arguments; 0 when the effect names no key. */
  keyArg = 0;
  /** Position of a second key that it changes: LMOVE, SMOVE and RENAME have one. 0: none. */
  secondKeyArg = 0;
  private readonly own = new Frame();
  private position = 0;

  constructor(storeName: string) {
    this.storeName = storeName;
    this.own.attach(new Uint8Array(256));
    this.frame = this.own;
  }

  /** Starts an effect; `name` is in upper case. */
  begin(name: string, databaseIndex: number, keyArg: number): this {
    this.own.count = 0;
    this.position = 0;
    this.frame = this.own;
    this.databaseIndex = databaseIndex;
    this.keyArg = keyArg;
    this.secondKeyArg = 0;
    return this.text(name);
  }

  /** Takes a client's command as the effect. */
  borrow(frame: Frame, databaseIndex: number, keyArg: number): this {
    this.frame = frame;
    this.databaseIndex = databaseIndex;
    this.keyArg = keyArg;
    this.secondKeyArg = 0;
    return this;
  }

  bytes(bytes: Uint8Array, offset: number, length: number): this {
    this.reserve(length);
    this.own.bytes.set(bytes.subarray(offset, offset + length), this.position);
    return this.close(length);
  }

  /** ASCII. */
  text(text: string): this {
    this.reserve(text.length);
    for (let i = 0; i < text.length; i++) this.own.bytes[this.position + i] = text.charCodeAt(i);
    return this.close(text.length);
  }

  number(value: number | bigint): this {
    return this.text(String(value));
  }

  /** Names the second key that is changed. */
  alsoChanges(arg: number): this {
    this.secondKeyArg = arg;
    return this;
  }

  private close(length: number): this {
    this.own.append(this.position, length);
    this.position += length;
    return this;
  }

  private reserve(byteCount: number): void {
    const wanted = this.position + byteCount;
    const old = this.own.bytes;
    if (wanted <= old.length) return;
    const grown = new Uint8Array(Math.max(wanted + TAIL_BYTES, old.length * 2));
    grown.set(old.subarray(0, this.position));
    const count = this.own.count;
    this.own.attach(grown);
    this.own.count = count;
  }
}

/** Of a long value's buffer: short arguments behind it do not double that. */
const TAIL_BYTES = 256;

/**
 * Where the destination of a `COPY source destination [DB number] REPLACE` lies: no number stands
 * in it when that is the database of the source.
 */
export function copiedInto({ databaseIndex, frame }: Effect): number {
  return frame.equals(3, 'DB') ? Number(frame.latin1(4)) : databaseIndex;
}
