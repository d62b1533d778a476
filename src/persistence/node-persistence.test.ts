import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KeptNode } from '../testing/kept-node.ts';
import { MemoryDisk } from '../world/simulated/memory-disk.ts';

const FILL = [
  'SET s value',
  'SET n 42',
  'SET e soon PX 100000',
  'RPUSH l a b c',
  'SADD set 1 2 x',
  'ZADD z 1.5 a 2 b',
  'HSET h f v g w',
  'HPEXPIRE h 50000 FIELDS 1 g',
  'XADD x 1-1 a b',
  'XGROUP CREATE x group 0',
  'SELECT 3',
  'SET third 3',
  'SELECT 0',
];
const NO_LOG = { 'persistence.append_only': 'no' };

async function digest(node: KeptNode): Promise<string> {
  return await node.ask('DEBUG DIGEST');
}

test('a node that is killed comes back with all that it acknowledged', async () => {
  const node = await KeptNode.start();
  await node.ask(
    ...FILL,
    'STORE CREATE sessions',
    'SELECT sessions',
    'SET of sessions',
    'SELECT 0',
  );
  await node.ask(
    'FUNCTION LOAD "#!lua name=lib\\nredis.register_function(\'f\', function() return 7 end)"',
  );
  const before = await digest(node);
  assert.doesNotMatch(before, /^\+0000/);
  const again = await node.restart();
  assert.equal(await digest(again), before);
  assert.equal(await again.ask('FCALL f 0'), ':7\r\n');
  assert.equal(await again.ask('SELECT sessions', 'GET of'), '+OK\r\n$8\r\nsessions\r\n');
  assert.equal(
    await again.ask('SELECT 0', 'PEXPIRETIME e'),
    `+OK\r\n${await node.ask('PEXPIRETIME e')}`,
  );
  // And goes on from there.
  await again.ask('APPEND s !');
  const third = await again.restart();
  assert.equal(await third.ask('GET s'), '$6\r\nvalue!\r\n');
});

test('without a log, snapshots are written by save points, at the end, when asked', async () => {
  const settings = { ...NO_LOG, 'persistence.save': '60 2' };
  const node = await KeptNode.start(settings);
  await node.ask('SET a 1');
  await node.pass(70_000);
  assert.equal(node.disk.exists('/data/dump.rdb'), false);
  await node.ask('SET b 2');
  await node.pass(1000);
  await node.untilIdle();
  assert.equal(node.disk.exists('/data/dump.rdb'), true);
  await node.ask('SET c 3');
  const killed = await node.restart();
  assert.equal(await killed.ask('MGET a b c'), '*3\r\n$1\r\n1\r\n$1\r\n2\r\n$-1\r\n');
  await killed.ask('SET d 4');
  assert.equal(await killed.stop(), 0);
  const stopped = await killed.restart();
  assert.equal(await stopped.ask('GET d'), '$1\r\n4\r\n');
  assert.equal(await stopped.ask('SET f 6', 'SAVE'), '+OK\r\n+OK\r\n');
  assert.equal(await (await stopped.restart()).ask('GET f'), '$1\r\n6\r\n');
});

test('SHUTDOWN NOSAVE writes no snapshot, SHUTDOWN SAVE writes one in any case', async () => {
  const settings = { ...NO_LOG, 'persistence.save': '' };
  const node = await KeptNode.start(settings);
  await node.ask('SET a 1', 'SHUTDOWN NOSAVE');
  await node.until('the end', () => node.client.isClosed);
  const second = await node.restart();
  assert.equal(await second.ask('GET a'), '$-1\r\n');
  await second.ask('SET a 2', 'SHUTDOWN SAVE');
  await second.until('the end', () => second.client.isClosed);
  assert.equal(await (await second.restart()).ask('GET a'), '$1\r\n2\r\n');
});

test('SHUTDOWN answers with an error where no snapshot can be written, unless forced', async () => {
  const node = await KeptNode.start({ ...NO_LOG, 'persistence.save': '3600 1' });
  await node.ask('SET a 1');
  node.disk.refuseWith('ENOSPC');
  assert.equal(await node.ask('SHUTDOWN'), '-ERR Errors trying to SHUTDOWN. Check logs.\r\n');
  assert.match(await node.ask('PING'), /^-MISCONF/);
  assert.equal(await node.ask('SHUTDOWN FORCE'), '');
  await node.until('the end', () => node.client.isClosed);
});

test('a snapshot where a log was asked for is loaded, and is the base of the log', async () => {
  const node = await KeptNode.start(NO_LOG);
  await node.ask(...FILL, 'SAVE');
  const before = await digest(node);
  const logged = await node.restart({});
  assert.equal(await digest(logged), before);
  assert.ok(logged.files().includes('/data/appendonlydir/appendonly.aof.1.base.rdb'));
  await logged.ask('SET more 1');
  logged.disk.remove('/data/dump.rdb');
  const again = await logged.restart();
  assert.equal(await again.ask('MGET s more'), '*2\r\n$5\r\nvalue\r\n$1\r\n1\r\n');
});

test('appendonly is turned on and off while the node runs', async () => {
  const node = await KeptNode.start(NO_LOG);
  await node.ask(...FILL);
  assert.equal(await node.ask('CONFIG SET appendonly yes'), '+OK\r\n');
  await node.untilIdle();
  await node.ask('SET later 1');
  const before = await digest(node);
  const killed = await node.restart({});
  assert.equal(await digest(killed), before);
  assert.match(await killed.ask('INFO persistence'), /aof_enabled:1/);
  assert.equal(await killed.ask('CONFIG SET appendonly no'), '+OK\r\n');
  await killed.settle();
  assert.match(await killed.ask('INFO persistence'), /aof_enabled:0/);
  await killed.ask('SET gone 1');
  assert.equal(await (await killed.restart({})).ask('GET gone'), '$-1\r\n');
  // On again: the old files do not come back.
  assert.equal(await killed.ask('DEL s', 'CONFIG SET appendonly yes'), ':1\r\n+OK\r\n');
  await killed.untilIdle();
  assert.equal(await (await killed.restart({})).ask('MGET s gone'), '*2\r\n$-1\r\n$1\r\n1\r\n');
});

test('a rewrite leaves one base and one increment, and loses nothing', async () => {
  const node = await KeptNode.start();
  await node.ask(...FILL);
  assert.equal(
    await node.ask('BGREWRITEAOF'),
    '+Background append only file rewriting started\r\n',
  );
  await node.ask('INCR n');
  await node.untilIdle();
  await node.ask('INCR n');
  assert.deepEqual(node.files('/data/appendonlydir'), [
    '/data/appendonlydir/appendonly.aof.1.base.rdb',
    '/data/appendonlydir/appendonly.aof.2.incr.aof',
    '/data/appendonlydir/appendonly.aof.manifest',
  ]);
  const before = await digest(node);
  const again = await node.restart();
  assert.equal(await digest(again), before);
  assert.equal(await again.ask('GET n'), '$2\r\n44\r\n');
});

test('a store that is emptied while its log is rewritten: nothing is applied twice', async () => {
  const node = await KeptNode.start();
  node.kit.world.clock.readingMs = 1;
  await node.ask('DEBUG POPULATE 3000', 'INCR n', 'SELECT 1', 'SET one 1', 'SELECT 0');
  node.client.send('BGREWRITEAOF', 'INCR n');
  node.kit.advance(5);
  await node.ask('INCR n', 'FLUSHDB', 'INCR m', 'SELECT 1', 'APPEND one 2', 'SELECT 0');
  await node.untilIdle();
  node.kit.world.clock.readingMs = 0;
  await node.ask('INCR m');
  const again = await node.restart();
  assert.equal(await again.ask('GET m', 'GET n'), '$1\r\n2\r\n$-1\r\n');
  assert.equal(await again.ask('SELECT 1', 'GET one'), '+OK\r\n$2\r\n12\r\n');
});

test('the log is rewritten by itself when it has grown', async () => {
  const node = await KeptNode.start({ 'persistence.rewrite_min_size': '10kb' });
  for (let i = 0; i < 200; i++) await node.ask(`SET key ${'x'.repeat(100)}${i}`);
  await node.pass(1000);
  await node.untilIdle();
  assert.match(await node.ask('INFO persistence'), /aof_rewrites:1\r\n/);
  const sizes = node.files('/data/appendonlydir').map((path) => node.disk.readFile(path)?.length);
  assert.ok(Math.max(...sizes.map(Number)) < 1000, String(sizes));
  assert.match(await (await node.restart()).ask('GET key'), /x199\r\n$/);
});

test('a store that was dropped does not come back, nor into a new one of its name', async () => {
  const node = await KeptNode.start();
  await node.ask('STORE CREATE a', 'SELECT a', 'SET k 1', 'SELECT 0', 'STORE DROP a');
  await node.pass(10);
  assert.deepEqual(node.files('/data/stores'), []);
  assert.match(await (await node.restart()).ask('SELECT a'), /^-/);
  await node.ask('STORE CREATE a');
  assert.equal(await (await node.restart()).ask('SELECT a', 'GET k'), '+OK\r\n$-1\r\n');
});

test('each store is kept as it was told to be', async () => {
  const node = await KeptNode.start();
  for (const way of ['aof', 'snapshot', 'hybrid', 'none']) {
    await node.ask(`STORE CREATE ${way} persistence ${way}`, `SELECT ${way}`, 'SET k 1');
  }
  const killed = await node.restart();
  const isThere = async (kept: KeptNode, way: string) =>
    (await kept.ask(`SELECT ${way}`, 'GET k')) === '+OK\r\n$1\r\n1\r\n';
  assert.deepEqual(
    [
      await isThere(killed, 'aof'),
      await isThere(killed, 'snapshot'),
      await isThere(killed, 'hybrid'),
    ],
    [true, false, true],
  );
  assert.equal(await isThere(killed, 'none'), false);
  assert.equal(await node.stop(), 0);
  const stopped = await node.restart();
  assert.equal(await isThere(stopped, 'snapshot'), true);
  assert.equal(await isThere(stopped, 'none'), false);
});

test('while data is loaded, only what needs none is answered', async () => {
  const node = await KeptNode.start();
  node.kit.world.clock.readingMs = 0;
  await node.ask('DEBUG POPULATE 20000', 'SAVE');
  const loading = await KeptNode.begin(NO_LOG, node.disk.copy());
  loading.kit.world.clock.readingMs = 1;
  loading.kit.advance(20);
  assert.equal(loading.isLoading, true);
  const busy = '-LOADING Redis is loading the dataset in memory\r\n';
  assert.equal(loading.client.ask('GET key:1', 'SET a 1', 'PING', 'BGSAVE'), busy.repeat(4));
  const info = loading.client.ask('INFO persistence');
  assert.match(info, /\r\nloading:1\r\n/);
  assert.match(info, /\r\nloading_total_bytes:[1-9]\d+\r\n/);
  assert.match(info, /\r\nloading_loaded_perc:\d+\.\d\d\r\n/);
  assert.deepEqual(loading.kit.node.services.health.issues(), [
    'lifecycle: the node is loading its data',
  ]);
  loading.kit.world.clock.readingMs = 0;
  await loading.until('the end', () => !loading.isLoading);
  assert.equal(await loading.ask('DBSIZE', 'PING'), ':20000\r\n+PONG\r\n');
  assert.match(await loading.ask('INFO persistence'), /rdb_last_load_keys_loaded:20000\r\n/);
});

test('a node that is stopped while it loads leaves all as it was', async () => {
  const node = await KeptNode.start({ ...NO_LOG, 'persistence.save': '3600 1' });
  await node.ask('DEBUG POPULATE 20000', 'SAVE');
  const loading = await KeptNode.begin(
    { ...NO_LOG, 'persistence.save': '3600 1' },
    node.disk.copy(),
  );
  loading.kit.world.clock.readingMs = 1;
  loading.kit.advance(20);
  assert.equal(loading.isLoading, true);
  loading.kit.world.clock.readingMs = 0;
  assert.equal(await loading.stop(), 0);
  assert.equal(await (await loading.restart()).ask('DBSIZE'), ':20000\r\n');
});

test('a damaged file keeps the node from starting, with its name and the place', async () => {
  const node = await KeptNode.start(NO_LOG);
  await node.ask(...FILL, 'SAVE');
  const bytes = node.disk.readFile('/data/dump.rdb') ?? new Uint8Array(0);
  bytes[bytes.length - 20]! ^= 1;
  const disk = node.disk.copy();
  disk.writeFileAtomic('/data/dump.rdb', bytes);
  await assert.rejects(KeptNode.start(NO_LOG, disk), {
    code: 'DATA_DAMAGED',
    message: /^Cannot load \/data\/dump\.rdb: .* at offset \d+$/,
  });
  // It gave the directory back, and touched nothing.
  assert.equal(disk.exists('/data/hypercache.lock'), false);
  assert.deepEqual(disk.readFile('/data/dump.rdb'), bytes);
});

test('a full disk: writes are refused and reads go on, until there is room', async () => {
  const node = await KeptNode.start();
  await node.ask('SET a 1');
  node.disk.refuseWith('ENOSPC', ['write']);
  const writer = node.kit.connect();
  writer.send('SET b 2');
  await node.pass(10);
  // What could not be written waits: its reply must not tell of it.
  assert.equal(writer.take(), '');
  assert.equal(
    await node.ask('SET c 3'),
    '-MISCONF Errors writing to the AOF file: No space left on device\r\n',
  );
  assert.match(await node.ask('PING'), /^-MISCONF/);
  assert.equal(await node.ask('GET a'), '$1\r\n1\r\n');
  assert.match(await node.ask('INFO persistence'), /aof_last_write_status:err/);
  assert.deepEqual(node.kit.node.services.health.issues(), [
    "disk: the log of store 'default' cannot be written: No space left on device",
  ]);
  node.disk.refuseWith(null);
  await node.pass(2000);
  assert.equal(writer.take(), '+OK\r\n');
  assert.equal(await node.ask('SET c 3'), '+OK\r\n');
  assert.deepEqual(node.kit.node.services.health.issues(), []);
  assert.equal(
    await (await node.restart()).ask('MGET a b c'),
    '*3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n',
  );
});

test('after a sync that failed the log is written anew, and no reply was wrong', async () => {
  const node = await KeptNode.start({ 'persistence.sync_policy': 'always' });
  await node.ask('SET a 1');
  node.disk.refuseWith('EIO', ['sync']);
  const writer = node.kit.connect();
  writer.send('SET b 2');
  await node.pass(10);
  assert.equal(writer.take(), '');
  assert.match(await node.ask('SET c 3'), /^-MISCONF Errors writing to the AOF file: Input/);
  node.disk.refuseWith(null);
  await node.until('the rewrite', () => node.kit.node.services.health.issues().length === 0);
  await node.untilIdle();
  assert.equal(writer.take(), '+OK\r\n');
  assert.equal(await node.ask('SET c 3'), '+OK\r\n');
  const disk = node.disk.crash(1);
  const again = await KeptNode.start({}, disk);
  assert.equal(await again.ask('MGET a b c'), '*3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n');
});

test('a snapshot that fails refuses writes, as told, until one succeeds', async () => {
  const node = await KeptNode.start({ ...NO_LOG, 'persistence.save': '3600 1' });
  await node.ask('SET a 1');
  node.disk.refuseWith('ENOSPC', ['write']);
  await node.ask('BGSAVE');
  await node.untilIdle();
  assert.match(await node.ask('SET b 2'), /^-MISCONF Redis is configured to save RDB snapshots/);
  assert.match(await node.ask("EVAL \"redis.call('SET', 'b', '2')\" 0"), /^-MISCONF Redis/);
  assert.equal(await node.ask('GET a'), '$1\r\n1\r\n');
  assert.match(await node.ask('INFO persistence'), /rdb_last_bgsave_status:err/);
  assert.deepEqual(node.files(), ['/data/hypercache.lock']);
  assert.equal(await node.ask('CONFIG SET stop-writes-on-bgsave-error no'), '+OK\r\n');
  await node.pass(200);
  assert.equal(await node.ask('SET b 2'), '+OK\r\n');
  node.disk.refuseWith(null);
  await node.ask('CONFIG SET stop-writes-on-bgsave-error yes', 'SAVE');
  assert.equal(await node.ask('SET b 3'), '+OK\r\n');
});

test('older snapshots are kept, as many as told', async () => {
  const node = await KeptNode.start({ ...NO_LOG, 'persistence.retain_logs': '2' });
  for (let i = 1; i <= 5; i++) await node.ask(`SET n ${i}`, 'SAVE');
  assert.deepEqual(node.files(), [
    '/data/dump.rdb',
    '/data/dump.rdb.1',
    '/data/dump.rdb.2',
    '/data/hypercache.lock',
  ]);
  const disk = node.disk.copy();
  disk.rename('/data/dump.rdb.2', '/data/dump.rdb');
  assert.equal(await (await KeptNode.start(NO_LOG, disk)).ask('GET n'), '$1\r\n3\r\n');
});

test('two nodes do not share a directory', async () => {
  const node = await KeptNode.start();
  const text = node.disk.readText('/data/hypercache.lock');
  const disk = node.disk.copy();
  // As the process of the second sees it, the first lives.
  disk.writeFileAtomic(
    '/data/hypercache.lock',
    Buffer.from(String(text).replace('4242', String(KeptNode.nextPid))),
  );
  await assert.rejects(KeptNode.start({}, disk), { code: 'DIRECTORY_TAKEN' });
  const quiet = await KeptNode.start({ 'persistence.enabled': 'no' }, disk);
  assert.equal(await quiet.ask('SET a 1'), '+OK\r\n');
});

test('DEBUG RELOAD and LOADAOF come back with the same', async () => {
  const node = await KeptNode.start();
  await node.ask(...FILL);
  const before = await digest(node);
  assert.equal(await node.ask('DEBUG RELOAD'), '+OK\r\n');
  assert.equal(await digest(node), before);
  assert.equal(await node.ask('DEBUG LOADAOF'), '+OK\r\n');
  assert.equal(await digest(node), before);
  await node.ask('SET s other');
  assert.equal(await node.ask('DEBUG RELOAD NOSAVE', 'GET s'), '+OK\r\n$5\r\nvalue\r\n');
  await node.untilIdle();
  assert.equal(await (await node.restart()).ask('GET s'), '$5\r\nvalue\r\n');
  assert.match(await node.ask('DEBUG RELOAD WRONG'), /^-ERR DEBUG RELOAD only supports/);
});

test('WAITAOF answers when what was written is synced', async () => {
  const node = await KeptNode.start({ 'persistence.sync_policy': 'no' });
  assert.equal(await node.ask('SET a 1', 'WAITAOF 1 0 0'), '+OK\r\n*2\r\n:1\r\n:0\r\n');
  assert.equal(
    await KeptNode.start({}, node.disk.crash(7)).then((kept) => kept.ask('GET a')),
    '$1\r\n1\r\n',
  );
  node.disk.addFault({ code: '', verbs: ['sync'], delayMs: 500 });
  node.client.send('SET b 2', 'WAITAOF 1 0 100', 'PING');
  await node.pass(10);
  assert.equal(node.client.take(), '+OK\r\n');
  await node.pass(200);
  assert.equal(node.client.take(), '*2\r\n:0\r\n:0\r\n+PONG\r\n');
  await node.pass(1000);
  assert.equal(await node.ask('WAITAOF 1 0 100'), '*2\r\n:1\r\n:0\r\n');
  assert.match(await node.ask('WAITAOF 2 0 0'), /^-ERR value is out of range/);
});

test('commands of one transaction are all there or none', async () => {
  const node = await KeptNode.start();
  await node.ask('MULTI', 'SET a 1', 'BGREWRITEAOF', 'SET b 2', 'EXEC');
  await node.pass(300);
  await node.untilIdle();
  assert.match(await node.ask('INFO persistence'), /aof_rewrites:1/);
  assert.equal(await (await node.restart()).ask('MGET a b'), '*2\r\n$1\r\n1\r\n$1\r\n2\r\n');
});

test('a log as redis-server 6 kept it is loaded and replaced by one of ours', async () => {
  const disk = new MemoryDisk();
  disk.makeDirectory('/data');
  const commands = [
    '*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n',
    '*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n',
  ];
  disk.writeFileAtomic('/data/appendonly.aof', Buffer.from(commands.join('')));
  const node = await KeptNode.start({}, disk);
  assert.equal(await node.ask('GET a', 'APPEND a 2'), '$1\r\n1\r\n:2\r\n');
  assert.ok(node.disk.exists('/data/appendonlydir/appendonly.aof.1.base.rdb'));
  assert.equal(await (await node.restart()).ask('GET a'), '$2\r\n12\r\n');
});

test('the directory can be another one while no log lies in it', async () => {
  const node = await KeptNode.start({ ...NO_LOG, 'security.enable_protected_configs': 'yes' });
  const failed = "-ERR CONFIG SET failed (possibly related to argument 'dir') - ";
  assert.equal(await node.ask('CONFIG SET dir /none'), `${failed}No such file or directory\r\n`);
  node.disk.makeDirectory('/other');
  assert.equal(await node.ask('SET a 1', 'CONFIG SET dir /other', 'SAVE'), '+OK\r\n'.repeat(3));
  assert.deepEqual(node.files(), []);
  assert.deepEqual(node.files('/other'), [
    '/other/dump.rdb',
    '/other/hypercache.lock',
    '/other/stores.json',
  ]);
  await node.ask('CONFIG SET appendonly yes');
  await node.untilIdle();
  assert.match(await node.ask('CONFIG SET dir /data'), /cannot be moved: set appendonly to no/);
  assert.equal(await node.ask('CONFIG GET dir'), '*2\r\n$3\r\ndir\r\n$6\r\n/other\r\n');
});

test('SHUTDOWN while data is loaded does not take what is loaded so far for the data', async () => {
  const settings = { ...NO_LOG, 'persistence.save': '3600 1' };
  const node = await KeptNode.start(settings);
  await node.ask('DEBUG POPULATE 20000', 'SAVE');
  const loading = await KeptNode.begin(settings, node.disk.copy());
  loading.kit.world.clock.readingMs = 1;
  loading.kit.advance(20);
  assert.equal(loading.isLoading, true);
  loading.kit.world.clock.readingMs = 0;
  loading.client.send('SHUTDOWN SAVE');
  await loading.until('the end', () => loading.client.isClosed);
  await loading.settle();
  assert.equal(await (await loading.restart()).ask('DBSIZE'), ':20000\r\n');
});
