/** Strings that keys are given, whatever they held: the changes that have a record of their own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkPresence, createReplicationKit } from '../../testing/replication-kit.ts';

/** Enough for several runs, and for their memory to be fetched ahead. */
const KEY_COUNT = 40_000;

test('puts come in order, between other changes, twice, and to other databases', async () => {
  const kit = await createReplicationKit(3);
  const [owner, second] = kit.nodes;
  for (let i = 0; i < 40; i++) owner.run('SET', `k${i % 30}`, `${i}`);
  owner.run('APPEND', 'k3', ' and more');
  owner.run('SET', 'k3', 'again');
  owner.run('MULTI');
  owner.run('SET', 'k4', 'within');
  owner.run('SET', 'k5', 'a group');
  owner.run('EXEC');
  owner.run('SELECT', 2);
  owner.run('SET', 'k3', 'elsewhere');
  owner.run('SETNX', 'made', 'new');
  owner.run('GETSET', 'made', 'newer');
  owner.endTurn();
  kit.net.double(owner.bus, second.bus);
  kit.settle();
  assert.equal(second.run('GET', 'k3'), 'again');
  assert.equal(second.parts.applier.skippedCount, 47);
  assert.equal(second.parts.applier.unknownCount, 0);
  kit.check('');
});

test('those whose keys are looked at first are applied all the same', async () => {
  const kit = await createReplicationKit(2);
  const [owner, replica] = kit.nodes;
  const seen: string[] = [];
  replica.replication.guardWith(() => (_index, frame, arg) => {
    seen.push(frame.latin1(arg));
    return frame.latin1(arg) === 'kept';
  });
  for (const key of ['a', 'kept', 'b']) owner.run('SET', key, 'value');
  kit.settle();
  assert.deepEqual(seen, ['a', 'kept', 'b']);
  assert.deepEqual(replica.run('MGET', 'a', 'kept', 'b'), ['value', null, 'value']);
});

test('a put of a key whose time is up is there on every node', async () => {
  const kit = await createReplicationKit(2);
  const [owner, replica] = kit.nodes;
  for (const key of ['a', 'b']) owner.run('SET', key, 'old', 'PX', 100);
  kit.settle();
  kit.advance(150);
  for (const key of ['a', 'b']) owner.run('SET', key, 'new');
  kit.settle();
  assert.deepEqual(replica.run('MGET', 'a', 'b'), ['new', 'new']);
  assert.equal(replica.run('PTTL', 'a'), -1);
  for (const node of kit.nodes) checkPresence(node, '');
  kit.check('');
});

test('of two puts made at the same time the later stays, and the other is counted', async () => {
  const kit = await createReplicationKit(2);
  const [first, second] = kit.nodes;
  first.run('SET', 'k', 'before');
  kit.settle();
  second.run('SET', 'k', 'one');
  kit.advance(5);
  first.run('SET', 'k', 'the later');
  kit.settle();
  assert.equal(second.run('GET', 'k'), 'the later');
  assert.equal(second.parts.applier.lostCount, 1);
  assert.equal(first.parts.applier.skippedCount, 1);
  kit.check('');
});

test('with more keys than the cache holds', async () => {
  const kit = await createReplicationKit(2);
  const [owner, replica] = kit.nodes;
  for (let i = 0; i < KEY_COUNT; i++) owner.run('SET', `key ${i}`, 'v'.repeat(100));
  kit.settle();
  for (let i = 0; i < 100; i++) owner.run('SET', `key ${i * 7}`, `${i}`);
  kit.settle();
  assert.equal(replica.run('GET', 'key 693'), '99');
  kit.check('');
});
