/**
 * The values of Lua 5.1 as JavaScript holds them, and how a library function is written.
 *
 *   nil       undefined
 *   boolean   boolean
 *   number    number: a double, as in Lua 5.1
 *   string    string of one character a byte, codes 0 to 255: binary-safe, `length` as in Lua
 *   table     LuaTable (lua-table.ts)
 *   function  LuaFunction
 *   thread    LuaCoroutine (lua-coroutine.ts)
 *   userdata  LuaUserdata: cjson.null
 *
 * Results: one value is returned as it is; no value or several as an array (NO_VALUES is the shared
 * empty one). A value of Lua is never an array itself, so `Array.isArray` tells them apart. Whoever
 * receives such an array reads it and never changes it.
 *
 * A library function is a LuaNative: `(runtime, args) => result`. `args` is fresh for each call and
 * as long as the call had arguments, so `args.length` tells "no value" from nil. It is made into a
 * value by `runtime.native('rep', repeatString)` and put into a table by its name. The checks of
 * luaL_check* are in arguments.ts.
 *
 *   const repeatString: LuaNative = (runtime, args) => {
 *     const text = requireString(args, 0);
 *     const count = requireInteger(args, 1);
 *     runtime.budget.takeBytes(text.length * count);      // before it is made: may throw
 *     return text.repeat(Math.max(0, count));
 *   };
 *
 * Errors: `throw new LuaError('message')` from any depth. Where the error is caught, the position
 * of the call ("user_script:3: ") is put before a string; level 0 keeps it bare. Wrong arguments:
 * `throw argumentError(index, 'string expected, got nil')`, index from 0; "bad argument #1 to
 * 'rep'" is made from the name used at the call, as Lua does. Never throw anything else.
 *
 * Calling back: `runtime.call(f, [a, b])` gives an array of results, `runtime.callOne` the first of
 * them (f may be any value; one that cannot be called raises Lua's error). The called function
 * cannot yield, as in Lua 5.1 across C. A function that may run long without a callback takes
 * from `runtime.budget.takeSteps(n)`: one step is about a Lua instruction.
 */
import type { LuaBudget } from './lua-budget.ts';
import type { LuaCoroutine } from './lua-coroutine.ts';
import type { LuaTable } from './lua-table.ts';

export type LuaValue =
  | undefined
  | boolean
  | number
  | string
  | LuaTable
  | LuaFunction
  | LuaCoroutine
  | LuaUserdata;

/** One value as it is, or an array of none or several. */
export type LuaResult = LuaValue | readonly LuaValue[];

export type LuaNative = (runtime: LuaHost, args: LuaValue[]) => LuaResult;

/** What a library function may ask of the runtime that called it. */
export interface LuaHost {
  readonly budget: LuaBudget;
  /** `__index` of it is the table `string`: methods of strings. */
  readonly stringMetatable: LuaTable;
  newTable(): LuaTable;
  /** A table whose items 1..n are these values; keeps nothing of the array. */
  newList(values: readonly LuaValue[]): LuaTable;
  /** A function as a value; put it into a table by `table.setString(name, ...)`. */
  native(name: string, native: LuaNative): LuaFunction;
  call(f: LuaValue, args: readonly LuaValue[]): readonly LuaValue[];
  callOne(f: LuaValue, args: readonly LuaValue[]): LuaValue;
  /** The metatable of any value, or null. */
  findMetatable(value: LuaValue): LuaTable | null;
  /** t[key] and t[key] = value with metamethods. */
  index(value: LuaValue, key: LuaValue): LuaValue;
  setIndex(value: LuaValue, key: LuaValue, item: LuaValue): void;
  /** As the function `tostring`, with `__tostring`. */
  toText(value: LuaValue): string;
}

export const NO_VALUES: readonly LuaValue[] = Object.freeze([]);

/** Arguments one by one; a result, or a TailCall which only the runtime sees. */
export type PlainCode = (...args: LuaValue[]) => LuaResult;
/** The same as a generator: it can be suspended anywhere. */
export type SteppedCode = (...args: LuaValue[]) => LuaSteps;
export type LuaSteps = Generator<unknown, LuaResult, LuaValue[]>;

/** A function. Library code never calls `plain` but `runtime.call`, which ends tail calls. */
export class LuaFunction {
  readonly name: string;
  readonly plain: PlainCode;
  /** null: `plain` ends soon and never yields, so nobody needs to step it. */
  readonly stepped: SteppedCode | null;
  /** What it took from outside: values, or cells `{v}` of variables that change. */
  readonly upvalues: readonly unknown[];
  readonly isNative: boolean;

  constructor(
    name: string,
    plain: PlainCode,
    stepped: SteppedCode | null,
    upvalues: readonly unknown[],
    isNative: boolean,
  ) {
    this.name = name;
    this.plain = plain;
    this.stepped = stepped;
    this.upvalues = upvalues;
    this.isNative = isNative;
  }

  get luaType(): string {
    return 'function';
  }
}

/** An opaque value. */
export class LuaUserdata {
  /** What stands after "userdata: ". */
  readonly text: string;
  metatable: LuaTable | null;

  constructor(text: string) {
    this.text = text;
    this.metatable = null;
  }

  get luaType(): string {
    return 'userdata';
  }
}

/**
 * What is thrown: an error on its way to a pcall or to the end of the script. Not an Error, whose
 * stack trace would cost more than the rest of a pcall.
 */
export class LuaError {
  value: LuaValue;
  /** 1: the position of the running call is still to be put before a string value. 0: not. */
  level: number;
  /** Index from 0 of a wrong argument, or -1: then `value` is the whole message. */
  argumentIndex: number;

  constructor(value: LuaValue, level = 1, argumentIndex = -1) {
    this.value = value;
    this.level = level;
    this.argumentIndex = argumentIndex;
  }
}

/**
 * "bad argument #n to 'name' (message)". @param index  from 0
 */
export function argumentError(index: number, message: string): LuaError {
  return new LuaError(message, 1, index);
}

/** What `type` answers. */
export function typeName(value: LuaValue): string {
  switch (typeof value) {
    case 'undefined':
      return 'nil';
    case 'object':
      return value.luaType;
    default:
      return typeof value;
  }
}
