import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import type { TestContext } from 'node:test';
import { Redis } from 'ioredis';
import { testBothServers } from '../support/both-servers.ts';

/** The package hides its declarations from ESM; this is the part of them in use. */
interface Lock {
  readonly value: string;
  readonly expiration: number;
  release(): Promise<unknown>;
  extend(durationMs: number): Promise<Lock>;
}
interface Redlock {
  acquire(resources: string[], durationMs: number): Promise<Lock>;
  using<T>(
    resources: string[],
    durationMs: number,
    routine: (signal: AbortSignal) => Promise<T>,
  ): Promise<T>;
}
type Settings = Record<
  'retryCount' | 'retryDelay' | 'retryJitter' | 'automaticExtensionThreshold',
  number
>;
const { default: Redlock, ExecutionError } = createRequire(import.meta.url)('redlock') as {
  default: new (clients: Redis[], settings: Partial<Settings>) => Redlock;
  ExecutionError: new () => Error;
};

const AT_ONCE = { retryCount: 0 };
const PATIENT = { retryCount: 200, retryDelay: 10, retryJitter: 5 };

testBothServers('redlock', {
  'a lock is held by one, and free again when released': async (t, port) => {
    const client = connect(t, port);
    const [mine, theirs] = [new Redlock([client], AT_ONCE), new Redlock([client], AT_ONCE)];
    const lock = await mine.acquire(['held'], 5_000);
    assert.equal(await client.get('held'), lock.value);
    assert.ok((await client.pttl('held')) <= 5_000);
    await assert.rejects(theirs.acquire(['held'], 5_000), ExecutionError);
    await lock.release();
    assert.equal(await client.exists('held'), 0);
    await (await theirs.acquire(['held'], 5_000)).release();
  },

  'a lock over several resources is taken whole or not at all': async (t, port) => {
    const client = connect(t, port);
    const redlock = new Redlock([client], AT_ONCE);
    const one = await redlock.acquire(['several:b'], 5_000);
    await assert.rejects(redlock.acquire(['several:a', 'several:b'], 5_000), ExecutionError);
    assert.equal(await client.exists('several:a'), 0);
    await one.release();
    const both = await redlock.acquire(['several:a', 'several:b'], 5_000);
    assert.equal(await client.exists('several:a', 'several:b'), 2);
    await both.release();
    assert.equal(await client.exists('several:a', 'several:b'), 0);
  },

  'an extended lock lives longer; a lost one can be neither extended nor released': async (
    t,
    port,
  ) => {
    const client = connect(t, port);
    const redlock = new Redlock([client], AT_ONCE);
    const lock = await redlock.acquire(['longer'], 2_000);
    const extended = await lock.extend(60_000);
    assert.ok((await client.pttl('longer')) > 50_000);
    assert.equal(extended.value, lock.value);
    await client.set('longer', 'somebody else');
    await assert.rejects(extended.extend(1_000), ExecutionError);
    await assert.rejects(extended.release(), ExecutionError);
    assert.equal(await client.get('longer'), 'somebody else');
  },

  'many who contend work one after the other': async (t, port) => {
    const clients = Array.from({ length: 4 }, () => connect(t, port));
    let holderCount = 0;
    let doneCount = 0;
    const work = clients.flatMap((client) => {
      const redlock = new Redlock([client], PATIENT);
      return Array.from({ length: 3 }, async () => {
        const lock = await redlock.acquire(['contended'], 5_000);
        assert.equal(++holderCount, 1, 'two hold the lock');
        await client.incr('contended:work');
        holderCount--;
        doneCount++;
        await lock.release();
      });
    });
    await Promise.all(work);
    assert.equal(doneCount, 12);
    assert.equal(await clients[0].get('contended:work'), '12');
  },

  'who died holding a lock loses it in time': async (t, port) => {
    const client = connect(t, port);
    const dead = await new Redlock([client], AT_ONCE).acquire(['dead'], 100);
    const lock = await new Redlock([client], PATIENT).acquire(['dead'], 5_000);
    assert.notEqual(lock.value, dead.value);
    await lock.release();
  },

  'using() extends the lock for as long as the work takes': async (t, port) => {
    const client = connect(t, port);
    const redlock = new Redlock([client], { ...PATIENT, automaticExtensionThreshold: 400 });
    const durationMs = 500;
    const startMs = performance.now();
    const result = await redlock.using(['using'], durationMs, async (signal) => {
      const value = await client.get('using');
      while (performance.now() - startMs < 2 * durationMs) {
        assert.equal(await client.get('using'), value, 'the lock ran out');
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      assert.equal(signal.aborted, false);
      return 'done';
    });
    assert.equal(result, 'done');
    assert.equal(await client.exists('using'), 0);
  },

  'using() tells the work when the lock is lost': async (t, port) => {
    const client = connect(t, port);
    const redlock = new Redlock([client], { ...AT_ONCE, automaticExtensionThreshold: 100 });
    const work = redlock.using(['stolen'], 200, async (signal) => {
      await client.set('stolen', 'a thief');
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      return signal.aborted;
    });
    // The release at the end finds the thief's lock, which it must not take away.
    await assert.rejects(work, ExecutionError);
    assert.equal(await client.get('stolen'), 'a thief');
  },

  'a majority of servers decides': async (t, port) => {
    // Three databases stand for three servers: scripts, keys and expiry are apart.
    const clients = [0, 1, 2].map((db) => connect(t, port, db));
    const redlock = new Redlock(clients, AT_ONCE);
    await clients[1].set('quorum', 'somebody else');
    const lock = await redlock.acquire(['quorum'], 5_000);
    assert.equal(await clients[2].get('quorum'), lock.value);
    await lock.release();
    await clients[2].set('quorum', 'somebody else');
    await assert.rejects(redlock.acquire(['quorum'], 5_000), ExecutionError);
    assert.equal(await clients[0].exists('quorum'), 0);
  },
});

function connect(t: TestContext, port: number, db = 0): Redis {
  const client = new Redis({ port, db });
  t.after(() => client.disconnect());
  return client;
}
