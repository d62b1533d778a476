/** string.format: the items of C's printf that Lua 5.1 knows, with its checks and its limits. */
import { requireNumber, requireString } from '../lua/arguments.ts';
import { argumentError, LuaError, type LuaNative } from '../lua/lua-value.ts';
import { exponentText, fixedText, generalText } from '../lua/number-text.ts';

/** `%-+ #05.3d` taken apart. */
interface Item {
  readonly flags: string;
  readonly width: number;
  /** -1 when none is given. */
  readonly precision: number;
  readonly conversion: string;
  /** Behind the item. */
  readonly end: number;
}

export const formatString: LuaNative = (runtime, args) => {
  const format = requireString(args, 0);
  let text = '';
  let index = 0;
  let from = 0;
  for (let at = format.indexOf('%'); at >= 0; at = format.indexOf('%', from)) {
    text += format.slice(from, at);
    if (format.charCodeAt(at + 1) === PERCENT) {
      text += '%';
      from = at + 2;
      continue;
    }
    if (++index >= args.length) throw argumentError(index, 'no value');
    const item = parseItem(format, at + 1);
    const piece = formatItem(item, args, index);
    runtime.budget.takeBytes(piece.length);
    text += piece;
    from = item.end;
  }
  runtime.budget.takeBytes(format.length);
  return from === 0 ? format : text + format.slice(from);
};

const FLAGS = '-+ #0';

function parseItem(format: string, start: number): Item {
  let at = start;
  while (at < format.length && FLAGS.includes(format[at])) at++;
  const flags = format.slice(start, at);
  if (flags.length > FLAGS.length) throw new LuaError('invalid format (repeated flags)');
  const widthStart = at;
  at = skipTwoDigits(format, at);
  const width = Number(format.slice(widthStart, at));
  let precision = -1;
  if (format.charCodeAt(at) === POINT) {
    const precisionStart = at + 1;
    at = skipTwoDigits(format, precisionStart);
    precision = Number(format.slice(precisionStart, at));
  }
  if (isDigit(format.charCodeAt(at))) {
    throw new LuaError('invalid format (width or precision too long)');
  }
  return { flags, width, precision, conversion: format.charAt(at), end: at + 1 };
}

function skipTwoDigits(format: string, start: number): number {
  let at = start;
  while (at < start + 2 && isDigit(format.charCodeAt(at))) at++;
  return at;
}

/** The cast to int on x86-64: what does not fit is the smallest int, whose last byte is 0. */
function charCodeOf(value: number): number {
  const whole = Math.trunc(value);
  return (whole | 0) === whole ? whole & 255 : 0;
}

function formatItem(item: Item, args: Parameters<LuaNative>[1], index: number): string {
  switch (item.conversion) {
    case 'c':
      return beforeZero(padded(String.fromCharCode(charCodeOf(requireNumber(args, index))), item));
    case 'd':
    case 'i':
      return signedText(requireNumber(args, index), item);
    case 'u':
    case 'o':
    case 'x':
    case 'X':
      return unsignedText(requireNumber(args, index), item);
    case 'e':
    case 'E':
    case 'f':
    case 'g':
    case 'G':
      return doubleText(requireNumber(args, index), item);
    case 'q':
      return quoted(requireString(args, index));
    case 's': {
      const text = requireString(args, index);
      // Lua hands long strings on as they are; others go through printf, which ends at a zero.
      if (item.precision < 0 && text.length >= LONG_STRING_LENGTH) return text;
      const plain = beforeZero(text);
      return padded(item.precision < 0 ? plain : plain.slice(0, item.precision), item);
    }
    default:
      throw new LuaError(`invalid option '%${item.conversion}' to 'format'`);
  }
}

function signedText(value: number, item: Item): string {
  const integer = toInt64(value);
  const isNegative = integer < 0;
  const digits = isNegative ? String(integer).slice(1) : String(integer);
  // Zero with no digit asked for has none.
  const shown = integer === 0 && item.precision === 0 ? '' : digits;
  return integerText(shown, signFor(isNegative, item.flags), item);
}

/** A safe integer as a number, which is quicker; else a bigint. C's cast on x86-64. */
function toInt64(value: number): number | bigint {
  const whole = Math.trunc(value);
  if (Number.isSafeInteger(whole)) return whole;
  if (!(value >= -(2 ** 63) && value < 2 ** 63)) return INT64_MIN;
  return BigInt(whole);
}

function unsignedText(value: number, item: Item): string {
  const integer = toUint64(value);
  const { conversion, flags, precision } = item;
  const radix = conversion === 'u' ? 10 : conversion === 'o' ? 8 : 16;
  const isAlternate = flags.includes('#');
  let digits = integer === 0n && precision === 0 ? '' : integer.toString(radix);
  if (isAlternate && radix === 8 && !digits.startsWith('0') && precision <= digits.length) {
    digits = `0${digits}`;
  }
  const prefix = isAlternate && radix === 16 && integer !== 0n ? '0x' : '';
  const text = integerText(digits, prefix, item);
  return conversion === 'X' ? text.toUpperCase() : text;
}

/** As gcc casts on x86-64: what is 2^63 or more is taken down first, then cast as signed. */
function toUint64(value: number): bigint {
  const integer = BigInt(toInt64(value));
  if (!(value >= 2 ** 63)) return BigInt.asUintN(64, integer);
  const rest = value - 2 ** 63;
  return BigInt.asUintN(64, BigInt(toInt64(rest)) ^ INT64_MIN);
}

function integerText(digits: string, prefix: string, item: Item): string {
  const { flags, precision, width } = item;
  let body = precision > digits.length ? digits.padStart(precision, '0') : digits;
  const isZeroFilled = flags.includes('0') && !flags.includes('-') && precision < 0;
  if (isZeroFilled) body = body.padStart(width - prefix.length, '0');
  return padded(prefix + body, item);
}

function doubleText(value: number, item: Item): string {
  const { conversion, flags, width } = item;
  const precision = item.precision < 0 ? 6 : item.precision;
  const isAlternate = flags.includes('#');
  const lower = conversion.toLowerCase();
  let text: string;
  if (lower === 'e') text = exponentText(value, precision, isAlternate);
  else if (lower === 'f') text = fixedText(value, precision, isAlternate);
  else text = generalText(value, precision, isAlternate);
  if (conversion !== lower) text = text.toUpperCase();
  const isNegative = text.startsWith('-');
  const sign = signFor(isNegative, flags);
  let body = isNegative ? text.slice(1) : text;
  if (flags.includes('0') && !flags.includes('-') && Number.isFinite(value)) {
    body = body.padStart(width - sign.length, '0');
  }
  return padded(sign + body, item);
}

function signFor(isNegative: boolean, flags: string): string {
  if (isNegative) return '-';
  if (flags.includes('+')) return '+';
  return flags.includes(' ') ? ' ' : '';
}

function padded(text: string, { flags, width }: Item): string {
  if (text.length >= width) return text;
  return flags.includes('-') ? text.padEnd(width) : text.padStart(width);
}

/** Lua 5.1 hands printf's result on up to its first zero byte. */
function beforeZero(text: string): string {
  const end = text.indexOf('\0');
  return end < 0 ? text : text.slice(0, end);
}

/** As the source of a Lua string. */
function quoted(text: string): string {
  return `"${text.replace(/["\\\n\r\x00]/g, (char) => ESCAPES[char])}"`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\n': '\\\n',
  '\r': '\\r',
  '\0': '\\000',
};

const INT64_MIN = -(2n ** 63n);
const LONG_STRING_LENGTH = 100;
const PERCENT = 37;
const POINT = 46;

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}
