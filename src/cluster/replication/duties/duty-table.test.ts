import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SLOT_COUNT } from '../../../base/digest/key-slot.ts';
import {
  createSimulatedWorld,
  type SimulatedWorld,
} from '../../../world/simulated/simulated-world.ts';
import type { OwnershipTable } from '../../placement/ownership.ts';
import { DutyTable } from './duty-table.ts';

function tableOf(ownerId: string, nodeIds = ['a', 'b', 'c']): OwnershipTable {
  const live = ownerId === '' ? [] : nodeIds;
  return {
    version: 1,
    digest: ownerId,
    nodeIds: live,
    ownerOfStore: () => ownerId,
    ownerOfSlot: () => ownerId,
    holdersOfSlot: () => live,
    isWhole: true,
    isHolder: (id) => live.includes(id),
    endOfRun: () => SLOT_COUNT,
    slotsOf: () => [],
  };
}

/** The duties of one node for one store. */
class DutyKit {
  readonly world: SimulatedWorld;
  readonly duties: DutyTable;
  readonly told: string[] = [];
  readonly reachable = new Set(['a', 'b', 'c']);
  /** Node -> the table that it has told. */
  readonly digests = new Map<string, string>();

  constructor(nodeId: string, table: OwnershipTable) {
    this.world = createSimulatedWorld(1);
    this.duties = new DutyTable({
      nodeId,
      timers: this.world.timers,
      table,
      listener: {
        isReachable: (id) => this.reachable.has(id),
        onDuty: (_name, now) => this.told.push(now),
        onHandOver: (_name, ownerId, executorId) => {
          this.told.push(`tell ${ownerId} that ${executorId} is done`);
        },
        digestOf: (id) => this.digests.get(id) ?? '',
        onSources: (_name, nodeIds) => this.told.push(`compare with ${nodeIds.join(' and ')}`),
      },
    });
    this.duties.add('s');
  }

  take(): string {
    return this.told.splice(0).join(', ');
  }

  get duty(): string {
    return this.duties.dutyOf('s');
  }
}

/** Equal to `a`, which owns. */
function createReplica(nodeId: string): DutyKit {
  const kit = new DutyKit(nodeId, tableOf('a'));
  kit.duties.settle('s', 'a');
  kit.take();
  return kit;
}

test('the only ready node owns at once; nobody is ready: the store is to be filled', () => {
  const kit = new DutyKit('a', tableOf(''));
  assert.equal(kit.duty, 'filling');
  kit.duties.change(tableOf('a', ['a']));
  assert.equal(kit.take(), 'owner');
});

test('a new owner waits for the one before, which says when it is done', () => {
  const [a, b] = [new DutyKit('a', tableOf('a')), new DutyKit('b', tableOf('a'))];
  assert.equal(b.take(), 'compare with a');
  b.duties.settle('s', 'a');
  assert.equal(a.take() + b.take(), 'ownerreplica');
  b.duties.change(tableOf('b'));
  assert.equal(b.take(), 'waiting');
  a.duties.change(tableOf('b'));
  assert.equal(a.take(), 'tell b that a is done, filling, compare with b');
  b.duties.takeOver('s', 'a', 'a');
  assert.equal(b.take(), 'owner');
  b.world.advance(2000);
  assert.equal(b.take(), '');
});

test('what was said before the table changed here counts as well', () => {
  const b = createReplica('b');
  b.duties.takeOver('s', 'a', 'a');
  b.duties.change(tableOf('b'));
  assert.equal(b.duty, 'owner');
});

test('nobody waits for who is not there, nor longer than a second', () => {
  const dead = createReplica('b');
  dead.reachable.delete('a');
  dead.duties.change(tableOf('b', ['b']));
  assert.equal(dead.duty, 'owner');
  const dying = createReplica('b');
  dying.duties.change(tableOf('b'));
  assert.equal(dying.duty, 'waiting');
  dying.reachable.delete('a');
  dying.duties.change(tableOf('b', ['b']));
  assert.equal(dying.duty, 'owner');
  const silent = createReplica('b');
  silent.duties.change(tableOf('b'));
  silent.world.advance(999);
  assert.equal(silent.duty, 'waiting');
  silent.world.advance(1);
  assert.equal(silent.duty, 'owner');
});

test('who follows an owner that is lost has what the others have of it before it executes', () => {
  const dead = createReplica('b');
  dead.reachable.delete('a');
  dead.duties.change(tableOf('b', ['b', 'c']));
  assert.equal(dead.take(), 'waiting, compare with c');
  dead.duties.settle('s', 'c');
  assert.equal(dead.duty, 'owner');
  const dying = createReplica('b');
  dying.duties.change(tableOf('b'));
  dying.take();
  dying.reachable.delete('a');
  dying.duties.change(tableOf('b', ['b', 'c']));
  assert.equal(dying.take(), 'compare with c');
  dying.world.advance(1_000);
  assert.equal(dying.duty, 'owner');
});

test('who was to own, and never came to it, passes the word on', () => {
  const b = new DutyKit('b', tableOf('a'));
  b.duties.change(tableOf('b'));
  b.duties.change(tableOf('c'));
  b.take();
  b.duties.takeOver('s', 'a', 'a');
  assert.equal(b.take(), 'tell c that a is done');
  const early = new DutyKit('b', tableOf('a'));
  early.duties.takeOver('s', 'a', 'a');
  early.take();
  early.duties.change(tableOf('c'));
  assert.match(early.take(), /^tell c that a is done/);
});

test('the word is taken from who passes it on, if it is about the owner before', () => {
  const c = createReplica('c');
  c.duties.change(tableOf('c'));
  c.take();
  c.duties.takeOver('s', 'b', 'x');
  assert.equal(c.take(), '');
  c.duties.takeOver('s', 'b', 'a');
  // It came by another link than what the owner before has changed.
  assert.equal(c.take(), 'compare with a and b');
  const early = createReplica('c');
  early.duties.takeOver('s', 'b', 'a');
  early.duties.change(tableOf('c'));
  assert.equal(early.take(), 'waiting, compare with a and b');
});

test('a word is not passed back to where it came from', () => {
  const b = new DutyKit('b', tableOf('a'));
  b.take();
  b.duties.takeOver('s', 'a', 'a');
  b.duties.takeOver('s', 'c', 'a');
  assert.equal(b.take(), '');
});

test('a replica that may miss something is filling until it is equal to that owner', () => {
  const b = new DutyKit('b', tableOf('a'));
  b.duties.settle('s', 'a');
  b.duties.unsettle('s', 'c');
  assert.equal(b.duty, 'replica');
  b.duties.unsettle('s', 'a');
  assert.equal(b.duty, 'filling');
  b.duties.settle('s', 'c');
  assert.equal(b.duty, 'filling');
  b.duties.settle('s', 'a');
  assert.equal(b.duty, 'replica');
});

test('an owner that leaves stands in no table, and is waited for all the same', () => {
  const b = createReplica('b');
  b.duties.change(tableOf('b', ['b', 'c']));
  assert.equal(b.duty, 'waiting');
  b.duties.takeOver('s', 'a', 'a');
  assert.equal(b.duty, 'owner');
});

test('an owner that was started anew has nothing to hand over', () => {
  const b = createReplica('b');
  b.duties.lose('a');
  b.duties.change(tableOf('b', ['b', 'c']));
  assert.equal(b.take(), 'waiting, compare with c');
  const c = createReplica('c');
  c.duties.change(tableOf('c', ['b', 'c']));
  assert.equal(c.take(), 'waiting');
  c.duties.lose('a');
  assert.equal(c.take(), 'compare with b');
});

test('who was filling is compared with all others before it executes', () => {
  const b = new DutyKit('b', tableOf('a'));
  b.reachable.delete('a');
  b.take();
  b.duties.change(tableOf('b', ['b', 'c', 'd']));
  assert.equal(b.take(), 'waiting, compare with c');
  assert.deepEqual(b.duties.sourcesOf('s'), ['c']);
  b.duties.settle('s', 'c');
  assert.equal(b.take(), 'owner');
  assert.deepEqual(b.duties.sourcesOf('s'), []);
});

test('it takes those for gone that start anew, and executes after a second at the latest', () => {
  for (const isLost of [true, false]) {
    const b = new DutyKit('b', tableOf('a'));
    b.reachable.delete('a');
    b.duties.change(tableOf('b', ['b', 'c']));
    b.take();
    if (isLost) b.duties.lose('c');
    else b.world.advance(1_000);
    assert.equal(b.take(), 'owner');
  }
});

test('who waits for a hand-over compares behind it', () => {
  const b = new DutyKit('b', tableOf('a'));
  b.take();
  b.duties.change(tableOf('b'));
  assert.equal(b.take(), 'waiting');
  assert.equal(b.duties.sourcesOf('s'), null);
  b.duties.takeOver('s', 'a', 'a');
  assert.equal(b.take(), 'compare with a and c');
  b.duties.change(tableOf('c'));
  assert.equal(b.take(), 'tell c that b is done, filling, compare with c');
});

test('a replica compares with its new owner when the word of the one before has come', () => {
  const c = new DutyKit('c', tableOf('a'));
  c.take();
  c.duties.change(tableOf('b'));
  assert.equal(c.take(), '');
  assert.equal(c.duties.sourcesOf('s'), null);
  c.duties.takeDigest('b', 'b');
  c.duties.takeDigest('a', 'other');
  assert.equal(c.take(), '');
  c.duties.takeDigest('a', 'b');
  assert.equal(c.take(), 'compare with b');
  assert.deepEqual(c.duties.sourcesOf('s'), ['b']);
});

test('it waits for a second at most, and not for who has told already, or is gone', () => {
  const late = new DutyKit('c', tableOf('a'));
  late.take();
  late.duties.change(tableOf('b'));
  late.world.advance(1_000);
  assert.equal(late.take(), 'compare with b');
  const told = new DutyKit('c', tableOf('a'));
  told.take();
  told.digests.set('a', 'b');
  told.duties.change(tableOf('b'));
  assert.equal(told.take(), 'compare with b');
  const dead = new DutyKit('c', tableOf('a'));
  dead.take();
  dead.duties.change(tableOf('b'));
  dead.reachable.delete('a');
  dead.duties.change(tableOf('b', ['b', 'c']));
  assert.equal(dead.take(), 'compare with b');
});
