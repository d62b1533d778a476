/** Coroutines, as lbaselib.c of Lua 5.1: no yield across pcall, metamethods or callbacks. */

import { NO_SITE } from '../call-site.ts';
import { LuaCoroutine } from '../lua-coroutine.ts';
import { CALL_STACK_BYTES, type LuaMachine, SUSPENSION } from '../lua-machine.ts';
import { finishStepped, manyOf } from '../lua-result.ts';
import type { LuaRuntime } from '../lua-runtime.ts';
import {
  argumentError,
  LuaError,
  LuaFunction,
  type LuaNative,
  type LuaResult,
  type LuaSteps,
  type LuaValue,
} from '../lua-value.ts';
import { TailCall } from '../tail-call.ts';

const COROUTINE_BYTES = 1000;

export function installCoroutineLibrary(runtime: LuaRuntime): void {
  const { machine } = runtime;
  const library = machine.newTable();
  const add = (name: string, native: LuaNative): void =>
    library.setString(name, machine.native(name, native));
  add('create', (_host, args) => create(machine, args));
  add('running', () => machine.coroutine ?? undefined);
  add('status', (_host, args) => requireCoroutine(args).status);
  const resume: LuaNative = (_host, args) =>
    runToEnd(resumeSteps(machine, takeCoroutine(args), args, false));
  library.setString(
    'resume',
    machine.nativeWithSteps('resume', resume, (...args) =>
      resumeSteps(machine, takeCoroutine(args), args, false),
    ),
  );
  add('wrap', (_host, args) => wrap(machine, create(machine, args)));
  library.setString(
    'yield',
    machine.nativeWithSteps('yield', refuseYield, (...args) => yieldSteps(machine, args)),
  );
  runtime.globals.setString('coroutine', library);
}

function requireCoroutine(args: readonly LuaValue[]): LuaCoroutine {
  const coroutine = args[0];
  if (coroutine instanceof LuaCoroutine) return coroutine;
  throw argumentError(0, 'coroutine expected');
}

/** The rest of `args` goes to the coroutine. */
function takeCoroutine(args: LuaValue[]): LuaCoroutine {
  const coroutine = requireCoroutine(args);
  args.shift();
  return coroutine;
}

function create(machine: LuaMachine, args: readonly LuaValue[]): LuaCoroutine {
  const body = args[0];
  if (!(body instanceof LuaFunction) || body.isNative) {
    throw argumentError(0, 'Lua function expected');
  }
  machine.budget.takeBytes(COROUTINE_BYTES);
  return new LuaCoroutine(body);
}

/**
 * [true, ...values] or [false, error].
 * @param isWrapped  the values alone; an error goes on, with the place of this call in front
 */
function* resumeSteps(
  machine: LuaMachine,
  coroutine: LuaCoroutine,
  args: LuaValue[],
  isWrapped: boolean,
): LuaSteps {
  if (coroutine.status !== 'suspended') {
    const text = `cannot resume ${coroutine.status} coroutine`;
    if (isWrapped) throw new LuaError(text);
    return [false, text];
  }
  const { budget, callDepth, coroutine: outer, site } = machine;
  const { stackLeft } = budget;
  let failure: LuaError;
  try {
    let step = enterCoroutine(machine, coroutine, args);
    while ((step.value as unknown) === SUSPENSION) {
      yield SUSPENSION;
      step = coroutine.steps!.next(args);
    }
    coroutine.status = step.done === true ? 'dead' : 'suspended';
    coroutine.stackBytes = stackLeft - CALL_STACK_BYTES - budget.stackLeft;
    const values = step.value as LuaResult;
    if (isWrapped) return values;
    return Array.isArray(values) ? [true, ...values] : [true, values as LuaValue];
  } catch (error) {
    coroutine.status = 'dead';
    failure = machine.settle(error);
    if (!isWrapped) return [false, failure.value];
  } finally {
    budget.stackLeft = stackLeft;
    machine.callDepth = callDepth;
    machine.coroutine = outer;
    machine.site = site;
    if (outer !== null) outer.status = 'running';
  }
  throw new LuaError(failure.value, typeof failure.value === 'string' ? 1 : 0);
}

/** The first step of the generator, or the next one with `args` as what `yield` returns. */
function enterCoroutine(
  machine: LuaMachine,
  coroutine: LuaCoroutine,
  args: LuaValue[],
): IteratorResult<unknown, LuaResult> {
  if (machine.coroutine !== null) machine.coroutine.status = 'normal';
  coroutine.status = 'running';
  machine.coroutine = coroutine;
  machine.enterCall();
  machine.budget.stackLeft -= coroutine.stackBytes;
  if (machine.budget.stackLeft < 0) machine.overflow();
  coroutine.steps ??= finishStepped(new TailCall(coroutine.body, args, NO_SITE, machine));
  return coroutine.steps.next(args);
}

function wrap(machine: LuaMachine, coroutine: LuaCoroutine): LuaFunction {
  const native: LuaNative = (_host, args) => runToEnd(resumeSteps(machine, coroutine, args, true));
  return machine.nativeWithSteps('wrap', native, (...args) =>
    resumeSteps(machine, coroutine, args, true),
  );
}

/** Where nothing can be suspended. */
function runToEnd(steps: LuaSteps): readonly LuaValue[] {
  for (;;) {
    const step = steps.next([]);
    if (step.done === true) return manyOf(step.value);
  }
}

function refuseYield(): never {
  throw new LuaError('attempt to yield across metamethod/C-call boundary', 0);
}

function* yieldSteps(machine: LuaMachine, args: LuaValue[]): LuaSteps {
  const { coroutine } = machine;
  if (coroutine === null || coroutine.boundaryCount > 0) refuseYield();
  return yield args;
}
