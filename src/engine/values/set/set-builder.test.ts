import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CommandKit, createCommandKit } from '../../../testing/command-kit.ts';

function treeCount(kit: CommandKit): number {
  const { trees } = kit.session.database;
  while (trees.drain(1_000));
  return trees.table.treeCount;
}

test('what a store leaves behind is the target and nothing else, few members or many', async () => {
  const kit = await createCommandKit();
  const fill = (key: string, count: number): void => {
    for (let i = 0; i < count; i++) kit.run('SADD', key, `${key[0]}:${i}`);
  };
  fill('few', 10);
  assert.equal(kit.ask('SUNIONSTORE', 'target', 'few'), 10);
  assert.equal(kit.ask('OBJECT', 'ENCODING', 'target'), 'listpack');
  assert.equal(treeCount(kit), 0);
  fill('many', 2_000);
  assert.equal(treeCount(kit), 1);
  for (let round = 0; round < 3; round++) {
    assert.equal(kit.ask('SINTERSTORE', 'target', 'many', 'many'), 2_000);
    assert.equal(treeCount(kit), 2);
  }
  assert.equal(kit.ask('OBJECT', 'ENCODING', 'target'), 'hashtable');
  assert.equal(kit.ask('SISMEMBER', 'target', 'm:1999'), 1);
  assert.equal(kit.ask('SADD', 'target', 'm:1999', 'm:new'), 1);
  assert.equal(kit.ask('SISMEMBER', 'many', 'm:new'), 0);
  assert.equal(kit.ask('SDIFFSTORE', 'target', 'few', 'few'), 0);
  assert.equal(treeCount(kit), 1);
  kit.run('SUNION', 'few', 'many');
  assert.equal(treeCount(kit), 1);
  kit.run('DEL', 'many');
  assert.equal(treeCount(kit), 0);
});
