import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHttpKit } from '../testing/http-kit.ts';

const KEPT = { 'persistence.append_only': 'yes', 'persistence.sync_policy': 'always' };

/** Lets promises and the web framework's turns run. */
async function letRun(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
}

test('an answer over HTTP waits until what it tells of is as safe as the policy says', async () => {
  const kit = await createHttpKit(KEPT);
  kit.advance(1000);
  await letRun();
  assert.equal(kit.node.services.persistence.isLoading, false);
  const heal = kit.world.disk.addFault({ code: '', verbs: ['sync'], delayMs: 50 });
  let answered = '';
  const put = kit.ask('/api/cache/k', { method: 'PUT', body: { value: 'v' } });
  void put.then(() => {
    answered += 'put ';
  });
  await letRun();
  kit.world.runUntilIdle();
  const get = kit.ask('/api/cache/k');
  void get.then(() => {
    answered += 'get ';
  });
  await letRun();
  assert.equal(answered, '', 'who reads what is not safe waits as well');
  for (let i = 0; i < 20; i++) {
    kit.advance(10);
    await letRun();
  }
  assert.deepEqual(answered.trim().split(' ').sort(), ['get', 'put']);
  assert.match((await get).text, /"value":"v"/);
  heal();
  await kit.stop();
});

test('while the disk refuses, HTTP reads go on and writes are refused', async () => {
  const kit = await createHttpKit({ ...KEPT, 'persistence.sync_policy': 'everysec' });
  kit.advance(1000);
  await letRun();
  const client = kit.connect();
  assert.equal(client.ask('set k v'), '+OK\r\n');
  const heal = kit.world.disk.addFault({ code: 'ENOSPC', verbs: ['write'], path: /incr/ });
  assert.equal(client.ask('set k w'), '', 'its bytes wait for the disk, and so does it');
  const read = await kit.ask('/api/cache/k');
  assert.equal(read.status, 200);
  const refused = await kit.ask('/api/cache/k', { method: 'PUT', body: { value: 'x' } });
  assert.match(refused.text, /MISCONF/);
  heal();
  for (let i = 0; i < 30; i++) {
    kit.advance(100);
    await letRun();
  }
  assert.equal(client.take(), '+OK\r\n');
  const put = kit.ask('/api/cache/k', { method: 'PUT', body: { value: 'y' } });
  await letRun();
  kit.world.runUntilIdle();
  assert.ok((await put).status < 300);
  await kit.stop();
});
