import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import KeyvRedis from '@keyv/redis';
import { Keyv } from 'keyv';
import { testBothServers } from '../support/both-servers.ts';
import { waitFor } from '../support/server.ts';

testBothServers('@keyv/redis', {
  'reads back strings, numbers, objects and binary values': async (t, port) => {
    const keyv = open(t, port, 'values');
    const values: [string, unknown][] = [
      ['text', 'käse ✓'],
      ['number', 4.5],
      ['object', { list: [1, { deep: true }], none: null }],
      ['binary', Buffer.from([0, 255, 13, 10])],
    ];
    for (const [key, value] of values) assert.equal(await keyv.set(key, value), true);
    for (const [key, value] of values) assert.deepEqual(await keyv.get(key), value, key);
    assert.equal(await keyv.get('missing'), undefined);
    assert.equal(await keyv.has('text'), true);
    assert.equal(await keyv.has('missing'), false);
  },

  'sets, reads, tests and deletes many keys at once': async (t, port) => {
    const keyv = open(t, port, 'many');
    await keyv.setMany([
      { key: 'a', value: 1 },
      { key: 'b', value: 2, ttl: 60_000 },
      { key: 'c', value: 3 },
    ]);
    assert.deepEqual(await keyv.getMany(['a', 'b', 'no', 'c']), [1, 2, undefined, 3]);
    assert.deepEqual(await keyv.hasMany(['a', 'no', 'c']), [true, false, true]);
    assert.equal(await keyv.delete('a'), true);
    assert.equal(await keyv.delete('a'), false);
    assert.equal(await keyv.deleteMany(['b', 'c']), true);
    assert.deepEqual(await keyv.getMany(['a', 'b', 'c']), [undefined, undefined, undefined]);
  },

  'forgets a value when its time is up': async (t, port) => {
    const store = new KeyvRedis<string>(`redis://127.0.0.1:${port}`, { namespace: 'raw' });
    t.after(() => store.disconnect(true));
    // Past the wrapper, which has a clock of its own: the server decides.
    await store.set('short', 'x', 250);
    await store.set('long', 'y', 60_000);
    assert.equal(await store.get('short'), 'x');
    await waitFor('the value to expire', 5_000, async () => {
      return (await store.get('short')) === undefined || undefined;
    });
    assert.equal(await store.has('short'), false);
    assert.equal(await store.get('long'), 'y');
  },

  'keeps namespaces apart, also when one is cleared': async (t, port) => {
    const [one, two] = [open(t, port, 'one'), open(t, port, 'two')];
    // More keys than one batch of a clear.
    const keys = Array.from({ length: 1_500 }, (_, i) => `key-${i}`);
    await one.setMany(keys.map((key) => ({ key, value: 'one' })));
    await two.setMany(keys.slice(0, 5).map((key) => ({ key, value: 'two' })));
    assert.equal(await one.get('key-3'), 'one');
    assert.equal(await two.get('key-3'), 'two');
    await one.clear();
    assert.deepEqual(await one.getMany(keys.slice(0, 3)), [undefined, undefined, undefined]);
    assert.equal(await two.get('key-3'), 'two');
  },

  'walks over every pair of a namespace, once': async (t, port) => {
    const [walked, other] = [open(t, port, 'walked'), open(t, port, 'other')];
    const keys = Array.from({ length: 500 }, (_, i) => `key-${i}`);
    await walked.setMany(keys.map((key, i) => ({ key, value: i })));
    await other.set('key-0', 'not to be seen');
    const seen = new Map<string, number>();
    for await (const [key, value] of walked.iterator?.('walked') ?? []) seen.set(key, value);
    assert.deepEqual(
      seen,
      new Map(keys.sort().map((key) => [key, Number(key.slice('key-'.length))])),
    );
  },
});

function open(t: TestContext, port: number, namespace: string): Keyv {
  const store = new KeyvRedis(`redis://127.0.0.1:${port}`);
  const keyv = new Keyv({ store, namespace, throwOnErrors: true });
  t.after(() => keyv.disconnect());
  return keyv;
}
