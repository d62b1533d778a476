/**
 * The client's half of RESP2 and RESP3, for tests, benches and fuzzers. Strict: whatever Redis
 * would not send is a `MalformedReply`. Values keep what the wire said: a simple string is not a
 * bulk string, `$-1` is not `*-1` is not `_`, a map is not a flat array.
 *
 * Incremental and without recursion: unfinished aggregates wait on a stack, so a reply split at
 * every byte, or nested ten thousand deep, costs time in proportion to its bytes.
 */
export type Reply =
  | { kind: 'simple'; text: string }
  | { kind: 'error'; text: string }
  | { kind: 'integer'; value: number | bigint }
  | { kind: 'bulk'; bytes: Buffer }
  | { kind: 'null'; form: '$' | '*' | '_' }
  | { kind: 'array'; items: Reply[] }
  | { kind: 'set'; items: Reply[] }
  | { kind: 'push'; items: Reply[] }
  | { kind: 'map'; entries: [Reply, Reply][] }
  /** `text` as sent: `1e+17` and `100000000000000000` are the same number, not the same reply. */
  | { kind: 'double'; value: number; text: string }
  | { kind: 'boolean'; value: boolean }
  | { kind: 'bigNumber'; text: string }
  | { kind: 'verbatim'; format: string; bytes: Buffer };

export class MalformedReply extends Error {
  override readonly name = 'MalformedReply';
}

export class ReplyDecoder {
  #bytes: Buffer;
  #start = 0;
  #end = 0;
  #open: OpenAggregate[] = [];

  /** @param byteCount  about what is fed at once: more makes it grow */
  constructor(byteCount = 4096) {
    this.#bytes = Buffer.allocUnsafe(byteCount);
  }

  /** Bytes fed and not yet part of a returned reply's tokens. */
  get pendingBytes(): number {
    return this.#end - this.#start;
  }

  /** Whether the stream may end here: no token and no aggregate is unfinished. */
  get isAtBoundary(): boolean {
    return this.pendingBytes === 0 && this.#open.length === 0;
  }

  /**
   * Takes any piece of the stream; `bytes` may be reused afterwards.
   * @returns the replies that are complete now, oldest first
   * @throws  MalformedReply
   */
  feed(bytes: Uint8Array): Reply[] {
    this.#append(bytes);
    const replies: Reply[] = [];
    for (;;) {
      const reply = this.#next();
      if (reply === null) return replies;
      replies.push(reply);
    }
  }

  #append(bytes: Uint8Array): void {
    const pendingBytes = this.pendingBytes;
    if (this.#end + bytes.length > this.#bytes.length) {
      const wanted = pendingBytes + bytes.length;
      const target = wanted > this.#bytes.length ? Buffer.alloc(wanted * 2) : this.#bytes;
      this.#bytes.copy(target, 0, this.#start, this.#end);
      this.#bytes = target;
      this.#start = 0;
      this.#end = pendingBytes;
    }
    this.#bytes.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  #next(): Reply | null {
    for (;;) {
      let value = this.#token();
      if (value === null) return null;
      if (value === OPENED) continue;
      for (;;) {
        const parent = this.#open.at(-1);
        if (parent === undefined) return value;
        parent.items.push(value);
        if (parent.items.length < parent.count) break;
        this.#open.pop();
        value = closed(parent);
      }
    }
  }

  /** One scalar, one empty aggregate, OPENED after a non-empty aggregate's header, null: wait. */
  #token(): Reply | typeof OPENED | null {
    const bytes = this.#bytes;
    const lineEnd = bytes.subarray(this.#start, this.#end).indexOf('\r\n') + this.#start;
    if (lineEnd < this.#start) {
      if (this.pendingBytes > LINE_BYTES_MAX) throw new MalformedReply('a line without an end');
      return null;
    }
    const type = String.fromCharCode(bytes[this.#start]);
    const line = bytes.toString('latin1', this.#start + 1, lineEnd);
    const next = lineEnd + 2;
    if (type === '$' || type === '=') return this.#blob(type, line, next);
    this.#start = next;
    if (AGGREGATES.has(type)) return this.#aggregate(type, line);
    return scalar(type, line);
  }

  #blob(type: '$' | '=', line: string, start: number): Reply | null {
    if (type === '$' && line === '-1') {
      this.#start = start;
      return { kind: 'null', form: '$' };
    }
    const end = start + parseCount(line);
    if (end + 2 > this.#end) return null;
    const bytes = this.#bytes;
    if (bytes[end] !== 13 || bytes[end + 1] !== 10) throw new MalformedReply('bulk without CR LF');
    const content = Buffer.from(bytes.subarray(start, end));
    this.#start = end + 2;
    if (type === '$') return { kind: 'bulk', bytes: content };
    if (content.length < 4 || content[3] !== 58)
      throw new MalformedReply('verbatim without format');
    return {
      kind: 'verbatim',
      format: content.toString('latin1', 0, 3),
      bytes: content.subarray(4),
    };
  }

  #aggregate(type: string, line: string): Reply | typeof OPENED {
    if (type === '*' && line === '-1') return { kind: 'null', form: '*' };
    const count = parseCount(line) * (type === '%' ? 2 : 1);
    const aggregate: OpenAggregate = { type, count, items: [] };
    if (count === 0) return closed(aggregate);
    this.#open.push(aggregate);
    return OPENED;
  }
}

/** Bytes as the text of a client sees them: one command as a multibulk of bulk strings. */
export function encodeCommand(args: readonly (string | Uint8Array | number)[]): Uint8Array {
  const parts: Uint8Array[] = [Buffer.from(`*${args.length}\r\n`)];
  for (const arg of args) {
    const bytes = arg instanceof Uint8Array ? arg : Buffer.from(String(arg), 'utf8');
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, CRLF);
  }
  return Buffer.concat(parts);
}

/**
 * One line of text per reply, different for any two different replies: for comparing and printing.
 * @param isOrdered  false: members of arrays, sets and maps are sorted first
 */
export function describeReply(reply: Reply, isOrdered = true): string {
  const inner = (items: readonly Reply[]): string => {
    const texts = items.map((item) => describeReply(item, isOrdered));
    return (isOrdered ? texts : texts.sort()).join(' ');
  };
  switch (reply.kind) {
    case 'simple':
      return `+${reply.text}`;
    case 'error':
      return `-${reply.text}`;
    case 'integer':
      return `:${reply.value}`;
    case 'bulk':
      return JSON.stringify(reply.bytes.toString('latin1'));
    case 'null':
      return `null(${reply.form})`;
    case 'array':
      return `[${inner(reply.items)}]`;
    case 'set':
      return `set{${inner(reply.items)}}`;
    case 'push':
      return `push[${inner(reply.items)}]`;
    case 'map': {
      const texts = reply.entries.map(
        ([key, value]) => `${describeReply(key, isOrdered)}=>${describeReply(value, isOrdered)}`,
      );
      return `map{${(isOrdered ? texts : texts.sort()).join(' ')}}`;
    }
    case 'double':
      return `,${reply.text}`;
    case 'boolean':
      return `#${reply.value ? 't' : 'f'}`;
    case 'bigNumber':
      return `(${reply.text}`;
    case 'verbatim':
      return `=${reply.format}:${JSON.stringify(reply.bytes.toString('latin1'))}`;
  }
}

/** The reply as a plain JS value: bulks as UTF-8 text, errors as Error, maps as Map. */
export function plainReply(reply: Reply): unknown {
  switch (reply.kind) {
    case 'simple':
    case 'bigNumber':
      return reply.text;
    case 'error':
      return new Error(reply.text);
    case 'bulk':
    case 'verbatim':
      return reply.bytes.toString('utf8');
    case 'null':
      return null;
    case 'map':
      return new Map(reply.entries.map(([key, value]) => [plainReply(key), plainReply(value)]));
    case 'array':
    case 'set':
    case 'push':
      return reply.items.map(plainReply);
    default:
      return reply.value;
  }
}

interface OpenAggregate {
  readonly type: string;
  readonly count: number;
  readonly items: Reply[];
}

const OPENED = Symbol('opened');
const AGGREGATES: ReadonlySet<string> = new Set(['*', '%', '~', '>']);
const CRLF = Buffer.from('\r\n');
const LINE_BYTES_MAX = 1024 * 1024;

function closed(aggregate: OpenAggregate): Reply {
  const { type, items } = aggregate;
  if (type === '*') return { kind: 'array', items };
  if (type === '~') return { kind: 'set', items };
  if (type === '>') return { kind: 'push', items };
  const entries: [Reply, Reply][] = [];
  for (let i = 0; i < items.length; i += 2) entries.push([items[i], items[i + 1]]);
  return { kind: 'map', entries };
}

function scalar(type: string, line: string): Reply {
  if (/[\r\n]/.test(line)) throw new MalformedReply(`CR or LF inside ${JSON.stringify(type)}`);
  switch (type) {
    case '+':
      return { kind: 'simple', text: line };
    case '-':
      return { kind: 'error', text: line };
    case ':':
      return { kind: 'integer', value: parseInteger(line) };
    case '_':
      if (line !== '') break;
      return { kind: 'null', form: '_' };
    case ',':
      return { kind: 'double', value: parseDoubleText(line), text: line };
    case '#':
      if (line !== 't' && line !== 'f') break;
      return { kind: 'boolean', value: line === 't' };
    case '(':
      if (!/^-?\d+$/.test(line)) break;
      return { kind: 'bigNumber', text: line };
  }
  throw new MalformedReply(`unexpected ${JSON.stringify((type + line).slice(0, 80))}`);
}

function parseCount(line: string): number {
  if (!/^(0|[1-9]\d{0,9})$/.test(line)) {
    throw new MalformedReply(`bad length ${JSON.stringify(line.slice(0, 80))}`);
  }
  return Number(line);
}

function parseInteger(line: string): number | bigint {
  if (!/^(0|-?[1-9]\d{0,18})$/.test(line)) {
    throw new MalformedReply(`bad integer ${JSON.stringify(line.slice(0, 80))}`);
  }
  const value = Number(line);
  return Number.isSafeInteger(value) ? value : BigInt(line);
}

function parseDoubleText(line: string): number {
  if (line === 'inf') return Infinity;
  if (line === '-inf') return -Infinity;
  if (line === 'nan' || line === '-nan') return NaN;
  if (!/^-?\d+(\.\d+)?(e[+-]\d+)?$/.test(line)) {
    throw new MalformedReply(`bad double ${JSON.stringify(line.slice(0, 80))}`);
  }
  return Number(line);
}
