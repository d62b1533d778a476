/**
 * Loaded into a process with `node --import`. Times the turns of its event loop with a timer of
 * 1 ms: a turn that takes longer makes the next tick late. The gap between two ticks bounds the
 * longest turn from above, by at most that millisecond. What the main thread waited for a core
 * (run queue) is taken off, so that a busy machine does not count. SIGUSR2 writes the figures to
 * the file named in STALL_PROBE_FILE and starts anew.
 */
import fs from 'node:fs';

const PERIOD_MS = 1;
const file = process.env['STALL_PROBE_FILE'];
const schedstat = fs.openSync(`/proc/${process.pid}/task/${process.pid}/schedstat`, 'r');
const text = Buffer.alloc(128);
let lastMs = performance.now();
let lastWaitMs = readWaitMs();
let longestMs = 0;
let longestRawMs = 0;
let tickCount = 0;

setInterval(tick, PERIOD_MS).unref();
process.on('SIGUSR2', () => {
  tick();
  if (file === undefined) return;
  fs.writeFileSync(`${file}.new`, JSON.stringify({ longestMs, longestRawMs, tickCount }));
  fs.renameSync(`${file}.new`, file);
  longestMs = 0;
  longestRawMs = 0;
  tickCount = 0;
});

function tick(): void {
  const nowMs = performance.now();
  const waitMs = readWaitMs();
  const rawMs = nowMs - lastMs;
  const ownMs = rawMs - (waitMs - lastWaitMs);
  if (rawMs > longestRawMs) longestRawMs = rawMs;
  if (ownMs > longestMs) longestMs = ownMs;
  tickCount++;
  lastMs = nowMs;
  lastWaitMs = waitMs;
}

function readWaitMs(): number {
  const length = fs.readSync(schedstat, text, 0, text.length, 0);
  return Number(text.toString('latin1', 0, length).split(' ')[1]) / 1e6;
}
