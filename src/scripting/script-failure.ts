/** The reply of a script that failed. */
import type { ReplyWriter } from '../protocol/reply-writer.ts';
import type { CallSite } from './lua/call-site.ts';
import type { LuaRuntime } from './lua/lua-runtime.ts';
import { LuaTable } from './lua/lua-table.ts';
import type { LuaValue } from './lua/lua-value.ts';
import type { ScriptRun } from './script-run.ts';

/** With the name of the script and the place, as redis-server's error handler adds them. */
export function writeFailure(reply: ReplyWriter, runtime: LuaRuntime, run: ScriptRun): void {
  const { errorSite, errorValue } = runtime;
  reply.errorLatin1(errorText(errorValue) + placeText(errorSite, run));
  const isCounted =
    !(errorValue instanceof LuaTable) || errorValue.getString('ignore_error_stats_update') !== true;
  if (!isCounted) reply.retoldErrorCount++;
}

/** A script that is ended within a loop may be between two places that are known. */
function placeText({ chunkName, line }: CallSite, { kind, name }: ScriptRun): string {
  const chunk = line === 0 ? CHUNK_NAMES[kind] : chunkName;
  return ` script: ${name}, on @${chunk}:${Math.max(1, line)}.`;
}

export function errorText(value: LuaValue): string {
  if (!(value instanceof LuaTable)) return `ERR ${describe(value)}`;
  const text = value.getString('err');
  return typeof text === 'string' || typeof text === 'number' ? String(text) : 'ERR unknown error';
}

function describe(value: LuaValue): string {
  if (value === undefined) return 'nil';
  return typeof value === 'object' ? value.luaType : String(value);
}

const CHUNK_NAMES = { eval: 'user_script', function: 'user_function' } as const;
