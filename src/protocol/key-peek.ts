const ASTERISK = 42;
const DOLLAR = 36;
const DIGIT_0 = 48;
const CR = 13;
/** A command with more arguments is work enough by itself. */
export const PEEKED_ARGUMENT_COUNT_MAX = 16;

/** Where the first arguments of commands to come lie. Reused. */
export class KeyHints {
  readonly offsets: Uint32Array;
  readonly lengths: Uint32Array;
  /** The argument behind the first, and the one behind that; length 0 where there is none. */
  readonly secondOffsets: Uint32Array;
  readonly secondLengths: Uint32Array;
  readonly thirdOffsets: Uint32Array;
  readonly thirdLengths: Uint32Array;
  count = 0;

  constructor(capacity: number) {
    this.offsets = new Uint32Array(capacity);
    this.lengths = new Uint32Array(capacity);
    this.secondOffsets = new Uint32Array(capacity);
    this.secondLengths = new Uint32Array(capacity);
    this.thirdOffsets = new Uint32Array(capacity);
    this.thirdLengths = new Uint32Array(capacity);
  }

  /** Where argument `arg` of a command lies; the one behind the name begins a new hint. */
  add(arg: number, offset: number, length: number): void {
    if (arg === 1) {
      this.offsets[this.count] = offset;
      this.lengths[this.count] = length;
      this.secondLengths[this.count] = 0;
      this.thirdLengths[this.count++] = 0;
    } else if (arg === 2) {
      this.secondOffsets[this.count - 1] = offset;
      this.secondLengths[this.count - 1] = length;
    } else if (arg === 3) {
      this.thirdOffsets[this.count - 1] = offset;
      this.thirdLengths[this.count - 1] = length;
    }
  }
}

/**
 * Looks ahead in a pipeline: where the arguments behind each command's name lie, for as many
 * commands as the hints have room for. Takes nothing from the parser, checks next to nothing and
 * stops at whatever it does not know: the hints only tell which memory to fetch early, so a wrong
 * one costs time and nothing else. 12 ns a command. Adds to the hints.
 * @param countMax  commands to look at, at most
 * @returns         how many it looked at, those that name nothing included
 */
export function peekKeys(
  bytes: Uint8Array,
  start: number,
  end: number,
  hints: KeyHints,
  countMax: number,
): number {
  const capacity = hints.offsets.length;
  let commandCount = 0;
  let at = start;
  commands: while (commandCount < countMax && hints.count < capacity) {
    if (at >= end || bytes[at] !== ASTERISK) break;
    commandCount++;
    let argumentCount = 0;
    for (at++; at < end && bytes[at] !== CR; at++) {
      argumentCount = argumentCount * 10 + bytes[at] - DIGIT_0;
    }
    at += 2;
    if (!(argumentCount <= PEEKED_ARGUMENT_COUNT_MAX)) break;
    for (let i = 0; i < argumentCount; i++) {
      if (at >= end || bytes[at] !== DOLLAR) break commands;
      let length = 0;
      for (at++; at < end && bytes[at] !== CR; at++) length = length * 10 + bytes[at] - DIGIT_0;
      at += 2;
      if (!(length >= 0 && at + length <= end)) break commands;
      hints.add(i, at, length);
      at += length + 2;
    }
  }
  return commandCount;
}
