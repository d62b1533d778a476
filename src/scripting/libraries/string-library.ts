/** The library `string` of Lua 5.1, byte for byte as redis-server 7.0 has it. */
import { optionalInteger, requireInteger, requireString } from '../lua/arguments.ts';
import type { LuaTable } from '../lua/lua-table.ts';
import { argumentError, LuaError, type LuaHost, type LuaNative } from '../lua/lua-value.ts';
import { formatString } from './string-format.ts';
import { findInString, fromEnd, matchAll, matchString, substitute } from './string-patterns.ts';

export function createStringLibrary(runtime: LuaHost): LuaTable {
  const table = runtime.newTable();
  for (const [name, native] of Object.entries(NATIVES)) {
    table.setString(name, runtime.native(name, native));
  }
  return table;
}

const byteAt: LuaNative = (_runtime, args) => {
  const text = requireString(args, 0);
  const from = fromEnd(optionalInteger(args, 1, 1), text.length);
  const to = Math.min(fromEnd(optionalInteger(args, 2, from), text.length), text.length);
  const start = Math.max(1, from);
  if (start === to) return text.charCodeAt(start - 1);
  if (start > to) return [];
  if (to - start >= RESULT_COUNT_MAX) {
    throw new LuaError('stack overflow (string slice too long)');
  }
  const codes: number[] = [];
  for (let i = start - 1; i < to; i++) codes.push(text.charCodeAt(i));
  return codes;
};

const fromBytes: LuaNative = (runtime, args) => {
  runtime.budget.takeBytes(args.length);
  let text = '';
  for (let i = 0; i < args.length; i++) {
    const code = requireInteger(args, i) | 0;
    if (code < 0 || code > 255) throw argumentError(i, 'invalid value');
    text += String.fromCharCode(code);
  }
  return text;
};

const lengthOf: LuaNative = (_runtime, args) => requireString(args, 0).length;

const sliceOf: LuaNative = (_runtime, args) => {
  const text = requireString(args, 0);
  const start = Math.max(1, fromEnd(requireInteger(args, 1), text.length));
  const end = fromEnd(optionalInteger(args, 2, -1), text.length);
  return start > end ? '' : text.slice(start - 1, end);
};

const repeat: LuaNative = (runtime, args) => {
  const text = requireString(args, 0);
  const count = Math.max(0, requireInteger(args, 1) | 0);
  runtime.budget.takeBytes(text.length * count);
  // Above what a string may hold the budget may still have room.
  if (text.length * count > STRING_LENGTH_MAX) throw new LuaError('not enough memory', 0);
  return text.repeat(count);
};

const reverse: LuaNative = (runtime, args) => {
  const text = requireString(args, 0);
  runtime.budget.takeBytes(text.length);
  return Buffer.from(text, 'latin1').reverse().toString('latin1');
};

/** Only ASCII letters have a case in the C locale. */
const lower: LuaNative = (runtime, args) => {
  const text = requireString(args, 0);
  runtime.budget.takeBytes(text.length);
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
};

const upper: LuaNative = (runtime, args) => {
  const text = requireString(args, 0);
  runtime.budget.takeBytes(text.length);
  return text.replace(/[a-z]+/g, (letters) => letters.toUpperCase());
};

/** There is no bytecode here, and none is taken. */
const dump: LuaNative = () => {
  throw new LuaError('unable to dump given function');
};

const NATIVES: Readonly<Record<string, LuaNative>> = {
  byte: byteAt,
  char: fromBytes,
  dump,
  find: findInString,
  format: formatString,
  gfind: matchAll,
  gmatch: matchAll,
  gsub: substitute,
  len: lengthOf,
  lower,
  match: matchString,
  rep: repeat,
  reverse,
  sub: sliceOf,
  upper,
};

/** LUAI_MAXCSTACK, less what the call itself takes. */
const RESULT_COUNT_MAX = 7_950;
const STRING_LENGTH_MAX = 2 ** 29 - 32;
