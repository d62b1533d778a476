import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { type CommandKit, createCommandKit } from '../../testing/command-kit.ts';

let kit: CommandKit;

beforeEach(async () => {
  kit = await createCommandKit();
});

function ask(...args: (string | Uint8Array | number)[]): unknown {
  return textOf(kit.ask(...args));
}

/** Errors as text with a leading `-`, at every depth. */
function textOf(reply: unknown): unknown {
  if (Array.isArray(reply)) return reply.map(textOf);
  return reply instanceof Error ? `-${reply.message}` : reply;
}

function evaluate(source: string, ...rest: (string | number)[]): unknown {
  return ask('EVAL', source, ...(rest.length === 0 ? [0] : rest));
}

/** An error as a script's caller sees it, without the script's digest. */
function errorOf(reply: unknown): string {
  return String(reply).replace(/script: [0-9a-f]{40}/, 'script: SHA');
}

test('values of Lua become replies', () => {
  const cases: [string, unknown][] = [
    ['return 1', 1],
    ['return 3.99', 3],
    ['return -3.99', -3],
    ['return "a\\0b"', 'a\0b'],
    ['return true', 1],
    ['return false', null],
    ['return nil', null],
    ['return', null],
    ['return {1, "two", {3}}', [1, 'two', [3]]],
    ['return {1, nil, 3}', [1]],
    ['return {ok="fine"}', 'fine'],
    ['return {double=1.5}', '1.5'],
    ['return {big_number="12"}', '12'],
  ];
  for (const [source, expected] of cases) {
    assert.deepEqual(evaluate(source), expected, source);
  }
  assert.match(errorOf(evaluate('return print')), /^-ERR user_script:1: Script attempted/);
});

test('RESP3 clients get maps, sets, doubles and booleans', () => {
  kit.session.protocol = 3;
  assert.equal(kit.run('EVAL', 'return {double=0.1}', 0).kind, 'double');
  assert.equal(kit.run('EVAL', 'return {map={a=1}}', 0).kind, 'map');
  assert.equal(kit.run('EVAL', 'return {set={a=1}}', 0).kind, 'set');
  assert.equal(kit.run('EVAL', 'redis.setresp(3) return false', 0).kind, 'boolean');
  assert.equal(kit.run('EVAL', 'return false', 0).kind, 'null');
});

test('keys and arguments come as lists of binary strings', () => {
  assert.deepEqual(evaluate('return {KEYS, ARGV}', 1, 'k', 'x', 'y'), [['k'], ['x', 'y']]);
  assert.deepEqual(evaluate('return #KEYS[1]', 1, 'a\0b'), 3);
  assert.equal(evaluate('return 1', -1), "-ERR Number of keys can't be negative");
  const tooMany = "-ERR Number of keys can't be greater than number of args";
  assert.equal(evaluate('return 1', 2, 'a'), tooMany);
  assert.equal(evaluate('return 1', '99999999999999999'), tooMany);
  assert.equal(evaluate('return 1', 'x'), '-ERR value is not an integer or out of range');
});

test('redis.call raises what redis.pcall gives', () => {
  kit.run('SET', 'k', 'text');
  assert.equal(
    errorOf(evaluate("return redis.call('incr', 'k')")),
    '-ERR value is not an integer or out of range script: SHA, on @user_script:1.',
  );
  assert.equal(
    evaluate("return redis.pcall('incr', 'k')"),
    '-ERR value is not an integer or out of range',
  );
  assert.equal(evaluate("return redis.pcall('incr', 'k').err .. '!'"), `${NOT_INTEGER}!`);
  assert.deepEqual(evaluate("return {pcall(redis.call, 'incr', 'k')}"), [null, NOT_INTEGER]);
});

const NOT_INTEGER = 'ERR value is not an integer or out of range';

test('an error counts once, under its own code', () => {
  kit.run('CONFIG', 'RESETSTAT');
  evaluate("return redis.call('nosuch')");
  evaluate("return redis.error_reply('MINE is it')");
  const info = String(ask('INFO', 'errorstats'));
  assert.match(info, /errorstat_ERR:count=1\r\n/);
  assert.match(info, /errorstat_MINE:count=1\r\n/);
});

test('a script selects a database for itself', () => {
  kit.run('SET', 'k', 'zero');
  assert.equal(evaluate("redis.call('select', 1) return redis.call('get', 'k')"), null);
  assert.equal(ask('GET', 'k'), 'zero');
  errorOf(evaluate("redis.call('select', 2) error('x')"));
  assert.equal(kit.session.databaseIndex, 0);
});

test('what is not for scripts is refused', () => {
  const refused = [
    'eval',
    'multi',
    'subscribe',
    'auth',
    'config get',
    'script load',
    'function list',
  ];
  for (const line of refused) {
    const words = [...line.split(' '), 'x', 'y'].map((word) => `'${word}'`).join(', ');
    const reply = errorOf(evaluate(`return redis.pcall(${words})`));
    assert.match(reply, /not allowed from script|Wrong number of args/, line);
  }
});

test('read-only forms and flags refuse writes', () => {
  const text = '-ERR Write commands are not allowed from read-only scripts.';
  assert.equal(ask('EVAL_RO', "return redis.pcall('set', 'k', 1)", 0), text);
  assert.equal(evaluate("#!lua flags=no-writes\nreturn redis.pcall('set', 'k', 1)"), text);
  assert.equal(
    ask('EVAL_RO', '#!lua\nreturn 1', 0),
    '-ERR Can not execute a script with write flag using *_ro command.',
  );
  assert.equal(ask('EXISTS', 'k'), 0);
});

test('scripts are found by their digest in any case until they are flushed', () => {
  const digest = String(ask('SCRIPT', 'LOAD', 'return ARGV[1]'));
  assert.match(digest, /^[0-9a-f]{40}$/);
  assert.equal(ask('EVALSHA', digest, 0, 'x'), 'x');
  assert.equal(ask('EVALSHA_RO', digest.toUpperCase(), 0, 'y'), 'y');
  assert.deepEqual(ask('SCRIPT', 'EXISTS', digest, 'nothing'), [1, 0]);
  assert.equal(ask('SCRIPT', 'FLUSH'), 'OK');
  assert.equal(ask('EVALSHA', digest, 0), '-NOSCRIPT No matching script. Please use EVAL.');
});

test('the effects of a script are one group', () => {
  const story: string[] = [];
  const { sink } = kit.session.store;
  sink.attach({
    onEffect: (effect) => story.push(effect.frame.latin1(0).toUpperCase()),
    onGroupBegin: () => story.push('('),
    onGroupEnd: () => story.push(')'),
  });
  evaluate("redis.call('set', 'a', 1) redis.call('incr', 'a') redis.call('get', 'a')");
  evaluate("return redis.call('get', 'a')");
  errorOf(evaluate("redis.call('del', 'a') error('x')"));
  kit.run('MULTI');
  kit.run('EVAL', "redis.call('set', 'b', 1)", 0);
  kit.run('SET', 'c', 1);
  kit.run('EXEC');
  kit.run('SET', 'd', 1);
  assert.match(story.join(' '), /^\( SET \w+ \) \( DEL \) \( SET SET \) SET$/);
});

test('a script sees one moment', () => {
  kit.run('SET', 'k', 'v', 'PX', 5);
  const { world } = kit;
  kit.session.node.debug.runsDeniedInScripts = true;
  kit.session.node.clock.refresh();
  const source = "local a = redis.call('exists', 'k') return {a, redis.call('pttl', 'k')}";
  assert.deepEqual(evaluate(source), [1, 5]);
  world.advance(6);
  assert.deepEqual(evaluate(source), [0, -2]);
});

test('globals cannot be made, changed, or read by a wrong name', () => {
  assert.match(errorOf(evaluate('x = 1')), /Attempt to modify a readonly table/);
  assert.match(errorOf(evaluate('string.rep = 1')), /Attempt to modify a readonly table/);
  assert.match(errorOf(evaluate('KEYS = 1')), /Attempt to modify a readonly table/);
  assert.match(errorOf(evaluate('return process')), /nonexistent global variable 'process'/);
});

test('no object of the host is in reach', () => {
  const names = ['constructor', '__proto__', 'prototype', 'toString', 'call', 'plain', 'arguments'];
  for (const name of names) {
    const values = [`("x").${name}`, `({}).${name}`, `KEYS.${name}`];
    const source = `return {${values.map((value) => `tostring(${value})`).join(', ')}}`;
    assert.deepEqual(evaluate(source), ['nil', 'nil', 'nil'], name);
    assert.match(errorOf(evaluate(`return (function() end).${name}`)), /attempt to index/);
  }
});

test('budgets end scripts that make too much', () => {
  const source = "local s = 'x' for i = 1, 100 do s = s .. s end return #s";
  assert.match(errorOf(evaluate(source)), /^-ERR .*not enough memory/);
  assert.match(errorOf(evaluate('local function f() return 1 + f() end f()')), /stack overflow/);
  assert.match(errorOf(evaluate("string.rep('x', 1e9)")), /not enough memory/);
});

test('keys of scripts are told to COMMAND GETKEYS', () => {
  assert.deepEqual(ask('COMMAND', 'GETKEYS', 'EVAL', 'x', 2, 'a', 'b', 'c'), ['a', 'b']);
  assert.deepEqual(ask('COMMAND', 'GETKEYS', 'FCALL', 'x', 1, 'a', 'c'), ['a']);
});

const LIBRARY =
  "#!lua name=lib\nlocal n = 0\nredis.register_function('f', function(keys, args) n = n + 1 " +
  'return {keys, args, n} end)\n' +
  "redis.register_function{function_name='r', description='reads', flags={'no-writes'}, " +
  "callback=function(keys) return redis.call('get', keys[1]) end}";

test('functions keep what their library keeps, and answer to any case', () => {
  assert.equal(ask('FUNCTION', 'LOAD', LIBRARY), 'lib');
  assert.deepEqual(ask('FCALL', 'f', 1, 'k', 'a'), [['k'], ['a'], 1]);
  assert.deepEqual(ask('FCALL', 'F', 0), [[], [], 2]);
  kit.run('SET', 'k', 'v');
  assert.equal(ask('FCALL_RO', 'r', 1, 'k'), 'v');
  assert.match(String(ask('FCALL_RO', 'f', 0)), /write flag using \*_ro/);
  assert.equal(ask('FUNCTION', 'LOAD', LIBRARY), "-ERR Library 'lib' already exists");
  assert.equal(ask('FUNCTION', 'LOAD', 'REPLACE', LIBRARY), 'lib');
  assert.deepEqual(ask('FCALL', 'f', 0), [[], [], 1]);
  assert.equal(ask('FUNCTION', 'DELETE', 'lib'), 'OK');
  assert.equal(ask('FCALL', 'f', 0), '-ERR Function not found');
});

test('a library that fails leaves nothing behind', () => {
  ask('FUNCTION', 'LOAD', LIBRARY);
  const other = "#!lua name=other\nredis.register_function('g', function() end)\n";
  const clash = `${other}redis.register_function('f', function() end)`;
  assert.equal(ask('FUNCTION', 'LOAD', clash), '-ERR Function f already exists');
  assert.match(String(ask('FUNCTION', 'LOAD', `${other}x = 1`)), /readonly table/);
  assert.match(String(ask('FUNCTION', 'LOAD', `${other}redis.call('ping')`)), /'call'/);
  assert.equal(ask('FCALL', 'g', 0), '-ERR Function not found');
  assert.equal((ask('FUNCTION', 'LIST') as unknown[]).length, 1);
});

test('a dump restores, and a damaged one is refused whole', () => {
  ask('FUNCTION', 'LOAD', LIBRARY);
  const reply = kit.run('FUNCTION', 'DUMP');
  assert.equal(reply.kind, 'bulk');
  const payload = Buffer.from(reply.kind === 'bulk' ? reply.bytes : []);
  ask('FUNCTION', 'FLUSH');
  for (let i = 0; i < payload.length; i++) {
    const damaged = Buffer.from(payload);
    damaged[i] ^= 1 + (i % 255);
    assert.match(String(ask('FUNCTION', 'RESTORE', damaged)), /^-ERR DUMP payload version/);
    assert.match(String(ask('FUNCTION', 'RESTORE', payload.subarray(0, i))), /^-ERR DUMP/);
  }
  assert.deepEqual(ask('FUNCTION', 'LIST'), []);
  assert.equal(ask('FUNCTION', 'RESTORE', payload), 'OK');
  assert.deepEqual(ask('FCALL', 'f', 0), [[], [], 1]);
  assert.equal(ask('FUNCTION', 'RESTORE', payload), '-ERR Library lib already exists');
  assert.equal(ask('FUNCTION', 'RESTORE', payload, 'REPLACE'), 'OK');
  assert.equal(ask('FUNCTION', 'RESTORE', payload, 'FLUSH'), 'OK');
});

test('scripts and functions run within MULTI', () => {
  kit.run('MULTI');
  kit.run('EVAL', "redis.call('set', 'k', 1) return redis.call('incr', 'k')", 0);
  kit.run('GET', 'k');
  assert.deepEqual(ask('EXEC'), [2, '2']);
});

test('a watched key that a script touches stops EXEC', () => {
  const other = kit.openSession();
  kit.run('SET', 'k', 1);
  kit.run('WATCH', 'k');
  kit.runAs(other, 'EVAL', "redis.call('set', 'k', 2)", 0);
  kit.run('MULTI');
  kit.run('GET', 'k');
  assert.equal(ask('EXEC'), null);
});

test('INFO counts scripts, libraries and functions, and what they hold', () => {
  evaluate('return 1');
  evaluate('return 2');
  evaluate('return 2');
  kit.run('FUNCTION', 'LOAD', LIBRARY);
  const info = String(ask('INFO', 'memory'));
  assert.match(info, /number_of_cached_scripts:2\r\n/);
  assert.match(info, /number_of_functions:2\r\nnumber_of_libraries:1\r\n/);
  assert.ok(Number(/used_memory_scripts_eval:(\d+)/.exec(info)?.[1]) > 1_000);
  assert.ok(Number(/used_memory_functions:(\d+)/.exec(info)?.[1]) > LIBRARY.length);
});

test('without room a script that may write is refused, as its first line says', () => {
  const library = (flags: string): string =>
    '#!lua name=l\nredis.register_function' +
    `{function_name='f', callback=function() return 1 end${flags}}`;
  ask('FUNCTION', 'LOAD', library(''));
  ask('SET', 'k', 'v');
  kit.session.store.setPolicy('noeviction');
  kit.session.store.memoryBytesMax = 1;
  ask('CONFIG', 'RESETSTAT');
  assert.match(String(ask('FCALL', 'f', 0)), /^-OOM /);
  assert.match(String(ask('EVAL', '#!lua\nreturn 1', 0)), /^-OOM /);
  assert.equal(ask('EVAL', 'return 1', 0), 1);
  assert.equal(ask('EVAL', '#!lua flags=no-writes\nreturn 1', 0), 1);
  assert.equal(ask('EVAL', '#!lua flags=allow-oom\nreturn 1', 0), 1);
  const told = String(ask('INFO', 'commandstats'));
  assert.match(told, /cmdstat_fcall:calls=0,.*rejected_calls=1,failed_calls=0/);
  assert.match(told, /cmdstat_eval:calls=3,.*rejected_calls=1,failed_calls=0/);
  kit.session.store.memoryBytesMax = 0;
  ask('MULTI');
  ask('EVAL', '#!lua\nreturn 1', 0);
  kit.session.store.memoryBytesMax = 1;
  assert.match(String(ask('EXEC')), /^-EXECABORT .*OOM/);
});
