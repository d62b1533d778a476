import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RdbBuffer } from './rdb-buffer.ts';

const PLAIN = { compresses: false, compressedBytesMax: Number.POSITIVE_INFINITY };

function hexOf(write: (buffer: RdbBuffer) => void, options = PLAIN): string {
  const buffer = new RdbBuffer(options, 1);
  write(buffer);
  return Buffer.from(buffer.bytes.subarray(0, buffer.length)).toString('hex');
}

function stringHex(text: string, options = PLAIN): string {
  const bytes = Buffer.from(`--${text}`, 'latin1');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return hexOf((buffer) => buffer.writeString(bytes, view, 2, text.length), options);
}

test('a length is as short as it can be', () => {
  const lengths: [number, string][] = [
    [0, '00'],
    [63, '3f'],
    [64, '4040'],
    [16_383, '7fff'],
    [16_384, '8000004000'],
    [0xffff_ffff, '80ffffffff'],
    [2 ** 32, '810000000100000000'],
    [2 ** 53, '810020000000000000'],
  ];
  for (const [length, wanted] of lengths) {
    assert.equal(
      hexOf((buffer) => buffer.writeLength(length)),
      wanted,
      `${length}`,
    );
    assert.equal(
      hexOf((buffer) => buffer.writeLength64(BigInt(length))),
      wanted,
      `${length}n`,
    );
  }
  assert.equal(
    hexOf((buffer) => buffer.writeLength64(-1n)),
    '81ffffffffffffffff',
  );
});

test('the text of an integer of 32 bits is an integer, any other text is text', () => {
  const texts: [string, string][] = [
    ['0', 'c000'],
    ['-128', 'c080'],
    ['128', 'c18000'],
    ['-32769', 'c2ff7fffff'],
    ['2147483647', 'c2ffffff7f'],
    ['-2147483648', 'c200000080'],
    ['2147483648', '0a32313437343833363438'],
    ['', '00'],
    ['-', '012d'],
    ['-0', '022d30'],
    ['007', '03303037'],
    ['1.0', '03312e30'],
    ['abc', '03616263'],
  ];
  for (const [text, wanted] of texts) assert.equal(stringHex(text), wanted, text);
});

test('integers written as such are what their texts would be', () => {
  for (const value of [
    0,
    -1,
    127,
    -129,
    32_768,
    2 ** 31 - 1,
    -(2 ** 31),
    2 ** 31,
    -(2 ** 53) + 1,
  ]) {
    const wanted = stringHex(`${value}`);
    assert.equal(
      hexOf((buffer) => buffer.writeIntegerString(value)),
      wanted,
      `${value}`,
    );
    assert.equal(
      hexOf((buffer) => buffer.writeInteger64String(BigInt(value))),
      wanted,
    );
  }
  const least = -(2n ** 63n);
  assert.equal(
    hexOf((buffer) => buffer.writeInteger64String(least)),
    stringHex(`${least}`),
  );
});

test('texts of more than 20 bytes are compressed when they are to be and gain by it', () => {
  const always = { compresses: true, compressedBytesMax: Number.POSITIVE_INFINITY };
  const text = 'x'.repeat(100);
  assert.equal(stringHex(text, always), 'c3094064017878e05700017878');
  assert.equal(stringHex('x'.repeat(20), always), stringHex('x'.repeat(20)));
  assert.equal(stringHex(text, { compresses: true, compressedBytesMax: 99 }), stringHex(text));
  const noise = 'qwertzuiopasdfghjklyxcvbnm';
  assert.equal(stringHex(noise, always), stringHex(noise));
});

test('milliseconds and doubles are little-endian', () => {
  assert.equal(
    hexOf((buffer) => buffer.writeMs(4_102_444_800_001)),
    '01d8c32cbb030000',
  );
  assert.equal(
    hexOf((buffer) => buffer.writeMs(2n ** 62n)),
    '0000000000000040',
  );
  assert.equal(
    hexOf((buffer) => buffer.writeMs(-1)),
    'ffffffffffffffff',
  );
  assert.equal(
    hexOf((buffer) => buffer.writeDouble(-2.5)),
    '00000000000004c0',
  );
});
