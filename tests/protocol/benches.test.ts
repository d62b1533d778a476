import assert from 'node:assert/strict';
import { test } from 'node:test';
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
