import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seeded } from '../../testing/seeded.ts';
import { type LcsRange, LcsTable, walkBack } from './lcs-table.ts';

test('length, way back and ranges are those of the plain table', () => {
  seeded((random) => {
    for (let round = 0; round < 300; round++) {
      const letterCount = 1 + (random.u32() % 5);
      const left = randomBytes(random, letterCount);
      const right = randomBytes(random, letterCount);
      const expected = plainWalk(left, right);
      const table = new LcsTable(left, right, true);
      const matches: number[] = [];
      const ranges: number[][] = [];
      const onRange = (range: LcsRange): void => {
        ranges.push([range.leftStart, range.leftEnd, range.rightStart, range.rightEnd]);
      };
      walkBack(table, (index) => matches.push(index), onRange);
      const facts = `${Buffer.from(left)} ${Buffer.from(right)}`;
      assert.equal(table.length, expected.length, facts);
      assert.deepEqual(matches, expected.matches, facts);
      assert.deepEqual(ranges, expected.ranges, facts);
      assert.equal(new LcsTable(left, right, false).length, expected.length, facts);
    }
  });
});

test('an empty side has nothing in common', () => {
  const none = new Uint8Array(0);
  assert.equal(new LcsTable(none, none, true).length, 0);
  assert.equal(new LcsTable(Buffer.from('abc'), none, true).length, 0);
  assert.equal(new LcsTable(none, Buffer.from('abc'), true).length, 0);
});

function randomBytes(random: { u32(): number }, letterCount: number): Uint8Array {
  const bytes = new Uint8Array(random.u32() % 150);
  for (let i = 0; i < bytes.length; i++) bytes[i] = 97 + (random.u32() % letterCount);
  return bytes;
}

/** The textbook table, walked as redis-server 7.0 walks it. */
function plainWalk(
  left: Uint8Array,
  right: Uint8Array,
): { length: number; matches: number[]; ranges: number[][] } {
  const lengths: number[][] = [new Array(right.length + 1).fill(0)];
  for (let i = 1; i <= left.length; i++) {
    const above = lengths[i - 1];
    const row = [0];
    for (let j = 1; j <= right.length; j++) {
      const isMatch = left[i - 1] === right[j - 1];
      row.push(isMatch ? above[j - 1] + 1 : Math.max(above[j], row[j - 1]));
    }
    lengths.push(row);
  }
  const matches: number[] = [];
  const ranges: number[][] = [];
  let i = left.length;
  let j = right.length;
  let open: number[] | null = null;
  while (i > 0 && j > 0) {
    if (left[i - 1] === right[j - 1]) {
      i--;
      j--;
      matches.push(i);
      open = [i, open?.[1] ?? i, j, open?.[3] ?? j];
      if (i > 0 && j > 0) continue;
    } else if (lengths[i - 1][j] > lengths[i][j - 1]) i--;
    else j--;
    if (open !== null) ranges.push(open);
    open = null;
  }
  return { length: lengths[left.length][right.length], matches, ranges };
}
