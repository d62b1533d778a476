/**
 * One Lua: globals, the running script, its budgets.
 *
 *   const main = runtime.load(compile(source, '@user_script'));
 *   let state = runtime.run(main, []);
 *   while (state === RUN.SUSPENDED) { ...let the event loop turn...; state = runtime.resume(); }
 *   state === RUN.DONE ? runtime.results : runtime.error
 *
 * A script is run in slices of steps. At the end of each, `onSlice` of the options says whether to
 * be suspended; inside a callback of a library function or a metamethod it cannot be and goes on.
 * `kill` ends a suspended script for good: no pcall of the script sees it.
 */

import { type CallSite, NO_SITE } from './call-site.ts';
import type { CompiledChunk } from './compiler/compile.ts';
import { LuaMachine } from './lua-machine.ts';
import { finishPlain, finishStepped, manyOf, oneOf } from './lua-result.ts';
import { LuaTable } from './lua-table.ts';
import {
  LuaError,
  LuaFunction,
  type LuaNative,
  type LuaSteps,
  type LuaValue,
  NO_VALUES,
} from './lua-value.ts';
import { installBaseLibrary } from './standard/base-library.ts';
import { installCoroutineLibrary } from './standard/coroutine-library.ts';
import { installMathLibrary, LuaRandom } from './standard/math-library.ts';
import { installTableLibrary } from './standard/table-library.ts';
import { TailCall } from './tail-call.ts';

export const RUN = { DONE: 0, FAILED: 1, SUSPENDED: 2 } as const;
export type RunState = (typeof RUN)[keyof typeof RUN];

export interface LuaRuntimeOptions {
  /** Bytes of strings and tables that one script may make. */
  readonly bytesMax: number;
  /** Steps between two calls of `onSlice`. A step is about 10 ns. */
  readonly sliceSteps: number;
  /** Bytes of the host's stack that calls may take; the host must have room for more. */
  readonly stackBytesMax: number;
  /**
   * Asked at the end of a slice. May throw what `kill` makes when the script shall end here.
   * @param canSuspend  false: the answer is of no use
   * @returns           whether the script is to be suspended
   */
  readonly onSlice: (canSuspend: boolean) => boolean;
}

/** All tables in reach of these by fields. */
function protectTables(tables: LuaTable[]): void {
  for (let table = tables.pop(); table !== undefined; table = tables.pop()) {
    if (table.isReadonly) continue;
    table.isReadonly = true;
    for (let at = table.nextPosition(0); at !== 0; at = table.nextPosition(at)) {
      const value = table.valueAt(at);
      if (value instanceof LuaTable) tables.push(value);
    }
  }
}

/** Ends a script; no pcall catches it. */
export class ScriptKilled {
  readonly reason: string;

  constructor(reason: string) {
    this.reason = reason;
  }
}

export class LuaRuntime {
  readonly machine: LuaMachine;
  readonly globals: LuaTable;
  readonly random = new LuaRandom();
  /** After DONE. */
  results: readonly LuaValue[] = NO_VALUES;
  /** After FAILED: the value that was thrown, and where. */
  errorValue: LuaValue = undefined;
  errorSite: CallSite = NO_SITE;
  /** After FAILED: not the script's own error but `kill`. */
  wasKilled = false;
  private readonly options: LuaRuntimeOptions;
  private steps: LuaSteps | null = null;

  constructor(options: LuaRuntimeOptions) {
    this.options = options;
    this.machine = new LuaMachine({ onSliceEnd: (canSuspend) => this.onSliceEnd(canSuspend) });
    this.globals = this.machine.newTable();
    installBaseLibrary(this);
    installTableLibrary(this);
    installMathLibrary(this);
    installCoroutineLibrary(this);
    this.globals.setString('_G', this.globals);
  }

  /** The main function of a chunk. It can be run many times. */
  load(chunk: CompiledChunk, globals: LuaTable = this.globals): LuaFunction {
    const { machine } = this;
    return chunk.bind(
      machine,
      machine.budget,
      LuaTable,
      LuaFunction,
      TailCall,
      oneOf,
      manyOf,
      finishStepped,
      globals,
      chunk.sites,
    ) as LuaFunction;
  }

  /**
   * Makes the globals and all tables in them readonly, and an unknown name an error. To be called
   * when all libraries are in.
   */
  protect(): void {
    const metatable = this.machine.newTable();
    const refuse: LuaNative = (_host, args) => {
      const [, key] = args;
      if (typeof key !== 'string' && typeof key !== 'number') {
        throw new LuaError('Second argument to luaProtectedTableError must be a string or number');
      }
      const name = this.machine.toText(key);
      throw new LuaError(`Script attempted to access nonexistent global variable '${name}'`);
    };
    metatable.setString('__index', this.machine.native('__index', refuse));
    this.globals.metatable = metatable;
    protectTables([this.globals, metatable, this.machine.stringMetatable]);
  }

  /** Sets a global although they are protected: KEYS, ARGV. */
  setGlobal(name: string, value: LuaValue): void {
    const { isReadonly } = this.globals;
    this.globals.isReadonly = false;
    this.globals.setString(name, value);
    this.globals.isReadonly = isReadonly;
  }

  /** Runs with full budgets. Not while another run is suspended. */
  run(main: LuaFunction, args: readonly LuaValue[]): RunState {
    const { machine, options } = this;
    const { budget } = machine;
    budget.bytesLeft = options.bytesMax;
    budget.stepsLeft = options.sliceSteps;
    budget.stackLeft = options.stackBytesMax;
    machine.site = NO_SITE;
    machine.coroutine = null;
    machine.callDepth = 1;
    this.wasKilled = false;
    if (main.stepped === null) {
      try {
        return this.finish(manyOf(finishPlain(main.plain(...args))));
      } catch (thrown) {
        return this.fail(thrown);
      }
    }
    this.steps = finishStepped(new TailCall(main, args as LuaValue[], NO_SITE, machine));
    return this.resume();
  }

  /** Goes on with a suspended run. */
  resume(): RunState {
    try {
      const step = this.steps!.next(NO_VALUES as LuaValue[]);
      if (step.done !== true) return RUN.SUSPENDED;
      this.steps = null;
      return this.finish(manyOf(step.value));
    } catch (thrown) {
      return this.fail(thrown);
    }
  }

  /** Ends a suspended run: FAILED, with `reason` as the error. */
  kill(reason: string): RunState {
    try {
      this.steps!.throw(new ScriptKilled(reason));
    } catch (thrown) {
      return this.fail(thrown);
    }
    return RUN.FAILED;
  }

  private onSliceEnd(canSuspend: boolean): boolean {
    this.machine.budget.stepsLeft = this.options.sliceSteps;
    return this.options.onSlice(canSuspend);
  }

  private finish(results: readonly LuaValue[]): RunState {
    this.machine.budget.bytesLeft = this.options.bytesMax;
    this.results = results;
    return RUN.DONE;
  }

  private fail(thrown: unknown): RunState {
    // The error's own text, and the arguments of the next script, need some again.
    this.machine.budget.bytesLeft = this.options.bytesMax;
    this.steps = null;
    this.results = NO_VALUES;
    this.wasKilled = thrown instanceof ScriptKilled;
    this.errorSite = this.machine.site;
    if (thrown instanceof ScriptKilled) this.errorValue = thrown.reason;
    else this.errorValue = this.machine.settle(thrown).value;
    return RUN.FAILED;
  }
}
