/**
 * Pings a server every millisecond and prints the longest answer time, without what either side
 * waited for a core: argv is port, server pid, milliseconds.
 */
import net from 'node:net';
import { runQueueWaitMs } from './process-stats.ts';

const [port, pid, durationMs] = process.argv.slice(2).map(Number);
const socket = net.connect(port, '127.0.0.1');
socket.setNoDelay(true);
const endMs = performance.now() + durationMs;
let longestMs = 0;
let longestRawMs = 0;
let count = 0;
let sentMs = 0;
let waitBeforeMs = 0;

socket.on('connect', send);
socket.on('data', () => {
  const rawMs = performance.now() - sentMs;
  const ownMs = rawMs - (waits() - waitBeforeMs);
  longestRawMs = Math.max(longestRawMs, rawMs);
  longestMs = Math.max(longestMs, ownMs);
  count++;
  if (performance.now() < endMs) setTimeout(send, 1);
  else finish();
});

function send(): void {
  waitBeforeMs = waits();
  sentMs = performance.now();
  socket.write('PING\r\n');
}

function waits(): number {
  return runQueueWaitMs('self') + runQueueWaitMs(pid);
}

function finish(): void {
  process.stdout.write(JSON.stringify({ longestMs, longestRawMs, count }));
  socket.destroy();
}
