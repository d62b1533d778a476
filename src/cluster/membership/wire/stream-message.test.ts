import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../../base/limits.ts';
import { sampleState } from '../../../testing/gossip-messages.ts';
import { packLzw } from '../../../testing/lzw.ts';
import { seeded } from '../../../testing/seeded.ts';
import { createSimulatedWorld } from '../../../world/simulated/simulated-world.ts';
import { Keyring } from './keyring.ts';
import { MsgpackWriter } from './msgpack-writer.ts';
import type { Envelope } from './packet.ts';
import { Sealing } from './sealing.ts';
import { encodeStreamMessage, StreamAssembler } from './stream-message.ts';
import { encodeAck, encodeError, encodePing, parsePushPull, SWIM } from './swim-messages.ts';

const world = createSimulatedWorld(3);
const LABEL = Buffer.from('blue');
const NO_LABEL = new Uint8Array(0);
const sealing = new Sealing(world, new Keyring([new Uint8Array(24).fill(7)]));
const ENVELOPES: [string, Envelope][] = [
  ['plain', { sealing: null, label: NO_LABEL }],
  ['with a label', { sealing: null, label: LABEL }],
  ['sealed', { sealing, label: NO_LABEL }],
  ['sealed with a label', { sealing, label: LABEL }],
];
const STATE = sampleState('node-1', '10.0.0.1');
const PING = { sequence: 9, node: 'a', sourceAddress: '', sourcePort: 0, sourceNode: '' };
const MESSAGES = [
  STATE,
  encodePing(PING),
  encodeAck({ sequence: 3, payload: new Uint8Array(20) }),
  encodeError('no'),
];

function pack(message: Uint8Array): Uint8Array {
  const writer = new MsgpackWriter().byte(SWIM.compress).mapHeader(2);
  return writer.text('Algo').uint(0).text('Buf').raw(packLzw(message)).take();
}

test('a message is whole with its last byte, and not before, however it is cut', () => {
  for (const [what, envelope] of ENVELOPES) {
    for (const message of [...MESSAGES, pack(STATE)]) {
      const bytes = encodeStreamMessage(envelope, message);
      const byByte = new StreamAssembler(envelope);
      for (let i = 0; i < bytes.length - 1; i++) {
        assert.equal(byByte.push(bytes, i, i + 1), 'more', `${what}, byte ${i}`);
      }
      const last = byByte.push(bytes, bytes.length - 1, bytes.length);
      const whole = new StreamAssembler(envelope).push(bytes, 0, bytes.length);
      const expected = message[0] === SWIM.compress ? STATE : message;
      assert.deepEqual([...last], [...expected], what);
      assert.deepEqual([...whole], [...expected], what);
    }
  }
});

test('no stream is taken by another envelope than its own', () => {
  for (const [what, one] of ENVELOPES) {
    for (const [otherWhat, other] of ENVELOPES) {
      if (what === otherWhat) continue;
      const bytes = encodeStreamMessage(one, STATE);
      const taken = new StreamAssembler(other).push(bytes, 0, bytes.length);
      assert.ok(taken === 'refused' || taken === 'more', `${what} taken by ${otherWhat}`);
    }
  }
});

test('declared lengths beyond the limit are refused at once', () => {
  const [, plain] = ENVELOPES[0];
  const [, sealed] = ENVELOPES[2];
  const header = (nodes: number, userStateBytes: number) =>
    new MsgpackWriter()
      .byte(SWIM.pushPull)
      .mapHeader(2)
      .text('Nodes')
      .uint(nodes)
      .text('UserStateLen')
      .uint(userStateBytes)
      .take();
  const refused = [
    header(LIMITS.gossipMemberCountMax + 1, 0),
    header(0, LIMITS.gossipStreamBytesMax + 1),
    Uint8Array.of(SWIM.user, 0x81, 0xaa, ...Buffer.from('UserMsgLen'), 0xce, 255, 255, 255, 255),
    Uint8Array.of(99),
    Uint8Array.of(SWIM.suspect),
  ];
  for (const bytes of refused) {
    assert.equal(new StreamAssembler(plain).push(bytes, 0, bytes.length), 'refused');
  }
  const long = Uint8Array.of(SWIM.encrypt, 255, 255, 255, 255);
  assert.equal(new StreamAssembler(sealed).push(long, 0, 5), 'refused');
});

test('a node that never ends is refused before it is long', () => {
  const [, plain] = ENVELOPES[0];
  const writer = new MsgpackWriter().byte(SWIM.pushPull).mapHeader(1).text('Nodes').uint(1);
  const start = writer
    .mapHeader(1)
    .byte(0xdb)
    .append(Uint8Array.of(0, 255, 0, 0))
    .take();
  const assembler = new StreamAssembler(plain);
  let answer = assembler.push(start, 0, start.length);
  const noise = new Uint8Array(1024);
  let sentBytes = 0;
  while (answer === 'more' && sentBytes < 100_000) {
    answer = assembler.push(noise, 0, noise.length);
    sentBytes += noise.length;
  }
  assert.equal(answer, 'refused');
  assert.ok(sentBytes < 10_000);
});

test('a reliable message of Serf is taken out of its frame', () => {
  const [, plain] = ENVELOPES[0];
  const body = Uint8Array.of(3, 1, 2);
  const writer = new MsgpackWriter().byte(SWIM.user).mapHeader(1).text('UserMsgLen').uint(3);
  const bytes = writer.append(body).take();
  const taken = new StreamAssembler(plain).push(bytes, 0, bytes.length);
  assert.deepEqual([...taken], [SWIM.user, ...body]);
});

test('bytes turned in a state neither throw nor make it grow', () => {
  seeded((random) => {
    const [, plain] = ENVELOPES[0];
    for (let i = 0; i < 3_000; i++) {
      const turned = STATE.slice(0, 1 + random.below(STATE.length));
      for (let k = random.below(5); k > 0; k--) turned[random.below(turned.length)] ^= 1 << (k & 7);
      const taken = new StreamAssembler(plain).push(turned, 0, turned.length);
      if (typeof taken !== 'string') parsePushPull(taken);
    }
  });
});
