import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NodeError } from '../base/errors.ts';
import { createSimulatedWorld, type SimulatedWorld } from '../world/simulated/simulated-world.ts';
import { HyperCache } from './hyper-cache.ts';

/** Lets virtual time pass until it has come to its end. */
async function drive<T>(promise: Promise<T>, world: SimulatedWorld): Promise<T> {
  let isDone = false;
  const finish = () => {
    isDone = true;
  };
  promise.then(finish, finish);
  for (let i = 0; !isDone && i < 10_000; i++) {
    world.advance(10);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return promise;
}

function start(policy: string, world: SimulatedWorld): Promise<HyperCache> {
  const settings = {
    'persistence.enabled': 'yes',
    'persistence.strategy': 'aof',
    'persistence.sync_policy': policy,
  };
  return drive(HyperCache.start({ world, settings }), world);
}

test('a call comes back when what it changed is as safe as the policy says', async () => {
  for (const policy of ['always', 'everysec', 'no']) {
    const world = createSimulatedWorld(5);
    const node = await start(policy, world);
    node.store().set('a', '1');
    node.command('RPUSH', 'l', 'x', 'y');
    const survivor = policy === 'always' ? world.disk.crash(3) : world.disk.copy();
    const nextWorld = createSimulatedWorld(6, survivor);
    nextWorld.host.replaceProcess();
    const next = await start(policy, nextWorld);
    assert.equal(next.store().get('a'), '1', policy);
    assert.equal(next.command('LLEN', 'l'), 2);
    await drive(next.stop(), nextWorld);
    await drive(node.stop(), world);
  }
});

test('a call whose change does not come to the disk says so; then writes are refused', async () => {
  const world = createSimulatedWorld(5);
  const node = await start('everysec', world);
  node.store().set('a', '1');
  const heal = world.disk.addFault({ code: 'ENOSPC', verbs: ['write'], path: /incr/ });
  assert.throws(
    () => node.store().set('a', '2'),
    (error) => error instanceof NodeError && error.code === 'DISK_REFUSED',
  );
  assert.equal(node.store().get('a'), '2', 'reads go on');
  assert.throws(() => node.store().set('a', '3'), /MISCONF/);
  heal();
  world.advance(1500);
  node.store().set('a', '4');
  await drive(node.stop(), world);
});
