import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { type CommandKit, createCommandKit } from '../../testing/command-kit.ts';

let kit: CommandKit;

before(async () => {
  kit = await createCommandKit();
});
after(() => kit.node.stop());
beforeEach(() => {
  kit.run('FLUSHALL');
  kit.run('HELLO', '2');
  kit.effects.length = 0;
});

const words = (line: string): string[] => line.split(' ');
/** Errors as their text behind a `-`. */
function ask(line: string): unknown {
  const reply = kit.ask(...words(line));
  return reply instanceof Error ? `-${reply.message}` : reply;
}
/** Effects of a command with their events. */
function effectsOf(line: string): string[] {
  kit.effects.length = 0;
  ask(line);
  return kit.effects.map(({ args, event }) => `${event}: ${args.join(' ')}`);
}

test('ZADD without conditions is passed on as it stands', () => {
  assert.deepEqual(effectsOf('ZADD z CH 1 a 2.50 b'), ['zadd: ZADD z CH 1 a 2.50 b']);
  assert.deepEqual(effectsOf('ZADD z 1 a'), [], 'nothing changed');
});

test('ZADD with conditions, and increments, are recorded as the scores they came to', () => {
  ask('ZADD z 1 a 5 b');
  assert.deepEqual(effectsOf('ZADD z GT CH 3 a 4 b 7 c'), ['zadd: ZADD z 3 a 7 c']);
  assert.deepEqual(effectsOf('ZADD z XX 1 nobody'), []);
  assert.deepEqual(effectsOf('ZADD z NX 1 a 0.1 d'), ['zadd: ZADD z 0.10000000000000001 d']);
  assert.deepEqual(effectsOf('ZINCRBY z 2.5 a'), ['zincr: ZADD z 5.5 a']);
  assert.deepEqual(effectsOf('ZADD z INCR inf a'), ['zincr: ZADD z inf a']);
  assert.equal(ask('ZINCRBY z -inf a'), '-ERR resulting score is not a number (NaN)');
  assert.deepEqual(effectsOf('ZINCRBY z -inf a'), []);
  assert.equal(ask('ZSCORE z a'), 'inf');
});

test('what was popped is recorded as removed, and the key goes with its last member', () => {
  ask('ZADD z 1 a 2 b 3 c 4 d');
  assert.deepEqual(effectsOf('ZPOPMIN z 2'), ['zpopmin: ZREM z a b']);
  assert.deepEqual(effectsOf('ZMPOP 2 none z MAX'), ['zpopmax: ZREM z d']);
  assert.deepEqual(effectsOf('BZPOPMAX none z 0'), ['zpopmax: ZREM z c']);
  assert.equal(ask('EXISTS z'), 0);
});

test('STORE forms replace what is there, deadline and all, and an empty result removes it', () => {
  ask('ZADD z 1 a 2 b');
  ask('SET d x EX 100');
  const line = 'ZUNIONSTORE d 2 z z WEIGHTS 2 3';
  assert.deepEqual(effectsOf(line), [`zunionstore: ${line}`]);
  assert.deepEqual(ask('ZRANGE d 0 -1 WITHSCORES'), ['a', '5', 'b', '10']);
  assert.equal(ask('TTL d'), -1);
  assert.deepEqual(effectsOf('ZINTERSTORE d 2 z none'), ['del: DEL d']);
  assert.deepEqual(effectsOf('ZDIFFSTORE d 1 none'), []);
  ask('ZRANGESTORE z z 1 1');
  assert.deepEqual(ask('ZRANGE z 0 -1'), ['b']);
  assert.equal(ask('ZRANGESTORE z z 5 9'), 0);
  assert.equal(ask('EXISTS z'), 0);
});

test('a new sorted set has the default time to live, which is recorded behind it', () => {
  kit.session.store.defaultTtlMs = 1_000;
  const dueMs = kit.node.services.clock.nowMs + 1_000;
  assert.deepEqual(effectsOf('ZADD z 1 a'), ['zadd: ZADD z 1 a', `expire: PEXPIREAT z ${dueMs}`]);
  assert.deepEqual(effectsOf('ZADD z 1 b'), ['zadd: ZADD z 1 b']);
  kit.session.store.defaultTtlMs = 0;
});

test('RESP3 pairs members with their scores; ZPOPMIN without a count does not', () => {
  ask('ZADD z 1 a 2.5 b');
  kit.run('HELLO', '3');
  assert.deepEqual(ask('ZRANGE z 0 -1 WITHSCORES'), [
    ['a', 1],
    ['b', 2.5],
  ]);
  assert.deepEqual(ask('ZUNION 1 z WITHSCORES'), [
    ['a', 1],
    ['b', 2.5],
  ]);
  assert.deepEqual(ask('ZRANK z b WITHSCORE'), [1, 2.5]);
  assert.deepEqual(ask('ZREVRANK z b WITHSCORE'), [0, 2.5]);
  assert.equal(ask('ZRANK z none WITHSCORE'), null);
  assert.deepEqual(ask('ZPOPMIN z'), ['a', 1]);
  assert.deepEqual(ask('ZPOPMIN z 1'), [['b', 2.5]]);
});

test('OBJECT ENCODING follows the thresholds, whatever the form', () => {
  ask(`ZADD z 1 ${'x'.repeat(64)}`);
  assert.equal(ask('OBJECT ENCODING z'), 'listpack');
  ask(`ZADD z 1 ${'x'.repeat(65)}`);
  assert.equal(ask('OBJECT ENCODING z'), 'skiplist');
  for (let i = 0; i < 128; i++) ask(`ZADD y ${i} m${i}`);
  assert.equal(ask('OBJECT ENCODING y'), 'listpack');
  ask('ZADD y 1 one-more');
  assert.equal(ask('OBJECT ENCODING y'), 'skiplist');
  assert.equal(ask('CONFIG SET zset-max-listpack-entries 500'), 'OK');
  for (let i = 0; i < 300; i++) ask(`ZADD x -0 m${i}`);
  assert.equal(ask('OBJECT ENCODING x'), 'listpack');
  assert.equal(ask('ZSCORE x m299'), '0', 'a listpack has no negative zero');
  ask('CONFIG SET zset-max-listpack-entries 128');
});

for (const count of [3, 1_000]) {
  test(`a sorted set of ${count} members is copied, moved, renamed, expired and removed`, () => {
    const { database } = kit.session;
    for (let i = 0; i < count; i++) ask(`ZADD z ${i} m${i}`);
    const all = ask('ZRANGE z 0 -1 WITHSCORES');
    ask('COPY z y');
    ask('ZADD z 0.5 only-in-z');
    assert.deepEqual(ask('ZRANGE y 0 -1 WITHSCORES'), all);
    assert.equal(ask('ZSCORE y only-in-z'), null);
    ask('RENAME y x');
    assert.equal(ask(`ZSCORE x m${count - 1}`), String(count - 1));
    assert.equal(ask('MOVE x 1'), 1);
    ask('SELECT 1');
    assert.deepEqual(ask('ZRANGE x 0 -1 WITHSCORES'), all);
    assert.ok((ask('MEMORY USAGE x') as number) > count * 5);
    ask('DEL x');
    ask('SELECT 0');
    ask('PEXPIRE z 10');
    kit.advance(20);
    assert.equal(ask('ZCARD z'), 0);
    while (database.trees.hasGraves) database.trees.drain(100);
    const { byteCount, sideByteCount } = database.entries;
    assert.equal(database.memory.liveBytes, byteCount - sideByteCount);
  });
}

test('without a connection, as within EXEC, BZPOPMIN and BZMPOP do not wait', () => {
  assert.equal(ask('BZPOPMIN z 0'), null);
  assert.equal(ask('BZMPOP 0 1 z MIN'), null);
  assert.equal(ask('BZPOPMIN z -1'), '-ERR timeout is negative');
});

test('other types are refused, by combinations too, which take sets', () => {
  ask('SET s x');
  ask('SADD set a b');
  ask('ZADD z 5 a');
  const wrong = '-WRONGTYPE Operation against a key holding the wrong kind of value';
  const lines = [
    ...['ZADD s 1 a', 'ZINCRBY s 1 a', 'ZREM s a', 'ZSCORE s a', 'ZMSCORE s a', 'ZCARD s'],
    ...['ZCOUNT s 0 1', 'ZLEXCOUNT s - +', 'ZRANK s a', 'ZRANGE s 0 1', 'ZRANGESTORE d s 0 1'],
    ...['ZPOPMIN s', 'ZMPOP 1 s MIN', 'BZPOPMIN s 0', 'ZRANDMEMBER s', 'ZSCAN s 0', 'ZUNION 1 s'],
    ...['ZREMRANGEBYRANK s 0 1', 'ZINTERSTORE d 2 z s', 'ZINTERCARD 2 z s'],
  ];
  for (const line of lines) assert.equal(ask(line), wrong, line);
  assert.deepEqual(ask('ZUNION 2 z set WITHSCORES'), ['b', '1', 'a', '6']);
  assert.deepEqual(ask('ZINTER 2 set z WITHSCORES'), ['a', '6']);
  assert.deepEqual(ask('ZDIFF 2 set z'), ['b']);
});

test('ZRANDMEMBER draws each member once, or again when told to', () => {
  for (let i = 0; i < 500; i++) ask(`ZADD z ${i} m${i}`);
  const drawn = ask('ZRANDMEMBER z 400') as string[];
  assert.equal(new Set(drawn).size, 400);
  assert.equal((ask('ZRANDMEMBER z -2000') as string[]).length, 2_000);
  assert.equal((ask('ZRANDMEMBER z 3 WITHSCORES') as string[]).length, 6);
  assert.equal(ask('ZRANDMEMBER z -200000000'), '-ERR value is out of range');
});

test('a range is the same in runs and one by one, over pages and back', () => {
  const all: string[] = [];
  for (let i = 0; i < 2_000; i++) {
    const name = i % 97 === 0 ? 'x'.repeat(600 + i) : `${i % 3 === 0 ? '' : 'member-'}${i}`;
    all.push(name);
    ask(`ZADD z ${i} ${name}`);
    if (i === 100) assert.deepEqual(ask('ZRANGE z 0 -1'), all);
  }
  assert.deepEqual(ask('ZRANGE z 0 -1'), all);
  assert.deepEqual(ask('ZREVRANGE z 3 -5'), all.slice(4, -3).reverse());
  assert.deepEqual(ask('ZRANGEBYSCORE z (10 +inf LIMIT 5 300'), all.slice(16, 316));
});
