import assert from 'node:assert/strict';
import { type Command, MIB, scenario } from './scenario.ts';

const STEP_COUNT = 150;
const STORE_NAMES = ['pages', 'Sessions', 'users', 'tokens', 'a', 'b-2', 'c_3'];
const POLICIES = ['lru', 's3fifo', 'sieve', 'noeviction', 'w-tinylfu', 'session'];

scenario(
  'stores that come and go keep what is theirs, leave nothing behind and survive restarts',
  ['--cache.max_stores=8'],
  async ({ connect, draw, restart }) => {
    let client = await connect();
    const emptyBytes = await client.info('used_memory');
    await client.ask('SET', 'of default', '1');
    /** Name -> how many keys it holds. */
    const stores = new Map<string, number>();
    for (let step = 0; step < STEP_COUNT; step++) {
      const name = STORE_NAMES[draw(STORE_NAMES.length)];
      const held = stores.get(name);
      if (held === undefined) {
        const options = ['eviction_policy', POLICIES[draw(POLICIES.length)], 'max_memory', '64mb'];
        assert.equal(await client.ask('STORE', 'CREATE', name, ...options), 'OK');
        stores.set(name, 0);
      } else if (draw(4) === 0) {
        assert.match(
          String(await client.ask('STORE', 'CREATE', name.toUpperCase())),
          /STOREEXISTS/,
        );
        assert.equal(await client.ask('STORE', 'DROP', name), 'OK');
        assert.match(String(await client.ask('SELECT', name)), /^-NOSTORE/);
        stores.delete(name);
      } else {
        const count = 1 + draw(400);
        const writes: Command[] = [['SELECT', name]];
        for (let i = 0; i < count; i++) {
          writes.push(['SET', `${name}:${held + i}`, 'x'.repeat(draw(300))]);
        }
        const replies = await client.askAll([...writes, ['DBSIZE'], ['SELECT', '0']]);
        assert.equal(replies.at(-2), held + count, name);
        stores.set(name, held + count);
      }
      if (draw(60) === 0) {
        await restart('SIGTERM');
        client = await connect();
      }
      if (draw(10) === 0) await assertHeld(client.askAll, stores);
    }
    await assertHeld(client.askAll, stores);
    for (const name of stores.keys()) await client.ask('STORE', 'DROP', name.toLowerCase());
    assert.deepEqual(await client.ask('STORES'), ['default']);
    assert.equal(await client.ask('DBSIZE'), 1);
    const leftBytes = (await client.info('used_memory')) - emptyBytes;
    assert.ok(leftBytes < MIB, `${leftBytes} bytes are left`);
  },
);

/** In each store as many keys as were written there, and none of another. */
async function assertHeld(
  askAll: (commands: readonly Command[]) => Promise<unknown[]>,
  stores: ReadonlyMap<string, number>,
): Promise<void> {
  for (const [name, count] of stores) {
    const looks = [['SELECT', name], ['DBSIZE'], ['GET', 'of default'], ['RANDOMKEY']];
    const replies = await askAll([...looks, ['SELECT', '0']]);
    assert.deepEqual(replies.slice(1, 3), [count, null], name);
    if (count > 0) assert.ok(String(replies[3]).startsWith(`${name}:`), String(replies[3]));
  }
}
