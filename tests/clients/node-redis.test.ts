import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { createClient, createClientPool, defineScript, RESP_TYPES, WatchError } from 'redis';
import { testBothServers } from '../support/both-servers.ts';
import { waitFor } from '../support/server.ts';
import { type Call, runSmoke, runSmokeAtOnce } from './smoke.ts';

const CALL_COUNT = 40;
const WITHIN_MS = 5_000;

testBothServers('redis', {
  'every family of strings and keys, one by one and all at once': async (t, port) => {
    for (const RESP of [2, 3] as const) {
      for (const disableOfflineQueue of [false, true]) {
        const client = await connect(t, port, { RESP, disableOfflineQueue });
        const call: Call = (...args) => client.sendCommand(args);
        const prefix = `nr${RESP}${disableOfflineQueue}`;
        assert.equal(await runSmoke(call, prefix), CALL_COUNT);
        assert.equal(await runSmokeAtOnce(call, `${prefix}-at-once`), CALL_COUNT);
      }
    }
  },

  'lists, hashes, sets and sorted sets': async (t, port) => {
    for (const RESP of [2, 3] as const) {
      const client = await connect(t, port, { RESP });
      const key = (name: string) => `nr${RESP}:${name}`;
      assert.equal(await client.rPush(key('list'), ['a', 'b', 'c']), 3);
      assert.deepEqual(await client.lRange(key('list'), 0, -1), ['a', 'b', 'c']);
      assert.equal(await client.lPos(key('list'), 'c'), 2);
      assert.deepEqual(await client.lmPop([key('none'), key('list')], 'RIGHT', { COUNT: 2 }), [
        key('list'),
        ['c', 'b'],
      ]);

      assert.equal(await client.hSet(key('hash'), { name: 'Ada', year: 1815 }), 2);
      assert.deepEqual({ ...(await client.hGetAll(key('hash'))) }, { name: 'Ada', year: '1815' });
      assert.equal(await client.hIncrBy(key('hash'), 'year', 1), 1816);
      assert.equal(await client.hGet(key('hash'), 'none'), null);

      assert.equal(await client.sAdd(key('set'), ['x', 'y', 'z']), 3);
      assert.deepEqual([...(await client.sMembers(key('set')))].sort(), ['x', 'y', 'z']);
      assert.equal(await client.sIsMember(key('set'), 'x'), 1);
      assert.equal(await client.sInterCard([key('set'), key('set')]), 3);

      const members = [
        { value: 'one', score: 1 },
        { value: 'two', score: 2.5 },
        { value: 'all', score: Number.POSITIVE_INFINITY },
      ];
      assert.equal(await client.zAdd(key('zset'), members), 3);
      assert.deepEqual(await client.zRangeWithScores(key('zset'), 0, -1), members);
      assert.deepEqual(await client.zRange(key('zset'), '(1', 3, { BY: 'SCORE' }), ['two']);
      assert.equal(await client.zScore(key('zset'), 'two'), 2.5);
      assert.deepEqual(await client.zmScore(key('zset'), ['one', 'none']), [1, null]);
      assert.deepEqual(await client.zPopMin(key('zset')), { value: 'one', score: 1 });
    }
  },

  'streams, geography, estimates and bits': async (t, port) => {
    for (const RESP of [2, 3] as const) {
      const client = await connect(t, port, { RESP });
      const key = (name: string) => `nrm${RESP}:${name}`;
      const id = await client.xAdd(key('stream'), '*', { n: '0' });
      const second = await client.xAdd(key('stream'), '*', { n: '1' });
      const [first] = (await client.xRange(key('stream'), '-', '+', { COUNT: 1 })) ?? [];
      assert.equal(first.id, id);
      assert.deepEqual({ ...first.message }, { n: '0' });
      await client.xGroupCreate(key('stream'), 'group', '0');
      const read = await client.xReadGroup('group', 'ada', { key: key('stream'), id: '>' });
      assert.match(JSON.stringify(read), new RegExp(`${id}.*${second}`));
      assert.equal(await client.xAck(key('stream'), 'group', id), 1);
      const pending = await client.xPending(key('stream'), 'group');
      assert.equal(pending.pending, 1);
      assert.deepEqual(pending.consumers, [{ name: 'ada', deliveriesCounter: 1 }]);
      const claimed = await client.xAutoClaim(key('stream'), 'group', 'bob', 0, '0');
      assert.equal(claimed.messages[0]?.id, second);
      const info = await client.xInfoStream(key('stream'));
      assert.equal(info.length, 2);
      assert.equal((await client.xInfoGroups(key('stream')))[0].pending, 1);

      await client.geoAdd(key('geo'), [
        { longitude: 13.361389, latitude: 38.115556, member: 'Palermo' },
        { longitude: 15.087269, latitude: 37.502669, member: 'Catania' },
      ]);
      assert.equal(await client.geoDist(key('geo'), 'Palermo', 'Catania', 'km'), 166.2742);
      const from = { longitude: 15, latitude: 37 };
      const near = await client.geoSearch(
        key('geo'),
        from,
        { radius: 200, unit: 'km' },
        {
          SORT: 'ASC',
        },
      );
      assert.deepEqual(near, ['Catania', 'Palermo']);
      await client.pfAdd(key('seen'), ['a', 'b', 'c']);
      assert.equal(await client.pfCount(key('seen')), 3);
      assert.equal(await client.setBit(key('bits'), 7, 1), 0);
      assert.equal(await client.bitCount(key('bits')), 1);
    }
  },

  'transactions, and what becomes of them when a key changes': async (t, port) => {
    const client = await connect(t, port);
    const other = await connect(t, port);
    const replies = await client.multi().set('nr:m', '1').incr('nr:m').get('nr:m').exec();
    assert.deepEqual([...replies], ['OK', 2, '2']);
    await client.watch('nr:m');
    await other.set('nr:m', '9');
    await assert.rejects(client.multi().incr('nr:m').exec(), WatchError);
    assert.equal(await client.get('nr:m'), '9');
    const mixed = client.multi().lPush('nr:m', 'x').incr('nr:m').exec();
    await assert.rejects(mixed, /1 commands failed/);
    assert.equal(await client.get('nr:m'), '10');
    const many = Array.from({ length: 5_000 }, () => client.incr('nr:many'));
    assert.equal((await Promise.all(many)).at(-1), 5_000);
  },

  'subscribers hear channels, patterns and shards': async (t, port) => {
    for (const RESP of [2, 3] as const) {
      const client = await connect(t, port, { RESP });
      const subscriber = await connect(t, port, { RESP });
      const heard: string[] = [];
      const note = (message: string, channel: string) => heard.push(`${channel}: ${message}`);
      await subscriber.subscribe('nr:news', note);
      await subscriber.pSubscribe('nr:n?ws', note);
      await subscriber.sSubscribe('nr:shard', note);
      assert.equal(await client.publish('nr:news', 'käse'), 2);
      assert.equal(await client.sPublish('nr:shard', 'part'), 1);
      await waitFor('three messages', WITHIN_MS, () => heard.length === 3 || undefined);
      assert.deepEqual(heard, ['nr:news: käse', 'nr:news: käse', 'nr:shard: part']);
      await subscriber.unsubscribe('nr:news');
      assert.equal(await client.publish('nr:news', 'again'), 1);
      assert.match(await subscriber.ping(), /^pong$/i);
      await subscriber.pUnsubscribe();
      await subscriber.sUnsubscribe();
      assert.equal(await subscriber.get('nr:none'), null);
    }
  },

  'scripts and functions': async (t, port) => {
    const addTo = defineScript({
      NUMBER_OF_KEYS: 1,
      SCRIPT: "return redis.call('incrby', KEYS[1], ARGV[1])",
      parseCommand(parser, key: string, n: number) {
        parser.pushKey(key);
        parser.push(String(n));
      },
      transformReply: (reply: unknown) => Number(reply),
    });
    const double = {
      NUMBER_OF_KEYS: 0,
      parseCommand(parser: { push(...args: string[]): unknown }, n: number) {
        parser.push(String(n));
      },
      transformReply: (reply: unknown) => Number(reply),
    } as const;
    const client = createClient({
      url: `redis://127.0.0.1:${port}`,
      scripts: { addTo },
      functions: { nrlib: { nr_double: double } },
    });
    await client.connect();
    t.after(() => client.destroy());
    assert.equal(await client.addTo('nr:script', 40), 40);
    await client.scriptFlush();
    assert.equal(await client.addTo('nr:script', 2), 42, 'the library sends it again');
    const library = `#!lua name=nrlib
      redis.register_function('nr_double', function(keys, args) return args[1] * 2 end)`;
    assert.equal(await client.functionLoad(library, { REPLACE: true }), 'nrlib');
    assert.equal(await client.nrlib.nr_double(21), 42);
    const [listed] = await client.functionList({ LIBRARYNAME: 'nrlib' });
    assert.equal(listed.library_name, 'nrlib');
    await client.functionDelete('nrlib');
    const reply = await client.eval('return {KEYS[1], ARGV[1], 1.9}', {
      keys: ['k'],
      arguments: ['a'],
    });
    assert.deepEqual(reply, ['k', 'a', 1]);
  },

  'a pool serves those who wait and those who push': async (t, port) => {
    const pool = createClientPool({ url: `redis://127.0.0.1:${port}` }, { maximum: 3 });
    await pool.connect();
    t.after(() => pool.close());
    const popped = pool.blPop(['nr:q1', 'nr:q2'], 5);
    await pool.rPush('nr:q2', 'x');
    assert.deepEqual({ ...(await popped) }, { key: 'nr:q2', element: 'x' });
    const least = pool.bzPopMin('nr:z', 5);
    await pool.zAdd('nr:z', { value: 'a', score: 1.5 });
    assert.deepEqual({ ...(await least) }, { key: 'nr:z', value: 'a', score: 1.5 });
    const entry = pool.xRead({ key: 'nr:stream', id: '0' }, { BLOCK: 5_000 });
    const id = await pool.xAdd('nr:stream', '*', { f: 'v' });
    assert.match(JSON.stringify(await entry), new RegExp(id));
    assert.equal(await pool.blPop('nr:nobody', 0.05), null);
    const alone = await pool.execute(async (client) => {
      await client.watch('nr:pool');
      return client.multi().set('nr:pool', '1').exec();
    });
    assert.deepEqual([...alone], ['OK']);
  },

  'iterators over keys, fields and members': async (t, port) => {
    const client = await connect(t, port);
    const names = Array.from({ length: 1_000 }, (_, i) => `m${i}`).sort();
    await client.mSet(names.map((name): [string, string] => [`nr:scan:${name}`, '1']));
    await client.hSet('nr:h', Object.fromEntries(names.map((name) => [name, '1'])));
    await client.sAdd('nr:s', names);
    await client.zAdd(
      'nr:zs',
      names.map((value) => ({ value, score: 1 })),
    );
    const collect = async <T>(pages: AsyncIterable<T[]>, name: (item: T) => string) => {
      const all = new Set<string>();
      for await (const page of pages) for (const item of page) all.add(name(item));
      return [...all].sort();
    };
    const scan = client.scanIterator({ MATCH: 'nr:scan:*', COUNT: 50 });
    assert.deepEqual(await collect(scan, (key) => key.slice('nr:scan:'.length)), names);
    assert.deepEqual(await collect(client.hScanIterator('nr:h'), ({ field }) => field), names);
    assert.deepEqual(await collect(client.sScanIterator('nr:s'), (member) => member), names);
    assert.deepEqual(await collect(client.zScanIterator('nr:zs'), ({ value }) => value), names);
  },

  'binary keys and values come back as they were': async (t, port) => {
    const client = await connect(t, port);
    const bytes = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
    const key = Buffer.from([0, 13, 10, 255]);
    const value = Buffer.from(Array.from({ length: 70_000 }, (_, i) => i % 256));
    await bytes.set(key, value);
    assert.deepEqual(await bytes.get(key), value);
    assert.deepEqual(await bytes.getRange(key, 0, 3), value.subarray(0, 4));
  },

  'after a cut the client is back, with its database and its subscriptions': async (t, port) => {
    const admin = await connect(t, port);
    const client = await connect(t, port, { database: 3, name: 'cut-me' });
    const subscriber = await connect(t, port, { name: 'cut-me' });
    for (const cut of [client, subscriber]) cut.on('error', () => {});
    await client.set('nr:where', 'db3');
    const heard: string[] = [];
    await subscriber.subscribe('nr:after', (message) => heard.push(message));
    const ids = (await admin.clientList()).filter(({ name }) => name === 'cut-me');
    assert.equal(ids.length, 2);
    const back = Promise.all([client, subscriber].map(isReady));
    for (const { id } of ids) await admin.sendCommand(['CLIENT', 'KILL', 'ID', String(id)]);
    await back;
    assert.equal(await client.get('nr:where'), 'db3');
    await waitFor('the subscription', WITHIN_MS, async () => {
      await admin.publish('nr:after', 'hello');
      return heard.includes('hello') || undefined;
    });
  },

  'a monitor sees what the others do': async (t, port) => {
    const [client, watcher] = [await connect(t, port), await connect(t, port)];
    const seen: string[] = [];
    await watcher.monitor((line) => seen.push(String(line)));
    await client.set('nr:watched', 'yes');
    await waitFor('the line', WITHIN_MS, () => {
      return seen.find((line) => /"(SET|set)" "nr:watched" "yes"/.test(line));
    });
  },

  'a user with rights of its own': async (t, port) => {
    const admin = await connect(t, port);
    await admin.aclSetUser('nr-reader', ['on', '>secret', '~nr:*', '+@read', '+@connection']);
    const reader = await connect(t, port, { username: 'nr-reader', password: 'secret' });
    await admin.set('nr:acl', 'seen');
    assert.equal(await reader.get('nr:acl'), 'seen');
    await assert.rejects(reader.set('nr:acl', 'x'), /NOPERM/);
    await assert.rejects(reader.get('other'), /NOPERM/);
    const user = await admin.aclGetUser('nr-reader');
    assert.equal(user?.keys, '~nr:*');
    const gone = new Promise((resolve) => reader.once('error', resolve));
    assert.equal(await admin.aclDelUser('nr-reader'), 1);
    assert.match(String(await gone), /Socket closed unexpectedly/);
    reader.on('error', () => {});
  },

  'what the server tells about itself': async (t, port) => {
    const client = await connect(t, port);
    await client.set('nr:told', 'x');
    assert.ok((await client.memoryUsage('nr:told'))! > 0);
    assert.equal(await client.objectEncoding('nr:told'), 'embstr');
    assert.ok((await client.objectIdleTime('nr:told'))! >= 0);
    assert.ok((await client.time())[0].length >= 10);
    assert.equal(await client.wait(0, 10), 0);
    const [command] = await client.commandInfo(['get']);
    assert.equal(command?.arity, 2);
    assert.ok((await client.commandCount()) > 200);
    assert.deepEqual({ ...(await client.configGet('databases')) }, { databases: '16' });
    assert.equal((await client.clientInfo()).db, 0);
    assert.ok(Array.isArray(await client.latencyLatest()));
    assert.match((await client.hello(3)).server, /redis|hypercache/);
  },
});

/** Not `once` of node:events, for which the cut itself, an error event, would be the end. */
function isReady(client: NodeJS.EventEmitter): Promise<void> {
  return new Promise((resolve) => client.once('ready', () => resolve()));
}

async function connect(
  t: TestContext,
  port: number,
  options: Parameters<typeof createClient>[0] = {},
) {
  const client = createClient({ socket: { host: '127.0.0.1', port }, ...options });
  await client.connect();
  t.after(() => client.destroy());
  return client;
}
