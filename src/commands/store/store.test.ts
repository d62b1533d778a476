import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { NodeError } from '../../base/errors.ts';
import { createNodeKit, type KitClient, type NodeKit } from '../../testing/node-kit.ts';

const GONE = '-NOSTORE The store was dropped\r\n';

let kit: NodeKit;
let admin: KitClient;

beforeEach(async () => {
  kit = await createNodeKit();
  admin = kit.connect();
});

function make(...words: string[]): void {
  assert.equal(admin.ask(`store create ${words.join(' ')}`), '+OK\r\n');
}

/** A client that stands in that store. */
function clientOf(store: string): KitClient {
  const client = kit.connect();
  assert.equal(client.ask(`select ${store}`), '+OK\r\n');
  return client;
}

function find(name: string) {
  const store = kit.node.services.stores.find(name);
  assert.ok(store !== null, `store ${name}`);
  return store;
}

/** STORE INFO as an object. */
function infoOf(name: string): Record<string, Record<string, unknown>> {
  const client = kit.connect();
  client.ask('hello 3');
  const text = client.ask(`store info ${name}`);
  const maps: Record<string, Record<string, unknown>> = { config: {}, stats: {} };
  let current = '';
  const words = text.split('\r\n').filter((line) => line !== '' && !/^[%$]/.test(line));
  for (let i = 0; i < words.length; ) {
    const word = words[i] as string;
    if (word === 'name') i += 2;
    else if (word in maps) {
      current = word;
      i++;
    } else {
      (maps[current] as Record<string, unknown>)[word] = words[i + 1];
      i += 2;
    }
  }
  return maps;
}

test('keys, counts, cursors and flushes are those of the selected store', () => {
  make('sessions');
  const [here, there] = [clientOf('sessions'), kit.connect()];
  assert.equal(here.ask('set k here', 'mset a 1 b 2'), '+OK\r\n+OK\r\n');
  assert.equal(there.ask('set k there'), '+OK\r\n');
  assert.equal(here.ask('get k', 'dbsize'), '$4\r\nhere\r\n:3\r\n');
  assert.equal(there.ask('get k', 'dbsize', 'randomkey'), '$5\r\nthere\r\n:1\r\n$1\r\nk\r\n');
  assert.equal(there.ask('keys *'), '*1\r\n$1\r\nk\r\n');
  assert.match(here.ask('scan 0'), /^\*2\r\n\$1\r\n0\r\n\*3\r\n/);
  assert.equal(there.ask('flushall', 'dbsize'), '+OK\r\n:0\r\n');
  assert.equal(here.ask('dbsize', 'flushdb', 'dbsize'), ':3\r\n+OK\r\n:0\r\n');
  here.ask('set k 1');
  there.ask('set k 1');
  assert.equal(there.ask('store flush SESSIONS', 'dbsize'), '+OK\r\n:1\r\n');
  assert.equal(here.ask('dbsize'), ':0\r\n');
});

test('SELECT takes a name in any case; a number is a database of the default store', () => {
  make('Sessions');
  const client = clientOf('sESSIONS');
  client.ask('set k 1');
  assert.equal(client.ask('select 3', 'get k', 'set k 3'), '+OK\r\n$-1\r\n+OK\r\n');
  assert.equal(client.ask('select default', 'get k'), '+OK\r\n$-1\r\n');
  assert.equal(client.ask('select 3', 'get k'), '+OK\r\n$1\r\n3\r\n');
  assert.equal(client.ask('select 16'), '-ERR DB index is out of range\r\n');
  assert.equal(client.ask('select none'), "-NOSTORE There is no store named 'none'\r\n");
  assert.equal(client.ask('get k'), '$1\r\n3\r\n', 'a refused SELECT changes nothing');
});

test('where there are no named stores SELECT refuses a word as redis-server does', () => {
  assert.equal(admin.ask('select x'), '-ERR value is not an integer or out of range\r\n');
});

test('no key leaves a named store: other databases are out of range', () => {
  make('sessions');
  const client = clientOf('sessions');
  const outOfRange = '-ERR DB index is out of range\r\n';
  client.ask('set k 1');
  for (const line of ['copy k l db 0', 'copy k l db 1', 'move k 0', 'move k 1', 'swapdb 0 0']) {
    assert.equal(client.ask(line), outOfRange, line);
  }
  assert.equal(client.ask('copy k l'), ':1\r\n');
});

test('RESET goes back to the default store', () => {
  make('sessions');
  const client = clientOf('sessions');
  client.ask('set k 1');
  assert.equal(client.ask('reset', 'get k'), '+RESET\r\n$-1\r\n');
});

test("options are those of YAML, in any case; what is not said is the node's", () => {
  kit.configure('cache.default_ttl', '90s');
  make('a', 'MAX-MEMORY 1mb eviction_policy allkeys-lru Default_TTL 1500ms persistence true');
  make('b', 'ownership slot consistency strong persistence rdb policy noeviction');
  assert.deepEqual(infoOf('a').config, {
    eviction_policy: 'lru',
    max_memory: ':1048576',
    default_ttl: '1500ms',
    cuckoo_filter: '#f',
    persistence: '_',
    ownership: '_',
    consistency: '_',
  });
  const { config } = infoOf('b');
  assert.equal(config?.default_ttl, '90s');
  assert.deepEqual(
    [config?.ownership, config?.consistency, config?.persistence, config?.eviction_policy],
    ['slot', 'quorum', 'snapshot', 'noeviction'],
  );
  const client = clientOf('a');
  assert.equal(client.ask('set k 1', 'pttl k'), '+OK\r\n:1500\r\n');
});

test('what is wrong with a store is told, and none is made', () => {
  const wrong: [string, RegExp][] = [
    ['a max_memory', /^-ERR syntax error/],
    ['a max_memory lots', /^-ERR max_memory: must be a size/],
    ['a default_ttl 5 minutes 3', /^-ERR default_ttl|^-ERR unknown/],
    ['a eviction_policy best', /^-ERR eviction_policy: /],
    ['a cuckoo_filter perhaps', /^-ERR cuckoo_filter: must be true or false/],
    ['a max_memry 1mb', /^-ERR unknown setting of a store 'max_memry'; did you mean 'max_memory'/],
    ['a max_memory 1mb MAX-MEMORY 2mb', /^-ERR max_memory: given twice/],
    ['a name b', /^-ERR name: given twice/],
    ['../a', /^-ERR name: must be 1\.\.64 letters/],
    ['1', /^-ERR name: must be/],
    ['_a', /^-ERR name: must be/],
    [`${'a'.repeat(65)}`, /^-ERR name: must be/],
    ['"a b"', /^-ERR name: must be/],
    ['DEFAULT', /^-STOREEXISTS There is a store named 'default'/],
  ];
  for (const [words, error] of wrong) assert.match(admin.ask(`store create ${words}`), error);
  assert.equal(admin.ask('stores'), '*1\r\n$7\r\ndefault\r\n');
  make('a'.repeat(64));
  make('1-_x');
  assert.match(admin.ask('store create 1-_X'), /^-STOREEXISTS There is a store named '1-_x'/);
});

test('cache.max_stores counts named stores; one that was dropped makes room', async () => {
  kit = await createNodeKit({ settings: { 'cache.max_stores': '2' } });
  admin = kit.connect();
  make('a');
  make('b');
  assert.match(admin.ask('store create c'), /^-STORELIMIT There are 2 named stores/);
  admin.ask('store drop a');
  make('c');
  assert.equal(admin.ask('stores'), '*3\r\n$7\r\ndefault\r\n$1\r\nb\r\n$1\r\nc\r\n');
});

test("statistics are each store's own, and INFO has a section once there are named stores", () => {
  const before = admin.ask('info everything');
  assert.ok(!before.includes('# Stores'));
  assert.match(admin.ask('info stores'), /# Stores\r\n/);
  make('a', 'max_memory 1mb');
  const client = clientOf('a');
  client.ask('set k 1 px 5', 'set l 1 ex 100', 'get k', 'get l', 'get l', 'get none');
  kit.advance(100);
  assert.equal(client.ask('get k'), '$-1\r\n');
  const { stats } = infoOf('a');
  const { memory, ...counts } = stats as Record<string, string>;
  assert.match(String(memory), /^:[1-9]\d+$/);
  assert.deepEqual(counts, {
    keys: ':1',
    expires: ':1',
    memory_limit: ':1048576',
    hits: ':3',
    misses: ':2',
    evictions: ':0',
    expired: ':1',
    writes: ':3',
    hit_rate: ',0.6',
  });
  assert.equal(infoOf('default').stats?.hits, ':0');
  const line = new RegExp(
    '\r\n# Stores\r\na:keys=1,expires=1,memory=[0-9]+,limit=1048576,hits=3,misses=2,' +
      'hit_rate=0\\.6000,evictions=0,expired=1,writes=3\r\n',
  );
  assert.match(admin.ask('info'), line);
  assert.match(admin.ask('info all'), line);
  assert.ok(!admin.ask('info keyspace').includes('db0'));
  assert.match(admin.ask('store list'), /^\*2\r\n/);
});

test('CLIENT LIST, MONITOR and keyspace notifications name the store', () => {
  kit.configure('notify-keyspace-events', 'KEA');
  make('sessions');
  const [monitor, listener] = [kit.connect(), kit.connect()];
  monitor.ask('monitor');
  listener.ask('psubscribe __key*');
  const client = clientOf('sessions');
  client.ask('set k 1', "eval \"redis.call('del', 'k')\" 1 k");
  const heard = listener.take();
  assert.match(heard, /__keyspace@sessions__:k\r\n\$3\r\nset/);
  assert.match(heard, /__keyevent@sessions__:del\r\n\$1\r\nk/);
  const seen = monitor.take();
  assert.match(seen, /\[sessions 127\.0\.0\.1:\d+\] "set" "k" "1"\r\n/);
  assert.match(seen, /\[sessions lua\] "del" "k"\r\n/);
  assert.match(admin.ask('client list'), / lib-ver= store=sessions\n/);
  admin.ask('set k 1');
  assert.match(listener.take(), /__keyspace@0__:k\r\n/);
  admin.ask('config set notify-keyspace-events ""');
  client.ask('set k 1');
  assert.equal(listener.take(), '');
  assert.equal(find('sessions').sink.isActive, false);
});

test('a store is not left within MULTI, nor in a script', () => {
  make('a');
  make('b');
  const refusal = '-ERR SELECT of another store is not allowed inside a transaction\r\n';
  const client = clientOf('a');
  for (const word of ['0', 'default', 'b', '7']) {
    assert.equal(client.ask('multi', `select ${word}`), `+OK\r\n${refusal}`);
    assert.match(client.ask('exec'), /^-EXECABORT/);
  }
  assert.equal(
    client.ask('multi', 'select A', 'set k 1', 'exec').slice(-14),
    '*2\r\n+OK\r\n+OK\r\n',
  );
  assert.equal(
    admin.ask('multi', 'select a', 'discard', 'multi', 'select 2', 'set k 2', 'exec'),
    `+OK\r\n${refusal}+OK\r\n+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n+OK\r\n`,
  );
  assert.equal(client.ask('get k'), '$1\r\n1\r\n');
  assert.match(
    client.ask("eval \"return redis.call('select', 'b')\" 0"),
    /^-ERR SELECT of another store is not allowed in a script/,
  );
  assert.match(client.ask('eval "redis.call(\'select\', 0)" 0'), /not allowed in a script/);
  assert.match(client.ask("eval \"redis.call('store', 'flush', 'a')\" 0"), /^-ERR/);
  assert.equal(
    client.ask('multi', 'store drop a'),
    '+OK\r\n-ERR Command not allowed inside a transaction\r\n',
  );
});

test('who stands in a store that is dropped is refused until it selects another', () => {
  make('a');
  const client = clientOf('a');
  client.ask('set k 1');
  assert.equal(admin.ask('store drop A'), '+OK\r\n');
  const refused = ['get k', 'set k 1', 'keys *', 'dbsize', 'flushall', 'watch k', 'blpop l 0'];
  for (const line of [
    ...refused,
    'eval "return 1" 0',
    'scan 0',
    'randomkey',
    'object freq k',
    'filter stats',
  ]) {
    assert.equal(client.ask(line), GONE, line);
  }
  assert.equal(
    client.ask('publish c m', 'ping', 'store info default').slice(0, 11),
    ':0\r\n+PONG\r\n',
  );
  make('a');
  assert.equal(client.ask('get k'), GONE, 'the new one is another');
  assert.equal(client.ask('select a', 'get k'), '+OK\r\n$-1\r\n');
  assert.equal(client.ask('get k'), '$-1\r\n');
});

test('a client that drops the store it stands in is answered, and refused from then on', () => {
  make('a');
  const client = clientOf('a');
  assert.equal(
    client.ask('set k 1', 'store drop a', 'get k', 'select 0', 'get k'),
    `+OK\r\n+OK\r\n${GONE}+OK\r\n$-1\r\n`,
  );
});

test('a client that waits for a key of a dropped store is told, and what it sent then runs', () => {
  make('a');
  make('b');
  const waiting = clientOf('a');
  const [other, timed] = [clientOf('b'), clientOf('a')];
  assert.equal(waiting.ask('blpop l 0', 'ping', 'get k'), '');
  assert.equal(other.ask('blpop l 0'), '');
  assert.equal(timed.ask('wait 1 0'), '');
  admin.ask('store drop a');
  assert.equal(waiting.take(), `${GONE}+PONG\r\n${GONE}`);
  assert.equal(other.take(), '');
  assert.equal(timed.take(), '', 'it waits for no key');
  clientOf('b').ask('rpush l 1');
  assert.equal(other.take(), '*2\r\n$1\r\nl\r\n$1\r\n1\r\n');
  assert.equal(kit.node.services.blocking.count, 1);
});

test('an open transaction: what is queued after the drop breaks it, what was is refused', () => {
  make('a');
  const [early, late] = [clientOf('a'), clientOf('a')];
  early.ask('multi', 'set k 1', 'ping');
  late.ask('multi');
  admin.ask('store drop a');
  assert.equal(early.ask('exec'), `*2\r\n${GONE}+PONG\r\n`);
  assert.equal(late.ask('set k 1', 'exec').slice(0, GONE.length + 10), `${GONE}-EXECABORT`);
});

test('who watches a key of a dropped store is told by EXEC, whether there was one or not', () => {
  make('a');
  make('b');
  const [one, none, other] = [clientOf('a'), clientOf('a'), clientOf('b')];
  one.ask('set k 1', 'watch k', 'select 0', 'multi', 'ping');
  none.ask('watch nothing', 'select 0', 'multi', 'ping');
  other.ask('watch k', 'multi', 'ping');
  admin.ask('store drop a');
  assert.equal(one.ask('exec'), '*-1\r\n');
  assert.equal(none.ask('exec'), '*-1\r\n');
  assert.equal(other.ask('exec'), '*1\r\n+PONG\r\n');
  assert.equal(kit.node.services.watches.count, 0);
});

test('subscribers and monitors in a dropped store go on', () => {
  make('a');
  const [subscriber, monitor] = [clientOf('a'), clientOf('a')];
  subscriber.ask('subscribe news');
  monitor.ask('monitor');
  admin.ask('store drop a');
  admin.ask('publish news x');
  assert.match(subscriber.take(), /news\r\n\$1\r\nx\r\n$/);
  assert.match(monitor.take(), /"publish" "news" "x"/);
});

test('who may hold copies of keys of a dropped store forgets all, and nobody else', () => {
  const all = '>2\r\n$10\r\ninvalidate\r\n_\r\n';
  make('a');
  make('b');
  const track = (store: string, options = '') => {
    const client = clientOf(store);
    client.ask('hello 3', `client tracking on ${options}`, 'get k');
    return client;
  };
  const [reader, other, broadcast] = [track('a'), track('b'), track('b', 'bcast')];
  reader.ask('select 0');
  admin.ask('store drop a');
  assert.equal(reader.take(), all);
  assert.equal(broadcast.take(), all);
  assert.equal(other.take(), '');
  make('c');
  const later = track('c');
  clientOf('c').ask('set k 1');
  assert.match(later.take(), /invalidate\r\n\*1\r\n\$1\r\nk/);
});

test('what a dropped store held can be lent again at once, and others keep theirs', () => {
  make('a');
  make('b');
  const { pool } = kit.node.services.stores.default;
  const [a, b] = [clientOf('a'), clientOf('b')];
  b.ask('set k 1', 'rpush l 1 2 3');
  const lentBytes = pool.heldBytes - pool.idleBytes;
  const text = 'x'.repeat(1000);
  for (let i = 0; i < 500; i++) a.ask(`set key:${i} ${text}`, `rpush list ${text}`);
  a.ask('setrange huge 20000000 x');
  assert.ok(pool.heldBytes - pool.idleBytes > lentBytes + 20_000_000);
  admin.ask('store drop a');
  assert.equal(pool.heldBytes - pool.idleBytes, lentBytes);
  assert.equal(b.ask('get k', 'llen l'), '$1\r\n1\r\n:3\r\n');
});

test('that stores come and go is told to readers of changes, with the words that make them', () => {
  const told: string[] = [];
  const words = (frame: { count: number; latin1(arg: number): string }) =>
    Array.from({ length: frame.count }, (_, arg) => frame.latin1(arg)).join(' ');
  const reader = {
    onEffect: () => void told.push('an effect'),
    onStores: ({ frame }: { frame: { count: number; latin1(arg: number): string } }) =>
      void told.push(words(frame)),
  };
  kit.node.services.stores.default.sink.attach(reader);
  make('a', 'max_memory 2mb consistency quorum');
  assert.match(admin.ask('store create a'), /^-STOREEXISTS/);
  admin.ask('store drop a');
  assert.deepEqual(told, [
    'STORE CREATE a eviction_policy lru max_memory 2097152 default_ttl 0 cuckoo_filter false ' +
      'consistency quorum',
    'STORE DROP a',
  ]);
  // What was told makes the same store.
  assert.equal(admin.ask(told[0] as string), '+OK\r\n');
  assert.equal(told[2], told[0]);
});

test('a list of stores that cannot be written refuses the change, which is then not made', () => {
  make('a');
  const { disk } = kit.world;
  const { writeFileAtomic } = disk;
  disk.writeFileAtomic = () => {
    throw new NodeError('DISK_REFUSED', 'Cannot write /data/stores.json: EACCES');
  };
  assert.equal(
    admin.ask('store create b'),
    '-MISCONF The store was not created: Cannot write /data/stores.json: EACCES\r\n',
  );
  assert.match(admin.ask('store drop a'), /^-MISCONF The store was not dropped: Cannot write/);
  assert.equal(admin.ask('stores'), '*2\r\n$7\r\ndefault\r\n$1\r\na\r\n');
  disk.writeFileAtomic = writeFileAtomic;
  make('b');
});

test('the default store cannot be dropped; a store that is not there is told', () => {
  assert.equal(admin.ask('store drop Default'), "-ERR The store 'default' cannot be dropped\r\n");
  for (const verb of ['drop', 'info', 'flush']) {
    assert.equal(admin.ask(`store ${verb} x`), "-NOSTORE There is no store named 'x'\r\n");
  }
  assert.match(admin.ask('store help'), /CREATE <name> \[<option> <value> \.\.\.\]/);
});
