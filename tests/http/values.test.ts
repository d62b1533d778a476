/** What is written over HTTP is what a person expects over RESP, and the other way round. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type HttpServerKit, type RespClient, startHttp } from './http-kit.ts';

let kit: HttpServerKit;
let resp: RespClient;
before(async () => {
  kit = await startHttp();
  resp = await kit.resp();
});
after(() => kit.stop());

const MIB = 'ä'.repeat(512 * 1024);

/** JSON as it is sent, and the text that RESP must then read. */
const MATRIX: readonly (readonly [json: string, text: string])[] = [
  ['""', ''],
  ['null', 'null'],
  ['0', '0'],
  ['42', '42'],
  ['-42', '-42'],
  ['"42"', '42'],
  ['9007199254740993', '9007199254740993'],
  ['-9223372036854775808', '-9223372036854775808'],
  ['123456789012345678901234567890', '123456789012345678901234567890'],
  ['1.50', '1.50'],
  ['1e400', '1e400'],
  ['-0', '-0'],
  ['true', 'true'],
  ['false', 'false'],
  ['"true"', 'true'],
  ['{}', '{}'],
  ['[]', '[]'],
  ['{"a":{"b":[1,{"c":null}],"__proto__":1}}', '{"a":{"b":[1,{"c":null}],"__proto__":1}}'],
  ['[ 1 , "a b" ]', '[1,"a b"]'],
  ['"grüße, 世界 😀"', 'grüße, 世界 😀'],
  ['"\\u00e4\\n\\"\\\\\\u0000"', 'ä\n"\\\0'],
  [`"${'x'.repeat(1024 * 1024)}"`, 'x'.repeat(1024 * 1024)],
  [JSON.stringify(MIB), MIB],
  [`[${'1.0,'.repeat(100_000)}1]`, `[${'1.0,'.repeat(100_000)}1]`],
];

/** The value's own text within an answer: JSON.parse would lose digits. */
function rawValue(answer: string): string {
  const start = answer.indexOf('"value":') + '"value":'.length;
  return answer.slice(start, answer.lastIndexOf('},'));
}

test('a value written over HTTP reads over RESP as text and over HTTP as it was', async () => {
  for (const [json, text] of MATRIX) {
    const told = json.slice(0, 60);
    const body = `{"value":${json}}`;
    const headers = { 'content-type': 'application/json' };
    const put = await kit.ask('PUT', '/api/cache/matrix', { body, headers });
    assert.equal(put.status, 200, told);
    const reply = await resp.call('GET', 'matrix');
    assert.equal(String(reply), text, told);
    const got = await kit.get('/api/cache/matrix');
    assert.equal(got.status, 200, told);
    const expected = json.startsWith('"') ? JSON.stringify(text) : text;
    assert.equal(rawValue(got.text), expected, told);
    const echoed = rawValue(put.text.replace('"replicated"', '},"replicated"'));
    assert.deepEqual(JSON.parse(echoed.replace(/},$/, '')), JSON.parse(json), told);
  }
});

test('a value written over RESP reads over HTTP as a string, whatever it looks like', async () => {
  for (const text of ['', '42', 'null', 'true', '{"a":1}', 'grüße', MIB, '9007199254740993']) {
    await resp.call('SET', 'plain', text);
    const { data } = (await kit.get('/api/cache/plain')).json;
    assert.equal(data.value, text);
    assert.equal(data.encoding, undefined);
  }
});

test('bytes that are no UTF-8 come in base64, and as they are to who asks for bytes', async () => {
  const bytes = Buffer.from(Array.from({ length: 300 }, (_, i) => i & 255));
  await resp.call('SET', 'binary', bytes);
  const { data } = (await kit.get('/api/cache/binary')).json;
  assert.equal(data.encoding, 'base64');
  assert.deepEqual(Buffer.from(data.value, 'base64'), bytes);
  const raw = await kit.get('/api/cache/binary', { accept: 'application/octet-stream' });
  assert.equal(raw.headers['content-type'], 'application/octet-stream');
  assert.deepEqual(raw.bytes, bytes);
});

test('bytes that are sent as bytes are stored so, with options in the address', async () => {
  const bytes = Buffer.from([0, 255, 13, 10, 128]);
  const headers = { 'content-type': 'application/octet-stream' };
  const path = '/api/cache/raw?ttl=90s&nx=true';
  const put = await kit.ask('PUT', path, { body: bytes, headers });
  assert.deepEqual([put.status, put.json.data], [200, { key: 'raw', length: 5 }]);
  assert.equal((await kit.ask('PUT', path, { body: bytes, headers })).status, 409);
  assert.equal((await kit.ask('PUT', '/api/cache/raw?nx', { body: bytes, headers })).status, 400);
  assert.equal((await kit.ask('PUT', '/api/cache/raw?x=1', { body: bytes, headers })).status, 400);
  const raw = await kit.get('/api/cache/raw', { accept: 'application/octet-stream' });
  assert.deepEqual(raw.bytes, bytes);
  const ttlMs = Number(raw.headers['x-ttl-ms']);
  assert.ok(ttlMs > 30_000 && ttlMs <= 90_000);
  const empty = await kit.ask('PUT', '/api/cache/raw', { body: '', headers });
  assert.equal(empty.status, 200);
  assert.equal((await kit.get('/api/cache/raw')).json.data.value, '');
});

test('"42" and 42 stay different over HTTP; a RESP write makes a string of either', async () => {
  await kit.put('/api/cache/n', { value: 42 });
  assert.equal((await kit.get('/api/cache/n')).json.data.value, 42);
  await resp.call('INCR', 'n');
  assert.equal((await kit.get('/api/cache/n')).json.data.value, 43);
  await resp.call('INCRBYFLOAT', 'n', '0.5');
  assert.equal((await kit.get('/api/cache/n')).json.data.value, 43.5);
  await resp.call('RENAME', 'n', 'm');
  await resp.call('COPY', 'm', 'n');
  assert.equal((await kit.get('/api/cache/n')).json.data.value, 43.5);
  await resp.call('SET', 'n', '43');
  assert.equal((await kit.get('/api/cache/n')).json.data.value, '43');
  await kit.put('/api/cache/n', { value: '42' });
  assert.equal((await kit.get('/api/cache/n')).json.data.value, '42');
  await kit.put('/api/cache/n', { value: 4 });
  await resp.call('APPEND', 'n', '2');
  assert.equal((await kit.get('/api/cache/n')).json.data.value, '42');
});

test('numbers written over HTTP are readable, and countable, over RESP', async () => {
  await kit.put('/api/cache/counter', { value: 41 });
  assert.equal(await resp.call('INCR', 'counter'), 42);
  assert.equal(String(await resp.call('GET', 'counter')), '42');
});

test('empty values are values: "", null, {} and []', async () => {
  for (const value of ['', null, {}, []]) {
    assert.equal((await kit.put('/api/cache/empty', { value })).status, 200);
    const got = await kit.get('/api/cache/empty');
    assert.deepEqual([got.status, got.json.data.value], [200, value]);
    assert.equal(await resp.call('EXISTS', 'empty'), 1);
  }
});

test('a time to live over HTTP is the one that was named, and none when none was', async () => {
  const cases: readonly (readonly [facts: object, ttlMs: number])[] = [
    [{}, -1],
    [{ ttl: 0 }, -1],
    [{ ttl: null, ttl_hours: null }, -1],
    [{ ttl: '30s' }, 30_000],
    [{ ttl: '1h30m' }, 5_400_000],
    [{ ttl: 45 }, 45_000],
    [{ ttl: 0.5 }, 500],
    [{ ttl: '45' }, 45_000],
    [{ ttl_hours: 2 }, 7_200_000],
    [{ ttl_hours: 0.5 }, 1_800_000],
    [{ ttl_ms: 90_000 }, 90_000],
    [{ ttl: '2d' }, 172_800_000],
  ];
  for (const [facts, ttlMs] of cases) {
    const told = JSON.stringify(facts);
    assert.equal((await kit.put('/api/cache/timed', { value: 1, ...facts })).status, 200, told);
    const left = Number(await resp.call('PTTL', 'timed'));
    const { data } = (await kit.get('/api/cache/timed')).json;
    if (ttlMs < 0) {
      assert.deepEqual([left, data.ttl_ms], [-1, undefined], told);
      continue;
    }
    // It may have expired on a busy machine; it was never longer than it was told.
    assert.ok(left <= ttlMs && (left > ttlMs - 60_000 || left === -2), `${told}: ${left}`);
    if (data !== undefined) assert.ok(data.ttl_ms <= ttlMs, told);
  }
});

test('a time to live that makes no sense is refused, and nothing is stored', async () => {
  await kit.put('/api/cache/kept', { value: 'kept' });
  const wrong = [
    ...[{ ttl: 'soon' }, { ttl: -1 }, { ttl: '-5s' }, { ttl: true }, { ttl: [] }, { ttl: 1e300 }],
    ...[{ ttl_ms: '5' }, { ttl_hours: '1h' }, { ttl: 1, ttl_ms: 1 }, { ttl: '1h', ttl_hours: 1 }],
    ...[{ nx: 1 }, { nx: 'yes' }, { xx: {} }, { nx: true, xx: true }, { TTL: 1 }, { tll: 1 }],
  ];
  for (const facts of wrong) {
    const answer = await kit.put('/api/cache/kept', { value: 'new', ...facts });
    assert.equal(answer.status, 400, JSON.stringify(facts));
    assert.equal(answer.json.success, false);
    assert.match(answer.json.error, new RegExp(Object.keys(facts)[0]), JSON.stringify(facts));
  }
  assert.equal((await kit.get('/api/cache/kept')).json.data.value, 'kept');
});

test('nx and xx hold', async () => {
  const path = '/api/cache/conditions';
  assert.equal((await kit.put(path, { value: 1, xx: true })).status, 409);
  assert.equal((await kit.put(path, { value: 1, nx: true, xx: false })).status, 200);
  const again = await kit.put(path, { value: 2, nx: true });
  assert.deepEqual([again.status, again.json.success], [409, false]);
  assert.equal((await kit.get(path)).json.data.value, 1);
  assert.equal((await kit.put(path, { value: 3, xx: true })).status, 200);
  assert.equal((await kit.get(path)).json.data.value, 3);
});

test('collections come as JSON with their type; PUT replaces whatever is there', async () => {
  await resp.call('RPUSH', 'c:list', 'a', '', 'b');
  await resp.call('HSET', 'c:hash', 'f', '1', '__proto__', '2', 'constructor', '3');
  await resp.call('SADD', 'c:set', '3', '1', '2');
  await resp.call('ZADD', 'c:zset', '1', 'a', '-inf', 'b', '2.5', 'c');
  await resp.call('XADD', 'c:stream', '5-1', 'a', '1', 'b', '2', 'a', '3');
  const read = async (key: string) => (await kit.get(`/api/cache/${key}`)).json.data;
  assert.deepEqual(await read('c:list'), { key: 'c:list', value: ['a', '', 'b'], type: 'list' });
  const hash = await read('c:hash');
  assert.equal(hash.type, 'hash');
  assert.deepEqual(Object.entries(hash.value), [
    ['f', '1'],
    ['__proto__', '2'],
    ['constructor', '3'],
  ]);
  assert.deepEqual((await read('c:set')).value.sort(), ['1', '2', '3']);
  assert.deepEqual((await read('c:zset')).value, [
    { member: 'b', score: '-inf' },
    { member: 'a', score: 1 },
    { member: 'c', score: 2.5 },
  ]);
  assert.deepEqual((await read('c:stream')).value, [
    { id: '5-1', fields: { a: ['1', '3'], b: '2' } },
  ]);
  for (const key of ['c:list', 'c:hash', 'c:set', 'c:zset', 'c:stream']) {
    const octets = { accept: 'application/octet-stream' };
    assert.equal((await kit.get(`/api/cache/${key}`, octets)).status, 406);
    assert.equal((await kit.put(`/api/cache/${key}`, { value: { a: 1 } })).status, 200);
    assert.equal(String(await resp.call('TYPE', key)), 'string');
    assert.deepEqual((await read(key)).value, { a: 1 });
  }
});

test('a collection with bytes that are no UTF-8 comes in base64 as a whole', async () => {
  await resp.call('RPUSH', 'b:list', 'text', Buffer.from([255, 0]));
  const { data } = (await kit.get('/api/cache/b:list')).json;
  assert.equal(data.encoding, 'base64');
  assert.deepEqual(
    data.value.map((text: string) => Buffer.from(text, 'base64').toString('latin1')),
    ['text', '\xff\0'],
  );
  await resp.call('ZADD', 'b:zset', '1', Buffer.from([128]));
  const zset = (await kit.get('/api/cache/b:zset')).json.data;
  assert.deepEqual([zset.encoding, zset.value], ['base64', [{ member: 'gA==', score: 1 }]]);
});

test('a large collection comes page by page, each element once', async () => {
  const names = Array.from({ length: 25 }, (_, i) => `e${i}`);
  await resp.call('RPUSH', 'p:list', ...names);
  await resp.call('SADD', 'p:set', ...names);
  await resp.call('ZADD', 'p:zset', ...names.flatMap((name, i) => [String(i), name]));
  for (const name of names) await resp.call('XADD', 'p:stream', '*', 'f', name);
  // A hash of long values is a table, which HSCAN walks in steps.
  const pairs = names.flatMap((name) => [name, 'v'.repeat(100)]);
  await resp.call('HSET', 'p:hash', ...pairs);
  for (const type of ['list', 'set', 'zset', 'stream', 'hash']) {
    const seen: string[] = [];
    let cursor = '';
    let pageCount = 0;
    do {
      const query = `?limit=10${cursor === '' ? '' : `&cursor=${cursor}`}`;
      const { data } = (await kit.get(`/api/cache/p:${type}${query}`)).json;
      for (const element of Array.isArray(data.value) ? data.value : Object.keys(data.value)) {
        seen.push(element.member ?? element.fields?.f ?? element);
      }
      cursor = data.cursor ?? '';
      assert.ok(++pageCount < 30, 'the pages end');
    } while (cursor !== '');
    assert.deepEqual([...seen].sort(), [...names].sort(), type);
    if (type === 'list' || type === 'zset' || type === 'stream') assert.equal(pageCount, 3, type);
  }
  for (const query of ['?limit=0', '?limit=x', '?limit=10001', '?cursor=x', '?cursor=1&cursor=2']) {
    assert.equal((await kit.get(`/api/cache/p:list${query}`)).status, 400, query);
  }
});
