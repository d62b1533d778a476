import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  areAllAlive,
  CLUSTER_KEY,
  createGossipKit,
  GOSSIP_PORT,
  type Gossiper,
  type GossipKit,
  memberOf,
  viewOf,
} from '../../testing/gossip-kit.ts';
import { rounds } from '../../testing/seeded.ts';
import { DROPPED } from '../../world/simulated/wire/wire.ts';
import { formatPlace } from './wire/ip-address.ts';
import { encodeAlive, encodePushPull, STATE } from './wire/swim-messages.ts';

const THREE = ['node-1', 'node-2', 'node-3'];
const FIVE = [...THREE, 'node-4', 'node-5'];
const MINUTE_MS = 60_000;

async function startAll(kit: GossipKit, names: readonly string[]): Promise<Gossiper[]> {
  const gossipers = await kit.start(names);
  await kit.fabric.until('all to be alive', () => areAllAlive(gossipers), 3_000);
  return gossipers;
}

function seesAll(gossipers: readonly Gossiper[], name: string, status: string): () => boolean {
  return () => gossipers.every((one) => viewOf(one)[name] === status);
}

test('members that know one seed find each other within seconds, with tags', async () => {
  const kit = createGossipKit(7);
  const gossipers = await startAll(kit, THREE);
  for (const { membership, complaints, name } of gossipers) {
    assert.equal(membership.members[0].name, name);
    const ports = membership.members.map(({ tags }) => tags.get('resp'));
    assert.deepEqual(ports, ['8080', '8080', '8080']);
    assert.deepEqual(complaints, []);
  }
});

test('for half an hour nobody suspects anybody, and little is sent', async () => {
  const minuteCount = rounds(30);
  const kit = createGossipKit(17);
  const gossipers = await startAll(kit, FIVE);
  const heard = gossipers.map((one) => one.heard.length);
  await kit.fabric.pass(minuteCount * MINUTE_MS);
  assert.ok(areAllAlive(gossipers));
  assert.deepEqual(
    gossipers.map((one) => one.heard.length),
    heard,
  );
  for (const { membership } of gossipers) {
    const { suspicions, refutations, sentPackets } = membership.stats;
    assert.deepEqual({ suspicions, refutations }, { suspicions: 0, refutations: 0 });
    // A ping and an ack a second.
    assert.ok(sentPackets < minuteCount * 60 * 2.2, `${sentPackets} packets`);
  }
});

test('a network that loses every tenth packet makes nobody fail', async () => {
  const minuteCount = rounds(30);
  const kit = createGossipKit(19);
  const gossipers = await startAll(kit, FIVE);
  kit.fabric.wire.lossShare = 0.1;
  await kit.fabric.pass(minuteCount * MINUTE_MS);
  const failures = gossipers.flatMap(({ heard }) => heard.filter((text) => text.includes('fail')));
  assert.deepEqual(failures, []);
});

test('who is killed is seen as failed by all, and comes back as the same member', async () => {
  const kit = createGossipKit(11);
  const [first, second, third] = await startAll(kit, THREE);
  const { address } = third.world.network;
  kit.fabric.kill(address, 'dark');
  await kit.fabric.until('the failure', seesAll([first, second], 'node-3', 'failed'), 20_000);
  const world = kit.fabric.addMachine({ address, disk: third.world.disk });
  const again = kit.add('node-3', {}, world);
  void again.membership.start();
  // It has no seeds: it remembers where the others were.
  await kit.fabric.until('its return', () => areAllAlive([first, second, again]), 15_000);
  assert.deepEqual(
    first.heard.filter((text) => text.startsWith('node-3')),
    ['node-3 alive', 'node-3 failed', 'node-3 alive'],
  );
});

test('who comes back before it was missed is known anew at once', async () => {
  const kit = createGossipKit(12);
  const [first, second, third] = await startAll(kit, THREE);
  const { address } = third.world.network;
  kit.fabric.kill(address, 'killed');
  const world = kit.fabric.addMachine({ address, disk: third.world.disk });
  const again = kit.add('node-3', { tags: new Map([['inc', '2']]) }, world);
  await kit.fabric.pass(1_500);
  void again.membership.start();
  const isNew = () => [first, second].every((one) => memberOf(one, 'node-3').tags.has('inc'));
  await kit.fabric.until('its new tags', isNew, 3_000);
  assert.ok(!first.heard.includes('node-3 failed'));
});

test('who comes back at another address is believed as soon as it is heard', async () => {
  const kit = createGossipKit(14);
  const [first, second, third] = await startAll(kit, THREE);
  kit.fabric.kill(third.world.network.address, 'killed');
  const again = kit.add('node-3', { seeds: [first.world.network.address] });
  void again.membership.start();
  await kit.fabric.pass(5_000);
  assert.ok(areAllAlive([first, second, again]));
  const { address } = again.world.network;
  for (const one of [first, second]) assert.equal(memberOf(one, 'node-3').address, address);
});

test('of two living nodes of one name the later one gives up', async () => {
  const kit = createGossipKit(15);
  const gossipers = await startAll(kit, THREE);
  const [first] = gossipers;
  const impostor = kit.add('node-3', { seeds: [first.world.network.address] });
  void impostor.membership.start();
  await kit.fabric.until('the vote', () => impostor.membership.failure !== '', 30_000);
  await kit.fabric.pass(MINUTE_MS);
  assert.ok(areAllAlive(gossipers));
  assert.ok(gossipers.every(({ membership }) => membership.failure === ''));
  assert.match(impostor.membership.failure, /Another node is known as node-3/);
});

test('who leaves has left, at once, and leaves nothing behind', async () => {
  const kit = createGossipKit(13);
  const [first, second, third] = await startAll(kit, THREE);
  const leaving = third.membership.leave();
  await kit.fabric.until('the farewell', seesAll([first, second], 'node-3', 'left'), 2_000);
  await kit.fabric.pass(5_000);
  await leaving;
  assert.equal(third.world.timers.pendingTimerCount, 0);
  assert.equal(third.world.network.openSocketCount, 0);
  assert.ok(!first.heard.includes('node-3 failed'));
});

test('leaving takes less than half a second', async () => {
  for (const names of [THREE.slice(0, 2), THREE, FIVE]) {
    const kit = createGossipKit(40);
    const gossipers = await startAll(kit, names);
    const beforeMs = kit.fabric.timeline.nowMs;
    await kit.fabric.await(gossipers[1].membership.leave());
    const tookMs = kit.fabric.timeline.nowMs - beforeMs;
    assert.ok(tookMs < 500, `${tookMs} ms with ${names.length}`);
    const left = seesAll([gossipers[0], ...gossipers.slice(2)], 'node-2', 'left');
    await kit.fabric.until('the farewell', left, 1_000);
  }
});

test('on all addresses of a machine it tells the one that others reach', async () => {
  const kit = createGossipKit(44);
  const [first] = await kit.start(['node-1']);
  const { address } = first.world.network;
  const second = kit.add('node-2', { host: '0.0.0.0', seeds: [address] });
  void second.membership.start();
  await kit.fabric.until('node-2', () => areAllAlive([first, second]), 3_000);
  assert.equal(memberOf(first, 'node-2').address, second.world.network.address);
});

test('a node by itself leaves without waiting', async () => {
  const kit = createGossipKit(16);
  const [only] = await kit.start(['node-1']);
  const beforeMs = only.world.clock.monotonicMs();
  await kit.fabric.await(only.membership.leave());
  assert.equal(only.world.clock.monotonicMs(), beforeMs);
  assert.equal(only.world.timers.pendingTimerCount, 0);
});

test('halves that took each other for dead find each other again', async () => {
  const kit = createGossipKit(21);
  const gossipers = await startAll(kit, FIVE);
  const addresses = gossipers.map(({ world }) => world.network.address);
  for (const one of addresses.slice(0, 2)) {
    for (const other of addresses.slice(2)) kit.fabric.wire.cutBoth(one, other);
  }
  const areApart = () =>
    seesAll(gossipers.slice(0, 2), 'node-5', 'failed')() &&
    seesAll(gossipers.slice(2), 'node-1', 'failed')();
  await kit.fabric.until('halves', areApart, 60_000);
  // Far beyond the time in which the dead are still told of.
  await kit.fabric.pass(5 * MINUTE_MS);
  kit.fabric.wire.healAll();
  await kit.fabric.until('one cluster', () => areAllAlive(gossipers), 20_000);
});

test('a node that stood still blames nobody when it wakes', async () => {
  const kit = createGossipKit(22);
  const [first, second, third] = await startAll(kit, THREE);
  kit.fabric.stall(third.world.network.address, 30_000);
  await kit.fabric.until('the failure', seesAll([first, second], 'node-3', 'failed'), 29_000);
  await kit.fabric.pass(MINUTE_MS);
  assert.ok(areAllAlive([first, second, third]));
  assert.deepEqual(
    third.heard.filter((text) => text.endsWith('failed')),
    [],
  );
});

test('packets lost one way between two are made up for over TCP', async () => {
  const kit = createGossipKit(23);
  const [first, second] = await startAll(kit, THREE.slice(0, 2));
  const [one, other] = [first, second].map(({ world }) => world.network.address);
  kit.fabric.wire.onDelivery = ({ from, to, kind }) =>
    kind === 'datagram' && from === one && to === other ? DROPPED : 0;
  await kit.fabric.pass(5 * MINUTE_MS);
  assert.ok(areAllAlive([first, second]));
  const suspicions = [first, second].map(({ membership }) => membership.stats.suspicions);
  assert.deepEqual(suspicions, [0, 0]);
});

test('two that are cut off from each other are asked for by a third', async () => {
  const kit = createGossipKit(35);
  const [first, second, third] = await startAll(kit, THREE);
  kit.fabric.wire.cutBoth(first.world.network.address, second.world.network.address);
  await kit.fabric.pass(5 * MINUTE_MS);
  assert.ok(areAllAlive([first, second, third]));
  const suspicions = [first, second, third].map(({ membership }) => membership.stats.suspicions);
  assert.deepEqual(suspicions, [0, 0, 0]);
});

test('changed tags reach all, the last ones win', async () => {
  const kit = createGossipKit(24);
  const gossipers = await startAll(kit, FIVE);
  for (const state of ['filling', 'ready', 'leaving']) {
    gossipers[4].membership.setTags(new Map([['state', state]]));
  }
  const isKnown = () =>
    gossipers.every((one) => memberOf(one, 'node-5').tags.get('state') === 'leaving');
  await kit.fabric.until('the tags', isKnown, 3_000);
  const long = new Map([['state', 'x'.repeat(600)]]);
  assert.throws(() => gossipers[0].membership.setTags(long), { code: 'UNSUPPORTED' });
});

test('an event comes once to each, and not to who joins later', async () => {
  const kit = createGossipKit(25);
  const gossipers = await startAll(kit, FIVE);
  gossipers[2].membership.sendEvent('deploy', Buffer.from('v7'));
  gossipers[3].membership.sendEvent('deploy', Buffer.from('v8'));
  await kit.fabric.pass(2 * MINUTE_MS);
  for (const { events } of gossipers) {
    assert.deepEqual(events.toSorted(), ['deploy v7', 'deploy v8']);
  }
  const late = kit.add('late', { seeds: [gossipers[0].world.network.address] });
  void late.membership.start();
  await kit.fabric.pass(2 * MINUTE_MS);
  assert.deepEqual(late.events, []);
  const long = Buffer.alloc(510);
  assert.throws(() => late.membership.sendEvent('long', long), { code: 'UNSUPPORTED' });
});

test('a query is answered by each once, as soon as all have answered', async () => {
  const kit = createGossipKit(26);
  const gossipers = await startAll(kit, FIVE);
  for (const one of gossipers) {
    one.onQuery = (query) => {
      query.respond(Buffer.from(`${one.name} ${query.from} ${Buffer.from(query.payload)}`));
      query.respond(Buffer.from('again'));
    };
  }
  const beforeMs = kit.fabric.timeline.nowMs;
  const asked = gossipers[1].membership.ask('who', Buffer.from('?'), 10_000);
  const answers = await kit.fabric.await(asked);
  assert.ok(kit.fabric.timeline.nowMs - beforeMs < 2_000);
  const texts = [...answers].map(([from, bytes]) => [from, `${Buffer.from(bytes)}`]).sort();
  assert.deepEqual(
    texts,
    FIVE.map((name) => [name, `${name} node-2 ?`]),
  );
  const long = gossipers[0].membership.ask('who', Buffer.alloc(1024), 1_000);
  await assert.rejects(long, { code: 'UNSUPPORTED' });
});

test('without an answer a query ends when its time is up', async () => {
  const kit = createGossipKit(27);
  const [first] = await startAll(kit, THREE);
  const beforeMs = kit.fabric.timeline.nowMs;
  const answers = await kit.fabric.await(first.membership.ask('who', Buffer.from('?'), 700));
  assert.equal(answers.size, 0);
  assert.ok(kit.fabric.timeline.nowMs - beforeMs >= 700);
});

test('who failed for good is made to have left, and is not asked any more', async () => {
  const kit = createGossipKit(28);
  const [first, second, third] = await startAll(kit, THREE);
  kit.fabric.kill(third.world.network.address, 'dark');
  await kit.fabric.until('the failure', seesAll([first, second], 'node-3', 'failed'), 20_000);
  first.membership.forceLeave('node-3');
  await kit.fabric.until('the word', seesAll([first, second], 'node-3', 'left'), 5_000);
  await kit.fabric.pass(MINUTE_MS);
  const file = first.world.disk.readFile('data/cluster/peers.json');
  assert.ok(file !== null && !Buffer.from(file).includes('node-3'));
});

test('who is gone for a day is forgotten, met in this life or not', async () => {
  const kit = createGossipKit(36);
  const [first, second, third] = await startAll(kit, THREE);
  await kit.fabric.pass(5_000);
  const { address } = second.world.network;
  kit.fabric.kill(third.world.network.address, 'dark');
  kit.fabric.kill(address, 'dark');
  const world = kit.fabric.addMachine({ address, disk: second.world.disk });
  const again = kit.add('node-2', {}, world);
  void again.membership.start();
  await kit.fabric.until('node-2', () => viewOf(first)['node-2'] === 'alive', 30_000);
  kit.fabric.kill(first.world.network.address, 'dark');
  const isKnown = (name: string): boolean => {
    const file = world.disk.readFile('data/cluster/peers.json');
    return file !== null && Buffer.from(file).includes(name);
  };
  await kit.fabric.pass(MINUTE_MS);
  assert.ok(isKnown('node-1') && isKnown('node-3'));
  // It stands still: a day of looking after nobody would change nothing.
  kit.fabric.stall(address, 25 * 60 * MINUTE_MS);
  await kit.fabric.pass(26.5 * 60 * MINUTE_MS);
  const names = again.membership.members.map(({ name }) => name);
  assert.deepEqual(names, ['node-2']);
  assert.ok(!isKnown('node-1') && !isKnown('node-3'));
});

test('without a key nothing but the machine itself is spoken with', async () => {
  const kit = createGossipKit(29);
  const [first, second] = await kit.start(['node-1', 'node-2'], { clusterKey: '' });
  await kit.fabric.pass(MINUTE_MS);
  assert.deepEqual([viewOf(first), viewOf(second)], [{}, {}]);
  assert.equal(second.membership.stats.sentBytes, 0);
});

test('without a key nobody elsewhere is listened to', async () => {
  const kit = createGossipKit(34);
  const [first] = await kit.start(['node-1'], { clusterKey: '' });
  const { world } = kit.add('stranger');
  const { address } = world.network;
  const versions = Uint8Array.of(1, 5, 2, 2, 5, 5);
  const alive = { node: 'fake', address: '127.0.0.1', port: 1, meta: new Uint8Array(0), versions };
  const record = { ...alive, incarnation: 1, state: STATE.alive };
  const packet = encodeAlive(record);
  const state = encodePushPull({ isJoin: true, nodes: [record], userState: new Uint8Array(0) });
  const datagrams = await world.network.bindDatagram({ host: address, port: 1 }, () => {});
  datagrams.send(packet, 0, packet.length, first.world.network.address, GOSSIP_PORT);
  const place = { host: first.world.network.address, port: GOSSIP_PORT };
  const socket = await kit.fabric.await(
    world.network.dial({ ...place, timeoutMs: 1_000, secret: null }),
  );
  const ends: string[] = [];
  socket.setHandler({
    onReadable: () => ends.push('answer'),
    onDrained: () => {},
    onEnd: () => {},
    onClose: () => ends.push('closed'),
  });
  socket.write(state, 0, state.length);
  await kit.fabric.pass(1_000);
  assert.deepEqual(viewOf(first), {});
  assert.deepEqual(ends, ['closed']);
  assert.equal(first.membership.stats.refusedPackets, 1);
});

test('with another key, or another label, one is not let in', async () => {
  const kit = createGossipKit(30);
  const gossipers = await startAll(kit, THREE);
  const seeds = [gossipers[0].world.network.address];
  const strangers = [
    kit.add('other-key', { seeds, clusterKey: 'another' }),
    kit.add('other-label', { seeds, label: 'green' }),
  ];
  for (const { membership } of strangers) void membership.start();
  await kit.fabric.pass(MINUTE_MS);
  for (const stranger of strangers) assert.deepEqual(viewOf(stranger), {});
  for (const one of gossipers) assert.equal(one.membership.members.length, 3);
  assert.ok(gossipers[0].membership.stats.refusedPackets > 0);
});

test('a key in base64 is the key itself, any other text is made into one', async () => {
  const kit = createGossipKit(31);
  const clusterKey = Buffer.alloc(16, 5).toString('base64');
  const gossipers = await kit.start(THREE, { clusterKey });
  await kit.fabric.until('all to be alive', () => areAllAlive(gossipers), 3_000);
  assert.notEqual(clusterKey, CLUSTER_KEY);
});

test('seeds are found by name, also when the name is known only later', async () => {
  const kit = createGossipKit(32);
  const [first] = await kit.start(['node-1']);
  const second = kit.add('node-2', { seedDns: 'seeds.example', seedDnsPort: GOSSIP_PORT });
  void second.membership.start();
  await kit.fabric.pass(5_000);
  assert.deepEqual(viewOf(second), {});
  kit.fabric.wire.names.set('seeds.example', [first.world.network.address]);
  await kit.fabric.until('node-2 to join', () => areAllAlive([first, second]), 20_000);
});

test('a seed that starts later is found; an operator may name one', async () => {
  const kit = createGossipKit(33);
  const [first] = await kit.start(['node-1'], { seeds: ['10.0.0.2', '[10.0.0.3]:7946'] });
  const second = kit.add('node-2');
  void second.membership.start();
  await kit.fabric.until('node-2 to be met', () => areAllAlive([first, second]), 20_000);
  const third = kit.add('node-9', { port: 9000 }, kit.fabric.addMachine({ address: '10.9.9.9' }));
  void third.membership.start();
  await kit.fabric.pass(1_000);
  third.membership.join('10.0.0.1', GOSSIP_PORT);
  await kit.fabric.until('node-9 to join', () => areAllAlive([first, second, third]), 3_000);
  assert.equal(memberOf(first, 'node-9').port, 9000);
  assert.equal(formatPlace('::1', 1), '[::1]:1');
});
