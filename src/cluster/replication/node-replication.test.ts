import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CommandKeys, drawCommand, drawFilling } from '../../testing/random-commands.ts';
import { createReplicationKit } from '../../testing/replication-kit.ts';
import { seededDraws } from '../../testing/seeded.ts';

function drawSeed(): number {
  return Number(process.env.TEST_SEED ?? Date.now() % 1_000_000);
}

test('what the owner executes is the same on every node', async () => {
  const kit = await createReplicationKit(3);
  const [owner, second, third] = kit.nodes;
  owner.run('SET', 'a', '1', 'PX', 5000);
  owner.run('RPUSH', 'l', 'x', 'y');
  owner.run('HSET', 'h', 'f', 'v');
  owner.run('HPEXPIRE', 'h', 9000, 'FIELDS', 1, 'f');
  owner.run('DEL', 'nothing');
  kit.settle();
  assert.equal(second.run('PTTL', 'a'), 5000);
  assert.deepEqual(third.run('LRANGE', 'l', 0, -1), ['x', 'y']);
  assert.deepEqual(third.run('HPTTL', 'h', 'FIELDS', 1, 'f'), [9000]);
  kit.check('');
});

test('random commands of all types leave the same on every node', async () => {
  const seed = drawSeed();
  const draw = seededDraws(seed);
  const kit = await createReplicationKit(3, { seed });
  const keys = new CommandKeys(draw, 6);
  const { owner } = kit;
  for (let i = 0; i < 800; i++) {
    const [command, ...args] = draw(12) === 0 ? drawFilling(draw, keys) : drawCommand(draw, keys);
    owner.run(command, ...args);
    if (draw(4) > 0) continue;
    kit.settle(draw);
    if (draw(9) === 0) kit.advance(draw(400));
    if (draw(60) === 0) kit.check(`after command ${i}, TEST_SEED=${seed}`);
  }
  for (let i = 0; i < 50; i++) kit.advance(20);
  kit.settle();
  kit.check(`TEST_SEED=${seed}`);
  for (const { parts } of kit.nodes.slice(1)) {
    assert.equal(parts.applier.unknownCount, 0, `TEST_SEED=${seed}`);
  }
});
