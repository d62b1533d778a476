/** Numbers as texts and back, as C's "%.14g" and strtod do in Lua 5.1. */
import { numberText } from './number-text.ts';

/** "%.14g". */
export function textOfNumber(number: number): string {
  if ((number | 0) === number && (number !== 0 || 1 / number > 0)) return `${number}`;
  return numberText(number);
}

const DECIMAL = /^[ \t\n\v\f\r]*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[ \t\n\v\f\r]*$/;
const HEXADECIMAL =
  /^[ \t\n\v\f\r]*([+-]?)0[xX]([0-9a-fA-F]*)\.?([0-9a-fA-F]*)(?:[pP]([+-]?\d+))?[ \t\n\v\f\r]*$/;
const WORD = /^[ \t\n\v\f\r]*([+-]?)(inf|infinity|nan)[ \t\n\v\f\r]*$/i;

/** The number that a string reads as, or undefined. For strtod a zero byte ends the string. */
export function parseLuaNumber(text: string): number | undefined {
  if (DECIMAL.test(text)) return Number(text.trim());
  const end = text.indexOf('\0');
  if (end >= 0) return parseLuaNumber(text.slice(0, end));
  const hexadecimal = HEXADECIMAL.exec(text);
  if (hexadecimal !== null) return hexadecimalNumber(hexadecimal);
  const word = WORD.exec(text);
  if (word === null) return undefined;
  const number = word[2]!.toLowerCase() === 'nan' ? Number.NaN : Number.POSITIVE_INFINITY;
  return word[1] === '-' ? -number : number;
}

/** Sign, whole digits, digits after the point, power of 2. */
function hexadecimalNumber(parts: RegExpExecArray): number | undefined {
  const [, sign, whole, fraction, power] = parts;
  if (whole === '' && fraction === '') return undefined;
  const digits = Number(`0x${whole}${fraction}`);
  const number = digits * 2 ** (Number(power ?? 0) - 4 * fraction!.length);
  return sign === '-' ? -number : number;
}
