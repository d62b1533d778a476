/**
 * How often keys were asked for lately, about: a count-min sketch of 4-bit counters. A key has four
 * counters, one in each quarter of a 64-byte block, so that it costs one cache line; its frequency
 * is the least of them, and only those that are the least are raised.
 *
 *     block   [16 words of 8 counters]      words 0-3: first counter of a key ... 12-15: fourth
 *
 * When there were ten times as many uses as keys all counters are halved, some words at each use,
 * so that the sketch forgets and nothing ever waits. It doubles with the number of keys; both
 * halves then begin as what it was. Cost: 2.7 to 5.3 bytes a key.
 *
 * @source  G. Einziger, R. Friedman, B. Manes: "TinyLFU: A Highly Efficient Cache Admission
 *          Policy", ACM TOS 2017
 */
const BLOCK_SHIFT = 4;
const WORDS_MIN = 1 << 8;
const KEYS_PER_WORD = 1.5;
const USES_PER_KEY = 10;
const HALVED_WORDS = 64;
const LOW_THREE_BITS = 0x7777_7777;

export class FrequencySketch {
  private words = new Uint32Array(WORDS_MIN);
  private blockMask = (WORDS_MIN >>> BLOCK_SHIFT) - 1;
  private useCount = 0;
  private useCountMax = WORDS_MIN * KEYS_PER_WORD * USES_PER_KEY;
  /** Words before it are halved already; -1: no halving goes on. */
  private halvedWords = -1;

  get byteCount(): number {
    return this.words.byteLength;
  }

  /** @returns 0 to 15 */
  frequency(hash: number): number {
    const { words } = this;
    const spread = spreadOf(hash);
    const block = this.blockOf(hash);
    let least = 15;
    for (let row = 0; row < 4; row++) {
      const part = spread >>> (row << 3);
      const count = (words[block + (row << 2) + (part & 3)] >>> (part & 28)) & 15;
      if (count < least) least = count;
    }
    return least;
  }

  /** Fetches the blocks of these keys; see `EntryTracker.warm`. */
  warm(hashes: Uint32Array, count: number): number {
    const { words } = this;
    let seen = 0;
    for (let i = 0; i < count; i++) seen ^= words[this.blockOf(hashes[i])];
    return seen | 0;
  }

  /** Counts one use. */
  raise(hash: number): void {
    const least = this.frequency(hash);
    if (least < 15) {
      const { words } = this;
      const spread = spreadOf(hash);
      const block = this.blockOf(hash);
      for (let row = 0; row < 4; row++) {
        const part = spread >>> (row << 3);
        const at = block + (row << 2) + (part & 3);
        const shift = part & 28;
        if (((words[at] >>> shift) & 15) === least) words[at] += 1 << shift;
      }
    }
    if (this.halvedWords >= 0) this.halve();
    else if (++this.useCount >= this.useCountMax) this.halvedWords = 0;
  }

  /** Grows with the number of keys; it does not shrink until it is cleared. */
  fit(keyCount: number): void {
    const { words } = this;
    if (keyCount <= words.length * KEYS_PER_WORD) return;
    const grown = new Uint32Array(words.length * 2);
    grown.set(words);
    grown.set(words, words.length);
    this.resize(grown);
  }

  clear(): void {
    this.resize(new Uint32Array(WORDS_MIN));
    this.useCount = 0;
  }

  private resize(words: Uint32Array<ArrayBuffer>): void {
    this.words = words;
    this.blockMask = (words.length >>> BLOCK_SHIFT) - 1;
    this.useCountMax = words.length * KEYS_PER_WORD * USES_PER_KEY;
    this.halvedWords = -1;
  }

  private halve(): void {
    const { words } = this;
    const end = Math.min(words.length, this.halvedWords + HALVED_WORDS);
    for (let at = this.halvedWords; at < end; at++) words[at] = (words[at] >>> 1) & LOW_THREE_BITS;
    this.halvedWords = end;
    if (end < words.length) return;
    this.halvedWords = -1;
    this.useCount = Math.floor(this.useCountMax / 2);
  }

  /** First word of the key's block. */
  private blockOf(hash: number): number {
    return ((Math.imul(hash, 0x9e3779b1) >>> 7) & this.blockMask) << BLOCK_SHIFT;
  }
}

/** Five bits for each of four rows: which word, and which counter in it. */
function spreadOf(hash: number): number {
  let spread = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  spread = Math.imul(spread ^ (spread >>> 12), 0x297a2d39);
  return spread ^ (spread >>> 15);
}
