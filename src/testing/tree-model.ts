import assert from 'node:assert/strict';
import type { TieOrder, TreeCursor } from '../engine/tree/tree-cursor.ts';
import type { Trees } from '../engine/tree/trees.ts';
import { checkTree } from './tree-check.ts';

export interface ModelElement {
  key: number;
  /** Unique: order among equal keys, and what the payload begins with. */
  tie: number;
  length: number;
  /** 1, but for blocks. */
  count: number;
}

/** Bytes that every payload of the model has at least. */
export const TIE_BYTES = 4;

/** Compares the number that a payload begins with, most significant byte first. */
export class NumberTie implements TieOrder {
  sought = 0;

  compare(_bytes: Uint8Array, view: DataView, offset: number): number {
    return view.getUint32(offset) - this.sought;
  }
}

/** A sorted array that a tree must equal, element by element and byte by byte. */
export class TreeModel {
  readonly elements: ModelElement[] = [];
  readonly tie = new NumberTie();
  readonly trees: Trees;
  readonly id: number;

  constructor(trees: Trees, id: number) {
    this.trees = trees;
    this.id = id;
  }

  get elementCount(): number {
    return this.elements.reduce((sum, element) => sum + element.count, 0);
  }

  /** First element that does not come before (key, tie). */
  placeOf(key: number, tie: number): number {
    let low = 0;
    let high = this.elements.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const element = this.elements[middle] as ModelElement;
      const isBefore = element.key < key || (element.key === key && element.tie < tie);
      if (isBefore) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  rankOf(place: number): number {
    let rank = 0;
    for (let i = 0; i < place; i++) rank += (this.elements[i] as ModelElement).count;
    return rank;
  }

  /** Writes the bytes that this element must have, from byte `kept` on. */
  write(cursor: TreeCursor, element: ModelElement, kept = 0): void {
    const { view, payloadOffset: at } = cursor;
    assert.equal(cursor.payloadLength, element.length);
    if (kept < TIE_BYTES) view.setUint32(at, element.tie);
    for (let i = Math.max(kept, TIE_BYTES); i < element.length; i++) {
      view.setUint8(at + i, patternOf(element, i));
    }
  }

  /** What the cursor shows must be that element of the model, or the end. */
  compareHere(cursor: TreeCursor, place: number): void {
    assert.equal(cursor.isAtElement, place < this.elements.length, `end at ${place}`);
    if (place >= this.elements.length) return;
    const element = this.elements[place] as ModelElement;
    const { view, payloadOffset: at } = cursor;
    assert.equal(view.getUint32(at), element.tie);
    assert.equal(cursor.key, element.key);
    assert.equal(cursor.payloadLength, element.length);
    for (let i = TIE_BYTES; i < element.length; i++) {
      if (view.getUint8(at + i) === patternOf(element, i)) continue;
      assert.fail(`byte ${i} of ${element.length} differs`);
    }
  }

  /** Walks the whole tree both ways, and checks its pages. @returns bytes of the tree */
  compareAll(cursor: TreeCursor): number {
    const byteCount = checkTree(this.trees, this.id);
    assert.equal(this.trees.count(this.id), this.elementCount);
    cursor.seekFirst(this.id);
    for (let place = 0; place < this.elements.length; place++) {
      this.compareHere(cursor, place);
      cursor.next();
    }
    this.compareHere(cursor, this.elements.length);
    for (let place = this.elements.length - 1; place >= 0; place--) {
      assert.ok(cursor.prev());
      if (place % 7 === 0) this.compareHere(cursor, place);
    }
    assert.ok(!cursor.prev());
    return byteCount;
  }
}

function patternOf(element: ModelElement, index: number): number {
  return (Math.imul(element.tie, 31) + index) & 0xff;
}
