import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../base/limits.ts';
import { ViewKit, type ViewNode } from '../../testing/view-kit.ts';
import { ClusterDirectory } from './cluster-directory.ts';

function directoryOf(kit: ViewKit, { bus, gossip, ownership, view }: ViewNode): ClusterDirectory {
  return new ClusterDirectory({
    clock: kit.world.clock,
    view,
    membership: gossip,
    bus,
    ownership,
    settings: { replicationFactor: 0 },
  });
}

/** Three nodes that hear each other, and what the first one tells. */
function threeNodes() {
  const kit = new ViewKit();
  const [a, b, c] = ['a', 'b', 'c'].map((id) => kit.add(id));
  kit.joinAll();
  kit.pass(LIMITS.linkSilenceMs);
  return { kit, a, b, c, directory: directoryOf(kit, a) };
}

function statusesOf(directory: ClusterDirectory): string[] {
  return directory.nodes.map(({ id, status }) => `${id} ${status}`);
}

test('this node comes first, then the others by their ids, each one object', () => {
  const { kit, directory, b } = threeNodes();
  assert.deepEqual(statusesOf(directory), ['a ready', 'b ready', 'c ready']);
  assert.deepEqual(
    directoryOf(kit, b).nodes.map(({ id, isSelf }) => (isSelf ? `${id}!` : id)),
    ['b!', 'a', 'c'],
  );
  assert.equal(directory.nodes[1], directory.nodes[1]);
  // `sha1 a`: what CLUSTER commands call it, on every node.
  assert.equal(directory.self.hexId, '86f7e437faa5a7fce15d1ddcb9eaeaea377667b8');
});

test('the status of a node is what gossip, links and the node itself say', () => {
  const { kit, a, b, c, directory } = threeNodes();
  b.view.setState('filling');
  kit.net.deliver();
  assert.deepEqual(statusesOf(directory), ['a ready', 'b filling', 'c ready']);
  kit.net.cut(a.bus, c.bus);
  assert.deepEqual(statusesOf(directory), ['a ready', 'b filling', 'c suspect']);
  kit.net.cut(b.bus, c.bus);
  kit.net.deliver();
  assert.deepEqual(statusesOf(directory), ['a ready', 'b filling', 'c failed']);
  assert.equal(directory.nodes[2].doubtCount, 1);
  assert.equal(directory.isAlive('c'), true);
  a.gossip.say('c', { status: 'failed' });
  assert.equal(directory.isAlive('c'), false);
  a.gossip.say('c', { status: 'left' });
  b.view.setState('leaving');
  kit.net.deliver();
  assert.deepEqual(statusesOf(directory), ['a ready', 'b leaving', 'c left']);
});

test('a node that only the gossip knows was seen when it told of it', () => {
  const { kit, a, directory } = threeNodes();
  const d = kit.add('d');
  a.gossip.take({ ...d.gossip.members[0], sinceMs: 1_234 });
  const told = directory.nodes.find(({ id }) => id === 'd')!;
  assert.equal(told.seenMs, 1_234);
  kit.net.join(a.bus, d.bus);
  assert.equal(told.seenMs, kit.world.clock.wallMs());
});

test('only a node that is known and does not live can be forgotten', () => {
  const { kit, a, b, directory } = threeNodes();
  assert.deepEqual([directory.forgetNode('b'), directory.forgetNode('x')], [false, false]);
  a.gossip.say('b', { status: 'failed' });
  kit.net.cut(a.bus, b.bus);
  assert.equal(directory.forgetNode('b'), true);
  assert.deepEqual(statusesOf(directory), ['a ready', 'c ready']);
});

test('slots have owners whoever owns the store, and a store only where it has one owner', () => {
  const { directory } = threeNodes();
  const owners = new Set(Array.from({ length: 100 }, (_, slot) => directory.ownerOfSlot(slot)?.id));
  assert.deepEqual([...owners].sort(), ['a', 'b', 'c']);
  assert.equal(directory.holdersOfSlot(7).length, 3);
  const owner = directory.ownerOfStore(storeOf(null));
  assert.equal(owner?.id, directory.ownerOfStore(storeOf('store'))?.id);
  assert.equal(directory.ownerOfStore(storeOf('slot')), null);
});

function storeOf(ownership: 'store' | 'slot' | null) {
  return { name: 'default', configuration: { ownership } } as Parameters<
    ClusterDirectory['ownerOfStore']
  >[0];
}
