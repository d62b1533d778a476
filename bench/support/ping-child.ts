/**
 * Pings a server every millisecond and prints the longest answer time, without what either side
 * waited for a core: argv is port, server pid, milliseconds. With 0 milliseconds it prints a line
 * at each line of its input, begins anew then, and ends with its input.
 */
import net from 'node:net';
import { runQueueWaitMs } from './process-stats.ts';

const [port, pid, durationMs] = process.argv.slice(2).map(Number);
const socket = net.connect(port, '127.0.0.1');
socket.setNoDelay(true);
const endMs = durationMs === 0 ? Infinity : performance.now() + durationMs;
let longestMs = 0;
let longestRawMs = 0;
let count = 0;
let sentMs = 0;
let waitBeforeMs = 0;
let wantedLines = 0;

socket.on('connect', send);
socket.on('data', () => {
  const rawMs = performance.now() - sentMs;
  const ownMs = rawMs - (waits() - waitBeforeMs);
  longestRawMs = Math.max(longestRawMs, rawMs);
  longestMs = Math.max(longestMs, ownMs);
  count++;
  for (; wantedLines > 0; wantedLines--) printLine();
  if (performance.now() < endMs) setTimeout(send, 1);
  else finish();
});
if (durationMs === 0) {
  process.stdin.on('data', () => wantedLines++);
  process.stdin.on('end', () => process.exit());
}

function send(): void {
  waitBeforeMs = waits();
  sentMs = performance.now();
  socket.write('PING\r\n');
}

function waits(): number {
  return runQueueWaitMs('self') + runQueueWaitMs(pid);
}

function printLine(): void {
  process.stdout.write(`${JSON.stringify({ longestMs, longestRawMs, count })}\n`);
  longestMs = 0;
  longestRawMs = 0;
  count = 0;
}

function finish(): void {
  printLine();
  socket.destroy();
}
