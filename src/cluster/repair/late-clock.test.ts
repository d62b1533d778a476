import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRepairKit, type RepairKit, type RepairNode } from '../../testing/repair-kit.ts';

/** The first node's clock is ahead of the other's by so much, which is allowed. */
const AHEAD_MS = 300;

async function createSkewedKit(): Promise<{ kit: RepairKit; ahead: RepairNode; late: RepairNode }> {
  const kit = await createRepairKit(2);
  const [ahead, late] = kit.nodes;
  const { world } = ahead.base.kit;
  world.setWallMs(world.clock.wallMs() + AHEAD_MS);
  kit.base.advance(1);
  return { kit, ahead, late };
}

test('who learns of a removal by comparing writes that key later than it was removed', async () => {
  const { kit, ahead, late } = await createSkewedKit();
  kit.net.cut(ahead.base.bus, late.base.bus);
  ahead.run('RPUSH', 'list', 'a');
  ahead.run('DEL', 'list');
  kit.net.joinAll();
  kit.settle();
  kit.elect(late, kit.nodes);
  kit.settle();
  late.run('RPUSH', 'list', 'b');
  kit.settle();
  assert.deepEqual(ahead.run('LRANGE', 'list', '0', '-1'), ['b']);
  kit.check('');
});

test('an owner that is told of a removal writes that key later than it was removed', async () => {
  const { kit, ahead, late } = await createSkewedKit();
  kit.elect(late, kit.nodes);
  kit.settle();
  kit.part([ahead], [late]);
  ahead.run('RPUSH', 'list', 'a');
  ahead.run('DEL', 'list');
  kit.heal(late);
  kit.settle();
  late.run('RPUSH', 'list', 'b');
  kit.settle();
  assert.deepEqual(ahead.run('LRANGE', 'list', '0', '-1'), ['b']);
  kit.check('');
});
