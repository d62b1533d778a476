import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../base/limits.ts';
import { KeyHints, peekKeys } from '../protocol/key-peek.ts';
import { type CommandKit, createCommandKit } from '../testing/command-kit.ts';
import { encodeCommand } from '../testing/reply-decoder.ts';

/** A store so large that looking ahead is worth it, with a large sorted set and a large hash. */
async function createLargeKit(): Promise<CommandKit> {
  const kit = await createCommandKit();
  kit.run('SET', 'filler', new Uint8Array(5 * 1024 * 1024));
  for (let i = 0; i < 2000; i++) {
    kit.run('ZADD', 'zset', i, `member:${i}`);
    kit.run('HSET', 'hash', `field:${i}`, i);
  }
  return kit;
}

/** Runs the first command, and looks ahead at eight more of its kind. */
function lookAhead({ run, session }: CommandKit, make: (index: number) => string[]): void {
  run(...make(0));
  const bytes = Buffer.concat(Array.from({ length: 8 }, (_, i) => encodeCommand(make(i + 1))));
  const hints = new KeyHints(LIMITS.warmedKeyCountMax);
  peekKeys(bytes, 0, bytes.length, hints, 8);
  assert.equal(hints.count, 8);
  session.database.trees.table.seekAhead.id = 0;
  session.warm(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.length), hints);
}

/** Whether members or fields of a large collection were looked up. */
function hasLookedUp({ session }: CommandKit): boolean {
  return session.database.trees.table.seekAhead.id !== 0;
}

test('members of one large collection are looked up ahead, bounds of ranges are not', async () => {
  const kit = await createLargeKit();
  const naming: ((index: number) => string[])[] = [
    (i) => ['ZADD', 'zset', `${i}`, `member:${i * 7}`],
    (i) => ['ZSCORE', 'zset', `member:${i * 7}`],
    (i) => ['HGET', 'hash', `field:${i}`],
    (i) => ['HSET', 'hash', `field:${i}`, 'x'],
  ];
  const others: ((index: number) => string[])[] = [
    (i) => ['ZRANGE', 'zset', `${i}`, `${i + 9}`],
    (i) => ['ZCOUNT', 'zset', `${i}`, `${i + 9}`],
    (i) => ['ZREMRANGEBYSCORE', 'zset', `${i + 5000}`, `${i + 5009}`],
    () => ['HLEN', 'hash'],
  ];
  for (const make of naming) {
    lookAhead(kit, make);
    assert.ok(hasLookedUp(kit), make(0).join(' '));
  }
  for (const make of others) {
    lookAhead(kit, make);
    assert.ok(!hasLookedUp(kit), make(0).join(' '));
  }
});

test("the keys of a pipeline's scripts are looked up ahead", async () => {
  const kit = await createLargeKit();
  const { entries } = kit.session.database;
  const warmed: string[] = [];
  const { warm } = entries;
  entries.warm = (view, offsets, lengths, count, seed0, seed1) => {
    for (let i = 0; i < count; i++) {
      const at = view.byteOffset + offsets[i];
      warmed.push(Buffer.from(view.buffer).toString('latin1', at, at + lengths[i]));
    }
    return warm.call(entries, view, offsets, lengths, count, seed0, seed1);
  };
  lookAhead(kit, (i) => ['EVAL', 'return KEYS[1]', '1', `key:${i}`]);
  assert.deepEqual(
    warmed,
    Array.from({ length: 8 }, (_, i) => `key:${i + 1}`),
  );
  lookAhead(kit, () => ['EVAL', 'return 1', '0']);
  assert.equal(warmed.length, 8);
});
