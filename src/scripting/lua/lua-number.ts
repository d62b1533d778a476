/** Numbers as texts and back, as C's "%.14g" and strtod do in Lua 5.1. */

/** "%.14g". */
export function textOfNumber(number: number): string {
  if ((number | 0) === number && (number !== 0 || 1 / number > 0)) return `${number}`;
  return formatGeneral(number);
}

function formatGeneral(number: number): string {
  if (!Number.isFinite(number)) return number > 0 ? 'inf' : number < 0 ? '-inf' : textOfNaN(number);
  if (number === 0) return '-0';
  const [digits, exponentText] = number.toExponential(13).split('e') as [string, string];
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= 14) {
    const sign = exponent < 0 ? '-' : '+';
    return `${withoutZeros(digits)}e${sign}${`${Math.abs(exponent)}`.padStart(2, '0')}`;
  }
  return withoutZeros(number.toFixed(13 - exponent));
}

function withoutZeros(digits: string): string {
  if (!digits.includes('.')) return digits;
  let end = digits.length;
  while (digits.charCodeAt(end - 1) === 0x30) end--;
  if (digits.charCodeAt(end - 1) === 0x2e) end--;
  return digits.slice(0, end);
}

/** JavaScript hides the sign of a NaN; what x86-64 computes, as 0/0, has it set. */
function textOfNaN(_number: number): string {
  return '-nan';
}

const DECIMAL = /^[ \t\n\v\f\r]*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[ \t\n\v\f\r]*$/;
const HEXADECIMAL = /^[ \t\n\v\f\r]*([+-]?)0[xX]([0-9a-fA-F]+)[ \t\n\v\f\r]*$/;
const WORD = /^[ \t\n\v\f\r]*([+-]?)(inf|infinity|nan)[ \t\n\v\f\r]*$/i;

/** The number that a string reads as, or undefined. */
export function parseLuaNumber(text: string): number | undefined {
  if (DECIMAL.test(text)) return Number(text.trim());
  const hexadecimal = HEXADECIMAL.exec(text);
  if (hexadecimal !== null) {
    const number = Number(`0x${hexadecimal[2]}`);
    return hexadecimal[1] === '-' ? -number : number;
  }
  const word = WORD.exec(text);
  if (word === null) return undefined;
  const number = word[2]!.toLowerCase() === 'nan' ? Number.NaN : Number.POSITIVE_INFINITY;
  return word[1] === '-' ? -number : number;
}
