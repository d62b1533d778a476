import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type CommandKit, createCommandKit } from '../../../testing/command-kit.ts';
import { type RealRedis, type RedisReply, startRealRedis } from '../../../testing/real-redis.ts';

/** What redis-server says of the commands that it has too: the facts of our rows are the same. */
const NOT_IN_7_0 = [
  'client|correlation',
  'client|no-touch',
  'client|setinfo',
  'hexpire',
  'hexpireat',
  'hexpiretime',
  'hgetdel',
  'hgetex',
  'hpersist',
  'hpexpire',
  'hpexpireat',
  'hpexpiretime',
  'hpttl',
  'hsetex',
  'httl',
  'waitaof',
];
/** Containers of ours: redis-server knows nothing of the kind. */
const OWN_CONTAINERS = ['filter', 'store', 'stores'];
/** WITHSCORE of 7.2 is an argument more. */
const LONGER_SINCE_7_0 = ['zrank', 'zrevrank'];
const ARITY = 1;
const SETS = [2, 6];
const SUBCOMMANDS = 9;

let redis: RealRedis | null;
let kit: CommandKit;

before(async () => {
  redis = await startRealRedis();
  kit = await createCommandKit();
});
after(async () => {
  await kit.node.stop();
  await redis?.stop();
});

type Facts = RedisReply[];

/** Every command and subcommand by full name, sets in one order, without the nested subcommands. */
function byName(replies: readonly RedisReply[], into = new Map<string, Facts>()) {
  for (const reply of replies) {
    if (!Array.isArray(reply)) continue;
    const children = reply[SUBCOMMANDS];
    const facts = reply.slice(0, SUBCOMMANDS);
    for (const i of SETS) facts[i] = [...(facts[i] as string[])].sort();
    into.set(String(reply[0]), facts);
    if (Array.isArray(children)) byName(children, into);
  }
  return into;
}

test('COMMAND INFO tells the same as redis-server of every command', async (context) => {
  if (redis === null) return context.skip('no redis-server');
  const theirs = byName((await redis.call('COMMAND', 'INFO')) as RedisReply[]);
  const ours = byName(kit.ask('COMMAND', 'INFO') as RedisReply[]);
  assert.ok(ours.size > 100, `${ours.size} commands`);
  for (const [name, facts] of ours) {
    if (NOT_IN_7_0.includes(name) || OWN_CONTAINERS.includes(name.split('|')[0])) continue;
    if (LONGER_SINCE_7_0.includes(name)) facts[ARITY] = theirs.get(name)?.[ARITY] ?? null;
    assert.deepEqual(facts, theirs.get(name), name);
  }
});

/** A call of each command that has keys, and some that contradict themselves. */
const CALLS = [
  'set k v',
  'set k v GET',
  'get k',
  'mget a b c',
  'mset a 1 b 2',
  'mset a 1 b',
  'msetnx a 1',
  'getdel k',
  'getex k persist',
  'getset k v',
  'append k v',
  'setrange k 0 v',
  'substr k 0 1',
  'incrbyfloat k 1',
  'lcs a b LEN',
  'setbit k 0 1',
  'bitcount k',
  'bitpos k 1',
  'bitop and d a b',
  'bitfield k get u8 0',
  'bitfield k set u8 0 1',
  'bitfield_ro k get u8 0',
  'del a b',
  'unlink a',
  'exists a b',
  'touch a',
  'type k',
  'expire k 1',
  'pexpireat k 1 NX',
  'persist k',
  'ttl k',
  'rename a b',
  'renamenx a b',
  'copy a b DB 1 REPLACE',
  'move k 1',
  'object encoding k',
  'memory usage k SAMPLES 1',
  'watch a b',
  'spublish c m',
  'ssubscribe c',
  'publish c m',
  'ping x',
  'nosuch x',
  'object nosuch x',
  'get',
  'get a b',
];

test('COMMAND GETKEYS and GETKEYSANDFLAGS find what redis-server finds', async (context) => {
  if (redis === null) return context.skip('no redis-server');
  for (const call of CALLS) {
    for (const name of ['GETKEYS', 'GETKEYSANDFLAGS']) {
      const words = ['COMMAND', name, ...call.split(' ')];
      const theirs = await redis.call(...words);
      const ours = kit.ask(...words);
      const told = ours instanceof Error ? ours.message : ours;
      assert.deepEqual(told, theirs, `${name} ${call}`);
    }
  }
});
