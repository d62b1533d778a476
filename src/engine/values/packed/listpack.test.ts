import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Slice } from '../../slice.ts';
import {
  ElementPlan,
  elementAt,
  elementBytes,
  elementInteger64,
  elementTextBytes,
  initListpack,
  isEnd,
  LISTPACK_EMPTY_BYTES,
  LISTPACK_HEADER_BYTES,
  listpackBytes,
  listpackCount,
  previousElement,
  readElement,
  setListpackHeader,
} from './listpack.ts';

/** A listpack in a buffer of its own, changed by splicing as an entry's value is. */
class Pack {
  bytes: Uint8Array = new Uint8Array(LISTPACK_EMPTY_BYTES);
  view = new DataView(this.bytes.buffer);
  private readonly plan = new ElementPlan();
  private readonly slice = new Slice();

  constructor() {
    initListpack(this.view, 0);
  }

  insert(at: number, text: string): void {
    const source = Buffer.from(text, 'latin1');
    const view = new DataView(source.buffer, source.byteOffset, source.length);
    this.plan.ofText(view, source, 0, source.length);
    this.splice(at, 0, this.plan.byteCount, 1);
    this.plan.writeTo(this.view, this.bytes, at);
  }

  remove(at: number): void {
    this.splice(at, elementBytes(this.view, at), 0, -1);
  }

  find(text: string): number {
    const source = Buffer.from(text, 'latin1');
    const view = new DataView(source.buffer, source.byteOffset, source.length);
    this.plan.ofText(view, source, 0, source.length);
    return this.plan.find(this.view, LISTPACK_HEADER_BYTES, 1);
  }

  texts(): string[] {
    const texts: string[] = [];
    for (let at = LISTPACK_HEADER_BYTES; !isEnd(this.view, at); at += elementBytes(this.view, at)) {
      texts.push(this.text(at));
    }
    return texts;
  }

  backwards(): string[] {
    const texts: string[] = [];
    let at = previousElement(this.view, listpackBytes(this.view, 0) - 1, 0);
    for (; at !== 0; at = previousElement(this.view, at, 0)) texts.push(this.text(at));
    return texts;
  }

  text(at: number): string {
    readElement(this.bytes, this.view, at, this.slice);
    const text = Buffer.from(this.slice.copy()).toString('latin1');
    assert.equal(elementTextBytes(this.view, at), text.length);
    return text;
  }

  private splice(at: number, removed: number, inserted: number, change: number): void {
    const grown = new Uint8Array(this.bytes.length - removed + inserted);
    grown.set(this.bytes.subarray(0, at));
    grown.set(this.bytes.subarray(at + removed), at + inserted);
    const count = listpackCount(this.view, 0);
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
    setListpackHeader(this.view, 0, grown.length, count + change);
  }
}

const EDGES = [
  ...['0', '127', '128', '-1', '4095', '4096', '-4096', '-4097', '32767', '32768', '-32768'],
  ...['-32769', '8388607', '8388608', '-8388608', '-8388609', '2147483647', '2147483648'],
  ...['-2147483648', '-2147483649', '9007199254740991', '9007199254740993', '-9007199254740993'],
  ...['9223372036854775807', '-9223372036854775808', '9223372036854775808', '01', '-0', '+1', ''],
  ...['x'.repeat(63), 'x'.repeat(64), 'x'.repeat(126), 'x'.repeat(4095), 'y'.repeat(4096)],
  ...['z'.repeat(16_377), 'z'.repeat(16_378), 'z'.repeat(16_379), '1.5', '\xff', '\x00'],
];

test('an element reads back as it was written, at every edge of the encodings', () => {
  for (const text of EDGES) {
    const pack = new Pack();
    pack.insert(LISTPACK_HEADER_BYTES, 'before');
    pack.insert(LISTPACK_HEADER_BYTES, text);
    pack.insert(LISTPACK_HEADER_BYTES, 'after');
    assert.deepEqual(pack.texts(), ['after', text, 'before']);
    assert.deepEqual(pack.backwards(), ['before', text, 'after']);
    assert.equal(pack.text(pack.find(text)), text);
  }
});

test('integers are kept in the fewest bytes, and only canonical ones', () => {
  const sizes: [string, number][] = [
    ['127', 2],
    ['-1', 3],
    ['32767', 4],
    ['8388607', 5],
    ['2147483647', 6],
    ['9223372036854775807', 10],
    ['01', 4],
  ];
  for (const [text, byteCount] of sizes) {
    const pack = new Pack();
    pack.insert(LISTPACK_HEADER_BYTES, text);
    assert.equal(pack.bytes.length - LISTPACK_EMPTY_BYTES, byteCount, text);
  }
});

test('a listpack has the bytes that redis-server writes', () => {
  // From DUMP of a hash with these fields and values, redis-server 7.0.15.
  const texts = ['hello', '-32768', '300', '9007199254740993', '-1', '70000', '-8388609', '127'];
  const pack = new Pack();
  for (const text of texts.reverse()) pack.insert(LISTPACK_HEADER_BYTES, text);
  const expected =
    '2f00000008008568656c6c6f06f1008003c12c02f4010000000000200009' +
    'dfff02f270110104f3ffff7fff057f01ff';
  assert.equal(Buffer.from(pack.bytes).toString('hex'), expected);
});

test('any sequence of insertions and removals leaves what an array would hold', () => {
  const text = fc.oneof(
    fc.constantFrom(...EDGES),
    fc.string({ maxLength: 100, unit: 'binary-ascii' }),
    fc.integer().map(String),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
  );
  const step = fc.tuple(fc.nat(), fc.option(text, { nil: null }));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const pack = new Pack();
      const model: string[] = [];
      for (const [place, inserted] of steps) {
        const index = place % (model.length + 1);
        const at = elementAt(pack.view, 0, index) || listpackBytes(pack.view, 0) - 1;
        if (inserted !== null) {
          pack.insert(at, inserted);
          model.splice(index, 0, inserted);
        } else if (index < model.length) {
          pack.remove(at);
          model.splice(index, 1);
        }
      }
      assert.deepEqual(pack.texts(), model);
      assert.deepEqual(pack.backwards(), [...model].reverse());
      assert.equal(listpackCount(pack.view, 0), model.length);
      for (const wanted of EDGES) {
        assert.equal(pack.find(wanted) !== 0, model.includes(wanted), wanted);
      }
    }),
  );
});

test('an int64 beyond 2^53 is exact', () => {
  const pack = new Pack();
  pack.insert(LISTPACK_HEADER_BYTES, '9007199254740993');
  assert.equal(elementInteger64(pack.view, LISTPACK_HEADER_BYTES), 9_007_199_254_740_993n);
});
