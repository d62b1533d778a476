import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { RealRedis } from '../testing/real-redis.ts';
import { startRealRedis } from '../testing/real-redis.ts';
import { createSimulatedWorld } from '../world/simulated/simulated-world.ts';
import { ConfigRegistry } from './config-registry.ts';
import { loadConfiguration } from './load-configuration.ts';
import { readStartArguments } from './sources/command-line.ts';

/** Every reply of CONFIG GET and CONFIG SET beside that of redis-server 7.0.15. */

/** Where we differ on purpose: our own defaults, and what the machine decides. */
const OTHER_VALUES = new Set(['bind', 'dir', 'maxmemory', 'port', 'save']);

/** What would move the oracle away from under the test, or asks its operating system. */
const NOT_SET = new Set(['bind', 'port', 'tls-port', 'requirepass', 'maxclients', 'appendonly']);

/** There a size beyond 2^63 turns into a percentage, and TLS must be configured to be used. */
const OTHER_REPLIES = new Set([
  'maxmemory-clients 9223372036854775808',
  'maxmemory-clients 99999999999999999999999999',
  'tls-cluster yes',
  'tls-replication yes',
]);

const TRIED_VALUES = [
  'zzz',
  '',
  ' ',
  '0',
  '1',
  '7',
  '07',
  '+7',
  ' 7',
  '-1',
  '-2',
  '-9223372036854775808',
  '2147483647',
  '2147483648',
  '65536',
  '4096',
  '1048576',
  '9223372036854775807',
  '9223372036854775808',
  '99999999999999999999999999',
  '1k',
  '1KB',
  '3mb',
  '1.5gb',
  '1MiB',
  '50%',
  '101%',
  'yes',
  'NO',
  'true',
  'Allkeys-LRU',
  'a b',
  '{title}',
  '{foo}',
  '60 1',
  '60 1 30',
  '60 1 30 2',
  '0 5',
  'normal 1mb 2kb 3',
  'replica 1 2 3 pubsub 4 5 6',
  'slave 1 2 x',
  'nosuch 1 2 3',
  'KEA',
  'Kmn',
  'g$lshzxetd',
  '0 800 200',
  '50 99.99',
  '50.12345678',
  'now force',
  'save nosave',
  'debug',
  'verbose',
  'notice',
  'warning',
  'always',
  'everysec',
  'swapdb',
];

describe('beside redis-server', { concurrency: false }, () => {
  let redis: RealRedis | null = null;
  let registry: ConfigRegistry;

  before(async () => {
    redis = await startRealRedis({ flags: ['--save', '', '--appendonly', 'no'] });
    registry = await openRegistry();
  });
  after(() => redis?.stop());

  test('every parameter it lists is answered, with the same default', async (t) => {
    if (redis === null) return t.skip('redis-server is not installed');
    const theirs = pairsOf((await redis.call('CONFIG', 'GET', '*')) as string[]);
    const ours = new Map(registry.get(['*']));
    assert.deepEqual([...ours.keys()].sort(), [...theirs.keys()].sort());
    for (const [name, value] of theirs) {
      if (!OTHER_VALUES.has(name)) assert.equal(ours.get(name), value, name);
    }
  });

  test('patterns and spellings answer the same names', async (t) => {
    if (redis === null) return t.skip('redis-server is not installed');
    for (const patterns of [
      ['MAXCLIENTS'],
      ['max*', 'maxclients', 'MAXmemory-s*'],
      ['Slave-Priority'],
      ['watchdog-period'],
      ['watchdog*'],
      ['nosuch'],
      ['*-[xyz]*', 'h?'],
      ['tls-[^a-k]*'],
      ['user', 'include', 'rename-command'],
    ]) {
      const theirs = pairsOf((await redis.call('CONFIG', 'GET', ...patterns)) as string[]);
      const names = registry.get(patterns).map(([name]) => name);
      // Which spelling of a name given twice is answered is left to chance there.
      const folded = (list: Iterable<string>) => [...list].map((name) => name.toLowerCase()).sort();
      assert.deepEqual(folded(names), folded(theirs.keys()), patterns.join(' '));
      if (!/[*?[]/.test(patterns.join())) assert.deepEqual(names, [...theirs.keys()]);
    }
  });

  test('CONFIG SET of every parameter with every value replies the same', async (t) => {
    if (redis === null) return t.skip('redis-server is not installed');
    const names = registry.get(['*']).map(([name]) => name);
    let refusalCount = 0;
    const differences: string[] = [];
    for (const name of names.sort()) {
      if (NOT_SET.has(name)) continue;
      for (const value of TRIED_VALUES) {
        if (OTHER_REPLIES.has(`${name} ${value}`)) continue;
        const theirs = await redis.call('CONFIG', 'SET', name, value);
        const ours = registry.set([[name, value]]) ?? 'OK';
        if (ours !== theirs) differences.push(`${name} '${value}': ${ours} / ${theirs}`);
        else if (ours !== 'OK') refusalCount++;
        else await compareValue(name, value);
      }
    }
    assert.deepEqual(differences, []);
    assert.ok(refusalCount > 1000, 'most of the values are bad for most parameters');
  });

  async function compareValue(name: string, value: string): Promise<void> {
    const [, theirs] = (await redis!.call('CONFIG', 'GET', name)) as string[];
    const [[, ours]] = registry.get([name]) as [[string, string]];
    // A field is a Number: beyond 2^53 the last digits are lost.
    const isHuge = /^\d{16,}$/.test(ours) && Number(ours) === Number(theirs);
    if (!isHuge) assert.equal(ours, theirs, `CONFIG GET ${name} after '${value}'`);
  }

  test('several pairs are set together or not at all', async (t) => {
    if (redis === null) return t.skip('redis-server is not installed');
    await redis.call('CONFIG', 'SET', 'maxmemory', '1mb', 'hz', '10');
    registry.set([
      ['maxmemory', '1mb'],
      ['hz', '10'],
    ]);
    for (const words of [
      ['maxmemory', '2mb', 'hz', '20'],
      ['maxmemory', '3mb', 'hz', 'x'],
      ['maxmemory', '3mb', 'maxmemory', '4mb'],
      ['slave-priority', '5', 'replica-priority', '6'],
      ['MAXMEMORY', '3mb', 'maxmemory', '4mb'],
      ['maxmemory', '3mb', 'nosuch', '1'],
      ['nosuch', '1', 'nosuch2', '1'],
      ['aclfile', 'x', 'nosuch', '1'],
      ['nosuch', '1', 'aclfile', 'x'],
      ['MaxMemory', 'x'],
      ['AclFile', 'x'],
      ['dbfilename', 'x', 'dir', '.'],
      ['HASH-max-ziplist-value', 'x'],
    ]) {
      const pairs: [string, string][] = [];
      for (let at = 0; at < words.length; at += 2) pairs.push([words[at]!, words[at + 1]!]);
      const theirs = await redis.call('CONFIG', 'SET', ...words);
      assert.equal(registry.set(pairs) ?? 'OK', theirs, words.join(' '));
      for (const name of ['maxmemory', 'hz', 'replica-priority'])
        await compareValue(name, words[0]!);
    }
  });
});

async function openRegistry(): Promise<ConfigRegistry> {
  const world = createSimulatedWorld();
  world.disk.writeFileAtomic('/redis.conf', Buffer.from('appendonly no\nsave ""\n'));
  const loaded = await loadConfiguration(world, readStartArguments(['/redis.conf']));
  assert.deepEqual(loaded.problems, []);
  return new ConfigRegistry({ ...loaded, disk: world.disk });
}

function pairsOf(list: readonly string[]): Map<string, string> {
  const pairs = new Map<string, string>();
  for (let at = 0; at < list.length; at += 2) pairs.set(list[at]!, list[at + 1]!);
  return pairs;
}
