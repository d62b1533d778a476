import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../base/limits.ts';
import { createNodeKit } from '../../testing/node-kit.ts';
import { createRoutingKit } from '../../testing/routing-kit.ts';
import { COMMAND_ROWS, type Command, CommandTable } from '../command-table.ts';
import { AUDITED } from './audit.ts';

const ALICE = 'acl setuser alice on >pw ~* &* +@all';
const SECRET = 'the-value-that-nobody-may-see';

test('an audit tells who, from where and what was named, and no value', async () => {
  const settings = { 'network.protected_mode': 'no' };
  const { audits, connect } = await createNodeKit({ settings });
  const client = connect({ remoteAddress: '10.0.0.7' });
  client.ask('client correlation req-1', ALICE, `auth alice pw`);
  client.ask(`config set maxclients 99 requirepass ${SECRET}`);
  client.ask('store create sessions max_memory 8mb', 'flushall', 'get k', 'config get port');
  const told = audits.map(({ user, command, names, outcome }) => [user, command, names, outcome]);
  assert.deepEqual(told, [
    ['default', 'acl|setuser', ['alice'], 'ok'],
    ['alice', 'config|set', ['maxclients', 'requirepass'], 'ok'],
    ['alice', 'store|create', ['sessions'], 'ok'],
    ['alice', 'flushall', ['default'], 'ok'],
  ]);
  for (const audit of audits) {
    assert.equal(audit.correlationId, 'req-1');
    assert.match(String(audit['address']), /^10\.0\.0\.7:\d+$/);
    assert.equal(typeof audit['clientId'], 'number');
  }
  assert.doesNotMatch(JSON.stringify(audits), new RegExp(`${SECRET}|pw|8mb`));
});

test('of a command that failed nothing is named: a value may stand for a name', async () => {
  const { audits, connect } = await createNodeKit();
  const client = connect();
  client.ask(`config set ${SECRET} 1`, `store drop ${SECRET}`, `acl setuser ${SECRET} ?`);
  client.ask(`flushall ${SECRET}`, `cluster forget ${SECRET}`);
  assert.equal(audits.length, 5);
  for (const { names, outcome } of audits) {
    assert.deepEqual([names, outcome], [undefined, 'error']);
  }
  assert.ok(!JSON.stringify(audits).includes(SECRET));
});

test('who is refused a command has not administered anything', async () => {
  const { audits, complaints, connect } = await createNodeKit();
  const client = connect();
  client.ask('acl setuser bob on nopass ~* +get', 'auth bob x');
  audits.length = 0;
  assert.match(client.ask('flushall', 'config set maxclients 9'), /^-NOPERM .*\r\n-NOPERM /);
  assert.deepEqual(audits, []);
  assert.deepEqual(complaints, ['acl-denied', 'acl-denied']);
});

test('transactions and scripts hide nothing, and names are limited', async () => {
  const { audits, connect } = await createNodeKit();
  const client = connect();
  client.ask('multi', 'flushdb', 'config resetstat', 'exec');
  client.ask('eval "return redis.call(\'flushall\')" 0');
  client.ask('acl log', 'acl log 3', 'acl log reset');
  const names = Array.from({ length: LIMITS.auditedNamesMax + 5 }, (_, i) => `user-${i}`);
  client.ask(`acl deluser ${'x'.repeat(500)} ${names.join(' ')}`);
  assert.deepEqual(
    audits.map(({ command }) => command),
    ['flushdb', 'config|resetstat', 'flushall', 'acl|log', 'acl|deluser'],
  );
  const last = audits.at(-1)?.['names'] as string[];
  assert.equal(last.length, LIMITS.auditedNamesMax);
  assert.equal(last[0].length, LIMITS.echoedBytesMax);
});

test('a user that removes itself is told by its name', async () => {
  const { audits, connect } = await createNodeKit();
  const client = connect();
  client.ask(ALICE, 'auth alice pw', 'acl deluser alice');
  const { user, names } = audits.at(-1) ?? {};
  assert.deepEqual([user, names], ['alice', ['alice']]);
});

test('what another node executes is told there, by user and address, and once', async () => {
  const kit = await createRoutingKit(2);
  const client = kit.connect(1);
  client.ask(ALICE, 'auth alice pw', 'flushall');
  const [owner, other] = kit.nodes.map(({ kit: { audits } }) => audits);
  const flushes = [...owner, ...other].filter(({ command }) => command === 'flushall');
  assert.deepEqual(
    flushes.map(({ user, names, outcome }) => [user, names, outcome]),
    [['alice', ['default'], 'ok']],
  );
  assert.match(String(flushes[0]['address']), /^127\.0\.0\.1:\d+$/);
  assert.ok(owner.includes(flushes[0]));
  await kit.stop();
});

/** Commands of administrators that change nothing of the node, or are refused whatever they ask. */
const ONLY_LOOK = new Set([
  ...['acl|dryrun', 'acl|getuser', 'acl|list', 'acl|users'],
  ...['client|list', 'client|no-evict', 'client|unblock'],
  ...['cluster|count-failure-reports', 'cluster|replicas', 'cluster|slaves'],
  ...['cluster|addslots', 'cluster|addslotsrange', 'cluster|delslots', 'cluster|delslotsrange'],
  ...['cluster|failover', 'cluster|flushslots', 'cluster|replicate', 'cluster|reset'],
  ...['cluster|set-config-epoch', 'cluster|setslot'],
  ...['config|get', 'pfdebug', 'pfselftest', 'replicaof', 'slaveof', 'slowlog|get', 'slowlog|len'],
  ...['latency|doctor', 'latency|graph', 'latency|histogram', 'latency|history', 'latency|latest'],
  ...['module|list', 'module|load', 'module|loadex', 'module|unload'],
]);

test('every command of administrators is audited, or known to change nothing', () => {
  const known = new Set(AUDITED.keys());
  const all = new CommandTable(COMMAND_ROWS).commands.flatMap((command): Command[] => [
    command,
    ...(command.subcommands?.values() ?? []),
  ]);
  const missing = all.filter(({ fullName, row }) => {
    return row.flags.includes('admin') && !known.has(fullName) && !ONLY_LOOK.has(fullName);
  });
  assert.deepEqual(
    missing.map(({ fullName }) => fullName),
    [],
  );
  for (const { audit, fullName, isSlow } of all) {
    assert.equal(audit !== null, known.delete(fullName), fullName);
    // The door asks at the calls that it times.
    assert.ok(audit === null || isSlow, fullName);
  }
  assert.deepEqual([...known], []);
});
