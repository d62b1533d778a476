import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesOfClass, CLASS_COUNT, classOf, floorToClass, roundToClass } from './size-classes.ts';

const MIB = 1024 * 1024;

test('every size rounds up to the least class that holds it', () => {
  let previous = 0;
  for (let byteCount = 1; byteCount <= MIB; byteCount += byteCount < 70_000 ? 1 : 37) {
    const size = roundToClass(byteCount);
    assert.ok(size >= byteCount && size >= previous && size % 8 === 0);
    assert.ok(size - byteCount <= Math.max(15, byteCount / 16));
    assert.equal(bytesOfClass(classOf(size)), size);
    previous = size;
  }
  assert.equal(roundToClass(MIB), MIB);
  assert.equal(classOf(MIB), CLASS_COUNT - 1);
});

test('classes are numbered without a gap', () => {
  for (let index = 2; index < CLASS_COUNT; index++) {
    const size = bytesOfClass(index);
    assert.equal(classOf(size), index);
    assert.equal(roundToClass(size), size);
    if (index > 2) assert.equal(roundToClass(bytesOfClass(index - 1) + 1), size);
  }
});

test('the largest class that fits into a stretch is found', () => {
  for (let byteCount = 16; byteCount <= 2 * MIB; byteCount += byteCount < 70_000 ? 8 : 296) {
    const size = floorToClass(byteCount);
    assert.ok(size <= byteCount);
    assert.equal(roundToClass(size), size);
    const index = classOf(size);
    if (index < CLASS_COUNT - 1) assert.ok(bytesOfClass(index + 1) > byteCount);
  }
});
