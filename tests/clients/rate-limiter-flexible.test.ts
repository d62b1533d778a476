import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { Redis } from 'ioredis';
import {
  BurstyRateLimiter,
  type IRateLimiterRedisOptions,
  RateLimiterQueue,
  RateLimiterRedis,
  RateLimiterRes,
  RateLimiterUnion,
} from 'rate-limiter-flexible';
import { createClient } from 'redis';
import { type Scenario, testBothServers } from '../support/both-servers.ts';
import { waitFor } from '../support/server.ts';

type Options = Omit<IRateLimiterRedisOptions, 'storeClient'>;
type Open = (options: Options) => RateLimiterRedis;

/** What the limiter must do over either client library. */
const RULES: Readonly<Record<string, (open: Open) => Promise<void>>> = {
  'lets exactly as many through as there are points, however many come at once': async (open) => {
    const limiter = open({ keyPrefix: 'crowd', points: 7, duration: 100 });
    const asked = await Promise.allSettled(Array.from({ length: 40 }, () => limiter.consume('u')));
    const letIn = asked.filter(({ status }) => status === 'fulfilled');
    assert.equal(letIn.length, 7);
    const refusal = await refused(limiter.consume('u'));
    assert.equal(refusal.remainingPoints, 0);
    assert.equal(refusal.consumedPoints, 41);
    assert.ok(refusal.msBeforeNext > 90_000 && refusal.msBeforeNext <= 100_000);
    assert.equal((await limiter.consume('another')).remainingPoints, 6);
  },

  'begins anew when the time is up': async (open) => {
    const limiter = open({ keyPrefix: 'window', points: 2, duration: 1 });
    const first = await limiter.consume('u', 2);
    assert.equal(first.isFirstInDuration, true);
    const refusal = await refused(limiter.consume('u'));
    assert.ok(refusal.msBeforeNext > 0 && refusal.msBeforeNext <= 1_000);
    const again = await waitFor('the window to end', 5_000, () =>
      limiter.consume('u').catch(() => undefined),
    );
    assert.equal(again.isFirstInDuration, true);
    assert.equal(again.remainingPoints, 1);
  },

  'adds penalties, takes rewards, blocks, sets and deletes': async (open) => {
    const limiter = open({ keyPrefix: 'hand', points: 10, duration: 60 });
    assert.equal(await limiter.get('u'), null);
    assert.equal((await limiter.penalty('u', 4)).consumedPoints, 4);
    assert.equal((await limiter.reward('u', 3)).consumedPoints, 1);
    assert.equal((await limiter.get('u'))?.remainingPoints, 9);
    await limiter.block('u', 30);
    assert.ok((await refused(limiter.consume('u'))).msBeforeNext > 20_000);
    assert.equal(await limiter.delete('u'), true);
    assert.equal(await limiter.delete('u'), false);
    assert.equal((await limiter.consume('u')).consumedPoints, 1);
    await limiter.set('u', 8, 0);
    assert.equal((await limiter.consume('u')).remainingPoints, 1);
  },

  'blocks for longer who asks for too much': async (open) => {
    const limiter = open({ keyPrefix: 'ban', points: 1, duration: 1, blockDuration: 50 });
    await limiter.consume('u');
    assert.equal((await refused(limiter.consume('u'))).msBeforeNext, 50_000);
    const kept = await limiter.get('u');
    assert.ok(kept !== null && kept.msBeforeNext > 40_000);
  },

  'counts without end when there is no duration': async (open) => {
    const limiter = open({ keyPrefix: 'endless', points: 3, duration: 0 });
    for (let i = 1; i <= 3; i++) assert.equal((await limiter.consume('u')).consumedPoints, i);
    assert.equal((await refused(limiter.consume('u'))).msBeforeNext, -1);
  },

  'spreads its answers over the duration when asked to': async (open) => {
    const limiter = open({ keyPrefix: 'even', points: 8, duration: 1, execEvenly: true });
    const startMs = performance.now();
    await limiter.consume('u');
    await limiter.consume('u');
    await limiter.consume('u');
    assert.ok(performance.now() - startMs > 150, 'two waits of 1000/8 ms or so');
  },

  'combines: a burst over a limit, a union of limits, a queue before one': async (open) => {
    const steady = open({ keyPrefix: 'steady', points: 2, duration: 60 });
    const burst = open({ keyPrefix: 'burst', points: 3, duration: 60 });
    const bursty = new BurstyRateLimiter(steady, burst);
    for (let i = 0; i < 5; i++) await bursty.consume('u');
    await refused(bursty.consume('u'));

    const wide = open({ keyPrefix: 'wide', points: 9, duration: 60 });
    const narrow = open({ keyPrefix: 'narrow', points: 1, duration: 60 });
    const union = new RateLimiterUnion(wide, narrow);
    const both = await union.consume('u');
    assert.deepEqual(pointsLeft(both), [8, 0]);
    await assert.rejects(union.consume('u'), (error) => {
      assert.deepEqual(pointsLeft(error as object), [0]);
      return true;
    });

    const queue = new RateLimiterQueue(open({ keyPrefix: 'queue', points: 5, duration: 1 }));
    const left = await Promise.all(Array.from({ length: 7 }, () => queue.removeTokens(1, 'u')));
    assert.deepEqual(left, [4, 3, 2, 1, 0, 4, 3]);
  },
};

const scenarios: Record<string, Scenario> = {};
for (const [rule, run] of Object.entries(RULES)) {
  scenarios[`ioredis: ${rule}`] = async (t, port) => run(openWithIoredis(t, port));
  scenarios[`redis: ${rule}`] = async (t, port) => run(await openWithNodeRedis(t, port));
}
// The library counts in whole seconds: its waits run side by side.
testBothServers('rate-limiter-flexible', scenarios, { concurrency: 8 });

function openWithIoredis(t: TestContext, port: number): Open {
  const client = new Redis({ port, enableOfflineQueue: true });
  t.after(() => client.disconnect());
  return (options) =>
    new RateLimiterRedis({ ...options, storeClient: client, keyPrefix: `io-${options.keyPrefix}` });
}

async function openWithNodeRedis(t: TestContext, port: number): Promise<Open> {
  const client = createClient({ url: `redis://127.0.0.1:${port}` });
  await client.connect();
  t.after(() => client.destroy());
  return (options) =>
    new RateLimiterRedis({
      ...options,
      storeClient: client,
      useRedisPackage: true,
      keyPrefix: `nr-${options.keyPrefix}`,
    });
}

function pointsLeft(answers: object): number[] {
  return Object.values(answers).map((answer: RateLimiterRes) => answer.remainingPoints);
}

/** The refusal itself; an error of the client or the server is none. */
async function refused(asked: Promise<unknown>): Promise<RateLimiterRes> {
  const answer = await asked.then(
    () => assert.fail('was let in'),
    (error: unknown) => error,
  );
  if (!(answer instanceof RateLimiterRes)) throw answer;
  return answer;
}
