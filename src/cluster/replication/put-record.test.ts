import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Frame } from '../../base/frame.ts';
import { LIMITS } from '../../base/limits.ts';
import { encodePut, Put, PutRun } from './put-record.ts';
import { RecordBuffer } from './record-buffer.ts';
import { stampSeeds } from './stamp-seeds.ts';
import { StampTable } from './stamp-table.ts';

const STAMPS = new StampTable(stampSeeds('some key'));

function frameOf(...args: string[]): Frame {
  const frame = new Frame();
  frame.attach(Buffer.from(args.join('')));
  let offset = 0;
  for (const { length } of args) {
    frame.append(offset, length);
    offset += length;
  }
  return frame;
}

/** As the store's stamps fill it. */
function putOf(key: string, databaseIndex = 0): Put {
  const bytes = Buffer.from(key);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const put = new Put();
  put.databaseIndex = databaseIndex;
  put.slot = STAMPS.slotOf(bytes, 0, bytes.length);
  put.tag = STAMPS.tagOf(view, 0, bytes.length, put.slot);
  put.high = 0xffff_fff0;
  put.low = 0xffff_fff1;
  put.beforeHigh = 0xffff_fff2;
  put.beforeLow = 0xffff_fff3;
  put.wasAbsent = key.length % 2 === 1;
  return put;
}

function write(out: RecordBuffer, key: string, value: string, databaseIndex = 0): void {
  encodePut(out, putOf(key, databaseIndex), frameOf('set', key, value));
}

function viewOf({ bytes, end }: RecordBuffer): DataView {
  return new DataView(bytes.buffer, 0, end);
}

test('a put is read as it was written, and its command is SET, whatever it was called', () => {
  const out = new RecordBuffer();
  write(out, 'key', 'a value');
  write(out, '', '');
  const puts = new PutRun();
  assert.equal(puts.decode(viewOf(out), 0, out.end), out.end);
  assert.equal(puts.count, 2);
  const { databaseIndex, ...put } = putOf('key');
  assert.deepEqual(
    {
      slot: puts.slots[0],
      tag: puts.tags[0],
      high: puts.highs[0],
      low: puts.lows[0],
      beforeHigh: puts.beforeHighs[0],
      beforeLow: puts.beforeLows[0],
      wasAbsent: puts.wereAbsent[0] === 1,
    },
    put,
  );
  assert.equal(puts.databaseIndex, databaseIndex);
  const frame = new Frame();
  frame.attach(out.bytes);
  puts.frameInto(frame, 0);
  assert.deepEqual(
    [0, 1, 2].map((arg) => frame.text(arg)),
    ['SET', 'key', 'a value'],
  );
  puts.frameInto(frame, 1);
  assert.deepEqual(
    [0, 1, 2].map((arg) => frame.text(arg)),
    ['SET', '', ''],
  );
});

test('a run ends where the columns are full, with another database or another record', () => {
  const out = new RecordBuffer();
  const capacity = LIMITS.warmedKeyCountMax;
  for (let i = 0; i < capacity + 2; i++) write(out, `key ${i}`, 'value');
  write(out, 'elsewhere', 'value', 3);
  out.u8(1);
  const puts = new PutRun();
  const counts: number[] = [];
  let at = 0;
  while (at < out.end - 1) {
    at = puts.decode(viewOf(out), at, out.end);
    counts.push(puts.count);
  }
  assert.deepEqual(counts, [capacity, 2, 1]);
  assert.equal(puts.databaseIndex, 3);
  assert.equal(at, out.end - 1);
});

test('a put that is cut off is refused, wherever that is', () => {
  const out = new RecordBuffer();
  write(out, 'a', 'first');
  const firstEnd = out.end;
  write(out, 'b', 'second');
  for (let end = 1; end < out.end; end++) {
    if (end === firstEnd) continue;
    assert.throws(() => new PutRun().decode(viewOf(out), 0, end), { code: 'MESSAGE_BROKEN' });
  }
});

test('a tag that no key of the slot has is refused: it would spoil the table', () => {
  const tag = putOf('key').tag;
  const wrong: Partial<Put>[] = [
    { tag: 0 },
    { tag: (tag & 0x7800_0000) >>> 0 },
    { tag: tag ^ 0x0800_0000 },
    { tag: (tag | 0x8000_0000) >>> 0 },
    { slot: 0xffff },
  ];
  for (const fields of wrong) {
    const out = new RecordBuffer();
    encodePut(out, Object.assign(putOf('key'), fields), frameOf('SET', 'key', 'value'));
    const decode = () => new PutRun().decode(viewOf(out), 0, out.end);
    assert.throws(decode, { code: 'MESSAGE_BROKEN' }, JSON.stringify(fields));
  }
});
