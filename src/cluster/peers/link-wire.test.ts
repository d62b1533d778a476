import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../base/limits.ts';
import { createCounters, METRIC } from '../../observability/metrics/metric-table.ts';
import { TakingSocket } from '../../testing/taking-socket.ts';
import { createSimulatedWorld } from '../../world/simulated/simulated-world.ts';
import { FrameInput } from './frame-input.ts';
import { type LinkHost, LinkWire } from './link-wire.ts';
import { MESSAGE } from './message-table.ts';

function openWire(): { wire: LinkWire; socket: TakingSocket; host: LinkHost; gone: string[] } {
  const gone: string[] = [];
  const host: LinkHost = {
    world: createSimulatedWorld(),
    counters: createCounters(),
    flushLater: () => {},
    onBroken: () => {},
    fail: (error) => assert.fail(String(error)),
  };
  const socket = new TakingSocket();
  const owner = {
    onMessage: () => {},
    onRead: () => {},
    onGone: (reason: string) => void gone.push(reason),
  };
  return { wire: new LinkWire({ host, socket, owner }), socket, host, gone };
}

test('no byte is sent beyond the credit, and the rest when there is more', () => {
  const { wire, socket, host } = openWire();
  wire.allowedBytes = 7;
  wire.output.begin(9).u32(1).end();
  wire.flush();
  assert.equal(socket.taken().length, 7);
  wire.flush();
  assert.equal(socket.taken().length, 0);
  assert.equal(wire.queuedBytes, 2);
  wire.allowedBytes = 100;
  wire.flush();
  assert.equal(socket.taken().length, 2);
  assert.equal(wire.output.sentBytes, 9);
  assert.equal(host.counters[METRIC.linkBytesSent], 9);
  assert.equal(host.counters[METRIC.linkMessagesSent], 1);
});

test('a full socket is given no more until it has drained', () => {
  const { wire, socket } = openWire();
  socket.takesAtOnce = false;
  socket.queuedBytes = LIMITS.linkSocketBytesMax - 3;
  wire.output.begin(9).u32(1).end();
  wire.flush();
  assert.equal(socket.taken().length, 3);
  wire.flush();
  assert.equal(socket.taken().length, 0);
  socket.queuedBytes = 0;
  socket.handler?.onDrained();
  assert.equal(socket.taken().length, 6);
});

test('what comes while held is bounded: then the socket is not read until the release', () => {
  const { wire, socket } = openWire();
  wire.trust();
  wire.hold();
  const bytes = new Uint8Array(100_000).fill(1);
  new DataView(bytes.buffer).setUint32(0, bytes.length - 4, true);
  for (let i = 0; i < 2; i++) socket.handler?.onReadable(bytes, 0, bytes.length);
  assert.equal(socket.isPaused, false);
  socket.handler?.onReadable(bytes, 0, bytes.length);
  assert.equal(socket.isPaused, true);
  wire.release();
  assert.equal(socket.isPaused, false);
  assert.equal(wire.input.heldBytes, 0);
});

test('that it is gone is told once, and not when it was closed from here', () => {
  const first = openWire();
  first.socket.handler?.onClose('ECONNRESET');
  first.socket.handler?.onEnd();
  assert.deepEqual(first.gone, ['ECONNRESET']);
  const second = openWire();
  second.wire.close();
  second.socket.handler?.onClose('');
  assert.deepEqual(second.gone, []);
  assert.equal(second.socket.isOpen, false);
});

test('urgent messages overtake, stand between parts, and wait for no credit', () => {
  const { wire, socket } = openWire();
  const part = LIMITS.linkPartBytes;
  wire.output
    .begin(MESSAGE.state)
    .bytes(new Uint8Array(2 * part), 0, 2 * part)
    .end();
  wire.output.begin(MESSAGE.effects).u8(1).end();
  wire.allowedBytes = part / 2;
  wire.flush();
  wire.queueOf(MESSAGE.acknowledge)?.begin(MESSAGE.acknowledge).u8(2).end();
  wire.flush();
  const types: number[] = [];
  const input = new FrameInput(LIMITS.messageBytesMax, ({ type }) => void types.push(type));
  const deliver = (): void => {
    const bytes = socket.taken();
    input.feed(bytes, 0, bytes.length);
  };
  deliver();
  assert.deepEqual(types, []);
  wire.allowedBytes = 4 + part;
  wire.flush();
  deliver();
  assert.deepEqual(types, [MESSAGE.acknowledge]);
  wire.allowedBytes = Number.POSITIVE_INFINITY;
  wire.flush();
  deliver();
  assert.deepEqual(types, [MESSAGE.acknowledge, MESSAGE.state, MESSAGE.effects]);
  assert.equal(input.consumedBytes, wire.output.sentBytes);
});

test('beside one message that is longer than the queue may be, others find room', () => {
  const { wire } = openWire();
  const { linkQueueBytesMax, linkUrgentBytesMax } = LIMITS;
  const fill = (byteCount: number): void => {
    const bytes = new Uint8Array(byteCount);
    wire.queueOf(MESSAGE.effects)?.begin(MESSAGE.effects).lend(bytes, 0, byteCount).end();
  };
  fill(2 * linkQueueBytesMax);
  assert.notEqual(wire.queueOf(MESSAGE.effects), null);
  fill(linkQueueBytesMax);
  assert.equal(wire.queueOf(MESSAGE.effects), null);
  assert.notEqual(wire.queueOf(MESSAGE.view), null);
  const view = new Uint8Array(linkUrgentBytesMax);
  wire.urgent.begin(MESSAGE.view).bytes(view, 0, view.length).end();
  assert.equal(wire.queueOf(MESSAGE.view), null);
});
