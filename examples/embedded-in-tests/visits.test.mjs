/**
 * A cache of its own for each test, in the process of the test: nothing to install beside, no port
 * that another run has taken, nothing left of the test before.
 *
 *     npm install --save-dev @hypercache/node ioredis
 *     node --test visits.test.mjs
 */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { HyperCache } from '@hypercache/node';
import { Redis } from 'ioredis';

/** What is tested: it only knows the client that it is given. */
async function countVisit(redis, page) {
  const count = await redis.incr(`visits:${page}`);
  if (count === 1) await redis.expire(`visits:${page}`, 3600);
  return count;
}

let cache;
let redis;
beforeEach(async () => {
  cache = await HyperCache.start({ port: 0 });
  redis = new Redis(cache.port);
});
afterEach(async () => {
  redis.disconnect();
  await cache.stop();
});

test('visits of a page are counted, for an hour', async () => {
  assert.equal(await countVisit(redis, 'home'), 1);
  assert.equal(await countVisit(redis, 'home'), 2);
  // Looked at from inside, without the client.
  assert.equal(cache.store().get('visits:home'), '2');
  assert.ok(cache.store().ttl('visits:home') > 3_590_000);
});

test('pages are counted apart', async () => {
  cache.store().set('visits:home', 41);
  assert.equal(await countVisit(redis, 'home'), 42);
  assert.equal(await countVisit(redis, 'about'), 1);
});
