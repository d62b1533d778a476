import assert from 'node:assert/strict';
import { once } from 'node:events';
import test from 'node:test';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { type RunningServer, startOurs } from '../support/server.ts';
import { type Call, runSmoke, runSmokeAtOnce } from './smoke.ts';

const CALL_COUNT = 40;

test('stock clients of npm work with their defaults', async (t) => {
  const server = await startOurs();
  t.after(() => server.stop());

  for (const enableAutoPipelining of [false, true]) {
    await t.test(`ioredis, auto-pipelining ${enableAutoPipelining ? 'on' : 'off'}`, async () => {
      const client = new Redis({ port: server.port, enableAutoPipelining });
      try {
        const call = client.call.bind(client) as Call;
        assert.equal(await runSmoke(call, `io${enableAutoPipelining}`), CALL_COUNT);
        assert.equal(await runSmokeAtOnce(call, `io-at-once${enableAutoPipelining}`), CALL_COUNT);
        await checkIoredisMethods(client);
      } finally {
        client.disconnect();
      }
    });
  }

  for (const disableOfflineQueue of [false, true]) {
    await t.test(`node-redis, offline queue ${disableOfflineQueue ? 'off' : 'on'}`, async () => {
      const client = createClient({
        url: `redis://127.0.0.1:${server.port}`,
        disableOfflineQueue,
      });
      await client.connect();
      try {
        const call: Call = (...args) => client.sendCommand(args);
        assert.equal(await runSmoke(call, `nr${disableOfflineQueue}`), CALL_COUNT);
        assert.equal(await runSmokeAtOnce(call, `nr-at-once${disableOfflineQueue}`), CALL_COUNT);
      } finally {
        client.destroy();
      }
    });
  }

  for (const protocol of [2, 3] as const) {
    await t.test(`node-redis over RESP${protocol}: MULTI, pub/sub, scan`, async () => {
      await checkNodeRedisMethods(server, protocol);
    });
  }
});

/** The library's own methods: pipeline, MULTI, a subscriber of its own. */
async function checkIoredisMethods(client: Redis): Promise<void> {
  const piped = await client.pipeline().set('io:p', '1').incr('io:p').get('io:p').exec();
  assert.deepEqual(piped, [
    [null, 'OK'],
    [null, 2],
    [null, '2'],
  ]);
  const multi = await client.multi().incr('io:p').ttl('io:p').exec();
  assert.deepEqual(multi, [
    [null, 3],
    [null, -1],
  ]);
  const subscriber = client.duplicate();
  try {
    await subscriber.subscribe('io:news');
    const heard = once(subscriber, 'message');
    assert.equal(await client.publish('io:news', 'hello'), 1);
    assert.deepEqual(await heard, ['io:news', 'hello']);
  } finally {
    subscriber.disconnect();
  }
  assert.equal(await client.getBuffer('io:p').then(String), '3');
  await client.del('io:p');
}

async function checkNodeRedisMethods(server: RunningServer, protocol: 2 | 3): Promise<void> {
  const client = createClient({
    socket: { port: server.port, host: '127.0.0.1' },
    RESP: protocol,
  });
  await client.connect();
  const subscriber = client.duplicate();
  await subscriber.connect();
  try {
    const replies = await client.multi().set('nr:m', '1').incr('nr:m').get('nr:m').exec();
    assert.deepEqual([...replies], ['OK', 2, '2']);
    const heard = new Promise((resolve) => {
      void subscriber.subscribe('nr:news', (message, channel) => resolve([channel, message]));
    });
    while ((await client.publish('nr:news', 'hello')) === 0) {
      // The subscription is on its way.
    }
    assert.deepEqual(await heard, ['nr:news', 'hello']);
    const keys: string[] = [];
    for await (const page of client.scanIterator({ MATCH: 'nr:m*' })) keys.push(...[page].flat());
    assert.deepEqual(keys, ['nr:m']);
    assert.equal(await client.del('nr:m'), 1);
  } finally {
    client.destroy();
    subscriber.destroy();
  }
}
