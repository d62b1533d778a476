import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLinkKit, type LinkKit, type LinkNode } from '../../testing/link-kit.ts';
import { rounds } from '../../testing/seeded.ts';
import { MESSAGE } from './message-table.ts';

/** One fault, or the end of all of them. */
async function disturb(kit: LinkKit, watch: (node: LinkNode) => void): Promise<void> {
  const { fabric, nodes } = kit;
  const node = nodes[fabric.random.below(nodes.length)];
  const other = nodes[fabric.random.below(nodes.length)];
  const what = fabric.random.below(6);
  if (what === 0) fabric.wire.cut(node.address, other.address);
  else if (what === 1) fabric.wire.isolate(node.address);
  else if (what <= 3) fabric.wire.healAll();
  else if (what === 4) fabric.stall(node.address, fabric.random.below(4_000));
  else {
    fabric.kill(node.address, fabric.random.below(2) === 0 ? 'killed' : 'dark');
    nodes.splice(nodes.indexOf(node), 1);
    watch(await kit.add({ id: node.bus.id, address: node.address }));
    kit.keepAll();
  }
}

test('whatever happens, what comes between two ups is the beginning of what one sent', async () => {
  for (let seed = 1; seed <= rounds(40); seed++) {
    const kit = await createLinkKit(3, seed);
    const { fabric } = kit;
    fabric.wire.latencyMsMax = 30;
    /** By who receives and who sends: what is expected next, such as `epoch 3, number 5`. */
    const expected = new Map<string, { epoch: string; number: number }>();
    const seenEpochs = new Set<string>();
    let upCount = 0;
    let cameCount = 0;
    const watch = (node: LinkNode): void => {
      const sent = new Map<string, { epoch: string; number: number }>();
      node.bus.listen({
        onUp: ({ id }) => {
          sent.set(id, { epoch: `${node.bus.id} ${++upCount}`, number: 0 });
          expected.set(`${node.bus.id} ${id}`, { epoch: '', number: 0 });
        },
      });
      node.bus.handle(MESSAGE.fetch, ({ id }, message) => {
        const [epoch, number] = [message.text(), message.u32()];
        const next = expected.get(`${node.bus.id} ${id}`) ?? assert.fail();
        if (next.epoch === '') {
          assert.ok(!seenEpochs.has(epoch), `seed ${seed}: what was sent before the last up came`);
          seenEpochs.add(epoch);
          next.epoch = epoch;
        }
        assert.deepEqual([epoch, number], [next.epoch, next.number], `seed ${seed}`);
        next.number++;
        cameCount++;
      });
      node.world.timers.every(20, () => {
        for (const peer of node.bus.peers) {
          const next = sent.get(peer.id);
          const writer = next === undefined ? null : node.bus.begin(peer, MESSAGE.fetch);
          if (writer !== null && next !== undefined) {
            writer
              .text(next.epoch)
              .u32(next.number++)
              .end();
          }
        }
      });
    };
    for (const node of kit.nodes) watch(node);
    kit.keepAll();
    for (let step = 0; step < 12; step++) {
      await disturb(kit, watch);
      await fabric.pass(fabric.random.below(3_000));
    }
    for (const { failures } of kit.nodes) assert.deepEqual(failures, [], `seed ${seed}`);
    assert.ok(cameCount > 50, `${cameCount}`);
  }
});

test('links come to stand after any mix of cuts, kills and stalls', async () => {
  for (let seed = 1; seed <= rounds(40); seed++) {
    const kit = await createLinkKit(3, seed);
    const { fabric } = kit;
    fabric.wire.latencyMsMax = 30;
    kit.keepAll();
    for (let step = 0; step < 12; step++) {
      await disturb(kit, () => {});
      await fabric.pass(fabric.random.below(3_000));
    }
    fabric.wire.healAll();
    // Who stands still goes on within so long.
    await fabric.pass(4_000);
    await kit.untilUp();
    for (const node of kit.nodes) {
      node.take();
      for (const { bus } of kit.nodes) if (bus !== node.bus) node.send(bus.id, 'after all');
    }
    await fabric.pass(1_000);
    for (const node of kit.nodes) {
      assert.deepEqual(node.failures, [], `seed ${seed}`);
      const texts = node.take().filter((event) => event.endsWith(': after all'));
      assert.equal(texts.length, 2, `seed ${seed} ${node.bus.id}`);
    }
  }
});
