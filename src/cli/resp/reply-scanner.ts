/** Hears of each reply of RESP2 when its last byte has come. */
export interface ReplySink {
  /**
   * @param isError  it is an error, or holds one
   * @param isNull   it is one of the two nulls
   */
  onReply(isError: boolean, isNull: boolean): void;
}

/**
 * Counts replies without keeping any: what a bench does with a million a second. Takes the stream
 * in any pieces, and remembers where in a reply it is.
 */
export class ReplyScanner {
  /** The first line of the last error, without its `-`. */
  errorText = '';
  /** First byte of the line that is being read; 0: none is begun. */
  private kind = 0;
  private length = 0;
  private isNegative = false;
  /** Of a bulk string, its line end included. */
  private bytesToSkip = 0;
  /** Values that belong to the reply that is being read, and have not come; 0: none is begun. */
  private missingCount = 0;
  private isArray = false;
  private isError = false;
  private isNull = false;

  /** @returns false when that is not RESP2: nothing behind it can be read */
  scan(bytes: Uint8Array, start: number, end: number, sink: ReplySink): boolean {
    let at = start;
    while (at < end) {
      if (this.bytesToSkip > 0) {
        const byteCount = Math.min(this.bytesToSkip, end - at);
        at += byteCount;
        this.bytesToSkip -= byteCount;
        if (this.bytesToSkip === 0) this.endValue(sink);
        continue;
      }
      const byte = bytes[at++];
      if (this.kind === 0) {
        if (!this.beginLine(byte)) return false;
      } else if (byte === LF) {
        this.endLine(sink);
      } else if (byte !== CR) {
        this.readByte(byte);
      }
    }
    return true;
  }

  private beginLine(kind: number): boolean {
    const isKnown =
      kind === PLUS || kind === MINUS || kind === COLON || kind === DOLLAR || kind === STAR;
    if (!isKnown) return false;
    this.kind = kind;
    this.length = 0;
    this.isNegative = false;
    if (this.missingCount === 0) {
      this.missingCount = 1;
      this.isArray = false;
      this.isError = false;
      this.isNull = false;
    }
    if (kind === MINUS) {
      this.isError = true;
      this.errorText = '';
    }
    return true;
  }

  private readByte(byte: number): void {
    if (this.kind === DOLLAR || this.kind === STAR) {
      if (byte === MINUS) this.isNegative = true;
      else this.length = this.length * 10 + byte - ZERO;
    } else if (this.kind === MINUS && this.errorText.length < ERROR_LENGTH_MAX) {
      this.errorText += String.fromCharCode(byte);
    }
  }

  private endLine(sink: ReplySink): void {
    const { kind } = this;
    this.kind = 0;
    if (this.isNegative) {
      // A null inside of an array is not the reply's.
      this.isNull = !this.isArray;
    } else if (kind === DOLLAR) {
      this.bytesToSkip = this.length + LINE_END_LENGTH;
      return;
    } else if (kind === STAR) {
      this.missingCount += this.length;
      this.isArray = true;
    }
    this.endValue(sink);
  }

  private endValue(sink: ReplySink): void {
    if (--this.missingCount === 0) sink.onReply(this.isError, this.isNull);
  }
}

const ERROR_LENGTH_MAX = 200;
const LINE_END_LENGTH = 2;
const LF = 10;
const CR = 13;
const DOLLAR = 36;
const STAR = 42;
const PLUS = 43;
const MINUS = 45;
const ZERO = 48;
const COLON = 58;
