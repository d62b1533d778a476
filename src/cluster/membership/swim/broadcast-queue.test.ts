import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../../base/limits.ts';
import { BroadcastQueue } from './broadcast-queue.ts';

const ROOM = { byteCount: 1_000, partBytes: 2, sendCount: 4, peerCount: 5 };

function texts(messages: readonly Uint8Array[]): string[] {
  return messages.map((message) => Buffer.from(message).toString());
}

test('each is told so often, and then no more', () => {
  const queue = new BroadcastQueue();
  let isSpread = false;
  queue.add(Buffer.from('a'), '', () => (isSpread = true));
  for (const to of ['1', '2', '3', '4']) {
    assert.equal(isSpread, false);
    assert.deepEqual(texts(queue.take({ ...ROOM, to })), ['a']);
  }
  assert.ok(isSpread && queue.isEmpty);
});

test('nobody is told twice before all could be', () => {
  const queue = new BroadcastQueue();
  queue.add(Buffer.from('a'), '');
  assert.equal(queue.take({ ...ROOM, to: '1' }).length, 1);
  assert.equal(queue.take({ ...ROOM, to: '1' }).length, 0);
  assert.equal(queue.take({ ...ROOM, to: '2', peerCount: 2 }).length, 1);
  assert.equal(queue.take({ ...ROOM, to: '1', peerCount: 2 }).length, 1);
});

test('newer news of the same replaces older', () => {
  const queue = new BroadcastQueue();
  let isSpread = false;
  queue.add(Buffer.from('alive 1'), 'node', () => (isSpread = true));
  queue.add(Buffer.from('alive 2'), 'node');
  queue.add(Buffer.from('other'), '');
  assert.ok(isSpread);
  assert.deepEqual(texts(queue.take({ ...ROOM, to: '1' })).sort(), ['alive 2', 'other']);
});

test('the least told ones go first into a packet, as far as they fit', () => {
  const queue = new BroadcastQueue();
  queue.add(Buffer.from('old'), '');
  queue.take({ ...ROOM, to: '1' });
  queue.add(Buffer.from('new'), '');
  assert.deepEqual(texts(queue.take({ ...ROOM, to: '2', byteCount: 9 })), ['new']);
  assert.deepEqual(texts(queue.take({ ...ROOM, to: '3', byteCount: 10 })).sort(), ['new', 'old']);
  queue.add(Buffer.alloc(2_000), '');
  assert.deepEqual(texts(queue.take({ ...ROOM, to: '4' })).sort(), ['new', 'old']);
});

test('a full queue gives up what was told most', () => {
  const queue = new BroadcastQueue();
  queue.add(Buffer.from('told'), '');
  queue.take({ ...ROOM, to: '1' });
  for (let i = 0; i < LIMITS.gossipQueueCountMax; i++) queue.add(Buffer.from('x'), '');
  assert.equal(queue.count, LIMITS.gossipQueueCountMax);
  const left = texts(queue.take({ ...ROOM, to: '2', byteCount: 1e9 }));
  assert.ok(!left.includes('told'));
});
