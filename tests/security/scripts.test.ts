import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { describeReply } from '../../src/testing/reply-decoder.ts';
import { type RunningServer, startOurs } from '../support/server.ts';
import { WireClient } from '../support/wire-client.ts';

/** SECURITY.md, lines 13 and 17: what scripts and waiting clients may do to others. */

let server: RunningServer;
let client: WireClient;
before(async () => {
  server = await startOurs({ args: ['--busy-reply-threshold', '50'] });
  client = await WireClient.connect(server.port);
});
after(async () => {
  client.socket.destroy();
  await server.stop();
});

async function evaluate(script: string): Promise<string> {
  return describeReply(await client.call('EVAL', script, '0'));
}

test('SECURITY 17: no host object is within reach of a script', async () => {
  const probes = [
    'return tostring(process)',
    'return tostring(globalThis)',
    'return tostring(require)',
    "return type(('x').constructor)",
    'return type(redis.call.constructor)',
    'return tostring(setmetatable({}, {}).__proto__)',
    'local t = {} t.__proto__ = 1 t.constructor = 2 return t.__proto__ + t.constructor',
    "return type(string['constructor'])",
    'local f = function() end return type(f.caller)',
  ];
  for (const probe of probes) {
    const reply = await evaluate(`local ok, v = pcall(function() ${probe} end) return tostring(v)`);
    assert.ok(!/object|native|\[|Function|=>/.test(reply), `${probe}: ${reply}`);
  }
  assert.match(await evaluate('return process.exit(1)'), /nonexistent global variable 'process'/);
});

test('SECURITY 17: globals are frozen, and nothing is left for the next script', async () => {
  assert.match(await evaluate('x = 1'), /ERR .*(global|readonly)/i);
  assert.match(await evaluate('_G.x = 1'), /ERR .*(global|readonly)/i);
  assert.match(await evaluate("rawset(_G, 'x', 1)"), /ERR .*readonly/i);
  assert.match(await evaluate('string.rep = nil'), /ERR .*readonly/i);
  assert.match(await evaluate("getmetatable('').__index = nil"), /ERR/);
  assert.match(await evaluate('redis.call = nil'), /ERR .*readonly/i);
  assert.equal(await evaluate('return type(string.rep)'), '"function"');
});

test('SECURITY 17: there is no bytecode, and no file, process or debugger', async () => {
  for (const name of ['dofile', 'loadfile', 'io', 'require', 'package', 'debug', 'print']) {
    assert.match(await evaluate(`return ${name}`), /nonexistent global variable/, name);
  }
  assert.match(await evaluate("return loadstring('\\27Lua')()"), /ERR/);
  assert.match(await evaluate('return string.dump(function() end)'), /ERR/);
  assert.match(await evaluate("return os.execute('true')"), /ERR/);
});

test('SECURITY 17: memory and time of a script are bounded', async () => {
  assert.match(await evaluate("return #string.rep('x', 2^30)"), /ERR/);
  assert.match(await evaluate("local s = 'x' while true do s = s .. s end"), /ERR/);
  assert.match(await evaluate('local function f() return f() + 1 end return f()'), /ERR.*overflow/);
  const hostile = `return string.find(string.rep('a', 50), string.rep('a?', 50) .. 'b')`;
  assert.ok(await evaluate(hostile));
  assert.equal(describeReply(await client.call('PING')), '+PONG');
});

test('SECURITY 17: others are told BUSY and may kill what runs for ever', async () => {
  const other = await WireClient.connect(server.port);
  const running = evaluate('while true do end');
  let answer = '';
  for (let i = 0; i < 100 && !answer.includes('BUSY'); i++) {
    answer = describeReply(await other.call('GET', 'k'));
  }
  assert.match(answer, /^-?BUSY/);
  assert.equal(describeReply(await other.call('SCRIPT', 'KILL')), '+OK');
  assert.match(await running, /Script killed by user with SCRIPT KILL/);
  assert.equal(describeReply(await other.call('GET', 'k')), 'null($)');
  other.socket.destroy();
});

test('SECURITY 17: a script that has written is not killed', async () => {
  const other = await WireClient.connect(server.port);
  const running = evaluate(
    "redis.call('set', 'written', '1') local t = redis.call('time') " +
      "for i = 1, 3e8 do end return redis.call('get', 'written')",
  );
  let answer = '';
  for (let i = 0; i < 100 && !answer.includes('BUSY'); i++) {
    answer = describeReply(await other.call('GET', 'written'));
  }
  assert.match(answer, /BUSY/);
  assert.match(describeReply(await other.call('SCRIPT', 'KILL')), /UNKILLABLE/);
  assert.equal(await running, '"1"');
  other.socket.destroy();
});

test('SECURITY 13: clients that wait can be killed and leave nothing behind', async () => {
  const waiting = await WireClient.connect(server.port);
  const id = describeReply(await waiting.call('CLIENT', 'ID')).replace(/\D/g, '');
  const blocked = waiting.call('BLPOP', 'nobody', '0').catch((error: Error) => error.message);
  let count = '';
  for (let i = 0; i < 100 && !count.includes('blocked_clients:1'); i++) {
    count = describeReply(await client.call('INFO', 'clients'));
  }
  assert.match(count, /blocked_clients:1/);
  assert.equal(describeReply(await client.call('CLIENT', 'KILL', 'ID', id)), ':1');
  assert.match(String(await blocked), /closed/);
  assert.equal(describeReply(await client.call('RPUSH', 'nobody', 'x')), ':1');
  assert.match(describeReply(await client.call('INFO', 'clients')), /blocked_clients:0/);
  assert.match(await evaluate("return redis.call('blpop', 'empty', 0)"), /null|ERR/);
  await client.call('MULTI');
  await client.call('BLPOP', 'empty', '0');
  assert.match(describeReply(await client.call('EXEC')), /null/);
});
