import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NodeError } from '../../base/errors.ts';
import { MESSAGE_CODECS, type MessageCodec, typeOf } from '../../testing/message-codecs.ts';
import { type Draw, rounds, seeded } from '../../testing/seeded.ts';
import { takeMessage } from '../../testing/written-message.ts';
import { LinkReader } from './link-reader.ts';
import { MessageQueue } from './message-queue.ts';

const ROUNDS = rounds(200);
const CUTS_MAX = 300;
const BODY_START = 5;

function encode(codec: MessageCodec, draw: Draw): { bytes: Uint8Array; told: unknown } {
  const queue = new MessageQueue();
  const told = codec.write(queue.begin(typeOf(codec)), draw);
  assert.equal(queue.isOpen, false, `${codec.name} is ended`);
  return { bytes: takeMessage(queue), told };
}

/** @returns null: it was refused as it should be */
function decode(codec: MessageCodec, bytes: Uint8Array, end: number): unknown {
  try {
    return codec.read(new LinkReader().open(bytes, typeOf(codec), BODY_START, end));
  } catch (error) {
    if (error instanceof NodeError && error.code === 'MESSAGE_BROKEN') return null;
    throw error;
  }
}

for (const codec of MESSAGE_CODECS) {
  test(`${codec.name}: read as written; cut anywhere and with bits turned nothing worse`, () => {
    seeded((random) => {
      const draw: Draw = (below) => Math.floor((random.u32() / 2 ** 32) * below);
      for (let round = 0; round < ROUNDS; round++) {
        const { bytes, told } = encode(codec, draw);
        assert.deepEqual(decode(codec, bytes, bytes.length), told);
        const step = Math.ceil(bytes.length / CUTS_MAX);
        for (let end = BODY_START; end < bytes.length; end += step) decode(codec, bytes, end);
        for (let i = 0; i < 50; i++) {
          const bad = bytes.slice();
          for (let bits = 1 + draw(3); bits > 0; bits--) {
            bad[BODY_START + draw(bad.length - BODY_START)] ^= 1 << draw(8);
          }
          decode(codec, bad, bad.length);
        }
      }
    });
  });
}
