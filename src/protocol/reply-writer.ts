import type { ErrorRow } from './error-table.ts';

/**
 * Encodes replies into one growing buffer. RESP2 or RESP3 by `protocol`: map, set, double, boolean,
 * null, big number, verbatim and push fall back to what Redis sends to a RESP2 client.
 * FIRST CUT: correct but slow; to be made fast without changing a signature.
 */
export class ReplyWriter {
  bytes: Uint8Array;
  /** End of what is written. */
  position = 0;
  protocol: 2 | 3 = 2;
  /** Errors written since the owner last set it to 0; the door counts failed calls by it. */
  errorCount = 0;

  constructor(byteCount = 64 * 1024) {
    this.bytes = new Uint8Array(byteCount);
  }

  ok(): void {
    this.raw('+OK\r\n');
  }
  /** `text` is ours: never a client's bytes, never CR or LF. */
  simple(text: string): void {
    this.raw(`+${text}\r\n`);
  }
  error(row: ErrorRow): void {
    this.errorCount++;
    this.copy(row.bytes, 0, row.bytes.length);
  }
  /** Any text; CR and LF become spaces. First word is the code, such as ERR. */
  errorText(text: string): void {
    this.errorCount++;
    this.raw(`-${text.replace(/[\r\n]/g, ' ')}\r\n`);
  }
  /** A safe integer. */
  integer(value: number): void {
    this.raw(`:${value}\r\n`);
  }
  integer64(value: bigint): void {
    this.raw(`:${value}\r\n`);
  }
  bulk(bytes: Uint8Array, offset: number, length: number): void {
    this.raw(`$${length}\r\n`);
    this.copy(bytes, offset, length);
    this.raw('\r\n');
  }
  /** Text as UTF-8. */
  bulkText(text: string): void {
    const bytes = Buffer.from(text, 'utf8');
    this.bulk(bytes, 0, bytes.length);
  }
  /** A safe integer as a bulk string of its digits. */
  bulkInteger(value: number): void {
    this.bulkText(String(value));
  }
  null(): void {
    this.raw(this.protocol === 3 ? '_\r\n' : '$-1\r\n');
  }
  /** RESP2 `*-1`, RESP3 `_`. */
  nullArray(): void {
    this.raw(this.protocol === 3 ? '_\r\n' : '*-1\r\n');
  }
  array(count: number): void {
    this.raw(`*${count}\r\n`);
  }
  /** `count` pairs: RESP3 `%count`, RESP2 `*2*count`. */
  map(count: number): void {
    this.raw(this.protocol === 3 ? `%${count}\r\n` : `*${count * 2}\r\n`);
  }
  set(count: number): void {
    this.raw(this.protocol === 3 ? `~${count}\r\n` : `*${count}\r\n`);
  }
  push(count: number): void {
    this.raw(this.protocol === 3 ? `>${count}\r\n` : `*${count}\r\n`);
  }
  /** Shortest text that reads back the same; RESP2 sends it as a bulk string. */
  double(value: number): void {
    if (this.protocol === 3) this.raw(`,${value}\r\n`);
    else this.bulkText(String(value));
  }
  /** RESP2 sends :1 or :0. */
  boolean(value: boolean): void {
    this.raw(this.protocol === 3 ? `#${value ? 't' : 'f'}\r\n` : `:${value ? 1 : 0}\r\n`);
  }
  bigNumber(digits: string): void {
    if (this.protocol === 3) this.raw(`(${digits}\r\n`);
    else this.bulkText(digits);
  }
  /** @param format  three characters, such as `txt` or `mkd` */
  verbatim(format: string, text: string): void {
    if (this.protocol !== 3) return this.bulkText(text);
    this.raw(`=${Buffer.byteLength(text) + 4}\r\n${format}:${text}\r\n`);
  }
  /** Leaves room for an aggregate's header whose count is not known yet; pass the mark to `close*`. */
  openAggregate(): number {
    const mark = this.position;
    this.position += 16;
    return mark;
  }
  closeArray(mark: number, count: number): void {
    this.close(mark, `*${count}\r\n`);
  }
  closeMap(mark: number, count: number): void {
    this.close(mark, this.protocol === 3 ? `%${count}\r\n` : `*${count * 2}\r\n`);
  }
  /** Makes room for `byteCount` more bytes; afterwards `bytes` may be another buffer. */
  reserve(byteCount: number): void {
    const wanted = this.position + byteCount;
    if (wanted <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(wanted, this.bytes.length * 2));
    grown.set(this.bytes.subarray(0, this.position));
    this.bytes = grown;
  }
  /** Already encoded RESP. */
  copy(bytes: Uint8Array, offset: number, length: number): void {
    this.reserve(length);
    this.bytes.set(bytes.subarray(offset, offset + length), this.position);
    this.position += length;
  }
  private raw(text: string): void {
    const bytes = Buffer.from(text, 'utf8');
    this.copy(bytes, 0, bytes.length);
  }
  private close(mark: number, header: string): void {
    this.bytes.copyWithin(mark + header.length, mark + 16, this.position);
    this.position -= 16 - header.length;
    for (let i = 0; i < header.length; i++) this.bytes[mark + i] = header.charCodeAt(i);
  }
}
