import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../base/limits.ts';
import { createCounters, METRIC } from '../../observability/metrics/metric-table.ts';
import { TakingSocket } from '../../testing/taking-socket.ts';
import { createSimulatedWorld } from '../../world/simulated/simulated-world.ts';
import { type LinkHost, LinkWire } from './link-wire.ts';

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
  assert.equal(wire.sentBytes, 9);
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
