import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLuaHost, luaErrorText } from '../../testing/lua-host.ts';
import { startRealRedis } from '../../testing/real-redis.ts';
import { type Draw, seededDraws } from '../../testing/seeded.ts';
import { LuaTable } from '../lua/lua-table.ts';
import {
  type LuaFunction,
  type LuaHost,
  LuaUserdata,
  type LuaValue,
  typeName,
} from '../lua/lua-value.ts';
import { createBitLibrary } from './bit-library.ts';
import { createJsonLibrary } from './json-library.ts';
import { createMessagePackLibrary } from './message-pack-library.ts';
import { createStringLibrary } from './string-library.ts';
import { createStructLibrary } from './struct-library.ts';

/** A plain value that both sides can make: an array is a list, an object a table of one field. */
type Plain =
  | string
  | number
  | boolean
  | null
  | readonly Plain[]
  | { readonly [key: string]: Plain };

interface Call {
  readonly library: string;
  readonly name: string;
  readonly args: readonly Plain[];
}

const CALL_COUNT = Number(process.env.TEST_CALLS ?? 6_000);

/** Answers with results as text, exact for every byte and bit, tables in the order of keys. */
const SERIALISER = `
local function ser(v)
  local t = type(v)
  if t == 'number' then
    if v ~= v then return 'nan' end
    return 'n' .. string.format('%.17g', v)
  end
  if t == 'string' then return 's' .. v:gsub('.', function(c) return string.format('%02x', c:byte()) end) end
  if t ~= 'table' then return t == 'boolean' and tostring(v) or t end
  local parts = {}
  for k, x in pairs(v) do parts[#parts + 1] = ser(k) .. '=' .. ser(x) end
  table.sort(parts)
  return '{' .. table.concat(parts, ',') .. '}'
end
local r = {pcall(function() return CALL end)}
local n = select('#', unpack(r, 1, 250))
while n > 0 and r[n] == nil do n = n - 1 end
if not r[1] then return 'error ' .. tostring(r[2].err or r[2]) end
local out = {}
for i = 2, n do out[#out + 1] = ser(r[i]) end
return table.concat(out, ' ')
`.replaceAll('\n', ' ');

test('library calls give what redis-server gives', async (t) => {
  const redis = await startRealRedis();
  if (redis === null) return t.skip('redis-server is not installed');
  const seed = Number(process.env.TEST_SEED ?? Date.now() % 1_000_000);
  const draw = seededDraws(seed);
  const ours = new Libraries();
  const failures: string[] = [];
  let textCount = 0;
  try {
    for (let i = 0; i < CALL_COUNT && failures.length < 20; i++) {
      const call = makeCall(draw);
      const source = `${call.library}.${call.name}(${call.args.map(literal).join(', ')})`;
      const theirs = String(
        await redis.call(
          'EVAL',
          SERIALISER.replace('CALL', () => source),
          '0',
        ),
      );
      const expected = theirs.replace(/^error user_script:1: /, 'error ');
      const actual = ours.call(call);
      if (!actual.startsWith('error')) textCount++;
      if (actual !== expected) failures.push(`${source}\n  ours   ${actual}\n  theirs ${expected}`);
    }
  } finally {
    await redis.stop();
  }
  assert.deepEqual(failures, [], `TEST_SEED=${seed}\n${failures.join('\n')}`);
  assert.ok(textCount > CALL_COUNT / 3, 'most calls should succeed');
});

class Libraries {
  private readonly host: LuaHost = createLuaHost();
  private readonly nullValue = new LuaUserdata('(nil)');
  private readonly tables: Readonly<Record<string, LuaTable>> = {
    string: createStringLibrary(this.host),
    cjson: createJsonLibrary(this.host, this.nullValue),
    cmsgpack: createMessagePackLibrary(this.host),
    struct: createStructLibrary(this.host),
    bit: createBitLibrary(this.host),
  };

  call({ library, name, args }: Call): string {
    const f = this.tables[library].getString(name) as LuaFunction;
    const values = args.map((arg) => this.valueOf(arg));
    try {
      const results = [...this.host.call(f, values)];
      while (results.length > 0 && results[results.length - 1] === undefined) results.pop();
      return results.map(serialise).join(' ');
    } catch (error) {
      return `error ${luaErrorText(error, name)}`;
    }
  }

  private valueOf(plain: Plain): LuaValue {
    if (plain === null) return undefined;
    if (typeof plain !== 'object') return plain;
    if (Array.isArray(plain)) return this.host.newList(plain.map((item) => this.valueOf(item)));
    const table = this.host.newTable();
    for (const [key, value] of Object.entries(plain)) table.setString(key, this.valueOf(value));
    return table;
  }
}

function serialise(value: LuaValue): string {
  if (typeof value === 'number') {
    if (Number.isNaN(value)) return 'nan';
    return `n${seventeenDigits(value)}`;
  }
  if (typeof value === 'string') return `s${Buffer.from(value, 'latin1').toString('hex')}`;
  if (typeof value === 'boolean') return String(value);
  if (!(value instanceof LuaTable)) return typeName(value);
  const parts: string[] = [];
  for (let at = value.nextPosition(0); at !== 0; at = value.nextPosition(at)) {
    parts.push(`${serialise(value.keyAt(at))}=${serialise(value.valueAt(at))}`);
  }
  return `{${parts.sort().join(',')}}`;
}

function seventeenDigits(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (Object.is(value, -0)) return '-0';
  const [mantissa, exponentText] = value.toExponential(16).split('e');
  const digits = mantissa.replace(/\.?0+$/, '');
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= 17) {
    const size = String(Math.abs(exponent)).padStart(2, '0');
    return `${digits}e${exponent < 0 ? '-' : '+'}${size}`;
  }
  const plain = Math.abs(value) >= 1e21 ? String(BigInt(value)) : value.toFixed(16 - exponent);
  return plain.includes('.') ? plain.replace(/\.?0+$/, '') : plain;
}

function literal(plain: Plain): string {
  if (plain === null) return 'nil';
  if (typeof plain === 'boolean') return String(plain);
  if (typeof plain === 'number') {
    if (Number.isNaN(plain)) return '(0/0)';
    if (!Number.isFinite(plain)) return plain > 0 ? '(1/0)' : '(-1/0)';
    return Object.is(plain, -0) ? 'tonumber("-0")' : `(${plain})`;
  }
  if (typeof plain === 'string') {
    const bytes = [...plain].map((char) => `\\${String(char.charCodeAt(0)).padStart(3, '0')}`);
    return `"${bytes.join('')}"`;
  }
  if (Array.isArray(plain)) return `{${plain.map(literal).join(', ')}}`;
  const fields = Object.entries(plain).map(
    ([key, value]) => `[${literal(key)}] = ${literal(value)}`,
  );
  return `{${fields.join(', ')}}`;
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
  3.1416,
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

function makeCall(draw: Draw): Call {
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
