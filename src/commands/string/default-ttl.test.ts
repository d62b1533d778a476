import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCommandKit } from '../../testing/command-kit.ts';
import { effectRecorder } from '../../testing/engine-fixture.ts';

const TTL_MS = 60_000;

async function openKit() {
  const kit = await createCommandKit();
  assert.equal(kit.node.services.settings.set([['cache.default_ttl', '60s']], LOCAL), null);
  return kit;
}

const LOCAL = { isLocal: true };

test('cache.default_ttl holds for every write of a string that names no time', async () => {
  const kit = await openKit();
  const writes = [
    ['SET', 'set', 'v'],
    ['SET', 'setGet', 'v', 'NX', 'GET'],
    ['SETNX', 'setnx', 'v'],
    ['GETSET', 'getset', 'v'],
    ['MSET', 'mset', 'v'],
    ['MSETNX', 'msetnx', 'v'],
    ['APPEND', 'append', 'v'],
    ['SETRANGE', 'setrange', '3', 'v'],
    ['INCR', 'incr'],
    ['DECRBY', 'decrby', '7'],
    ['INCRBYFLOAT', 'float', '1.5'],
    ['SETBIT', 'setbit', '9', '1'],
    ['BITFIELD', 'bitfield', 'SET', 'u8', '0', '255'],
    ['BITOP', 'NOT', 'bitop', 'set'],
  ];
  for (const args of writes) {
    const key = args[0] === 'BITOP' ? args[2] : args[1];
    kit.run(...args);
    assert.equal(kit.ask('PTTL', key), TTL_MS, args.join(' '));
  }
  kit.advance(TTL_MS + 5_000);
  assert.equal(kit.ask('DBSIZE'), 0);
});

test('a named time, KEEPTTL and what is changed in place are left alone', async () => {
  const kit = await openKit();
  kit.run('SET', 'short', 'v', 'PX', 500);
  assert.equal(kit.ask('PTTL', 'short'), 500);
  kit.run('SET', 'fresh', 'v', 'KEEPTTL');
  assert.equal(kit.ask('PTTL', 'fresh'), -1);
  kit.run('SET', 'kept', '1');
  kit.run('PERSIST', 'kept');
  for (const args of [
    ['INCR', 'kept'],
    ['APPEND', 'kept', 'x'],
    ['SETBIT', 'kept', '1', '1'],
  ]) {
    kit.run(...args);
    assert.equal(kit.ask('PTTL', 'kept'), -1, args.join(' '));
  }
  kit.advance(1000);
  kit.run('SET', 'kept', 'again');
  assert.equal(kit.ask('PTTL', 'kept'), TTL_MS);
  assert.equal(kit.node.services.settings.set([['cache.default_ttl', '0']], LOCAL), null);
  kit.run('SET', 'kept', 'for ever');
  assert.equal(kit.ask('PTTL', 'kept'), -1);
});

test('effects carry the deadline as an absolute time', async () => {
  const kit = await openKit();
  const deadline = kit.node.services.clock.nowMs + TTL_MS;
  kit.run('SET', 'a', 'v');
  kit.run('INCR', 'n');
  kit.run('SETBIT', 'b', '0', '1');
  kit.run('SETBIT', 'b', '0', '0');
  kit.run('APPEND', 'c', 'v');
  assert.deepEqual(kit.takeEffects(), [
    `SET a v PXAT ${deadline}`,
    `SET n 1 PXAT ${deadline}`,
    'SETBIT b 0 1',
    `PEXPIREAT b ${deadline}`,
    'SETBIT b 0 0',
    `SET c v PXAT ${deadline}`,
  ]);
});

test('a deadline given while nobody read the changes is not told with another change', async () => {
  const kit = await createCommandKit(1, { records: false });
  assert.equal(kit.node.services.settings.set([['cache.default_ttl', '60s']], LOCAL), null);
  kit.run('SETBIT', 'b', '9', '1');
  kit.run('SETBIT', 'b', '9', '0');
  kit.run('SETBIT', 'made unseen', '0', '1');
  kit.session.store.sink.attach(effectRecorder(kit.effects));
  kit.run('SETBIT', 'b', '9', '1');
  assert.deepEqual(kit.takeEffects(), ['SETBIT b 9 1']);
});
