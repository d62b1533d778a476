import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FrameInput } from './frame-input.ts';
import { LinkReader } from './link-reader.ts';

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

test('what was read counts as consumed when it is handed over or put aside, not while held', () => {
  const types: number[] = [];
  const input = new FrameInput(100, ({ type }) => {
    types.push(type);
    if (type === 2) input.hold();
  });
  const bytes = Uint8Array.from([...frame(1), ...frame(2, 9), ...frame(3), ...frame(4, 8, 7)]);
  const spoilt = bytes.slice(0, bytes.length - 1);
  input.feed(spoilt, 0, spoilt.length);
  spoilt.fill(0xdd);
  assert.deepEqual(types, [1, 2]);
  assert.equal(input.consumedBytes, 5 + 6);
  input.release();
  assert.deepEqual(types, [1, 2, 3]);
  input.feed(bytes, bytes.length - 1, bytes.length);
  assert.deepEqual(types, [1, 2, 3, 4]);
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
