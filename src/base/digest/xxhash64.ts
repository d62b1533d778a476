/**
 * XXH64 with seed 0: where names lie on the hash ring. It must give the same on every node and in
 * every version, and spread names that differ by one digit; it protects nothing. Two signed 32-bit
 * halves: with BigInt a name of ten bytes costs 3 us, so 0.2.
 *
 * @source  xxHash's specification, algorithm of the 64-bit variant
 */

/** One number of 64 bits; arithmetic wraps. */
class Word64 {
  high = 0;
  low = 0;

  set(high: number, low: number): this {
    this.high = high;
    this.low = low;
    return this;
  }

  add(high: number, low: number): this {
    const sum = (this.low >>> 0) + (low >>> 0);
    this.low = sum | 0;
    this.high = (this.high + high + (sum > 0xffff_ffff ? 1 : 0)) | 0;
    return this;
  }

  multiply(high: number, low: number): this {
    const a0 = this.low & 0xffff;
    const a1 = this.low >>> 16;
    const b0 = low & 0xffff;
    const b1 = low >>> 16;
    const middle = a1 * b0 + ((a0 * b0) >>> 16);
    const other = a0 * b1 + (middle & 0xffff);
    const carried = a1 * b1 + (middle >>> 16) + (other >>> 16);
    this.high = (carried + Math.imul(this.high, low) + Math.imul(this.low, high)) | 0;
    this.low = Math.imul(this.low, low);
    return this;
  }

  xor(high: number, low: number): this {
    this.high ^= high;
    this.low ^= low;
    return this;
  }

  /** @param count  1 .. 31 */
  rotateLeft(count: number): this {
    const { high, low } = this;
    this.high = (high << count) | (low >>> (32 - count));
    this.low = (low << count) | (high >>> (32 - count));
    return this;
  }

  /** Takes itself, shifted down, as the other side of an exclusive or. */
  xorShifted(count: number): this {
    const { high, low } = this;
    if (count >= 32) this.low ^= high >>> (count - 32);
    else {
      this.low ^= (low >>> count) | (high << (32 - count));
      this.high ^= high >>> count;
    }
    return this;
  }
}

const PRIME1 = [0x9e3779b1 | 0, 0x85ebca87 | 0] as const;
const PRIME2 = [0xc2b2ae3d | 0, 0x27d4eb4f | 0] as const;
const PRIME3 = [0x165667b1 | 0, 0x9e3779f9 | 0] as const;
const PRIME4 = [0x85ebca77 | 0, 0xc2b2ae63 | 0] as const;
const PRIME5 = [0x27d4eb2f | 0, 0x165667c5 | 0] as const;

/** What one call works on; nothing is kept between two of them. */
const lanes = [new Word64(), new Word64(), new Word64(), new Word64()];
const hash = new Word64();
const word = new Word64();

/**
 * @returns the upper 53 bits of the hash of bytes[start, end): as much as a number holds exactly
 */
export function xxhash64Upper(bytes: Uint8Array, start: number, end: number): number {
  digest(bytes, start, end);
  return (hash.high >>> 0) * 2 ** 21 + (hash.low >>> 11);
}

/** @returns the hash as 16 hexadecimal digits */
export function xxhash64Hex(bytes: Uint8Array, start: number, end: number): string {
  digest(bytes, start, end);
  return hex32(hash.high) + hex32(hash.low);
}

function digest(bytes: Uint8Array, start: number, end: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = end - start;
  let at = start;
  if (length >= 32) at = digestStripes(view, start, end);
  else hash.set(...PRIME5);
  hash.add(0, length);
  for (; at + 8 <= end; at += 8) {
    mix(word.set(0, 0), view, at);
    hash
      .xor(word.high, word.low)
      .rotateLeft(27)
      .multiply(...PRIME1)
      .add(...PRIME4);
  }
  if (at + 4 <= end) {
    word.set(0, view.getInt32(at, true)).multiply(...PRIME1);
    hash
      .xor(word.high, word.low)
      .rotateLeft(23)
      .multiply(...PRIME2)
      .add(...PRIME3);
    at += 4;
  }
  for (; at < end; at++) {
    word.set(0, view.getUint8(at)).multiply(...PRIME5);
    hash
      .xor(word.high, word.low)
      .rotateLeft(11)
      .multiply(...PRIME1);
  }
  hash
    .xorShifted(33)
    .multiply(...PRIME2)
    .xorShifted(29)
    .multiply(...PRIME3)
    .xorShifted(32);
}

/** All whole stripes of 32 bytes. @returns where the rest begins */
function digestStripes(view: DataView, start: number, end: number): number {
  const [a, b, c, d] = lanes;
  a.set(...PRIME1).add(...PRIME2);
  b.set(...PRIME2);
  c.set(0, 0);
  // 0 - PRIME1.
  d.set(~PRIME1[0], ~PRIME1[1]).add(0, 1);
  let at = start;
  for (; at + 32 <= end; at += 32) {
    for (let lane = 0; lane < 4; lane++) mix(lanes[lane], view, at + lane * 8);
  }
  hash.set(0, 0);
  for (let lane = 0; lane < 4; lane++) {
    const { high, low } = lanes[lane];
    word.set(high, low).rotateLeft(MERGE_ROTATIONS[lane]);
    hash.add(word.high, word.low);
  }
  for (const lane of lanes) {
    const { high, low } = lane;
    word
      .set(high, low)
      .multiply(...PRIME2)
      .rotateLeft(31)
      .multiply(...PRIME1);
    hash
      .xor(word.high, word.low)
      .multiply(...PRIME1)
      .add(...PRIME4);
  }
  return at;
}

const MERGE_ROTATIONS = [1, 7, 12, 18];

/** Lets a lane take the eight bytes at `at`. */
function mix(lane: Word64, view: DataView, at: number): void {
  const { high, low } = lane;
  lane
    .set(view.getInt32(at + 4, true), view.getInt32(at, true))
    .multiply(...PRIME2)
    .add(high, low)
    .rotateLeft(31)
    .multiply(...PRIME1);
}

function hex32(value: number): string {
  return (value >>> 0).toString(16).padStart(8, '0');
}
