import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Frame } from '../../base/frame.ts';
import { isJson } from '../../engine/values/string/string-value.ts';
import { createCommandKit } from '../../testing/command-kit.ts';
import { createEffectReplica } from '../../testing/effect-replica.ts';

async function createKit() {
  const kit = await createCommandKit(1);
  kit.session.marksJson = true;
  const replica = await createEffectReplica(kit, 2);
  const marks = (key: string): boolean => {
    replica.apply();
    replica.check();
    const [here, there] = [kit, replica.kit].map(({ session }) => {
      const frame = new Frame();
      frame.attach(Buffer.from(key));
      frame.append(0, key.length);
      const entry = session.database.find(frame, 0);
      return entry !== 0 && isJson(session.database, entry);
    });
    assert.equal(there, here, `the mark of ${key} travels in the effect`);
    return here;
  };
  return { kit, marks };
}

const LONG = `[${'1,'.repeat(200)}1]`;

test('JSON is no option of SET for clients', async () => {
  const { kit, marks } = await createKit();
  kit.session.marksJson = false;
  assert.match(String(kit.ask('SET', 'k', '1', 'JSON')), /syntax error/);
  kit.session.marksJson = true;
  assert.equal(kit.ask('SET', 'k', '42', 'PX', 1000, 'JSON'), 'OK');
  assert.equal(marks('k'), true);
  assert.equal(kit.ask('GET', 'k'), '42');
});

test('any write that is not of JSON clears the mark, in place or not', async () => {
  const { kit, marks } = await createKit();
  const writes: [string, ...(string | number)[]][] = [
    ['SET', 'k', '43'],
    ['SET', 'k', LONG],
    ['SET', 'k', 'x', 'KEEPTTL'],
    ['GETSET', 'k', 'x'],
    ['SETEX', 'k', 100, '43'],
    ['MSET', 'k', '43'],
    ['APPEND', 'k', '1'],
    ['SETRANGE', 'k', 0, 'x'],
    ['SETBIT', 'k', 0, 1],
    ['BITFIELD', 'k', 'SET', 'u8', 0, 255],
    ['BITOP', 'NOT', 'k', 'k'],
  ];
  for (const value of ['42', '4.5', LONG, `[${'1,'.repeat(20)}1]`, 'null']) {
    for (const write of writes) {
      kit.ask('SET', 'k', value, 'JSON');
      assert.equal(marks('k'), true);
      const reply = kit.ask(...write);
      assert.ok(!(reply instanceof Error), `${write}`);
      assert.equal(marks('k'), false, `${write.join(' ')} after ${value}`);
      kit.ask('DEL', 'k');
    }
  }
});

test('counting keeps the mark of a number, and gives none to a new key', async () => {
  const { kit, marks } = await createKit();
  const big = '9007199254740993';
  for (const [value, ...words] of [
    ['42', 'INCR', 'k'],
    ['42', 'INCRBY', 'k', big],
    [big, 'DECRBY', 'k', '1'],
    ['42', 'INCRBYFLOAT', 'k', '0.5'],
    ['1.5', 'INCRBYFLOAT', 'k', '1.5'],
  ]) {
    kit.ask('SET', 'k', value, 'JSON');
    const [name, ...args] = words;
    assert.ok(!(kit.ask(name, ...args) instanceof Error));
    assert.equal(marks('k'), true, words.join(' '));
    kit.ask('SET', 'k', value);
    kit.ask(name, ...args);
    assert.equal(marks('k'), false, `${words.join(' ')} of a string`);
  }
  kit.ask('INCR', 'new');
  kit.ask('INCRBYFLOAT', 'other', '1.5');
  assert.deepEqual([marks('new'), marks('other')], [false, false]);
});

test('the mark goes where the key goes', async () => {
  const { kit, marks } = await createKit();
  for (const value of ['42', LONG, `"${'x'.repeat(2_000_000)}"`]) {
    kit.ask('SET', 'a', value, 'JSON');
    kit.ask('PEXPIRE', 'a', 1_000_000);
    assert.equal(marks('a'), true, 'PEXPIRE');
    kit.ask('PERSIST', 'a');
    assert.equal(marks('a'), true, 'PERSIST');
    kit.ask('RENAME', 'a', 'a-much-longer-name');
    assert.equal(marks('a-much-longer-name'), true, 'RENAME');
    kit.ask('COPY', 'a-much-longer-name', 'b');
    assert.equal(marks('b'), true, 'COPY');
    kit.ask('DEL', 'a-much-longer-name', 'b');
  }
});
