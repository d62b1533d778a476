import { test } from 'node:test';
import { CommandKeys, drawCommand, drawFilling } from '../../testing/random-commands.ts';
import { checkPresence, createReplicationKit } from '../../testing/replication-kit.ts';
import { rounds, seededDraws, seedOfRun } from '../../testing/seeded.ts';

test('a key that is there has a stamp, one that is gone is absent, whatever was run', async () => {
  const seed = seedOfRun();
  const draw = seededDraws(seed);
  const kit = await createReplicationKit(1, { seed });
  const [node] = kit.nodes;
  const keys = new CommandKeys(draw, 4);
  for (let i = 0; i < rounds(1500); i++) {
    const command = draw(15) === 0 ? drawFilling(draw, keys) : drawCommand(draw, keys);
    node.run(command[0], ...command.slice(1));
    if (draw(9) === 0) kit.advance(draw(300));
    checkPresence(node, `after ${command.join(' ').slice(0, 80)}, TEST_SEED=${seed}`);
  }
});
