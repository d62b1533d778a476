/**
 * Reads JSON without making values of it. A number must come back digit by digit, 2^53+1 as well
 * as 1.50, and JSON.parse would make a double of it; so members are found as places in the text,
 * and only what a route needs is decoded.
 *
 *     {"value": [1, 2.50], "ttl": "30s"}
 *      value: (10, 19)     ttl: (28, 33)
 *
 * Every byte is checked: what `next` accepts is JSON as RFC 8259 has it, in UTF-8 that the caller
 * has checked. There is no recursion: the brackets that are open lie in a bit stack.
 */
import { LIMITS } from '../../base/limits.ts';

/** The text is not JSON, or not the JSON that was asked for; the message is for the client. */
export interface JsonFault {
  readonly fault: string;
}

/** Where a value lies, and the byte that it begins with. */
export interface JsonPlace {
  readonly start: number;
  readonly end: number;
}

/** @returns the members of the object that is all of `bytes`, by name; a name stands once */
export function cutObject(bytes: Buffer, start = 0, end = bytes.length): CutObject {
  const cutter = new JsonCutter(bytes, start, end);
  const members = new Map<string, JsonPlace>();
  cutter.skipBlanks();
  if (!cutter.take(OPEN_BRACE)) return { fault: 'must be a JSON object' };
  cutter.skipBlanks();
  if (!cutter.take(CLOSE_BRACE)) {
    do {
      cutter.skipBlanks();
      const name = cutter.string();
      cutter.skipBlanks();
      if (name === null || !cutter.take(COLON)) return cutter.fault();
      cutter.skipBlanks();
      const place = cutter.value();
      if (place === null) return cutter.fault();
      const text = decodeString(bytes, name);
      if (members.has(text)) return { fault: `names ${shown(text)} twice` };
      members.set(text, place);
      cutter.skipBlanks();
    } while (cutter.take(COMMA));
    if (!cutter.take(CLOSE_BRACE)) return cutter.fault();
  }
  cutter.skipBlanks();
  return cutter.isAtEnd ? { members } : cutter.fault();
}

export type CutObject = JsonFault | { readonly members: ReadonlyMap<string, JsonPlace> };

/**
 * @param place     a value that was cut before
 * @param countMax  elements at most
 * @returns the places of its elements; a fault when it is no array, or a longer one
 */
export function cutArray(bytes: Buffer, place: JsonPlace, countMax: number): CutArray {
  const cutter = new JsonCutter(bytes, place.start, place.end);
  const elements: JsonPlace[] = [];
  if (!cutter.take(OPEN_BRACKET)) return { fault: 'must be an array' };
  cutter.skipBlanks();
  if (cutter.take(CLOSE_BRACKET)) return { elements };
  do {
    cutter.skipBlanks();
    const element = cutter.value();
    if (element === null) return cutter.fault();
    if (elements.length === countMax) return { fault: `must have ${countMax} elements at most` };
    elements.push(element);
    cutter.skipBlanks();
  } while (cutter.take(COMMA));
  return { elements };
}

export type CutArray = JsonFault | { readonly elements: readonly JsonPlace[] };

export function isString(bytes: Buffer, { start }: JsonPlace): boolean {
  return bytes[start] === QUOTE;
}

export function isNull(bytes: Buffer, { start }: JsonPlace): boolean {
  return bytes[start] === LOWER_N;
}

/** @param place  of a string, quotes included */
export function decodeString(bytes: Buffer, { start, end }: JsonPlace): string {
  const text = bytes.toString('utf8', start, end);
  return text.includes('\\') ? (JSON.parse(text) as string) : text.slice(1, -1);
}

/** The value as text, without blanks between its parts. */
export function compactText(bytes: Buffer, { start, end }: JsonPlace): Buffer {
  const first = bytes[start];
  if (first !== OPEN_BRACE && first !== OPEN_BRACKET) return bytes.subarray(start, end);
  let isInString = false;
  const out = Buffer.allocUnsafe(end - start);
  let length = 0;
  for (let i = start; i < end; i++) {
    const byte = bytes[i];
    if (isInString) {
      if (byte === BACKSLASH) out[length++] = bytes[i++];
      else if (byte === QUOTE) isInString = false;
    } else {
      if (isBlank(byte)) continue;
      if (byte === QUOTE) isInString = true;
    }
    out[length++] = bytes[i];
  }
  return out.subarray(0, length);
}

class JsonCutter {
  private readonly bytes: Buffer;
  private readonly end: number;
  private at: number;
  private isTooDeep = false;
  /** Bit n: the n-th open bracket is that of an object. */
  private readonly stack = new Uint8Array(LIMITS.jsonDepthMax >> 3);

  constructor(bytes: Buffer, start: number, end: number) {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
  }

  get isAtEnd(): boolean {
    return this.at === this.end;
  }

  fault(): JsonFault {
    if (this.isTooDeep) return { fault: `nests deeper than ${LIMITS.jsonDepthMax}` };
    return { fault: `is no JSON, see byte ${this.at}` };
  }

  skipBlanks(): void {
    while (this.at < this.end && isBlank(this.bytes[this.at])) this.at++;
  }

  take(byte: number): boolean {
    if (this.at >= this.end || this.bytes[this.at] !== byte) return false;
    this.at++;
    return true;
  }

  /** @returns the place of the value that begins here, null when there is none */
  value(): JsonPlace | null {
    const start = this.at;
    let depth = 0;
    for (;;) {
      // Here a value begins.
      const byte = this.at < this.end ? this.bytes[this.at] : 0;
      if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
        if (depth === LIMITS.jsonDepthMax) {
          this.isTooDeep = true;
          return null;
        }
        const isObject = byte === OPEN_BRACE;
        this.at++;
        this.push(depth++, isObject);
        this.skipBlanks();
        if (!this.take(isObject ? CLOSE_BRACE : CLOSE_BRACKET)) {
          if (isObject && !this.name()) return null;
          continue;
        }
        depth--;
      } else if (!this.scalar(byte)) {
        return null;
      }
      // Here one has ended.
      for (;;) {
        if (depth === 0) return { start, end: this.at };
        this.skipBlanks();
        const isObject = this.isObject(depth - 1);
        if (this.take(COMMA)) {
          this.skipBlanks();
          if (isObject && !this.name()) return null;
          break;
        }
        if (!this.take(isObject ? CLOSE_BRACE : CLOSE_BRACKET)) return null;
        depth--;
      }
    }
  }

  /** @returns the place of the string that begins here, quotes included; null when there is none */
  string(): JsonPlace | null {
    const { bytes, end } = this;
    const start = this.at;
    if (!this.take(QUOTE)) return null;
    while (this.at < end) {
      const byte = bytes[this.at];
      if (byte === QUOTE) {
        this.at++;
        return { start, end: this.at };
      }
      if (byte < 32 || (byte === BACKSLASH && !this.escape())) return null;
      this.at++;
    }
    return null;
  }

  /** Leaves `at` on the last byte. Half of a surrogate pair is no character: no text holds it. */
  private escape(): boolean {
    const { bytes } = this;
    const letter = bytes[++this.at];
    if (letter !== LOWER_U) return this.at < this.end && ESCAPES.has(letter);
    const unit = this.codeUnit();
    if (unit < 0xd800 || unit > 0xdfff) return !Number.isNaN(unit);
    if (unit > 0xdbff || bytes[this.at + 1] !== BACKSLASH || bytes[this.at + 2] !== LOWER_U) {
      return false;
    }
    this.at += 2;
    const low = this.codeUnit();
    return low >= 0xdc00 && low <= 0xdfff;
  }

  /** The four digits behind `u`, NaN when they are none; leaves `at` on the last. */
  private codeUnit(): number {
    let unit = 0;
    for (let i = 0; i < 4; i++) {
      const byte = ++this.at < this.end ? this.bytes[this.at] : 0;
      const letter = byte | 32;
      if (isDigit(byte)) unit = unit * 16 + byte - ZERO;
      else if (letter >= 97 && letter <= 102) unit = unit * 16 + letter - 87;
      else return Number.NaN;
    }
    return unit;
  }

  /** `"name":` with what may stand around it. */
  private name(): boolean {
    if (this.string() === null) return false;
    this.skipBlanks();
    if (!this.take(COLON)) return false;
    this.skipBlanks();
    return true;
  }

  private scalar(first: number): boolean {
    if (first === QUOTE) return this.string() !== null;
    if (first === MINUS || isDigit(first)) return this.number();
    const word = WORDS.get(first);
    if (word === undefined || this.at + word.length > this.end) return false;
    if (this.bytes.compare(word, 0, word.length, this.at, this.at + word.length) !== 0)
      return false;
    this.at += word.length;
    return true;
  }

  private number(): boolean {
    this.take(MINUS);
    if (!this.take(ZERO) && !this.digits()) return false;
    if (this.take(DOT) && !this.digits()) return false;
    if (this.take(LOWER_E) || this.take(UPPER_E)) {
      if (!this.take(PLUS)) this.take(MINUS);
      return this.digits();
    }
    return true;
  }

  private digits(): boolean {
    const start = this.at;
    while (this.at < this.end && isDigit(this.bytes[this.at])) this.at++;
    return this.at > start;
  }

  private push(depth: number, isObject: boolean): void {
    const bit = 1 << (depth & 7);
    if (isObject) this.stack[depth >> 3] |= bit;
    else this.stack[depth >> 3] &= ~bit;
  }

  private isObject(depth: number): boolean {
    return (this.stack[depth >> 3] & (1 << (depth & 7))) !== 0;
  }
}

function isBlank(byte: number): boolean {
  return byte === 32 || byte === 10 || byte === 13 || byte === 9;
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= 57;
}

/** A client's word, as far as an error may repeat it. */
export function shown(text: string): string {
  return JSON.stringify(text.slice(0, LIMITS.echoedBytesMax));
}

const QUOTE = 34;
const PLUS = 43;
const COMMA = 44;
const MINUS = 45;
const DOT = 46;
const ZERO = 48;
const COLON = 58;
const UPPER_E = 69;
const OPEN_BRACKET = 91;
const BACKSLASH = 92;
const CLOSE_BRACKET = 93;
const LOWER_E = 101;
const LOWER_N = 110;
const LOWER_U = 117;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;
const ESCAPES = new Set(Buffer.from('"\\/bfnrt'));
const WORDS = new Map(
  ['true', 'false', 'null'].map((word) => [word.charCodeAt(0), Buffer.from(word)]),
);
