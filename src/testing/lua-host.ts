import { LuaBudget } from '../scripting/lua/lua-budget.ts';
import { textOfNumber } from '../scripting/lua/lua-number.ts';
import { LuaTable } from '../scripting/lua/lua-table.ts';
import {
  LuaError,
  LuaFunction,
  type LuaHost,
  type LuaValue,
  typeName,
} from '../scripting/lua/lua-value.ts';

/** Just enough of a Lua runtime to call library functions from JavaScript, with ample budgets. */
export function createLuaHost(): LuaHost {
  const budget = new LuaBudget(() => {
    budget.stepsLeft = Number.MAX_SAFE_INTEGER;
  });
  budget.bytesLeft = 2 ** 30;
  const call = (f: LuaValue, args: readonly LuaValue[]): readonly LuaValue[] => {
    if (!(f instanceof LuaFunction)) throw new LuaError(`attempt to call a ${typeName(f)} value`);
    const result = f.plain(...args);
    return Array.isArray(result) ? (result as readonly LuaValue[]) : [result as LuaValue];
  };
  const host: LuaHost = {
    budget,
    stringMetatable: new LuaTable(budget),
    newTable: () => new LuaTable(budget),
    newList(values) {
      const table = new LuaTable(budget);
      for (const value of values) table.push(value);
      return table;
    },
    native(name, native) {
      return new LuaFunction(name, (...args) => native(host, args), null, [], true);
    },
    call,
    callOne: (f, args) => call(f, args)[0],
    findMetatable: () => null,
    index: (value, key) => (value instanceof LuaTable ? value.get(key) : undefined),
    setIndex(value, key, item) {
      if (value instanceof LuaTable) value.set(key, item);
    },
    toText: (value) => (typeof value === 'number' ? textOfNumber(value) : String(value)),
  };
  return host;
}

/** The message as a script would see it, without the position. */
export function luaErrorText(error: unknown, functionName: string): string {
  if (!(error instanceof LuaError)) throw error;
  const message = String(error.value);
  if (error.argumentIndex < 0) return message;
  return `bad argument #${error.argumentIndex + 1} to '${functionName}' (${message})`;
}
