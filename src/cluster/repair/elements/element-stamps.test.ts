import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CommandKit, createCommandKit } from '../../../testing/command-kit.ts';
import { ElementStamps } from './element-stamps.ts';

interface Fixture {
  readonly kit: CommandKit;
  readonly elements: ElementStamps;
  /** Elements with the number of the command that changed each, `-` before removed ones. */
  told(key: string): string[] | null;
}

/** Each change has the number of the commands so far for a stamp. */
async function createFixture(): Promise<Fixture> {
  const kit = await createCommandKit();
  const change = { lastHigh: 1, lastLow: 0 };
  const elements = new ElementStamps(change);
  elements.isOn = true;
  const { sink } = kit.node.services.stores.default;
  sink.attach({ onEffect: () => change.lastLow++ });
  sink.attach(elements);
  return {
    kit,
    elements,
    told(key) {
      const kept = elements.find(0, key);
      if (kept === null) return null;
      const lines = [...kept.stamps].map(
        ([element, { low, isAbsent }]) => `${isAbsent ? '-' : ''}${element}=${low}`,
      );
      if (kept.removedLow > 0) lines.push(`removed=${kept.removedLow}`);
      return [...lines, ...(kept.isWhole ? ['whole'] : [])];
    },
  };
}

test('every change that names elements is kept with its stamp', async () => {
  const { kit, elements, told } = await createFixture();
  elements.keep();
  for (const line of [
    'HSET h a 1 b 2',
    'HINCRBY h a 5',
    'HINCRBYFLOAT h c 1.5',
    'HDEL h b',
    'HPEXPIRE h 5000 FIELDS 1 a',
    'HPERSIST h FIELDS 1 a',
    'HSETEX h PX 900 FIELDS 1 d 4',
    'SADD s x y',
    'SREM s x',
    'SMOVE s t y',
    'ZADD z NX 1 m 2 n',
    'ZINCRBY z 2 m',
    'ZREM z n',
    'ZPOPMIN z',
    'SET string 1',
    'RPUSH list 1',
  ]) {
    kit.ask(...line.split(' '));
  }
  assert.deepEqual(told('h'), ['a=6', '-b=4', 'c=3', 'd=7']);
  assert.deepEqual(told('s'), ['-x=9', '-y=10']);
  assert.deepEqual(told('t'), ['y=10']);
  assert.deepEqual(told('z'), ['-m=14', '-n=13']);
  assert.equal(told('string'), null);
  assert.equal(told('list'), null);
});

test('a key keeps when it was removed, and whether it was replaced', async () => {
  const { kit, elements, told } = await createFixture();
  elements.keep();
  kit.ask('SADD', 's', 'a');
  kit.ask('DEL', 's');
  kit.ask('SADD', 's', 'b');
  assert.deepEqual(told('s'), ['b=3', 'removed=2']);
  kit.ask('RENAME', 's', 't');
  assert.deepEqual(told('s'), ['removed=4']);
  assert.deepEqual(told('t'), ['whole']);
  kit.ask('DEL', 't');
  kit.ask('HSET', 't', 'f', '1');
  assert.deepEqual(told('t'), ['f=6', 'removed=5']);
});

test('what changed in the last seconds is known when a node turns out to be missing', async () => {
  const { kit, elements, told } = await createFixture();
  kit.ask('SADD', 's', 'old');
  elements.age();
  kit.ask('SADD', 's', 'a');
  elements.age();
  kit.ask('HSET', 'h', 'f', '1');
  assert.equal(told('s'), null);
  elements.keep();
  assert.deepEqual(told('s'), ['a=2']);
  assert.deepEqual(told('h'), ['f=3']);
  elements.forget();
  assert.equal(told('h'), null);
  elements.keep();
  assert.equal(told('h'), null);
});

test('more than memory allows is not kept in part', async () => {
  const { kit, elements, told } = await createFixture();
  elements.keep();
  const long = 'x'.repeat(1_000_000);
  for (let i = 0; i < 80; i++) kit.ask('SADD', 's', `${i}${long}`);
  assert.ok(elements.hasOverflowed);
  kit.ask('SADD', 's', 'a');
  assert.equal(told('s'), null);
  assert.equal(elements.heldBytes, 0);
});
