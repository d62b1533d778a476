/**
 * Lua as JavaScript: what a script costs beside its commands, per run, and what compiling costs.
 * `redis.call` is a function that does nothing.
 *
 *     node .build/bench/lua.js [--tiny]
 */
import { compile } from '../src/scripting/lua/compiler/compile.ts';
import { type LuaRuntime, RUN } from '../src/scripting/lua/lua-runtime.ts';
import { createLuaRuntime } from '../src/scripting/lua/open-libraries.ts';
import { print, printJson, printTable } from './support/report.ts';

const IS_TINY = process.argv.includes('--tiny');
const BENCH_MS = IS_TINY ? 5 : 500;
const TURNS = IS_TINY ? 1_000 : 100_000;

/** Name, source, turns of its loop. */
const SCRIPTS: readonly [string, string, number][] = [
  ['one command', "return redis.call('get', KEYS[1])", 1],
  [
    'compare and delete',
    "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0",
    1,
  ],
  ['numeric loop', 'local s = 0 for i = 1, N do s = s + i end return s', TURNS],
  ['call of a local function', callLoop(), TURNS],
  ['append to a table', 'local t = {} for i = 1, N do t[#t + 1] = i end return #t', TURNS],
  ['ipairs', 'local t = {1, 2, 3, 4} for i = 1, N / 4 do for _, v in ipairs(t) do end end', TURNS],
  ['field of a table', 'local p = {x = 1} for i = 1, N do p.x = p.x + 1 end return p.x', TURNS],
  [
    'table of three fields',
    'local o for i = 1, N do o = {a = i, b = 2, c = 3} end return o',
    TURNS,
  ],
  ['joining texts', 'local n = 0 for i = 1, N do n = n + #("k" .. i) end return n', TURNS],
  ['library function', 'local n = 0 for i = 1, N do n = n + math.floor(i / 3) end return n', TURNS],
  ['pcall', 'for i = 1, N do pcall(math.abs, i) end', TURNS],
  ['pcall of an error', 'for i = 1, N do pcall(error, "x") end', TURNS],
  ['coroutine', coroutineLoop(), TURNS],
];

function callLoop(): string {
  return 'local function f(a) while a > 0 do return a end end for i = 1, N do f(i) end';
}

function coroutineLoop(): string {
  return (
    'local f = coroutine.wrap(function() while true do coroutine.yield(1) end end)' +
    ' for i = 1, N do f() end'
  );
}

function main(): void {
  const rows: string[][] = [];
  const figures: Record<string, number> = {};
  for (const [name, text, turnCount] of SCRIPTS) {
    const source = text.replaceAll('N', String(TURNS));
    const runtime = createRuntime();
    const compileUs = usOf(() => compile(source, '@user_script'));
    const script = runtime.load(compile(source, '@user_script'));
    const runUs = usOf(() => {
      runtime.setGlobal('KEYS', runtime.machine.newList(['key']));
      runtime.setGlobal('ARGV', runtime.machine.newList(['value']));
      if (runtime.run(script, []) !== RUN.DONE) throw new Error(String(runtime.errorValue));
    });
    const ns = (runUs * 1_000) / turnCount;
    figures[name] = ns;
    rows.push([name, `${ns.toFixed(1)} ns`, `${compileUs.toFixed(0)} us`]);
  }
  printTable(['script', turnsTitle(), 'compiling'], rows);
  print('');
  printJson('lua', figures);
}

function turnsTitle(): string {
  return 'one run, or one turn of its loop';
}

function createRuntime(): LuaRuntime {
  const runtime = createLuaRuntime({
    bytesMax: Number.MAX_SAFE_INTEGER,
    sliceSteps: 100_000,
    stackBytesMax: 700_000,
    onSlice: () => false,
  });
  const { globals, machine } = runtime;
  const redis = machine.newTable();
  redis.setString(
    'call',
    machine.native('call', (_host, args) => args[args.length - 1]),
  );
  globals.setString('redis', redis);
  runtime.protect();
  return runtime;
}

/** Microseconds of one call. */
function usOf(run: () => void): number {
  for (let i = 0; i < 3; i++) run();
  const startMs = performance.now();
  let count = 0;
  let endMs = startMs;
  while (endMs - startMs < BENCH_MS) {
    for (let i = 0; i < 5; i++) run();
    count += 5;
    endMs = performance.now();
  }
  return ((endMs - startMs) * 1_000) / count;
}

main();
