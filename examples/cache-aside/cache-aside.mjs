/**
 * Reads through a cache. A crowd that misses together causes one load, in all processes; what is
 * not there is remembered for a while too; times to live differ a little, so that what was loaded
 * together does not end together.
 *
 *     npm install ioredis
 *     node cache-aside.mjs
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';

const redis = new Redis(process.env.REDIS_URL ?? 'redis://localhost:8080');
const TTL_MS = 60_000;
const ABSENT_TTL_MS = 5_000;
/** Who loads for longer has lost its turn: somebody else begins. */
const LOAD_WITHIN_MS = 2_000;
const LOOK_AGAIN_MS = 20;
/** Takes the lock away only from who has it. */
const UNLOCK = "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end";

/** @param load  asks the source of truth; undefined where there is no such thing */
async function read(key, load) {
  const lock = `lock:${key}`;
  const token = randomUUID();
  for (;;) {
    const kept = await redis.get(key);
    if (kept !== null) return JSON.parse(kept).value;
    if ((await redis.set(lock, token, 'PX', LOAD_WITHIN_MS, 'NX')) === 'OK') break;
    await sleep(LOOK_AGAIN_MS);
  }
  try {
    const value = await load();
    const ttlMs =
      value === undefined ? ABSENT_TTL_MS : Math.round(TTL_MS * (0.9 + Math.random() / 5));
    await redis.set(key, JSON.stringify({ value }), 'PX', ttlMs);
    return value;
  } finally {
    await redis.eval(UNLOCK, 1, lock, token);
  }
}

/** After the source has changed: the next reader loads it anew. */
async function forget(key) {
  await redis.del(key);
}

let loadCount = 0;
const users = new Map([['1', { name: 'Ada' }]]);
const readUser = (id) =>
  read(`user:${id}`, async () => {
    loadCount++;
    await sleep(50);
    return users.get(id);
  });

const crowd = await Promise.all(Array.from({ length: 50 }, () => readUser('1')));
console.log(`${crowd.length} readers of ${crowd[0].name}, ${loadCount} load`);

users.set('1', { name: 'Ada Lovelace' });
await forget('user:1');
console.log(`${(await readUser('1')).name}, ${loadCount} loads`);

await readUser('2');
console.log(`nobody: ${await readUser('2')}, ${loadCount} loads`);
await redis.quit();
