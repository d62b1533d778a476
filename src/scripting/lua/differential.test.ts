import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { generateLua } from '../../testing/lua-generator.ts';
import { createTestRuntime, runLua, showing, shownReply } from '../../testing/lua-kit.ts';
import { LUA_LANGUAGE_PROGRAMS } from '../../testing/lua-language-programs.ts';
import { LUA_PROGRAMS } from '../../testing/lua-programs.ts';
import { LUA_CHUNKS } from '../../testing/lua-syntax-errors.ts';
import { type RealRedis, startRealRedis } from '../../testing/real-redis.ts';
import { seededDraws } from '../../testing/seeded.ts';

const PROGRAM_COUNT = 1_500;

let redis: RealRedis | null = null;
before(async () => {
  redis = await startRealRedis({ flags: ['--save', ''] });
});
after(async () => {
  await redis?.stop();
});

async function compare(script: string, runtime = createTestRuntime()): Promise<void> {
  const theirs = shownReply(await redis!.call('EVAL', script, '0'));
  assert.equal(runLua(script, runtime), theirs, script);
}

test('programs give what they give in redis-server', async (t) => {
  if (redis === null) return t.skip('no redis-server');
  for (const program of [...LUA_PROGRAMS, ...LUA_LANGUAGE_PROGRAMS]) {
    await compare(showing(program));
  }
});

test('errors that nobody catches have the text of redis-server', async (t) => {
  if (redis === null) return t.skip('no redis-server');
  const bodies = ['local x = nil; return x.y', 'error("a")', '\n\nlocal a = 1 + {}', 'foo()'];
  for (const body of bodies) await compare(body);
});

test('wrong syntax is refused in the words of redis-server', async (t) => {
  if (redis === null) return t.skip('no redis-server');
  for (const chunk of LUA_CHUNKS) await compare(chunk);
});

test('random numbers go on from script to script, as in redis-server', async (t) => {
  if (redis === null) return t.skip('no redis-server');
  const runtime = createTestRuntime();
  const script = 'return tostring(math.random()) .. math.random(6) .. math.random(-5, 5)';
  await compare(`math.randomseed(7) ${script}`, runtime);
  for (let i = 0; i < 5; i++) await compare(script, runtime);
});

test('generated programs give what they give in redis-server', async (t) => {
  if (redis === null) return t.skip('no redis-server');
  const seed = Number(process.env.TEST_SEED ?? Date.now() % 1_000_000);
  const draw = seededDraws(seed);
  for (let i = 0; i < PROGRAM_COUNT; i++) {
    const script = showing(generateLua(draw));
    const theirs = shownReply(await redis.call('EVAL', script, '0'));
    const ours = runLua(script);
    assert.equal(signless(ours), signless(theirs), `TEST_SEED=${seed}, program ${i}\n${script}`);
  }
});

/** The sign of a NaN is hidden by JavaScript; of 0 and -0 in one function Lua keeps the first. */
function signless(text: string): string {
  return text.replaceAll('-nan', 'nan').replace(/-0(?![\d.])/g, '0');
}
