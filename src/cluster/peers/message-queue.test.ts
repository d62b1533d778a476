import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../base/limits.ts';
import { drawBytes, drawText } from '../../testing/message-codecs.ts';
import { type Draw, seeded } from '../../testing/seeded.ts';
import { TakingSocket } from '../../testing/taking-socket.ts';
import { FrameInput } from './frame-input.ts';
import type { LinkReader } from './link-reader.ts';
import { MessageQueue } from './message-queue.ts';

const KINDS = ['u8', 'u32', 'u53', 'f64', 'text', 'bytes'] as const;

interface Field {
  readonly kind: (typeof KINDS)[number];
  readonly value: unknown;
}

function drawField(draw: Draw): Field {
  const kind = KINDS[draw(KINDS.length)];
  if (kind === 'u8') return { kind, value: draw(256) };
  if (kind === 'u32') return { kind, value: draw(2 ** 32) };
  if (kind === 'u53') return { kind, value: draw(2 ** 53) };
  if (kind === 'f64') return { kind, value: draw(2 ** 30) / 7 - 1e7 };
  if (kind === 'text') return { kind, value: drawText(draw, 0).repeat(draw(3) === 0 ? 40 : 1) };
  const bytes = Buffer.from(drawBytes(draw));
  if (draw(12) > 0) return { kind, value: bytes };
  return { kind, value: Buffer.alloc(draw(3 * LIMITS.linkPartBytes), draw(256)) };
}

function write(queue: MessageQueue, type: number, fields: readonly Field[]): void {
  queue.begin(type);
  for (const { kind, value } of fields) {
    if (kind === 'text') queue.text(value as string);
    else if (kind !== 'bytes') queue[kind](value as number);
    else {
      const bytes = Buffer.concat([Buffer.from('<'), value as Buffer, Buffer.from('>')]);
      // What is lent stays as it is.
      queue[bytes.length % 2 === 0 ? 'bytes' : 'lend'](bytes, 1, bytes.length - 1);
    }
  }
  queue.end();
}

function read(message: LinkReader, fields: readonly Field[]): Field[] {
  const found = fields.map(({ kind }) => {
    if (kind !== 'bytes') return { kind, value: message[kind]() };
    message.bytes();
    const { source, start, length } = message;
    return { kind, value: Buffer.from(source.slice(start, start + length)) };
  });
  assert.ok(message.isAtEnd);
  return found;
}

test('random messages are read as they were written, however the stream is cut', () => {
  seeded((random) => {
    const draw: Draw = (below) => Math.floor((random.u32() / 2 ** 32) * below);
    const messages = Array.from({ length: 300 }, (_, i) => ({
      type: i % 20,
      fields: Array.from({ length: draw(6) }, () => drawField(draw)),
    }));
    const queue = new MessageQueue();
    const socket = new TakingSocket();
    let count = 0;
    const input = new FrameInput(2 ** 30, (message) => {
      const { type, fields } = messages[count++];
      assert.equal(message.type, type);
      assert.deepEqual(read(message, fields), fields);
    });
    const deliver = (): void => {
      const bytes = socket.taken();
      for (let at = 0; at < bytes.length; ) {
        const size = [1, 1 + draw(9), 1 + draw(5_000), bytes.length][draw(4)];
        const end = Math.min(bytes.length, at + size);
        // What was read is overwritten: nothing may keep it.
        const part = bytes.slice(at, end);
        input.feed(part, 0, part.length);
        part.fill(0xdd);
        at = end;
      }
    };
    for (const { type, fields } of messages) {
      write(queue, type, fields);
      socket.takesAtOnce = draw(2) === 0;
      if (draw(3) === 0) queue.send(socket, 1 + draw(100_000));
      if (draw(10) === 0) deliver();
    }
    while (queue.byteCount > 0) queue.send(socket, 1 + draw(100_000));
    deliver();
    assert.equal(count, messages.length);
    assert.equal(queue.messageCount, messages.length);
  });
});

test('what fits a chunk leaves in one write, and its memory is used again', () => {
  const queue = new MessageQueue();
  const socket = new TakingSocket();
  for (let round = 0; round < 100; round++) {
    for (let i = 0; i < 50; i++) queue.begin(7).text('a message').end();
    queue.send(socket, Number.POSITIVE_INFINITY);
    assert.equal(queue.byteCount, 0);
  }
  assert.equal(socket.sizes.length, 100);
  assert.equal(queue.bufferBytes, 64 * 1024);
});

test('a chunk that the socket keeps is not written to again', () => {
  const queue = new MessageQueue();
  const socket = new TakingSocket();
  socket.takesAtOnce = false;
  queue.begin(7).u8(1).end();
  queue.send(socket, Number.POSITIVE_INFINITY);
  queue.begin(7).u8(2).end();
  queue.begin(7).u8(3).end();
  queue.send(socket, 3);
  queue.begin(7).u8(4).end();
  while (queue.byteCount > 0) queue.send(socket, 5);
  const numbers: number[] = [];
  const input = new FrameInput(100, (message) => void numbers.push(message.u8()));
  const bytes = socket.taken();
  input.feed(bytes, 0, bytes.length);
  assert.deepEqual(numbers, [1, 2, 3, 4]);
});

test('long bytes hold no more memory than they have, and it goes when they are sent', () => {
  const queue = new MessageQueue();
  const byteCount = 20 * 1024 * 1024;
  queue.begin(7).bytes(new Uint8Array(byteCount), 0, byteCount).end();
  assert.ok(queue.bufferBytes < byteCount * 1.1, `${queue.bufferBytes}`);
  const socket = new TakingSocket();
  while (queue.byteCount > 0) queue.send(socket, Number.POSITIVE_INFINITY);
  assert.ok(queue.bufferBytes <= 128 * 1024, `${queue.bufferBytes}`);
});

test('lent bytes are not copied, and nothing is written over them', () => {
  const queue = new MessageQueue();
  const byteCount = 20 * 1024 * 1024;
  const lent = new Uint8Array(byteCount);
  queue.begin(7).lend(lent, 0, byteCount).end();
  queue.begin(8).u8(9).end();
  while (queue.byteCount > 0) queue.send(new TakingSocket(), Number.POSITIVE_INFINITY);
  queue.begin(8).text('x'.repeat(100)).end();
  assert.ok(queue.bufferBytes <= 128 * 1024, `${queue.bufferBytes}`);
  assert.ok(lent.every((byte) => byte === 0));
});

test('a long message has gaps in which others may stand, and so has what follows it', () => {
  const queue = new MessageQueue();
  const socket = new TakingSocket();
  const part = LIMITS.linkPartBytes;
  queue
    .begin(7)
    .bytes(new Uint8Array(2 * part), 0, 2 * part)
    .end();
  queue.begin(8).u8(1).end();
  assert.ok(queue.isBetweenFrames);
  assert.equal(queue.longestBytes, 2 * part + 5);
  const stops: number[] = [];
  while (queue.byteCount > 0) {
    queue.send(socket, 100_000, true);
    if (queue.isBetweenFrames) stops.push(queue.sentBytes);
  }
  // A frame's length counts, and its type is the first byte of the first part.
  const longEnd = 4 + 1 + 4 + 2 * part;
  assert.deepEqual(stops, [4 + part, 4 + 2 * part, longEnd, longEnd + 6]);
  assert.equal(queue.longestBytes, 0);
  assert.equal(socket.taken().length, longEnd + 6 + 2 * 4);
});

test('one message is written at a time, and only whole ones are sent', () => {
  const queue = new MessageQueue();
  queue.begin(7);
  assert.ok(queue.isOpen);
  assert.throws(() => queue.begin(7), { message: /one message/ });
  assert.throws(() => queue.send(new TakingSocket(), 1), { message: /whole messages/ });
  queue.end();
  assert.throws(() => queue.end(), { message: /ended once/ });
});
