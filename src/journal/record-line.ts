/**
 * The annotation line before each record. redis-server skips lines that begin with `#`.
 *
 *     #hc len=0000000187 crc=9f0c2b41 synced=0000000004096 at=1790000000123[ word=value ...]\r\n
 *     <187 bytes: commands in RESP>
 *
 * len      bytes of the body
 * crc      CRC-32, in hexadecimal, of everything after it: the rest of the line, CRLF, the body
 * synced   bytes of this file that were synced for sure when the record was closed: a bad record
 *          before that place is damage, one behind it a tail that power failure tore
 * at       when the record was begun, Unix milliseconds: no key of it had expired by then
 * after    in the first record of a file only: how long the file before it is
 *
 * Further words are skipped by readers that do not know them. Numbers are padded, so that they can
 * be filled in when the record is closed.
 */
export const LINE_TEXT = '#hc len=0000000000 crc=00000000 synced=0000000000000 at=0000000000000';

export const LEN_AT = LINE_TEXT.indexOf('len=') + 4;
export const LEN_DIGITS = 10;
export const CRC_AT = LINE_TEXT.indexOf('crc=') + 4;
export const CRC_DIGITS = 8;
/** What the checksum covers begins here. */
export const COVERED_AT = CRC_AT + CRC_DIGITS;
export const SYNCED_AT = LINE_TEXT.indexOf('synced=') + 7;
export const SYNCED_DIGITS = 13;
export const TIME_AT = LINE_TEXT.indexOf('at=') + 3;
export const TIME_DIGITS = 13;

/** redis-server reads 1,024 bytes at once and takes a longer line for an error. */
export const LINE_BYTES_MAX = 512;

/** What begins such a line, and one that is for us alone: see `extension.ts`. */
export const RECORD_MARK = '#hc ';
export const EXTENSION_MARK = '#hc+ ';

/** A line as it was read. Reused by who reads many. */
export class RecordLine {
  bodyBytes = 0;
  crc = 0;
  syncedBytes = 0;
  atMs = 0;
  /** -1: the line has no such word. */
  afterBytes = -1;
  /** Offset within the line, from its first byte, of what the checksum covers. */
  coveredAt = 0;

  /** @param line  without CRLF  @returns false: it is not what a journal writes */
  parse(line: string): boolean {
    const match = LINE_PATTERN.exec(line);
    if (match === null) return false;
    const [, length, crc, synced, at, words] = match;
    this.bodyBytes = Number(length);
    this.crc = Number.parseInt(crc, 16);
    this.syncedBytes = Number(synced);
    this.atMs = Number(at);
    this.coveredAt = line.indexOf(' crc=') + 5 + CRC_DIGITS;
    const after = / after=(\d{1,15})(?: |$)/.exec(words);
    this.afterBytes = after === null ? -1 : Number(after[1]);
    return true;
  }
}

const LINE_PATTERN =
  /^#hc len=(\d{1,15}) crc=([0-9a-f]{8}) synced=(\d{1,15}) at=(\d{1,15})((?: [a-z]+=[!-~]*)*)$/;

/** Writes `value` in decimal, padded with zeros, into bytes[at, at + digits). */
export function putDecimal(bytes: Uint8Array, at: number, digits: number, value: number): void {
  let rest = value;
  for (let i = at + digits - 1; i >= at; i--) {
    // No `%`: beyond 2^31 it calls fmod.
    const tens = Math.floor(rest / 10);
    bytes[i] = ZERO + rest - tens * 10;
    rest = tens;
  }
}

/** The same in hexadecimal, of 32 bits. */
export function putHex(bytes: Uint8Array, at: number, value: number): void {
  for (let i = 0; i < CRC_DIGITS; i++) {
    bytes[at + i] = HEX_DIGITS.charCodeAt((value >>> (28 - 4 * i)) & 15);
  }
}

const ZERO = 48;
const HEX_DIGITS = '0123456789abcdef';
