import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SLOT_COUNT } from '../../../base/digest/key-slot.ts';
import { seeded } from '../../../testing/seeded.ts';
import {
  createSimulatedWorld,
  type SimulatedWorld,
} from '../../../world/simulated/simulated-world.ts';
import type { Ownership, OwnershipTable } from '../../placement/ownership.ts';
import { SlotSet } from '../../placement/slot-set.ts';
import { SlotTable } from '../../placement/slot-table.ts';
import { SlotDuties } from './slot-duties.ts';

/** The duties of several nodes for one store; who sees which table, and hears whom, tests say. */
class DutiesKit {
  readonly world: SimulatedWorld = createSimulatedWorld(1);
  readonly nodes = new Map<string, DutyNode>();
  readonly dead = new Set<string>();
  readonly factor: number;

  constructor(factor: number, ids: readonly string[]) {
    this.factor = factor;
    for (const id of ids) this.start(id, []);
    for (const node of this.nodes.values()) node.see(ids);
    this.talk();
    this.fill();
  }

  start(id: string, nodeIds: readonly string[]): DutyNode {
    const node = new DutyNode(id, this, nodeIds);
    this.nodes.set(id, node);
    return node;
  }

  node(id: string): DutyNode {
    const found = this.nodes.get(id);
    assert.ok(found !== undefined);
    return found;
  }

  get live(): DutyNode[] {
    return [...this.nodes.values()].filter(({ id }) => !this.dead.has(id));
  }

  /** All tell all others which table they go by. */
  talk(): void {
    for (const { id, ownership } of this.live) {
      for (const other of this.live) other.hear(id, ownership.table.digest);
    }
  }

  /** Everything that is to be made equal is, with who executes for it or has it. */
  fill(): void {
    for (let isAny = true; isAny; ) {
      isAny = false;
      for (const { duties } of this.live) {
        for (const [sourceId, slots] of duties.sources) {
          const lacked = new SlotSet();
          const given = new SlotSet();
          const source = this.node(sourceId).duties;
          slots.each((slot) => {
            if (source.dutyOf(slot) === 'owner') given.add(slot);
            else if (source.lacks(slot) || !source.keeps(slot)) lacked.add(slot);
            else if (duties.dutyOf(slot) === 'waiting') given.add(slot);
          });
          if (given.count > 0) duties.settle(sourceId, given);
          else if (lacked.count > 0) duties.passOver(sourceId, lacked);
          isAny ||= given.count + lacked.count > 0;
        }
      }
    }
  }

  /** Nodes of that duty for a slot. */
  withDuty(slot: number, duty: string): string[] {
    return this.live.filter(({ duties }) => duties.dutyOf(slot) === duty).map(({ id }) => id);
  }

  /** Each slot has one owner, and all its other holders are replicas. */
  check(): void {
    for (let slot = 0; slot < SLOT_COUNT; slot += 7) {
      const { table } = this.live[0].ownership;
      const owner = table.ownerOfSlot(slot);
      assert.deepEqual(this.withDuty(slot, 'owner'), [owner]);
      const others = table.holdersOfSlot(slot).filter((id) => id !== owner);
      assert.deepEqual(this.withDuty(slot, 'replica').sort(), [...others].sort());
    }
  }
}

class DutyNode {
  readonly id: string;
  readonly duties: SlotDuties;
  readonly ownership: { table: OwnershipTable; target: OwnershipTable };
  private readonly kit: DutiesKit;
  private readonly digests = new Map<string, string>();

  constructor(id: string, kit: DutiesKit, nodeIds: readonly string[]) {
    this.id = id;
    this.kit = kit;
    this.ownership = { table: this.tableOf(nodeIds), target: this.tableOf([...nodeIds, id]) };
    const ownership: Ownership = Object.assign(this.ownership, { onChange: () => {} });
    this.duties = new SlotDuties({
      nodeId: id,
      ownership,
      timers: kit.world.timers,
      listener: {
        isReachable: (nodeId) => !kit.dead.has(nodeId),
        digestOf: (nodeId) => this.digests.get(nodeId) ?? '',
        onChange: () => {},
        onDuty: () => {},
      },
    });
  }

  see(nodeIds: readonly string[], isLeaving = false): void {
    const before = this.ownership.table;
    const isMember = isLeaving || nodeIds.includes(this.id);
    this.ownership.table = this.tableOf(nodeIds);
    this.ownership.target = isMember ? this.ownership.table : this.tableOf([...nodeIds, this.id]);
    this.duties.change(before);
  }

  hear(nodeId: string, digest: string): void {
    this.digests.set(nodeId, digest);
    this.duties.takeDigest(nodeId, digest);
  }

  countOf(duty: string): number {
    let count = 0;
    for (let slot = 0; slot < SLOT_COUNT; slot++) if (this.duties.dutyOf(slot) === duty) count++;
    return count;
  }

  private tableOf(nodeIds: readonly string[]): OwnershipTable {
    const replicationFactor = this.kit.factor;
    return new SlotTable({ version: 1, nodeIds, placement: 'ring', replicationFactor });
  }
}

test('the only ready node owns all slots at once, and keeps them all', () => {
  const kit = new DutiesKit(2, ['a']);
  assert.equal(kit.node('a').countOf('owner'), SLOT_COUNT);
  assert.equal(kit.node('a').duties.isSettled, true);
});

test('a node that joins keeps what it will hold, fills it, and waits for the owners', () => {
  const kit = new DutiesKit(2, ['a', 'b', 'c']);
  const d = kit.start('d', ['a', 'b', 'c']);
  const keptCount = d.countOf('filling');
  assert.ok(keptCount > SLOT_COUNT * 0.4 && keptCount < SLOT_COUNT * 0.6, `${keptCount}`);
  assert.equal(keptCount + d.countOf('none'), SLOT_COUNT);
  assert.deepEqual([...d.duties.sources.keys()].sort(), ['a', 'b', 'c']);
  kit.fill();
  assert.equal(d.countOf('replica'), keptCount);
  for (const { id } of kit.live) kit.node(id).see(['a', 'b', 'c', 'd']);
  assert.ok(d.countOf('waiting') > SLOT_COUNT * 0.2);
  assert.equal(d.countOf('owner'), 0);
  kit.talk();
  assert.equal(d.countOf('waiting'), 0);
  kit.fill();
  kit.check();
});

test('the old owner stops before the new one begins, whoever hears of the table first', () => {
  for (const first of ['a', 'b'] as const) {
    const kit = new DutiesKit(0, ['a']);
    kit.start('b', ['a']);
    kit.fill();
    const order = first === 'a' ? ['a', 'b'] : ['b', 'a'];
    for (const id of order) {
      kit.node(id).see(['a', 'b']);
      for (let slot = 0; slot < SLOT_COUNT; slot++) {
        assert.ok(kit.withDuty(slot, 'owner').length <= 1);
      }
    }
    kit.talk();
    kit.fill();
    kit.check();
  }
});

test('nobody waits for who is gone, nor for longer than a second', () => {
  const kit = new DutiesKit(2, ['a', 'b', 'c', 'd']);
  kit.dead.add('a');
  for (const { id } of kit.live) kit.node(id).see(['b', 'c', 'd']);
  for (let slot = 0; slot < SLOT_COUNT; slot++) {
    assert.equal(kit.withDuty(slot, 'owner').length + kit.withDuty(slot, 'waiting').length, 1);
  }
  kit.talk();
  kit.fill();
  kit.check();
  // It lives, and never says which table it goes by.
  kit.node('b').see(['b', 'c']);
  assert.ok(kit.node('b').countOf('waiting') > 0);
  kit.world.advance(1_100);
  assert.equal(kit.node('b').countOf('waiting'), 0);
});

test('what a lost owner had is compared with its other holders before it is served', () => {
  for (const isTold of [false, true]) {
    const kit = new DutiesKit(0, ['a', 'b', 'c']);
    const b = kit.node('b');
    // It has said by which table it goes: all that it did has come.
    if (isTold) {
      kit.node('a').see(['b', 'c'], true);
      b.hear('a', kit.node('a').ownership.table.digest);
    }
    kit.dead.add('a');
    b.see(['b', 'c']);
    kit.node('c').see(['b', 'c']);
    kit.talk();
    assert.equal(b.countOf('waiting') > 0, !isTold);
    kit.fill();
    kit.check();
  }
});

test('a slot that this node comes to own before it has it is taken from who had it', () => {
  const kit = new DutiesKit(2, ['a', 'b', 'c', 'd']);
  kit.dead.add('a');
  for (const { id } of kit.live) kit.node(id).see(['b', 'c', 'd']);
  kit.talk();
  const lackedSlots = [...Array(SLOT_COUNT).keys()].filter((slot) =>
    kit.node('c').duties.lacks(slot),
  );
  assert.ok(lackedSlots.length > 0, 'it holds more than it did');
  // The one owner that has them leaves, and can still be asked.
  for (const { id } of kit.live) kit.node(id).see(['c', 'd'], id === 'b');
  kit.talk();
  const owned = lackedSlots.filter((slot) => kit.node('c').duties.dutyOf(slot) === 'waiting');
  assert.ok(owned.length > 0);
  for (const slot of owned) {
    const [sourceId] = [...kit.node('c').duties.sources].find(([, set]) => set.has(slot)) ?? [];
    const { table } = kit.node('c').ownership;
    assert.ok(sourceId === 'b' || table.holdersOfSlot(slot).includes(String(sourceId)));
  }
  kit.fill();
  kit.check();
});

test('what was filling when this node comes to own it is compared with all others first', () => {
  const kit = new DutiesKit(0, ['a', 'b', 'c', 'd']);
  const b = kit.node('b');
  b.duties.unsettle('a');
  kit.dead.add('a');
  for (const { id } of kit.live) kit.node(id).see(['b', 'c', 'd']);
  kit.talk();
  assert.ok(b.countOf('waiting') > 0);
  for (const sourceId of ['c', 'd']) {
    const slots = new SlotSet();
    b.duties.sources.get(sourceId)?.each((slot) => {
      if (b.duties.dutyOf(slot) === 'waiting') slots.add(slot);
    });
    assert.equal(slots.count, b.countOf('waiting'));
    b.duties.settle(sourceId, slots);
  }
  assert.equal(b.countOf('waiting'), 0);
  kit.fill();
  kit.check();
});

test('two that may be behind each other are compared for what they own first', () => {
  const kit = new DutiesKit(0, ['a', 'b', 'c']);
  for (const id of ['b', 'c']) kit.node(id).duties.unsettle('a');
  kit.dead.add('a');
  for (const { id } of kit.live) kit.node(id).see(['b', 'c']);
  kit.talk();
  for (const { duties } of kit.live) {
    for (const slots of duties.sources.values()) {
      slots.each((slot) => assert.equal(duties.dutyOf(slot), 'waiting'));
    }
  }
  kit.fill();
  kit.check();
});

test('who may have missed something executes after a second, whatever others say', () => {
  const kit = new DutiesKit(0, ['a', 'b', 'c']);
  const b = kit.node('b');
  b.duties.unsettle('a');
  kit.dead.add('a');
  for (const { id } of kit.live) kit.node(id).see(['b', 'c']);
  kit.talk();
  kit.world.advance(900);
  assert.ok(b.countOf('waiting') > 0);
  kit.world.advance(200);
  assert.equal(b.countOf('waiting'), 0);
});

test('whose owner goes by another table is no replica of it, where not all hold all', () => {
  for (const factor of [0, 2]) {
    const kit = new DutiesKit(factor, ['a', 'b', 'c']);
    const [a, b] = [kit.node('a'), kit.node('b')];
    const count = b.countOf('replica');
    a.see(['a', 'c']);
    b.hear('a', a.ownership.table.digest);
    if (factor === 0) assert.equal(b.countOf('replica'), count);
    else {
      assert.ok(b.countOf('filling') > 0);
      assert.ok(!b.duties.isSettled);
    }
  }
});

test('what nobody has is served as it is', () => {
  const kit = new DutiesKit(1, ['a', 'b']);
  kit.dead.add('a');
  kit.node('b').see(['b']);
  assert.equal(kit.node('b').countOf('owner'), SLOT_COUNT);
  const all = new DutiesKit(2, ['a', 'b', 'c']);
  all.dead.add('a').add('b');
  all.node('c').see(['c']);
  assert.equal(all.node('c').countOf('owner'), SLOT_COUNT);
});

test('what is missed of an owner is compared, and of nobody else', () => {
  const kit = new DutiesKit(2, ['a', 'b', 'c']);
  const { duties } = kit.node('a');
  assert.equal(duties.unsettle('x'), false);
  assert.equal(duties.isSettled, true);
  assert.equal(duties.unsettle('b'), true);
  assert.deepEqual([...duties.sources.keys()], ['b']);
  assert.ok(kit.node('a').countOf('filling') > 0);
  kit.fill();
  assert.equal(duties.isSettled, true);
});

test('a node that leaves owns and keeps nothing; where all hold all it keeps everything', () => {
  for (const factor of [2, 0]) {
    const kit = new DutiesKit(factor, ['a', 'b', 'c']);
    const a = kit.node('a');
    a.see(['b', 'c'], true);
    assert.equal(a.countOf('owner'), 0);
    assert.equal(a.countOf('none'), factor === 0 ? 0 : SLOT_COUNT);
  }
});

test('however nodes come and go: no slot has two owners, and all come to one', () => {
  seeded((random) => {
    for (let round = 0; round < 4; round++) {
      const factor = random.below(4);
      const kit = new DutiesKit(factor, ['a', 'b', 'c']);
      let ids = ['a', 'b', 'c'];
      for (let step = 0; step < 6; step++) {
        const isJoin = ids.length < 3 || random.below(2) === 0;
        const id = isJoin ? `n${step}` : ids[random.below(ids.length)];
        if (isJoin) {
          kit.start(id, ids);
          kit.fill();
          ids = [...ids, id];
        } else {
          kit.dead.add(id);
          ids = ids.filter((other) => other !== id);
        }
        const order = kit.live.sort(() => random.below(3) - 1);
        for (const node of order) node.see(ids);
        for (let slot = 0; slot < SLOT_COUNT; slot += 13) {
          assert.ok(kit.withDuty(slot, 'owner').length <= 1, `slot ${slot}, step ${step}`);
        }
        kit.talk();
        kit.fill();
        kit.check();
      }
    }
  });
});
