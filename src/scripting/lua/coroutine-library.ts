/** Coroutines, as lbaselib.c of Lua 5.1: no yield across pcall, metamethods or callbacks. */

import { NO_SITE } from './call-site.ts';
import { LuaCoroutine } from './lua-coroutine.ts';
import { finishStepped, type LuaMachine, manyOf, SUSPENSION } from './lua-machine.ts';
import type { LuaRuntime } from './lua-runtime.ts';
import {
  argumentError,
  LuaError,
  LuaFunction,
  type LuaNative,
  type LuaSteps,
  type LuaValue,
} from './lua-value.ts';
import { TailCall } from './tail-call.ts';

const COROUTINE_BYTES = 1000;

export function installCoroutineLibrary(runtime: LuaRuntime): void {
  const { machine } = runtime;
  const library = machine.newTable();
  const add = (name: string, native: LuaNative): void =>
    library.setString(name, machine.native(name, native));
  add('create', (_host, args) => create(machine, args));
  add('running', () => machine.coroutine ?? undefined);
  add('status', (_host, args) => requireCoroutine(args).status);
  const resume: LuaNative = (_host, args) => {
    const steps = resumeSteps(machine, requireCoroutine(args), args.slice(1));
    return runToEnd(steps);
  };
  library.setString(
    'resume',
    machine.nativeWithSteps('resume', resume, (...args) =>
      resumeSteps(machine, requireCoroutine(args), args.slice(1)),
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

function create(machine: LuaMachine, args: readonly LuaValue[]): LuaCoroutine {
  const body = args[0];
  if (!(body instanceof LuaFunction) || body.isNative) {
    throw argumentError(0, 'Lua function expected');
  }
  machine.budget.takeBytes(COROUTINE_BYTES);
  return new LuaCoroutine(body);
}

/** [true, ...values] or [false, error]. */
function* resumeSteps(machine: LuaMachine, coroutine: LuaCoroutine, args: LuaValue[]): LuaSteps {
  if (coroutine.status !== 'suspended') {
    return [false, `cannot resume ${coroutine.status} coroutine`];
  }
  const { budget, coroutine: outer, site } = machine;
  if (coroutine.steps === null) {
    const call = new TailCall(coroutine.body, args, NO_SITE, machine);
    coroutine.steps = finishStepped(call);
  }
  if (outer !== null) outer.status = 'normal';
  coroutine.status = 'running';
  machine.coroutine = coroutine;
  const { stackLeft } = budget;
  const { callDepth } = machine;
  try {
    machine.enterCall();
    const stackBefore = budget.stackLeft;
    budget.stackLeft -= coroutine.stackBytes;
    if (budget.stackLeft < 0) machine.overflow();
    for (;;) {
      const step = coroutine.steps.next(args);
      if (step.done !== true && (step.value as unknown) === SUSPENSION) {
        yield SUSPENSION;
        continue;
      }
      coroutine.status = step.done === true ? 'dead' : 'suspended';
      coroutine.stackBytes = stackBefore - budget.stackLeft;
      return [true, ...manyOf(step.value as LuaValue[])];
    }
  } catch (error) {
    coroutine.status = 'dead';
    return [false, machine.settle(error).value];
  } finally {
    budget.stackLeft = stackLeft;
    machine.callDepth = callDepth;
    machine.coroutine = outer;
    machine.site = site;
    if (outer !== null) outer.status = 'running';
  }
}

function wrap(machine: LuaMachine, coroutine: LuaCoroutine): LuaFunction {
  function* steps(...args: LuaValue[]): LuaSteps {
    return resultOf(manyOf(yield* resumeSteps(machine, coroutine, args)));
  }
  const native: LuaNative = (_host, args) =>
    resultOf(runToEnd(resumeSteps(machine, coroutine, args)));
  return machine.nativeWithSteps('wrap', native, steps);
}

/** An error goes on, with the place of this call in front. */
function resultOf(values: readonly LuaValue[]): readonly LuaValue[] {
  if (values[0] === true) return values.slice(1);
  throw new LuaError(values[1], typeof values[1] === 'string' ? 1 : 0);
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
