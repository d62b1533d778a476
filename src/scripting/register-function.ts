/** The arguments of `redis.register_function`, in both of its forms. */
import { LuaTable } from './lua/lua-table.ts';
import { LuaFunction, type LuaHost, type LuaValue } from './lua/lua-value.ts';
import { raise } from './redis-table.ts';
import { isFlag, isValidName, NAME_ERROR } from './script-header.ts';

export interface Registration {
  readonly name: string;
  readonly description: string | null;
  readonly flags: readonly string[];
  readonly callback: LuaFunction;
}

/** @param taken  names of the library's functions so far, in lower case */
export function readRegistration(
  host: LuaHost,
  args: readonly LuaValue[],
  taken: ReadonlySet<string>,
): Registration {
  if (args.length < 1 || args.length > 2) {
    throw raise(host, 'ERR wrong number of arguments to redis.register_function');
  }
  const registration = args.length === 1 ? readNamed(host, args[0]) : readPositional(host, args);
  if (!isValidName(registration.name)) throw raise(host, NAME_ERROR);
  if (taken.has(registration.name.toLowerCase())) {
    throw raise(host, 'ERR Function already exists in the library');
  }
  return registration;
}

function readPositional(host: LuaHost, args: readonly LuaValue[]): Registration {
  const name = textOf(host, args[0]);
  if (name === null) {
    throw raise(host, 'ERR first argument to redis.register_function must be a string');
  }
  const callback = args[1];
  if (!(callback instanceof LuaFunction)) {
    throw raise(host, 'ERR second argument to redis.register_function must be a function');
  }
  return { name, description: null, flags: [], callback };
}

function readNamed(host: LuaHost, value: LuaValue): Registration {
  if (!(value instanceof LuaTable)) {
    throw raise(
      host,
      'ERR calling redis.register_function with a single argument is only applicable to Lua ' +
        'table (representing named arguments).',
    );
  }
  let name: string | null = null;
  let description: string | null = null;
  let callback: LuaFunction | null = null;
  let flags: readonly string[] = [];
  for (let at = value.nextPosition(0); at !== 0; at = value.nextPosition(at)) {
    const key = textOf(host, value.keyAt(at));
    const item = value.valueAt(at);
    if (key === null) throw raise(host, `ERR named argument key given to ${NAME} is not a string`);
    if (key === 'function_name') name = requireText(host, item, key);
    else if (key === 'description') description = requireText(host, item, key);
    else if (key === 'callback') callback = requireCallback(host, item);
    else if (key === 'flags') flags = readFlags(host, item);
    else throw raise(host, `ERR unknown argument given to ${NAME}`);
  }
  if (name === null) throw raise(host, `ERR ${NAME} must get a function name argument`);
  if (callback === null) throw raise(host, `ERR ${NAME} must get a callback argument`);
  return { name, description, flags, callback };
}

function requireText(host: LuaHost, value: LuaValue, key: string): string {
  const text = textOf(host, value);
  if (text === null) throw raise(host, `ERR ${key} argument given to ${NAME} must be a string`);
  return text;
}

function requireCallback(host: LuaHost, value: LuaValue): LuaFunction {
  if (value instanceof LuaFunction) return value;
  throw raise(host, `ERR callback argument given to ${NAME} must be a function`);
}

function readFlags(host: LuaHost, value: LuaValue): readonly string[] {
  if (!(value instanceof LuaTable)) {
    throw raise(host, `ERR flags argument to ${NAME} must be a table representing function flags`);
  }
  const flags: string[] = [];
  for (let i = 1; value.getNumber(i) !== undefined; i++) {
    const flag = value.getNumber(i);
    if (typeof flag !== 'string' || !isFlag(flag)) throw raise(host, 'ERR unknown flag given');
    flags.push(flag);
  }
  return flags;
}

/** lua_isstring: numbers are strings as well. */
function textOf(host: LuaHost, value: LuaValue): string | null {
  if (typeof value === 'string') return value;
  return typeof value === 'number' ? host.toText(value) : null;
}

const NAME = 'redis.register_function';
