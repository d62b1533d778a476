import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSimulatedWorld } from '../world/simulated/simulated-world.ts';
import { DataDirectoryLock } from './data-directory.ts';

const PATH = '/data/hypercache.lock';

test('a directory is held by one process, until it gives it back', () => {
  const world = createSimulatedWorld(1);
  const lock = DataDirectoryLock.take(world, '/data');
  assert.throws(() => DataDirectoryLock.take(world, '/data'), {
    code: 'DIRECTORY_TAKEN',
    message: /in use by the process 4242/,
  });
  lock.release();
  assert.equal(world.disk.exists(PATH), false);
  const next = DataDirectoryLock.take(world, '/data');
  // Twice does no harm to who holds it by then.
  lock.release();
  assert.equal(world.disk.exists(PATH), true);
  next.release();
});

test('what a killed process left is taken over', () => {
  const world = createSimulatedWorld(1);
  DataDirectoryLock.take(world, '/data');
  world.host.replaceProcess();
  DataDirectoryLock.take(world, '/data').release();
});

test('another process with the same id is told apart by its mark', () => {
  const world = createSimulatedWorld(1);
  DataDirectoryLock.take(world, '/data');
  const text = world.disk.readText(PATH) ?? '';
  assert.match(text, /"mark":"alive"/);
  world.disk.writeFileAtomic(PATH, Buffer.from(text.replace('alive', 'of another boot')));
  DataDirectoryLock.take(world, '/data').release();
});

test('a lock that was not written whole, or of another machine, holds nobody', () => {
  const world = createSimulatedWorld(1);
  world.disk.makeDirectory('/data');
  for (const text of [
    '',
    '{"pid":4242,"ma',
    'null',
    '{"pid":4242,"mark":"alive","host":"other"}',
  ]) {
    world.disk.writeFileAtomic(PATH, Buffer.from(text));
    DataDirectoryLock.take(world, '/data').release();
  }
});

test('a disk that refuses is told as that', () => {
  const world = createSimulatedWorld(1);
  world.disk.refuseWith('EROFS');
  assert.throws(() => DataDirectoryLock.take(world, '/data'), { code: 'DISK_REFUSED' });
});
