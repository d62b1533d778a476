/** Which key an address means, and what the routes of keys answer. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { waitFor } from '../support/server.ts';
import { type HttpServerKit, type RespClient, startHttp } from './http-kit.ts';

let kit: HttpServerKit;
let resp: RespClient;
before(async () => {
  kit = await startHttp({ args: ['--http.body_max=64kb'] });
  resp = await kit.resp();
});
after(() => kit.stop());

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test('PUT, GET and DELETE answer with the members that clients know', async () => {
  const put = (await kit.put('/api/cache/shape', { value: { a: 1 }, ttl: '60s' })).json;
  assert.match(put.correlation_id, UUID);
  assert.deepEqual(put, {
    success: true,
    message: 'Value stored',
    data: { key: 'shape', value: { a: 1 } },
    replicated: false,
    local: true,
    node: 'node-1',
    correlation_id: put.correlation_id,
  });
  const got = (await kit.get('/api/cache/shape')).json;
  assert.ok(got.data.ttl_ms > 0 && got.data.ttl_ms <= 60_000);
  assert.deepEqual(got, {
    success: true,
    data: { key: 'shape', value: { a: 1 }, ttl_ms: got.data.ttl_ms },
    local: true,
    node: 'node-1',
    correlation_id: got.correlation_id,
  });
  for (const existed of [true, false]) {
    const removed = await kit.ask('DELETE', '/api/cache/shape');
    assert.equal(removed.status, 200);
    assert.deepEqual(removed.json, {
      success: true,
      existed,
      key: 'shape',
      replicated: false,
      message: existed ? 'Key deleted' : 'There was no such key',
      node: 'node-1',
      correlation_id: removed.json.correlation_id,
    });
  }
  const missing = await kit.get('/api/cache/shape');
  assert.equal(missing.status, 404);
  assert.deepEqual(missing.json, {
    success: false,
    error: 'Key not found',
    key: 'shape',
    node: 'node-1',
    correlation_id: missing.json.correlation_id,
  });
});

test('a key is any bytes: slashes, dots, encodings, names that mean something', async () => {
  const cases: readonly (readonly [address: string, key: string | Buffer])[] = [
    ['a/b/c', 'a/b/c'],
    ['a%2Fb', 'a/b'],
    ['a//b/', 'a//b/'],
    ['../../etc/passwd', '../../etc/passwd'],
    ['%2e%2e/x', '../x'],
    ['.', '.'],
    ['__proto__', '__proto__'],
    ['constructor', 'constructor'],
    ['a+b', 'a+b'],
    ['a%20b', 'a b'],
    ['user:1;v=2&x=y', 'user:1;v=2&x=y'],
    ['%3F%23%25', '?#%'],
    ['gr%C3%BC%C3%9Fe', 'grüße'],
    ['%00', '\0'],
    ['%FF%fe', Buffer.from([255, 254])],
    ['%0d%0aSET%20x', '\r\nSET x'],
    ['batch/other', 'batch/other'],
    ['stats/', 'stats/'],
    ['x'.repeat(8000), 'x'.repeat(8000)],
  ];
  for (const [address, key] of cases) {
    for (const place of ['/api/cache', '/api/stores/default/cache']) {
      const told = `${place}/${address.slice(0, 40)}`;
      await resp.call('FLUSHDB');
      const path = `${place}/${address}`;
      assert.equal((await kit.put(path, { value: 'here' })).status, 200, told);
      assert.equal(String(await resp.call('GET', key)), 'here', told);
      const got = await kit.get(`${path}?x=1`);
      assert.equal(got.json.data?.value, 'here', told);
      if (typeof key === 'string') assert.equal(got.json.data.key, key, told);
      else assert.deepEqual(Buffer.from(got.json.data.key, 'base64'), key, told);
      assert.equal((await kit.ask('HEAD', path)).status, 200, told);
      assert.equal((await kit.ask('DELETE', path)).json.existed, true, told);
      assert.equal((await kit.ask('HEAD', path)).status, 404, told);
    }
  }
});

test('an address that names no key, or is not encoded as it must be, is refused', async () => {
  for (const path of ['/api/cache/', '/api/stores/default/cache/', '/api/cache/?x=1']) {
    assert.equal((await kit.get(path)).status, 400, path);
    assert.equal((await kit.put(path, { value: 1 })).status, 400, path);
  }
  for (const path of ['/api/cache/%', '/api/cache/%4', '/api/cache/a%zz', '/%', '/api/%ff']) {
    const answer = await kit.get(path);
    assert.deepEqual([answer.status, answer.json.success], [400, false], path);
    assert.equal(answer.headers['x-correlation-id'], answer.json.correlation_id, path);
  }
  for (const path of ['/api/cache', '/api', '/nothing', '/api/stores//cache/a', '//api/cache/a']) {
    assert.equal((await kit.get(path)).status, 404, path);
  }
});

test('keys named as routes are reached through /api/stores/default', async () => {
  for (const name of ['stats', 'batch/get', 'batch/set', 'batch/delete']) {
    const path = `/api/stores/default/cache/${name}`;
    assert.equal((await kit.put(path, { value: name })).status, 200, name);
    assert.equal((await kit.get(path)).json.data.value, name);
    assert.equal((await kit.put(`/api/cache/${name}`, { value: 1 })).status, 405, name);
    assert.equal(String(await resp.call('GET', name)), name);
  }
});

test('a store that does not exist is 404, and case does not matter', async () => {
  assert.equal((await kit.get('/api/stores/nobody/cache/a')).status, 404);
  assert.equal((await kit.put('/api/stores/..%2f/cache/a', { value: 1 })).status, 404);
  assert.equal((await kit.put('/api/stores/DEFAULT/cache/a', { value: 1 })).status, 200);
});

test('methods that a route does not have are 405, with those that it has', async () => {
  const cases = [
    ['POST', '/api/cache/a', 'GET, HEAD, PUT, DELETE'],
    ['PATCH', '/api/stores/default/cache/a/b', 'GET, HEAD, PUT, DELETE'],
    ['GET', '/api/cache/batch/get', 'POST'],
    ['DELETE', '/health', 'GET, HEAD'],
    ['OPTIONS', '/api/cache/a', 'GET, HEAD, PUT, DELETE'],
  ];
  for (const [method, path, allow] of cases) {
    const answer = await kit.ask(method, path);
    assert.deepEqual([answer.status, answer.headers.allow], [405, allow], `${method} ${path}`);
    assert.equal(answer.json.success, false);
  }
});

test('bodies: what is no JSON is 400, another type 415, too large 413', async () => {
  const json = { 'content-type': 'application/json' };
  const bodies = [
    '',
    '{',
    '[]',
    '"x"',
    '{"value":1,}',
    '{"value":01}',
    '{"value":1}x',
    '{}',
    'null',
  ];
  for (const body of bodies) {
    const answer = await kit.ask('PUT', '/api/cache/a', { body, headers: json });
    assert.deepEqual([answer.status, answer.json.success], [400, false], body);
  }
  const half = Buffer.from('{"value":"\xff"}', 'latin1');
  assert.equal((await kit.ask('PUT', '/api/cache/a', { body: half, headers: json })).status, 400);
  const lone = '{"value":"\\ud800"}';
  assert.equal((await kit.ask('PUT', '/api/cache/a', { body: lone, headers: json })).status, 400);
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/xml', '?']) {
    const headers = { 'content-type': type };
    const answer = await kit.ask('PUT', '/api/cache/a', { body: '{"value":1}', headers });
    assert.equal(answer.status, 415, type);
    assert.equal(answer.json.success, false);
  }
  const batch = { body: '{"keys":[]}', headers: { 'content-type': 'application/octet-stream' } };
  assert.equal((await kit.ask('POST', '/api/cache/batch/get', batch)).status, 415);
  const charset = { 'content-type': 'application/json; charset=utf-8' };
  const good = await kit.ask('PUT', '/api/cache/a', { body: '{"value":1}', headers: charset });
  assert.equal(good.status, 200);
  for (const headers of [json, { ...json, 'transfer-encoding': 'chunked' }]) {
    const body = `{"value":"${'x'.repeat(64 * 1024)}"}`;
    const answer = await kit.ask('PUT', '/api/cache/a', { body, headers });
    assert.deepEqual([answer.status, answer.json.success], [413, false]);
  }
  assert.equal(String(await resp.call('GET', 'a')), '1');
});

test('HEAD answers as GET does, without a body', async () => {
  await kit.put('/api/cache/head', { value: 'x' });
  const head = await kit.ask('HEAD', '/api/cache/head');
  const get = await kit.get('/api/cache/head');
  assert.deepEqual([head.status, head.bytes.length], [200, 0]);
  assert.equal(head.headers['content-length'], String(get.bytes.length));
  assert.equal((await kit.ask('HEAD', '/health')).status, 200);
});

test('a correlation id is the client’s own when it is sane, alike in header and body', async () => {
  const sane = ['abc', 'x'.repeat(128), '"\\', 'trace/1:2'];
  for (const id of sane) {
    for (const [method, path] of [
      ['GET', '/api/cache/a'],
      ['GET', '/none'],
      ['POST', '/health'],
    ]) {
      const answer = await kit.ask(method, path, { headers: { 'x-correlation-id': id } });
      assert.equal(answer.headers['x-correlation-id'], id);
      assert.equal(answer.json.correlation_id, id);
    }
  }
  for (const id of ['', ' ', 'a b', 'x'.repeat(129), 'ä']) {
    const answer = await kit.get('/api/cache/a', { 'x-correlation-id': id });
    assert.match(answer.json.correlation_id, UUID, id);
    assert.equal(answer.headers['x-correlation-id'], answer.json.correlation_id);
  }
  const bytes = await kit.get('/api/cache/a', {
    'x-correlation-id': 'mine',
    accept: 'application/octet-stream',
  });
  assert.equal(bytes.headers['x-correlation-id'], 'mine');
});

test('a request is one line of the log, with its id and status and without its value', async () => {
  const id = 'the-logged-request';
  const headers = { 'x-correlation-id': id, 'content-type': 'application/json' };
  const body = '{"value":"a secret value"}';
  await kit.ask('PUT', '/api/cache/logged', { body, headers });
  await kit.get('/health');
  const linesOf = (what: string) =>
    kit.server
      .output()
      .split('\n')
      .filter((line) => line.includes(what) && line.endsWith('}'));
  await waitFor('the line', 10_000, () => linesOf(id).length > 0 || undefined);
  const told = linesOf(id).map((line) => JSON.parse(line));
  assert.ok(told.length >= 1 && told.length <= 2, `${told.length} lines`);
  const [line] = told;
  assert.deepEqual([line.component, line.correlation_id, line.fields.status], ['http', id, 200]);
  assert.equal(typeof line.duration_ms, 'number');
  assert.ok(!kit.server.output().includes('a secret value'));
});

test('batches: one result for each item, in order', async () => {
  const set = await kit.post('/api/cache/batch/set', {
    items: [
      { key: 'b1', value: 1 },
      { key: 'b2', value: 'two', ttl: '60s' },
      { key: 'b1', value: 3, nx: true },
      { key: '__proto__', value: null },
    ],
  });
  assert.equal(set.status, 200);
  assert.deepEqual([set.json.success, set.json.count], [false, 4]);
  assert.deepEqual(
    set.json.results,
    [
      { key: 'b1', success: true },
      { key: 'b2', success: true },
      { key: 'b1', success: false, error: 'The key exists already' },
      { ['__proto__' as string]: undefined, key: '__proto__', success: true },
    ].map(({ key, success, error }) =>
      error === undefined ? { key, success } : { key, success, error },
    ),
  );
  await resp.call('RPUSH', 'b3', 'x');
  const keys = ['b1', 'none', 'b2', 'b3', '__proto__'];
  const got = (await kit.post('/api/cache/batch/get', { keys })).json;
  assert.equal(got.success, true);
  assert.equal(typeof got.results[2].ttl_ms, 'number');
  assert.deepEqual(got.results, [
    { key: 'b1', found: true, value: 1 },
    { key: 'none', found: false },
    { key: 'b2', found: true, value: 'two', ttl_ms: got.results[2].ttl_ms },
    { key: 'b3', found: true, value: ['x'], type: 'list' },
    { key: '__proto__', found: true, value: null },
  ]);
  const removed = (await kit.post('/api/stores/default/cache/batch/delete', { keys })).json;
  assert.deepEqual(
    removed.results.map(({ existed }: { existed: boolean }) => existed),
    [true, false, true, true, true],
  );
  assert.deepEqual((await kit.post('/api/cache/batch/get', { keys: [] })).json.results, []);
});

test('a batch has at most 1,000 items; what is no batch is refused as a whole', async () => {
  const items = (count: number) =>
    Array.from({ length: count }, (_, i) => ({ key: `many:${i}`, value: i }));
  assert.equal((await kit.post('/api/cache/batch/set', { items: items(1001) })).status, 400);
  assert.equal(await resp.call('EXISTS', 'many:0'), 0);
  const all = await kit.post('/api/cache/batch/set', { items: items(1000) });
  assert.deepEqual([all.status, all.json.count, all.json.success], [200, 1000, true]);
  const keys = items(1000).map(({ key }) => key);
  const got = (await kit.post('/api/cache/batch/get', { keys })).json;
  assert.deepEqual([got.results.length, got.results[999].value], [1000, 999]);
  assert.equal((await kit.post('/api/cache/batch/get', { keys: [...keys, 'x'] })).status, 400);
  const good = { key: 'first', value: 1 };
  const wrong = [{ value: 1 }, { key: 1, value: 1 }, { key: 'a' }, { ...good, ttl: 'x' }, 1, null];
  for (const item of [...wrong, { ...good, more: 1 }]) {
    const answer = await kit.post('/api/cache/batch/set', { items: [good, item] });
    assert.equal(answer.status, 400, JSON.stringify(item));
    assert.match(answer.json.error, /items\[1\]/, JSON.stringify(item));
  }
  assert.equal(await resp.call('EXISTS', 'first'), 0);
  for (const body of [{}, { keys: 'a' }, { keys: [1] }, { keys: [], more: 1 }, { items: [] }, []]) {
    for (const name of ['get', 'delete']) {
      const answer = await kit.post(`/api/cache/batch/${name}`, body);
      assert.equal(answer.status, 400, `${name} ${JSON.stringify(body)}`);
    }
  }
});
