import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../base/limits.ts';
import { FrameInput } from './frame-input.ts';
import { LinkReader } from './link-reader.ts';
import { MESSAGE } from './message-table.ts';

const BROKEN = { code: 'MESSAGE_BROKEN' };

function frame(type: number, ...body: number[]): number[] {
  return [body.length + 1, 0, 0, 0, type, ...body];
}

test('a length of nothing, or above the limit, is refused before memory is given', () => {
  for (const head of [
    [0, 0, 0, 0],
    [102, 0, 0, 0],
    [255, 255, 255, 255],
    [0, 0, 0, 128],
  ]) {
    for (const cut of [1, 2, 3, 4]) {
      const input = new FrameInput(101, () => assert.fail());
      const bytes = Uint8Array.from(head);
      const feed = (): void => {
        input.feed(bytes, 0, cut);
        input.feed(bytes, cut, 4);
        input.feed(Uint8Array.of(1), 0, 1);
      };
      assert.throws(feed, BROKEN);
    }
  }
  const longest = new FrameInput(101, ({ length }) => assert.equal(length, 0));
  longest.feed(Uint8Array.of(101, 0, 0, 0), 0, 4);
});

test('what was read counts as consumed when it is handed over, not while held', () => {
  const types: number[] = [];
  const input = new FrameInput(100, ({ type }) => {
    types.push(type);
    if (type === 2) input.hold();
  });
  const bytes = Uint8Array.from([...frame(1), ...frame(2, 9), ...frame(3), ...frame(5, 8, 7)]);
  const spoilt = bytes.slice(0, bytes.length - 1);
  input.feed(spoilt, 0, spoilt.length);
  spoilt.fill(0xdd);
  assert.deepEqual(types, [1, 2]);
  assert.equal(input.consumedBytes, 5 + 6);
  input.release();
  assert.deepEqual(types, [1, 2, 3]);
  input.feed(bytes, bytes.length - 1, bytes.length);
  assert.deepEqual(types, [1, 2, 3, 5]);
  assert.equal(input.consumedBytes, bytes.length);
  assert.equal(input.messageCount, 4);
});

test('after close, from within a message too, nothing more is handed over', () => {
  const types: number[] = [];
  const input = new FrameInput(100, ({ type }) => {
    types.push(type);
    input.close();
  });
  const bytes = Uint8Array.from([...frame(1), ...frame(2), 5, 0]);
  input.feed(bytes, 0, bytes.length);
  input.feed(bytes, 0, bytes.length);
  assert.deepEqual(types, [1]);
});

test('a reader refuses what is too short, and what no number is', () => {
  const reader = new LinkReader();
  const over = (...bytes: number[]): LinkReader =>
    reader.open(Uint8Array.from(bytes), 1, 0, bytes.length);
  assert.throws(() => over().u8(), BROKEN);
  assert.throws(() => over(1, 2, 3).u32(), BROKEN);
  assert.throws(() => over(1, 2, 3, 4, 5, 6, 7).u53(), BROKEN);
  assert.throws(() => over(1, 2, 3, 4, 5, 6, 7).f64(), BROKEN);
  assert.throws(() => over(2, 0, 0, 0, 65).text(), BROKEN);
  assert.throws(() => over(255, 255, 255, 255, 65).bytes(), BROKEN);
  assert.throws(() => over(0, 0, 0, 0, 0, 0, 0x20, 0).u53(), BROKEN);
  assert.equal(over(255, 255, 255, 255, 255, 255, 0x1f, 0).u53(), Number.MAX_SAFE_INTEGER);
  // What lies behind the message belongs to another one.
  assert.throws(() => reader.open(Uint8Array.of(1, 2, 3, 4, 5), 1, 0, 3).u32(), BROKEN);
  const done = over(1);
  done.close();
  assert.throws(() => done.u8(), BROKEN);
});

/** A long message of that type as its sender cuts it, `between` in each gap. */
function longFrame(type: number, byteCount: number, between: readonly number[]): Uint8Array {
  const body = new Uint8Array(byteCount).fill(7);
  body[0] = type;
  const head = new Uint8Array(4);
  new DataView(head.buffer).setUint32(0, byteCount, true);
  const pieces: Uint8Array[] = [head];
  for (let at = 0; at < byteCount; at += LIMITS.linkPartBytes) {
    if (at > 0) pieces.push(Uint8Array.from([...between, 0, 0, 0, 0]));
    pieces.push(body.subarray(at, at + LIMITS.linkPartBytes));
  }
  return new Uint8Array(Buffer.concat(pieces));
}

const LONG_BYTES = 2 * LIMITS.linkPartBytes + 5;

test('a long message comes in parts, with whole others in its gaps', () => {
  const urgent = frame(MESSAGE.view, 1, 2);
  const bytes = longFrame(MESSAGE.state, LONG_BYTES, [...urgent, ...frame(MESSAGE.view)]);
  const cuts = [1, 3, 1_000, 65_536, bytes.length];
  for (const cut of cuts) {
    const types: number[] = [];
    const input = new FrameInput(LONG_BYTES, (message) => void types.push(message.type));
    for (let at = 0; at < bytes.length; at += cut) {
      const part = bytes.slice(at, at + cut);
      input.feed(part, 0, part.length);
      part.fill(0xdd);
    }
    const { view, state } = MESSAGE;
    assert.deepEqual(types, [view, view, view, view, state]);
    // What is urgent needs no credit, and neither do the gaps.
    assert.equal(input.consumedBytes, 4 + LONG_BYTES);
  }
});

test('parts of a long message count as consumed before it is whole', () => {
  const input = new FrameInput(LONG_BYTES, () => assert.fail());
  const bytes = longFrame(MESSAGE.state, LONG_BYTES, []);
  input.feed(bytes, 0, 100_000);
  assert.equal(input.consumedBytes, 100_000);
});

test('within a long message stands no other long one, and nothing above the limit', () => {
  for (const length of [LIMITS.linkPartBytes + 1, LONG_BYTES + 1]) {
    const inner = [length & 255, (length >> 8) & 255, (length >> 16) & 255, length >>> 24];
    const bytes = longFrame(MESSAGE.state, LONG_BYTES, inner);
    const input = new FrameInput(LONG_BYTES, () => assert.fail());
    assert.throws(() => input.feed(bytes, 0, bytes.length), BROKEN);
  }
});

test('the buffer of a cut message as repairs send them is used again', () => {
  const sources = new Set<Uint8Array>();
  const input = new FrameInput(LIMITS.messageBytesMax, ({ source }) => void sources.add(source));
  const body = new Array<number>(LIMITS.repairMessageBytes + 1_000).fill(7);
  const head = [(body.length + 1) & 255, (body.length + 1) >> 8, (body.length + 1) >> 16, 0];
  const bytes = Uint8Array.from([...head.map((byte) => byte & 255), MESSAGE.copies, ...body]);
  for (let i = 0; i < 3; i++) {
    input.feed(bytes, 0, 65_536);
    input.feed(bytes, 65_536, bytes.length);
  }
  assert.equal(sources.size, 1);
});
