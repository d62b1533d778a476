import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NodeError } from '../../base/errors.ts';
import type { FakeBus, FakeNet } from '../../testing/fake-net.ts';
import { CommandKeys, drawCommand } from '../../testing/random-commands.ts';
import { createRepairKit, type RepairKit } from '../../testing/repair-kit.ts';
import { createRoutingKit } from '../../testing/routing-kit.ts';
import { type Draw, rounds, seededDraws, seedOfRun } from '../../testing/seeded.ts';
import { MESSAGE_TABLE } from './message-table.ts';

const COMMANDS = 150;
const HEAD_BYTES = 5;

/** Some bits turned, cut short, or with bytes of its own in another place. */
function damage(message: Uint8Array, draw: Draw): Uint8Array {
  const kind = draw(4);
  if (kind === 0) return message.slice(0, HEAD_BYTES + draw(message.length - HEAD_BYTES + 1));
  const bad = message.slice();
  if (bad.length === HEAD_BYTES) return bad;
  const at = HEAD_BYTES + draw(bad.length - HEAD_BYTES);
  if (kind === 1) bad[at] ^= 1 << draw(8);
  else if (kind === 2) bad[at] = [0, 1, 0x7f, 0xff][draw(4)];
  else bad.copyWithin(at, HEAD_BYTES + draw(bad.length - HEAD_BYTES));
  return bad;
}

/**
 * Every message may be followed by a damaged copy of itself. What is refused breaks the links, as
 * the real ones do; anything else that is thrown would stop the node.
 */
function damageAll(net: FakeNet, draw: Draw): { refusedCount: number; takenCount: number } {
  const counts = { refusedCount: 0, takenCount: 0 };
  for (const bus of net.buses) {
    const receive = bus.receive.bind(bus);
    bus.receive = (from: FakeBus, message: Uint8Array) => {
      receive(from, message);
      if (draw(4) > 0) return;
      const bad = damage(message, draw);
      try {
        receive(from, bad);
        counts.takenCount++;
      } catch (error) {
        const isRefusal = error instanceof NodeError && error.code === 'MESSAGE_BROKEN';
        const type = MESSAGE_TABLE[message[HEAD_BYTES - 1]].name;
        if (!isRefusal) throw new Error(`a damaged ${type} stops the node`, { cause: error });
        counts.refusedCount++;
        net.cut(bus, from);
        net.join(bus, from);
      }
    };
  }
  return counts;
}

/** Runs it with some seeds; a failure names its own. */
async function withSeeds(count: number, run: (draw: Draw, told: string) => Promise<void>) {
  const first = seedOfRun();
  for (let seed = first; seed < first + rounds(count); seed++) {
    try {
      await run(seededDraws(seed), `seed ${seed}`);
    } catch (error) {
      throw new Error(`failed with TEST_SEED=${seed}: ${error}`, { cause: error });
    }
  }
}

test('damaged effects, commands and replies end links and nothing else', async () => {
  await withSeeds(6, async (draw, told) => {
    const kit = await createRoutingKit(2);
    const counts = damageAll(kit.net, draw);
    const keys = new CommandKeys(draw, 4);
    const clients = kit.nodes.map((_, i) => kit.connect(i));
    for (let i = 0; i < COMMANDS; i++) {
      const words = drawCommand(draw, keys).map((word) => `"${word}"`);
      clients[draw(2)].ask(words.join(' '));
    }
    kit.advance(5_000);
    assert.ok(counts.refusedCount > 0 && counts.takenCount > 0);
    for (const { kit: node } of kit.nodes) assert.equal(node.node.failure, null, told);
    await kit.stop();
  });
});

test('damaged messages of a repair end links and nothing else', async () => {
  await withSeeds(4, async (draw) => {
    const kit = await createRepairKit(2);
    const [one, two] = kit.nodes;
    const counts = damageAll(kit.net, draw);
    for (let round = 0; round < 4; round++) {
      kit.part([one], [two]);
      runSome(kit, draw);
      kit.heal();
      kit.pass(500, draw);
    }
    assert.ok(counts.refusedCount > 0 && counts.takenCount > 0);
  });
});

function runSome(kit: RepairKit, draw: Draw): void {
  const keys = new CommandKeys(draw, 4);
  for (let i = 0; i < COMMANDS; i++) kit.nodes[draw(2)].run(...drawCommand(draw, keys));
}
