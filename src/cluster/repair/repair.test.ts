import assert from 'node:assert/strict';
import { test } from 'node:test';
import { METRIC } from '../../observability/metrics/metric-table.ts';
import { CommandKeys, drawCommand, drawFilling } from '../../testing/random-commands.ts';
import { createRepairKit, type RepairKit, type RepairNode } from '../../testing/repair-kit.ts';
import { rounds, seededDraws, seedOfRun } from '../../testing/seeded.ts';

function drawSeed(): number {
  return seedOfRun();
}

/** One key of each type, and a few that have a deadline. */
function writeAllTypes(node: RepairNode): void {
  node.run('SET', 'string', 'text');
  node.run('SET', 'number', 12345);
  node.run('SET', 'due', 'soon', 'PX', 50_000);
  node.run('SET', 'json', '{"due":1}', 'PX', 60_000, 'JSON');
  node.run('RPUSH', 'list', 'a', 'b', 'c');
  node.run('SADD', 'set', '1', '2', 'x');
  node.run('HSET', 'hash', 'f', '1', 'g', '2');
  node.run('HPEXPIRE', 'hash', 40_000, 'FIELDS', 1, 'f');
  node.run('ZADD', 'zset', 1, 'one', 2.5, 'two');
  node.run('XADD', 'stream', '1-1', 'f', 'v');
  node.run('XGROUP', 'CREATE', 'stream', 'readers', '0');
  node.run('SELECT', 3);
  node.run('SET', 'elsewhere', '3');
  node.run('SELECT', 0);
}

/** The last node hears of nobody and knows nothing. */
function isolateLast({ base, net, nodes }: RepairKit): RepairNode {
  const last = nodes[nodes.length - 1];
  const others = nodes.slice(0, -1);
  for (const other of others) net.cut(last.base.bus, other.base.bus);
  const ids = others.map(({ id }) => id);
  for (const { ownership } of base.nodes) ownership.set(ids, ids[0]);
  return last;
}

test('a node that joins late gets everything', async () => {
  const kit = await createRepairKit(3);
  const late = isolateLast(kit);
  const [owner] = kit.nodes;
  writeAllTypes(owner);
  owner.run('STORE', 'CREATE', 'sessions', 'default_ttl', '90s');
  owner.run('FUNCTION', 'LOAD', "#!lua name=lib\nredis.register_function('f', function() end)");
  kit.settle();
  kit.net.joinAll();
  kit.settle();
  kit.check('');
  assert.equal(late.run('PTTL', 'due'), owner.run('PTTL', 'due'));
  assert.deepEqual(late.run('FUNCTION', 'DUMP'), owner.run('FUNCTION', 'DUMP'));
  const { stores } = late.base.kit.node.services;
  assert.equal(stores.find('sessions')?.defaultTtlMs, 90_000);
});

test('a replica that missed changes, some of them removals, gets those', async () => {
  const kit = await createRepairKit(2);
  const [owner, replica] = kit.nodes;
  writeAllTypes(owner);
  for (let i = 0; i < 300; i++) owner.run('SET', `key:${i}`, i);
  kit.settle();
  kit.net.cut(owner.base.bus, replica.base.bus);
  owner.run('DEL', 'key:1', 'list', 'key:7');
  owner.run('INCR', 'key:2');
  owner.run('SREM', 'set', 'x');
  owner.run('SET', 'new', '1');
  kit.base.settle();
  kit.net.joinAll();
  const sent = owner.metrics[METRIC.repairKeysSent];
  kit.settle();
  kit.check('');
  assert.equal(replica.run('EXISTS', 'key:1', 'list', 'key:7'), 0);
  assert.ok(owner.metrics[METRIC.repairKeysSent] - sent <= 3, 'no more than what differs is sent');
});

test('what was removed on either side of a partition does not return', async () => {
  const kit = await createRepairKit(3);
  const [first, second, third] = kit.nodes as [RepairNode, RepairNode, RepairNode];
  for (let i = 0; i < 100; i++) first.run('SET', `key:${i}`, i);
  kit.settle();
  kit.part([first], [second, third]);
  kit.base.advance(10);
  first.run('DEL', 'key:1');
  second.run('DEL', 'key:2');
  second.run('SET', 'key:3', 'later');
  first.run('SET', 'only-first', '1');
  second.run('SET', 'only-second', '1');
  kit.base.settle();
  kit.heal();
  kit.settle();
  kit.check('');
  assert.deepEqual(third.run('MGET', 'key:1', 'key:2', 'key:3', 'only-first', 'only-second'), [
    null,
    null,
    'later',
    '1',
    '1',
  ]);
});

test('hashes, sets and sorted sets are merged field by field and member by member', async () => {
  const kit = await createRepairKit(3);
  const [first, second] = kit.nodes as [RepairNode, RepairNode];
  first.run('HSET', 'h', 'both', '0', 'gone', '0', 'kept', '0');
  first.run('SADD', 's', 'a', 'b', 'c');
  first.run('ZADD', 'z', 1, 'a', 2, 'b');
  kit.settle();
  kit.part([first], [second, kit.nodes[2]]);
  first.run('HSET', 'h', 'mine', '1', 'both', '1');
  first.run('SADD', 's', 'd');
  first.run('ZADD', 'z', 9, 'a');
  first.run('SADD', 'new', 'x');
  kit.base.advance(10);
  second.run('HSET', 'h', 'theirs', '2', 'both', '2');
  second.run('HDEL', 'h', 'gone');
  second.run('SREM', 's', 'a');
  second.run('SADD', 's', 'e');
  second.run('ZINCRBY', 'z', 5, 'b');
  second.run('ZADD', 'z', 3, 'c');
  second.run('SADD', 'new', 'y');
  kit.base.settle();
  kit.heal();
  kit.settle();
  kit.check('');
  const hash = kit.nodes[2].run('HGETALL', 'h') as string[];
  assert.deepEqual([...hash].sort(), ['0', '1', '2', '2', 'both', 'kept', 'mine', 'theirs']);
  assert.deepEqual((first.run('SMEMBERS', 's') as string[]).sort(), ['b', 'c', 'd', 'e']);
  assert.deepEqual(first.run('ZRANGE', 'z', 0, -1, 'WITHSCORES'), ['c', '3', 'b', '7', 'a', '9']);
  assert.deepEqual((first.run('SMEMBERS', 'new') as string[]).sort(), ['x', 'y']);
});

test('a flush of one half removes what the other half had not changed since', async () => {
  const kit = await createRepairKit(2);
  const [first, second] = kit.nodes as [RepairNode, RepairNode];
  for (let i = 0; i < 50; i++) first.run('SET', `key:${i}`, i);
  first.run('SELECT', 2);
  first.run('SET', 'two', '1');
  kit.settle();
  kit.part([first], [second]);
  second.run('SET', 'key:1', 'before');
  kit.base.advance(10);
  first.run('SELECT', 0);
  first.run('FLUSHDB');
  kit.base.advance(10);
  second.run('SET', 'key:2', 'after');
  kit.base.settle();
  kit.heal(second);
  kit.settle();
  kit.check('');
  assert.deepEqual(first.run('KEYS', '*'), ['key:2']);
  kit.part([first], [second]);
  second.run('FLUSHALL');
  kit.heal(first);
  kit.settle();
  kit.check('');
  assert.equal(first.run('DBSIZE'), 0);
  first.run('SELECT', 2);
  assert.equal(first.run('DBSIZE'), 0);
});

test('stores and function libraries that changed on one side are the same on both', async () => {
  const kit = await createRepairKit(2);
  const [first, second] = kit.nodes as [RepairNode, RepairNode];
  first.run('STORE', 'CREATE', 'old');
  kit.settle();
  kit.part([first], [second]);
  kit.base.advance(10);
  second.run('STORE', 'DROP', 'old');
  second.run('STORE', 'CREATE', 'theirs', 'max_memory', '1mb');
  second.run('SELECT', 'theirs');
  second.run('SET', 'k', 'v');
  first.run('STORE', 'CREATE', 'mine');
  second.run('FUNCTION', 'LOAD', "#!lua name=lib\nredis.register_function('f', function() end)");
  kit.base.settle();
  kit.heal(first);
  kit.settle();
  kit.settle();
  for (const { base } of kit.nodes) {
    const names = base.kit.node.services.stores.named.map(({ name }) => name);
    assert.deepEqual(names.sort(), ['mine', 'theirs']);
  }
  first.run('SELECT', 'theirs');
  assert.equal(first.run('GET', 'k'), 'v');
  assert.deepEqual(first.run('FUNCTION', 'DUMP'), second.run('FUNCTION', 'DUMP'));
});

test('an owner that is lost in the midst of a repair takes nothing with it', async () => {
  const kit = await createRepairKit(3);
  const [first, second, third] = kit.nodes as [RepairNode, RepairNode, RepairNode];
  for (let i = 0; i < 2000; i++) first.run('SET', `key:${i}`, 'x'.repeat(200));
  kit.settle();
  kit.part([first, second], [third]);
  for (let i = 0; i < 2000; i += 2) first.run('SET', `key:${i}`, 'y'.repeat(200));
  kit.base.advance(10);
  for (let i = 0; i < 100; i++) third.run('DEL', `key:${i}`);
  kit.base.settle();
  kit.heal(first);
  kit.pass(5);
  kit.net.remove(first.base.bus);
  kit.elect(second, [second, third]);
  kit.settle();
  kit.base.nodes.shift();
  kit.check('');
  assert.equal(second.run('DBSIZE'), 1900);
});

test('links that are cut after every message in turn leave nothing undone', async () => {
  const seed = drawSeed();
  const draw = seededDraws(seed);
  const kit = await createRepairKit(2, { seed });
  const [first, second] = kit.nodes as [RepairNode, RepairNode];
  for (let count = 0; count < 40; count++) {
    kit.part([first], [second]);
    for (const node of [first, second]) {
      node.run('SET', `key:${draw(50)}`, draw(1000));
      node.run('DEL', `key:${draw(50)}`);
      node.run('HSET', `hash:${draw(5)}`, `f${draw(9)}`, draw(9));
      kit.base.advance(1);
    }
    kit.base.settle();
    kit.heal(draw(2) === 0 ? first : second);
    for (let left = count; left > 0; left--) {
      for (const { base } of kit.nodes) base.endTurn();
      if (!kit.net.deliverOne()) kit.base.advance(1);
    }
    kit.net.cut(first.base.bus, second.base.bus);
    kit.net.joinAll();
    kit.settle();
    kit.check(`after ${count} messages, TEST_SEED=${seed}`);
  }
});

test('whatever is written, lost, parted and healed, all nodes are equal in the end', async () => {
  const seed = drawSeed();
  const draw = seededDraws(seed);
  const kit = await createRepairKit(3, { seed });
  for (const { base } of kit.nodes) base.kit.world.clock.readingMs = draw(3) === 0 ? 0.1 : 0;
  const keys = new CommandKeys(draw, 8);
  let groups: RepairNode[][] = [kit.nodes];
  for (let round = 0; round < rounds(25); round++) {
    for (let left = draw(30); left > 0; left--) {
      const [owner] = groups[draw(groups.length)] as [RepairNode];
      const [command, ...args] = draw(9) === 0 ? drawFilling(draw, keys) : drawCommand(draw, keys);
      if (owner.base.replication.dutyOf(owner.base.store) !== 'owner') break;
      owner.run(command, ...args);
      if (draw(3) === 0) kit.base.settle(draw);
      if (draw(5) === 0) kit.base.advance(draw(30));
    }
    const [left, right] = [kit.nodes[draw(3)], kit.nodes[draw(3)]] as [RepairNode, RepairNode];
    switch (draw(5)) {
      case 0:
        groups = draw(2) === 0 ? [[left], others(kit, left)] : kit.nodes.map((node) => [node]);
        kit.part(...groups);
        break;
      case 1:
        if (groups.length === 1 && left !== right) kit.net.lose(left.base.bus, right.base.bus);
        break;
      case 2:
        if (left !== right && groups.length === 1) {
          kit.net.cut(left.base.bus, right.base.bus);
          kit.net.join(left.base.bus, right.base.bus);
        }
        break;
      default:
        groups = [[left, ...others(kit, left)]];
        kit.heal(left);
        if (draw(2) === 0) kit.pass(draw(30), draw);
        else kit.settle(draw);
    }
  }
  kit.heal();
  kit.settle(draw);
  kit.pass(2000, draw);
  kit.settle(draw);
  kit.check(`TEST_SEED=${seed}`);
});

function others({ nodes }: RepairKit, one: RepairNode): RepairNode[] {
  return nodes.filter((node) => node !== one);
}
