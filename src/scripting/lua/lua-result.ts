/** What a call gave, as one value or as all of them. */
import type { LuaResult, LuaSteps, LuaValue } from './lua-value.ts';
import { TailCall } from './tail-call.ts';

/** The first value of a result. */
export function oneOf(result: LuaResult | TailCall): LuaValue {
  if (typeof result !== 'object') return result;
  if (result instanceof TailCall) return oneOf(finishPlain(result));
  return Array.isArray(result) ? result[0] : (result as LuaValue);
}

/** All values of a result. */
export function manyOf(result: LuaResult | TailCall): readonly LuaValue[] {
  if (result instanceof TailCall) return manyOf(finishPlain(result));
  return Array.isArray(result) ? result : [result as LuaValue];
}

/** Makes the calls that a function left to its caller. */
export function finishPlain(result: LuaResult | TailCall): LuaResult {
  let last = result;
  while (last instanceof TailCall) last = last.begin() as LuaResult | TailCall;
  return last;
}

export function* finishStepped(result: LuaResult | TailCall): LuaSteps {
  let last = result;
  while (last instanceof TailCall) {
    const { callee, args } = last;
    last.enter();
    last = callee.stepped === null ? callee.plain(...args) : yield* callee.stepped(...args);
  }
  return last;
}
