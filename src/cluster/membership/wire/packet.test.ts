import assert from 'node:assert/strict';
import { test } from 'node:test';
import { samplePackets } from '../../../testing/gossip-messages.ts';
import { packLzw } from '../../../testing/lzw.ts';
import { seeded } from '../../../testing/seeded.ts';
import { createSimulatedWorld } from '../../../world/simulated/simulated-world.ts';
import { Keyring } from './keyring.ts';
import { MsgpackWriter } from './msgpack-writer.ts';
import {
  type Envelope,
  encodeCompounds,
  encodePacket,
  messageBytesMax,
  parsePacket,
  splitMessage,
} from './packet.ts';
import { Sealing } from './sealing.ts';
import { SWIM } from './swim-messages.ts';

const WORLD = createSimulatedWorld(3);
const KEY = new Uint8Array(32).fill(1);
const OTHER_KEY = new Uint8Array(16).fill(2);
const LABEL = Buffer.from('blue');
const NO_LABEL = new Uint8Array(0);
const MESSAGE = Uint8Array.of(SWIM.user, 1, 2, 3);

function envelope(keys: readonly Uint8Array[], label: Uint8Array = NO_LABEL): Envelope {
  const sealing = keys.length === 0 ? null : new Sealing(WORLD, new Keyring(keys));
  return { sealing, label };
}

function parse(from: Envelope, packet: Uint8Array): number[] | null {
  const message = parsePacket(from, packet, 0, packet.length);
  return message === null ? null : [...message];
}

const ENVELOPES: [string, Envelope][] = [
  ['plain', envelope([])],
  ['with a label', envelope([], LABEL)],
  ['sealed', envelope([KEY])],
  ['sealed with a label', envelope([KEY], LABEL)],
];

test('a packet comes back, with a checksum for those who know it', () => {
  for (const [what, one] of ENVELOPES) {
    for (const protocolMax of [0, 4, 5]) {
      assert.deepEqual(parse(one, encodePacket(one, MESSAGE, protocolMax)), [...MESSAGE], what);
    }
  }
  const [, plain] = ENVELOPES[0];
  assert.equal(encodePacket(plain, MESSAGE, 5)[0], SWIM.hasCrc);
});

test('no packet is taken by another envelope than its own', () => {
  const others: [string, Envelope][] = [...ENVELOPES, ['other key', envelope([OTHER_KEY])]];
  for (const [what, one] of others) {
    for (const [otherWhat, other] of others) {
      if (what === otherWhat) continue;
      const found = parse(other, encodePacket(one, MESSAGE, 5));
      // Without a key, what is sealed is only a message of unknown type.
      const isNoise = found !== null && found.toString() !== [...MESSAGE].toString();
      assert.ok(found === null || isNoise, `${what} taken by ${otherWhat}`);
    }
  }
});

test('any bit turned, or any byte cut, refuses a packet', () => {
  for (const [what, one] of ENVELOPES) {
    const packet = encodePacket(one, MESSAGE, 5);
    for (let bit = 0; bit < packet.length * 8; bit++) {
      const turned = packet.slice();
      turned[bit >> 3] ^= 1 << (bit & 7);
      assert.notDeepEqual(parse(one, turned), [...MESSAGE], `${what}, bit ${bit}`);
    }
    for (let end = 0; end < packet.length; end++) {
      assert.notDeepEqual(parse(one, packet.subarray(0, end)), [...MESSAGE], `${what}, to ${end}`);
    }
  }
});

test('with several keys all open, the first seals', () => {
  const both = envelope([KEY, OTHER_KEY]);
  assert.deepEqual(parse(both, encodePacket(envelope([OTHER_KEY]), MESSAGE, 5)), [...MESSAGE]);
  assert.deepEqual(parse(envelope([KEY]), encodePacket(both, MESSAGE, 5)), [...MESSAGE]);
});

test('packets of old members are filled up to whole blocks', () => {
  for (const padding of [1, 16]) {
    const plain = new Uint8Array(MESSAGE.length + padding).fill(padding);
    plain.set(MESSAGE);
    const nonce = new Uint8Array(12);
    const sealed = WORLD.ciphers.sealGcm({ key: KEY, nonce, associated: NO_LABEL }, plain);
    const packet = Uint8Array.of(0, ...nonce, ...sealed);
    assert.deepEqual(parse(envelope([KEY]), packet), [...MESSAGE]);
  }
});

test('many messages ride in few packets, and come back in order', () => {
  const messages = Array.from({ length: 300 }, (_, i) => Uint8Array.of(SWIM.user, i & 255, i >> 8));
  const found: number[] = [];
  for (const compound of encodeCompounds(messages)) {
    assert.ok(splitMessage(compound, (part) => found.push(part[1] + part[2] * 256)));
  }
  assert.deepEqual(found, [...messages.keys()]);
  for (const [, one] of ENVELOPES) {
    const largest = new Uint8Array(messageBytesMax(one));
    assert.ok(encodePacket(one, largest, 5).length <= 1400);
  }
});

test('packed messages are unpacked, also within one another; bombs are not', () => {
  const nested = pack(encodeCompounds([MESSAGE, pack(MESSAGE)])[0]);
  const found: Uint8Array[] = [];
  assert.ok(splitMessage(nested, (part) => found.push(part)));
  assert.deepEqual(
    found.map((part) => [...part]),
    [[...MESSAGE], [...MESSAGE]],
  );
  const ignore = () => {};
  assert.equal(splitMessage(pack(new Uint8Array(1_000_000)), ignore), false);
  let deep: Uint8Array = MESSAGE;
  for (let depth = 0; depth < 6; depth++) deep = pack(deep);
  assert.equal(splitMessage(deep, ignore), false);
  // Each level doubles: the count of plain messages is what is bounded.
  let wide: Uint8Array = Uint8Array.of(SWIM.user);
  for (let depth = 0; depth < 3; depth++) {
    [wide] = encodeCompounds(new Array<Uint8Array>(40).fill(wide));
  }
  let count = 0;
  assert.equal(
    splitMessage(wide, () => count++),
    false,
  );
  assert.ok(count <= 1_024);
});

test('a part that is longer than the rest is left out, what was before it is not', () => {
  const [compound] = encodeCompounds([MESSAGE, MESSAGE]);
  const found: Uint8Array[] = [];
  splitMessage(compound.subarray(0, compound.length - 1), (part) => found.push(part));
  assert.equal(found.length, 1);
});

test('bytes turned in any message are split without a throw', () => {
  seeded((random) => {
    const messages = samplePackets('node-1', '10.0.0.1');
    const [compound] = encodeCompounds(messages);
    for (const sample of [compound, pack(compound), ...messages]) {
      for (let i = 0; i < 300; i++) {
        const turned = sample.slice(0, 1 + random.below(sample.length));
        for (let k = random.below(4); k >= 0; k--) {
          turned[random.below(turned.length)] = random.below(256);
        }
        splitMessage(turned, () => {});
      }
    }
  });
});

function pack(message: Uint8Array): Uint8Array {
  const writer = new MsgpackWriter().byte(SWIM.compress).mapHeader(2);
  return writer.text('Algo').uint(0).text('Buf').raw(packLzw(message)).take();
}
