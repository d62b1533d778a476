import assert from 'node:assert/strict';
import { once } from 'node:events';
import test from 'node:test';
import { Redis } from 'ioredis';
import { BasicClientSideCache, createClient } from 'redis';
import { startOurs } from '../support/server.ts';

test('node-redis keeps what it read, and reads again what has changed', async (t) => {
  const server = await startOurs();
  const cache = new BasicClientSideCache({ maxEntries: 100, recordStats: true });
  const url = `redis://127.0.0.1:${server.port}`;
  const reader = createClient({ url, RESP: 3, clientSideCache: cache });
  const writer = createClient({ url });
  await Promise.all([reader.connect(), writer.connect()]);
  t.after(async () => {
    reader.destroy();
    writer.destroy();
    await server.stop();
  });

  await writer.set('k', 'one');
  assert.equal(await reader.get('k'), 'one');
  assert.equal(await reader.get('k'), 'one');
  assert.equal(cache.stats().hitCount, 1);

  const changed = once(cache, 'invalidate');
  await writer.set('k', 'two');
  assert.equal(String((await changed)[0]), 'k');
  assert.equal(await reader.get('k'), 'two');

  const flushed = once(cache, 'invalidate');
  await writer.flushAll();
  await flushed;
  assert.equal(await reader.get('k'), null);
});

test('ioredis hears of changes by messages to a second connection', async (t) => {
  const server = await startOurs();
  const [reader, listener, writer] = [1, 2, 3].map(
    () => new Redis({ port: server.port, protocol: 2 }),
  );
  t.after(async () => {
    for (const client of [reader, listener, writer]) client.disconnect();
    await server.stop();
  });
  const id = await listener.client('ID');
  await listener.subscribe('__redis__:invalidate');
  await reader.call('CLIENT', 'TRACKING', 'ON', 'REDIRECT', String(id));
  assert.equal(await reader.call('CLIENT', 'GETREDIR'), id);

  await reader.get('k');
  const changed = once(listener, 'message');
  await writer.set('k', 'two');
  const [channel, keys] = await changed;
  assert.equal(channel, '__redis__:invalidate');
  assert.deepEqual([keys].flat().map(String), ['k']);
});
