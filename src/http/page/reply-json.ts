import { isUtf8 } from 'node:buffer';
import type { FastBuffer } from '../../base/fast-buffer.ts';
import { LIMITS } from '../../base/limits.ts';

/**
 * A reply as JSON that keeps the types of RESP3. Texts that are no UTF-8 are in `base64`; numbers
 * that a double does not hold are text; a map is a list of pairs, for its keys may be anything.
 */
export type ReplyJson =
  | { readonly type: 'null' }
  | { readonly type: 'boolean'; readonly value: boolean }
  | { readonly type: 'integer'; readonly value: number | string }
  | { readonly type: 'double' | 'bignum' | 'status' | 'error'; readonly value: string }
  | { readonly type: 'bulk' | 'verbatim'; readonly value: string }
  | { readonly type: 'bulk' | 'verbatim'; readonly base64: string }
  | { readonly type: 'array' | 'set'; readonly value: readonly ReplyJson[] }
  | { readonly type: 'map'; readonly value: readonly (readonly [ReplyJson, ReplyJson])[] };

/**
 * Reads a reply that our own writer wrote: whole and well-formed, so nothing is checked.
 * @returns null when it is longer than a console shows
 */
export function replyJson(reply: FastBuffer): ReplyJson | null {
  const reader = new JsonReader(reply);
  const value = reader.read();
  return reader.position > LIMITS.httpConsoleReplyBytesMax ? null : value;
}

class JsonReader {
  position = 0;
  private readonly buffer: FastBuffer;

  constructor(buffer: FastBuffer) {
    this.buffer = buffer;
  }

  read(): ReplyJson {
    const kind = String.fromCharCode(this.buffer[this.position++]!);
    switch (kind) {
      case '$':
        return this.readBulk('bulk', 0);
      case '=':
        // `=15 CR LF txt:Some string CR LF`
        return this.readBulk('verbatim', FORMAT_LENGTH);
      case ':':
        return integerOf(this.line());
      case '*':
      case '>':
        return { type: 'array', value: this.items() };
      case '~':
        return { type: 'set', value: this.items() };
      case '%':
        return { type: 'map', value: this.pairs() };
      case '_':
        this.position += 2;
        return { type: 'null' };
      case '#':
        return { type: 'boolean', value: this.line() === 't' };
      default:
        return { type: TYPES[kind as keyof typeof TYPES], value: this.line() };
    }
  }

  private line(): string {
    const start = this.position;
    const end = this.buffer.indexOf(CR, start);
    this.position = end + 2;
    return this.buffer.utf8Slice(start, end);
  }

  private readBulk(type: 'bulk' | 'verbatim', skipped: number): ReplyJson {
    const length = Number(this.line());
    if (length < 0) return { type: 'null' };
    const bytes = this.buffer.subarray(this.position + skipped, this.position + length);
    this.position += length + 2;
    if (isUtf8(bytes)) return { type, value: Buffer.from(bytes).toString() };
    return { type, base64: Buffer.from(bytes).toString('base64') };
  }

  private items(): ReplyJson[] {
    const count = Number(this.line());
    const items: ReplyJson[] = [];
    for (let i = 0; i < count && !this.isBeyond; i++) items.push(this.read());
    return items;
  }

  private pairs(): [ReplyJson, ReplyJson][] {
    const count = Number(this.line());
    const pairs: [ReplyJson, ReplyJson][] = [];
    for (let i = 0; i < count && !this.isBeyond; i++) pairs.push([this.read(), this.read()]);
    return pairs;
  }

  private get isBeyond(): boolean {
    return this.position > LIMITS.httpConsoleReplyBytesMax;
  }
}

function integerOf(line: string): ReplyJson {
  const value = Number(line);
  return { type: 'integer', value: Number.isSafeInteger(value) ? value : line };
}

const TYPES = { ',': 'double', '(': 'bignum', '+': 'status', '-': 'error' } as const;
const FORMAT_LENGTH = 4;
const CR = 13;
