import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CommandKit, createCommandKit } from '../../../testing/command-kit.ts';

const words = (count: number, letter: string): string[] =>
  Array.from({ length: count }, (_, i) => letter.padEnd(13, letter) + String(100 + i));

/** Bytes of a key's block, without its share of the index. */
function usageOf(kit: CommandKit): (key: string) => number {
  const usage = (key: string): number => Number(kit.ask('MEMORY', 'USAGE', key));
  kit.run('SET', 'x', 'y');
  const indexBytes = usage('x') - 16;
  return (key) => usage(key) - indexBytes;
}

test('a small collection that one command makes holds no more than its elements', async () => {
  const kit = await createCommandKit();
  const fields = words(20, 'f');
  kit.run('RPUSH', 'l', ...fields);
  kit.run('SADD', 's', ...fields);
  kit.run('HSET', 'h', ...fields);
  kit.run('ZADD', 'z', ...fields.flatMap((field) => ['7', field]));
  const usage = usageOf(kit);
  // An element is 16 bytes and 2 around them, the score 2; the rest is header, key and rounding.
  assert.ok(usage('l') <= 20 * 18 + 40, String(usage('l')));
  assert.ok(usage('s') <= 20 * 18 + 40, String(usage('s')));
  assert.ok(usage('h') <= 20 * 18 + 40, String(usage('h')));
  assert.ok(usage('z') <= 20 * 20 + 40, String(usage('z')));
});

test('the room made beforehand is used, outgrown and given back', async () => {
  const kit = await createCommandKit();
  const first = words(30, 'a');
  const more = words(10, 'b');
  kit.run('RPUSH', 'l', ...first);
  kit.run('RPUSH', 'l', ...more);
  assert.deepEqual(kit.ask('LRANGE', 'l', 0, -1), [...first, ...more]);
  kit.run('LTRIM', 'l', 0, 0);
  assert.ok(usageOf(kit)('l') <= 40);
  assert.deepEqual(kit.ask('LRANGE', 'l', 0, -1), [first[0]]);
  // The same member again and again: room for ten, of which one is used.
  kit.run('SADD', 's', ...Array.from({ length: 20 }, () => first[0]));
  assert.deepEqual(kit.ask('SMEMBERS', 's'), [first[0]]);
  kit.run('EXPIRE', 'l', 1_000);
  assert.equal(kit.ask('DEL', 's', 'l'), 2);
});
