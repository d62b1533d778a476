/** The judges themselves: what they must refuse, and what they must not. */
import { strict as assert } from 'node:assert';
import { describe, test } from 'node:test';
import { checkOrder, checkOwnWrites, checkRecency } from './checks.ts';
import type { KeyKind, Operation, Outcome } from './history.ts';
import { compareNodes, type NodeImage } from './image.ts';
import { isLinearizable } from './linearize.ts';
import { NONE } from './model.ts';

type Row = [
  verb: string,
  value: string,
  reply: string,
  askedAt: number,
  answeredAt: number,
  outcome?: Outcome,
];

describe('linearize', () => {
  test('commands one after the other have one order, and their replies must fit it', () => {
    assert.equal(
      holds('counter', [
        ['INCR', '', '1', 0, 1],
        ['INCR', '', '2', 2, 3],
      ]),
      true,
    );
    assert.equal(
      holds('counter', [
        ['INCR', '', '2', 0, 1],
        ['INCR', '', '1', 2, 3],
      ]),
      false,
    );
    assert.equal(
      holds('counter', [
        ['INCR', '', '1', 0, 1],
        ['INCR', '', '1', 2, 3],
      ]),
      false,
    );
  });

  test('commands at the same time may have run in any order', () => {
    assert.equal(
      holds('counter', [
        ['INCR', '', '2', 0, 3],
        ['INCR', '', '1', 1, 2],
      ]),
      true,
    );
    const rows: Row[] = [
      ['SET', 'a', 'OK', 0, 9],
      ['SETGET', 'b', 'a', 1, 8],
      ['GETDEL', '', 'b', 2, 7],
      ['READ', '', NONE, 10, 11],
    ];
    assert.equal(holds('register', rows), true);
    assert.equal(holds('register', [...rows.slice(0, 3), ['READ', '', 'a', 10, 11]]), false);
  });

  test('of an unknown outcome: it may have run, at any later time, or never', () => {
    const lost: Row = ['SET', 'a', '', 0, 1, 'unknown'];
    assert.equal(holds('register', [lost, ['READ', '', NONE, 2, 3]]), true);
    assert.equal(holds('register', [lost, ['READ', '', 'a', 2, 3]]), true);
    const late: Row[] = [lost, ['READ', '', NONE, 2, 3], ['READ', '', 'a', 4, 5]];
    assert.equal(holds('register', late), true);
    const gone: Row[] = [lost, ['READ', '', 'a', 2, 3], ['READ', '', NONE, 4, 5]];
    assert.equal(holds('register', gone), false);
  });

  test('what was refused has not run', () => {
    const refused: Row = ['SET', 'a', 'TRYAGAIN', 0, 1, 'refused'];
    assert.equal(holds('register', [refused, ['READ', '', NONE, 2, 3]]), true);
    assert.equal(holds('register', [refused, ['READ', '', 'a', 2, 3]]), false);
  });

  test('lists, sets and hashes keep their own rules', () => {
    const list: Row[] = [
      ['LPUSH', 'a', '1', 0, 1],
      ['LPUSH', 'b', '2', 2, 3],
      ['RPOP', '', 'a', 4, 5],
      ['READ', '', 'b', 6, 7],
    ];
    assert.equal(holds('list', list), true);
    assert.equal(holds('list', [...list.slice(0, 2), ['RPOP', '', 'b', 4, 5]]), false);
    const set: Row[] = [
      ['SADD', 'm', '1', 0, 1],
      ['SADD', 'm', '0', 2, 3],
      ['SREM', 'm', '1', 4, 5],
      ['READ', '', NONE, 6, 7],
    ];
    assert.equal(holds('set', set), true);
    assert.equal(holds('set', [...set.slice(0, 3), ['READ', '', 'm', 6, 7]]), false);
    assert.equal(holds('set', [set[0], ['SADD', 'm', '1', 2, 3]]), false);
  });
});

describe('checks', () => {
  test('a value at the end that no order explains is told', () => {
    const operations = operationsOf('counter', [
      ['INCR', '', '1', 0, 1],
      ['INCR', '', '2', 2, 3],
    ]);
    assert.deepEqual(checkOrder(operations, imageOf('2')), []);
    assert.match(checkOrder(operations, imageOf('1'))[0], /no order explains/);
    assert.match(checkOrder(operations, imageOf('3'))[0], /no order explains/);
  });

  test('a client that reads less than it was told at the same node went back', () => {
    const rows: Row[] = [
      ['INCR', '', '5', 0, 1],
      ['READ', '', '5', 2, 3],
    ];
    assert.deepEqual(checkOwnWrites(operationsOf('counter', rows)), []);
    const back: Row[] = [...rows, ['READ', '', '4', 4, 5]];
    assert.match(checkOwnWrites(operationsOf('counter', back))[0], /less than was written/);
    const set: Row[] = [
      ['SADD', 'x', '1', 0, 1],
      ['READ', '', NONE, 2, 3],
    ];
    assert.match(checkOwnWrites(operationsOf('set', set))[0], /less than was written/);
    const removed: Row = ['SREM', 'x', '1', 1, 4];
    assert.deepEqual(checkOwnWrites(operationsOf('set', [set[0], removed, set[1]])), []);
    const register: Row[] = [
      ['SET', 'a', 'OK', 0, 1],
      ['SET', 'b', 'OK', 2, 3],
    ];
    const read = (value: string): Row => ['READ', '', value, 4, 5];
    assert.deepEqual(checkOwnWrites(operationsOf('register', [...register, read('b')])), []);
    assert.equal(checkOwnWrites(operationsOf('register', [...register, read('a')])).length, 3);
    assert.equal(checkOwnWrites(operationsOf('register', [...register, read(NONE)])).length, 3);
  });

  test('an acknowledged write that is gone is told, unless memory was lost with it', () => {
    const operations = operationsOf('register', [
      ['SET', 'a', 'OK', 0, 1],
      ['SET', 'b', 'OK', 1000, 1001],
    ]);
    const lenient = { windows: [], slackMs: 100 };
    assert.deepEqual(checkRecency(operations, imageOf('b'), lenient), []);
    assert.match(checkRecency(operations, imageOf('a'), lenient)[0], /has replaced/);
    assert.match(checkRecency(operations, imageOf(NONE), lenient)[0], /lost/);
    assert.match(checkRecency(operations, imageOf('c'), lenient)[0], /never written/);
    const windows = [{ fromMs: 1000, toMs: 1005 }];
    assert.deepEqual(checkRecency(operations, imageOf('a'), { windows, slackMs: 100 }), []);
    assert.deepEqual(checkRecency(operations, imageOf('a'), { windows: [], slackMs: 2000 }), []);
  });

  test('a deleted key that is back is told; one written since is not', () => {
    const operations = operationsOf('register', [
      ['SET', 'a', 'OK', 0, 1],
      ['DEL', '', '1', 1000, 1001],
    ]);
    const strict = { windows: [], slackMs: 0 };
    assert.deepEqual(checkRecency(operations, imageOf(NONE), strict), []);
    assert.match(checkRecency(operations, imageOf('a'), strict)[0], /has replaced/);
  });

  test('members are judged one by one', () => {
    const operations = operationsOf('set', [
      ['SADD', 'x', '1', 0, 1],
      ['SADD', 'y', '1', 2, 3],
      ['SREM', 'x', '1', 1000, 1001],
    ]);
    const strict = { windows: [], slackMs: 0 };
    assert.deepEqual(checkRecency(operations, imageOf('y'), strict), []);
    assert.match(checkRecency(operations, imageOf('x,y'), strict)[0], /k x: is x/);
    assert.match(checkRecency(operations, imageOf(NONE), strict)[0], /k y: lost/);
  });
});

describe('the comparison of nodes', () => {
  const [none, copy] = ['0'.repeat(40), '5'.repeat(40)];
  const compare = (copies: Record<string, string>, holderIds: string[]): string[] => {
    const images = Object.entries(copies).map(([id, own]) => [id, imageOf('v', own)] as const);
    return compareNodes(new Map(images), () => holderIds);
  };

  test('who is to have a key has the same as its owner, and nobody else has it', () => {
    assert.deepEqual(compare({ a: copy, b: copy, c: none }, ['a', 'b']), []);
    assert.deepEqual(compare({ a: none, b: none, c: none }, ['a', 'b']), []);
    assert.match(compare({ a: copy, b: copy, c: copy }, ['a', 'b'])[0], /^c has 5/);
    assert.match(compare({ a: copy, b: none, c: none }, ['a', 'b'])[0], /^b has 0/);
    assert.match(compare({ a: none, b: copy }, ['a', 'b'])[0], /^b has 5/);
  });

  test('clients read the same at every node', () => {
    const images = new Map([
      ['a', imageOf('v', none)],
      ['b', imageOf('w', none)],
    ]);
    assert.match(compareNodes(images, () => [])[0], /^k is v .* on a, w .* on b/);
  });
});

function holds(kind: KeyKind, rows: readonly Row[]): boolean {
  return isLinearizable(operationsOf(kind, rows));
}

function operationsOf(kind: KeyKind, rows: readonly Row[]): Operation[] {
  return rows.map(([verb, first, reply, askedAt, answeredAt, outcome = 'done']) => ({
    key: 'k',
    kind,
    verb,
    first,
    second: '',
    clientId: 1,
    nodeId: 'n1',
    askedAt,
    askedMs: askedAt,
    answeredAt,
    answeredMs: answeredAt,
    outcome,
    reply,
  }));
}

function imageOf(value: string, copy = ''): NodeImage {
  return new Map([['k', { value, deadline: '-1', copy }]]);
}
