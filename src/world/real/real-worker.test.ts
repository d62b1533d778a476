import { strict as assert } from 'node:assert';
import { rmSync, writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { createRealWorld } from '../real-world.ts';

const ENTRY = new URL('../../worker-trial.js', import.meta.url);
const PORT = './world/real/worker-port.js';
const CODE = `
import { openWorkerPort } from '${PORT}';
const { data, post, onMessage, close } = openWorkerPort();
const shared = new Int32Array(data.shared);
onMessage((message) => {
  if (message === 'fail') throw new Error('as asked');
  if (message === 'close') return close();
  Atomics.add(shared, 0, 1);
  post({ echo: message, name: data.name });
});`;

describe('worker', () => {
  before(() => writeFileSync(ENTRY, CODE));
  after(() => rmSync(ENTRY));

  const start = () => {
    const shared = new SharedArrayBuffer(4);
    const worker = createRealWorld().startWorker('trial', { shared, name: 'a' });
    assert.ok(worker !== null);
    const heard: unknown[] = [];
    const exit = new Promise<Error | null>((resolve) => worker.onExit(resolve));
    const answered = new Promise<void>((resolve) => {
      worker.onMessage((message) => {
        heard.push(message);
        if (heard.length === 2) resolve();
      });
    });
    return { worker, shared, heard, exit, answered };
  };

  test('messages go both ways in order, and shared memory is shared', async () => {
    const { worker, shared, heard, exit, answered } = start();
    worker.post('one');
    worker.post({ two: 2 });
    await kept(answered);
    assert.deepEqual(heard, [
      { echo: 'one', name: 'a' },
      { echo: { two: 2 }, name: 'a' },
    ]);
    assert.equal(new Int32Array(shared)[0], 2);
    await worker.terminate();
    assert.equal(await exit, null);
    worker.post('nobody');
  });

  test('what it throws is told when it has ended', async () => {
    const { worker, exit } = start();
    worker.post('fail');
    assert.equal((await kept(exit))?.message, 'as asked');
  });

  test('it may end by itself', async () => {
    const { worker, exit } = start();
    worker.post('close');
    assert.equal(await kept(exit), null);
  });

  test('an entry that is not there is our own mistake', () => {
    assert.throws(() => createRealWorld().startWorker('unknown', null), /entry of the build/);
  });
});

/** A worker does not keep the process alive: something must while it is waited for. */
async function kept<Result>(promise: Promise<Result>): Promise<Result> {
  const keeper = setInterval(() => {}, 1000);
  try {
    return await promise;
  } finally {
    clearInterval(keeper);
  }
}
