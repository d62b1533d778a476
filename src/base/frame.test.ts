import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Frame } from './frame.ts';

test('a copied argument is a copy, whatever the frame lies in', () => {
  for (const bytes of [new Uint8Array([1, 2, 3, 4]), Buffer.from([1, 2, 3, 4])]) {
    const frame = new Frame();
    frame.attach(bytes);
    frame.append(1, 2);
    const copy = frame.copyArgument(0);
    bytes.fill(9);
    assert.deepEqual([...copy], [2, 3]);
  }
});
