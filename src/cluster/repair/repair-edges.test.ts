import assert from 'node:assert/strict';
import { test } from 'node:test';
import { METRIC } from '../../observability/metrics/metric-table.ts';
import { createRepairKit, type RepairKit, type RepairNode } from '../../testing/repair-kit.ts';
import { MESSAGE } from '../peers/message-table.ts';

type Two = [RepairNode, RepairNode];
type Three = [RepairNode, RepairNode, RepairNode];

function digestOf(node: RepairNode): unknown {
  return node.run('DEBUG', 'DIGEST');
}

function lossCount({ nodes }: RepairKit): number {
  return nodes.reduce((sum, { metrics }) => sum + metrics[METRIC.lostVersions], 0);
}

test('a set that one side has emptied keeps what the other side has added', async () => {
  const kit = await createRepairKit(3);
  const [first, second, third] = kit.nodes as Three;
  first.run('SADD', 's', 'a');
  first.run('HSET', 'h', 'f', '1');
  kit.settle();
  kit.part([first], [second], [third]);
  first.run('SREM', 's', 'a');
  first.run('HDEL', 'h', 'f');
  kit.base.advance(5);
  second.run('SADD', 's', 'b');
  second.run('HSET', 'h', 'g', '2');
  kit.base.advance(5);
  first.run('SADD', 's', 'c');
  first.run('SREM', 's', 'c');
  kit.base.settle();
  kit.heal(third);
  kit.settle();
  kit.check('');
  assert.deepEqual(first.run('SMEMBERS', 's'), ['b']);
  assert.deepEqual(third.run('HGETALL', 'h'), ['g', '2']);
});

test('three sides that each wrote another field have all of them in the end', async () => {
  for (const owner of [0, 1, 2]) {
    const kit = await createRepairKit(3);
    const [first, second, third] = kit.nodes as Three;
    first.run('HSET', 'h', 'base', '0');
    kit.settle();
    kit.part([first], [second], [third]);
    for (const node of [second, first, third]) {
      kit.base.advance(5);
      node.run('HSET', 'h', node.id, '1');
    }
    kit.base.settle();
    kit.heal(kit.nodes[owner]);
    kit.settle();
    kit.check('');
    assert.equal(first.run('HLEN', 'h'), 4, `with ${kit.nodes[owner]?.id}`);
  }
});

test('a key that was removed takes its fields of before with it, and no later ones', async () => {
  const kit = await createRepairKit(2);
  const [first, second] = kit.nodes as Two;
  first.run('HSET', 'h', 'old', '0');
  kit.settle();
  kit.part([first], [second]);
  second.run('HSET', 'h', 'before', '1');
  kit.base.advance(5);
  first.run('DEL', 'h');
  first.run('HSET', 'h', 'mine', '1');
  kit.base.advance(5);
  second.run('HSET', 'h', 'after', '1');
  kit.base.settle();
  kit.heal(second);
  kit.settle();
  kit.check('');
  assert.deepEqual((second.run('HKEYS', 'h') as string[]).sort(), ['after', 'mine']);
});

test('deadlines of fields are merged with their fields', async () => {
  const kit = await createRepairKit(2);
  const [first, second] = kit.nodes as Two;
  first.run('HSET', 'h', 'f', '0', 'g', '0');
  kit.settle();
  kit.part([first], [second]);
  first.run('HPEXPIRE', 'h', 60_000, 'FIELDS', 1, 'f');
  kit.base.advance(5);
  second.run('HSET', 'h', 'g', '1');
  kit.base.settle();
  kit.heal(second);
  kit.settle();
  kit.check('');
  const [left] = second.run('HPTTL', 'h', 'FIELDS', 1, 'f') as number[];
  assert.ok(Number(left) > 50_000);
});

test('versions that lose are counted, and those that are only old are not', async () => {
  const kit = await createRepairKit(2);
  const [first, second] = kit.nodes as Two;
  for (let i = 0; i < 10; i++) first.run('SET', `k${i}`, 'base');
  kit.settle();
  kit.base.advance(10_000);
  kit.part([first], [second]);
  kit.base.advance(100);
  for (let i = 0; i < 5; i++) first.run('SET', `k${i}`, 'first');
  kit.base.advance(100);
  for (let i = 3; i < 8; i++) second.run('SET', `k${i}`, 'second');
  kit.base.settle();
  kit.heal(first);
  kit.settle();
  kit.check('');
  assert.equal(first.run('GET', 'k3'), 'second');
  assert.equal(lossCount(kit), 2);
});

test('a change that fits is applied at once, also of a key to be merged', async () => {
  const kit = await createRepairKit(3);
  const [first, second, third] = kit.nodes as Three;
  first.run('HSET', 'h', 'f', '1');
  kit.settle();
  kit.part([first, second], [third]);
  first.run('HSET', 'h', 'f', '2');
  kit.settle();
  kit.elect(second, [first, second]);
  second.run('HSET', 'h', 'g', '3');
  kit.settle();
  assert.deepEqual(first.run('HGETALL', 'h'), ['f', '2', 'g', '3']);
  assert.equal(first.metrics[METRIC.repairKeysTaken], 0);
});

test('what went missing without a trace is found by comparing', async () => {
  const kit = await createRepairKit(2);
  const [owner, replica] = kit.nodes as Two;
  owner.run('MSET', 'a', '1', 'b', '2');
  kit.settle();
  const { parts } = replica.base;
  parts.stamps.isApplying = true;
  replica.run('DEL', 'a');
  parts.stamps.isApplying = false;
  const table = parts.stamps.tableOf(0);
  const key = Buffer.from('a');
  const slot = table.slotOf(key, 0, 1);
  table.drop(slot, table.tagOf(new DataView(key.buffer, key.byteOffset), 0, 1, slot));
  kit.pass(15_000);
  kit.settle();
  kit.check('');
  assert.equal(replica.run('GET', 'a'), '1');
  assert.equal(replica.metrics[METRIC.repairDifferences], 1);
});

test('while nothing differs, comparing moves no key', async () => {
  const kit = await createRepairKit(3);
  const [owner] = kit.nodes as Three;
  for (let i = 0; i < 200; i++) owner.run('SET', `k${i}`, i);
  kit.settle();
  kit.pass(60_000);
  for (const { metrics } of kit.nodes) {
    assert.equal(metrics[METRIC.repairKeysTaken], 0);
    assert.equal(metrics[METRIC.repairDifferences], 0);
  }
});

test('removals are forgotten on all nodes when all have passed them', async () => {
  const kit = await createRepairKit(2);
  const [owner, replica] = kit.nodes as Two;
  for (let i = 0; i < 50; i++) owner.run('SET', `k${i}`, i);
  for (let i = 0; i < 40; i++) owner.run('DEL', `k${i}`);
  kit.settle();
  const counts = () => kit.nodes.map(({ base }) => base.parts.stamps.tableOf(0).count);
  assert.deepEqual(counts(), [50, 50]);
  kit.pass(150_000);
  assert.deepEqual(counts(), [10, 10]);
  kit.check('');
  assert.equal(digestOf(owner), digestOf(replica));
});

test('removals are remembered while a member is missing, for an hour', async () => {
  const kit = await createRepairKit(3);
  const [owner, second, third] = kit.nodes as Three;
  owner.run('SET', 'k', '1');
  kit.settle();
  kit.part([owner, second], [third]);
  owner.run('DEL', 'k');
  kit.pass(200_000);
  kit.heal(owner);
  kit.settle();
  kit.check('');
  assert.equal(third.run('EXISTS', 'k'), 0);
});

test('a node that was away for more than an hour brings nothing back', async () => {
  const kit = await createRepairKit(2);
  const [owner, away] = kit.nodes as Two;
  owner.run('MSET', 'removed', '1', 'kept', '1');
  kit.settle();
  kit.pass(15_000);
  kit.part([owner], [away]);
  owner.run('DEL', 'removed');
  away.run('SET', 'own', '1');
  kit.base.settle();
  for (let i = 0; i < 80; i++) {
    kit.base.advance(60_000);
    kit.base.settle();
  }
  kit.heal(owner);
  kit.settle();
  kit.check('');
  assert.deepEqual(away.run('KEYS', '*'), ['kept']);
});

test('values of a hundred thousand elements arrive whole', async () => {
  const kit = await createRepairKit(2);
  const [owner, late] = kit.nodes as Two;
  kit.net.cut(owner.base.bus, late.base.bus);
  for (let i = 0; i < 25; i++) {
    const members = Array.from({ length: 4000 }, (_, j) => `m${i * 4000 + j}`);
    owner.run('SADD', 'set', ...members);
  }
  owner.run('SET', 'long', 'x'.repeat(5_000_000));
  kit.base.settle();
  kit.net.joinAll();
  kit.settle();
  kit.check('');
  assert.equal(late.run('SCARD', 'set'), 100_000);
  assert.equal(late.run('STRLEN', 'long'), 5_000_000);
});

test('a store with a default time to live gives none to what comes without one', async () => {
  const kit = await createRepairKit(2, {
    configure: (configuration) => {
      configuration.cache.defaultTtlMs = 90_000;
    },
  });
  const [owner, late] = kit.nodes as Two;
  kit.net.cut(owner.base.bus, late.base.bus);
  owner.run('SET', 'k', '1');
  owner.run('PERSIST', 'k');
  owner.run('SADD', 's', '1');
  owner.run('PERSIST', 's');
  owner.run('SET', 'due', '1');
  kit.base.settle();
  kit.net.joinAll();
  kit.settle();
  kit.check('');
  assert.deepEqual([late.run('PTTL', 'k'), late.run('PTTL', 's')], [-1, -1]);
  assert.equal(late.run('PTTL', 'due'), owner.run('PTTL', 'due'));
});

test('writing goes on while a replica is filled in slices', async () => {
  const kit = await createRepairKit(2);
  const [owner, late] = kit.nodes as Two;
  kit.net.cut(owner.base.bus, late.base.bus);
  for (let i = 0; i < 3000; i++) owner.run('SET', `k${i}`, 'x'.repeat(100));
  kit.base.settle();
  // A slice is over after some entries, and others run in between.
  for (const { base } of kit.nodes) base.kit.world.clock.readingMs = 0.5;
  kit.net.joinAll();
  kit.base.settle();
  let steps = 0;
  for (; late.isBusy; steps++) {
    owner.run('INCR', `counter${steps % 50}`);
    owner.run('DEL', `k${steps}`);
    owner.run('APPEND', `k${2999 - steps}`, 'y');
    kit.pass(5);
  }
  assert.ok(steps > 5, `the repair took ${steps} steps`);
  for (const { base } of kit.nodes) base.kit.world.clock.readingMs = 0;
  kit.settle();
  kit.check('');
});

test('a node that starts again with older data takes what was changed meanwhile', async () => {
  const kit = await createRepairKit(2);
  const [owner, second] = kit.nodes as Two;
  owner.run('MSET', 'same', '1', 'changed', '1', 'removed', '1', 'missed', '1');
  kit.settle();
  kit.net.cut(owner.base.bus, second.base.bus);
  // It never hears of this one, though its log tells of something later.
  owner.run('SET', 'missed', '2');
  kit.base.advance(100);
  const loadedMs = second.base.kit.world.clock.wallMs();
  kit.base.advance(1000);
  owner.run('SET', 'changed', '2');
  owner.run('DEL', 'removed');
  await kit.restart(second, loadedMs);
  kit.base.settle();
  kit.net.joinAll();
  kit.elect(owner, [owner]);
  const [, started] = kit.nodes as Two;
  started.base.ownership.set([owner.id], owner.id);
  kit.settle();
  kit.check('');
  assert.ok(started.isFilled);
  const values = started.run('MGET', 'same', 'changed', 'removed', 'missed');
  assert.deepEqual(values, ['1', '2', null, '2']);
});

test('when all start again, the newest data win, whoever is the owner', async () => {
  for (const isOwnerOlder of [true, false]) {
    const kit = await createRepairKit(2);
    const [first, second] = kit.nodes as Two;
    first.run('MSET', 'same', '1', 'changed', '1', 'removed', '1');
    kit.settle();
    const [older, newer] = isOwnerOlder ? [first, second] : [second, first];
    kit.part([older], [newer]);
    const olderMs = older.base.kit.world.clock.wallMs();
    kit.base.advance(60_000);
    newer.run('SET', 'changed', '2');
    newer.run('DEL', 'removed');
    newer.run('SET', 'added', '1');
    const newerMs = newer.base.kit.world.clock.wallMs();
    await kit.restart(first, first === older ? olderMs : newerMs);
    await kit.restart(second, second === older ? olderMs : newerMs);
    const [owner, other] = kit.nodes as Two;
    owner.base.ownership.set([owner.id], owner.id);
    other.base.ownership.set([owner.id], owner.id);
    kit.net.joinAll();
    kit.settle();
    kit.check('');
    const values = other.run('MGET', 'same', 'changed', 'removed', 'added');
    assert.deepEqual(values, ['1', '2', null, '1'], `the owner is older: ${isOwnerOlder}`);
  }
});

test('keys that share a tag are all there, and one of them can be removed', async () => {
  const kit = await createRepairKit(2);
  const [owner, replica] = kit.nodes as Two;
  const [removed, kept] = keysOfOneTag(owner);
  kit.net.cut(owner.base.bus, replica.base.bus);
  owner.run('MSET', removed, '1', kept, '2');
  kit.base.settle();
  kit.net.joinAll();
  kit.settle();
  assert.deepEqual(replica.run('MGET', removed, kept), ['1', '2']);
  kit.net.cut(owner.base.bus, replica.base.bus);
  owner.run('DEL', removed);
  kit.base.settle();
  kit.net.joinAll();
  kit.settle();
  assert.deepEqual(replica.run('MGET', removed, kept), [null, '2']);
  kit.check('');
});

test('what the owner got from a node that owns nothing comes soon', async () => {
  const kit = await createRepairKit(3);
  const [owner, stray, replica] = kit.nodes as Three;
  kit.net.cut(stray.base.bus, replica.base.bus);
  // It takes itself for the owner still.
  stray.run('SET', 'key', 'v');
  kit.base.settle();
  assert.equal(owner.run('GET', 'key'), 'v');
  kit.net.joinAll();
  kit.pass(1_500);
  kit.settle();
  assert.equal(replica.run('GET', 'key'), 'v');
  kit.check('');
});

/** Two keys of one slot whose tags are the same: the fewest bits of a hash are soon used up. */
function keysOfOneTag({ base }: RepairNode): [string, string] {
  const table = base.parts.stamps.tableOf(0);
  const seen = new Map<number, string>();
  for (let i = 0; ; i++) {
    const key = `{x}${i}`;
    const bytes = new Uint8Array(Buffer.from(key));
    const slot = table.slotOf(bytes, 0, bytes.length);
    const tag = table.tagOf(new DataView(bytes.buffer), 0, bytes.length, slot);
    const other = seen.get(tag);
    if (other !== undefined) return [other, key];
    seen.set(tag, key);
  }
}

test('who was filling when it comes to own takes what others have before it executes', async () => {
  const kit = await createRepairKit(3);
  const [first, second, third] = kit.nodes as Three;
  kit.settle();
  kit.net.cut(first.base.bus, second.base.bus);
  first.run('INCRBY', 'n', '5');
  kit.base.settle();
  kit.net.cut(first.base.bus, third.base.bus);
  const { replication } = second.base;
  const seen: unknown[] = [];
  replication.onDuty((_store, now) => {
    if (now === 'owner') seen.push(second.run('GET', 'n'));
  });
  kit.elect(third, [second, third]);
  kit.elect(second, [second, third]);
  kit.settle();
  assert.deepEqual(seen, ['5']);
});

test('who follows an owner that is lost takes first what others have of it', async () => {
  const kit = await createRepairKit(3);
  const [first, second, third] = kit.nodes as Three;
  kit.settle();
  kit.net.cut(first.base.bus, second.base.bus);
  first.run('INCRBY', 'n', '5');
  kit.base.settle();
  kit.net.cut(first.base.bus, third.base.bus);
  const { replication } = second.base;
  const seen: unknown[] = [];
  replication.onDuty((_store, now) => {
    if (now === 'owner') seen.push(second.run('GET', 'n'));
  });
  assert.equal(replication.dutyOf(second.base.store), 'replica');
  second.base.ownership.set([second.id, third.id], second.id);
  kit.pass(100);
  // The other one goes by the table before, and refuses, until it says otherwise.
  assert.equal(replication.dutyOf(second.base.store), 'waiting');
  third.base.ownership.set([second.id, third.id], second.id);
  kit.pass(20);
  assert.deepEqual(seen, ['5']);
  kit.settle();
});

test('who comes to own executes in the end, though nobody answers', async () => {
  const kit = await createRepairKit(3);
  const [, second, third] = kit.nodes as Three;
  kit.settle();
  third.base.bus.handle(MESSAGE.sync, () => {});
  kit.elect(third, [second, third]);
  kit.elect(second, [second, third]);
  kit.pass(1_500);
  assert.equal(second.base.replication.dutyOf(second.base.store), 'waiting');
  kit.pass(1_000);
  assert.equal(second.base.replication.dutyOf(second.base.store), 'owner');
  assert.equal(second.isBusy, false);
});

test('an owner that was filled knows the elements of what it got', async () => {
  const kit = await createRepairKit(3);
  const [first, second, third] = kit.nodes as Three;
  first.run('SADD', 's', 'base');
  kit.pass(7_000);
  kit.part([first], [second], [third]);
  kit.pass(1_000);
  first.run('SADD', 's', 'left');
  kit.base.advance(5);
  second.run('SADD', 's', 'right');
  kit.base.settle();
  // What one side has comes to the third node before the other side is heard again.
  kit.net.join(first.base.bus, third.base.bus);
  kit.elect(first, [first, third]);
  kit.settle();
  assert.equal(third.run('SISMEMBER', 's', 'left'), 1);
  kit.elect(third, [first, third]);
  kit.settle();
  kit.heal(third);
  kit.settle();
  kit.check('');
  assert.deepEqual((first.run('SMEMBERS', 's') as string[]).sort(), ['base', 'left', 'right']);
});

test('who refused by the table before is asked at once by the next one', async () => {
  const kit = await createRepairKit(3);
  const [, second, third] = kit.nodes as Three;
  kit.settle();
  const ids = kit.nodes.map(({ id }) => id);
  third.base.ownership.set(ids, second.id);
  kit.pass(1_050);
  assert.equal(third.base.replication.dutyOf(third.base.store), 'filling');
  kit.elect(second, kit.nodes);
  kit.pass(20);
  assert.equal(third.base.replication.dutyOf(third.base.store), 'replica');
});
