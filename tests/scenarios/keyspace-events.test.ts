import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { HyperCache } from '../../src/index.ts';
import { type RunningServer, skipWithout, startRedis } from '../support/server.ts';
import { playScenario, type Scenario } from './transcript.ts';

/** Everything there is to hear, misses and new keys included. */
const LISTEN = ['S: config set notify-keyspace-events KEAmn', 'S: psubscribe __key*'];
/** Ends what a scenario began, for the next one finds the same server. */
const LEAVE = ['Z: flushall', 'Z: config set notify-keyspace-events ""'];

/** Commands of B, heard by S: each event in its place, no more and no less. */
const SCRIPTS: Record<string, readonly string[]> = {
  strings: [
    'set k v',
    'set k w',
    'set k v nx',
    'set k v xx keepttl',
    'set k v ex 100',
    'set k v keepttl',
    'set k v get',
    'set n v ex 100 get',
    'set k v px 100000 nx',
    'setnx k v',
    'setnx k2 v',
    'setex k 100 v',
    'psetex k3 100000 v',
    'getset k v',
    'getset k4 v',
    'mset a 1 b 2 a 3',
    'msetnx a 1 c 2',
    'msetnx d 1 e 2',
    'append a x',
    'append f x',
    'append f ""',
    'strlen a',
    'strlen none',
    'setrange g 5 x',
    'setrange g 0 ""',
    'setrange none 0 ""',
    'getrange none 0 1',
    'incr i',
    'incr i',
    'decr i',
    'decr i2',
    'incrby i 5',
    'decrby i 5',
    'decrby i3 5',
    'incrbyfloat i 1.5',
    'incrbyfloat i4 1.5',
    'incr a',
    'get none',
    'mget none a none2',
    'getdel none',
    'getdel a',
    'getex none',
    'getex k',
    'getex k ex 100',
    'getex k persist',
    'getex k persist',
    'getex k pxat 1',
    // Else redis-server announces that it is gone when its timer comes round.
    'debug set-active-expire 0',
    'set k v pxat 1',
    'get k',
    'debug set-active-expire 1',
    'lcs none none2',
    'substr none 0 1',
  ],
  bitmaps: [
    'setbit b 7 1',
    'setbit b 7 1',
    'getbit none 1',
    'bitcount none',
    'bitpos none 1',
    'bitop or dest b none',
    'bitop or dest2 none none2',
    'bitop or dest none none2',
    'bitfield f set u8 0 5 incrby u8 0 1 get u8 0',
    'bitfield f get u8 0',
    'bitfield none get u8 0',
    'bitfield_ro none get u8 0',
    'bitfield f overflow fail incrby u8 0 1000',
  ],
  lists: [
    'lpush l a b',
    'rpush l c',
    'lpushx l d',
    'rpushx none d',
    'llen none',
    'lindex none 0',
    'lrange none 0 -1',
    'lset l 0 x',
    'linsert l before x y',
    'linsert l before nothing y',
    'lrem l 0 y',
    'lrem l 0 nothing',
    'ltrim l 0 1',
    'lmove l m left right',
    'lmove l l left right',
    'rpoplpush l m',
    'lpop m',
    'rpop m 5',
    'lpop none',
    'rpush l 1 2 3',
    'lmpop 2 none l left count 2',
    'ltrim l 5 6',
    'rpush l 1',
    'lrem l 0 1',
    'rpush l 1',
    'lpop l',
    'rpush l 1',
    'set l x',
    'lpos none x',
  ],
  'keys and their deadlines': [
    'set k v',
    'expire k 100',
    'expire k 100 nx',
    'expire k 50 gt',
    'pexpire k 100000',
    'expireat k 4000000000',
    'pexpireat k 4000000000000',
    'persist k',
    'persist k',
    'expire k -1',
    'expire none 5',
    'ttl none',
    'pttl none',
    'expiretime none',
    'pexpiretime none',
    'persist none',
    'set k v',
    'pexpireat k 1',
    'set k v',
    'del k none',
    'set k v',
    'unlink k none',
    'exists none',
    'set k v',
    'exists k none k',
    'touch k none',
    'type none',
    'object encoding none',
    'object freq none',
    'object idletime none',
    'object refcount none',
    'randomkey',
    'keys *',
    'scan 0',
    'dbsize',
    'memory usage none',
    'debug object none',
  ],
  'rename, copy, move and whole databases': [
    'set k v ex 100',
    'set l v',
    'rename k m',
    'rename m l',
    'rename none x',
    'rename l l',
    'renamenx l n',
    'renamenx none x',
    'set o v',
    'renamenx n o',
    'copy n p',
    'copy n p',
    'copy n p replace',
    'copy none p',
    'copy n q db 3',
    'copy n q db 3 replace',
    'move n 4',
    'move none 4',
    'set n v',
    'move n 4',
    'select 4',
    'set only v ex 10',
    'get none',
    'swapdb 0 4',
    'get n',
    'flushdb',
    'select 0',
    'flushall',
  ],
  transactions: [
    'multi',
    'set k v ex 100',
    'get none',
    'del k',
    'exec',
    'multi',
    'set k v',
    'discard',
    'watch none',
    'unwatch',
    'pfadd hll a b',
    'pfadd hll a b',
    'pfadd hll2',
    'pfcount hll',
    'pfcount none',
    'pfcount hll none',
    'pfmerge hll3 hll none',
    'pfmerge hll hll2',
  ],
};

/** Which letters let which events through. */
const CLASSES: Scenario = [
  'S: psubscribe __key*',
  ...['', 'A', 'K', 'E', 'K$', 'Eg', 'Kx$', 'KEm', 'En', 'An', 'KEAn', 'KEA'].flatMap((letters) => [
    `B: config set notify-keyspace-events "${letters}"`,
    'B: config get notify-keyspace-events',
    'B: set k v ex 100',
    'B: get none',
    'B: persist k',
    'B: rename k l',
    'B: del l',
  ]),
];

/** Whoever listens may be the one who acts. */
const SELF: Scenario = [
  'B: config set notify-keyspace-events KEAmn',
  'A: hello 3',
  'A: psubscribe __key*',
  'A: set k v ex 100',
  'A: get none',
  'A: del k',
  'A: subscribe __keyevent@0__:set',
  'A: set k v',
  'A: unsubscribe',
  'A: punsubscribe',
  'A: set k v',
];

const EXPIRED: Scenario = [
  ...LISTEN,
  'B: debug set-active-expire 0',
  'B: set k v px 1',
  'B: debug sleep 0.01',
  'B: get k',
  'B: set k v px 1',
  'B: debug sleep 0.01',
  'B: set k w',
  'B: set k v px 1',
  'B: debug sleep 0.01',
  'B: exists k',
  'B: set k v px 1',
  'B: debug sleep 0.01',
  'B: incr k',
  'B: set k v px 1',
  'B: debug sleep 0.01',
  'B: del k',
  'B: set k v px 1',
  'B: debug sleep 0.01',
  'B: rename k l',
  'B: debug set-active-expire 1',
];

const skip = skipWithout('redis-server');
let redis: RunningServer;
let ours: HyperCache;

before(async () => {
  if (skip) return;
  redis = await startRedis({ args: ['--enable-debug-command', 'local'] });
  ours = await HyperCache.start({
    port: 0,
    settings: { 'security.enable_debug_command': 'local' },
  });
});

after(async () => {
  if (skip) return;
  await Promise.all([redis.stop(), ours.stop()]);
});

async function compare(scenario: Scenario): Promise<void> {
  const expected = await playScenario(redis.port, [...scenario, ...LEAVE]);
  const found = await playScenario(ours.port, [...scenario, ...LEAVE]);
  assert.ok(expected.some((line) => line.includes('__key')));
  const index = expected.findIndex((line, at) => line !== found[at]);
  if (index >= 0) assert.equal(shorten(found[index]), shorten(expected[index]));
  assert.equal(found.length, expected.length);
}

/** Messages without what is the same in all of them. */
function shorten(line: string | undefined): string | undefined {
  const head = /[*>]4\\r\\n\$8\\r\\npmessage\\r\\n\$6\\r\\n__key\*\\r\\n\$\d+\\r\\n/g;
  return line?.replace(head, ' / ').replace(/\\r\\n(\$\d+\\r\\n)?/g, ' ');
}

for (const [name, lines] of Object.entries(SCRIPTS)) {
  test(`events of ${name} are those of redis-server`, { skip }, async () => {
    await compare([...LISTEN, ...lines.map((line) => `B: ${line}`)]);
  });
}

test('letters choose the classes that redis-server would', { skip }, () => compare(CLASSES));

test('who acts hears its own events where redis-server sends them', { skip }, () => compare(SELF));

test('a key that expired is announced before what is done with it', { skip }, () =>
  compare(EXPIRED),
);
