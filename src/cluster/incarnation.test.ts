import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SILENT_LOGGER } from '../base/logger.ts';
import { createSimulatedWorld } from '../world/simulated/simulated-world.ts';
import { takeIncarnation } from './incarnation.ts';

const DIRECTORY = '/data/cluster';

test('an incarnation is greater than the one before, also when the clock went back', () => {
  const world = createSimulatedWorld();
  const startMs = world.clock.wallMs();
  const first = takeIncarnation(world, DIRECTORY, SILENT_LOGGER);
  assert.equal(first, startMs);
  assert.equal(takeIncarnation(world, DIRECTORY, SILENT_LOGGER), startMs + 1);
  world.setWallMs(startMs - 86_400_000);
  assert.equal(takeIncarnation(world, DIRECTORY, SILENT_LOGGER), startMs + 2);
  world.setWallMs(startMs + 1_000);
  assert.equal(takeIncarnation(world, DIRECTORY, SILENT_LOGGER), startMs + 1_000);
});

test('without a directory, with a damaged file or a full disk, the clock decides', () => {
  const world = createSimulatedWorld();
  const nowMs = world.clock.wallMs();
  assert.equal(takeIncarnation(world, '', SILENT_LOGGER), nowMs);
  assert.equal(world.disk.exists(DIRECTORY), false);
  world.disk.makeDirectory(DIRECTORY);
  for (const text of ['', 'x\n', '123\n', '9999999999999']) {
    world.disk.writeFileAtomic(`${DIRECTORY}/incarnation`, Buffer.from(text));
    assert.equal(takeIncarnation(world, DIRECTORY, SILENT_LOGGER), nowMs, text);
  }
  world.disk.refuseWith('ENOSPC');
  assert.equal(takeIncarnation(world, DIRECTORY, SILENT_LOGGER), nowMs);
});
