import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Frame } from '../base/frame.ts';
import { frameOf } from '../testing/engine-fixture.ts';
import { CommandQueue } from './command-queue.ts';

test('a queue hands back copies of what was appended, in order, across growth', () => {
  const queue = new CommandQueue();
  const commands: string[][] = [];
  for (let i = 0; i < 100; i++) {
    const command = ['set', `key${i}`, 'v'.repeat(i * 7), ''];
    const frame = frameOf(...command);
    queue.append(frame);
    frame.bytes.fill(0);
    commands.push(command);
  }
  assert.equal(queue.count, 100);
  assert.equal(queue.byteCount, commands.flat().join('').length);
  const frame = new Frame();
  for (const command of commands) {
    assert.equal(queue.shift(frame), true);
    assert.deepEqual(
      command.map((_, arg) => frame.latin1(arg)),
      command,
    );
    assert.equal(frame.count, command.length);
  }
  assert.equal(queue.shift(frame), false);
  queue.clear();
  assert.deepEqual([queue.count, queue.byteCount, queue.shift(frame)], [0, 0, false]);
});
