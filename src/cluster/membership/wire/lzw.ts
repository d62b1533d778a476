/**
 * Unpacks LZW as Go's compress/lzw writes it: codes of 9 to 12 bits, lowest bit first, bytes as
 * literals, 256 clears the table, 257 ends. Members may pack what they send, so we must unpack; we
 * pack nothing: our packets are small, and sent over a local network.
 * @source Welch 1984; https://pkg.go.dev/compress/lzw
 */
const CLEAR = 256;
const END = 257;
const FIRST_FREE = 258;
const BITS_MIN = 9;
const BITS_MAX = 12;
const CODE_COUNT = 1 << BITS_MAX;
const NONE = -1;

/**
 * @param byteCountMax  a longer result is refused: a few bytes may stand for a great many
 * @returns             null when it is damaged or too long
 */
export function unpackLzw(packed: Uint8Array, byteCountMax: number): Uint8Array | null {
  const table = new LzwTable(byteCountMax);
  let bits = 0;
  let bitCount = 0;
  for (const byte of packed) {
    bits |= byte << bitCount;
    bitCount += 8;
    if (bitCount < table.codeBits) continue;
    const code = bits & ((1 << table.codeBits) - 1);
    bits >>>= table.codeBits;
    bitCount -= table.codeBits;
    if (code === END) return table.output();
    if (!table.take(code)) return null;
  }
  return null;
}

/** Each code stands for the string of an earlier code and one byte more. */
class LzwTable {
  codeBits = BITS_MIN;
  private readonly prefixes = new Int16Array(CODE_COUNT);
  private readonly suffixes = new Uint8Array(CODE_COUNT);
  private readonly reversed = new Uint8Array(CODE_COUNT);
  private nextCode = FIRST_FREE;
  private lastCode = NONE;
  private bytes = new Uint8Array(4096);
  private length = 0;
  private readonly byteCountMax: number;

  constructor(byteCountMax: number) {
    this.byteCountMax = byteCountMax;
  }

  output(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }

  /** @returns false when no encoder writes such a code here */
  take(code: number): boolean {
    if (code === CLEAR) {
      this.codeBits = BITS_MIN;
      this.nextCode = FIRST_FREE;
      this.lastCode = NONE;
      return true;
    }
    const isComing = code === this.nextCode && this.lastCode !== NONE && code < CODE_COUNT;
    if (code >= this.nextCode && !isComing) return false;
    // A code that is only being made stands for the last string and that string's first byte.
    const count = this.unwind(isComing ? this.lastCode : code);
    const first = this.reversed[count - 1];
    if (!this.write(count, isComing ? first : NONE)) return false;
    if (this.lastCode !== NONE && this.nextCode < CODE_COUNT) {
      this.prefixes[this.nextCode] = this.lastCode;
      this.suffixes[this.nextCode] = first;
      this.nextCode++;
    }
    this.lastCode = code;
    // Go's encoder widens when the code that it would write next no longer fits.
    if (this.nextCode >= 1 << this.codeBits && this.codeBits < BITS_MAX) this.codeBits++;
    return true;
  }

  /** The string of a code, last byte first, into `reversed`. @returns its length */
  private unwind(code: number): number {
    let count = 0;
    let at = code;
    while (at >= FIRST_FREE) {
      this.reversed[count++] = this.suffixes[at];
      at = this.prefixes[at];
    }
    this.reversed[count++] = at;
    return count;
  }

  private write(count: number, extra: number): boolean {
    const length = this.length + count + (extra === NONE ? 0 : 1);
    if (length > this.byteCountMax) return false;
    if (length > this.bytes.length) {
      const grown = new Uint8Array(Math.max(length, this.bytes.length * 2));
      grown.set(this.bytes.subarray(0, this.length));
      this.bytes = grown;
    }
    for (let i = count - 1; i >= 0; i--) this.bytes[this.length++] = this.reversed[i];
    if (extra !== NONE) this.bytes[this.length++] = extra;
    return true;
  }
}
