import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Slice } from '../../engine/slice.ts';
import { SeededRandom } from '../../world/simulated/seeded-random.ts';
import { orderElements } from './sort-order.ts';
import { TextColumn } from './text-column.ts';

function columnOf(texts: readonly (Buffer | null)[]): TextColumn {
  const column = new TextColumn();
  const slice = new Slice();
  for (const text of texts) {
    if (text === null) {
      column.addAbsent();
      continue;
    }
    slice.bytes = text;
    slice.view = new DataView(text.buffer, text.byteOffset, text.length);
    slice.length = text.length;
    column.add(slice);
  }
  return column;
}

/** Of few letters and a few beginnings, so that many share much; zero bytes among them. */
function texts(random: SeededRandom, count: number): Buffer[] {
  const beginnings = ['', 'user:', 'user:0000000', 'a\0b', 'x'.repeat(70)];
  const common = random.below(2) === 0 ? 'all:' : '';
  return Array.from({ length: count }, () => {
    let text = common + beginnings[random.below(beginnings.length)];
    for (let i = random.below(9); i > 0; i--) text += '\0abz\xff'[random.below(5)];
    return Buffer.from(text, 'latin1');
  });
}

function cText(text: Buffer): Buffer {
  const zero = text.indexOf(0);
  return zero < 0 ? text : text.subarray(0, zero);
}

test('elements come in the order of their texts, weights or scores, whatever there are', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = new SeededRandom(seed);
    const count = random.below(seed % 3 === 0 ? 3_000 : 200);
    const elements = texts(random, count);
    const isDescending = seed % 2 === 0;
    const isBinary = random.below(2) === 0;
    const form = random.below(3);
    const scores = form === 1 ? Float64Array.from(elements, () => random.below(20) - 10) : null;
    const weights =
      form === 2 ? texts(random, count).map((text) => (random.below(5) > 0 ? text : null)) : null;
    const sign = isDescending ? -1 : 1;
    const compareTexts = (left: Buffer, right: Buffer): number =>
      Buffer.compare(isBinary ? left : cText(left), isBinary ? right : cText(right));
    const compare = (left: number, right: number): number => {
      if (scores !== null) {
        return scores[left] - scores[right] || Buffer.compare(elements[left], elements[right]);
      }
      if (weights === null) return compareTexts(elements[left], elements[right]);
      const [first, second] = [weights[left], weights[right]];
      if (first !== null && second !== null) return compareTexts(first, second);
      return Number(first !== null) - Number(second !== null);
    };
    const wanted = elements.map((_, i) => i).sort((left, right) => sign * compare(left, right));
    const order = orderElements(
      {
        elements: columnOf(elements),
        scores,
        weights: weights === null ? null : columnOf(weights),
        isDescending,
        isBinary,
      },
      false,
      0,
      count,
    );
    // Elements of the same bytes cannot be told apart; where weights decide, their places can.
    const told = (places: Iterable<number>): string[] =>
      Array.from(places, (i) => (weights === null ? elements[i].toString('latin1') : String(i)));
    assert.deepEqual(told(order), told(wanted), `seed ${seed}`);
  }
});
