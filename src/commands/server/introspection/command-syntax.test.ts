import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keysAt } from '../../command-row.ts';
import { type ArgumentNode, parseSyntax } from './command-syntax.ts';

/** One line: `name:type`, `=TOKEN`, `?` optional, `*` multiple, `+` token repeated. */
function outline(nodes: readonly ArgumentNode[]): string {
  return nodes
    .map((node) => {
      const marks = `${node.isOptional ? '?' : ''}${node.isMultiple ? '*' : ''}`;
      const token = node.token === undefined ? '' : `=${node.token}`;
      const inner = node.children.length > 0 ? `(${outline(node.children)})` : '';
      return `${node.name}:${node.type}${token}${marks}${node.repeatsToken ? '+' : ''}${inner}`;
    })
    .join(' ');
}

function parsed(syntax: string, name = 'x'): string {
  return outline(parseSyntax({ name, syntax, keys: [keysAt(1, 0, 1, 'RO')] }));
}

test('parseSyntax builds the argument tree that Redis sends', () => {
  assert.equal(parsed(''), '');
  assert.equal(parsed('key [key ...]'), 'key:key*');
  assert.equal(parsed('key value [key value ...]'), 'key_value:block*(key:key value:string)');
  assert.equal(parsed('[section [section ...]]'), 'section:string?*');
  assert.equal(parsed('cursor [MATCH pattern]'), 'cursor:integer pattern:pattern=MATCH?');
  assert.equal(
    parsed('[NX | XX] [EX seconds | PX milliseconds]'),
    'condition:oneof?(nx:pure-token=NX xx:pure-token=XX) ' +
      'expiration:oneof?(seconds:integer=EX milliseconds:integer=PX)',
  );
  assert.equal(
    parsed('[LIMIT offset count]'),
    'offset_count:block=LIMIT?(offset:integer count:integer)',
  );
  assert.equal(parsed('[FILTERBY <A x | B y>]'), 'filterby:oneof=FILTERBY?(x:string=A y:string=B)');
  assert.equal(parsed('[GET pattern [GET pattern ...]]'), 'pattern:pattern=GET?*+');
  assert.equal(
    parsed('ON | OFF [BCAST]'),
    'status:oneof(on:pure-token=ON off:pure-token=OFF) bcast:pure-token=BCAST?',
  );
  assert.equal(
    parsed('[TYPE NORMAL | PUBSUB] [ID client-id [client-id ...]]'),
    'normal_pubsub:oneof=TYPE?(normal:pure-token=NORMAL pubsub:pure-token=PUBSUB) ' +
      'client-id:integer=ID?*',
  );
  assert.equal(parsed('key increment', 'incrbyfloat'), 'key:key increment:double');
});

test('parseSyntax numbers keys by their key specs', () => {
  const keys = [keysAt(1, 0, 1, 'RO'), keysAt(2, 0, 1, 'OW')];
  const nodes = parseSyntax({ name: 'copy', syntax: 'source destination', keys });
  assert.deepEqual(
    nodes.map((node) => node.keySpecIndex),
    [0, 1],
  );
});
