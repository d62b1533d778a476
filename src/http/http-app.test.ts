import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AssertionFailure } from '../base/errors.ts';
import { METRIC } from '../observability/metrics/metric-table.ts';
import { createNodeKit } from '../testing/node-kit.ts';
import { createHttpApp, type HttpApp } from './http-app.ts';
import type { SessionKeeper } from './http-sessions.ts';

/** The app of a simulated node, without its port: requests are handed to the framework. */
async function createAppKit() {
  const kit = await createNodeKit();
  const { node, world } = kit;
  const keeper: SessionKeeper = {
    services: node.services,
    loop: node.loop,
    get isStopping() {
      return node.loop.hasFailed;
    },
    openSession: (channel) => node.openSession(channel),
    closeSession: (session) => node.closeSession(session),
  };
  const server = await world.network.listenHttp({
    host: '127.0.0.1',
    port: 0,
    backlog: 1,
    tls: null,
    headerBytesMax: 1,
    headersMs: 1,
    requestMs: 1,
    keepAliveMs: 1,
    connectionCountMax: 1,
    onAcceptError: () => {},
    onRefused: () => {},
  });
  return { kit, node, app: await createHttpApp(keeper, server) };
}

const HEADERS = { host: 'localhost', 'content-type': 'application/json' };

function ask(app: HttpApp, method: 'GET' | 'PUT', url: string, payload = '') {
  return app.fastify.inject({ method, url, headers: HEADERS, ...(payload ? { payload } : {}) });
}

test('a command that fails before its first change costs its request only', async () => {
  const { node, app, kit } = await createAppKit();
  const get = node.services.table.find('get');
  assert.ok(get);
  const { execute } = get;
  Object.assign(get, {
    execute: () => {
      throw new TypeError('a secret of ours at /some/path');
    },
  });
  const failed = await ask(app, 'GET', '/api/cache/a');
  assert.equal(failed.statusCode, 500);
  assert.doesNotMatch(failed.payload, /secret|path|TypeError|at /);
  assert.equal(failed.json().correlation_id, failed.headers['x-correlation-id']);
  assert.equal(node.services.counters[METRIC.unexpectedErrors], 1);
  assert.deepEqual(kit.complaints, ['command-failed']);
  Object.assign(get, { execute });
  assert.equal((await ask(app, 'GET', '/api/cache/a')).statusCode, 404);
  assert.equal(node.failure, null);
});

test('after its first change, or by a failed assertion, the node stops', async () => {
  for (const error of [new TypeError('late'), new AssertionFailure('early')]) {
    const { node, app } = await createAppKit();
    const set = node.services.table.find('set');
    assert.ok(set?.execute);
    const { execute } = set;
    Object.assign(set, {
      execute: (...args: Parameters<typeof execute>) => {
        if (error instanceof TypeError) execute(...args);
        throw error;
      },
    });
    const failed = await ask(app, 'PUT', '/api/cache/a', '{"value":1}');
    assert.equal(failed.statusCode, 500);
    assert.equal(node.failure, error);
    assert.equal(node.services.counters[METRIC.unexpectedErrors], 1);
  }
});

test('the embedded node has no HTTP port unless it is asked for one', async () => {
  const kit = await createNodeKit();
  assert.equal(kit.node.httpPort, 0);
});

test('a guess from afar waits as a RESP login does, and a right password ends that', async () => {
  const { node, app, kit } = await createAppKit();
  kit.configure('requirepass', 'right');
  const from = async (password: string) => {
    const authorization = `Bearer ${password}`;
    let isDone = false;
    const asked = app.fastify
      .inject({
        url: '/api/cache/a',
        headers: { ...HEADERS, authorization },
        remoteAddress: '10.1.2.3',
      })
      .then((response) => {
        isDone = true;
        return response;
      });
    let waitedMs = 0;
    for (let turn = 0; turn < 200 && !isDone; turn++) {
      await new Promise((resolve) => setImmediate(resolve));
      if (turn > 100 && !isDone) {
        kit.advance(50);
        waitedMs += 50;
      }
    }
    return { status: (await asked).statusCode, waitedMs };
  };
  for (let i = 0; i < 5; i++) assert.deepEqual(await from('wrong'), { status: 401, waitedMs: 0 });
  const sixth = await from('wrong');
  assert.equal(sixth.status, 401);
  assert.ok(sixth.waitedMs >= 50);
  const right = await from('right');
  assert.equal(right.status, 404);
  assert.ok(right.waitedMs >= 100, `${right.waitedMs}`);
  assert.deepEqual(await from('right'), { status: 404, waitedMs: 0 });
  assert.equal(node.services.counters[METRIC.deniedLogins], 6);
});
