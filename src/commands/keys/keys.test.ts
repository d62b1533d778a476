import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCommandKit } from '../../testing/command-kit.ts';

const INT64_MAX = '9223372036854775807';

test('DEL and UNLINK count what they removed and record one DEL each', async () => {
  const kit = await createCommandKit();
  kit.ask('MSET', 'a', '1', 'b', '2', 'c', '3');
  kit.takeEffects();
  assert.equal(kit.ask('DEL', 'a', 'a', 'nokey'), 1);
  assert.equal(kit.ask('UNLINK', 'b', 'c'), 2);
  assert.deepEqual(kit.takeEffects(), ['DEL a', 'DEL b', 'DEL c']);
  assert.equal(kit.ask('EXISTS', 'a', 'b', 'c'), 0);
  await kit.node.stop();
});

test('EXPIRE becomes an absolute deadline and is exact to the millisecond', async () => {
  const kit = await createCommandKit();
  kit.ask('SET', 'k', 'v');
  kit.takeEffects();
  const nowMs = kit.node.services.clock.nowMs;
  assert.equal(kit.ask('EXPIRE', 'k', '10'), 1);
  assert.deepEqual(kit.takeEffects(), [`PEXPIREAT k ${nowMs + 10_000}`]);
  assert.equal(kit.ask('PEXPIRETIME', 'k'), nowMs + 10_000);
  kit.advance(9_999);
  assert.equal(kit.ask('PTTL', 'k'), 1);
  assert.equal(kit.ask('TTL', 'k'), 0);
  kit.advance(1);
  assert.equal(kit.ask('TTL', 'k'), -2);
  await kit.node.stop();
});

test('EXPIRE with a time that has passed removes the key at once', async () => {
  const kit = await createCommandKit();
  kit.ask('SET', 'k', 'v');
  kit.takeEffects();
  assert.equal(kit.ask('EXPIREAT', 'k', '0'), 1);
  assert.deepEqual(kit.takeEffects(), ['DEL k']);
  assert.equal(kit.ask('EXPIRE', 'k', '10'), 0);
  await kit.node.stop();
});

test('EXPIRE refuses what int64 milliseconds cannot hold', async () => {
  const kit = await createCommandKit();
  kit.ask('SET', 'k', 'v');
  const refused: [string, string][] = [
    ['EXPIRE', INT64_MAX],
    ['EXPIRE', '9223372036854775'],
    ['PEXPIRE', INT64_MAX],
    ['EXPIREAT', '9223372036854776'],
    ['EXPIRE', '-9223372036854775808'],
  ];
  for (const [name, time] of refused) {
    const reply = kit.run(name, 'k', time);
    const text = `ERR invalid expire time in '${name.toLowerCase()}' command`;
    assert.deepEqual(reply, { kind: 'error', text });
  }
  assert.equal(kit.ask('TTL', 'k'), -1);
  assert.equal(kit.ask('PEXPIREAT', 'k', INT64_MAX), 1);
  assert.deepEqual(kit.run('PEXPIRETIME', 'k'), { kind: 'integer', value: 2n ** 63n - 1n });
  assert.deepEqual(kit.run('EXPIRETIME', 'k'), {
    kind: 'integer',
    value: 9_223_372_036_854_776n,
  });
  await kit.node.stop();
});

test('EXPIRE conditions count a key without deadline as living for ever', async () => {
  const kit = await createCommandKit();
  kit.ask('SET', 'k', 'v');
  assert.equal(kit.ask('EXPIRE', 'k', '100', 'XX'), 0);
  assert.equal(kit.ask('EXPIRE', 'k', '100', 'GT'), 0);
  assert.equal(kit.ask('EXPIRE', 'k', '100', 'LT'), 1);
  assert.equal(kit.ask('EXPIRE', 'k', '200', 'NX'), 0);
  assert.equal(kit.ask('EXPIRE', 'k', '200', 'LT'), 0);
  assert.equal(kit.ask('EXPIRE', 'k', '200', 'XX', 'GT'), 1);
  assert.equal(kit.ask('TTL', 'k'), 200);
  const conflict = kit.run('EXPIRE', 'k', '1', 'NX', 'GT');
  assert.equal(conflict.kind, 'error');
  assert.deepEqual(kit.run('EXPIRE', 'k', '1', 'fo\u0000o'), {
    kind: 'error',
    text: 'ERR Unsupported option fo',
  });
  await kit.node.stop();
});

test('RENAME, COPY and MOVE carry value and deadline', async () => {
  const kit = await createCommandKit();
  kit.ask('SET', 'a', 'v', 'EX', '100');
  kit.ask('SET', 'b', 'old');
  assert.equal(kit.ask('RENAMENX', 'a', 'b'), 0);
  assert.equal(kit.ask('RENAME', 'a', 'b'), 'OK');
  assert.equal(kit.ask('RENAME', 'b', 'b'), 'OK');
  assert.equal(kit.ask('TTL', 'b'), 100);
  assert.equal(kit.ask('COPY', 'b', 'c', 'DB', '1'), 1);
  assert.equal(kit.ask('COPY', 'b', 'c', 'DB', '1'), 0);
  assert.equal(kit.ask('COPY', 'b', 'c', 'REPLACE', 'DB', '1'), 1);
  assert.equal(kit.ask('MOVE', 'b', '1'), 1);
  assert.equal(kit.ask('EXISTS', 'b'), 0);
  kit.ask('SELECT', '1');
  assert.deepEqual(kit.ask('MGET', 'b', 'c'), ['v', 'v']);
  assert.equal(kit.ask('TTL', 'c'), 100);
  await kit.node.stop();
});

test('SCAN meets every key once and filters by pattern and type', async () => {
  const kit = await createCommandKit();
  for (let i = 0; i < 500; i++) kit.ask('SET', `key:${i}`, 'v');
  const seen: string[] = [];
  let cursor = '0';
  do {
    const [next, keys] = kit.ask('SCAN', cursor, 'COUNT', '7', 'MATCH', 'key:*5') as [
      string,
      string[],
    ];
    seen.push(...keys);
    cursor = next;
  } while (cursor !== '0');
  assert.equal(seen.length, 50);
  assert.equal(new Set(seen).size, 50);
  const [, lists] = kit.ask('SCAN', '0', 'COUNT', '1000', 'TYPE', 'list') as [string, string[]];
  assert.deepEqual(lists, []);
  const [, strings] = kit.ask('SCAN', '0', 'COUNT', '9999', 'TYPE', 'STRING') as [string, string[]];
  assert.equal(strings.length, 500);
  assert.equal((kit.ask('KEYS', 'key:4?') as string[]).length, 10);
  for (const cursorText of ['x', '1x', ' 1', '18446744073709551616']) {
    assert.deepEqual(kit.run('SCAN', cursorText), { kind: 'error', text: 'ERR invalid cursor' });
  }
  await kit.node.stop();
});

test('a cursor behind all that can come ends the walk through a large collection', async () => {
  const kit = await createCommandKit();
  const names = Array.from({ length: 5_000 }, (_, i) => `m${i}`);
  for (const count of [300, 600, 5_000]) {
    const some = names.slice(0, count);
    kit.ask('HSET', 'h', ...some.flatMap((name) => [name, 'v']));
    kit.ask('SADD', 's', ...some);
    kit.ask('ZADD', 'z', ...some.flatMap((name) => ['1', name]));
    for (const cursor of ['4294967296', '8589934592', INT64_MAX, '18446744073709551615', '-1']) {
      for (const [command, key] of ['HSCAN h', 'SSCAN s', 'ZSCAN z'].map((it) => it.split(' '))) {
        assert.deepEqual(kit.ask(command!, key!, cursor, 'COUNT', '7'), ['0', []], command);
      }
      assert.equal((kit.ask('SCAN', cursor) as [string, string[]])[0], '0');
    }
  }
  await kit.node.stop();
});

test('KEYS and SCAN do not show keys whose deadline has passed', async () => {
  const kit = await createCommandKit();
  kit.node.services.stores.default.activeExpiryEnabled = false;
  kit.ask('SET', 'k', 'v', 'PX', '10');
  kit.ask('SET', 'other', 'v');
  kit.advance(11);
  assert.deepEqual(kit.ask('KEYS', '*'), ['other']);
  assert.deepEqual(kit.ask('SCAN', '0'), ['0', ['other']]);
  assert.equal(kit.ask('RANDOMKEY'), 'other');
  await kit.node.stop();
});

test('Look-ups count hits and misses as Redis does', async () => {
  const kit = await createCommandKit();
  const facts = (): string => {
    const text = kit.ask('INFO', 'stats') as string;
    return (text.match(/keyspace_(hits|misses):\d+/g) ?? []).join(' ');
  };
  kit.ask('SET', 'k', 'v');
  kit.ask('EXISTS', 'k', 'none');
  kit.ask('TYPE', 'k');
  kit.ask('TTL', 'none');
  kit.ask('TOUCH', 'k', 'none');
  kit.ask('DEL', 'none');
  assert.equal(facts(), 'keyspace_hits:3 keyspace_misses:3');
  await kit.node.stop();
});

test('OBJECT tells encoding and sharing of a value', async () => {
  const kit = await createCommandKit();
  kit.ask('MSET', 'n', '12', 'big', '123456', 's', 'text', 'r', 'x'.repeat(45));
  assert.equal(kit.ask('OBJECT', 'ENCODING', 'n'), 'int');
  assert.equal(kit.ask('OBJECT', 'ENCODING', 's'), 'embstr');
  assert.equal(kit.ask('OBJECT', 'ENCODING', 'r'), 'raw');
  assert.equal(kit.ask('OBJECT', 'REFCOUNT', 'big'), 1);
  assert.equal(kit.ask('OBJECT', 'ENCODING', 'none'), null);
  kit.advance(5_000);
  assert.equal(kit.ask('OBJECT', 'IDLETIME', 's'), 5);
  await kit.node.stop();
});

test('FLUSHALL forgets the entry found last, whose address another may get', async () => {
  const kit = await createCommandKit();
  kit.ask('LPUSH', 'a', '28', '30', '62');
  kit.ask('FLUSHALL');
  kit.ask('SET', 'c', 'x');
  assert.equal(kit.ask('RPUSH', 'b', '85'), 1);
  assert.deepEqual(kit.ask('LRANGE', 'b', '0', '-1'), ['85']);
  await kit.node.stop();
});
