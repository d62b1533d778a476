/**
 * Longest common subsequence of two byte strings, one bit per cell of the classic table.
 *
 * Let L(i, j) be the length of the longest common subsequence of the first i bytes of `left` and
 * the first j of `right`. A cell differs from its left neighbour by 0 or 1, so row i is kept as
 * bits: bit j-1 is 0 where L(i, j) = L(i, j-1) + 1. A row follows from the one above it in whole
 * words (Hyyro, 2004): with M the positions where `right` has byte left[i-1], and U = V & M,
 *
 *     V' = (V + U) | (V & ~M)
 *
 * The same bits are all that walking back needs: where two bytes differ, L(i-1, j) > L(i, j-1)
 * exactly if L(i, j) > L(i, j-1). Redis keeps 32 bits a cell and fills them one by one.
 */
export class LcsTable {
  readonly left: Uint8Array;
  readonly right: Uint8Array;
  readonly length: number;
  /** Words of one row. */
  private readonly wordCount: number;
  /** Rows 0 to left.length when the way back is wanted, else one that is written over. */
  private readonly rows: Uint32Array;

  /** @param keepsRows  whether `isStepUp` will be asked */
  constructor(left: Uint8Array, right: Uint8Array, keepsRows: boolean) {
    this.left = left;
    this.right = right;
    this.wordCount = (right.length + 31) >>> 5;
    this.rows = new Uint32Array(this.wordCount * (keepsRows ? left.length + 1 : 1));
    this.length = this.fill(keepsRows);
  }

  /** Whether L(i-1, j) > L(i, j-1), where left[i-1] and right[j-1] differ; i and j are above 0. */
  isStepUp(i: number, j: number): boolean {
    return isZeroBit(this.rows, i * this.wordCount, j - 1);
  }

  /** @returns L(left.length, right.length) */
  private fill(keepsRows: boolean): number {
    const { left, right, rows, wordCount } = this;
    const masks = positionsByByte(left, right, wordCount);
    const rowStep = keepsRows ? wordCount : 0;
    rows.fill(0xffff_ffff, 0, wordCount);
    let from = 0;
    for (let i = 0; i < left.length; i++) {
      fillRow(rows, from, from + rowStep, wordCount, masks[left[i]]);
      from += rowStep;
    }
    let zeroCount = 0;
    for (let j = 0; j < right.length; j++) {
      if (isZeroBit(rows, from, j)) zeroCount++;
    }
    return zeroCount;
  }
}

/** One matching run: the same bytes at both places, ends included. */
export interface LcsRange {
  readonly leftStart: number;
  readonly leftEnd: number;
  readonly rightStart: number;
  readonly rightEnd: number;
}

/**
 * Walks the table back from its last cell as Redis does: a match goes both ways, else up if that
 * loses nothing and left would, else left.
 * @param onMatch  position in `left` of each byte of the subsequence, last one first
 * @param onRange  each maximal run, last one first
 */
export function walkBack(
  table: LcsTable,
  onMatch: (index: number) => void,
  onRange: (range: LcsRange) => void,
): void {
  const { left, right } = table;
  let i = left.length;
  let j = right.length;
  // Length of the run that ends at (i, j); Redis calls this its current range.
  let runLength = 0;
  while (i > 0 && j > 0) {
    if (left[i - 1] === right[j - 1]) {
      i--;
      j--;
      runLength++;
      onMatch(i);
      if (i > 0 && j > 0) continue;
    } else if (runLength === 0) {
      if (table.isStepUp(i, j)) i--;
      else j--;
      continue;
    }
    onRange({
      leftStart: i,
      leftEnd: i + runLength - 1,
      rightStart: j,
      rightEnd: j + runLength - 1,
    });
    runLength = 0;
  }
}

function isZeroBit(rows: Uint32Array, row: number, bit: number): boolean {
  return ((rows[row + (bit >>> 5)] >>> (bit & 31)) & 1) === 0;
}

/** V' = (V + (V & M)) | (V & ~M), the sum carried from word to word. `to` may be `from`. */
function fillRow(
  rows: Uint32Array,
  from: number,
  to: number,
  wordCount: number,
  mask: Uint32Array | null,
): void {
  if (mask === null) {
    if (to !== from) rows.copyWithin(to, from, from + wordCount);
    return;
  }
  let carry = 0;
  for (let word = 0; word < wordCount; word++) {
    const value = rows[from + word];
    const matched = (value & mask[word]) >>> 0;
    const sum = value + matched + carry;
    carry = sum > 0xffff_ffff ? 1 : 0;
    rows[to + word] = sum | (value & ~mask[word]);
  }
}

/** Per byte of `left`: a bit for each position of `right` that holds it; null if none does. */
function positionsByByte(
  left: Uint8Array,
  right: Uint8Array,
  wordCount: number,
): (Uint32Array | null)[] {
  const isNeeded = new Uint8Array(256);
  for (let i = 0; i < left.length; i++) isNeeded[left[i]] = 1;
  const masks: (Uint32Array | null)[] = new Array(256).fill(null);
  for (let j = 0; j < right.length; j++) {
    const byte = right[j];
    if (isNeeded[byte] === 0) continue;
    const mask = (masks[byte] ??= new Uint32Array(wordCount));
    mask[j >>> 5] |= 1 << (j & 31);
  }
  return masks;
}
