import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { createNodeKit, type KitClient, type NodeKit } from '../testing/node-kit.ts';

const BUSY =
  '-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.\r\n';
const DIGEST = /script: [0-9a-f]{40}/;

let kit: NodeKit;
let caller: KitClient;
let other: KitClient;

/** Each look at the clock takes a millisecond, so that slices of a script end. */
beforeEach(async () => {
  kit = await createNodeKit();
  caller = kit.connect();
  other = kit.connect();
  const clock = kit.world.clock as { monotonicMs(): number };
  const read = clock.monotonicMs.bind(clock);
  let lookCount = 0;
  clock.monotonicMs = () => read() + ++lookCount;
  kit.configure('busy-reply-threshold', '5');
  caller.ask('PING');
  other.ask('PING');
});

/** Sends the lines, and lets the world turn until the script among them is suspended. */
function begin(...lines: string[]): void {
  caller.send(...lines);
  while (!kit.node.services.scripting.isBusy) assert.ok(kit.world.step(), 'the script suspends');
}

test('others are told that a script runs long, and it comes to its end', () => {
  begin("EVAL \"for i = 1, 30000000 do end redis.call('set', 'k', 1) return 7\" 0", 'GET k');
  other.send('GET k', 'MULTI', 'GET k', 'DISCARD');
  kit.world.runUntilIdle();
  assert.equal(other.take(), `${BUSY}+OK\r\n${BUSY}+OK\r\n`);
  assert.equal(caller.take(), ':7\r\n$1\r\n1\r\n');
  assert.equal(other.ask('GET k'), '$1\r\n1\r\n');
  assert.ok(kit.complaints.includes('slow-script'));
});

test('a loop is suspended although all that it calls ends soon', () => {
  const callee = 'local function half(x) return tonumber(x) / 2 end';
  begin(`EVAL "${callee} local n = 0 for i = 1, 3000000 do n = n + half(i) end return n" 0`);
  kit.world.runUntilIdle();
  assert.equal(caller.take(), ':2250000750000\r\n');
});

test('SCRIPT KILL ends a script that has not written, whatever it catches', () => {
  const source = 'while true do pcall(function() while true do end end) end';
  begin(`EVAL "${source}" 0`, 'PING');
  other.send('FUNCTION KILL', 'SCRIPT KILL');
  kit.world.runUntilIdle();
  assert.equal(other.take(), `${BUSY}+OK\r\n`);
  const reply = caller.take().replace(DIGEST, 'script: SHA');
  const text = 'ERR Script killed by user with SCRIPT KILL...';
  assert.equal(reply, `-${text} script: SHA, on @user_script:1.\r\n+PONG\r\n`);
  assert.equal(other.ask('SCRIPT KILL'), '-NOTBUSY No scripts in execution right now.\r\n');
});

test('a script that has written cannot be killed', () => {
  begin("EVAL \"redis.call('set', 'k', 1) for i = 1, 30000000 do end return 7\" 0");
  other.send('SCRIPT KILL');
  kit.world.runUntilIdle();
  assert.match(other.take(), /^-UNKILLABLE Sorry the script already executed write commands/);
  assert.equal(caller.take(), ':7\r\n');
});

test('the database a suspended script has selected is its own', () => {
  const source = "redis.call('select', 3) for i = 1, 30000000 do end redis.call('set', 'k', 1)";
  begin(`EVAL "${source}" 0`, 'GET k', 'SELECT 3', 'GET k');
  kit.world.runUntilIdle();
  assert.equal(caller.take(), '$-1\r\n$-1\r\n+OK\r\n$1\r\n1\r\n');
});

test('a client that leaves does not end its script', () => {
  begin("EVAL \"for i = 1, 30000000 do end redis.call('set', 'k', 1)\" 0");
  caller.peer.end();
  kit.world.runUntilIdle();
  assert.equal(other.ask('GET k'), '$1\r\n1\r\n');
});

test('who waits for a key is served when the suspended script has ended', () => {
  const waiting = kit.connect();
  waiting.ask('BLPOP list 0');
  begin("EVAL \"redis.call('rpush', 'list', 'x') for i = 1, 30000000 do end return 7\" 0");
  kit.world.runUntilIdle();
  assert.equal(caller.take(), ':7\r\n');
  assert.equal(waiting.take(), '*2\r\n$4\r\nlist\r\n$1\r\nx\r\n');
});

test('within EXEC a script that does not end is ended', () => {
  const source = 'while true do end';
  const replies = caller.ask('MULTI', `EVAL "${source}" 0`, 'PING', 'EXEC');
  assert.match(replies, /\*2\r\n-ERR Script ended: it ran for too long .*\r\n\+PONG\r\n$/);
});

test('the node stops while a script is suspended', async () => {
  begin('EVAL "while true do end" 0');
  other.send('SHUTDOWN NOSAVE');
  kit.world.runUntilIdle();
  await kit.node.stop();
  assert.equal(await kit.node.stopped, 0);
});
