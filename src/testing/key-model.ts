import assert from 'node:assert/strict';
import { copiedInto, type Effect } from '../engine/effect.ts';
import { EVENT_ROWS } from '../engine/event-table.ts';
import type { MutationReader } from '../engine/mutation-sink.ts';
import type { Store } from '../engine/store.ts';

type Keys = Map<string, { isVolatile: boolean }>;

/** Which keys a store must hold, by its own account of what changed; checks each eviction. */
export class KeyModel implements MutationReader {
  evictedCount = 0;
  private readonly databases: Keys[] = Array.from({ length: 16 }, () => new Map());
  private readonly policyName: () => string;

  constructor(policyName: () => string) {
    this.policyName = policyName;
  }

  onEffect(effect: Effect, eventId: number): void {
    const words: string[] = [];
    for (let i = 0; i < effect.frame.count; i++) words.push(effect.frame.latin1(i));
    const [name, key, second] = words;
    const keys = this.databases[effect.databaseIndex];
    if (EVENT_ROWS[eventId].name === 'evicted') this.checkEvicted(keys, key);
    switch (name) {
      case 'DEL':
        assert.ok(keys.delete(key), `${key} was there to be removed`);
        return;
      case 'FLUSHDB':
        return keys.clear();
      case 'FLUSHALL':
        for (const each of this.databases) each.clear();
        return;
      case 'SWAPDB':
        this.databases[Number(key)] = this.databases[Number(second)];
        this.databases[Number(second)] = keys;
        return;
      case 'RENAME':
        return this.carry(keys, key, keys, second, true);
      case 'MOVE':
        return this.carry(keys, key, this.databases[Number(second)], key, true);
      case 'COPY':
        return this.carry(keys, key, this.databases[copiedInto(effect)], second, false);
      case 'PERSIST':
      case 'PEXPIREAT':
        keys.set(key, { isVolatile: name === 'PEXPIREAT' });
        return;
      case 'SET':
        if (!words.includes('KEEPTTL')) keys.set(key, { isVolatile: words.includes('PXAT') });
    }
    if (!keys.has(key)) keys.set(key, { isVolatile: false });
  }

  /** The store holds as many keys as the model, in each database, and the same ones. */
  assertEqual(store: Store): void {
    for (const database of store.databases) {
      const keys = this.databases[database.index];
      assert.equal(database.count, keys.size, `keys of database ${database.index}`);
      const deadlineCount = [...keys.values()].filter((one) => one.isVolatile).length;
      assert.equal(database.deadlineCount, deadlineCount);
    }
  }

  private checkEvicted(keys: Keys, key: string): void {
    this.evictedCount++;
    const policy = this.policyName();
    assert.notEqual(policy, 'noeviction');
    if (policy.startsWith('volatile-')) assert.ok(keys.get(key)?.isVolatile, `${key} may not go`);
  }

  private carry(from: Keys, key: string, to: Keys, toKey: string, isMove: boolean): void {
    const found = from.get(key);
    assert.ok(found !== undefined, `${key} was there to be carried`);
    if (isMove) from.delete(key);
    to.set(toKey, { ...found });
  }
}
