import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { encodeCommand } from '../../src/testing/reply-decoder.ts';
import { findFreePort, skipWithout } from '../support/server.ts';
import { WireClient } from '../support/wire-client.ts';
import { isOfLog, isReply, isSync, readTrace, straceFlags, type TracedCall } from './sync-trace.ts';
import { type SyncPolicy, Victim } from './victim.ts';

const skip = skipWithout('strace');
/** CRASH_PROGRAM=redis-server shows whether a failing test or the server is wrong. */
const PROGRAM = process.env['CRASH_PROGRAM'] === 'redis-server' ? 'redis-server' : 'hypercache';

/** The calls that the server makes between its being ready and the end of the work. */
async function traced(
  t: TestContext,
  policy: SyncPolicy,
  work: (port: number) => Promise<void>,
): Promise<TracedCall[]> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hypercache-syncs-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'trace');
  const port = await findFreePort();
  const options = { program: PROGRAM, port, folder, policy, wrapper: straceFlags(file) } as const;
  // No rewrite comes between.
  const victim = new Victim({ ...options, args: ['--auto-aof-rewrite-percentage', '0'] });
  const client = await victim.ready();
  await client.call('SET', 'first', 'v');
  // What the start itself leaves to be synced is over.
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  const fromS = Date.now() / 1000;
  await work(port);
  const toS = (Date.now() + 1) / 1000;
  // A moment apart, so that the sync of the shutdown is not taken for one of the work.
  await new Promise((resolve) => setTimeout(resolve, 20));
  client.send(encodeCommand(['SHUTDOWN', 'NOSAVE']));
  await victim.end('SIGCONT');
  return readTrace(file).filter(({ startedS }) => startedS >= fromS && startedS <= toS);
}

function countLogSyncs(calls: readonly TracedCall[]): number {
  return calls.filter((call) => isSync(call) && isOfLog(call)).length;
}

/** Replies for which no sync of the log began after its last write and ended before the reply. */
function countUnsafe(calls: readonly TracedCall[]): number {
  let lastWriteS = 0;
  let isSafe = true;
  let unsafeCount = 0;
  for (const call of calls) {
    if (isOfLog(call) && isSync(call)) isSafe = call.startedS >= lastWriteS;
    else if (isOfLog(call)) {
      lastWriteS = call.doneS;
      isSafe = false;
    } else if (isReply(call) && !isSafe) unsafeCount++;
  }
  return unsafeCount;
}

test('always: one sync for each write that is waited for, before its reply', {
  skip,
}, async (t) => {
  const writeCount = 150;
  const calls = await traced(t, 'always', async (port) => {
    const client = await WireClient.connect(port);
    for (let i = 0; i < writeCount; i++) await client.call('SET', `k${i}`, `v${i}`);
    client.end();
  });
  assert.equal(calls.filter(isReply).length, writeCount);
  assert.equal(countLogSyncs(calls), writeCount);
  assert.equal(countUnsafe(calls), 0);
});

test('always: one sync serves all that came together', { skip }, async (t) => {
  const [clientCount, depth, rounds] = [8, 16, 20];
  const calls = await traced(t, 'always', async (port) => {
    const one = async (name: number) => {
      const client = await WireClient.connect(port);
      for (let round = 0; round < rounds; round++) {
        const batch = Array.from({ length: depth }, (_, i) => ['SET', `${name}:${i}`, `${round}`]);
        client.sendCommands(batch);
        for (const reply of await client.take(depth)) assert.equal(reply.kind, 'simple');
      }
      client.end();
    };
    await Promise.all(Array.from({ length: clientCount }, (_, name) => one(name)));
  });
  const syncCount = countLogSyncs(calls);
  assert.ok(syncCount >= rounds, `${syncCount} syncs`);
  assert.ok(syncCount <= clientCount * rounds, `${syncCount} syncs for ${clientCount * rounds}`);
});

test('everysec: about one sync a second', { skip }, async (t) => {
  const seconds = 4;
  let tookS = 0;
  const calls = await traced(t, 'everysec', async (port) => {
    const startMs = Date.now();
    await writeFor(port, seconds);
    tookS = (Date.now() - startMs) / 1000;
  });
  const syncCount = countLogSyncs(calls);
  assert.ok(syncCount >= seconds - 2, `${syncCount} syncs in ${tookS} s`);
  assert.ok(syncCount <= tookS + 2, `${syncCount} syncs in ${tookS} s`);
});

test('no: the log is written before each reply, and never synced', { skip }, async (t) => {
  const calls = await traced(t, 'no', (port) => writeFor(port, 2));
  assert.equal(countLogSyncs(calls), 0);
  const replyCount = calls.filter(isReply).length;
  assert.ok(replyCount > 20, `${replyCount} replies`);
  let writtenCount = 0;
  let repliedCount = 0;
  for (const call of calls) {
    if (isOfLog(call)) writtenCount++;
    if (isReply(call)) repliedCount++;
    assert.ok(repliedCount <= writtenCount, 'a reply left before its write was handed over');
  }
});

/** One write after the other, on one connection. */
async function writeFor(port: number, seconds: number): Promise<void> {
  const client = await WireClient.connect(port);
  const endMs = Date.now() + seconds * 1000;
  for (let i = 0; Date.now() < endMs; i++) await client.call('SET', `k${i}`, `v${i}`);
  client.end();
}
