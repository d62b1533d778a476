import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type CommandKit, createCommandKit } from '../../testing/command-kit.ts';
import { type RealRedis, startRealRedis } from '../../testing/real-redis.ts';
import { type Draw, seededDraws, seedOfRun } from '../../testing/seeded.ts';

let redis: RealRedis | null;
let kit: CommandKit;

before(async () => {
  redis = await startRealRedis({ flags: ['--enable-debug-command', 'yes'] });
  kit = await createCommandKit();
  kit.node.services.configuration.security.enableDebugCommand = 'yes';
});
after(async () => {
  await kit.node.stop();
  await redis?.stop();
});

const KEY_COUNT = 6;
/** Small ones are packed, large ones are trees here and tables there. */
const MEMBERS = [3, 40, 4_000];

function drawText(draw: Draw): string {
  const kind = draw(4);
  if (kind === 0) return String(draw(1_000));
  if (kind === 1) return `-${draw(1_000_000)}${draw(1_000_000)}`;
  return 'x'.repeat(draw(kind === 2 ? 20 : 200)) + draw(10_000);
}

function drawScore(draw: Draw): string {
  return ['inf', '-inf', '0', '-0', '1.5', '1e300', '0.1', String(draw(1_000_000) / 7)][draw(8)];
}

/** A call that adds members, ten at a time. */
const ADDITIONS: Record<string, (draw: Draw, key: string) => string[]> = {
  string: (draw, key) => ['SET', key, drawText(draw)],
  list: (draw, key) => ['RPUSH', key, ...ten(() => [drawText(draw)])],
  set: (draw, key) => ['SADD', key, ...ten(() => [drawText(draw)])],
  integers: (draw, key) => ['SADD', key, ...ten(() => [String(draw(100_000) - 50_000)])],
  hash: (draw, key) => ['HSET', key, ...ten(() => [drawText(draw), drawText(draw)])],
  zset: (draw, key) => ['ZADD', key, ...ten(() => [drawScore(draw), drawText(draw)])],
  stream: (draw, key) => ['XADD', key, '7-*', ...ten(() => [drawText(draw), drawText(draw)])],
};

function ten(make: () => string[]): string[] {
  return Array.from({ length: 10 }, make).flat();
}

for (const [kind, addition] of Object.entries(ADDITIONS)) {
  test(`DEBUG DIGEST of ${kind} data is that of redis-server`, async (context) => {
    if (redis === null) return context.skip('no redis-server');
    const seed = seedOfRun();
    const draw = seededDraws(seed);
    const both = async (...words: string[]) => {
      const theirs = await redis?.call(...words);
      const ours = kit.ask(...words);
      assert.deepEqual(ours, theirs, `${words.slice(0, 3).join(' ')} TEST_SEED=${seed}`);
    };
    await both('FLUSHALL');
    for (let i = 0; i < KEY_COUNT; i++) {
      const key = `${kind}:${i}`;
      const callCount = Math.ceil(MEMBERS[i % MEMBERS.length] / 10);
      for (let call = 0; call < callCount; call++) await both(...addition(draw, key));
      if (i % 2 === 0) await both('EXPIRE', key, '1000');
      await both('DEBUG', 'DIGEST-VALUE', key, 'nosuch');
    }
    await both('DEBUG', 'DIGEST');
  });
}
