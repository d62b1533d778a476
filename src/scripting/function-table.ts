/**
 * Libraries of functions. A library's main part runs once, when it is loaded, with nothing in reach
 * but `redis.register_function`, the log and some constants; the functions it registers run later
 * with everything that scripts have. Both see the same table of globals, whose `__index` is changed
 * in between.
 */
import type { Logger } from '../base/logger.ts';
import type {
  FunctionLibrary,
  FunctionRegistry,
  LibraryFunction,
  Outcome,
  RestorePolicy,
} from '../commands/scripting/script-engine.ts';
import { decodeFunctionPayload, encodeFunctionPayload } from './function-payload.ts';
import { compile } from './lua/compiler/compile.ts';
import type { LuaRuntime } from './lua/lua-runtime.ts';
import type { LuaTable } from './lua/lua-table.ts';
import { LuaError, type LuaFunction } from './lua/lua-value.ts';
import { createLoadTable } from './redis-table.ts';
import { type Registration, readRegistration } from './register-function.ts';
import {
  flagsOf,
  isValidName,
  NAME_ERROR,
  parseLibraryHeader,
  type ScriptFlags,
} from './script-header.ts';

export interface LoadedFunction extends LibraryFunction {
  readonly callback: LuaFunction;
  readonly scriptFlags: ScriptFlags;
}

interface LoadedLibrary extends FunctionLibrary {
  readonly functions: readonly LoadedFunction[];
  readonly heldBytes: number;
}

/** What a library holds beside its source and code. */
const LIBRARY_BYTES = 2_000;

export class FunctionTable implements FunctionRegistry {
  private readonly options: {
    openRuntime(): LuaRuntime;
    runMain(main: LuaFunction): string | null;
    logger: Logger;
  };
  private byName = new Map<string, LoadedLibrary>();
  /** By name in lower case. */
  private functionsByName = new Map<string, LoadedFunction>();
  private globals: LuaTable | null = null;
  private loadGlobals: LuaTable | null = null;
  /** Of the library that is being loaded. */
  private registrations: Registration[] = [];

  constructor(options: FunctionTable['options']) {
    this.options = options;
  }

  get libraryCount(): number {
    return this.byName.size;
  }

  get functionCount(): number {
    return this.functionsByName.size;
  }

  get libraries(): Iterable<FunctionLibrary> {
    return this.byName.values();
  }

  get heldBytes(): number {
    let sum = 0;
    for (const library of this.byName.values()) sum += library.heldBytes;
    return sum;
  }

  find(name: string): LoadedFunction | null {
    return this.functionsByName.get(name.toLowerCase()) ?? null;
  }

  load(code: string, replaces: boolean): Outcome {
    const library = this.create(code);
    if (typeof library === 'string') return { value: '', error: library };
    const error = this.add(library, replaces);
    return error === null ? { value: library.name, error: '' } : { value: '', error };
  }

  delete(name: string): boolean {
    const library = this.byName.get(name);
    if (library === undefined) return false;
    this.remove(library);
    return true;
  }

  flush(): void {
    this.byName = new Map();
    this.functionsByName = new Map();
  }

  dump(): Uint8Array {
    return encodeFunctionPayload([...this.byName.values()].map(({ code }) => code));
  }

  restore(payload: Uint8Array, policy: RestorePolicy): string | null {
    const codes = decodeFunctionPayload(payload);
    if (typeof codes === 'string') return codes;
    const { byName, functionsByName } = this;
    this.byName = new Map();
    this.functionsByName = new Map();
    let error = this.addAll(codes);
    if (error === null && policy !== 'flush') {
      const libraries = [...this.byName.values()];
      this.byName = new Map(byName);
      this.functionsByName = new Map(functionsByName);
      error = this.join(libraries, policy === 'replace');
    }
    if (error === null) return null;
    this.byName = byName;
    this.functionsByName = functionsByName;
    return error;
  }

  private addAll(codes: readonly string[]): string | null {
    for (const code of codes) {
      const library = this.create(code);
      if (typeof library === 'string') return library;
      const error = this.add(library, false);
      if (error !== null) return error;
    }
    return null;
  }

  /** Puts libraries that agree with each other among those that are there. */
  private join(libraries: readonly LoadedLibrary[], replaces: boolean): string | null {
    for (const { name } of libraries) {
      const old = this.byName.get(name);
      if (old === undefined) continue;
      if (!replaces) return `ERR Library ${name} already exists`;
      this.remove(old);
    }
    for (const library of libraries) {
      const error = this.add(library, false);
      if (error !== null) return error;
    }
    return null;
  }

  /** @returns the library, loaded and not yet among the others, or the error's text */
  private create(code: string): LoadedLibrary | string {
    const header = parseLibraryHeader(code);
    if (typeof header === 'string') return header;
    const { body, engine, name } = header;
    if (!isValidName(name)) return NAME_ERROR;
    if (engine.toLowerCase() !== 'lua') return `ERR Engine '${engine}' not found`;
    const made = this.run(body);
    if (typeof made === 'string') return made;
    if (made.functions.length === 0) return 'ERR No functions registered';
    const heldBytes = code.length + made.codeBytes + LIBRARY_BYTES;
    return { name, code, functions: made.functions, heldBytes };
  }

  private run(body: string): { functions: LoadedFunction[]; codeBytes: number } | string {
    this.registrations = [];
    const runtime = this.options.openRuntime();
    const globals = this.openGlobals(runtime);
    let codeBytes: number;
    let error: string | null;
    try {
      const chunk = compile(body, '@user_function');
      codeBytes = chunk.codeLength;
      setIndex(globals, this.loadGlobals);
      error = this.options.runMain(runtime.load(chunk, globals));
    } catch (thrown) {
      if (!(thrown instanceof LuaError)) throw thrown;
      return `ERR Error compiling function: ${String(thrown.value)}`;
    } finally {
      setIndex(globals, runtime.globals);
    }
    if (error !== null) return `ERR Error registering functions: ${error}`;
    const functions = this.registrations.map((one) => ({
      ...one,
      scriptFlags: flagsOf(one.flags),
    }));
    return { functions, codeBytes };
  }

  private add(library: LoadedLibrary, replaces: boolean): string | null {
    const old = this.byName.get(library.name);
    if (old !== undefined && !replaces) return `ERR Library '${library.name}' already exists`;
    if (old !== undefined) this.remove(old);
    for (const { name } of library.functions) {
      if (!this.functionsByName.has(name.toLowerCase())) continue;
      if (old !== undefined) this.insert(old);
      return `ERR Function ${name} already exists`;
    }
    this.insert(library);
    return null;
  }

  private insert(library: LoadedLibrary): void {
    this.byName.set(library.name, library);
    for (const one of library.functions) this.functionsByName.set(one.name.toLowerCase(), one);
  }

  private remove(library: LoadedLibrary): void {
    this.byName.delete(library.name);
    for (const { name } of library.functions) this.functionsByName.delete(name.toLowerCase());
  }

  private openGlobals(runtime: LuaRuntime): LuaTable {
    if (this.globals !== null) return this.globals;
    const { machine } = runtime;
    const globals = machine.newTable();
    globals.metatable = machine.newTable();
    globals.isReadonly = true;
    const loadGlobals = machine.newTable();
    const redis = createLoadTable(machine, this.options.logger, (host, args) => {
      const names = new Set(this.registrations.map(({ name }) => name.toLowerCase()));
      this.registrations.push(readRegistration(host, args, names));
      return [];
    });
    // A name that is missing is the same error in both tables as among the globals of scripts.
    redis.metatable = runtime.globals.metatable;
    redis.isReadonly = true;
    loadGlobals.setString('redis', redis);
    loadGlobals.metatable = runtime.globals.metatable;
    loadGlobals.isReadonly = true;
    this.globals = globals;
    this.loadGlobals = loadGlobals;
    return globals;
  }
}

function setIndex(globals: LuaTable, target: LuaTable | null): void {
  const { metatable } = globals;
  if (metatable === null || target === null) return;
  metatable.isReadonly = false;
  metatable.setString('__index', target);
  metatable.isReadonly = true;
}
