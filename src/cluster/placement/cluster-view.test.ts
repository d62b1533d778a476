import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../base/limits.ts';
import { type Draw, rounds, seeded } from '../../testing/seeded.ts';
import { memberOf, ViewKit, type ViewNode } from '../../testing/view-kit.ts';
import { viewIssues } from './view-issues.ts';

/** Three nodes that hear each other and are ready. */
function threeReady(): { kit: ViewKit; a: ViewNode; b: ViewNode; c: ViewNode } {
  const kit = new ViewKit();
  const [a, b, c] = ['a', 'b', 'c'].map((id) => kit.add(id, { expectsOthers: true }));
  kit.joinAll();
  for (const { view } of kit.nodes) view.setState('ready');
  kit.pass(1);
  assert.deepEqual(c.view.readyIds, ['a', 'b', 'c']);
  return { kit, a, b, c };
}

function readyOf(...nodes: ViewNode[]): string[] {
  return nodes.map(({ view }) => view.readyIds.join(''));
}

test('a node that expects nobody is ready at once', () => {
  const { view, ownership } = new ViewKit().add('a');
  assert.equal(view.state, 'ready');
  assert.deepEqual(view.readyIds, ['a']);
  assert.equal(ownership.table.ownerOfStore('default'), 'a');
});

test('a node that is to join others and meets none goes on alone after a while', () => {
  const kit = new ViewKit();
  const { view, ownership } = kit.add('a', { expectsOthers: true });
  kit.pass(LIMITS.viewAloneMs - 200);
  assert.equal(view.state, 'filling');
  assert.equal(ownership.table.ownerOfStore('default'), '');
  kit.pass(1_000);
  assert.equal(view.state, 'ready');
});

test('where nobody is ready the smallest id begins, and the others are filled by it', () => {
  const kit = new ViewKit();
  const [c, a, b] = ['c', 'a', 'b'].map((id) => kit.add(id, { expectsOthers: true }));
  kit.joinAll();
  kit.pass(LIMITS.viewBootstrapMs + 600);
  assert.deepEqual([a.view.state, b.view.state, c.view.state], ['ready', 'filling', 'filling']);
  assert.deepEqual(readyOf(a, b, c), ['a', 'a', 'a']);
  b.view.setState('ready');
  kit.pass(1);
  assert.deepEqual(readyOf(a, b, c), ['ab', 'ab', 'ab']);
});

test('a node that was being filled goes on alone, when those who could fill it stay away', () => {
  const kit = new ViewKit();
  const [a, b] = ['a', 'b'].map((id) => kit.add(id, { expectsOthers: true }));
  b.view.setState('ready');
  kit.joinAll();
  kit.pass(LIMITS.viewAloneMs * 2);
  assert.equal(a.view.state, 'filling');
  a.gossip.say('b', { status: 'failed' });
  kit.net.cut(a.bus, b.bus);
  kit.pass(LIMITS.viewAloneMs - 600);
  assert.deepEqual([a.view.state, a.view.readyIds], ['filling', []]);
  kit.pass(1_200);
  assert.equal(a.view.state, 'ready');
});

test('one broken link takes nobody out, and both ends say what they lack', () => {
  const { kit, a, b, c } = threeReady();
  kit.net.cut(a.bus, b.bus);
  kit.pass(5_000);
  assert.deepEqual(readyOf(a, b, c), ['abc', 'abc', 'abc']);
  const nowMs = kit.world.clock.monotonicMs();
  assert.deepEqual(viewIssues(a.view, nowMs), [
    "cluster: the node 'b' is not heard here, and 'c' hears it",
  ]);
  assert.deepEqual(viewIssues(c.view, nowMs), []);
});

test('a node is down when a second one says that it does not hear it either', () => {
  const { kit, a, b, c } = threeReady();
  kit.pass(LIMITS.linkSilenceMs);
  kit.net.cut(a.bus, c.bus);
  assert.deepEqual(a.view.readyIds, ['a', 'b', 'c']);
  kit.net.cut(b.bus, c.bus);
  kit.net.deliver();
  assert.deepEqual(readyOf(a, b), ['ab', 'ab']);
  // It hears nobody: nobody could contradict.
  assert.deepEqual(readyOf(c), ['c']);
  const nowMs = kit.world.clock.monotonicMs();
  assert.deepEqual(viewIssues(a.view, nowMs), []);
  kit.net.joinAll();
  kit.net.deliver();
  assert.deepEqual(readyOf(a, b, c), ['abc', 'abc', 'abc']);
});

test('of two nodes each goes on alone', () => {
  const kit = new ViewKit();
  const [a, b] = ['a', 'b'].map((id) => kit.add(id));
  kit.joinAll();
  kit.pass(LIMITS.linkSilenceMs);
  kit.net.cut(a.bus, b.bus);
  assert.deepEqual(readyOf(a, b), ['a', 'b']);
});

test('a node that no link reached yet is waited for as long as one that fell silent', () => {
  const { kit, a } = threeReady();
  const d = kit.add('d');
  a.gossip.hear(d);
  assert.deepEqual(a.view.liveIds, ['a', 'b', 'c', 'd']);
  kit.pass(LIMITS.linkSilenceMs + LIMITS.viewPeriodMs);
  assert.deepEqual(a.view.find('d')?.isSilent, true);
});

test('who was away itself takes nobody for silent that it has not met yet', () => {
  const { kit, a } = threeReady();
  const d = kit.add('d');
  a.gossip.hear(d);
  kit.world.timers.stall(5_000);
  kit.pass(5_100);
  assert.equal(a.view.find('d')?.isSilent, false);
  kit.pass(LIMITS.linkSilenceMs + LIMITS.viewPeriodMs);
  assert.equal(a.view.find('d')?.isSilent, true);
});

test('what a node is travels by its links, before the gossip brings it', () => {
  const { kit, a, b, c } = threeReady();
  for (const { gossip } of [a, b]) gossip.deafTo.add('c');
  c.view.setState('leaving');
  assert.deepEqual(readyOf(c), ['ab']);
  kit.net.deliver();
  assert.deepEqual(readyOf(a, b), ['ab', 'ab']);
  assert.deepEqual(a.view.liveIds, ['a', 'b', 'c']);
  // The gossip is late.
  a.gossip.deafTo.clear();
  a.gossip.take(a.gossip.members.find(({ name }) => name === 'c')!);
  assert.deepEqual(readyOf(a), ['ab']);
  c.view.setState('ready');
  assert.equal(c.view.state, 'leaving');
});

test('a node knows when nobody else could fill the others', () => {
  const { kit, a, b, c } = threeReady();
  assert.equal(a.view.isLastReady, false);
  b.view.setState('filling');
  kit.net.deliver();
  assert.equal(a.view.isLastReady, false);
  c.view.setState('leaving');
  kit.net.deliver();
  assert.deepEqual([a.view.isLastReady, b.view.isLastReady], [true, false]);
  b.view.setState('ready');
  kit.net.deliver();
  assert.equal(a.view.isLastReady, false);
  // Who leaves as well is not to be filled.
  b.view.setState('leaving');
  kit.net.deliver();
  assert.equal(a.view.isLastReady, false);
  assert.equal(new ViewKit().add('alone').view.isLastReady, false);
});

test('another process of the same id is not ready, whatever is told of the one before', () => {
  const { kit, a, b } = threeReady();
  const { members } = a.gossip;
  const old = members.find(({ name }) => name === 'c')!;
  const c = kit.add('c', { incarnation: 2, expectsOthers: true });
  for (const other of [a, b]) c.gossip.hear(other);
  kit.net.joinAll();
  kit.net.deliver();
  assert.deepEqual(readyOf(a, b, c), ['ab', 'ab', 'ab']);
  a.gossip.take(old);
  assert.deepEqual(readyOf(a), ['ab']);
  assert.equal(a.view.find('c')?.state, 'filling');
});

test('a member that the gossip takes for failed is live as long as it is heard, and again', () => {
  const { kit, a, b } = threeReady();
  a.gossip.say('b', { status: 'failed' });
  assert.deepEqual(a.view.readyIds, ['a', 'b', 'c']);
  kit.net.cut(a.bus, b.bus);
  assert.deepEqual(a.view.liveIds, ['a', 'c']);
  kit.net.join(a.bus, b.bus);
  kit.net.deliver();
  assert.deepEqual(a.view.readyIds, ['a', 'b', 'c']);
});

test('a member that leaves owns nothing, and one that left is not live', () => {
  const { a } = threeReady();
  a.gossip.say('b', { status: 'leaving' });
  assert.deepEqual(
    [a.view.liveIds, a.view.readyIds],
    [
      ['a', 'b', 'c'],
      ['a', 'c'],
    ],
  );
  a.gossip.say('b', { status: 'left' });
  assert.deepEqual(a.view.liveIds, ['a', 'c']);
});

test('a plain serf agent is never part', () => {
  const { a } = threeReady();
  a.gossip.take(memberOf('agent', 'alive', new Map([['role', 'web']])));
  assert.deepEqual(a.view.liveIds, ['a', 'b', 'c']);
  assert.equal(a.view.find('agent'), null);
});

test('a node whose gossip says that it is busy is waited for, but not for ever', () => {
  const { kit, a, b } = threeReady();
  for (const { gossip } of [a, b]) gossip.say('c', { isBusy: true });
  kit.net.buses.filter(({ id }) => id !== 'c').map((bus) => kit.net.cut(bus, kit.nodes[2].bus));
  kit.pass(LIMITS.viewBusyMs - 1_000);
  assert.deepEqual(readyOf(a, b), ['abc', 'abc']);
  kit.pass(2_000);
  assert.deepEqual(readyOf(a, b), ['ab', 'ab']);
});

test('a node that others hear, and that never came here, is told of', () => {
  const { kit, a, b, c } = threeReady();
  const d = kit.add('d');
  for (const { gossip, bus } of [b, c]) {
    gossip.hear(d);
    kit.net.join(bus, d.bus);
  }
  for (const other of [b, c]) d.gossip.hear(other);
  kit.pass(LIMITS.viewMissingMs + 600);
  const [issue] = viewIssues(a.view, kit.world.clock.monotonicMs());
  assert.match(issue, /the node 'd' is missing here, and '[bc]' hears it/);
});

test('a node that lives and has no link with this one is told of it, now and then', () => {
  const { kit, a, b, c } = threeReady();
  kit.pass(3_000);
  assert.deepEqual(a.gossip.joined, []);
  kit.net.cut(a.bus, c.bus);
  kit.pass(LIMITS.viewMeetMs * 2);
  assert.deepEqual(a.gossip.joined, ['10.0.0.1', '10.0.0.1']);
  assert.deepEqual(b.gossip.joined, []);
  a.gossip.say('c', { status: 'failed' });
  kit.pass(LIMITS.viewMeetMs * 2);
  assert.equal(a.gossip.joined.length, 2);
});

test('a node that is forgotten is known no more', () => {
  const { kit, a, b } = threeReady();
  a.gossip.say('b', { status: 'failed' });
  kit.net.cut(a.bus, b.bus);
  a.view.forget('b');
  assert.deepEqual(a.gossip.forced, ['b']);
  assert.equal(a.view.find('b'), null);
});

test('a listener hears of each change once, and sees it', () => {
  const { kit, a, b } = threeReady();
  const heard: string[] = [];
  a.ownership.onChange((now, before) => {
    heard.push(
      `${before.nodeIds.join('')} -> ${now.nodeIds.join('')} ${now.version > before.version}`,
    );
    assert.equal(a.ownership.table, now);
  });
  b.view.setState('leaving');
  kit.pass(1_000);
  assert.deepEqual(heard, ['abc -> ac true']);
});

test('whatever gossip and links did: when they agree, all come to the same view and table', () => {
  seeded((random) => {
    for (let round = 0; round < rounds(40); round++) converges((below) => random.below(below));
  });
});

function converges(draw: Draw): void {
  const kit = new ViewKit();
  const count = 2 + draw(4);
  for (let i = 0; i < count; i++) kit.add(`node-${i}`, { expectsOthers: draw(2) === 0 });
  if (draw(2) === 0) kit.joinAll();
  for (let step = 0; step < 60; step++) disturb(kit, draw);
  const groupOf = kit.nodes.map(() => draw(2));
  settleInGroups(kit, groupOf, draw);
  for (const [i, { view, ownership }] of kit.nodes.entries()) {
    const group = kit.nodes.filter((_, j) => groupOf[j] === groupOf[i]).map(({ id }) => id);
    assert.deepEqual(view.liveIds, group.sort());
    assert.deepEqual(view.readyIds, group);
    assert.deepEqual(ownership.table.nodeIds, group);
  }
}

function disturb(kit: ViewKit, draw: Draw): void {
  const node = kit.nodes[draw(kit.nodes.length)];
  const other = kit.nodes[draw(kit.nodes.length)];
  if (node === other) return kit.pass(draw(800), draw);
  switch (draw(7)) {
    case 0:
      return kit.net.cut(node.bus, other.bus);
    case 1:
      return kit.net.join(node.bus, other.bus);
    case 2:
      return node.gossip.say(other.id, { status: draw(3) === 0 ? 'failed' : 'alive' });
    case 3:
      return node.gossip.hear(other);
    case 4:
      return node.view.setState(draw(2) === 0 ? 'ready' : 'filling');
    case 5:
      kit.net.lose(node.bus, other.bus);
      return;
    default:
      kit.add(node.id, { incarnation: node.bus.incarnation + 1, expectsOthers: draw(2) === 0 });
  }
}

/** Each group hears itself and nobody else; the gossip says that everybody is alive. */
function settleInGroups(kit: ViewKit, groupOf: readonly number[], draw: Draw): void {
  for (const [i, node] of kit.nodes.entries()) {
    for (const [j, other] of kit.nodes.entries()) {
      if (node === other) continue;
      if (groupOf[i] === groupOf[j]) kit.net.join(node.bus, other.bus);
      else kit.net.cut(node.bus, other.bus);
      node.gossip.hear(other);
    }
  }
  kit.pass(LIMITS.viewAloneMs + 2_000, draw);
  for (const { view } of kit.nodes) view.setState('ready');
  kit.pass(1_000, draw);
}
