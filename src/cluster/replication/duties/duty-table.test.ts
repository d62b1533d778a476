import assert from 'node:assert/strict';
import { test } from 'node:test';
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
    digest: '',
    nodeIds: live,
    ownerOfStore: () => ownerId,
    ownerOfSlot: () => ownerId,
    holdersOfSlot: () => live,
    isWhole: true,
    isHolder: (id) => live.includes(id),
    slotsOf: () => [],
  };
}

/** The duties of one node for one store. */
class DutyKit {
  readonly world: SimulatedWorld;
  readonly duties: DutyTable;
  readonly told: string[] = [];
  readonly reachable = new Set(['a', 'b', 'c']);

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
        onOwner: (_name, ownerId) => this.told.push(`compare with ${ownerId}`),
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
  const b = new DutyKit('b', tableOf('a'));
  b.duties.takeOver('s', 'a', 'a');
  b.duties.change(tableOf('b'));
  assert.equal(b.duty, 'owner');
});

test('nobody waits for who is not there, nor longer than a second', () => {
  const dead = new DutyKit('b', tableOf('a'));
  dead.reachable.delete('a');
  dead.duties.change(tableOf('b', ['b', 'c']));
  assert.equal(dead.duty, 'owner');
  const dying = new DutyKit('b', tableOf('a'));
  dying.duties.change(tableOf('b'));
  assert.equal(dying.duty, 'waiting');
  dying.reachable.delete('a');
  dying.duties.change(tableOf('b', ['b', 'c']));
  assert.equal(dying.duty, 'owner');
  const silent = new DutyKit('b', tableOf('a'));
  silent.duties.change(tableOf('b'));
  silent.world.advance(999);
  assert.equal(silent.duty, 'waiting');
  silent.world.advance(1);
  assert.equal(silent.duty, 'owner');
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
  const c = new DutyKit('c', tableOf('a'));
  c.duties.change(tableOf('c'));
  c.duties.takeOver('s', 'b', 'x');
  assert.equal(c.duty, 'waiting');
  c.duties.takeOver('s', 'b', 'a');
  assert.equal(c.duty, 'owner');
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
  const b = new DutyKit('b', tableOf('a'));
  b.duties.change(tableOf('b', ['b', 'c']));
  assert.equal(b.duty, 'waiting');
  b.duties.takeOver('s', 'a', 'a');
  assert.equal(b.duty, 'owner');
});

test('an owner that was started anew has nothing to hand over', () => {
  const b = new DutyKit('b', tableOf('a'));
  b.duties.lose('a');
  b.duties.change(tableOf('b', ['b', 'c']));
  assert.equal(b.duty, 'owner');
  const c = new DutyKit('c', tableOf('a'));
  c.duties.change(tableOf('c', ['b', 'c']));
  assert.equal(c.duty, 'waiting');
  c.duties.lose('a');
  assert.equal(c.duty, 'owner');
});
