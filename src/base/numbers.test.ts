import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  digitCountOf,
  formatDouble,
  INT64_MAX,
  INT64_MIN,
  INTEGER_BYTES_MAX,
  isCanonicalInteger,
  parseDouble,
  parseInt64,
  parseSafeInteger,
  writeDigits,
} from './numbers.ts';

/** Each number stands between other digits, so that a step out of its bounds shows. */
function framed(text: string): [Uint8Array, number, number] {
  return [Buffer.from(`9${text}9`, 'latin1'), 1, text.length];
}

test('integers are read as string2ll reads them', () => {
  const good = ['0', '1', '-1', '10', '9007199254740991', '-9007199254740991', '999999999999999'];
  for (const text of good) {
    assert.equal(parseSafeInteger(...framed(text)), Number(text), text);
    assert.equal(parseInt64(...framed(text)), BigInt(text), text);
    assert.equal(isCanonicalInteger(...framed(text)), true, text);
  }
  const wide = ['9007199254740992', '-9007199254740992', String(INT64_MAX), String(INT64_MIN)];
  for (const text of wide) {
    assert.equal(parseSafeInteger(...framed(text)), NaN, text);
    assert.equal(parseInt64(...framed(text)), BigInt(text), text);
    assert.equal(isCanonicalInteger(...framed(text)), true, text);
  }
  const bad = ['', '-', '+1', '01', '-0', '-01', '00', ' 1', '1 ', '1a', 'a', '1.0', '--1', '1-'];
  bad.push('9223372036854775808', '-9223372036854775809', '99999999999999999999', '1'.repeat(400));
  for (const text of bad) {
    assert.equal(parseSafeInteger(...framed(text)), NaN, text);
    assert.equal(parseInt64(...framed(text)), null, text);
    assert.equal(isCanonicalInteger(...framed(text)), false, text);
  }
});

test('writeDigits writes what String writes, around every power of two and ten', () => {
  const values = [0, 7, -7];
  for (let power = 1; power <= Number.MAX_SAFE_INTEGER; power *= 2) values.push(power - 1, power);
  for (let power = 10; power <= Number.MAX_SAFE_INTEGER; power *= 10) values.push(power - 1, power);
  values.push(Number.MAX_SAFE_INTEGER);
  for (const value of values.flatMap((one) => [one, -one])) {
    const bytes = new Uint8Array(INTEGER_BYTES_MAX + 2).fill(33);
    const end = writeDigits(bytes, 1, value);
    const text = Buffer.from(bytes).toString('latin1', 1, end);
    assert.equal(text, String(value === 0 ? 0 : value));
    assert.equal(bytes[0], 33);
    assert.equal(bytes[end], 33, `${value} wrote beyond its end`);
    assert.equal(digitCountOf(Math.abs(value)), String(Math.abs(value)).length);
  }
});

test('doubles are read as strtod reads them, and refused as string2d refuses them', () => {
  const same = [
    '1',
    '-1.5',
    '.5',
    '5.',
    '+.5e1',
    '1E5',
    '1e-5',
    '007',
    '9007199254740993',
    '5e-324',
  ];
  for (const text of same) assert.equal(parseDouble(...framed(text)), Number(text), text);
  const special: [string, number][] = [
    ['inf', Infinity],
    ['-INF', -Infinity],
    ['+Infinity', Infinity],
    ['0x10', 16],
    ['-0X1.8p1', -3],
    ['0x.8', 0.5],
    ['0x1p-1074', 5e-324],
    ['0x1.00000000000008p0', 1],
    ['0x1.00000000000018p0', 1 + 2 ** -51],
    ['0x0p999999', 0],
    ['0e999', 0],
    ['0e-999', 0],
  ];
  for (const [text, value] of special) assert.equal(parseDouble(...framed(text)), value, text);
  const bad = ['', '+', '-', '.', 'e5', '1e', '1e+', ' 1', '1 ', 'nan', 'nan(1)', 'infin', '1e400'];
  bad.push(
    '1e-400',
    '0x',
    '0x.',
    '0x1p',
    '0x1p1024',
    '0x1p-1075',
    '1,5',
    '1\0',
    '0b1',
    '\t1',
    '1_0',
  );
  for (const text of bad) assert.equal(parseDouble(...framed(text)), NaN, JSON.stringify(text));
});

test('doubles are written as printf %.17g writes them', () => {
  const written: [number, string][] = [
    [0, '0'],
    [-0, '-0'],
    [3, '3'],
    [0.1, '0.10000000000000001'],
    [-1.5, '-1.5'],
    [1e16, '10000000000000000'],
    [1e17, '1e+17'],
    [123456789012345680, '1.2345678901234568e+17'],
    [1e-4, '0.0001'],
    [1e-5, '1.0000000000000001e-05'],
    [5e-324, '4.9406564584124654e-324'],
    [1.7976931348623157e308, '1.7976931348623157e+308'],
    [2 ** -25, '2.9802322387695312e-08'],
    [3 * 2 ** -25, '8.9406967163085938e-08'],
    [Infinity, 'inf'],
    [-Infinity, '-inf'],
    [NaN, 'nan'],
  ];
  for (const [value, text] of written) assert.equal(formatDouble(value), text);
});

test('every double that is written reads back the same', () => {
  const value = new Float64Array(1);
  const words = new Uint32Array(value.buffer);
  for (let i = 1; i < 5000; i++) {
    words[0] = Math.imul(i, 0x9e3779b1);
    words[1] = Math.imul(i, 0x85ebca6b);
    if (!Number.isFinite(value[0])) continue;
    assert.equal(parseDouble(...framed(formatDouble(value[0]))), value[0]);
  }
});
