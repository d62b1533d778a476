import assert from 'node:assert/strict';
import { test } from 'node:test';
import { measureFilterAt } from '../../bench/filter.ts';
import { measureFrameParser } from '../../bench/frame-parser.ts';
import { measureReplyWriter } from '../../bench/reply-writer.ts';

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
