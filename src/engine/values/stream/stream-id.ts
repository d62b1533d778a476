/**
 * The id of a stream's entry: milliseconds and a sequence number, 64 bits each, as four words of 32
 * with the highest first. Numbers in a double are exact up to 2^53 only, a BigInt costs 23 ns; ids
 * beyond that are legal and rare.
 */
import { writeDigits } from '../../../base/numbers.ts';

export const STREAM_ID_BYTES = 16;
/** `18446744073709551615-18446744073709551615` */
export const STREAM_ID_TEXT_BYTES_MAX = 41;

const HIGH_WORD = 0x1_0000_0000;
const WORD_MAX = 0xffff_ffff;
/** Words of 2^53 and above. */
const SAFE_HIGH_WORD_MAX = 0x1f_ffff;
const DASH = 45;

export class StreamId {
  /** Milliseconds high and low, sequence high and low. */
  readonly words = new Uint32Array(4);

  /** Milliseconds as a double: rounded beyond 2^53, and never in another order than exact. */
  get ms(): number {
    return this.words[0] * HIGH_WORD + this.words[1];
  }

  get seq(): number {
    return this.words[2] * HIGH_WORD + this.words[3];
  }

  get isZero(): boolean {
    const { words } = this;
    return (words[0] | words[1] | words[2] | words[3]) === 0;
  }

  /** @param ms, seq  below 2^53 */
  set(ms: number, seq: number): this {
    const { words } = this;
    const msHigh = Math.floor(ms / HIGH_WORD);
    const seqHigh = seq < HIGH_WORD ? 0 : Math.floor(seq / HIGH_WORD);
    words[0] = msHigh;
    words[1] = ms - msHigh * HIGH_WORD;
    words[2] = seqHigh;
    words[3] = seq - seqHigh * HIGH_WORD;
    return this;
  }

  setMs(ms: bigint): void {
    this.words[0] = Number(ms >> 32n);
    this.words[1] = Number(ms & 0xffff_ffffn);
  }

  setSeq(seq: bigint): void {
    this.words[2] = Number(seq >> 32n);
    this.words[3] = Number(seq & 0xffff_ffffn);
  }

  setSeqMax(): void {
    this.words[2] = WORD_MAX;
    this.words[3] = WORD_MAX;
  }

  setMax(): this {
    return this.setWords(WORD_MAX);
  }

  setZero(): this {
    return this.setWords(0);
  }

  copyFrom(other: StreamId): this {
    const { words } = this;
    const from = other.words;
    words[0] = from[0];
    words[1] = from[1];
    words[2] = from[2];
    words[3] = from[3];
    return this;
  }

  read(view: DataView, at: number): this {
    const { words } = this;
    words[0] = view.getUint32(at, true);
    words[1] = view.getUint32(at + 4, true);
    words[2] = view.getUint32(at + 8, true);
    words[3] = view.getUint32(at + 12, true);
    return this;
  }

  write(view: DataView, at: number): void {
    const { words } = this;
    view.setUint32(at, words[0], true);
    view.setUint32(at + 4, words[1], true);
    view.setUint32(at + 8, words[2], true);
    view.setUint32(at + 12, words[3], true);
  }

  /** Below 0: this one comes before. */
  compare(other: StreamId): number {
    const left = this.words;
    const right = other.words;
    for (let i = 0; i < 4; i++) {
      if (left[i] !== right[i]) return left[i] < right[i] ? -1 : 1;
    }
    return 0;
  }

  /** The next id. False, and unchanged, when this is the last one. */
  increment(): boolean {
    const { words } = this;
    if (words[3] !== WORD_MAX) {
      words[3]++;
      return true;
    }
    for (let i = 2; i >= 0; i--) {
      if (words[i] === WORD_MAX) continue;
      words[i]++;
      words.fill(0, i + 1);
      return true;
    }
    return false;
  }

  /** The id before. False, and unchanged, when this is the first one. */
  decrement(): boolean {
    const { words } = this;
    if (words[3] !== 0) {
      words[3]--;
      return true;
    }
    for (let i = 2; i >= 0; i--) {
      if (words[i] === 0) continue;
      words[i]--;
      words.fill(WORD_MAX, i + 1);
      return true;
    }
    return false;
  }

  /** Adds to the sequence number, which stays within 64 bits. */
  addSeq(count: number): void {
    const { words } = this;
    const low = words[3] + count;
    if (low < HIGH_WORD) {
      words[3] = low;
      return;
    }
    const high = Math.floor(low / HIGH_WORD);
    words[2] += high;
    words[3] = low - high * HIGH_WORD;
  }

  addMs(count: number): void {
    const { words } = this;
    const low = words[1] + count;
    if (low < HIGH_WORD) {
      words[1] = low;
      return;
    }
    const high = Math.floor(low / HIGH_WORD);
    words[0] += high;
    words[1] = low - high * HIGH_WORD;
  }

  /** Sets the sequence number, below 2^53. */
  setSeqNumber(seq: number): void {
    const { words } = this;
    const high = seq < HIGH_WORD ? 0 : Math.floor(seq / HIGH_WORD);
    words[2] = high;
    words[3] = seq - high * HIGH_WORD;
  }

  private setWords(word: number): this {
    const { words } = this;
    words[0] = word;
    words[1] = word;
    words[2] = word;
    words[3] = word;
    return this;
  }

  toString(): string {
    const end = writeStreamId(TEXT, 0, this);
    return Buffer.from(TEXT.buffer, 0, end).toString('latin1');
  }
}

/** Whether an id stored at `at` comes before (below 0), is, or comes after the other. */
export function compareStored(view: DataView, at: number, id: StreamId): number {
  const { words } = id;
  for (let i = 0; i < 4; i++) {
    const word = view.getUint32(at + 4 * i, true);
    if (word !== words[i]) return word < words[i] ? -1 : 1;
  }
  return 0;
}

/**
 * Writes `ms-seq`.
 * @param bytes  must have STREAM_ID_TEXT_BYTES_MAX of room at `position`
 * @returns      the position behind it
 */
export function writeStreamId(bytes: Uint8Array, position: number, id: StreamId): number {
  const { words } = id;
  let at = writeWords(bytes, position, words[0], words[1]);
  bytes[at++] = DASH;
  return writeWords(bytes, at, words[2], words[3]);
}

const TEXT = new Uint8Array(STREAM_ID_TEXT_BYTES_MAX);

function writeWords(bytes: Uint8Array, position: number, high: number, low: number): number {
  if (high <= SAFE_HIGH_WORD_MAX) return writeDigits(bytes, position, high * HIGH_WORD + low);
  const text = ((BigInt(high) << 32n) | BigInt(low)).toString();
  for (let i = 0; i < text.length; i++) bytes[position + i] = text.charCodeAt(i);
  return position + text.length;
}
