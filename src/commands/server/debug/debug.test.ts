import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { type CommandKit, createCommandKit } from '../../../testing/command-kit.ts';

let kit: CommandKit;

before(async () => {
  kit = await createCommandKit();
  kit.node.services.configuration.security.enableDebugCommand = 'yes';
});
after(async () => {
  await kit.node.stop();
});
beforeEach(() => {
  kit.ask('FLUSHALL');
  kit.ask('SELECT', 0);
});

const NONE = '0'.repeat(40);

test('DEBUG DIGEST and DIGEST-VALUE are those of redis-server for the same data', () => {
  assert.equal(kit.ask('DEBUG', 'DIGEST'), NONE);
  kit.ask('SET', 'a', '1');
  kit.ask('SET', 'b', 'foo');
  kit.ask('SET', 'c', '12345678901234567890', 'EX', 1000);
  assert.equal(kit.ask('DEBUG', 'DIGEST'), 'f14c10951924044ed883b264ad958e131e497254');
  assert.deepEqual(kit.ask('DEBUG', 'DIGEST-VALUE', 'a', 'b', 'c', 'nokey'), [
    'b4fc66738120fba0b5aa500ab5c2bf89cea1c5da',
    'b7f507e4e114eaf82bb9a21d385c60ee2545432e',
    '97758b90ea9fbdc04232da88eb2b707e77fb0fb5',
    NONE,
  ]);
  kit.ask('SELECT', 1);
  kit.ask('SET', 'a', '1');
  assert.equal(kit.ask('DEBUG', 'DIGEST'), 'e5ad59ec6fdb770462e70a6153646b2a6a9652f9');
});

test('DEBUG DIGEST does not depend on the order of writing', () => {
  for (let i = 0; i < 200; i++) kit.ask('SET', `key${i}`, `value${i}`);
  const forwards = kit.ask('DEBUG', 'DIGEST');
  kit.ask('FLUSHALL');
  for (let i = 199; i >= 0; i--) kit.ask('SET', `key${i}`, `value${i}`);
  assert.equal(kit.ask('DEBUG', 'DIGEST'), forwards);
  kit.ask('APPEND', 'key7', 'x');
  assert.notEqual(kit.ask('DEBUG', 'DIGEST'), forwards);
});

test('DEBUG POPULATE makes keys, cut or filled to size, leaves others and is recorded', () => {
  kit.ask('SET', 'key:1', 'mine');
  kit.takeEffects();
  assert.equal(kit.ask('DEBUG', 'POPULATE', 3), 'OK');
  assert.deepEqual(kit.takeEffects(), ['SET key:0 value:0', 'SET key:2 value:2']);
  assert.equal(kit.ask('GET', 'key:1'), 'mine');
  kit.ask('DEBUG', 'POPULATE', 1, 'long', 10);
  assert.equal(kit.ask('GET', 'long:0'), 'value:0\0\0\0');
  kit.ask('DEBUG', 'POPULATE', 1, 'short', 3);
  assert.equal(kit.ask('GET', 'short:0'), 'val');
  assert.match(String(kit.ask('DEBUG', 'POPULATE', -1)), /out of range, must be positive/);
});

test('DEBUG PAUSE-CRON stops what is done by the clock', () => {
  kit.ask('SET', 'k', 'v', 'PX', 10);
  kit.ask('DEBUG', 'PAUSE-CRON', 1);
  kit.advance(2000);
  assert.equal(kit.ask('DBSIZE'), 1);
  kit.ask('DEBUG', 'PAUSE-CRON', 0);
  kit.advance(2000);
  assert.equal(kit.ask('DBSIZE'), 0);
});

test('DEBUG refuses clearly what would end the process', () => {
  for (const word of ['SEGFAULT', 'PANIC', 'OOM', 'ASSERT']) {
    assert.match(String(kit.ask('DEBUG', word)), /A crash on demand is not offered/);
  }
  assert.equal(kit.ask('PING'), 'PONG');
});

test('DEBUG QUICKLIST-PACKED-THRESHOLD takes sizes up to 4 GB', () => {
  const { debug } = kit.node.services;
  assert.equal(kit.ask('DEBUG', 'QUICKLIST-PACKED-THRESHOLD', '100b'), 'OK');
  assert.equal(debug.packedThresholdBytes, 100);
  assert.match(String(kit.ask('DEBUG', 'QUICKLIST-PACKED-THRESHOLD', '5g')), /memory value/);
  assert.equal(kit.ask('DEBUG', 'QUICKLIST-PACKED-THRESHOLD', 0), 'OK');
  assert.equal(debug.packedThresholdBytes, 0);
});
