import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seeded } from '../../testing/seeded.ts';
import {
  fitField,
  fitWideField,
  NUMBER_BITS_MAX,
  OVERFLOW,
  readField,
  readWideField,
  writeField,
  writeWideField,
} from './bitfield-arithmetic.ts';

test('fields of every width at every place are read and written bit for bit', () => {
  seeded((random) => {
    for (let bits = 1; bits <= 64; bits++) {
      for (let round = 0; round < 40; round++) {
        const bytes = new Uint8Array(24);
        for (let i = 0; i < bytes.length; i++) bytes[i] = random.u32();
        const value = { bytes, offset: 3, length: 20 };
        const bitOffset = random.u32() % (160 - bits);
        const model = bitsOf(bytes);
        const isSigned = random.u32() % 2 === 0 || bits === 64;
        const expected = modelRead(model, 24 + bitOffset, bits, isSigned);
        assert.equal(readWideField(value, bitOffset, bits, isSigned), expected);
        if (bits <= NUMBER_BITS_MAX) {
          assert.equal(readField(value, bitOffset, bits, isSigned), Number(expected));
        }
        const raw = (BigInt(random.u32()) << 32n) | BigInt(random.u32());
        const stored = isSigned ? BigInt.asIntN(bits, raw) : BigInt.asUintN(bits, raw);
        if (bits <= NUMBER_BITS_MAX) writeField(value, bitOffset, bits, Number(stored));
        else writeWideField(value, bitOffset, bits, stored);
        const digits = BigInt.asUintN(bits, stored).toString(2).padStart(bits, '0');
        const at = 24 + bitOffset;
        assert.equal(bitsOf(bytes), model.slice(0, at) + digits + model.slice(at + bits));
      }
    }
  });
});

test('bits past the end of the string are 0', () => {
  const value = { bytes: new Uint8Array([255, 255, 255]), offset: 1, length: 1 };
  assert.equal(readField(value, 4, 8, false), 0xf0);
  assert.equal(readField(value, 4_294_967_295, 32, false), 0);
  assert.equal(readWideField(value, 0, 64, true), -(2n ** 56n));
});

test('doubles and BigInt fit a result into a field alike', () => {
  seeded((random) => {
    for (let round = 0; round < 5_000; round++) {
      const bits = 1 + (random.u32() % NUMBER_BITS_MAX);
      const isSigned = random.u32() % 2 === 0;
      const spread = 2 ** (random.u32() % 53);
      const result = Math.floor((random.u32() / 2 ** 31 - 1) * spread);
      for (const overflow of Object.values(OVERFLOW)) {
        const narrow = fitField(result, bits, isSigned, overflow);
        const wide = fitWideField(BigInt(result), bits, isSigned, overflow);
        assert.equal(Number.isNaN(narrow) ? null : BigInt(narrow), wide, `${result} ${bits}`);
      }
    }
  });
});

test('the edges of 64 bits wrap, saturate and fail', () => {
  const max = 2n ** 63n - 1n;
  assert.equal(fitWideField(max + 1n, 64, true, OVERFLOW.WRAP), -max - 1n);
  assert.equal(fitWideField(max + 1n, 64, true, OVERFLOW.SAT), max);
  assert.equal(fitWideField(-max - 2n, 64, true, OVERFLOW.SAT), -max - 1n);
  assert.equal(fitWideField(max + 1n, 64, true, OVERFLOW.FAIL), null);
  assert.equal(fitWideField(max + 1n, 63, false, OVERFLOW.WRAP), 0n);
  assert.equal(fitWideField(-1n, 63, false, OVERFLOW.SAT), 0n);
  assert.equal(fitWideField(max, 64, true, OVERFLOW.FAIL), max);
});

function bitsOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0')).join('');
}

function modelRead(bits: string, at: number, count: number, isSigned: boolean): bigint {
  const value = BigInt(`0b${bits.slice(at, at + count)}`);
  return isSigned ? BigInt.asIntN(count, value) : value;
}
