import { latin1Text } from './latin1-text.ts';
import { compile } from './lua/compiler/compile.ts';
import type { LuaRuntime } from './lua/lua-runtime.ts';
import { LuaError, type LuaFunction } from './lua/lua-value.ts';
import { parseScriptHeader, type ScriptFlags } from './script-header.ts';

export interface CompiledScript {
  readonly main: LuaFunction;
  readonly flags: ScriptFlags;
  readonly codeBytes: number;
}

/** @returns the error's text when the script cannot be compiled */
export function compileScript(runtime: LuaRuntime, source: Uint8Array): CompiledScript | string {
  const header = parseScriptHeader(latin1Text(source, 0, source.length));
  if (typeof header === 'string') return header;
  const { body, flags } = header;
  try {
    const chunk = compile(body, '@user_script');
    return { main: runtime.load(chunk), flags, codeBytes: chunk.codeLength };
  } catch (error) {
    if (!(error instanceof LuaError)) throw error;
    return `ERR Error compiling script (new function): ${String(error.value)}`;
  }
}
