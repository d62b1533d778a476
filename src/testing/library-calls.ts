/** Calls of Lua's library functions, drawn at random: what tests hold against redis-server. */
import type { Draw } from './seeded.ts';

/** A plain value that both sides can make: an array is a list, an object a table of one field. */
export type Plain =
  | string
  | number
  | boolean
  | null
  | readonly Plain[]
  | { readonly [key: string]: Plain };

export interface Call {
  readonly library: string;
  readonly name: string;
  readonly args: readonly Plain[];
}

function pick<T>(draw: Draw, list: readonly T[]): T {
  return list[draw(list.length)];
}

function times(draw: Draw, min: number, max: number, make: () => string): string {
  let text = '';
  for (let i = min + draw(max - min + 1); i > 0; i--) text += make();
  return text;
}

const NUMBERS: readonly number[] = [
  0,
  -0,
  1,
  -1,
  2,
  3,
  5,
  7,
  31,
  32,
  33,
  64,
  127,
  128,
  255,
  256,
  32767,
  32768,
  65535,
  65536,
  -32,
  -33,
  -128,
  -129,
  -32768,
  -32769,
  2147483647,
  2147483648,
  -2147483648,
  -2147483649,
  4294967295,
  4294967296,
  9007199254740991,
  9007199254740994,
  2 ** 62,
  2 ** 63,
  2 ** 64,
  -(2 ** 63),
  1e15,
  1e14,
  99999999999999,
  123456789012345,
  1e20,
  1e21,
  1e100,
  1.5,
  2.5,
  0.5,
  -0.5,
  0.1,
  1 / 3,
  0.25,
  1e-5,
  1e-7,
  3.1417,
  5e-324,
  1.7976931348623157e308,
  Infinity,
  -Infinity,
  NaN,
  6755399441055744,
];

function number(draw: Draw): number {
  const kind = draw(4);
  if (kind === 0) return draw(200) - 100;
  if (kind === 1) return pick(draw, NUMBERS);
  if (kind === 2) return (draw(2 ** 32) - 2 ** 31) / 2 ** draw(40);
  return draw(2 ** 32) * 2 ** draw(60) * (draw(2) === 0 ? 1 : -1);
}

function index(draw: Draw): Plain {
  return draw(12) === 0
    ? pick<Plain>(draw, [null, '2', 'x', 1e10, -1e10, 2.7, -2.7])
    : draw(14) - 6;
}

const LETTERS = [
  'a',
  'b',
  'c',
  'A',
  '1',
  '2',
  ' ',
  '.',
  '-',
  '%',
  '(',
  ')',
  '[',
  ']',
  '\0',
  '\xe9',
  '_',
];

function subject(draw: Draw): string {
  return times(draw, 0, 9, () => pick(draw, LETTERS));
}

const CLASSES = [
  '.',
  '%a',
  '%d',
  '%s',
  '%w',
  '%S',
  '%l',
  '%u',
  '%p',
  '%x',
  '%c',
  '%z',
  '%W',
  '%.',
  '%%',
];
const SETS = ['[abc]', '[^a]', '[a-c1]', '[%w_]', '[%a-]', '[]a]', '[^]]', '[a-]', '[%d%s]', '[a'];

function pattern(draw: Draw): string {
  let text = draw(6) === 0 ? '^' : '';
  text += times(draw, 1, 4, () => {
    const kind = draw(14);
    if (kind === 0) return pick(draw, ['%b()', '%bab', '%b', '%f[%w]', '%f[a]', '%fx', '%1', '%2']);
    if (kind === 1) return '()';
    const item = kind < 6 ? pick(draw, LETTERS) : pick(draw, kind < 11 ? CLASSES : SETS);
    const repeated = item + pick(draw, ['', '', '', '*', '+', '-', '?']);
    return draw(5) === 0 ? `(${repeated})` : repeated;
  });
  return draw(8) === 0 ? `${text}$` : text;
}

function formatItem(draw: Draw): string {
  const flags = times(draw, 0, 2, () => pick(draw, ['-', '+', ' ', '#', '0']));
  const width = draw(3) === 0 ? String(draw(20)) : '';
  const precision = draw(3) === 0 ? `.${draw(4) === 0 ? '' : draw(18)}` : '';
  return `%${flags}${width}${precision}${pick(draw, [...'ddiuxXocseEfgGgq'])}`;
}

function formatArgs(draw: Draw): Plain[] {
  const items = Array.from({ length: draw(4) }, () => formatItem(draw));
  const args = items.map((item): Plain => {
    if (draw(30) === 0) return pick<Plain>(draw, [null, true, 'x', '12', '0x10', [1]]);
    if (/[sq]$/.test(item)) return draw(3) === 0 ? number(draw) : subject(draw);
    // printf shows the sign of a NaN, which JavaScript does not keep.
    const value = number(draw);
    return item.endsWith('c') ? draw(300) : Number.isNaN(value) ? 1 : value;
  });
  if (draw(30) === 0) args.pop();
  return [items.join(pick(draw, ['', ' ', '|', '%%'])), ...args];
}

function json(draw: Draw, depth = 0): Plain {
  const kind = draw(depth > 3 ? 4 : 7);
  if (kind === 0) return number(draw);
  if (kind === 1) return times(draw, 0, 6, () => String.fromCharCode(draw(256)));
  if (kind === 2) return draw(2) === 0;
  if (kind === 3) return draw(100);
  if (kind === 4) return { [subject(draw)]: json(draw, depth + 1) };
  return Array.from({ length: draw(5) }, () => json(draw, depth + 1));
}

const JSON_PIECES = [
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '"a"',
  '"\\u00e9"',
  '"\\ud83d\\ude00"',
  '"\\ud83d"',
  '"\\x"',
  '"a',
  '1',
  '-1',
  '01',
  '1.5e3',
  '0x1F',
  '-inf',
  'NaN',
  'nan',
  'true',
  'false',
  'null',
  'nul',
  ' ',
  '\n',
  '\t',
  '+1',
  '.5',
  '1.',
  '-',
  '"\\/\\b\\f\\n\\r\\t\\"\\\\"',
  '\0',
  '\x01',
  'i',
  'Infinity',
  '"\\u12"',
];

function jsonText(draw: Draw): string {
  if (draw(2) === 0) return times(draw, 0, 6, () => pick(draw, JSON_PIECES));
  const make = (depth: number): string => {
    const space = pick(draw, ['', '', ' ', '\n']);
    const kind = draw(depth > 3 ? 3 : 6);
    if (kind < 3) return space + pick(draw, JSON_PIECES.slice(6, 26));
    const members = Array.from({ length: draw(4) }, () => make(depth + 1));
    if (kind === 3) return `[${members.join(',')}]${space}`;
    return `{${members.map((member, i) => `"k${i}":${member}`).join(`${space},`)}}`;
  };
  return make(0);
}

function packed(draw: Draw): string {
  const heads = [
    0x01, 0x81, 0x92, 0xa2, 0xc0, 0xc1, 0xc2, 0xca, 0xcb, 0xcc, 0xcd, 0xce, 0xcf, 0xd0,
  ];
  const more = [0xd1, 0xd2, 0xd3, 0xd9, 0xda, 0xdc, 0xde, 0xe0, 0xff, 0x00, 0x61, 0x90, 0x80];
  return times(draw, 0, 12, () => String.fromCharCode(pick(draw, [...heads, ...more])));
}

function structFormat(draw: Draw): string {
  const letters = [
    ...'bBhHlLTiIfdxsc<> !',
    'c0',
    'c3',
    'i3',
    'I7',
    'i8',
    'i16',
    'I0',
    '!4',
    '!8',
    '!3',
  ];
  return times(draw, 1, 5, () =>
    pick(draw, draw(20) === 0 ? ['y', 'i33', 'I99999999999', '='] : letters),
  );
}

function structArgs(draw: Draw, format: string): Plain[] {
  const args: Plain[] = [];
  for (const [, letter] of format.matchAll(/([bBhHlLTiIfdsc])/g)) {
    if (draw(40) === 0) args.push(pick<Plain>(draw, [null, 'x', true]));
    else if (letter === 's' || letter === 'c') args.push(subject(draw));
    else args.push(draw(2) === 0 ? draw(300) - 100 : finite(number(draw)));
  }
  return args;
}

function finite(value: number): number {
  return Number.isFinite(value) ? value : 1;
}

const BIT_UNARY = ['tobit', 'bnot', 'bswap'];
const BIT_BINARY = ['lshift', 'rshift', 'arshift', 'rol', 'ror'];
const BIT_MANY = ['band', 'bor', 'bxor'];

function bitCall(draw: Draw): Call {
  const argument = (): Plain =>
    draw(30) === 0 ? pick<Plain>(draw, [null, 'x', '7', true]) : finite(number(draw));
  const kind = draw(4);
  if (kind === 0) return { library: 'bit', name: pick(draw, BIT_UNARY), args: [argument()] };
  if (kind === 1) {
    const args = [argument(), draw(5) === 0 ? argument() : draw(40)];
    return { library: 'bit', name: pick(draw, BIT_BINARY), args };
  }
  if (kind === 2) {
    const args = Array.from({ length: draw(4) }, argument);
    return { library: 'bit', name: pick(draw, BIT_MANY), args };
  }
  const args = draw(2) === 0 ? [argument()] : [argument(), draw(24) - 12];
  return { library: 'bit', name: 'tohex', args };
}

const STRING_MAKERS: Readonly<Record<string, (draw: Draw) => Plain[]>> = {
  byte: (draw) => [subject(draw), index(draw), index(draw)].slice(0, 1 + draw(3)),
  char: (draw) =>
    Array.from({ length: draw(5) }, () => (draw(20) === 0 ? number(draw) : draw(256))),
  find: (draw) => [subject(draw), pattern(draw), index(draw), draw(4) === 0].slice(0, 2 + draw(3)),
  format: formatArgs,
  gsub: (draw) =>
    [subject(draw), pattern(draw), replacement(draw), index(draw)].slice(0, 3 + draw(2)),
  len: (draw) => [subject(draw)],
  lower: (draw) => [json(draw, 9)],
  upper: (draw) => [json(draw, 9)],
  match: (draw) => [subject(draw), pattern(draw), index(draw)].slice(0, 2 + draw(2)),
  rep: (draw) => [subject(draw), draw(9) - 2],
  reverse: (draw) => [subject(draw)],
  sub: (draw) => [subject(draw), index(draw), index(draw)].slice(0, 1 + draw(3)),
};

function replacement(draw: Draw): Plain {
  const kind = draw(8);
  if (kind === 0) return { [pick(draw, LETTERS)]: pick<Plain>(draw, ['X', 5, false, [1], true]) };
  if (kind === 1) return pick<Plain>(draw, [null, true, 12.5]);
  return times(draw, 0, 4, () => pick(draw, ['x', '%0', '%1', '%2', '%%', '%', '-', '%a']));
}

/** A call of some library function, mostly sensible. */
export function makeLibraryCall(draw: Draw): Call {
  const kind = draw(10);
  if (kind < 5) {
    const name = pick(draw, [
      ...Object.keys(STRING_MAKERS),
      'find',
      'match',
      'gsub',
      'gsub',
      'format',
    ]);
    return { library: 'string', name, args: STRING_MAKERS[name](draw) };
  }
  if (kind === 5) return { library: 'cjson', name: 'encode', args: [json(draw)] };
  if (kind === 6) return { library: 'cjson', name: 'decode', args: [jsonText(draw)] };
  if (kind === 7) return messagePackCall(draw);
  if (kind === 8) return structCall(draw);
  return bitCall(draw);
}

function messagePackCall(draw: Draw): Call {
  const library = 'cmsgpack';
  const kind = draw(5);
  if (kind < 2) {
    const args = Array.from({ length: draw(3) }, () => json(draw));
    return { library, name: 'pack', args };
  }
  if (kind < 4) return { library, name: 'unpack', args: [packed(draw)] };
  if (draw(2) === 0) return { library, name: 'unpack_one', args: [packed(draw), draw(6) - 1] };
  return { library, name: 'unpack_limit', args: [packed(draw), draw(4) - 1, draw(6) - 1] };
}

function structCall(draw: Draw): Call {
  const library = 'struct';
  const format = structFormat(draw);
  const kind = draw(3);
  if (kind === 0) return { library, name: 'size', args: [format] };
  if (kind === 1) return { library, name: 'pack', args: [format, ...structArgs(draw, format)] };
  const bytes = times(draw, 0, 30, () => String.fromCharCode(draw(4) === 0 ? draw(256) : draw(9)));
  return { library, name: 'unpack', args: [format, bytes, draw(6)].slice(0, 2 + draw(2)) };
}
