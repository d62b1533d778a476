import assert from 'node:assert/strict';
import { patiently } from '../../support/patience.ts';
import { waitFor } from '../../support/server.ts';
import { scenario } from './scenario.ts';

const KEY_COUNT = 60_000;
const STORM_MS = 50;
/** So many times as long as the keys took to write: their deadlines are written until then. */
const AHEAD_RATIO = 3;
const AHEAD_MS_MIN = 500;
const PAUSE_MS_MAX = 100;

scenario(
  'keys that end together are gone on time, all of them, and hold nobody up',
  ['--persistence.enabled=no'],
  async ({ connect, draw }) => {
    const writer = await connect();
    const other = await connect();
    const emptyBytes = await writer.info('used_memory');
    const names = Array.from({ length: KEY_COUNT }, (_, i) => `k:${i}`);
    const beganMs = performance.now();
    await writer.askAll(names.map((name) => ['SET', name, 'x'.repeat(20 + draw(100))]));
    const aheadMs = AHEAD_MS_MIN + AHEAD_RATIO * (performance.now() - beganMs);
    const stormMs = (await nowMs(writer.ask)) + Math.round(aheadMs);
    const deadlines = names.map((name) => ['PEXPIREAT', name, `${stormMs + draw(STORM_MS)}`]);
    await writer.askAll([...deadlines, ['SET', 'stays', '1']]);
    assert.equal(await writer.ask('DBSIZE'), KEY_COUNT + 1, 'the storm began too early');

    let slowestMs = 0;
    await waitFor('the storm to be over', 60_000, async () => {
      const startMs = performance.now();
      await other.ask('PING');
      slowestMs = Math.max(slowestMs, performance.now() - startMs);
      return (await nowMs(other.ask)) > stormMs + STORM_MS || undefined;
    });
    // From their deadline on none is read, whether it was removed already or not.
    const sample = Array.from({ length: 2_000 }, () => ['GET', `k:${draw(KEY_COUNT)}`]);
    assert.ok((await writer.askAll(sample)).every((reply) => reply === null));
    await waitFor('the memory to be free', 60_000, async () => {
      const startMs = performance.now();
      const count = await other.ask('DBSIZE');
      slowestMs = Math.max(slowestMs, performance.now() - startMs);
      return count === 1 || undefined;
    });
    assert.equal(await writer.info('expired_keys'), KEY_COUNT);
    assert.ok(slowestMs < patiently(PAUSE_MS_MAX), `a PING took ${slowestMs} ms`);
    const leftBytes = (await writer.info('used_memory')) - emptyBytes;
    assert.ok(leftBytes < KEY_COUNT * 10, `${leftBytes} bytes are left`);
    assert.equal(await writer.ask('GET', 'stays'), '1');
  },
);

async function nowMs(ask: (...command: string[]) => Promise<unknown>): Promise<number> {
  const [seconds, microseconds] = (await ask('TIME')) as string[];
  return Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000);
}
