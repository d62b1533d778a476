import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MsgpackReader, readFields } from './msgpack-reader.ts';
import { MsgpackWriter } from './msgpack-writer.ts';

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function read(text: string): MsgpackReader {
  return new MsgpackReader(new Uint8Array(Buffer.from(text, 'hex')));
}

test('whole numbers take as few bytes as they can, unsigned', () => {
  const cases: [number, string][] = [
    [0, '00'],
    [127, '7f'],
    [128, 'cc80'],
    [255, 'ccff'],
    [256, 'cd0100'],
    [65_535, 'cdffff'],
    [65_536, 'ce00010000'],
    [2 ** 32 - 1, 'ceffffffff'],
    [2 ** 32, 'cf0000000100000000'],
    [Number.MAX_SAFE_INTEGER, 'cf001fffffffffffff'],
  ];
  for (const [value, bytes] of cases) {
    assert.equal(hex(new MsgpackWriter().uint(value).take()), bytes);
    assert.equal(read(bytes).uint(), value);
  }
});

test('text and bytes are raw of old: never str8, never bin', () => {
  const lengths: [number, string][] = [
    [31, 'bf'],
    [32, 'da0020'],
    [255, 'da00ff'],
    [65_535, 'daffff'],
    [65_536, 'db00010000'],
  ];
  for (const [length, head] of lengths) {
    const bytes = new MsgpackWriter().raw(new Uint8Array(length)).take();
    assert.equal(hex(bytes.subarray(0, head.length / 2)), head);
    assert.equal(new MsgpackReader(bytes).raw().length, length);
  }
  assert.equal(hex(new MsgpackWriter().text('é').take()), 'a2c3a9');
});

test('what others write is read: signed numbers, str8, bin, nil, numbers for bool', () => {
  assert.deepEqual(
    ['ff', 'd0ff', 'd1ffff', 'd2ffffffff', 'd3ffffffffffffffff'].map((text) => read(text).int()),
    [-1, -1, -1, -1, -1],
  );
  assert.equal(read('d300000000000003e8').int(), 1000);
  for (const text of ['a161', 'd90161', 'da000161', 'db0000000161', 'c40161', 'c5000161']) {
    assert.equal(read(text).text(), 'a', text);
  }
  assert.equal(read('c0').text(), '');
  assert.equal(read('c0').uint(), 0);
  assert.equal(read('c0').arrayHeader(), 0);
  assert.deepEqual(
    ['c2', 'c3', '00', '01'].map((text) => read(text).bool()),
    [false, true, false, true],
  );
});

test('numbers that no Number holds, and negative ones for unsigned, are not sound', () => {
  for (const text of ['cfffffffffffffffff', 'cf0020000000000000', 'd3ffdfffffffffffff']) {
    const reader = read(text);
    assert.equal(reader.int(), 0);
    assert.equal(reader.isSound, false, text);
  }
  const negative = read('ff');
  assert.equal(negative.uint(), 0);
  assert.equal(negative.isSound, false);
});

test('a length beyond the bytes allocates nothing, and says that more may come', () => {
  for (const text of ['dbffffffff', 'ddffffffff', 'dfffffffff', 'c6ffffffff', 'cd01', 'ca00']) {
    const reader = read(text);
    reader.skip();
    assert.equal(reader.isSound, false, text);
    assert.equal(reader.isShort, true, text);
  }
});

test('deep nesting is passed without recursion', () => {
  const depth = 100_000;
  const bytes = new Uint8Array(depth + 1).fill(0x91);
  bytes[depth] = 1;
  const reader = new MsgpackReader(bytes);
  reader.skip();
  assert.equal(reader.isSound, true);
  assert.equal(reader.at, depth + 1);
});

test('fields come in any order, unknown ones are passed', () => {
  const writer = new MsgpackWriter().mapHeader(4);
  writer.text('B').uint(2).text('New').arrayHeader(2).mapHeader(1).text('x').nil().uint(700);
  writer.text('A').uint(1).text('Float').byte(0xcb).append(new Uint8Array(8));
  const found: Record<string, number> = {};
  const reader = new MsgpackReader(writer.take());
  readFields(reader, (name) => {
    if (name !== 'A' && name !== 'B') return false;
    found[name] = reader.uint();
    return true;
  });
  assert.deepEqual(found, { A: 1, B: 2 });
  assert.equal(reader.isSound, true);
  assert.equal(reader.isAtEnd, true);
});
