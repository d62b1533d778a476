import { createHash } from 'node:crypto';
import { encodeFunctionPayload } from '../../../src/scripting/function-payload.ts';
import type { Argument } from '../../support/wire-client.ts';
import type { Draft, Generator, GrammarRow } from '../generator.ts';
import { luaProgram } from './lua-program.ts';

/** Scripts that come again and again, so that EVALSHA finds some. */
const SCRIPTS: readonly string[] = [
  'return 1',
  'return {KEYS, ARGV}',
  "return redis.call('get', KEYS[1])",
  "return redis.call('set', KEYS[1], ARGV[1])",
  "#!lua flags=no-writes\nreturn redis.call('get', KEYS[1])",
  "#!lua\nreturn redis.call('incr', KEYS[1])",
  "#!lua flags=no-writes,allow-oom\nreturn redis.pcall('set', KEYS[1], 'x')",
  '#!lua flags=nonsense\nreturn 1',
  '#!lua name=x\nreturn 1',
  '#!js\nreturn 1',
  '#!lua',
  'return (',
  'return {1, 2.9, "three", true, false, {ok="OK"}, {err="ERR no"}, nil, 5}',
  'return {double=1.5, map={a=1}}',
  'return {map={a={1, 2}}}',
  'return {set={a=true}}',
  'return {big_number="12345678901234567890"}',
  'return {verbatim_string={format="txt", string="abc"}}',
  'redis.setresp(3) return {true, false, {double=-0.25}}',
  'return redis.error_reply("MY text")',
  'return redis.error_reply("short")',
  'return redis.status_reply("fine")',
  'return redis.sha1hex(ARGV[1] or "")',
  'return redis.acl_check_cmd("set", KEYS[1] or "x", "y")',
  'return {redis.REDIS_VERSION_NUM >= 0x70000, redis.LOG_NOTICE, redis.REPL_ALL}',
  'return math.random(1000)',
  'return tostring(cjson.decode("[1,{\\"a\\":null}]")[2].a)',
];

const LIBRARIES: readonly string[] = [
  "#!lua name=one\nredis.register_function('f1', function(keys, args) return {keys, args} end)",
  "#!lua name=one\nredis.register_function{function_name='f1', flags={'no-writes'}, " +
    "description='reads', callback=function(keys) return redis.call('get', keys[1]) end}",
  "#!lua name=two\nlocal n = 0 redis.register_function('f2', function() n = n + 1 return n end) " +
    "redis.register_function('f3', function() error('boom') end)",
  "#!lua name=three\nredis.register_function('f1', function() return 3 end)",
  "#!lua name=four\nredis.register_function('f4', function(k, a) " +
    "return redis.call('set', k[1], a[1]) end)",
  '#!lua name=five\nlocal x = 1',
  '#!lua name=six\nredis.register_function()',
  "#!lua name=se-ven\nredis.register_function('f7', function() end)",
  "#!lua name=eight\nredis.call('ping')",
  '#!lua\nreturn 1',
  '#!lua name=nine\nreturn (',
  'no header',
];

const FUNCTIONS = ['f1', 'f2', 'f3', 'F4', 'f4', 'nosuch'];

function keysAndArguments(g: Generator): Argument[] {
  if (g.chance(0.04)) return [g.pick(['-1', 'x', '99', ''])];
  const keys = g.times(0, 2, () => g.key());
  return [String(keys.length), ...keys, ...g.times(0, 2, () => g.value())];
}

function digest(source: string): string {
  return createHash('sha1').update(source, 'utf8').digest('hex');
}

function script(g: Generator, d: Draft): void {
  if (g.chance(0.85)) d.label('program').add(luaProgram(g));
  else d.add(g.pick(SCRIPTS));
  d.add(...keysAndArguments(g));
}

function byDigest(g: Generator, d: Draft): void {
  const sha = g.chance(0.95) ? digest(g.pick(SCRIPTS)) : g.pick(['abc', 'f'.repeat(40)]);
  d.add(g.chance(0.1) ? sha.toUpperCase() : sha, ...keysAndArguments(g));
}

function evalRow(name: string, weight: number, make: GrammarRow['make']): GrammarRow {
  return { name, weight, isFragile: true, make };
}

export const SCRIPTING_ROWS: readonly GrammarRow[] = [
  evalRow('EVAL', 60, script),
  evalRow('EVAL_RO', 10, script),
  evalRow('EVALSHA', 12, byDigest),
  evalRow('EVALSHA_RO', 6, byDigest),
  evalRow('FCALL', 12, (g, d) => d.add(g.pick(FUNCTIONS), ...keysAndArguments(g))),
  evalRow('FCALL_RO', 6, (g, d) => d.add(g.pick(FUNCTIONS), ...keysAndArguments(g))),
  { name: 'SCRIPT LOAD', weight: 8, make: (g, d) => d.add(g.pick(SCRIPTS)) },
  {
    name: 'SCRIPT EXISTS',
    weight: 4,
    make: (g, d) => d.add(...g.times(1, 3, () => digest(g.pick(SCRIPTS)))),
  },
  {
    name: 'SCRIPT FLUSH',
    weight: 1,
    make: (g, d) => {
      if (g.chance(0.6)) d.add(g.pick(['ASYNC', 'sync', 'nonsense']));
    },
  },
  { name: 'SCRIPT KILL', weight: 1, make: () => {} },
  { name: 'SCRIPT HELP', weight: 1, make: () => {} },
  {
    name: 'FUNCTION LOAD',
    weight: 8,
    isFragile: true,
    make: (g, d) => {
      if (g.chance(0.6)) d.option('REPLACE');
      d.add(g.pick(LIBRARIES));
    },
  },
  {
    name: 'FUNCTION LIST',
    weight: 4,
    comparison: 'unordered',
    make: (g, d) => {
      if (g.chance(0.4)) d.option('LIBRARYNAME', g.pick(['*', 'o*', 'TWO', 'none']));
      if (g.chance(0.4)) d.option('WITHCODE');
    },
  },
  { name: 'FUNCTION DELETE', weight: 3, make: (g, d) => d.add(g.pick(['one', 'two', 'nosuch'])) },
  {
    name: 'FUNCTION FLUSH',
    weight: 1,
    make: (g, d) => {
      if (g.chance(0.6)) d.add(g.pick(['ASYNC', 'sync', 'nonsense']));
    },
  },
  { name: 'FUNCTION DUMP', weight: 2, comparison: 'kind', make: () => {} },
  {
    name: 'FUNCTION RESTORE',
    weight: 4,
    isFragile: true,
    make: (g, d) => {
      // Of several libraries that fail, redis-server names the first of its hash table.
      const payload = Buffer.from(encodeFunctionPayload([g.pick(LIBRARIES)]));
      if (g.chance(0.1)) payload[g.below(payload.length)] ^= 1;
      d.add(payload);
      if (g.chance(0.7)) d.add(g.pick(['FLUSH', 'append', 'REPLACE', 'nonsense']));
    },
  },
  { name: 'FUNCTION STATS', weight: 2, make: () => {} },
  { name: 'FUNCTION KILL', weight: 1, make: () => {} },
  { name: 'FUNCTION HELP', weight: 1, make: () => {} },
];
