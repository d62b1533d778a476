import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Frame } from '../../base/frame.ts';
import { KeyHints } from '../../protocol/key-peek.ts';
import { LinkReader } from '../peers/link-reader.ts';
import { ROLE } from './effect-keys.ts';
import { RECORD, RecordReader } from './effect-record.ts';
import { RecordBuffer } from './record-buffer.ts';

const ENCODER = new TextEncoder();

function frameOf(args: readonly string[]): Frame {
  const frame = new Frame();
  const bytes = ENCODER.encode(args.join(''));
  frame.attach(bytes);
  let offset = 0;
  for (const { length } of args) {
    frame.append(offset, length);
    offset += length;
  }
  return frame;
}

/** @param keyArg  0: it names no key */
function writeEffect(out: RecordBuffer, args: readonly string[], database = 0, keyArg = 1): void {
  out.u8(RECORD.effect);
  out.u8(keyArg === 0 ? 0 : 1);
  out.u16(database);
  out.u32(7);
  out.u32(9);
  if (keyArg > 0) {
    out.u8(ROLE.set);
    out.u16(database);
    out.u32(keyArg);
    out.u32(1);
    out.u32(2);
  }
  out.command(frameOf(args), null);
}

function open(bytes: Uint8Array): RecordReader {
  const message = new LinkReader();
  const body = new Uint8Array(bytes.length + 4);
  new DataView(body.buffer).setUint32(0, bytes.length, true);
  body.set(bytes, 4);
  return new RecordReader().open(message.open(body, 0, 0, body.length).bytes());
}

function peeked(reader: RecordReader, capacity = 16): { count: number; keys: string[] } {
  const hints = new KeyHints(capacity);
  const count = reader.peek(hints);
  const text = (offset: number, length: number) =>
    Buffer.from(reader.bytes).toString('latin1', offset, offset + length);
  const keys = Array.from({ length: hints.count }, (_, i) => {
    const second = text(hints.secondOffsets[i], hints.secondLengths[i]);
    return `${text(hints.offsets[i], hints.lengths[i])} ${second}`;
  });
  return { count, keys };
}

function batch(): RecordBuffer {
  const out = new RecordBuffer();
  out.u8(RECORD.time);
  out.f64(1_000);
  writeEffect(out, ['SET', 'a', 'one']);
  out.u8(RECORD.groupBegin);
  writeEffect(out, ['DEL', 'b']);
  writeEffect(out, ['SET', 'elsewhere', 'two'], 3);
  out.u8(RECORD.groupEnd);
  writeEffect(out, ['FLUSHALL'], 0, 0);
  writeEffect(out, ['HSET', 'c', 'field', 'value']);
  return out;
}

test('a look ahead finds the keys of one database and leaves the reader where it was', () => {
  const out = batch();
  const reader = open(out.bytes.subarray(0, out.end));
  assert.deepEqual(peeked(reader), { count: 8, keys: ['a one', 'b ', 'c field'] });
  assert.deepEqual(peeked(reader, 2), { count: 4, keys: ['a one', 'b '] });
  assert.equal(reader.next(), true);
  assert.equal(reader.kind, RECORD.time);
  for (const _ of [1, 2, 3, 4]) reader.next();
  assert.deepEqual(peeked(reader), { count: 3, keys: ['c field'] });
  assert.equal(reader.aheadIndex, 0);
});

test('a batch that is cut or holds no records ends the look ahead inside its bytes', () => {
  const { bytes, end } = batch();
  const first = (pair: string) => pair.split(' ')[0];
  const whole = peeked(open(bytes.subarray(0, end))).keys.map(first);
  for (let length = 0; length <= end; length++) {
    const keys = peeked(open(bytes.subarray(0, length))).keys.map(first);
    assert.deepEqual(keys, whole.slice(0, keys.length), `${length} bytes`);
    const broken = bytes.slice(0, end);
    broken.fill(255, length);
    peeked(open(broken));
  }
});
