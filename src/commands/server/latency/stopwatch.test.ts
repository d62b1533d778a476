import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CommandKit, createCommandKit } from '../../../testing/command-kit.ts';
import { seededDraws } from '../../../testing/seeded.ts';

async function createFilledKit(): Promise<CommandKit> {
  const kit = await createCommandKit();
  for (let i = 0; i < 300; i++) {
    kit.run('ZADD', 'zset', i, `member:${i}`);
    kit.run('RPUSH', 'list', `element:${i}`);
    kit.run('HSET', 'hash', `field:${i}`, i);
    kit.run('SADD', 'set', `member:${i}`);
  }
  kit.run('HSET', 'small:hash', 'field', 'value');
  kit.run('SADD', 'small:set', 'member');
  return kit;
}

/** The clock's steps put other commands into the slow log as well. */
function logged(kit: CommandKit, wanted: string): string[][] {
  const entries = kit.ask('SLOWLOG', 'GET', '-1') as [number, number, number, string[]][];
  return entries.map(([, , , args]) => args).filter(([name]) => name === wanted);
}

const SHORT = [
  ['ZRANGE', 'zset', '0', '9'],
  ['LRANGE', 'list', '0', '9'],
  ['HGETALL', 'small:hash'],
  ['SMEMBERS', 'small:set'],
];
const LONG = [
  ['ZRANGE', 'zset', '0', '-1'],
  ['LRANGE', 'list', '-100', '-1'],
  ['HGETALL', 'hash'],
  ['SMEMBERS', 'set'],
];

test('of short replies only a sample is timed, a long one always', async () => {
  for (const [index, short] of SHORT.entries()) {
    const kit = await createFilledKit();
    for (let i = 0; i < 300; i++) kit.run(...short);
    let nowMs = 0;
    const { clock } = kit.world;
    // Whatever is timed now takes 20 ms, and the slow log has it.
    clock.monotonicMs = () => {
      nowMs += 20;
      return nowMs;
    };
    for (let i = 0; i < 10; i++) kit.run(...short);
    assert.deepEqual(logged(kit, short[0]), []);
    kit.run(...LONG[index]);
    assert.deepEqual(logged(kit, short[0]), [LONG[index]]);
    kit.run('MULTI');
    kit.run(...LONG[index]);
    kit.run('EXEC');
    assert.deepEqual(logged(kit, short[0]), [LONG[index], LONG[index]]);
  }
});

test('the histogram has each call once, in whatever order short and long ones come', async () => {
  const kit = await createFilledKit();
  const draw = seededDraws(7);
  const { latency, table } = kit.node.services;
  const command = table.find('zrange');
  assert.ok(command !== null);
  let comparedCount = 0;
  for (let i = 0; i < 5_000; i++) {
    const isSampled = command.untimedLeft === 1;
    const isLong = draw(10) < 3;
    kit.run(...(isLong ? LONG[0] : SHORT[0]));
    if (!isSampled || isLong) continue;
    assert.equal(latency.histograms.get('zrange')?.total, command.calls);
    comparedCount++;
  }
  assert.ok(comparedCount > 10, `${comparedCount}`);
});
