/** Runs Lua in a test and shows what came out as texts, ours and redis-server's alike. */
import { compile } from '../scripting/lua/compiler/compile.ts';
import { type LuaRuntime, type LuaRuntimeOptions, RUN } from '../scripting/lua/lua-runtime.ts';
import { LuaError, type LuaValue } from '../scripting/lua/lua-value.ts';
import { createLuaRuntime } from '../scripting/lua/open-libraries.ts';
import type { RedisReply } from './real-redis.ts';

export function createTestRuntime(options: Partial<LuaRuntimeOptions> = {}): LuaRuntime {
  const runtime = createLuaRuntime({
    bytesMax: 64 * 1024 * 1024,
    sliceSteps: 100_000,
    stackBytesMax: 700_000,
    onSlice: () => false,
    ...options,
  });
  const { machine } = runtime;
  runtime.globals.setString('redis', machine.newTable());
  runtime.protect();
  runtime.setGlobal('KEYS', machine.newTable());
  runtime.setGlobal('ARGV', machine.newTable());
  return runtime;
}

/** A script that returns the results of `body`, or its error, as one line. */
export function showing(body: string): string {
  return [
    `local function run() ${body}\nend`,
    'local results, shown = {pcall(run)}, {}',
    'for i = 1, 8 do shown[i] = tostring(results[i]) end',
    'return table.concat(shown, "|")',
  ].join('\n');
}

/** Results as texts, or "error: " and the error. */
export function runLua(source: string, runtime = createTestRuntime()): string {
  try {
    const main = runtime.load(compile(source, '@user_script'));
    let state = runtime.run(main, []);
    while (state === RUN.SUSPENDED) state = runtime.resume();
    const show = (value: LuaValue): string => runtime.machine.toText(value);
    if (state === RUN.FAILED) return comparable(`error: ${show(runtime.errorValue)}`);
    return comparable(runtime.results.map(show).join(' '));
  } catch (error) {
    if (error instanceof LuaError) return comparable(`error: ${error.value}`);
    throw error;
  }
}

/** A reply of redis-server's EVAL in the form of `runLua`. */
export function shownReply(reply: RedisReply): string {
  if (reply === null) return '';
  const text = String(reply);
  const compiling = '(?:Error compiling script \\(new function\\): )?';
  const place = '(?: script: [0-9a-f]{40}, on @user_script:\\d+\\.)?';
  const error = new RegExp(`^(?:-?ERR |-)${compiling}(.*?)${place}$`, 's');
  const match = error.exec(text);
  return comparable(match === null ? text : `error: ${match[1]}`);
}

/** Addresses differ from run to run; an error's line ends become spaces on the wire. */
function comparable(text: string): string {
  const shown = text.replace(/0x[0-9a-f]{6,}/g, 'ADDRESS');
  return shown.startsWith('error: ') ? shown.replace(/[\r\n]/g, ' ').trimEnd() : shown;
}
