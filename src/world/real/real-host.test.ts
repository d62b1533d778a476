// Has a process of its own: it listens for signals of the process, and sends itself one.
import { strict as assert } from 'node:assert';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { findContainerLimitBytes } from './container-limit.ts';
import { createRealClock, createRealTimers, RealRandom } from './real-clock.ts';
import { createRealHost } from './real-host.ts';

const GIB = 1024 ** 3;

function reader(files: Record<string, string>): (path: string) => string | null {
  return (path) => files[path] ?? null;
}

test('the container limit is the least on the way to the root, in both forms', () => {
  const unified = reader({
    '/proc/self/cgroup': '0::/a/b\n',
    '/sys/fs/cgroup/a/b/memory.max': 'max\n',
    '/sys/fs/cgroup/a/memory.max': `${2 * GIB}\n`,
    '/sys/fs/cgroup/memory.max': `${4 * GIB}\n`,
  });
  assert.equal(findContainerLimitBytes(unified), 2 * GIB);
  const first = reader({
    '/proc/self/cgroup': '5:cpu,cpuacct:/x\n4:memory:/docker/1\n0::/\n',
    '/sys/fs/cgroup/memory/memory.limit_in_bytes': `${GIB}\n`,
  });
  assert.equal(findContainerLimitBytes(first), GIB);
});

test('no container limit is none', () => {
  assert.equal(findContainerLimitBytes(reader({})), null);
  const unlimited = reader({
    '/proc/self/cgroup': '4:memory:/\n0::/\n',
    '/sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n',
    '/sys/fs/cgroup/memory.max': 'max\n',
  });
  assert.equal(findContainerLimitBytes(unlimited), null);
});

test('the host tells figures of this process', () => {
  const host = createRealHost();
  assert.equal(host.pid, process.pid);
  assert.ok(host.memoryBytesTotal > 64 * 1024 * 1024);
  assert.ok(Number.isSafeInteger(host.memoryBytesTotal));
  assert.ok(host.memoryUse().rssBytes > host.memoryUse().heapUsedBytes / 2);
  assert.ok(host.cpuUse().userS > 0);
  assert.match(host.osName, /^\S+ \S+ \S+$/);
});

test('a signal reaches its listener until that is cancelled', async () => {
  let count = 0;
  const subscription = createRealHost().onSignal('SIGHUP', () => count++);
  const raised = once(process, 'SIGHUP');
  // Waiting for a signal does not keep a process alive.
  const keep = setInterval(() => {}, 10);
  process.kill(process.pid, 'SIGHUP');
  await raised;
  clearInterval(keep);
  subscription.cancel();
  assert.equal(count, 1);
  assert.equal(process.listenerCount('SIGHUP'), 0);
});

test('output is whole and in order though its reader is slow and the process exits', () => {
  const module = new URL('./real-host.js', import.meta.url).href;
  const code = `
    const { createRealHost } = await import(${JSON.stringify(module)});
    const host = createRealHost();
    for (let i = 0; i < 20000; i++) host.writeOut('line ' + i + '\\n');
    process.exit(3);`;
  // A shell that wakes late reads the pipe, which holds 64 KiB, while the writer meets EAGAIN.
  const script = '{ "$0" --input-type=module -e "$1"; echo "exit $?"; } | { sleep 0.3; cat; }';
  const run = spawnSync('sh', ['-c', script, process.execPath, code], { encoding: 'utf8' });
  const expected = Array.from({ length: 20_000 }, (_, i) => `line ${i}\n`).join('');
  assert.equal(run.stdout, `${expected}exit 3\n`);
});

test('a reader that never reads is waited for once, and what is not taken is told', async () => {
  const module = new URL('./real-host.js', import.meta.url).href;
  // Touching the stream makes the pipe one that says EAGAIN, as a service manager's is.
  const code = `
    const { createRealHost } = await import(${JSON.stringify(module)});
    process.stdout.writable;
    const host = createRealHost();
    const line = 'x'.repeat(99_999) + '\\n';
    const startMs = performance.now();
    let lostCount = 0;
    for (let i = 0; i < 60; i++) if (!host.writeOut(line)) lostCount++;
    host.writeError(JSON.stringify({ lostCount, tookMs: performance.now() - startMs }));
    process.exit(0);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code]);
  const told: Buffer[] = [];
  child.stderr.on('data', (bytes: Buffer) => told.push(bytes));
  await Promise.all([once(child, 'exit'), once(child.stderr, 'end')]);
  child.stdout.destroy();
  const { lostCount, tookMs } = JSON.parse(Buffer.concat(told).toString());
  assert.ok(lostCount > 10 && lostCount < 60, `${lostCount} lines were lost`);
  // Waiting for each would be two seconds a line.
  assert.ok(tookMs < lostCount * 1000, `${tookMs} ms for ${lostCount} lines`);
});

test('timers fire, can be cancelled, and do not keep the process alive', async () => {
  const timers = createRealTimers();
  const fired: string[] = [];
  timers.after(1, () => fired.push('cancelled')).cancel();
  const beat = timers.every(1, () => fired.push('beat'));
  await new Promise<void>((resolve) => {
    const keep = setInterval(() => {
      if (fired.length < 3) return;
      clearInterval(keep);
      resolve();
    }, 1);
  });
  beat.cancel();
  assert.deepEqual(new Set(fired), new Set(['beat']));
  const order: string[] = [];
  await new Promise<void>((resolve) => {
    timers.atTurnEnd(() => {
      order.push('turn end');
      resolve();
    });
    order.push('now');
  });
  assert.deepEqual(order, ['now', 'turn end']);
  const module = new URL('./real-clock.js', import.meta.url).href;
  const code = `
    const { createRealTimers } = await import(${JSON.stringify(module)});
    createRealTimers().after(60000, () => {});`;
  const args = ['--input-type=module', '-e', code];
  const run = spawnSync(process.execPath, args, { timeout: 50_000 });
  assert.equal(run.status, 0);
});

test('clocks agree with those of the machine', () => {
  const clock = createRealClock();
  assert.ok(Math.abs(clock.wallMs() - Date.now()) < 1000);
  assert.ok(Number.isInteger(clock.wallMs()));
  const before = clock.monotonicMs();
  assert.ok(clock.monotonicMs() >= before);
});

test('random words spread and differ between instances', () => {
  const random = new RealRandom();
  const counts = new Array<number>(16).fill(0);
  for (let i = 0; i < 16_000; i++) counts[random.u32() >>> 28]++;
  for (const count of counts) assert.ok(count > 800 && count < 1200, counts.join(' '));
  assert.notEqual(random.u32(), new RealRandom().u32());
  const bytes = new Uint8Array(64);
  random.fill(bytes);
  assert.ok(new Set(bytes).size > 40);
});

test('garbage collection is measured while one watches', async () => {
  const watch = createRealHost().watchGc();
  await collectUntil(() => watch.count > 0);
  assert.ok(watch.seconds > 0);
  watch.cancel();
  const { count } = watch;
  const second = createRealHost().watchGc();
  await collectUntil(() => second.count > 0);
  assert.equal(watch.count, count);
  second.cancel();
});

/** Makes garbage, for at most a minute. */
async function collectUntil(isDone: () => boolean): Promise<void> {
  const giveUpMs = performance.now() + 60_000;
  while (!isDone()) {
    assert.ok(performance.now() < giveUpMs, 'no collection was seen');
    for (let i = 0; i < 100; i++) new Array(10_000).fill(i);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
