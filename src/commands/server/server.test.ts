import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CommandKit, createCommandKit } from '../../testing/command-kit.ts';

function infoField(kit: CommandKit, section: string, name: string): string | undefined {
  const text = kit.ask('INFO', section) as string;
  return text.match(new RegExp(`^${name}:(.*)\\r$`, 'm'))?.[1];
}

test('INFO shows the default sections, those asked for, or all, each line name:value', async () => {
  const kit = await createCommandKit();
  const titles = (...args: string[]): string[] =>
    (kit.ask('INFO', ...args) as string).match(/^# \w+/gm)?.map((line) => line.slice(2)) ?? [];
  const usual = ['Server', 'Clients', 'Memory', 'Persistence', 'Stats', 'Replication', 'CPU'];
  usual.push('Modules', 'Errorstats', 'Cluster', 'Keyspace');
  assert.deepEqual(titles(), usual);
  assert.deepEqual(titles('default'), usual);
  assert.equal(titles('everything').length, 13);
  assert.deepEqual(titles('keyspace', 'SERVER', 'nosuch'), ['Server', 'Keyspace']);
  assert.equal(kit.ask('INFO', 'nosuch'), '');
  for (const line of (kit.ask('INFO', 'all') as string).split('\r\n')) {
    assert.match(line, /^($|# \w+$|[\w|]+:.*$)/);
  }
  await kit.node.stop();
});

test('INFO tells the truth about keys, memory, errors and calls', async () => {
  const kit = await createCommandKit();
  kit.ask('SET', 'a', 'x'.repeat(1000));
  kit.ask('SET', 'b', '1', 'EX', '100');
  kit.ask('INCR', 'a');
  kit.ask('NOSUCH');
  assert.equal(infoField(kit, 'keyspace', 'db0'), 'keys=2,expires=1,avg_ttl=100000');
  assert.ok(Number(infoField(kit, 'memory', 'used_memory')) >= 1000);
  assert.equal(infoField(kit, 'errorstats', 'errorstat_ERR'), 'count=2');
  assert.match(infoField(kit, 'commandstats', 'cmdstat_set') ?? '', /^calls=2,.*failed_calls=0$/);
  assert.match(infoField(kit, 'commandstats', 'cmdstat_incr') ?? '', /failed_calls=1$/);
  assert.equal(infoField(kit, 'server', 'redis_version'), '7.2.0');
  kit.ask('CONFIG', 'RESETSTAT');
  assert.equal(infoField(kit, 'errorstats', 'errorstat_ERR'), undefined);
  assert.equal(infoField(kit, 'commandstats', 'cmdstat_set'), undefined);
  await kit.node.stop();
});

test('FLUSHDB, FLUSHALL and SWAPDB change whole databases and record it', async () => {
  const kit = await createCommandKit();
  kit.ask('SET', 'a', '1');
  kit.ask('SELECT', '1');
  kit.ask('SET', 'b', '1');
  kit.takeEffects();
  assert.equal(kit.ask('SWAPDB', '0', '1'), 'OK');
  assert.equal(kit.ask('GET', 'a'), '1');
  assert.equal(kit.ask('FLUSHDB', 'ASYNC'), 'OK');
  assert.equal(kit.ask('DBSIZE'), 0);
  assert.equal(kit.ask('FLUSHALL'), 'OK');
  kit.ask('SELECT', '0');
  assert.equal(kit.ask('DBSIZE'), 0);
  assert.deepEqual(kit.takeEffects(), ['SWAPDB 0 1', 'FLUSHDB', 'FLUSHALL']);
  assert.equal(kit.run('FLUSHALL', 'ASYNC', 'SYNC').kind, 'error');
  assert.deepEqual(kit.run('SWAPDB', '0', 'x'), {
    kind: 'error',
    text: 'ERR invalid second DB index',
  });
  await kit.node.stop();
});

test('COMMAND GETKEYS finds keys and says why it cannot', async () => {
  const kit = await createCommandKit();
  assert.deepEqual(kit.ask('COMMAND', 'GETKEYS', 'MSET', 'a', '1', 'b', '2'), ['a', 'b']);
  assert.deepEqual(kit.ask('COMMAND', 'GETKEYS', 'object', 'encoding', 'k'), ['k']);
  assert.deepEqual(kit.ask('COMMAND', 'GETKEYSANDFLAGS', 'SET', 'k', 'v', 'GET'), [
    ['k', ['RW', 'access', 'update']],
  ]);
  const errors: [string[], string][] = [
    [['nope', 'x'], 'ERR Invalid command specified'],
    [['object', 'foo', 'x'], 'ERR Invalid command specified'],
    [['config|get', 'x'], 'ERR Invalid command specified'],
    [['ping', 'x'], 'ERR The command has no key arguments'],
    [['spublish', 'a', 'b'], 'ERR The command has no key arguments'],
    [['set', 'a'], 'ERR Invalid number of arguments specified for command'],
  ];
  for (const [args, text] of errors) {
    assert.deepEqual(kit.run('COMMAND', 'GETKEYS', ...args), { kind: 'error', text });
  }
  await kit.node.stop();
});

test('COMMAND, COUNT, LIST, INFO and DOCS speak of the same commands', async () => {
  const kit = await createCommandKit();
  const all = kit.ask('COMMAND') as [string][];
  const names = all.map(([name]) => name);
  assert.equal(kit.ask('COMMAND', 'COUNT'), names.length);
  const docs = kit.ask('COMMAND', 'DOCS') as unknown[];
  assert.deepEqual(
    docs.filter((_value, i) => i % 2 === 0),
    names,
  );
  const listed = kit.ask('COMMAND', 'LIST') as string[];
  assert.deepEqual(
    listed.filter((name) => !name.includes('|')),
    names,
  );
  assert.deepEqual(kit.ask('COMMAND', 'INFO', 'nosuch'), [null]);
  assert.deepEqual(kit.run('COMMAND', 'FOO'), {
    kind: 'error',
    text: "ERR unknown subcommand 'FOO'. Try COMMAND HELP.",
  });
  await kit.node.stop();
});

test('DEBUG is refused until the setting allows it', async () => {
  const kit = await createCommandKit();
  const refusal = kit.ask('DEBUG', 'SLEEP', '0');
  assert.match(String(refusal), /DEBUG command not allowed/);
  kit.node.services.configuration.security.enableDebugCommand = 'local';
  assert.equal(kit.ask('DEBUG', 'SET-ACTIVE-EXPIRE', '0'), 'OK');
  assert.equal(kit.node.services.stores.default.activeExpiryEnabled, false);
  assert.deepEqual(kit.run('DEBUG', 'SLEEP'), {
    kind: 'error',
    text: "ERR unknown subcommand or wrong number of arguments for 'SLEEP'. Try DEBUG HELP.",
  });
  await kit.node.stop();
});

test('SLOWLOG shows what was recorded and never a password', async () => {
  const kit = await createCommandKit();
  kit.ask('SET', 'k', '');
  kit.ask('CONFIG', 'SET', 'slowlog-log-slower-than', '0');
  kit.ask('SET', 'k', 'v'.repeat(200));
  kit.ask('CONFIG', 'SET', 'requirepass', 'secret');
  kit.ask('CONFIG', 'SET', 'requirepass', '');
  kit.ask('HELLO', '2', 'AUTH', 'default', 'secret');
  kit.ask('CONFIG', 'SET', 'slowlog-log-slower-than', '-1');
  const entries = kit.ask('SLOWLOG', 'GET', '-1') as [number, number, number, string[]][];
  const texts = entries.map((entry) => entry[3].join(' '));
  // The last is the command that lowered the threshold.
  assert.equal(texts.at(-2), `SET k ${'v'.repeat(128)}... (72 more bytes)`);
  assert.ok(!texts.join('\n').includes('secret'), texts.join('\n'));
  assert.equal(kit.ask('SLOWLOG', 'LEN'), entries.length);
  assert.equal(kit.ask('SLOWLOG', 'RESET'), 'OK');
  assert.deepEqual(kit.ask('SLOWLOG', 'GET'), []);
  await kit.node.stop();
});

test('MEMORY and LOLWUT answer in their shapes', async () => {
  const kit = await createCommandKit();
  kit.ask('SET', 'k', 'v'.repeat(500));
  assert.ok((kit.ask('MEMORY', 'USAGE', 'k') as number) >= 500);
  assert.equal(kit.ask('MEMORY', 'USAGE', 'none'), null);
  const stats = kit.ask('MEMORY', 'STATS') as unknown[];
  assert.equal(stats[stats.indexOf('keys.count') + 1], 1);
  assert.equal(kit.ask('MEMORY', 'PURGE'), 'OK');
  assert.match(kit.ask('LOLWUT') as string, /\nRedis ver\. 7\.2\.0 \(HyperCache .*\)\n$/);
  await kit.node.stop();
});
