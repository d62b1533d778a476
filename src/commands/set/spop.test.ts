import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCommandKit } from '../../testing/command-kit.ts';

test('SPOP of all members by a count is a hit, any other is not', async () => {
  const kit = await createCommandKit();
  const hitsOf = (...words: string[]): string | undefined => {
    kit.run('DEL', 't');
    kit.run('SADD', 't', 'a', 'b');
    kit.run('SADD', 'one', 'a');
    kit.run('CONFIG', 'RESETSTAT');
    kit.run(...words);
    return /keyspace_hits:\d+\r\nkeyspace_misses:\d+/.exec(String(kit.ask('INFO', 'stats')))?.[0];
  };
  const none = 'keyspace_hits:0\r\nkeyspace_misses:0';
  const one = 'keyspace_hits:1\r\nkeyspace_misses:0';
  assert.equal(hitsOf('SPOP', 't', '2'), one);
  assert.equal(hitsOf('SPOP', 't', '9'), one);
  assert.equal(hitsOf('SPOP', 't', '1'), none);
  assert.equal(hitsOf('SPOP', 't'), none);
  assert.equal(hitsOf('SPOP', 'one'), none);
  assert.equal(hitsOf('SPOP', 'missing', '5'), none);
});
