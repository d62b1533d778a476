import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHttpApp, type HttpApp } from '../../http/http-app.ts';
import { createRoutingKit, type RoutingKit } from '../../testing/routing-kit.ts';
import { createMemoryHttpServer } from '../../world/simulated/memory-http-server.ts';

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/** The HTTP routes of one node. */
async function openHttp(kit: RoutingKit, index: number): Promise<HttpApp> {
  const server = createMemoryHttpServer(1, () => {});
  return await createHttpApp(kit.nodes[index].kit.node, server);
}

async function ask(
  kit: RoutingKit,
  app: HttpApp,
  method: 'GET' | 'PUT' | 'POST' | 'DELETE',
  url: string,
  payload?: unknown,
): Promise<Answer> {
  let answer: Answer | null = null;
  const headers = payload === undefined ? {} : { 'content-type': 'application/json' };
  const body = payload === undefined ? {} : { payload: JSON.stringify(payload) };
  const asked = app.fastify.inject({
    method,
    url,
    headers: { host: 'localhost', ...headers },
    ...body,
  });
  void asked.then((response) => {
    answer = { status: response.statusCode, body: JSON.parse(response.body) };
  });
  for (let i = 0; i < 200 && answer === null; i++) {
    await new Promise((resolve) => setImmediate(resolve));
    kit.settle();
    if (i > 100) kit.advance(10);
  }
  assert.ok(answer !== null, `${method} ${url} is not answered`);
  return answer;
}

test('HTTP writes by the owner, and the answer tells where that is', async () => {
  const kit = await createRoutingKit(3);
  const [owner, other] = [await openHttp(kit, 0), await openHttp(kit, 1)];
  const put = await ask(kit, other, 'PUT', '/api/cache/a', { value: { x: 1 }, ttl: '60s' });
  assert.deepEqual([put.status, put.body['replicated'], put.body['local']], [200, true, false]);
  assert.equal(kit.connect(0).ask('get a'), '$7\r\n{"x":1}\r\n');
  const got = await ask(kit, other, 'GET', '/api/cache/a');
  assert.deepEqual(got.body['data'], { key: 'a', value: { x: 1 }, ttl_ms: 60_000 });
  assert.equal(got.body['local'], true);
  const own = await ask(kit, owner, 'PUT', '/api/cache/b', { value: 1 });
  assert.deepEqual([own.status, own.body['replicated'], own.body['local']], [200, true, true]);
  const gone = await ask(kit, other, 'DELETE', '/api/cache/a');
  assert.deepEqual([gone.body['existed'], gone.body['replicated']], [true, true]);
  const again = await ask(kit, other, 'DELETE', '/api/cache/a');
  assert.equal(again.body['existed'], false);
  await kit.stop();
});

test('conditions and batches answer what the owner says', async () => {
  const kit = await createRoutingKit(2);
  const other = await openHttp(kit, 1);
  const first = await ask(kit, other, 'PUT', '/api/cache/a', { value: 'x', nx: true });
  const second = await ask(kit, other, 'PUT', '/api/cache/a', { value: 'y', nx: true });
  assert.deepEqual([first.status, second.status], [200, 409]);
  const items = [
    { key: 'a', value: 1, nx: true },
    { key: 'b', value: [1, 2] },
    { key: 'c', value: 'text' },
  ];
  const set = await ask(kit, other, 'POST', '/api/cache/batch/set', { items });
  const stored = (set.body['results'] as { success: boolean }[]).map(({ success }) => success);
  assert.deepEqual(stored, [false, true, true]);
  const keys = ['a', 'b', 'nothing'];
  const gone = await ask(kit, other, 'POST', '/api/cache/batch/delete', { keys });
  const existed = (gone.body['results'] as { existed: boolean }[]).map((one) => one.existed);
  assert.deepEqual(existed, [true, true, false]);
  assert.equal(kit.connect(0).ask('exists a b c'), ':1\r\n');
  await kit.stop();
});

test('stores are made and dropped through any node', async () => {
  const kit = await createRoutingKit(2);
  const other = await openHttp(kit, 1);
  const made = await ask(kit, other, 'POST', '/api/stores', { name: 'other' });
  assert.deepEqual([made.status, made.body['store']], [201, 'other']);
  const put = await ask(kit, other, 'PUT', '/api/stores/other/cache/a', { value: 1 });
  assert.equal(put.status, 200);
  assert.equal(kit.connect(0).ask('select other', 'get a'), '+OK\r\n$1\r\n1\r\n');
  const dropped = await ask(kit, other, 'DELETE', '/api/stores/other');
  assert.equal(dropped.status, 200);
  assert.match(kit.connect(0).ask('stores'), /^\*1\r\n/);
  await kit.stop();
});

test('a key is read wherever few nodes hold it, with its type and time', async () => {
  const kit = await createRoutingKit(4, { 'cluster.replication_factor': '2' });
  const client = kit.connect(0);
  const first = await openHttp(kit, 0);
  const put = await ask(kit, first, 'PUT', '/api/cache/json', { value: { x: 1 }, ttl: '60s' });
  assert.equal(put.status, 200);
  client.ask('set text hello', 'rpush list a b', 'hset hash f v', 'zadd zset 1.5 m', 'sadd set s');
  client.ask('acl setuser reader on >secret ~* resetchannels +get');
  const wanted: Record<string, unknown> = {
    json: { key: 'json', value: { x: 1 }, ttl_ms: 60_000 },
    text: { key: 'text', value: 'hello' },
    list: { key: 'list', value: ['a', 'b'], type: 'list' },
    hash: { key: 'hash', value: { f: 'v' }, type: 'hash' },
    zset: { key: 'zset', value: [{ member: 'm', score: 1.5 }], type: 'zset' },
    set: { key: 'set', value: ['s'], type: 'set' },
  };
  const keys = Object.keys(wanted);
  for (const index of [0, 1, 2, 3]) {
    const app = await openHttp(kit, index);
    for (const key of keys) {
      const got = await ask(kit, app, 'GET', `/api/cache/${key}`);
      assert.deepEqual(got.body['data'], wanted[key]);
    }
    assert.equal((await ask(kit, app, 'GET', '/api/cache/none')).status, 404);
    const batch = { keys: ['none', ...keys, 'list'] };
    const { body } = await ask(kit, app, 'POST', '/api/cache/batch/get', batch);
    const results = body['results'] as Record<string, unknown>[];
    assert.deepEqual(results[0], { key: 'none', found: false });
    for (const [i, key] of [...keys, 'list'].entries()) {
      const { found, ...members } = results[i + 1];
      assert.equal(found, true);
      assert.deepEqual(members, wanted[key]);
    }
  }
  await kit.stop();
});

test('where no owner is found in time the answer is 503', async () => {
  const kit = await createRoutingKit(3);
  const other = await openHttp(kit, 2);
  kit.nodes[2].ownership.set(['node-1', 'node-2', 'node-3'], 'node-2');
  const server = kit.nodes[2].kit;
  const asked = ask(kit, other, 'PUT', '/api/cache/a', { value: 1 });
  for (let i = 0; i < 40; i++) {
    await new Promise((resolve) => setImmediate(resolve));
    server.advance(100);
  }
  assert.equal((await asked).status, 503);
  await kit.stop();
});

test('an answer of a node that no other holds copies of says so', async () => {
  const kit = await createRoutingKit(2);
  const owner = await openHttp(kit, 0);
  const [left, right] = kit.nodes;
  kit.net.cut(left.bus, right.bus);
  const put = await ask(kit, owner, 'PUT', '/api/cache/a', { value: 1 });
  assert.deepEqual([put.status, put.body['replicated'], put.body['local']], [200, false, true]);
  await kit.stop();
});
