/**
 * Uses one key with about every command of its type, and fails when what they say does not agree:
 * how a value that was loaded from doubtful bytes is told from a sound one.
 */
import assert from 'node:assert/strict';
import type { CommandKit } from '../../src/testing/command-kit.ts';
import type { Reply } from '../../src/testing/reply-decoder.ts';

type Word = string | number | Uint8Array;

/** Elements that are looked at one by one. */
const LOOKED_AT_MAX = 40;
const KEY = 'k';

export function exerciseKey(kit: CommandKit): void {
  const use = new KeyUse(kit);
  const type = use.text('TYPE');
  const digest = use.digest();
  use.text('OBJECT', 'ENCODING');
  use.checkDump(digest);
  if (type === 'string') exerciseString(use);
  else if (type === 'list') exerciseList(use);
  else if (type === 'set') exerciseSet(use);
  else if (type === 'zset') exerciseZset(use);
  else if (type === 'hash') exerciseHash(use);
  else if (type === 'stream') exerciseStream(use);
  else assert.fail(`a value of type ${type}`);
}

class KeyUse {
  private readonly kit: CommandKit;

  constructor(kit: CommandKit) {
    this.kit = kit;
  }

  /** `OBJECT ENCODING` and the like have the key behind their second word. */
  run(name: string, ...words: Word[]): Reply {
    const isContainer = name === 'OBJECT' || name === 'XINFO' || name === 'XGROUP';
    const reply = isContainer
      ? this.kit.run(name, words[0], KEY, ...words.slice(1))
      : this.kit.run(name, KEY, ...words);
    if (reply.kind === 'error')
      assert.fail(`${name} ${words.join(' ').slice(0, 80)}: ${reply.text}`);
    return reply;
  }

  runWhole(...words: Word[]): Reply {
    const reply = this.kit.run(...words);
    if (reply.kind === 'error') assert.fail(`${words.join(' ').slice(0, 80)}: ${reply.text}`);
    return reply;
  }

  text(name: string, ...words: Word[]): string {
    const reply = this.run(name, ...words);
    if (reply.kind === 'simple') return reply.text;
    return reply.kind === 'bulk' ? reply.bytes.toString('latin1') : '';
  }

  number(name: string, ...words: Word[]): number {
    const reply = this.run(name, ...words);
    assert.equal(reply.kind, 'integer', name);
    return reply.kind === 'integer' ? Number(reply.value) : Number.NaN;
  }

  items(name: string, ...words: Word[]): Reply[] {
    const reply = this.run(name, ...words);
    return reply.kind === 'array' ? reply.items : [];
  }

  texts(name: string, ...words: Word[]): Buffer[] {
    return this.items(name, ...words).map(bytesOf);
  }

  digest(): string {
    const reply = this.runWhole('DEBUG', 'DIGEST-VALUE', KEY);
    return reply.kind === 'array' && reply.items[0].kind === 'bulk'
      ? reply.items[0].bytes.toString()
      : JSON.stringify(reply);
  }

  /** What DUMP gives must be taken back, and be the same. */
  checkDump(digest: string): void {
    const reply = this.run('DUMP');
    if (reply.kind !== 'bulk') assert.fail('DUMP gave nothing');
    this.run('RESTORE', 0, reply.bytes, 'REPLACE');
    assert.equal(this.digest(), digest, 'DUMP and RESTORE give another value');
  }

  exists(): boolean {
    const reply = this.kit.run('EXISTS', KEY);
    return reply.kind === 'integer' && reply.value === 1;
  }
}

function bytesOf(reply: Reply): Buffer {
  if (reply.kind === 'bulk') return reply.bytes;
  return Buffer.from(reply.kind === 'integer' ? String(reply.value) : '');
}

function distinct(texts: readonly Buffer[]): number {
  return new Set(texts.map((text) => text.toString('latin1'))).size;
}

function exerciseString(use: KeyUse): void {
  const length = use.number('STRLEN');
  assert.equal(bytesOf(use.run('GET')).length, length);
  assert.equal(bytesOf(use.run('GETRANGE', 0, -1)).length, length);
  use.number('BITCOUNT');
  assert.equal(use.number('APPEND', 'more'), length + 4);
  use.number('SETRANGE', 1, 'x');
}

function exerciseList(use: KeyUse): void {
  const count = use.number('LLEN');
  const elements = use.texts('LRANGE', 0, -1);
  assert.equal(elements.length, count);
  const step = Math.max(1, Math.floor(count / LOOKED_AT_MAX));
  for (let i = 0; i < count; i += step) {
    assert.deepEqual(bytesOf(use.run('LINDEX', i)), elements[i], `element ${i}`);
    assert.deepEqual(bytesOf(use.run('LINDEX', i - count)), elements[i], `element ${i - count}`);
    use.run('LPOS', elements[i]);
  }
  use.run('LINSERT', 'BEFORE', elements[count >>> 1], 'inserted');
  use.run('LSET', 0, 'first');
  assert.equal(use.number('RPUSH', 'pushed'), count + 2);
  use.number('LPUSH', 'z'.repeat(500));
  use.number('LREM', 1, 'inserted');
  use.run('LTRIM', 1, -2);
  while (use.exists()) {
    use.run('LPOP');
    if (use.exists()) use.run('RPOP');
  }
}

function exerciseSet(use: KeyUse): void {
  const count = use.number('SCARD');
  const members = use.texts('SMEMBERS');
  assert.equal(members.length, count);
  assert.equal(distinct(members), count, 'a member twice');
  for (const member of members) assert.equal(use.number('SISMEMBER', member), 1);
  use.run('SRANDMEMBER', 3);
  use.run('SSCAN', 0);
  use.number('SADD', 'added', '17', 'z'.repeat(100));
  for (const member of members) use.number('SREM', member);
  while (use.exists()) use.run('SPOP');
}

function exerciseZset(use: KeyUse): void {
  const count = use.number('ZCARD');
  const pairs = use.texts('ZRANGE', 0, -1, 'WITHSCORES');
  assert.equal(pairs.length, count * 2);
  const members = pairs.filter((_, i) => i % 2 === 0);
  assert.equal(distinct(members), count, 'a member twice');
  let before = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < count; i++) {
    const score = scoreOf(pairs[2 * i + 1]);
    assert.ok(score >= before, 'scores ascend');
    before = score;
    assert.deepEqual(bytesOf(use.run('ZSCORE', members[i])), pairs[2 * i + 1]);
    assert.equal(use.number('ZRANK', members[i]), i);
  }
  assert.equal(use.number('ZCOUNT', '-inf', '+inf'), count);
  use.run('ZRANGEBYSCORE', '-inf', '(2', 'LIMIT', 0, 2);
  use.number('ZADD', 0, 'added', 2, 'z'.repeat(100), -1.5, '17');
  use.run('ZADD', 'INCR', 0.5, 'added');
  for (const member of members) use.number('ZREM', member);
  while (use.exists()) {
    use.run('ZPOPMIN');
    if (use.exists()) use.run('ZPOPMAX');
  }
}

function scoreOf(text: Buffer): number {
  const score = Number(text.toString().replace('inf', 'Infinity'));
  assert.ok(!Number.isNaN(score), `score ${text.toString()}`);
  return score;
}

function exerciseHash(use: KeyUse): void {
  const count = use.number('HLEN');
  const pairs = use.texts('HGETALL');
  assert.equal(pairs.length, count * 2);
  const fields = pairs.filter((_, i) => i % 2 === 0);
  assert.equal(distinct(fields), count, 'a field twice');
  fields.forEach((field, i) => {
    assert.deepEqual(bytesOf(use.run('HGET', field)), pairs[2 * i + 1]);
  });
  use.run('HRANDFIELD', 3);
  use.run('HSCAN', 0);
  use.number('HSET', 'added', 'v', '17', 'z'.repeat(100));
  use.run('HPEXPIRE', 100_000, 'FIELDS', 1, 'added');
  for (const field of fields) use.number('HDEL', field);
  if (use.exists()) use.run('HDEL', ...use.texts('HKEYS'));
}

function exerciseStream(use: KeyUse): void {
  const length = use.number('XLEN');
  const forwards = use.items('XRANGE', '-', '+');
  assert.equal(forwards.length, length);
  assert.deepEqual(use.items('XREVRANGE', '+', '-').reverse(), forwards);
  const ids = forwards.map((entry) => (entry.kind === 'array' ? bytesOf(entry.items[0]) : ''));
  for (const id of ids.slice(0, LOOKED_AT_MAX)) {
    assert.equal(use.items('XRANGE', id, id).length, 1, `entry ${id}`);
  }
  use.run('XINFO', 'STREAM', 'FULL', 'COUNT', 0);
  for (const group of use.items('XINFO', 'GROUPS')) exerciseGroup(use, group);
  if (ids.length > 0)
    assert.equal(use.number('XDEL', ids[0], ids[ids.length - 1]), ids.length > 1 ? 2 : 1);
  use.number('XTRIM', 'MAXLEN', Math.floor(length / 2));
  use.number('XTRIM', 'MAXLEN', '~', 1);
  use.run('XINFO', 'STREAM');
}

function exerciseGroup(use: KeyUse, group: Reply): void {
  if (group.kind !== 'array') assert.fail('a group without facts');
  const name = bytesOf(group.items[1]);
  const pendingCount = Number(bytesOf(group.items[5]).toString());
  const pending = pendingCount === 0 ? [] : use.items('XPENDING', name, '-', '+', pendingCount + 1);
  assert.equal(pending.length, pendingCount, 'pending entries of the group');
  use.run('XPENDING', name);
  let ownedCount = 0;
  for (const consumer of use.items('XINFO', 'CONSUMERS', name)) {
    if (consumer.kind !== 'array') continue;
    ownedCount += Number(bytesOf(consumer.items[3]).toString());
  }
  assert.equal(ownedCount, pendingCount, 'pending entries of the consumers');
  use.run('XAUTOCLAIM', name, 'newcomer', 0, '0-0', 'COUNT', 2);
  use.runWhole('XREADGROUP', 'GROUP', name, 'newcomer', 'COUNT', 2, 'STREAMS', KEY, '>');
  use.runWhole('XREADGROUP', 'GROUP', name, 'newcomer', 'STREAMS', KEY, '0');
  for (const entry of pending) {
    if (entry.kind === 'array') use.number('XACK', name, bytesOf(entry.items[0]));
  }
  use.run('XGROUP', 'DELCONSUMER', name, 'newcomer');
}
