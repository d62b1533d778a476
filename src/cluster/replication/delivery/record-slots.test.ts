import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seeded } from '../../../testing/seeded.ts';
import { RECORD } from '../effect-record.ts';
import { RecordBuffer } from '../record-buffer.ts';
import { CONTEXT, EVERY_SLOT, GROUP_BEGIN, GROUP_END, RecordSlots } from './record-slots.ts';

const EFFECT = 100;
const TIME = 50;

/** Records as one byte each, or two: what an effect is, and of what slot. */
class SlotsKit {
  readonly out = new RecordBuffer();
  readonly slots = new RecordSlots();

  effect(slot: number): this {
    this.slots.add(slot, this.out.end);
    this.out.u8(EFFECT);
    this.out.u8(slot === EVERY_SLOT ? 255 : slot);
    return this;
  }

  mark(kind: number): this {
    this.slots.add(kind, this.out.end);
    if (kind === CONTEXT) this.out.u8(TIME);
    else this.out.u8(kind === GROUP_BEGIN ? RECORD.groupBegin : RECORD.groupEnd);
    return this;
  }

  select(heard: readonly number[], end = this.out.end): number[] {
    const selected = this.slots.select(this.out, end, (slot) => heard.includes(slot));
    return [...selected.bytes.subarray(0, selected.end)];
  }
}

test('a node gets what is of its slots, what is for all, and what goes with it', () => {
  const kit = new SlotsKit().mark(CONTEXT).effect(1).effect(2).effect(EVERY_SLOT);
  assert.deepEqual(kit.select([1]), [TIME, EFFECT, 1, EFFECT, 255]);
  assert.deepEqual(kit.select([]), [TIME, EFFECT, 255]);
  assert.deepEqual(kit.select([2], 3), [], 'behind the end');
});

test('nothing is sent to whom nothing is for', () => {
  const kit = new SlotsKit().mark(CONTEXT).effect(1).mark(CONTEXT);
  assert.deepEqual(kit.select([2]), []);
});

test('a group is one only for who gets something of it', () => {
  const kit = new SlotsKit().effect(1).mark(GROUP_BEGIN).mark(CONTEXT).effect(2).mark(GROUP_END);
  kit.effect(1);
  assert.deepEqual(kit.select([1]), [EFFECT, 1, TIME, EFFECT, 1]);
  const { groupBegin, groupEnd } = RECORD;
  assert.deepEqual(kit.select([2]), [TIME, groupBegin, EFFECT, 2, groupEnd]);
});

test('what was sent is forgotten, and what is left lies where it was', () => {
  seeded((random) => {
    const kit = new SlotsKit();
    for (let i = 0; i < 50; i++) kit.effect(random.below(4));
    const cut = random.below(51) * 2;
    const whole = kit.select([1, 3]);
    const sent = kit.select([1, 3], cut);
    kit.out.dropBefore(cut);
    kit.slots.dropBefore(cut);
    assert.deepEqual([...sent, ...kit.select([1, 3])], whole);
    kit.out.reset();
    kit.slots.reset();
    assert.deepEqual(kit.effect(3).select([3]), [EFFECT, 3]);
  });
});
