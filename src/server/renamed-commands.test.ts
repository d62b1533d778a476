import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createNodeKit } from '../testing/node-kit.ts';

const RENAMES = 'security.renamed_commands';

test('a renamed command answers to its new name only, and stays itself in statistics', async () => {
  const kit = await createNodeKit({ settings: { [RENAMES]: 'config Cfg-77' } });
  const client = kit.connect();
  assert.match(client.ask('config get port'), /^-ERR unknown command 'config', with args/);
  assert.match(client.ask('CFG-77 get hz'), /^\*2\r\n\$2\r\nhz\r\n/);
  assert.match(client.ask('cfg-77'), /^-ERR wrong number of arguments for 'config' command/);
  assert.match(client.ask('info commandstats'), /cmdstat_config\|get:calls=1/);
});

test('a removed command is not there, neither to call nor to list', async () => {
  const kit = await createNodeKit({ settings: { [RENAMES]: 'flushall ""' } });
  const client = kit.connect();
  assert.match(client.ask('FLUSHALL'), /^-ERR unknown command 'FLUSHALL'/);
  assert.equal(client.ask('command info flushall'), '*1\r\n$-1\r\n');
  assert.doesNotMatch(client.ask('command list'), /flushall/);
});

test('secrets of a renamed command are hidden as before', async () => {
  const settings = { [RENAMES]: 'auth sesame', 'slowlog.slower_than': '0' };
  const kit = await createNodeKit({ settings });
  const [watcher, client] = [kit.connect(), kit.connect()];
  watcher.ask('monitor');
  client.ask('sesame default open-me');
  assert.doesNotMatch(watcher.take(), /open-me/);
  const log = client.ask('slowlog get 10');
  assert.doesNotMatch(log, /open-me/);
});

test('a rename of nothing, or onto another command, keeps the node from starting', async () => {
  for (const rename of ['nope x', 'get set']) {
    await assert.rejects(createNodeKit({ settings: { [RENAMES]: rename } }), {
      code: 'BAD_CONFIGURATION',
    });
  }
});
