/** Packs as Go's compress/lzw does (lowest bit first, 8-bit literals), for what only unpacks. */
const CLEAR = 256;
const END = 257;
const FIRST_FREE = 258;
const BITS_MIN = 9;
const CODE_MAX = 4095;

export function packLzw(input: Uint8Array): Uint8Array {
  const packer = new Packer();
  packer.write(CLEAR);
  let table = new Map<number, number>();
  let next = FIRST_FREE - 1;
  let code = -1;
  for (const byte of input) {
    if (code === -1) {
      code = byte;
      continue;
    }
    const pair = code * 256 + byte;
    const known = table.get(pair);
    if (known !== undefined) {
      code = known;
      continue;
    }
    packer.write(code);
    code = byte;
    next++;
    if (next === CODE_MAX) {
      packer.write(CLEAR);
      packer.bits = BITS_MIN;
      table = new Map();
      next = FIRST_FREE - 1;
      continue;
    }
    if (next >= 1 << packer.bits) packer.bits++;
    table.set(pair, next);
  }
  if (code !== -1) {
    packer.write(code);
    next++;
    if (next >= 1 << packer.bits && packer.bits < 12) packer.bits++;
  }
  packer.write(END);
  return packer.finish();
}

class Packer {
  bits = BITS_MIN;
  private readonly bytes: number[] = [];
  private pending = 0;
  private pendingCount = 0;

  write(code: number): void {
    this.pending |= code << this.pendingCount;
    this.pendingCount += this.bits;
    while (this.pendingCount >= 8) {
      this.bytes.push(this.pending & 255);
      this.pending >>>= 8;
      this.pendingCount -= 8;
    }
  }

  finish(): Uint8Array {
    if (this.pendingCount > 0) this.bytes.push(this.pending & 255);
    return Uint8Array.from(this.bytes);
  }
}
