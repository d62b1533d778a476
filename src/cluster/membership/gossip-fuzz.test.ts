/**
 * Whoever has the key may still send nonsense: every message with bytes turned, cut and joined, by
 * UDP and TCP. Nothing throws, nothing grows beyond its limit, and the members stay members.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../base/limits.ts';
import type { DatagramSocket } from '../../base/world.ts';
import {
  areAllAlive,
  CLUSTER_KEY,
  createGossipKit,
  GOSSIP_PORT,
  type Gossiper,
  type GossipKit,
} from '../../testing/gossip-kit.ts';
import { samplePackets, sampleState } from '../../testing/gossip-messages.ts';
import { rounds } from '../../testing/seeded.ts';
import type { SeededRandom } from '../../world/simulated/seeded-random.ts';
import type { SimulatedWorld } from '../../world/simulated/simulated-world.ts';
import { gossipKeyOf, Keyring } from './wire/keyring.ts';
import {
  type Envelope,
  encodeCompounds,
  encodePacket,
  parsePacket,
  splitMessage,
} from './wire/packet.ts';
import { Sealing } from './wire/sealing.ts';
import { encodeStreamMessage } from './wire/stream-message.ts';
import { encodeAlive, encodePing, parseAck, SWIM } from './wire/swim-messages.ts';

const PACKET_COUNT = rounds(20_000);
const STREAM_COUNT = rounds(200);
const TIMERS_MAX = 3_000;

interface Intruder {
  readonly world: SimulatedWorld;
  readonly socket: DatagramSocket;
  readonly envelope: Envelope;
}

async function start(seed: number): Promise<[GossipKit, Gossiper[], Intruder]> {
  const kit = createGossipKit(seed);
  const gossipers = await kit.start(['node-1', 'node-2']);
  await kit.fabric.until('both', () => areAllAlive(gossipers), 3_000);
  for (const one of gossipers) one.onQuery = (query) => query.respond(query.payload);
  const world = kit.fabric.addMachine();
  const place = { host: world.network.address, port: GOSSIP_PORT };
  const socket = await world.network.bindDatagram(place, () => {});
  const sealing = new Sealing(world, new Keyring([gossipKeyOf(CLUSTER_KEY)]));
  return [kit, gossipers, { world, socket, envelope: { sealing, label: new Uint8Array(0) } }];
}

function spoil(message: Uint8Array, random: SeededRandom): Uint8Array {
  const end = random.below(4) === 0 ? 1 + random.below(message.length) : message.length;
  const spoilt = message.slice(0, end);
  for (let k = random.below(4); k > 0; k--) spoilt[random.below(end)] = random.below(256);
  return spoilt;
}

function checkLimits(gossipers: readonly Gossiper[]): void {
  for (const { membership, world } of gossipers) {
    assert.ok(membership.members.length <= LIMITS.gossipMemberCountMax);
    assert.ok(world.timers.pendingTimerCount < TIMERS_MAX, `${world.timers.pendingTimerCount}`);
    assert.ok(world.network.openSocketCount <= 2 * LIMITS.gossipStreamCountMax);
  }
}

test('packets of nonsense by one who has the key', async () => {
  const seed = Number(process.env.TEST_SEED ?? 41);
  const [kit, gossipers, intruder] = await start(seed);
  const [target] = gossipers;
  const { address } = target.world.network;
  const { random } = kit.fabric;
  const samples = samplePackets('node-1', intruder.world.network.address);
  for (let i = 0; i < PACKET_COUNT; i++) {
    const parts = [spoil(samples[random.below(samples.length)], random)];
    while (random.below(3) === 0) parts.push(spoil(samples[random.below(samples.length)], random));
    const [message] = parts.length === 1 ? parts : encodeCompounds(parts);
    const sealed = encodePacket(intruder.envelope, message, random.below(2) * 5);
    const packet = random.below(8) === 0 ? spoil(sealed, random) : sealed;
    intruder.socket.send(packet, 0, packet.length, address, GOSSIP_PORT);
    if (i % 20 === 0) await kit.fabric.pass(10);
  }
  checkLimits(gossipers);
  await kit.fabric.pass(60_000);
  assert.ok(areAllAlive(gossipers), `seed ${seed}`);
});

test('states of nonsense by one who has the key', async () => {
  const seed = Number(process.env.TEST_SEED ?? 42);
  const [kit, gossipers, { world, envelope }] = await start(seed);
  const { address } = gossipers[0].world.network;
  const { random } = kit.fabric;
  const state = sampleState('node-1', world.network.address);
  for (let i = 0; i < STREAM_COUNT; i++) {
    const options = { host: address, port: GOSSIP_PORT, timeoutMs: 1_000, secret: null };
    const socket = await kit.fabric.await(world.network.dial(options));
    socket.setHandler({ onReadable() {}, onDrained() {}, onEnd() {}, onClose() {} });
    const sealed = encodeStreamMessage(envelope, spoil(state, random));
    const bytes = random.below(4) === 0 ? spoil(sealed, random) : sealed;
    socket.write(bytes, 0, bytes.length);
    const ending = random.below(3);
    if (ending === 0) socket.end();
    if (ending === 1) socket.destroy();
    checkLimits(gossipers);
  }
  await kit.fabric.pass(60_000);
  assert.ok(areAllAlive(gossipers), `seed ${seed}`);
});

test('a flood of names fills the table and no more', async () => {
  const [kit, gossipers, { socket, envelope, world }] = await start(43);
  const target = gossipers[0].world.network.address;
  const { address } = world.network;
  const count = LIMITS.gossipMemberCountMax * 2;
  for (let i = 0; i < count; i++) {
    const versions = Uint8Array.of(1, 5, 2, 2, 5, 5);
    const alive = { node: `fake-${i}`, address, port: 1, meta: new Uint8Array(0), versions };
    const packet = encodePacket(envelope, encodeAlive({ ...alive, incarnation: 1 }), 5);
    socket.send(packet, 0, packet.length, target, GOSSIP_PORT);
    if (i % 200 === 0) await kit.fabric.pass(1);
  }
  checkLimits(gossipers);
});

test('a ping for a node of another name is not answered', async () => {
  const [kit, gossipers, { world, envelope }] = await start(44);
  const { address } = gossipers[0].world.network;
  const answered: number[] = [];
  const place = { host: world.network.address, port: 9_000 };
  const socket = await world.network.bindDatagram(place, (bytes, start, end) => {
    const message = parsePacket(envelope, bytes, start, end) ?? new Uint8Array(0);
    splitMessage(message, (part) => {
      const ack = part[0] === SWIM.ack ? parseAck(part) : null;
      if (ack !== null) answered.push(ack.sequence);
    });
  });
  const source = { sourceAddress: '', sourcePort: 0, sourceNode: '' };
  ['node-2', 'node-1', ''].forEach((node, sequence) => {
    const packet = encodePacket(envelope, encodePing({ sequence, node, ...source }), 5);
    socket.send(packet, 0, packet.length, address, GOSSIP_PORT);
  });
  await kit.fabric.pass(1_000);
  assert.deepEqual(answered.toSorted(), [1, 2]);
});

test('connections that say nothing are few, and not for long', async () => {
  const [kit, [target], { world }] = await start(45);
  const { address } = target.world.network;
  const options = { host: address, port: GOSSIP_PORT, timeoutMs: 1_000, secret: null };
  for (let i = 0; i < LIMITS.gossipStreamCountMax * 2; i++) {
    const socket = await kit.fabric.await(world.network.dial(options));
    socket.setHandler({ onReadable() {}, onDrained() {}, onEnd() {}, onClose() {} });
  }
  assert.equal(target.world.network.openSocketCount, LIMITS.gossipStreamCountMax);
  await kit.fabric.pass(LIMITS.gossipStreamMs + 1_000);
  assert.equal(target.world.network.openSocketCount, 0);
});
