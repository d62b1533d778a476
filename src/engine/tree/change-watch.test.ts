import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createEngineFixture } from '../../testing/engine-fixture.ts';
import { seeded } from '../../testing/seeded.ts';
import type { Database } from '../database.ts';
import { TYPE } from '../keyspace/entry.ts';
import { blobAt } from './blobs.ts';
import { FORMAT, isBlockLeaf, isRoot, levelOf, pageBytes } from './page-layout.ts';
import { childAt } from './spine.ts';
import type { Trees } from './trees.ts';

/** Type, root flag and parent say where a page is: they may change unannounced. */
const PLACE_BYTES = 8;
const BLOCKS_MANY = 8;
const BLOCKS_FEW = 3;
const STEPS_MAX = 20_000;

for (const format of [FORMAT.SLOTTED32, FORMAT.SLOTTED64, FORMAT.BLOCK]) {
  test(`pages and blobs are announced in their place, before they change: format ${format}`, () => {
    seeded((random) => {
      const { store } = createEngineFixture({ seed: random.u32() });
      const { trees, memory } = store.databases[0] as Database;
      const id = trees.create(format);
      const { cursor } = trees;
      const heard = new Set<number>();
      let before = new Map<number, Uint8Array>();
      let step = 0;
      let isGrowing = true;
      let turnCount = 0;
      const check = (address: number): void => {
        const bytes = before.get(address);
        if (bytes === undefined) return;
        memory.locate(address);
        const now = memory.bytes.slice(memory.base + PLACE_BYTES, memory.base + bytes.length);
        assert.deepEqual(now, bytes.slice(PLACE_BYTES), `${address} changed in step ${step}`);
      };
      memory.watchChanges({
        beforeChange(address) {
          const located = [memory.bytes, memory.view, memory.base] as const;
          if (!heard.has(address)) check(address);
          heard.add(address);
          assert.equal(treeOf(trees, address), id, `in its place in step ${step}`);
          [memory.bytes, memory.view, memory.base] = located;
        },
      });
      // It grows to several pages, loses nearly all, and both once more.
      for (; turnCount < 4; step++) {
        assert.ok(step < STEPS_MAX, 'pages come and go');
        before = blocksOf(trees, id);
        if (isGrowing ? before.size > BLOCKS_MANY : before.size < BLOCKS_FEW) {
          isGrowing = !isGrowing;
          turnCount++;
        }
        heard.clear();
        const key = random.below(1_000_000);
        const hasElement = cursor.seek(id, key) || (!isGrowing && cursor.seekFirst(id));
        const length = 1 + random.below(random.below(9) === 0 ? 700 : 250);
        const kind = isGrowing ? random.below(14) : 3 + random.below(3);
        if (format === FORMAT.BLOCK) {
          if (kind > 5 || !hasElement) cursor.insertBlockHere(key, 3, length);
          else if (kind > 3) cursor.removeBlock();
          else if (kind > 1) cursor.resizeBlock(length);
          else cursor.setBlockCount(step);
        } else if (kind > 5 || !hasElement) cursor.insertHere(key, length);
        else if (kind > 2) cursor.removeHere();
        else cursor.resizeHere(length);
        if (cursor.isAtElement && cursor.payloadLength > 0) {
          cursor.beforeChange();
          cursor.view.setUint8(cursor.payloadOffset + cursor.payloadLength - 1, step & 255);
        }
        for (const address of before.keys()) if (!heard.has(address)) check(address);
      }
    });
  });
}

/** The tree that a page or blob is in, by what it says of its place. */
function treeOf({ table }: Trees, address: number): number {
  let page = address;
  let word0 = table.word(page, 0);
  if ((word0 & 15) === TYPE.TREE_BLOB) page = table.word(page, 1);
  for (;;) {
    word0 = table.word(page, 0);
    assert.equal(word0 & 15, TYPE.TREE_PAGE);
    if (isRoot(word0)) return table.word(page, 1);
    const parent = table.word(page, 1);
    const count = table.word(parent, 2);
    const children = Array.from({ length: count }, (_, i) => childAt(table, parent, i));
    assert.ok(children.includes(page), 'its parent names it');
    page = parent;
  }
}

/** The bytes of all blocks of the tree, by address. */
function blocksOf(trees: Trees, id: number): Map<number, Uint8Array> {
  const { table } = trees;
  const blocks = new Map<number, Uint8Array>();
  const pages = [table.roots[id]];
  for (let page = pages.pop(); page !== undefined; page = pages.pop()) {
    const { memory } = table;
    memory.locate(page);
    const { bytes, view, base } = memory;
    blocks.set(page, bytes.slice(base, base + pageBytes(view, base)));
    const word0 = view.getUint32(base, true);
    if (levelOf(word0) > 0) {
      for (let i = table.word(page, 2) - 1; i >= 0; i--) pages.push(childAt(table, page, i));
    } else if (!isBlockLeaf(word0)) {
      addBlobs(trees, view, base, blocks);
    }
  }
  return blocks;
}

function addBlobs(
  trees: Trees,
  view: DataView,
  base: number,
  blocks: Map<number, Uint8Array>,
): void {
  const { memory } = trees.table;
  const isShort = ((view.getUint8(base) >>> 4) & 3) === FORMAT.SLOTTED32;
  for (let slot = view.getUint16(base + 8, true) - 1; slot >= 0; slot--) {
    const at = base + 16 + slot * (isShort ? 6 : 10) + (isShort ? 4 : 8);
    const blob = blobAt(view, base + view.getUint16(at, true));
    if (blob === 0) continue;
    memory.locate(blob);
    const end = memory.base + 12 + memory.view.getUint32(memory.base + 8, true);
    blocks.set(blob, memory.bytes.slice(memory.base, end));
  }
}
