import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CommandRow } from '../../commands/command-row.ts';
import { COMMAND_ROWS } from '../../commands/command-table.ts';
import { isBound, ROUTE, routeOf } from './route.ts';

/** What runs where its client is connected. A new command that does stands here on purpose. */
const SELF = [
  ...['auth', 'hello', 'quit', 'reset', 'select', 'monitor', 'discard', 'unwatch'],
  ...['lastsave', 'save', 'bgsave', 'bgrewriteaof', 'shutdown', 'info', 'role', 'lolwut'],
  ...['replicaof', 'slaveof', 'debug', 'pfselftest', 'stores', 'publish', 'spublish'],
  ...['subscribe', 'psubscribe', 'ssubscribe', 'unsubscribe', 'punsubscribe', 'sunsubscribe'],
  ...['asking', 'readonly', 'readwrite'],
];

/** All of whose subcommands do, or all but those named. */
const SELF_FAMILIES: Readonly<Record<string, readonly string[]>> = {
  acl: [],
  client: [],
  cluster: [],
  command: [],
  config: [],
  filter: ['check'],
  function: ['delete', 'flush', 'kill', 'load', 'restore'],
  latency: [],
  memory: ['usage'],
  module: [],
  object: ['encoding', 'freq', 'idletime', 'refcount'],
  pubsub: [],
  script: ['kill'],
  slowlog: [],
  store: ['create', 'drop', 'flush'],
  xgroup: ['create', 'createconsumer', 'delconsumer', 'destroy', 'setid'],
  xinfo: ['stream', 'groups', 'consumers'],
};

interface Named {
  readonly row: CommandRow;
  readonly name: string;
}

function allRows(): Named[] {
  const found: Named[] = [];
  for (const row of COMMAND_ROWS) {
    if (row.subcommands === undefined) found.push({ row, name: row.name });
    for (const child of row.subcommands ?? []) {
      found.push({ row: child, name: `${row.name}|${child.name}` });
    }
    if (row.subcommands !== undefined && row.execute !== undefined) {
      found.push({ row, name: row.name });
    }
  }
  return found;
}

function isListed(name: string): boolean {
  const [family, child] = name.split('|');
  const others = SELF_FAMILIES[family];
  if (others === undefined) return SELF.includes(name);
  return child === undefined || !others.includes(child);
}

test('each command that runs where its client is connected is known to', () => {
  const given = allRows().filter(({ name, row }) => routeOf(row, name) === ROUTE.SELF);
  const wrong = given.filter(({ name }) => !isListed(name)).map(({ name }) => name);
  assert.deepEqual(wrong, []);
  const missing = allRows().filter(
    ({ name, row }) => isListed(name) && routeOf(row, name) !== ROUTE.SELF,
  );
  assert.deepEqual(
    missing.map(({ name }) => name),
    [],
  );
});

test('what writes runs at the owner, what reads keys wherever they are', () => {
  const special: number[] = [ROUTE.OWNER, ROUTE.STORES, ROUTE.NAMED_STORE, ROUTE.WHOLE_STORE];
  for (const { name, row } of allRows()) {
    const route = routeOf(row, name);
    if (row.flags.includes('write')) assert.ok(special.includes(route), name);
    if (row.flags.includes('readonly') && row.keys !== undefined && name !== 'xread') {
      const isKept = row.mayReplicate === true;
      assert.equal(route, isKept ? ROUTE.OWNER : ROUTE.READ, name);
    }
    if (row.flags.includes('blocking') && name !== 'xread') assert.equal(route, ROUTE.OWNER, name);
  }
  const routes = ['eval', 'evalsha', 'fcall', 'pfcount', 'sort', 'spop', 'getdel'];
  for (const name of routes) {
    const row = COMMAND_ROWS.find((one) => one.name === name);
    assert.ok(row !== undefined && routeOf(row, name) === ROUTE.OWNER, name);
  }
});

test('what works on a connection is bound to it', () => {
  const bound = allRows().filter(({ name, row }) => isBound(row, name));
  const names = bound.map(({ name }) => name);
  for (const name of ['select', 'auth', 'client|setname', 'subscribe', 'sunsubscribe', 'monitor']) {
    assert.ok(names.includes(name), name);
  }
  for (const name of ['ping', 'echo', 'publish', 'info', 'get', 'set', 'pubsub|numsub']) {
    assert.ok(!names.includes(name), name);
  }
});
