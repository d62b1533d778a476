import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '../../world/simulated/seeded-random.ts';
import { CommandTemplate } from './command-template.ts';
import { customOperation, OPERATIONS, removalOf } from './operations.ts';
import { randomWorkload, sweepingWorkload, type Workload } from './workload.ts';

function textOf(workload: Workload, operation: number): string {
  const bytes = Buffer.alloc(workload.commandBytesMax);
  return bytes.subarray(0, workload.write(operation, bytes, 0)).toString('latin1');
}

test('a template writes its numbers anew each time, and leaves the rest as it is', () => {
  const words = ['HSET', 'h:{key}:ü', 'f{element}-{element}', '{value}'];
  const template = new CommandTemplate(words, 'vv');
  const bytes = Buffer.alloc(template.byteCount + 3, 0x21);
  for (const [key, element] of [
    [0, 0],
    [7, 123_456_789_012],
    [999_999_999_999, 10],
  ]) {
    assert.equal(template.write(bytes, 3, key, element), bytes.length);
    const [k, e] = [key, element].map((number) => String(number).padStart(12, '0'));
    assert.equal(
      bytes.toString('utf8'),
      `!!!*4\r\n$4\r\nHSET\r\n$17\r\nh:${k}:ü\r\n$26\r\nf${e}-${e}\r\n$2\r\nvv\r\n`,
    );
  }
});

test('operations come by their weights, keys over their whole range', () => {
  const operations = ['get', 'set'].map((name, i) => ({
    row: OPERATIONS.find((row) => row.name === name)!,
    weight: [9, 1][i],
  }));
  const space = { keyCount: 10, skew: 1, valueBytes: 3 };
  const workload = randomWorkload(operations, space, new SeededRandom(3));
  const counts = [0, 0];
  const keys = new Map<string, number>();
  for (let i = 0; i < 10_000; i++) {
    const operation = workload.choose();
    counts[operation]++;
    const key = /string:(\d{12})/.exec(textOf(workload, operation))![1];
    keys.set(key, (keys.get(key) ?? 0) + 1);
  }
  assert.ok(Math.abs(counts[0] - 9000) < 150, `${counts}`);
  assert.equal(keys.size, 10);
  for (const count of keys.values()) assert.ok(Math.abs(count - 1000) < 150, `${count}`);
});

test('with a skew of 4 a fifth of the keys gets two thirds', () => {
  const operations = [{ row: OPERATIONS.find((row) => row.name === 'get')!, weight: 1 }];
  const space = { keyCount: 1000, skew: 4, valueBytes: 1 };
  const workload = randomWorkload(operations, space, new SeededRandom(4));
  let count = 0;
  for (let i = 0; i < 10_000; i++) {
    if (Number(/string:(\d+)/.exec(textOf(workload, 0))![1]) < 200) count++;
  }
  assert.ok(Math.abs(count - 6687) < 200, `${count}`);
});

test('a sweep meets every key once, in order', () => {
  const row = OPERATIONS.find(({ name }) => name === 'hset')!;
  const workload = sweepingWorkload(row, { keyCount: 3, skew: 1, valueBytes: 1 });
  for (let key = 0; key < 3; key++) {
    const number = String(key).padStart(12, '0');
    assert.ok(
      textOf(workload, workload.choose()).includes(`hash:${number}\r\n$18\r\nfield:${number}`),
    );
  }
});

test('whatever operation reads finds what the one that fills it wrote, and can be removed', () => {
  for (const { filledBy, name, words } of OPERATIONS) {
    const filling = OPERATIONS.find((row) => row.name === filledBy);
    if (filledBy !== null) assert.equal(filling?.words[1], words[1], name);
    if (name !== 'ping') assert.deepEqual(removalOf({ name, words, filledBy })!.words[1], words[1]);
  }
  assert.deepEqual(customOperation('  HGET  a b ').words, ['HGET', 'a', 'b']);
});
