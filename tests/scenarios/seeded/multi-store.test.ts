import assert from 'node:assert/strict';
import { type Command, drawRank, MIB, scenario, statisticsOf } from './scenario.ts';

const TURN_COUNT = 60;
const KEY_COUNT = 20_000;
const STORES = [
  { name: 'pages', policy: 's3fifo', limitMib: 1 },
  { name: 'users', policy: 'lru', limitMib: 2 },
  { name: 'ranks', policy: 'w-tinylfu', limitMib: 1 },
  { name: 'orders', policy: 'noeviction', limitMib: 64 },
];

/** What one store of the scenario was asked for, by the replies. */
interface Tally {
  readonly written: Set<string>;
  hits: number;
  misses: number;
}

scenario(
  'stores side by side keep to their own limits, policies and statistics',
  ['--persistence.enabled=no'],
  async ({ connect, draw }) => {
    const { ask, askAll } = await connect();
    const tallies = new Map<string, Tally>();
    for (const { limitMib, name, policy } of STORES) {
      const options = ['max_memory', `${limitMib}mb`, 'eviction_policy', policy];
      assert.equal(await ask('STORE', 'CREATE', name, ...options), 'OK');
      tallies.set(name, { written: new Set(), hits: 0, misses: 0 });
    }
    for (let turn = 0; turn < TURN_COUNT; turn++) {
      const { name } = STORES[draw(STORES.length)];
      const tally = tallies.get(name)!;
      const keys = Array.from({ length: 200 + draw(2_000) }, () => {
        return `${name}:${drawRank(draw, KEY_COUNT)}`;
      });
      await ask('SELECT', name);
      const found = await askAll(keys.map((key) => ['GET', key]));
      const missed = new Set(keys.filter((_, i) => found[i] === null));
      tally.hits += found.filter((value) => value !== null).length;
      tally.misses += found.filter((value) => value === null).length;
      // What a store holds is its own: a value names its key.
      for (const [i, value] of found.entries()) {
        if (value !== null) assert.ok(String(value).startsWith(`${keys[i]};`), keys[i]);
      }
      const writes: Command[] = [...missed].map((key) => {
        tally.written.add(key);
        return ['SET', key, `${key};${'x'.repeat(50 + draw(900))}`];
      });
      const replies = await askAll(writes);
      assert.ok(
        replies.every((reply) => reply === 'OK'),
        name,
      );
    }
    await ask('SELECT', '0');
    assert.equal(await ask('DBSIZE'), 0);
    let evictions = 0;
    for (const { limitMib, name, policy } of STORES) {
      const told = await statisticsOf(ask, name);
      const { hits, misses, written } = tallies.get(name)!;
      assert.deepEqual([told.hits, told.misses], [hits, misses], name);
      assert.ok(told.memory <= limitMib * MIB * 1.01, `${name}: ${told.memory}`);
      if (policy === 'noeviction') {
        assert.deepEqual([told.evictions, told.keys], [0, written.size], name);
      }
      evictions += told.evictions;
    }
    assert.ok(evictions > 0, 'no store was ever full');
  },
);
