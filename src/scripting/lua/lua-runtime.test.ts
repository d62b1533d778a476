import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTestRuntime, runLua, showing } from '../../testing/lua-kit.ts';
import { compile } from './compiler/compile.ts';
import { RUN, type RunState, ScriptKilled } from './lua-runtime.ts';

test('a script is suspended at the end of a slice and goes on where it was', () => {
  const bodies = [
    'local s = 0 for i = 1, 5000 do s = s + i end return s',
    'local s = 0 while s < 12502500 do s = s + 2500 end return 12502500',
    'local function f(n) if n == 0 then return 0 end return n + f(n - 1) end' +
      ' local s = 0 for i = 1, 100 do s = f(100) end return 12502500',
    'local ok, v = pcall(function() local s = 0 for i = 1, 5000 do s = s + i end return s end)' +
      ' return v',
    'local f = coroutine.wrap(function() for i = 1, 5000 do coroutine.yield(i) end end)' +
      ' local s = 0 for i = 1, 5000 do s = s + f() end return s',
    'local function f(n, s) if n == 0 then return s end return f(n - 1, s + n) end' +
      ' return f(5000, 0)',
    'local t = {} for i = 1, 5000 do t[i] = i end local s = 0' +
      ' for _, v in pairs(t) do s = s + v end return s',
  ];
  for (const body of bodies) {
    const runtime = createTestRuntime({ sliceSteps: 100, onSlice: () => true });
    const main = runtime.load(compile(body, '@user_script'));
    let state: RunState = runtime.run(main, []);
    let suspensionCount = 0;
    while (state === RUN.SUSPENDED) {
      suspensionCount++;
      state = runtime.resume();
    }
    assert.equal(state, RUN.DONE, String(runtime.errorValue));
    assert.deepEqual(runtime.results, [12_502_500], body);
    assert.ok(suspensionCount >= 10, `${suspensionCount} suspensions: ${body}`);
  }
});

test('a suspended script can be killed, and no pcall of it sees that', () => {
  const bodies = [
    'while true do end',
    'while true do pcall(function() while true do end end) end',
    'local function f() return f() end f()',
    'local c = coroutine.wrap(function() while true do end end) while true do pcall(c) end',
    'while true do xpcall(function() while true do end end, function() end) end',
  ];
  for (const body of bodies) {
    const runtime = createTestRuntime({ sliceSteps: 1_000, onSlice: () => true });
    const main = runtime.load(compile(body, '@user_script'));
    assert.equal(runtime.run(main, []), RUN.SUSPENDED);
    assert.equal(runtime.resume(), RUN.SUSPENDED);
    assert.equal(runtime.kill('stopped'), RUN.FAILED);
    assert.equal(runtime.errorValue, 'stopped');
    assert.equal(runtime.wasKilled, true);
    assert.equal(runLua('return 1 + 1', runtime), '2');
  }
});

test('where it cannot be suspended a script can still be ended', () => {
  const bodies = [
    'table.sort({3, 2, 1}, function() while true do end end)',
    'return setmetatable({}, {__index = function() while true do end end}).x',
    '("x"):gsub("x", function() while true do end end)',
    'table.insert({}, -1e15, 1)',
    'pcall(function() return -setmetatable({}, {__unm = function() while true do end end}) end)',
  ];
  for (const body of bodies) {
    let sliceCount = 0;
    const onSlice = (canSuspend: boolean): boolean => {
      assert.equal(canSuspend, false);
      if (++sliceCount === 3) throw new ScriptKilled('stopped');
      return false;
    };
    const runtime = createTestRuntime({ sliceSteps: 1_000, onSlice });
    assert.equal(runLua(body, runtime), 'error: stopped', body);
  }
});

test('memory of one script is bounded, and the next one has all of it again', () => {
  const bodies = [
    'local s = "x" while true do s = s .. s end',
    'local t = {} while true do t[#t + 1] = {} end',
    'local t = {} local i = 0 while true do i = i + 1 t["k" .. i] = i end',
    'local t = {} while true do t[#t + 1] = function() return t end end',
    'return ("x"):rep(1e9)',
    'local t = {} for i = 1, 1e5 do t[i] = ("x"):rep(1000) end return #table.concat(t)',
  ];
  const runtime = createTestRuntime({ bytesMax: 4 * 1024 * 1024 });
  for (const body of bodies) {
    assert.match(runLua(body, runtime), /^error: .*not enough memory/, body);
    assert.equal(runLua('return #(("x"):rep(1000000))', runtime), '1000000');
  }
});

test('text added piece by piece does not count as a copy of the whole each time', () => {
  const body = 'local s = "" for i = 1, 50000 do s = s .. "0123456789" end return #s';
  assert.equal(runLua(body, createTestRuntime({ bytesMax: 16 * 1024 * 1024 })), '500000');
});

test('depth ends with an error of Lua long before the stack of the host', () => {
  const bodies = [
    'local function f(n) return 1 + f(n + 1) end f(1)',
    'local function f(...) return 1 + f(1, ...) end f(1)',
    'local t = setmetatable({}, {__index = function(t, k) return t[k + 1] end}) return t[1]',
    'local function f() local ok, e = pcall(f) error(e, 0) end f()',
    'local function f() for k in pairs({1}) do f() end end f()',
    'local function f() error(select(2, coroutine.resume(coroutine.create(f))), 0) end f()',
  ];
  const runtime = createTestRuntime();
  const { machine } = runtime;
  const settle = machine.settle.bind(machine);
  machine.settle = (thrown) => {
    assert.ok(!(thrown instanceof RangeError), 'the stack of the host was reached');
    return settle(thrown);
  };
  for (const body of bodies) {
    assert.match(runLua(showing(body), runtime), /false\|.*stack overflow/, body);
  }
});

test('calls at the end of a function take no stack', () => {
  const body = `local a, b
    function a(n) if n == 0 then return "end" end return b(n - 1) end
    function b(n) return a(n) end
    return a(300000)`;
  assert.equal(runLua(body), 'end');
  assert.equal(
    runLua('local function f(n) return n == 0 and 1 or f(n - 1) end return f(1000)'),
    '1',
  );
});

test('nothing of the host is in reach', () => {
  const names = ['constructor', '__proto__', 'prototype', 'toString', 'process', 'globalThis'];
  for (const name of names) {
    const body = `local t = {} local s = "" local f = function() end
      return tostring(t["${name}"]) .. tostring(s["${name}"]) .. tostring(redis["${name}"])`;
    assert.equal(runLua(body), 'nilnilnil', name);
    assert.match(runLua(`return ${name}`), /nonexistent global variable/, name);
    assert.match(runLua(`local f = function() end return f.${name}`), /attempt to index local 'f'/);
    assert.match(runLua(`local n = 1 return n.${name}`), /attempt to index local 'n'/);
    const set = `local t = {["${name}"] = 1} t.${name} = 5 return t["${name}"] + (t.x or 0)`;
    assert.equal(runLua(set), '5', name);
  }
});

test('names of a script never become names of JavaScript', () => {
  const words = 'this arguments eval R B G S U V F E W t1 L0 P0 one many finish NEXT await yield';
  for (const word of words.split(' ')) {
    assert.equal(runLua(`local ${word} = 7 return ${word}`), '7', word);
    assert.equal(
      runLua(`local function ${word}(${word}) return ${word} end return ${word}(3)`),
      '3',
    );
    assert.match(runLua(`return ${word}`), /nonexistent global variable/, word);
  }
});

test('strings of every byte come through as they are', () => {
  const bytes = Array.from({ length: 256 }, (_, i) => `\\${i}`).join('');
  const text = Array.from({ length: 256 }, (_, i) => String.fromCharCode(i)).join('');
  assert.equal(runLua(`return "${bytes}"`), text);
  assert.equal(runLua(`return [==[\n${text.replace('\r', '')}]==]`), text.replace('\r', ''));
});

test('a chunk deeper than the stack of the host is refused, not a crash', () => {
  const sources = [`return ${'1 + '.repeat(100_000)}1`, `return redis${'.a'.repeat(100_000)}`];
  for (const source of sources) {
    const shown = runLua(source);
    assert.ok(
      shown === '100001' || /too many syntax levels|index/.test(shown),
      shown.slice(0, 200),
    );
  }
  assert.match(runLua(`return ${'('.repeat(300)}1${')'.repeat(300)}`), /too many syntax levels/);
});
