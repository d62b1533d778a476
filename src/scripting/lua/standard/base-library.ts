/** The functions of Lua's base library that redis-server leaves to scripts, as lbaselib.c does. */
import {
  optionalInteger,
  optionalString,
  requireAny,
  requireInteger,
  requireString,
  requireTable,
} from '../arguments.ts';
import { NO_SITE, positionText } from '../call-site.ts';
import { compile } from '../compiler/compile.ts';
import type { LuaMachine } from '../lua-machine.ts';
import { isTrue, numberOf } from '../lua-machine.ts';
import { finishPlain, finishStepped, manyOf } from '../lua-result.ts';
import type { LuaRuntime } from '../lua-runtime.ts';
import { LuaTable } from '../lua-table.ts';
import {
  argumentError,
  LuaError,
  LuaFunction,
  type LuaNative,
  type LuaResult,
  type LuaSteps,
  type LuaValue,
  NO_VALUES,
  typeName,
} from '../lua-value.ts';
import { TailCall } from '../tail-call.ts';

/** LUAI_MAXCSTACK: results that one call may have. */
const RESULTS_MAX = 8000;
/** What a compiled chunk holds for one character of source. */
const CHUNK_BYTES_PER_CHARACTER = 40;

export function installBaseLibrary(runtime: LuaRuntime): void {
  const { globals, machine } = runtime;
  const natives: Record<string, LuaNative> = {
    assert: assertTrue,
    collectgarbage: (_host, args) => collectGarbage(machine, args),
    error: (_host, args) => raise(machine, args),
    gcinfo: () => usedKib(machine),
    getmetatable: getMetatable,
    ipairs: (_host, args) => [machine.inextFunction, requireTable(args, 0), 0],
    load: (_host, args) => load(runtime, args),
    loadstring: (_host, args) => loadString(runtime, args),
    pairs: (_host, args) => [machine.nextFunction, requireTable(args, 0), undefined],
    rawequal: (_host, args) => requireAny(args, 0) === requireAny(args, 1),
    rawget: (_host, args) => requireTable(args, 0).get(requireAny(args, 1)),
    rawset: rawSet,
    select: selectFrom,
    setmetatable: setMetatable,
    tonumber: toNumber,
    tostring: (host, args) => host.toText(requireAny(args, 0)),
    type: (_host, args) => typeName(requireAny(args, 0)),
    unpack: unpackItems,
  };
  for (const [name, native] of Object.entries(natives)) {
    globals.setString(name, machine.native(name, native));
  }
  globals.setString('next', machine.nextFunction);
  globals.setString('_VERSION', 'Lua 5.1');
  const pcall: LuaNative = (_host, args) => withErrorText(protectedCall(machine, args));
  function* steppedPcall(...args: LuaValue[]): LuaSteps {
    return withErrorText(yield* protectedSteps(machine, args));
  }
  globals.setString('pcall', machine.nativeWithSteps('pcall', pcall, steppedPcall));
  const xpcall: LuaNative = (_host, args) => handledCall(machine, args);
  const steppedXpcall = (...args: LuaValue[]) => handledSteps(machine, args);
  globals.setString('xpcall', machine.nativeWithSteps('xpcall', xpcall, steppedXpcall));
}

const assertTrue: LuaNative = (_host, args) => {
  if (isTrue(requireAny(args, 0))) return args;
  throw new LuaError(optionalString(args, 1, 'assertion failed!'));
};

function raise(machine: LuaMachine, args: LuaValue[]): never {
  const level = optionalInteger(args, 1, 1);
  const value = args[0];
  if (level <= 0 || level > 2 || (typeof value !== 'string' && typeof value !== 'number')) {
    throw new LuaError(value, 0);
  }
  const site = level === 1 ? machine.site : machine.callerSite;
  throw new LuaError(positionText(site) + machine.toText(value), 0);
}

function usedKib(machine: LuaMachine): number {
  return Math.max(0, Math.round((Number.MAX_SAFE_INTEGER - machine.budget.bytesLeft) / 1024)) % 64;
}

function collectGarbage(machine: LuaMachine, args: LuaValue[]): LuaResult {
  const option = optionalString(args, 0, 'collect');
  switch (option) {
    case 'count':
      return usedKib(machine);
    case 'step':
      return true;
    case 'collect':
    case 'stop':
    case 'restart':
    case 'setpause':
    case 'setstepmul':
      return 0;
    default:
      throw argumentError(0, `invalid option '${option}'`);
  }
}

const getMetatable: LuaNative = (host, args) => {
  const metatable = host.findMetatable(requireAny(args, 0));
  return metatable === null ? undefined : (metatable.getString('__metatable') ?? metatable);
};

const setMetatable: LuaNative = (_host, args) => {
  const table = requireTable(args, 0);
  const metatable = args[1];
  const isMetatable = metatable instanceof LuaTable;
  if (!isMetatable && (metatable !== undefined || args.length < 2)) {
    throw argumentError(1, 'nil or table expected');
  }
  if (table.metatable !== null && table.metatable.getString('__metatable') !== undefined) {
    throw new LuaError('cannot change a protected metatable');
  }
  if (table.isReadonly) throw new LuaError('Attempt to modify a readonly table', 0);
  table.metatable = isMetatable ? metatable : null;
  return table;
};

const rawSet: LuaNative = (_host, args) => {
  const table = requireTable(args, 0);
  const key = requireAny(args, 1);
  setRaw(table, key, requireAny(args, 2));
  return table;
};

/** For library functions: errors of it have no position, as in C. */
export function setRaw(table: LuaTable, key: LuaValue, value: LuaValue): void {
  try {
    table.set(key, value);
  } catch (error) {
    if (error instanceof LuaError) error.level = 0;
    throw error;
  }
}

const selectFrom: LuaNative = (_host, args) => {
  if (args[0] === '#') return args.length - 1;
  const index = requireInteger(args, 0);
  if (index < 0) {
    if (args.length + index < 1) throw argumentError(0, 'index out of range');
    return args.slice(args.length + index);
  }
  if (index === 0) throw argumentError(0, 'index out of range');
  return args.slice(index);
};

const DIGITS = '0123456789abcdefghijklmnopqrstuvwxyz';

const toNumber: LuaNative = (_host, args) => {
  const base = optionalInteger(args, 1, 10);
  if (base === 10) return numberOf(requireAny(args, 0));
  const text = requireString(args, 0);
  if (base < 2 || base > 36) throw argumentError(1, 'base out of range');
  return unsignedNumber(text, base);
};

/** strtoul: spaces, a sign, 0x when the base is 16; a negative one wraps around at 2^64. */
function unsignedNumber(text: string, base: number): number | undefined {
  const match = /^[ \t\n\v\f\r]*([+-]?)([0-9a-zA-Z]+)[ \t\n\v\f\r]*$/.exec(text);
  if (match === null) return undefined;
  let digits = match[2]!.toLowerCase();
  if (base === 16 && /^0x[0-9a-f]/.test(digits)) digits = digits.slice(2);
  let value = 0n;
  for (const digit of digits) {
    const worth = DIGITS.indexOf(digit);
    if (worth >= base) return undefined;
    if (value < 2n ** 64n) value = value * BigInt(base) + BigInt(worth);
  }
  if (value >= 2n ** 64n) return Number(2n ** 64n - 1n);
  return Number(match[1] === '-' ? BigInt.asUintN(64, -value) : value);
}

const unpackItems: LuaNative = (_host, args) => {
  const table = requireTable(args, 0);
  const first = optionalInteger(args, 1, 1);
  const last = args[2] === undefined ? table.length() : requireInteger(args, 2);
  if (first > last) return NO_VALUES;
  if (last - first + 1 >= RESULTS_MAX) throw new LuaError('too many results to unpack');
  const { items } = table;
  if (first === 1 && last === items.length - 1) return items.slice(1);
  const values: LuaValue[] = [];
  for (let i = first; i <= last; i++) values.push(table.getNumber(i));
  return values;
};

function loadString(runtime: LuaRuntime, args: LuaValue[]): LuaResult {
  const source = requireString(args, 0);
  return loadSource(runtime, source, optionalString(args, 1, source));
}

/** Asks the function for pieces until it gives none. */
function load(runtime: LuaRuntime, args: LuaValue[]): LuaResult {
  const reader = args[0];
  if (!(reader instanceof LuaFunction)) {
    const got = args.length === 0 ? 'no value' : typeName(reader);
    throw argumentError(0, `function expected, got ${got}`);
  }
  const chunkName = optionalString(args, 1, '=(load)');
  const pieces: string[] = [];
  for (;;) {
    const piece = runtime.machine.callOne(reader, []);
    if (piece === undefined || piece === '') break;
    if (typeof piece !== 'string' && typeof piece !== 'number') {
      const position = positionText(runtime.machine.site);
      return [undefined, `${position}reader function must return a string`];
    }
    pieces.push(`${runtime.machine.toText(piece)}`);
  }
  return loadSource(runtime, pieces.join(''), chunkName);
}

function loadSource(runtime: LuaRuntime, source: string, chunkName: string): LuaResult {
  const { machine } = runtime;
  machine.budget.takeBytes(source.length * CHUNK_BYTES_PER_CHARACTER);
  machine.budget.takeSteps(source.length * 10);
  try {
    return runtime.load(compile(source, chunkName, machine.callDepth));
  } catch (error) {
    return [undefined, machine.settle(error).value];
  }
}

/** Undoes what an error has left: the stack, the calls, the boundary of the coroutine. */
function leaveProtected(machine: LuaMachine, stackLeft: number, callDepth: number): void {
  machine.budget.stackLeft = stackLeft;
  machine.callDepth = callDepth;
  if (machine.coroutine !== null) machine.coroutine.boundaryCount--;
}

function enterProtected(machine: LuaMachine, args: LuaValue[]): LuaFunction {
  if (machine.coroutine !== null) machine.coroutine.boundaryCount++;
  // Seen from `error` itself, called through pcall, the caller's caller is who called pcall.
  machine.callerSite = machine.site;
  machine.site = NO_SITE;
  machine.enterCall();
  // redis-server puts a value below the arguments, which is what is called when there are none.
  const value = args.length === 0 ? true : args.shift();
  return value instanceof LuaFunction ? value : machine.callable(value, NO_SITE);
}

/** @param args  the function, then its arguments; used up */
function protectedCall(machine: LuaMachine, args: LuaValue[]): LuaResult {
  const { stackLeft } = machine.budget;
  const { callDepth } = machine;
  try {
    const callee = enterProtected(machine, args);
    return withSuccess(finishPlain(callee.plain(...args)));
  } catch (error) {
    return [false, machine.settle(error).value];
  } finally {
    leaveProtected(machine, stackLeft, callDepth);
  }
}

function* protectedSteps(machine: LuaMachine, args: LuaValue[]): LuaSteps {
  const { stackLeft } = machine.budget;
  const { callDepth } = machine;
  try {
    const callee = enterProtected(machine, args);
    const isPlain = callee.stepped === null;
    const result = isPlain ? callee.plain(...args) : yield* callee.stepped(...args);
    return withSuccess(result instanceof TailCall ? yield* finishStepped(result) : result);
  } catch (error) {
    return [false, machine.settle(error).value];
  } finally {
    leaveProtected(machine, stackLeft, callDepth);
  }
}

function withSuccess(result: LuaResult): LuaResult {
  return Array.isArray(result) ? [true, ...result] : [true, result as LuaValue];
}

/** redis-server's pcall: of an error that is a table, its field `err` if that is a text. */
function withErrorText(result: LuaResult): LuaResult {
  const values = manyOf(result);
  const error = values[1];
  if (values[0] !== false || !(error instanceof LuaTable)) return values;
  const text = error.getString('err');
  return typeof text === 'string' || typeof text === 'number'
    ? [false, text]
    : [false, error, text];
}

function handledCall(machine: LuaMachine, args: LuaValue[]): LuaResult {
  requireAny(args, 1);
  const [ok, ...rest] = manyOf(protectedCall(machine, [args[0]]));
  return ok === true ? [true, ...rest] : handle(machine, args[1], rest[0]);
}

function* handledSteps(machine: LuaMachine, args: LuaValue[]): LuaSteps {
  requireAny(args, 1);
  const [ok, ...rest] = manyOf(yield* protectedSteps(machine, [args[0]]));
  return ok === true ? [true, ...rest] : handle(machine, args[1], rest[0]);
}

function handle(machine: LuaMachine, handler: LuaValue, value: LuaValue): LuaResult {
  const [ok, ...rest] = manyOf(protectedCall(machine, [handler, value]));
  return ok === true ? [false, rest[0]] : [false, 'error in error handling'];
}
