import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHttpKit, type HttpKit } from '../../testing/http-kit.ts';

async function run(kit: HttpKit, ...command: unknown[]) {
  return kit.ask('/api/command', { method: 'POST', body: { command } });
}

test('one command runs, and its reply keeps its type', async () => {
  const kit = await createHttpKit();
  const set = await run(kit, 'SET', 'a', { base64: '/wA=' });
  assert.deepEqual([set.status, set.json], [200, { reply: { type: 'status', value: 'OK' } }]);
  assert.deepEqual((await run(kit, 'GET', 'a')).json.reply, { type: 'bulk', base64: '/wA=' });
  const wrong = await run(kit, 'LPUSH', 'a', 'x');
  assert.equal(wrong.status, 200);
  assert.equal(wrong.json.reply!['type'], 'error');
  await kit.stop();
});

test('a command runs on the store that the address names', async () => {
  const kit = await createHttpKit();
  await kit.ask('/api/stores', { method: 'POST', body: { name: 'other' } });
  const body = { command: ['SET', 'k', 'v'] };
  await kit.ask('/api/stores/other/command', { method: 'POST', body });
  assert.deepEqual((await run(kit, 'EXISTS', 'k')).json.reply, { type: 'integer', value: 0 });
  const missing = await kit.ask('/api/stores/none/command', { method: 'POST', body });
  assert.equal(missing.status, 404);
  await kit.stop();
});

test('what is no command is refused, and so is what only a connection can do', async () => {
  const kit = await createHttpKit();
  for (const body of [{}, { command: [] }, { command: 'PING' }, { command: [1] }, [], null]) {
    const { status } = await kit.ask('/api/command', { method: 'POST', body });
    assert.equal(status, 400, JSON.stringify(body));
  }
  const refused = [
    ['multi'],
    ['SELECT', '1'],
    ['SUBSCRIBE', 'news'],
    ['CLIENT', 'REPLY', 'OFF'],
    ['BLPOP', 'list', '0'],
    ['XREAD', 'BLOCK', '0', 'STREAMS', 's', '0'],
    ['WAIT', '1', '0'],
    ['CONFIG', 'SET', 'maxclients', '500', 'tls-port', '1'],
  ];
  for (const command of refused) {
    assert.equal((await run(kit, ...command)).status, 400, command[0]);
  }
  assert.equal((await run(kit, 'CONFIG', 'SET', 'maxclients', '500')).status, 200);
  const clients = await run(kit, 'INFO', 'clients');
  assert.match(String(clients.json.reply!['value']), /blocked_clients:0/);
  assert.equal((await run(kit, 'XREAD', 'STREAMS', 's', '0')).status, 200);
  assert.equal((await run(kit, 'CLIENT', 'LIST')).status, 200);
  await kit.stop();
});

test('rules of the user hold for commands and for what is told of the log', async () => {
  const kit = await createHttpKit({ 'security.requirepass': 'secret' });
  const { access } = kit.node.services;
  assert.equal(access.addConfigured(['bob on >pw +get +info ~* allstores']), null);
  const headers = { authorization: `Basic ${Buffer.from('bob:pw').toString('base64')}` };
  assert.equal((await kit.ask('/api/events')).status, 401);
  assert.equal((await kit.ask('/api/events/log', { headers })).status, 403);
  const body = { command: ['SET', 'a', 'b'] };
  const { json } = await kit.ask('/api/command', { method: 'POST', body, headers });
  assert.match(String(json.reply!['value']), /^NOPERM/);
  await kit.stop();
});

test('streams tell something a second, and end with the node', async () => {
  const kit = await createHttpKit();
  const asked = kit.ask('/api/events');
  const asking = kit.ask('/api/events/log');
  for (let second = 0; second < 3; second++) {
    await new Promise((resolve) => setImmediate(resolve));
    kit.advance(1_000);
  }
  await new Promise((resolve) => setImmediate(resolve));
  kit.app.beginDrain();
  const { headers, status, text } = await asked;
  assert.equal(status, 200);
  assert.match(String(headers['content-type']), /^text\/event-stream/);
  const events = text.split('\n\n').filter((event) => event !== '');
  assert.ok(events.length >= 3, `${events.length} events`);
  const [name, data] = events[0]!.split('\n');
  assert.equal(name, 'event: figures');
  const figures = JSON.parse(data!.slice('data: '.length));
  assert.deepEqual(
    figures.stores.map((store: { name: string }) => store.name),
    ['default'],
  );
  assert.match((await asking).text, /^event: lines\ndata: \{"lines":\[\],"missed":0,"next":0\}/);
  await kit.stop();
});

test('a stream ends after a minute, so that the login is checked anew', async () => {
  const kit = await createHttpKit();
  const asked = kit.ask('/api/events');
  for (let second = 0; second < 70; second++) {
    await new Promise((resolve) => setImmediate(resolve));
    kit.advance(1_000);
  }
  const events = (await asked).text.split('\n\n').length - 1;
  assert.equal(events, 60);
  await kit.stop();
});

test('who asks is told whether that is a login, without one', async () => {
  const open = await createHttpKit();
  assert.deepEqual((await open.ask('/api/login')).json, { logged_in: true, user: 'default' });
  await open.stop();
  const kit = await createHttpKit({ 'security.requirepass': 'secret' });
  assert.deepEqual((await kit.ask('/api/login')).json, { logged_in: false, user: null });
  const asked = (password: string) => {
    return kit.ask('/api/login', { headers: { authorization: `Bearer ${password}` } });
  };
  assert.deepEqual((await asked('secret')).json, { logged_in: true, user: 'default' });
  assert.equal((await asked('guess')).status, 401);
  await kit.stop();
});
