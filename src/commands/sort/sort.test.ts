import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCommandKit } from '../../testing/command-kit.ts';
import { frameOf } from '../../testing/engine-fixture.ts';
import { describeReply } from '../../testing/reply-decoder.ts';
import { limitOf, parseSort } from './sort-options.ts';
import { sortScore } from './sort-order.ts';
import { parsePattern } from './sort-pattern.ts';

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));
const text = (part: Uint8Array | null): string | null =>
  part === null ? null : Buffer.from(part).toString('latin1');

test('a weight is read as strtod reads it', () => {
  const rows: [string, number][] = [
    ['12', 12],
    [' 1.5', 1.5],
    ['', 0],
    ['0x10', 16],
    ['-inf', -Infinity],
    ['3\u0000abc', 3],
    ['1e400', NaN],
    ['1e-320', NaN],
    ['5 ', NaN],
    [' ', NaN],
    ['nan', NaN],
    ['abc', NaN],
  ];
  for (const [weight, value] of rows)
    assert.equal(sortScore(bytes(weight), 0, weight.length), value, weight);
});

test('a pattern is cut at its first asterisk and the arrow behind it', () => {
  const parts = (pattern: string): unknown[] => {
    const { isElement, before, after, field } = parsePattern(bytes(pattern));
    return [isElement, text(before), text(after), text(field)];
  };
  assert.deepEqual(parts('#'), [true, null, '#', null]);
  assert.deepEqual(parts('w_*'), [false, 'w_', '', null]);
  assert.deepEqual(parts('a->*b->c->d'), [false, 'a->', 'b', 'c->d']);
  assert.deepEqual(parts('a*->'), [false, 'a', '->', null]);
  assert.deepEqual(parts('a\u0000*'), [false, null, 'a\u0000*', null]);
});

test('LIMIT never leaves the list', () => {
  const limit = (...args: string[]): unknown => {
    const options = parseSort(frameOf('SORT', 'k', 'LIMIT', ...args), true, () => true);
    assert.ok(!('bytes' in options));
    return limitOf(options, 5);
  };
  assert.deepEqual(limit('1', '2'), { start: 1, end: 3 });
  assert.deepEqual(limit('-1', '-1'), { start: 0, end: 5 });
  assert.deepEqual(limit('4', '9223372036854775807'), { start: 4, end: 5 });
  assert.deepEqual(limit('9', '1'), { start: 5, end: 5 });
  assert.deepEqual(limit('2', '0'), { start: 2, end: 2 });
});

test('SORT by other keys and fields, with GET, and what STORE records', async () => {
  const kit = await createCommandKit();
  const ask = (line: string): string => describeReply(kit.run(...line.split(' ')));
  ask('RPUSH l 3 1 2');
  ask('MSET w1 30 w2 20 w3 10');
  ask('HSET h1 f one');
  ask('HSET h3 f three');
  assert.equal(ask('SORT l'), '["1" "2" "3"]');
  assert.equal(ask('SORT l BY w* DESC'), '["1" "2" "3"]');
  assert.equal(ask('SORT l BY nosort DESC GET # GET h*->f'), '["2" null($) "1" "one" "3" "three"]');
  assert.equal(ask('SORT l BY w* LIMIT 0 2'), '["3" "2"]');
  assert.equal(ask('SORT_RO l STORE d'), '-ERR syntax error');
  assert.equal(ask('SORT none STORE w1'), ':0');
  assert.equal(
    ask('SORT h1'),
    `-${'WRONGTYPE Operation against a key holding the wrong kind of value'}`,
  );
  kit.takeEffects();
  assert.equal(ask('SORT l STORE w2'), ':3');
  assert.deepEqual(kit.takeEffects(), ['DEL w2', 'RPUSH w2 1 2 3']);
  ask('RPUSH l x');
  assert.equal(ask('SORT l'), "-ERR One or more scores can't be converted into double");
  assert.equal(ask('SORT l ALPHA DESC'), '["x" "3" "2" "1"]');
});

test('BY and GET are for users who may read every key', async () => {
  const kit = await createCommandKit();
  const ask = (line: string): string => describeReply(kit.run(...line.split(' ')));
  const refused = (word: string): string =>
    `-ERR ${word} option of SORT denied due to insufficient ACL permissions.`;
  ask('RPUSH k1 2 1');
  ask('ACL SETUSER bob on nopass +@all ~k*');
  ask('AUTH bob x');
  assert.equal(ask('SORT k1 BY w* GET #'), refused('BY'));
  assert.equal(ask('SORT k1 BY nosort GET #'), refused('GET'));
  assert.equal(ask('SORT_RO k1 GET #'), refused('GET'));
  assert.equal(ask('SORT k1 BY nosort'), '["2" "1"]');
  assert.match(ask('SORT k1 STORE d'), /^-NOPERM /);
  ask('ACL SETUSER bob (+sort %R~*)');
  assert.equal(ask('SORT k1 BY w* GET #'), '["1" "2"]');
  assert.equal(ask('SORT_RO k1 BY w*'), refused('BY'));
});

test('a script sees a set in the order of its members even when none is asked for', async () => {
  const kit = await createCommandKit();
  kit.run('SADD', 's', 'c', 'a', 'b', 'd');
  kit.session.isInScript = true;
  assert.equal(describeReply(kit.run('SORT', 's', 'BY', 'nosort')), '["a" "b" "c" "d"]');
});

test('a sorted set is told as a skiplist once it was sorted', async () => {
  const kit = await createCommandKit();
  for (const [key, ...sort] of [
    ['a', 'SORT', 'a'],
    ['b', 'SORT_RO', 'b', 'BY', 'nosort'],
    ['c', 'SORT', 'c', 'ALPHA', 'STORE', 'list'],
  ]) {
    kit.ask('ZADD', key, '1', '10', '-0', '20');
    assert.equal(describeReply(kit.run('OBJECT', 'ENCODING', key)), '"listpack"');
    kit.run(...sort, 'nonsense');
    assert.equal(describeReply(kit.run('OBJECT', 'ENCODING', key)), '"listpack"');
    kit.takeEffects();
    kit.run(...sort);
    assert.equal(describeReply(kit.run('OBJECT', 'ENCODING', key)), '"skiplist"');
    assert.equal(describeReply(kit.run('ZRANGE', key, '0', '-1')), '["20" "10"]');
  }
  assert.deepEqual(kit.takeEffects(), ['RPUSH list 10 20']);
});
