import assert from 'node:assert/strict';
import { waitFor } from '../../support/server.ts';
import { type Command, MIB, type ScenarioClient, scenario, statisticsOf } from './scenario.ts';

const STORE_MIB = 8;
const RETURNING_COUNT = 500;
const PASSING_COUNT = 40_000;

/** With a grace of 0 whoever never came back goes before anybody who did. */
scenario(
  'a flood of passing visitors pushes out no session of those who come back',
  ['--cache.session_grace=0', '--persistence.enabled=no'],
  async ({ connect, draw }) => {
    const site = await connect();
    await site.ask('SET', 'elsewhere', 'stays');
    const options = `max_memory ${STORE_MIB}mb eviction_policy session default_ttl 30m`.split(' ');
    assert.equal(await site.ask('STORE', 'CREATE', 'sessions', ...options), 'OK');
    assert.equal(await site.ask('SELECT', 'sessions'), 'OK');
    const session = () => 's'.repeat(200 + draw(400));

    const returning = Array.from({ length: RETURNING_COUNT }, (_, i) => `returning:${i}`);
    await site.askAll(returning.map((name) => ['SET', name, session()]));
    const beganS = await secondOf(site.ask);
    await waitFor('a later second', 5_000, async () => {
      return (await secondOf(site.ask)) > beganS || undefined;
    });
    await site.askAll(returning.map((name) => ['GET', name]));

    let passed = 0;
    while (passed < PASSING_COUNT) {
      const crowd: Command[] = Array.from({ length: 500 + draw(3_000) }, () => {
        return ['SET', `passing:${passed++}`, session()];
      });
      const replies = await site.askAll(crowd);
      assert.ok(replies.every((reply) => reply === 'OK'));
      const { memory } = await statisticsOf(site.ask, 'sessions');
      assert.ok(memory <= STORE_MIB * MIB * 1.01, `${memory}`);
    }
    const { evictions, keys } = await statisticsOf(site.ask, 'sessions');
    assert.equal(keys + evictions, RETURNING_COUNT + passed);
    const kept = await site.askAll(returning.map((name) => ['EXISTS', name]));
    const keptCount = kept.filter((reply) => reply === 1).length;
    assert.ok(keptCount >= 0.99 * RETURNING_COUNT, `${keptCount} of ${RETURNING_COUNT} are left`);
    const time = Number(await site.ask('TTL', returning[0]));
    assert.ok(time > 0 && time <= 1_800);
    await site.ask('SELECT', '0');
    assert.equal(await site.ask('GET', 'elsewhere'), 'stays');
  },
);

async function secondOf(ask: ScenarioClient['ask']): Promise<number> {
  return Number(((await ask('TIME')) as string[])[0]);
}
