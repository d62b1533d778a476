import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededDraws, seedOfRun } from '../../testing/seeded.ts';
import { powerOf } from './power.ts';

test('whole powers of any double are rounded once from the exact number', () => {
  const seed = seedOfRun();
  const draw = seededDraws(seed);
  for (let i = 0; i < 3_000; i++) {
    const mantissa = draw(2 ** 26) * 2 ** 26 + draw(2 ** 26) + 1;
    const power = draw(12) + 3;
    const exponent = draw(120) - 60;
    const expected = Number(BigInt(mantissa) ** BigInt(power)) * 2 ** (exponent * power);
    const given = powerOf(mantissa * 2 ** exponent, power);
    assert.equal(given, expected, `TEST_SEED=${seed}: ${mantissa} * 2^${exponent}, ${power}`);
  }
});

test('a power undoes the power that is its reciprocal', () => {
  for (const base of [4, 81, 3 ** 30, 2 ** 1022, 2 ** -1060, 1e300, 0.1 ** 8]) {
    assert.equal(powerOf(base, 0.5), Math.sqrt(base), `${base}`);
  }
  assert.equal(powerOf(3 ** 30, 0.5), 3 ** 15);
  assert.equal(powerOf(2 ** -40, 0.25), 2 ** -10);
});

test('powers too small for all digits are rounded where their digits end', () => {
  assert.equal(powerOf(2, -1074), 2 ** -1074);
  assert.equal(powerOf(2, -1075), 0);
  assert.equal(powerOf(0.5, 1074.5), 2 ** -1074);
  assert.equal(powerOf(3, -677), Number('1e-323'));
  assert.equal(powerOf(10, -320), Number('1e-320'));
  assert.equal(powerOf(10, 308), 1e308);
  assert.equal(powerOf(10, -308), 1e-308);
  assert.equal(powerOf(2, 1023.9999999999999), Number('1.7976931348621742e308'));
});

test('signs, zeros, infinities and what is no number are those of C', () => {
  const values = [0, -0, 1, -1, 2, -2, 3, -3, 1e300, Infinity, -Infinity, Number.NaN];
  for (const x of values) {
    for (const y of values) {
      const isOne = x === 1 || (x === -1 && Math.abs(y) === Infinity);
      assert.ok(Object.is(powerOf(x, y), isOne ? 1 : x ** y), `${x} ^ ${y} = ${powerOf(x, y)}`);
    }
  }
  assert.equal(powerOf(-2.5, 3), -15.625);
  assert.equal(powerOf(-2.5, 4), 39.0625);
  assert.ok(Number.isNaN(powerOf(-8, 1 / 3)));
});
