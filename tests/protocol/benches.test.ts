import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';
import { measureFilterAt } from '../../bench/filter.ts';
import { measureFrameParser } from '../../bench/frame-parser.ts';
import { measureReplyWriter } from '../../bench/reply-writer.ts';
import { skipWithout } from '../support/server.ts';

/** The figures of a bench's last line, in tiny size. */
function runTiny(name: string): Record<string, unknown> {
  const file = path.join(import.meta.dirname, `../../bench/${name}.js`);
  const { status, stdout, stderr } = spawnSync(process.execPath, [file, '--tiny']);
  assert.equal(status, 0, stderr.toString());
  return JSON.parse(stdout.toString().trim().split('\n').pop() ?? '').figures;
}

const redisIsMissing = { skip: skipWithout('redis-benchmark') };

test('the bench of a full store sees evictions, and no write that failed', redisIsMissing, () => {
  const figures = runTiny('evict') as { writes: Record<string, number>[]; reads: unknown[] };
  assert.ok(figures.writes.length > 1);
  for (const { failedCount, countedMax, evictedPerWrite, policy } of figures.writes) {
    assert.equal(failedCount, 0);
    assert.ok(countedMax > 0.9 && countedMax <= 1.01, `${countedMax}`);
    assert.ok(evictedPerWrite > 0, `${policy} ${evictedPerWrite}`);
  }
  assert.equal(figures.reads.length, 2);
});

test('the bench of durability loads all keys and measures every part', redisIsMissing, () => {
  const figures = runTiny('durability') as Record<string, Record<string, unknown>[]>;
  const names = (part: string, field: string) => figures[part].map((cell) => cell[field]);
  assert.deepEqual(names('writing', 'policy'), ['no', 'everysec', 'always']);
  assert.deepEqual(names('loading', 'kind'), ['snapshot', 'log']);
  assert.deepEqual(names('snapshot', 'seat'), ['ours', 'redis']);
  for (const { stallMs, tookMs } of figures['snapshot']) {
    assert.ok(Number(stallMs) > 0 && Number(tookMs) > 0);
  }
});

test('the bench of isolation has both stores answer, without an error', () => {
  const figures = runTiny('isolation') as Record<string, Record<string, number>[]>;
  assert.equal(figures['errorCount'] as unknown, 0);
  for (const which of ['alone', 'beside']) {
    for (const { commandCount, hitRatio } of figures[which]) {
      assert.ok(commandCount > 0);
      assert.ok(hitRatio > 0.5 && hitRatio < 1, `${hitRatio}`);
    }
  }
});

test('the bench of RDB files reads back every key that it wrote', () => {
  const { rows } = runTiny('rdb') as { rows: Record<string, number>[] };
  assert.equal(rows.length, 10);
  for (const { name, count, readCount, fileBytes, writtenPerS } of rows) {
    const isOneKey = String(name).startsWith('one ');
    assert.equal(readCount, isOneKey ? 1 : count, String(name));
    assert.ok(fileBytes > count / 2 && writtenPerS > 0, String(name));
  }
});

test('the bench of snapshots shows each key and field once, and then writes go on', () => {
  const { rows } = runTiny('snapshot') as { rows: Record<string, number>[] };
  assert.equal(rows.length, 2);
  for (const { name, count, perSecond, nsWhile, extraShare } of rows) {
    assert.equal(count, 5_000, String(name));
    assert.ok(perSecond > 0 && nsWhile > 0, String(name));
    assert.ok(extraShare >= 0 && extraShare < 1.5, `${extraShare}`);
  }
});

test('the bench of links carries every message, plain and encrypted', () => {
  const figures = runTiny('links') as Record<string, Record<string, number>[]>;
  assert.equal(figures['streams'].length, 8);
  for (const { messagesPerS, megabytesPerS } of figures['streams']) {
    assert.ok(messagesPerS > 0 && megabytesPerS > 0);
  }
  const links = figures['roundTrips'].map(({ link }) => link as unknown);
  assert.deepEqual(links, ['plain', 'encrypted']);
  for (const { medianUs } of figures['roundTrips']) {
    // Who waits for the other end's delayed acknowledgement needs 40 ms.
    assert.ok(medianUs > 0 && medianUs < 20_000, `${medianUs}`);
  }
});

test('the parser bench finds every command it sent, in each way of arriving', () => {
  const figures = measureFrameParser(2000);
  assert.equal(figures.length, 8);
  for (const { name, nsPerCommand } of figures) assert.ok(nsPerCommand > 0, name);
});

test('the writer bench writes what it claims to', () => {
  const bytes = new Map(measureReplyWriter(500).map((one) => [one.name, one.bytesPerReply]));
  assert.equal(bytes.get('ok'), 5);
  assert.equal(bytes.get('bulk of 64 B by its view'), 71);
  assert.equal(bytes.get('bulk of 1 KiB'), 1033);
  assert.equal(bytes.get('double'), 26);
});

test('the filter bench asks about every key and finds the rate that was asked for', () => {
  const figures = measureFilterAt(0.01, 10_000);
  assert.equal(figures.falseNegativeCount, 0);
  assert.equal(figures.keyCount, 10_000);
  assert.ok(figures.measuredRate > 0 && figures.measuredRate < 0.015, `${figures.measuredRate}`);
  assert.ok(figures.bitsPerItem > figures.leastBitsPerItem);
  assert.ok(figures.stepCount > 0, 'tables were built while it was timed');
});
