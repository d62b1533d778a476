import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { Redis, type RedisOptions } from 'ioredis';
import { testBothServers } from '../support/both-servers.ts';
import { waitFor } from '../support/server.ts';
import { type Call, runSmoke, runSmokeAtOnce } from './smoke.ts';

type Options = RedisOptions & { replyMapping?: 'legacy' };

const CALL_COUNT = 40;
const WITHIN_MS = 5_000;

testBothServers('ioredis', {
  'every family of strings and keys, one by one and all at once': async (t, port) => {
    for (const protocol of [2, 3] as const) {
      for (const enableAutoPipelining of [false, true]) {
        const client = connect(t, port, { protocol, enableAutoPipelining });
        const call = client.call.bind(client) as Call;
        const prefix = `io${protocol}${enableAutoPipelining}`;
        assert.equal(await runSmoke(call, prefix), CALL_COUNT);
        assert.equal(await runSmokeAtOnce(call, `${prefix}-at-once`), CALL_COUNT);
      }
    }
  },

  'lists, hashes, sets and sorted sets': async (t, port) => {
    for (const protocol of [2, 3] as const) {
      const client = connect(t, port, { protocol, keyPrefix: `types${protocol}:` });
      assert.equal(await client.rpush('list', 'a', 'b', 'c'), 3);
      assert.deepEqual(await client.lrange('list', 0, -1), ['a', 'b', 'c']);
      assert.equal(await client.lpos('list', 'b'), 1);
      assert.equal(await client.lmove('list', 'list', 'LEFT', 'RIGHT'), 'a');
      assert.deepEqual(await client.lmpop(2, 'none', 'list', 'LEFT', 'COUNT', 2), [
        `types${protocol}:list`,
        ['b', 'c'],
      ]);

      assert.equal(await client.hset('hash', { name: 'Ada', year: 1815 }), 2);
      assert.deepEqual(await client.hgetall('hash'), { name: 'Ada', year: '1815' });
      assert.deepEqual(await client.hmget('hash', 'year', 'none'), ['1815', null]);
      assert.equal(await client.hincrbyfloat('hash', 'year', 0.5), '1815.5');

      assert.equal(await client.sadd('set', 'x', 'y', 'z'), 3);
      assert.deepEqual((await client.smembers('set')).sort(), ['x', 'y', 'z']);
      assert.deepEqual(await client.smismember('set', 'x', 'no'), [1, 0]);
      await client.sadd('set2', 'y');
      assert.deepEqual(await client.sinter('set', 'set2'), ['y']);

      assert.equal(await client.zadd('zset', 1, 'one', 2.5, 'two', '+inf', 'all'), 3);
      assert.deepEqual(await client.zrange('zset', '0', '-1', 'WITHSCORES'), [
        ...['one', '1', 'two', '2.5', 'all', 'inf'],
      ]);
      assert.deepEqual(await client.zrangebyscore('zset', '(1', 3), ['two']);
      assert.equal(await client.zscore('zset', 'two'), '2.5');
      assert.equal(await client.zincrby('zset', 2, 'one'), '3');
      assert.equal(await client.zrank('zset', 'one'), 1);
      assert.deepEqual(await client.zpopmin('zset'), ['two', '2.5']);
    }
  },

  'streams, geography, estimates and bits': async (t, port) => {
    const client = connect(t, port, { keyPrefix: 'more:' });
    const ids = [];
    for (let i = 0; i < 3; i++) ids.push(await client.xadd('stream', '*', 'n', i));
    assert.equal(await client.xlen('stream'), 3);
    assert.deepEqual(await client.xrange('stream', '-', '+', 'COUNT', 1), [[ids[0], ['n', '0']]]);
    assert.deepEqual(await client.xread('STREAMS', 'stream', ids[1]!), [
      ['more:stream', [[ids[2], ['n', '2']]]],
    ]);
    await client.xgroup('CREATE', 'stream', 'group', '0');
    const read = await client.xreadgroup('GROUP', 'group', 'ada', 'STREAMS', 'stream', '>');
    assert.equal((read as [string, unknown[]][])[0][1].length, 3);
    assert.equal(await client.xack('stream', 'group', ids[0]!), 1);
    const pending = await client.xpending('stream', 'group');
    assert.deepEqual(pending, [2, ids[1], ids[2], [['ada', '2']]]);
    const claimed = await client.xautoclaim('stream', 'group', 'bob', 0, '0');
    assert.deepEqual(claimed[0], '0-0');
    assert.equal(await client.xtrim('stream', 'MAXLEN', 1), 2);

    await client.geoadd('geo', 13.361389, 38.115556, 'Palermo', 15.087269, 37.502669, 'Catania');
    assert.equal(await client.geodist('geo', 'Palermo', 'Catania', 'KM'), '166.2742');
    const near = await client.geosearch('geo', 'FROMLONLAT', 15, 37, 'BYRADIUS', 200, 'km', 'ASC');
    assert.deepEqual(near, ['Catania', 'Palermo']);

    await client.pfadd('seen', ...Array.from({ length: 100 }, (_, i) => i));
    assert.equal(await client.pfcount('seen'), 100);
    assert.deepEqual(await client.bitfield('bits', 'SET', 'u8', 0, 255), [0]);
    assert.deepEqual(await client.bitfield('bits', 'GET', 'u4', 4), [15]);
  },

  'pipelines and transactions': async (t, port) => {
    const client = connect(t, port);
    const other = connect(t, port);
    assert.deepEqual(await client.pipeline().set('io:p', '1').incr('io:p').get('io:p').exec(), [
      [null, 'OK'],
      [null, 2],
      [null, '2'],
    ]);
    const mixed = await client.pipeline().lpush('io:p', 'x').get('io:p').exec();
    assert.match(String(mixed?.[0][0]), /WRONGTYPE/);
    assert.equal(mixed?.[1][1], '2');
    assert.deepEqual(await client.multi().incr('io:p').ttl('io:p').exec(), [
      [null, 3],
      [null, -1],
    ]);
    await client.watch('io:p');
    await other.set('io:p', '9');
    assert.equal(await client.multi().incr('io:p').exec(), null);
    assert.equal(await client.get('io:p'), '9');
    await assert.rejects(client.multi().call('NO-SUCH-COMMAND').exec(), /EXECABORT/);
    const big = client.pipeline();
    for (let i = 0; i < 5_000; i++) big.incr('io:big');
    const counted = await big.exec();
    assert.equal(counted?.at(-1)?.[1], 5_000);
  },

  'subscribers hear channels, patterns and shards': async (t, port) => {
    const client = connect(t, port);
    const subscriber = connect(t, port);
    await subscriber.subscribe('io:news');
    await subscriber.psubscribe('io:n?ws*');
    await subscriber.ssubscribe('io:shard');
    const heard = once(subscriber, 'message');
    const matched = once(subscriber, 'pmessage');
    assert.equal(await client.publish('io:news', 'käse'), 2);
    assert.deepEqual(await heard, ['io:news', 'käse']);
    assert.deepEqual(await matched, ['io:n?ws*', 'io:news', 'käse']);
    const sharded = once(subscriber, 'smessage');
    assert.equal(await client.spublish('io:shard', 'part'), 1);
    assert.deepEqual(await sharded, ['io:shard', 'part']);
    assert.deepEqual(await client.pubsub('NUMSUB', 'io:news'), ['io:news', 1]);
    await subscriber.unsubscribe('io:news');
    assert.equal(await client.publish('io:news', 'again'), 1);
  },

  'scripts and functions': async (t, port) => {
    const client = connect(t, port);
    client.defineCommand('addTo', {
      numberOfKeys: 1,
      lua: "return redis.call('incrby', KEYS[1], ARGV[1])",
    });
    const scripted = client as Redis & { addTo(key: string, n: number): Promise<number> };
    assert.equal(await scripted.addTo('io:script', 40), 40);
    await client.script('FLUSH');
    assert.equal(await scripted.addTo('io:script', 2), 42, 'the library sends it again');
    assert.deepEqual(await client.eval('return {KEYS[1],ARGV[1],1.9}', 1, 'k', 'a'), ['k', 'a', 1]);
    await assert.rejects(
      client.eval("return redis.error_reply('MY own')", 0),
      /^ReplyError: MY own/,
    );
    await assert.rejects(client.evalsha('0'.repeat(40), 0), /NOSCRIPT/);
    const library = `#!lua name=iolib
      redis.register_function('io_double', function(keys, args) return args[1] * 2 end)`;
    assert.equal(await client.function('LOAD', 'REPLACE', library), 'iolib');
    assert.equal(await client.fcall('io_double', 0, '21'), 42);
    await client.function('DELETE', 'iolib');
  },

  'who waits is served by who pushes': async (t, port) => {
    const [pusher, waiter] = [connect(t, port), connect(t, port)];
    const popped = waiter.blpop('io:q1', 'io:q2', 5);
    await pusher.rpush('io:q2', 'x');
    assert.deepEqual(await popped, ['io:q2', 'x']);
    const moved = waiter.blmove('io:q1', 'io:q3', 'LEFT', 'RIGHT', 5);
    await pusher.rpush('io:q1', 'y');
    assert.equal(await moved, 'y');
    const least = waiter.bzpopmin('io:z', 5);
    await pusher.zadd('io:z', 2, 'b', 1.5, 'a');
    assert.deepEqual(await least, ['io:z', 'a', '1.5']);
    const entry = waiter.xread('BLOCK', 5_000, 'STREAMS', 'io:stream', '$');
    await waitFor('the reader to block', WITHIN_MS, async () => {
      return String(await pusher.client('LIST')).includes('cmd=xread') || undefined;
    });
    const id = await pusher.xadd('io:stream', '*', 'f', 'v');
    assert.deepEqual(await entry, [['io:stream', [[id, ['f', 'v']]]]]);
    assert.equal(await waiter.blpop('io:nobody', 0.05), null);
  },

  'streams of keys, fields and members': async (t, port) => {
    const client = connect(t, port);
    const names = Array.from({ length: 1_000 }, (_, i) => `m${i}`).sort();
    await client.mset(...names.flatMap((name) => [`io:scan:${name}`, '1']));
    await client.hset('io:h', Object.fromEntries(names.map((name) => [name, '1'])));
    await client.sadd('io:s', ...names);
    await client.zadd('io:zs', ...names.flatMap((name) => [1, name]));
    const collect = async (pages: AsyncIterable<string[]>): Promise<string[]> => {
      const all: string[] = [];
      for await (const page of pages) all.push(...page);
      return [...new Set(all)].sort();
    };
    const keys = await collect(client.scanStream({ match: 'io:scan:*', count: 50 }));
    assert.deepEqual(
      keys,
      names.map((name) => `io:scan:${name}`),
    );
    const pairs = [...new Set([...names, '1'])].sort();
    assert.deepEqual(await collect(client.hscanStream('io:h')), pairs);
    assert.deepEqual(await collect(client.sscanStream('io:s')), names);
    assert.deepEqual(await collect(client.zscanStream('io:zs')), pairs);
  },

  'binary keys and values come back as they were': async (t, port) => {
    const client = connect(t, port);
    const key = Buffer.from([0, 13, 10, 255]);
    const value = Buffer.from(Array.from({ length: 70_000 }, (_, i) => i % 256));
    await client.set(key, value);
    assert.deepEqual(await client.getBuffer(key), value);
    await client.hset(Buffer.from('io:bin'), key, value);
    assert.deepEqual(await client.hgetallBuffer('io:bin'), { [String(key)]: value });
    assert.deepEqual(await client.getrangeBuffer(key, 0, 3), value.subarray(0, 4));
  },

  'after a cut the client is back, with its database and its subscriptions': async (t, port) => {
    const admin = connect(t, port);
    const client = connect(t, port, { db: 3, connectionName: 'cut-me' });
    const subscriber = connect(t, port, { connectionName: 'cut-me' });
    await client.set('io:where', 'db3');
    await subscriber.subscribe('io:after');
    const list = String(await admin.client('LIST')).split('\n');
    const ids = list
      .filter((line) => line.includes('name=cut-me'))
      .map((line) => /id=(\d+)/.exec(line)?.[1] ?? '');
    assert.equal(ids.length, 2);
    const back = Promise.all([client, subscriber].map((cut) => once(cut, 'ready')));
    for (const id of ids) assert.equal(await admin.call('CLIENT', 'KILL', 'ID', id), 1);
    await back;
    assert.equal(await client.get('io:where'), 'db3');
    const heard = once(subscriber, 'message');
    await waitFor('the subscription', WITHIN_MS, async () => {
      return (await admin.publish('io:after', 'hello')) === 1 || undefined;
    });
    assert.deepEqual(await heard, ['io:after', 'hello']);
  },

  'a monitor sees what the others do': async (t, port) => {
    const client = connect(t, port);
    // The library drops a monitor that is shown a command before it has read its OK.
    await client.ping();
    const monitor = await client.monitor();
    t.after(() => monitor.disconnect());
    const seen = new Promise<string[]>((resolve) => {
      monitor.on('monitor', (_time: string, args: string[]) => {
        if (args[1] === 'io:watched') resolve(args);
      });
    });
    await client.set('io:watched', 'yes');
    assert.deepEqual((await seen).slice(1), ['io:watched', 'yes']);
  },

  'a user with rights of its own': async (t, port) => {
    const admin = connect(t, port);
    await admin.acl('SETUSER', 'reader', 'on', '>secret', '~io:*', '+@read', '+info', '+hello');
    const login = { username: 'reader', password: 'secret', enableReadyCheck: false };
    const reader = connect(t, port, login);
    await admin.set('io:acl', 'seen');
    assert.equal(await reader.get('io:acl'), 'seen');
    await assert.rejects(reader.set('io:acl', 'x'), /NOPERM/);
    await assert.rejects(reader.get('other'), /NOPERM/);
    const gone = once(reader, 'close');
    assert.equal(await admin.acl('DELUSER', 'reader'), 1);
    await gone;
  },

  'replies in the types of RESP3, when asked for': async (t, port) => {
    const client = new Redis(port, { protocol: 3, replyMapping: 'resp3' });
    t.after(() => client.disconnect());
    await client.hset('io:map', { a: '1' });
    await client.zadd('io:double', 1.5, 'm');
    assert.deepEqual({ ...((await client.call('HGETALL', 'io:map')) as object) }, { a: '1' });
    assert.equal(await client.call('ZSCORE', 'io:double', 'm'), 1.5);
    const library = (await client.call('HELLO')) as { proto: number };
    assert.equal(library.proto, 3);
  },
});

function connect(t: TestContext, port: number, options: Options = {}): Redis {
  const client = new Redis(port, options);
  t.after(() => client.disconnect());
  return client;
}
