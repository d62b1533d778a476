/** Whether all that a snapshot may have to read is announced before it changes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCommandKit } from '../../testing/command-kit.ts';
import { entriesOf } from '../../testing/frozen-model.ts';
import { CommandKeys, drawCommand, drawFilling } from '../../testing/random-commands.ts';
import { rounds, seededDraws, seedOfRun } from '../../testing/seeded.ts';
import type { Database } from '../database.ts';
import { deadlineOffset, entryBytes, FLAG, TYPE } from '../keyspace/entry.ts';
import { blobAt } from '../tree/blobs.ts';
import { blobBytes, capacityOf, isBlockLeaf, levelOf, pageBytes } from '../tree/page-layout.ts';
import { childAt } from '../tree/spine.ts';
import { openValue } from '../values/packed/packed-value.ts';
import { recordTree } from '../values/tree-record.ts';

const SEED_COUNT = rounds(3);
const FIRST_SEED = seedOfRun();
const COMMAND_COUNT = 150;

/** The blocks of a database as they were before a command, and which of them it has announced. */
class Announcements {
  private readonly database: Database;
  private readonly blocks = new Map<number, string>();

  constructor(database: Database) {
    this.database = database;
    const { trees, memory } = database;
    for (const entry of entriesOf(database)) {
      this.blocks.set(entry, this.read(entry));
      memory.locate(entry);
      if ((memory.view.getUint32(memory.base, true) & FLAG.TREE) === 0) continue;
      const at = openValue(database, entry);
      const { view } = memory;
      const isSingle = [TYPE.HASH, TYPE.ZSET].includes(database.typeOf(entry) as 4);
      const count = isSingle ? 1 : view.getUint32(at, true);
      for (let i = 0; i < count; i++) this.addPages(trees.table.roots[recordTree(view, at, i)]);
    }
    memory.watchChanges({
      beforeChange: (address) => this.check(address, 'when it was announced'),
    });
  }

  end(): void {
    this.database.memory.watchChanges(null);
    for (const address of this.blocks.keys()) this.check(address, 'and was never announced');
  }

  private check(address: number, when: string): void {
    const before = this.blocks.get(address);
    this.blocks.delete(address);
    if (before === undefined) return;
    const { memory } = this.database;
    const { bytes, view, base } = memory;
    assert.equal(this.read(address), before, `${address} had changed ${when}`);
    memory.bytes = bytes;
    memory.view = view;
    memory.base = base;
  }

  private addPages(root: number): void {
    const { table } = this.database.trees;
    const pages = [root];
    for (let page = pages.pop(); page !== undefined; page = pages.pop()) {
      this.blocks.set(page, this.read(page));
      const word0 = table.word(page, 0);
      if (levelOf(word0) > 0) {
        for (let i = table.word(page, 2) - 1; i >= 0; i--) pages.push(childAt(table, page, i));
      } else if (!isBlockLeaf(word0)) {
        for (const blob of this.blobsOf(page)) this.blocks.set(blob, this.read(blob));
      }
    }
  }

  private blobsOf(leaf: number): number[] {
    const { memory } = this.database;
    memory.locate(leaf);
    const { view, base } = memory;
    const isShort = ((view.getUint8(base) >>> 4) & 3) === 1;
    const found: number[] = [];
    for (let slot = view.getUint16(base + 8, true) - 1; slot >= 0; slot--) {
      const at = base + 16 + slot * (isShort ? 6 : 10) + (isShort ? 4 : 8);
      const blob = blobAt(view, base + view.getUint16(at, true));
      if (blob !== 0) found.push(blob);
    }
    return found;
  }

  /** What of a block a frozen walk reads, as text. */
  private read(address: number): string {
    const { memory } = this.database;
    memory.locate(address);
    const { bytes, view, base } = memory;
    const word0 = view.getUint32(base, true);
    switch (word0 & 15) {
      case TYPE.FREE:
        return 'free';
      case TYPE.TREE_BLOB:
        return `blob ${hex(bytes, base + 8, base + blobBytes(view, base))}`;
      case TYPE.TREE_PAGE: {
        if (levelOf(word0) === 0)
          return `leaf ${hex(bytes, base + 8, base + pageBytes(view, base))}`;
        const childCount = view.getUint32(base + 8, true);
        const children = base + 16 + capacityOf(word0) * 8;
        return `inner ${childCount} ${hex(bytes, children, children + childCount * 4)}`;
      }
    }
    const copy = bytes.slice(base, base + entryBytes(view, base));
    // The policy's bits, and the wheel's links.
    copy.fill(0, 5, 8);
    const links = deadlineOffset(word0) + 8;
    if ((word0 & FLAG.DEADLINE) !== 0) copy.fill(0, links, links + 8);
    return `entry ${hex(copy, 0, copy.length)}`;
  }
}

function hex(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('latin1');
}

test('every block is announced before it changes, while it is still in its place', async () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SEED_COUNT; seed++) {
    const kit = await createCommandKit(seed, { records: false });
    const draw = seededDraws(seed);
    const keys = new CommandKeys(draw, 2);
    const { databases } = kit.node.services.stores.default;
    let command: (string | number)[] = [];
    try {
      for (let i = 0; i < 12; i++) kit.run(...drawFilling(draw, keys));
      for (let i = 0; i < COMMAND_COUNT; i++) {
        const watched = databases.slice(0, 3).map((database) => new Announcements(database));
        command = draw(30) === 0 ? drawFilling(draw, keys) : drawCommand(draw, keys);
        // Then memory is another's, and nothing changes.
        if (command[0] !== 'SWAPDB') kit.run(...command);
        if (draw(20) === 0) kit.advance(draw(2000));
        for (const one of watched) one.end();
      }
    } catch (error) {
      const told = command.join(' ').slice(0, 200);
      throw new Error(`failed with TEST_SEED=${seed} at ${told}: ${error}`, { cause: error });
    } finally {
      await kit.node.stop();
    }
  }
});
