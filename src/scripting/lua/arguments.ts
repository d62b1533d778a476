/** The checks of arguments that Lua's auxiliary library does (luaL_check*), with its texts. */
import { parseLuaNumber, textOfNumber } from './lua-number.ts';
import { LuaTable } from './lua-table.ts';
import { argumentError, type LuaError, type LuaValue, typeName } from './lua-value.ts';

/** "string expected, got nil" for argument `index`, from 0. */
export function typeError(args: readonly LuaValue[], index: number, expected: string): LuaError {
  const got = index < args.length ? typeName(args[index]) : 'no value';
  return argumentError(index, `${expected} expected, got ${got}`);
}

export function requireAny(args: readonly LuaValue[], index: number): LuaValue {
  if (index >= args.length) throw argumentError(index, 'value expected');
  return args[index];
}

export function requireTable(args: readonly LuaValue[], index: number): LuaTable {
  const value = args[index];
  if (value instanceof LuaTable) return value;
  throw typeError(args, index, 'table');
}

/** A string, or a number as its text. */
export function requireString(args: readonly LuaValue[], index: number): string {
  const value = args[index];
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return textOfNumber(value);
  throw typeError(args, index, 'string');
}

export function optionalString(args: readonly LuaValue[], index: number, absent: string): string {
  return args[index] === undefined ? absent : requireString(args, index);
}

/** A number, or a string that reads as one. */
export function requireNumber(args: readonly LuaValue[], index: number): number {
  const value = args[index];
  if (typeof value === 'number') return value;
  if (typeof value === 'string') {
    const number = parseLuaNumber(value);
    if (number !== undefined) return number;
  }
  throw typeError(args, index, 'number');
}

export function optionalNumber(args: readonly LuaValue[], index: number, absent: number): number {
  return args[index] === undefined ? absent : requireNumber(args, index);
}

/** luaL_checkinteger: towards zero, as a C cast of x86-64 to ptrdiff_t does. */
export function requireInteger(args: readonly LuaValue[], index: number): number {
  const number = requireNumber(args, index);
  return (number | 0) === number ? number : integerOf(number);
}

export function optionalInteger(args: readonly LuaValue[], index: number, absent: number): number {
  return args[index] === undefined ? absent : requireInteger(args, index);
}

/** What is out of range, and NaN, becomes the smallest integer, as cvttsd2si gives. */
function integerOf(number: number): number {
  if (!(number >= -(2 ** 63) && number < 2 ** 63)) return -(2 ** 63);
  return Math.trunc(number) + 0;
}
