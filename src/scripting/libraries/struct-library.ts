/**
 * The library `struct` (Ihrusalimschy's 0.2, as in redis-server 7.0): `pack`, `unpack`, `size` by a
 * format of one letter a field. Sizes are those of C on 64-bit Linux, the default order is little
 * endian without alignment.
 */
import { optionalInteger, requireNumber, requireString } from '../lua/arguments.ts';
import type { LuaTable } from '../lua/lua-table.ts';
import {
  argumentError,
  LuaError,
  type LuaHost,
  type LuaNative,
  type LuaValue,
} from '../lua/lua-value.ts';

export function createStructLibrary(runtime: LuaHost): LuaTable {
  const table = runtime.newTable();
  table.setString('pack', runtime.native('pack', pack));
  table.setString('unpack', runtime.native('unpack', unpack));
  table.setString('size', runtime.native('size', sizeOfFormat));
  return table;
}

const INTEGER_BYTES_MAX = 32;
const ALIGNMENT_MAX = 8;
const INT_MAX = 2 ** 31 - 1;
const INTEGERS = 'bBhHlLTiI';
const SIZES: Readonly<Record<string, number>> = {
  b: 1,
  B: 1,
  h: 2,
  H: 2,
  l: 8,
  L: 8,
  T: 8,
  f: 4,
  d: 8,
  x: 1,
};

/** Walks a format: letter by letter, each with its size and the bytes that align it. */
class FormatReader {
  letter = '';
  size = 0;
  isBigEndian = false;
  private readonly format: string;
  private at = 0;
  private alignment = 1;

  constructor(format: string) {
    const end = format.indexOf('\0');
    this.format = end < 0 ? format : format.slice(0, end);
  }

  /** @returns false at the end */
  next(): boolean {
    if (this.at >= this.format.length) return false;
    this.letter = this.format.charAt(this.at++);
    this.size = this.readSize();
    return true;
  }

  /** Bytes to skip before the current field when it would stand at `position`. */
  padding(position: number): number {
    if (this.size === 0 || this.letter === 'c') return 0;
    const size = Math.min(this.size, this.alignment);
    return (size - (position & (size - 1))) & (size - 1);
  }

  /** The current letter is no field: an option, or an error. */
  applyOption(): void {
    switch (this.letter) {
      case ' ':
        return;
      case '>':
        this.isBigEndian = true;
        return;
      case '<':
        this.isBigEndian = false;
        return;
      case '!': {
        const alignment = this.readNumber(ALIGNMENT_MAX);
        if (alignment <= 0 || (alignment & (alignment - 1)) !== 0) {
          throw new LuaError(`alignment ${alignment} is not a power of 2`);
        }
        this.alignment = alignment;
        return;
      }
      default:
        throw argumentError(0, `invalid format option '${this.letter}'`);
    }
  }

  private readSize(): number {
    const { letter } = this;
    if (letter === 'c') return this.readNumber(1);
    if (letter !== 'i' && letter !== 'I') return SIZES[letter] ?? 0;
    const size = this.readNumber(4);
    if (size > INTEGER_BYTES_MAX) {
      throw new LuaError(`integral size ${size} is larger than limit of ${INTEGER_BYTES_MAX}`);
    }
    return size;
  }

  private readNumber(absent: number): number {
    let value = -1;
    for (; this.at < this.format.length; this.at++) {
      const digit = this.format.charCodeAt(this.at) - 48;
      if (!(digit >= 0 && digit <= 9)) break;
      value = Math.max(0, value) * 10 + digit;
      if (value > INT_MAX) throw new LuaError('integral size overflow');
    }
    return value < 0 ? absent : value;
  }
}

const pack: LuaNative = (runtime, args) => {
  const reader = new FormatReader(requireString(args, 0));
  let text = '';
  let index = 1;
  while (reader.next()) {
    const { letter, size } = reader;
    text += '\0'.repeat(reader.padding(text.length));
    runtime.budget.takeBytes(size + letter.length);
    if (INTEGERS.includes(letter)) {
      text += packInteger(requireNumber(args, index++), size, reader.isBigEndian);
    } else if (letter === 'f' || letter === 'd') {
      text += packDouble(requireNumber(args, index++), size, reader.isBigEndian);
    } else if (letter === 'x') text += '\0';
    else if (letter === 'c' || letter === 's') {
      const source = requireString(args, index++);
      if (source.length < size) throw argumentError(index, 'string too short');
      runtime.budget.takeBytes(size === 0 ? source.length : 0);
      text += size === 0 ? source : source.slice(0, size);
      if (letter === 's') text += '\0';
    } else reader.applyOption();
  }
  return text;
};

const unpack: LuaNative = (_runtime, args) => {
  const reader = new FormatReader(requireString(args, 0));
  const text = requireString(args, 1);
  let at = optionalInteger(args, 2, 1) - 1;
  // The position is unsigned in C: a negative one is beyond any end.
  if (at === -1) throw argumentError(2, 'offset must be 1 or greater');
  if (at < 0) at = Number.MAX_SAFE_INTEGER;
  const values: LuaValue[] = [];
  while (reader.next()) {
    const { letter } = reader;
    at += reader.padding(at);
    let { size } = reader;
    if (at + size > text.length) throw argumentError(1, 'data string too short');
    if (values.length >= RESULT_COUNT_MAX) throw new LuaError('stack overflow (too many results)');
    if (INTEGERS.includes(letter)) {
      const isSigned = letter === letter.toLowerCase();
      values.push(unpackInteger(text, at, size, { isBigEndian: reader.isBigEndian, isSigned }));
    } else if (letter === 'f' || letter === 'd') {
      values.push(unpackDouble(text, at, size, reader.isBigEndian));
    } else if (letter === 'c') {
      if (size === 0) size = takeLength(values, text.length - at);
      values.push(text.slice(at, at + size));
    } else if (letter === 's') {
      const end = text.indexOf('\0', at);
      if (end < 0) throw new LuaError('unfinished string in data');
      values.push(text.slice(at, end));
      size = end - at + 1;
    } else if (letter !== 'x') reader.applyOption();
    at += size;
  }
  values.push(at + 1);
  return values;
};

/** `c0`: the value before it is its length. */
function takeLength(values: LuaValue[], lengthMax: number): number {
  const last = values.pop();
  const length = typeof last === 'string' && last.trim() !== '' ? Number(last) : last;
  if (typeof length !== 'number' || Number.isNaN(length)) {
    throw new LuaError("format 'c0' needs a previous size");
  }
  const whole = Math.trunc(length);
  if (whole < 0 || whole > lengthMax) throw argumentError(1, 'data string too short');
  return whole;
}

const sizeOfFormat: LuaNative = (_runtime, args) => {
  const reader = new FormatReader(requireString(args, 0));
  let at = 0;
  while (reader.next()) {
    const { letter, size } = reader;
    at += reader.padding(at);
    if (letter === 's') throw argumentError(0, "option 's' has no fixed size");
    if (letter === 'c' && size === 0) throw argumentError(0, "option 'c0' has no fixed size");
    if (!/[0-9A-Za-z]/.test(letter)) reader.applyOption();
    at += size;
  }
  return at;
};

/** The cast of C on x86-64: signed when negative, else unsigned. */
function toBits(value: number): bigint {
  const isSigned = value < 2 ** 63;
  const rest = isSigned ? value : value - 2 ** 63;
  const inRange = rest >= -(2 ** 63) && rest < 2 ** 63;
  const bits = inRange ? BigInt(Math.trunc(rest)) : -(2n ** 63n);
  return BigInt.asUintN(64, isSigned || Number.isNaN(value) ? bits : bits ^ -(2n ** 63n));
}

function packInteger(value: number, size: number, isBigEndian: boolean): string {
  let text = '';
  if (size <= 4 && (value | 0) === value) {
    for (let i = 0; i < size; i++) text += String.fromCharCode((value >> (i * 8)) & 255);
  } else {
    let bits = toBits(value);
    for (let i = 0; i < size; i++, bits >>= 8n) text += String.fromCharCode(Number(bits & 255n));
  }
  return isBigEndian ? reversed(text) : text;
}

function unpackInteger(
  text: string,
  at: number,
  size: number,
  { isBigEndian, isSigned }: { isBigEndian: boolean; isSigned: boolean },
): number {
  const field = text.slice(at, at + size);
  const bytes = isBigEndian ? field : reversed(field);
  if (size <= 4 && size > 0) {
    let value = 0;
    for (let i = 0; i < size; i++) value = value * 256 + bytes.charCodeAt(i);
    const half = 2 ** (size * 8 - 1);
    return isSigned && value >= half ? value - half * 2 : value;
  }
  let bits = 0n;
  for (let i = 0; i < size; i++) bits = (bits << 8n) | BigInt(bytes.charCodeAt(i));
  bits = BigInt.asUintN(64, bits);
  if (!isSigned) return Number(bits);
  // The shift of x86-64 counts modulo 64.
  const mask = BigInt.asUintN(64, -1n << BigInt((size * 8 - 1) & 63));
  if ((bits & mask) !== 0n) bits |= mask;
  return Number(BigInt.asIntN(64, bits));
}

function packDouble(value: number, size: number, isBigEndian: boolean): string {
  if (size === 4) WORDS.setFloat32(0, value, !isBigEndian);
  else WORDS.setFloat64(0, value, !isBigEndian);
  let text = '';
  for (let i = 0; i < size; i++) text += String.fromCharCode(WORDS.getUint8(i));
  return text;
}

function unpackDouble(text: string, at: number, size: number, isBigEndian: boolean): number {
  for (let i = 0; i < size; i++) WORDS.setUint8(i, text.charCodeAt(at + i));
  return size === 4 ? WORDS.getFloat32(0, !isBigEndian) : WORDS.getFloat64(0, !isBigEndian);
}

function reversed(text: string): string {
  let result = '';
  for (let i = text.length - 1; i >= 0; i--) result += text[i];
  return result;
}

const WORDS = new DataView(new ArrayBuffer(8));
const RESULT_COUNT_MAX = 7_900;
