import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { HyperCache } from '../../src/index.ts';
import { type RunningServer, skipWithout, startRedis } from '../support/server.ts';
import { playScenario, type Scenario } from './transcript.ts';

/** SHA-256 of `pw`. */
const PW_DIGEST = '30c952fab122c3f9759f02a6d95c3758b246b4fee239957b2d4fee46e26170c4';

/** Users and their rules: every client must hear from us what it hears from redis-server. */
const SCENARIOS: Record<string, Scenario> = {
  'rules that are taken and told again': [
    'A: acl setuser u on >pw ~k* +get +@string -set (%R~r* +get) &ch*',
    'A: acl getuser u',
    'A: acl list',
    `A: acl setuser u >pw >other <pw #${PW_DIGEST}`,
    'A: acl getuser u',
    `A: acl setuser u !${PW_DIGEST}`,
    'A: acl setuser u %RW~x %W~x %R~y ~y %rw~z %R %R~k*',
    'A: acl getuser u',
    'A: acl setuser u nopass resetkeys resetchannels clearselectors allcommands',
    'A: acl list',
    'A: acl setuser u resetpass allkeys allchannels nocommands skip-sanitize-payload',
    'A: acl list',
    'A: acl setuser u sanitize-payload +config -config|get',
    'A: acl list',
    'A: acl setuser u reset +select|0 +select|1 +SELECT|0',
    'A: acl list',
    'A: acl setuser u +select',
    'A: acl list',
    'A: acl setuser u +@all -@admin',
    'A: acl list',
    'A: acl setuser u reset +@read +@pubsub',
    'A: acl list',
    'A: acl setuser u -@read -@all +config|get',
    'A: acl list',
    'A: acl setuser u reset',
    'A: acl list',
    'A: acl users',
    'A: hello 3',
    'A: acl setuser u on (~a) ( +get ) "(+set" "~b" "&c)" () "(~\'q\')"',
    'A: acl getuser u',
    'A: acl getuser default',
    'A: acl deluser u',
  ],
  'rules that are refused, and then nothing is changed': [
    'A: acl setuser u +get foo',
    'A: acl getuser u',
    'A: acl setuser u +nosuch',
    'A: acl setuser u -nosuch',
    'A: acl setuser u +@nosuch',
    'A: acl setuser u +@',
    'A: acl setuser u +',
    'A: acl setuser u -',
    'A: acl setuser u +config|nosuch',
    'A: acl setuser u +config|get|x',
    'A: acl setuser u -config|get|x',
    'A: acl setuser u +config|',
    'A: acl setuser u +get|',
    'A: acl setuser u -select|0',
    'A: acl setuser u ~* ~a',
    'A: acl setuser u allchannels &a',
    'A: acl setuser u (+get ~a',
    'A: acl setuser u +get) (~*',
    'A: acl setuser u (on)',
    'A: acl setuser u "(+get foo)"',
    'A: acl setuser u ")"',
    'A: acl setuser u (',
    'A: acl setuser "b b" on',
    'A: acl setuser "b\\x00b" on',
    'A: acl setuser u <nopw',
    `A: acl setuser u !${PW_DIGEST}`,
    'A: acl setuser u #abc',
    'A: acl setuser u !ABC',
    'A: acl setuser u %X~a',
    'A: acl setuser u %RR~a',
    'A: acl setuser u %~a',
    'A: acl setuser u "~a b"',
    'A: acl setuser u "&a b"',
    'A: acl setuser u "on\\x00x"',
    'A: acl setuser u "+get\\x00x" "~a\\x00b"',
    'A: acl getuser u',
    'A: acl users',
    'A: acl setuser ""',
    'A: acl users',
    'A: acl deluser u "" nosuch',
    'A: acl deluser u default',
    'A: acl getuser nosuch',
  ],
  'what a user may run': [
    'A: acl setuser u on nopass ~k* %R~r* %W~w* +@string -set +select|0 +config|get +acl|whoami',
    'B: auth u any',
    'B: acl whoami',
    'B: get k1',
    'B: GET zzz',
    'B: get r1',
    'B: get w1',
    'B: getdel r1',
    'B: setrange w1 0 x',
    'B: append w1 x',
    'B: mget k1 r1 x',
    'B: mset k1 a x b',
    'B: set k1 v',
    'B: config get nosuch',
    'B: config set nosuch x',
    'B: config nosuch',
    'B: config',
    'B: nosuch',
    'B: get',
    'B: select 0',
    'B: select 1',
    'B: client info',
    'B: ping',
    'B: acl log',
    'B: auth u x',
    'B: hello 3',
    'B: reset',
    'B: get zzz',
    'A: acl log',
    'A: acl log 2',
    'A: acl log 0',
    'A: acl log -5',
    'A: acl log x',
    'A: acl log 1 2',
    'A: acl log reset',
    'A: acl log',
    'A: acl deluser u',
  ],
  'selectors: one that allows it is enough, and the one that came furthest tells why': [
    'A: acl setuser u on nopass +get ~a (+set ~b) (+mget ~c* %R~d*) (+publish &x) (+@all ~e)',
    'B: auth u any',
    'B: get a',
    'B: get b',
    'B: set b 1',
    'B: set a 1',
    'B: mget c1 c2 d3',
    'B: mget c1 c2 a',
    'B: set e 1 get',
    'B: publish x hello',
    'B: publish y hello',
    'B: copy e e',
    'A: acl setuser u clearselectors',
    'B: set e 1',
    'A: acl log',
    'A: acl log reset',
    'A: acl deluser u',
  ],
  'what a command does to a key decides which pattern is enough': [
    'A: acl setuser u on nopass +@all %R~r* %W~w*',
    'B: auth u any',
    'B: copy r1 w1',
    'B: copy w1 r1',
    'B: set w1 1',
    'B: set w1 1 get',
    'B: set r1 1',
    'B: get r1',
    'B: bitfield r1 get u8 0',
    'B: bitfield w1 set u8 0 1',
    'B: bitfield r1 set u8 0 1',
    'B: bitfield_ro w1 get u8 0',
    'B: exists w1 r1',
    'B: exists x1',
    'B: type w1',
    'B: object encoding w1',
    'B: object encoding x1',
    'B: del w1',
    'B: del r1',
    'B: rename w1 w2',
    'B: rename r1 w2',
    'B: expire r1 1',
    'B: ttl w1',
    'B: watch r1',
    'B: watch x1',
    'B: unwatch',
    'B: memory usage r1',
    'B: bitop and w1 r1 r2',
    'B: bitop and r1 r1 r2',
    'B: touch w1',
    'B: lcs r1 w1',
    'A: acl deluser u',
    'A: acl log reset',
  ],
  'transactions: asked when queued, and again by EXEC': [
    'A: acl setuser u on nopass ~k* &c +@all',
    'B: auth u any',
    'B: multi',
    'B: get x',
    'B: get k',
    'B: exec',
    'B: multi',
    'B: get k',
    'B: set k 1',
    'B: set x 1',
    'B: discard',
    'B: multi',
    'B: get k',
    'B: set k 1',
    'B: publish c m',
    'A: acl setuser u -get resetkeys resetchannels',
    'B: auth u x',
    'B: hello 3 auth nobody x',
    'B: client info',
    'B: exec',
    'B: get k',
    'A: acl setuser u -exec',
    'B: multi',
    'B: exec',
    'B: multi',
    'B: ping',
    'B: reset',
    'A: acl log',
    'A: acl log reset',
    'A: acl deluser u',
  ],
  channels: [
    'A: acl setuser u on nopass +@all &c* &exact',
    'B: auth u any',
    'B: hello 3',
    'B: subscribe c1 exact',
    'B: subscribe c1 other',
    'B: psubscribe c*',
    'B: psubscribe c1*',
    'B: psubscribe exact',
    'B: ssubscribe c1',
    'B: ssubscribe s1',
    'B: unsubscribe nosuch',
    'B: publish c1 hello',
    'B: publish other hello',
    'B: spublish exact hello',
    'B: spublish s1 hello',
    'A: acl setuser u allchannels',
    'B: subscribe anything',
    'B: psubscribe any*',
    'A: acl deluser u',
    'A: acl log',
    'A: acl log reset',
  ],
  'who listens to what is no longer allowed is closed': [
    'A: acl setuser u on nopass +@all &c* &d',
    'B: auth u any',
    'B: subscribe c1',
    'C: auth u any',
    'C: psubscribe c*',
    'D: auth u any',
    'D: ssubscribe d',
    'E: auth u any',
    'E: get k',
    'A: acl setuser u resetchannels &c* &d &e',
    'A: acl setuser u resetchannels &c1 &d',
    'B: ping',
    'C: ping',
    'A: acl setuser u resetchannels &c1',
    'B: ping',
    'A: acl setuser u allchannels',
    'A: acl setuser u resetchannels',
    'E: get k',
    'A: acl deluser u',
    'E: get k',
  ],
  'users that are removed, disabled, or change': [
    'A: acl setuser u on >a ~* +@all',
    'A: acl setuser v on >a ~* +@all',
    'B: auth u a',
    'C: auth v a',
    'D: auth u a',
    'D: subscribe x',
    'A: acl setuser u off -get',
    'B: get k',
    'B: set k 1',
    'E: auth u a',
    'E: auth u b',
    'E: auth nobody b',
    'E: auth u',
    'E: acl whoami',
    'A: client kill user nobody',
    'A: client kill user v',
    'A: acl deluser u',
    'B: get k',
    'F: auth v a',
    'F: acl deluser v',
    'F: ping',
    'A: acl users',
    'A: acl log reset',
  ],
  'DRYRUN, CAT, GENPASS and forms that are wrong': [
    'A: acl setuser u ~k* &c +get +mget +publish +object|encoding +select|0',
    'A: acl dryrun nosuch get a',
    'A: acl dryrun u nosuch a',
    'A: acl dryrun u get',
    'A: acl dryrun u get k1',
    'A: acl dryrun u GET zzz',
    'A: acl dryrun u mget k1 x y',
    'A: acl dryrun u set k1 1',
    'A: acl dryrun u config get x',
    'A: acl dryrun u config nosuch x',
    'A: acl dryrun u config',
    'A: acl dryrun u publish c 1',
    'A: acl dryrun u publish foo 1',
    'A: acl dryrun u select 0',
    'A: acl dryrun u select 1',
    'A: acl dryrun u object encoding x',
    'A: acl dryrun u auth x',
    'A: acl dryrun default flushall',
    'A: acl dryrun',
    'A: acl log',
    'A: acl cat',
    'A: acl cat nosuch',
    'A: acl cat STRING x',
    'A: acl cat ""',
    'A: acl genpass 0',
    'A: acl genpass -1',
    'A: acl genpass 4097',
    'A: acl genpass abc',
    'A: acl genpass 5 6',
    'A: acl help',
    'A: acl help x',
    'A: acl nosuch',
    'A: acl',
    'A: acl list x',
    'A: acl users x',
    'A: acl whoami x',
    'A: acl whoami',
    'A: acl save x',
    'A: acl setuser',
    'A: acl deluser',
    'A: acl getuser',
    'A: multi',
    'A: acl whoami',
    'A: acl setuser u +set',
    'A: exec',
    'A: acl deluser u',
  ],
  'a file of users': [
    'A: acl setuser u on >a ~k* &c +get (~x +set)',
    'A: acl save',
    'A: acl setuser u off',
    'A: acl setuser v on nopass',
    'B: auth v x',
    'C: auth u a',
    'C: get k1',
    'A: acl load',
    'A: acl list',
    'B: ping',
    'C: ping',
    'A: acl deluser u',
    'A: acl save',
    'A: acl list',
  ],
  'new users and all channels': [
    'A: config set acl-pubsub-default allchannels',
    'A: acl setuser u (~a)',
    'A: acl list',
    'A: acl setuser u reset',
    'A: acl list',
    'A: config set acl-pubsub-default resetchannels',
    'A: acl setuser u reset',
    'A: acl setuser u (~a)',
    'A: acl list',
    'A: acl deluser u',
  ],
  'a log that is cut': [
    'A: acl setuser u on nopass',
    'B: auth u x',
    'B: get a',
    'B: get b',
    'B: set a 1',
    'B: ping',
    'B: echo a',
    'A: acl log',
    'A: config set acllog-max-len 2',
    'A: acl log',
    'B: ping',
    'A: acl log',
    'B: incr a',
    'A: acl log',
    'A: config set acllog-max-len 0',
    'B: decr a',
    'A: acl log',
    'A: config set acllog-max-len 128',
    'A: acl deluser u',
  ],
};

const skip = skipWithout('redis-server');
const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'hypercache-access-'));
let redis: RunningServer;
let ours: HyperCache;

before(async () => {
  if (skip) return;
  const [theirFile, ourFile] = ['theirs.acl', 'ours.acl'].map((name) => {
    const file = path.join(directory, name);
    fs.writeFileSync(file, '');
    return file;
  });
  redis = await startRedis({ args: ['--aclfile', theirFile] });
  ours = await HyperCache.start({ port: 0, settings: { 'security.acl_file': ourFile } });
});

after(async () => {
  if (!skip) await Promise.all([redis.stop(), ours.stop()]);
  fs.rmSync(directory, { recursive: true });
});

for (const [name, scenario] of Object.entries(SCENARIOS)) {
  test(`as redis-server: ${name}`, { skip }, async () => {
    const expected = (await playScenario(redis.port, scenario)).map(mask);
    const found = (await playScenario(ours.port, scenario)).map(mask);
    assert.ok(expected.length > 3);
    assert.deepEqual(found, expected);
  });
}

/** What 7.2 adds to an entry of the log, ages, and facts of the process in a client's line. */
function mask(line: string): string {
  return line
    .replace(/\$8\\r\\nentry-id\\r\\n.*?last-updated\\r\\n:\d+\\r\\n/g, '')
    .replace(/%10\\r\\n/g, '%7\\r\\n')
    .replace(/\*20\\r\\n/g, '*14\\r\\n')
    .replace(/(age-seconds\\r\\n)(\$\d+\\r\\n|,)[\d.e-]+/g, '$1AGE')
    .replace(/(\$\d+|=\d+)\\r\\n(txt:)?id=\d+ addr=.*?\\n/g, (text) =>
      ['name', 'flags', 'db', 'sub', 'psub', 'ssub', 'multi', 'cmd', 'user', 'resp']
        .map((field) => new RegExp(` ${field}=[^ \\\\]*`).exec(text)?.[0])
        .join(''),
    )
    .replace(/\/\S*?(theirs|ours)\.acl/g, 'FILE');
}

test('ACL CAT lists the commands that redis-server lists', { skip }, async () => {
  const { port } = redis;
  const categories = ['keyspace', 'read', 'write', 'set', 'sortedset', 'list', 'hash', 'string'];
  const more = ['bitmap', 'hyperloglog', 'geo', 'stream', 'pubsub', 'admin', 'fast', 'slow'];
  const last = ['blocking', 'dangerous', 'connection', 'transaction', 'scripting'];
  const ourNames = new Set(namesIn((await playScenario(ours.port, ['A: command list']))[0]));
  for (const category of [...categories, ...more, ...last]) {
    const scenario = [`A: acl cat ${category}`];
    const [expected] = await playScenario(port, scenario);
    const [found] = await playScenario(ours.port, scenario);
    const all = new Set(namesIn((await playScenario(port, ['A: command list']))[0]));
    const wanted = namesIn(expected).filter((name) => ourNames.has(name));
    assert.ok(wanted.length > 0 || !/string|keyspace|slow|fast/.test(category), category);
    assert.deepEqual(
      namesIn(found)
        .filter((name) => all.has(name))
        .sort(),
      wanted.sort(),
      category,
    );
  }
});

/** The bulk strings of a transcript's line. */
function namesIn(line: string): string[] {
  return [...line.matchAll(/\$\d+\\r\\n(.*?)\\r\\n/g)].map(([, name]) => name);
}
