import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startRealRedis } from '../testing/real-redis.ts';
import { rounds, seedOfRun } from '../testing/seeded.ts';
import { SeededRandom } from '../world/simulated/seeded-random.ts';
import { addLongDoubles, formatLongDouble, parseLongDouble } from './long-double.ts';

/** What INCRBYFLOAT answers: the sum, or the word for its error. */
function sumOf(left: string, right: string): string {
  const a = parseLongDouble(left);
  const b = parseLongDouble(right);
  if (a === null || b === null) return 'refused';
  const sum = addLongDoubles(a, b);
  return sum === null ? 'not finite' : formatLongDouble(sum);
}

test('sums are those of redis-server 7.0.15 on x86-64', () => {
  const rows: [string, string, string][] = [
    ['10.5', '0.1', '10.6'],
    ['3.0e3', '200', '3200'],
    ['0.1', '0.2', '0.3'],
    ['5.0e3', '0.1', '5000.10000000000000009'],
    ['1', '-1', '0'],
    ['-0', '-0', '0'],
    ['-0.000000000000000004', '0', '0'],
    ['-0.000000000000000006', '0', '-0.00000000000000001'],
    ['18446744073709551615', '1', '18446744073709551616'],
    ['18446744073709551616', '1', '18446744073709551616'],
    ['18446744073709551616', '3', '18446744073709551620'],
    ['123456789012345678901234567890', '0', '123456789012345678899921813504'],
    ['0x1.8p-3', '0', '0.1875'],
    ['.5', '5.', '5.5'],
    ['+1e1', '0', '10'],
    ['1e-4940', '0', '0'],
  ];
  for (const [left, right, sum] of rows) assert.equal(sumOf(left, right), sum, `${left} ${right}`);
});

test('what strtold does not read whole, or cannot tell from zero or infinity, is refused', () => {
  const texts = ['', ' 1', '1 ', '.', '+', '1e', '0x', '0x.', 'nan', '1_0', '--1', '1\0', 'abc'];
  texts.push('1e5000', '-1e5000', '1e-5000', '0x1p17000', '0'.repeat(5120));
  for (const text of texts) assert.equal(parseLongDouble(text), null, JSON.stringify(text));
  assert.equal(sumOf('0'.repeat(5119), '1'), '1');
});

test('infinity is a number, a sum with it is none', () => {
  assert.equal(sumOf('inf', '1'), 'not finite');
  assert.equal(sumOf('inf', '-Infinity'), 'not finite');
  assert.equal(sumOf('1.1e4932', '1.1e4932'), 'not finite');
});

test('random sums equal those of a real redis-server', async (context) => {
  const redis = await startRealRedis({ flags: ['--save', '', '--appendonly', 'no'] });
  if (redis === null) return context.skip('no redis-server here');
  const seed = seedOfRun();
  const random = new SeededRandom(seed);
  try {
    for (let i = 0; i < rounds(2_000); i++) {
      const left = randomNumber(random);
      const right = randomNumber(random);
      await redis.call('SET', 'x', left);
      const theirs: string = String(await redis.call('INCRBYFLOAT', 'x', right));
      const ours = sumOf(left, right);
      const facts = `TEST_SEED=${seed}: ${left} + ${right}`;
      if (ours === 'refused') assert.match(theirs, /not a valid float/, facts);
      else if (ours === 'not finite') assert.match(theirs, /NaN or Infinity/, facts);
      else assert.equal(ours, theirs, facts);
    }
  } finally {
    await redis.stop();
  }
});

function randomNumber(random: SeededRandom): string {
  const digits = (countMax: number): string => {
    let text = String(random.u32() % 10);
    for (let i = random.u32() % countMax; i > 0; i--) text += random.u32() % 10;
    return text;
  };
  const sign = random.u32() % 2 === 0 ? '' : '-';
  switch (random.u32() % 6) {
    case 0:
      return `${sign}${digits(22)}.${digits(25)}`;
    case 1:
      return `${sign}${digits(4)}.${digits(4)}`;
    case 2:
      return `${sign}${digits(25)}`;
    case 3:
      return `${sign}${digits(20)}e${(random.u32() % 60) - 30}`;
    case 4:
      return `${sign}${digits(20)}e${sign}49${digits(1)}${digits(1)}`;
    default:
      return `${sign}0x${random.u32().toString(16)}.${random.u32().toString(16)}p${sign}3`;
  }
}
