import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seeded } from '../../testing/seeded.ts';
import { countBits, findBit } from './bit-count.ts';

test('bits are counted and found as one by one, at any alignment and length', () => {
  seeded((random) => {
    for (let round = 0; round < 400; round++) {
      const offset = random.u32() % 9;
      const length = 1 + (random.u32() % 100);
      const view = new DataView(new ArrayBuffer(offset + length + 3));
      // Mostly runs of one bit, so that searches go far.
      const fill = [0, 255, -1][random.u32() % 3];
      for (let i = 0; i < view.byteLength; i++) view.setUint8(i, fill < 0 ? random.u32() : fill);
      const flipped = random.u32() % (length * 8);
      const at = offset + (flipped >>> 3);
      view.setUint8(at, view.getUint8(at) ^ (0x80 >>> (flipped & 7)));
      const bitAt = (index: number): number =>
        (view.getUint8(offset + (index >>> 3)) >>> (7 - (index & 7))) & 1;

      let count = 0;
      for (let index = 0; index < length * 8; index++) count += bitAt(index);
      assert.equal(countBits(view, offset, length), count);

      const first = random.u32() % (length * 8);
      const last = first + (random.u32() % (length * 8 - first));
      for (const bit of [0, 1]) {
        let expected = -1;
        for (let index = last; index >= first; index--) if (bitAt(index) === bit) expected = index;
        assert.equal(findBit(view, offset, first, last, bit), expected, `${bit} ${first} ${last}`);
      }
    }
  });
});
