import { type FastBuffer, textOf } from '../base/fast-buffer.ts';

/** An error reply as a value: the caller throws it, or finds it inside an array. */
export class ReplyError extends Error {
  /** First word of the reply, such as WRONGTYPE. */
  readonly code: string;

  constructor(text: string) {
    super(text);
    this.name = 'ReplyError';
    const end = text.indexOf(' ');
    this.code = end < 0 ? text : text.slice(0, end);
  }
}

/**
 * What a reply is in JavaScript. Integers beyond 2^53 are bigint, maps are Map, sets are Set, both
 * nulls are null; bulk strings are text, or Buffer where the reader was told so.
 */
export type ReplyValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | Buffer
  | ReplyError
  | ReplyValue[]
  | Map<ReplyValue, ReplyValue>
  | Set<ReplyValue>;

/** Reads replies that our own writer wrote: whole and well-formed, so nothing is checked. */
export class ReplyReader {
  /** Behind what was read last. */
  position = 0;
  private buffer: FastBuffer = EMPTY;
  private isBinary = false;

  /** @param isBinary  bulk strings as Buffers of their own instead of text */
  read(buffer: FastBuffer, start: number, isBinary: boolean): ReplyValue {
    this.buffer = buffer;
    this.position = start;
    this.isBinary = isBinary;
    return this.readValue();
  }

  private readValue(): ReplyValue {
    const kind = this.buffer[this.position++];
    switch (kind) {
      case DOLLAR:
        return this.readBulk();
      case COLON:
        return this.readInteger();
      case PLUS:
        return this.readLine();
      case MINUS:
        return new ReplyError(this.readLine());
      case STAR:
      case GREATER:
        return this.readArray();
      case UNDERSCORE:
        this.position += 2;
        return null;
      case PERCENT:
        return this.readMap();
      case TILDE:
        return new Set(this.readArray());
      case COMMA:
        return readDouble(this.readLine());
      case HASH:
        return this.readLine() === 't';
      case OPEN:
        return BigInt(this.readLine());
      default:
        return this.readVerbatim();
    }
  }

  private readLine(): string {
    const start = this.position;
    const end = this.buffer.indexOf(CR, start);
    this.position = end + 2;
    return this.buffer.utf8Slice(start, end);
  }

  private readInteger(): number | bigint {
    const line = this.readLine();
    const value = Number(line);
    return Number.isSafeInteger(value) ? value : BigInt(line);
  }

  private readBulk(): string | Buffer | null {
    const length = Number(this.readLine());
    if (length < 0) return null;
    const start = this.position;
    this.position += length + 2;
    if (this.isBinary) return Buffer.from(this.buffer.subarray(start, start + length));
    return textOf(this.buffer, start, length);
  }

  private readArray(): ReplyValue[] | never[] {
    const count = Number(this.readLine());
    const items: ReplyValue[] = [];
    for (let i = 0; i < count; i++) items.push(this.readValue());
    return items;
  }

  private readMap(): Map<ReplyValue, ReplyValue> {
    const count = Number(this.readLine());
    const map = new Map<ReplyValue, ReplyValue>();
    for (let i = 0; i < count; i++) {
      const key = this.readValue();
      map.set(key, this.readValue());
    }
    return map;
  }

  /** `=15 CR LF txt:Some string CR LF` */
  private readVerbatim(): string {
    const length = Number(this.readLine());
    const start = this.position + 4;
    this.position += length + 2;
    return this.buffer.utf8Slice(start, start + length - 4);
  }
}

function readDouble(line: string): number {
  if (line === 'inf') return Number.POSITIVE_INFINITY;
  if (line === '-inf') return Number.NEGATIVE_INFINITY;
  return Number(line);
}

const EMPTY = Buffer.alloc(0) as FastBuffer;
const CR = 13;
const DOLLAR = 36;
const COLON = 58;
const PLUS = 43;
const MINUS = 45;
const STAR = 42;
const GREATER = 62;
const UNDERSCORE = 95;
const PERCENT = 37;
const TILDE = 126;
const COMMA = 44;
const HASH = 35;
const OPEN = 40;
