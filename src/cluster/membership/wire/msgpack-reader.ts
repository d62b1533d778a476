/**
 * Reads MessagePack of strangers: never throws and never allocates more than there are bytes. After
 * the first thing that does not fit, all reads give 0, '' or nothing, and `isSound` stays false:
 * who decodes a message looks once, at its end.
 */
export class MsgpackReader {
  /** False: something was not what was asked for, or the bytes ended before it. */
  isSound = true;
  /** Of those: the bytes ended. More of them may mend it. */
  isShort = false;
  at: number;
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly end: number;

  /** Of bytes[start, end), which are not kept beyond what is read. */
  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.at = start;
    this.end = end;
  }

  get isAtEnd(): boolean {
    return this.at >= this.end;
  }

  byte(): number {
    return this.has(1) ? this.bytes[this.at++] : 0;
  }

  /** The rest, whatever it is, as a copy. */
  rest(): Uint8Array {
    const rest = this.bytes.slice(this.at, this.end);
    this.at = this.end;
    return rest;
  }

  /** Whole numbers 0 .. 2^53 - 1, and nil, which is 0. */
  uint(): number {
    const value = this.int();
    return value < 0 ? this.refuse() : value;
  }

  /** Whole numbers between -2^53 and 2^53, and nil, which is 0. */
  int(): number {
    const head = this.byte();
    if (head < 0x80) return head;
    if (head >= 0xe0) return head - 0x100;
    switch (head) {
      case 0xc0:
      case 0xc2:
        return 0;
      case 0xc3:
        return 1;
      case 0xcc:
        return this.byte();
      case 0xcd:
        return this.has(2) ? this.view.getUint16(this.pass(2)) : 0;
      case 0xce:
        return this.has(4) ? this.view.getUint32(this.pass(4)) : 0;
      case 0xcf:
        return this.has(8) ? this.wide(this.view.getUint32(this.pass(4))) : 0;
      case 0xd0:
        return this.has(1) ? this.view.getInt8(this.pass(1)) : 0;
      case 0xd1:
        return this.has(2) ? this.view.getInt16(this.pass(2)) : 0;
      case 0xd2:
        return this.has(4) ? this.view.getInt32(this.pass(4)) : 0;
      case 0xd3:
        return this.has(8) ? this.wide(this.view.getInt32(this.pass(4))) : 0;
      default:
        return this.refuse();
    }
  }

  /** True and false, also as 1 and 0. */
  bool(): boolean {
    return this.int() !== 0;
  }

  /** A copy; nil is empty. */
  raw(): Uint8Array {
    const length = this.rawLength();
    if (!this.has(length)) return EMPTY;
    return this.bytes.slice(this.pass(length), this.at);
  }

  /** As UTF-8; what is not is replaced. */
  text(): string {
    const length = this.rawLength();
    if (!this.has(length)) return '';
    return decoder.decode(this.bytes.subarray(this.pass(length), this.at));
  }

  /** @returns how many elements follow; nil has none */
  arrayHeader(): number {
    return this.header(0x90, 0xdc, 1);
  }

  /** @returns how many pairs follow; nil has none */
  mapHeader(): number {
    return this.header(0x80, 0xde, 2);
  }

  isNil(): boolean {
    return this.at < this.end && this.bytes[this.at] === 0xc0;
  }

  /** Passes one value of whatever kind, with all that is in it. */
  skip(): void {
    // Counted instead of nested: depth costs a stranger one byte a level.
    for (let left = 1; left > 0 && this.isSound; left--) left += this.skipOne();
  }

  /** @returns how many values are within it, and follow */
  private skipOne(): number {
    const head = this.has(1) ? this.bytes[this.at] : 0xc0;
    if (!this.isSound) return 0;
    if (head >= 0x80 && head < 0x90) return this.mapHeader() * 2;
    if (head === 0xde || head === 0xdf) return this.mapHeader() * 2;
    if ((head >= 0x90 && head < 0xa0) || head === 0xdc || head === 0xdd) return this.arrayHeader();
    const isRaw = (head >= 0xa0 && head < 0xc0) || (head >= 0xd9 && head <= 0xdb);
    if (isRaw || (head >= 0xc4 && head <= 0xc6)) {
      const length = this.rawLength();
      if (this.has(length)) this.pass(length);
      return 0;
    }
    // The rest has no meaning, or is an extension of a length of its own: nobody here sends any.
    if (head === 0xc1 || (head >= 0xc7 && head <= 0xc9)) return this.refuse();
    const byteCount = PLAIN_BYTES.get(head) ?? 1;
    if (this.has(byteCount)) this.pass(byteCount);
    return 0;
  }

  private rawLength(): number {
    const head = this.byte();
    if (head >= 0xa0 && head < 0xc0) return head & 31;
    switch (head) {
      case 0xc0:
        return 0;
      case 0xc4:
      case 0xd9:
        return this.byte();
      case 0xc5:
      case 0xda:
        return this.has(2) ? this.view.getUint16(this.pass(2)) : 0;
      case 0xc6:
      case 0xdb:
        return this.has(4) ? this.view.getUint32(this.pass(4)) : 0;
      default:
        return this.refuse();
    }
  }

  /** @param valuesEach  an element of an array is at least a byte, a pair of a map two */
  private header(fix: number, sixteen: number, valuesEach: number): number {
    const head = this.byte();
    let count = 0;
    if (head >= fix && head < fix + 16) count = head & 15;
    else if (head === sixteen) count = this.has(2) ? this.view.getUint16(this.pass(2)) : 0;
    else if (head === sixteen + 1) count = this.has(4) ? this.view.getUint32(this.pass(4)) : 0;
    else if (head !== 0xc0) return this.refuse();
    return this.has(count * valuesEach) ? count : 0;
  }

  /** @param high  the upper 32 bits, signed or not; the lower ones follow */
  private wide(high: number): number {
    const value = high * 0x1_0000_0000 + this.view.getUint32(this.pass(4));
    return Number.isSafeInteger(value) ? value : this.refuse();
  }

  private has(byteCount: number): boolean {
    if (!this.isSound) return false;
    if (this.at + byteCount <= this.end) return true;
    this.isSound = false;
    this.isShort = true;
    return false;
  }

  private pass(byteCount: number): number {
    const before = this.at;
    this.at += byteCount;
    return before;
  }

  private refuse(): 0 {
    this.isSound = false;
    return 0;
  }
}

/**
 * Reads one map by the names of its fields.
 * @param onField  reads the field's value; false: it does not know the name, and read nothing
 */
export function readFields(reader: MsgpackReader, onField: (name: string) => boolean): void {
  const count = reader.mapHeader();
  for (let i = 0; i < count && reader.isSound; i++) {
    const name = reader.text();
    if (reader.isSound && !onField(name)) reader.skip();
  }
}

const EMPTY: Uint8Array = new Uint8Array(0);
const decoder = new TextDecoder();

/** Numbers and extensions: how long they are, their head included. All others are one byte. */
const PLAIN_BYTES = new Map([
  [0xca, 5],
  [0xcb, 9],
  [0xcc, 2],
  [0xcd, 3],
  [0xce, 5],
  [0xcf, 9],
  [0xd0, 2],
  [0xd1, 3],
  [0xd2, 5],
  [0xd3, 9],
  [0xd4, 3],
  [0xd5, 4],
  [0xd6, 6],
  [0xd7, 10],
  [0xd8, 18],
]);
