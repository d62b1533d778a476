/** Who may ask: logins, rules, hosts, origins, addresses, rates. */
import assert from 'node:assert/strict';
import net from 'node:net';
import os from 'node:os';
import { after, before, describe, test } from 'node:test';
import { type HttpServerKit, request, startHttp } from './http-kit.ts';

const basic = (name: string, password: string) => ({
  authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`,
});

describe('with a password', () => {
  let kit: HttpServerKit;
  const good = basic('default', 'pass:word');
  before(async () => {
    kit = await startHttp({ args: ['--requirepass', 'pass:word'] });
    const rules = ['on', '>reader-pw', '~open:*', '+get', '+hscan', '+set'];
    const client = await kit.resp();
    await client.call('AUTH', 'pass:word');
    await client.call('ACL', 'SETUSER', 'reader', ...rules);
    await client.call('ACL', 'SETUSER', 'off', '>pw', '~*', '+@all');
  });
  after(() => kit.stop());

  const ROUTES = [
    ['GET', '/api/cache/a'],
    ['PUT', '/api/cache/a'],
    ['DELETE', '/api/stores/default/cache/a'],
    ['POST', '/api/cache/batch/get'],
    ['GET', '/metrics'],
    ['GET', '/api/config'],
    ['GET', '/api/stores'],
    ['GET', '/docs'],
    ['GET', '/api/openapi.json'],
  ] as const;

  test('every route but those of health needs a login', async () => {
    for (const [method, path] of ROUTES) {
      const answer = await kit.ask(method, path);
      assert.deepEqual([answer.status, answer.json.success], [401, false], `${method} ${path}`);
      assert.match(String(answer.headers['www-authenticate']), /Basic realm=.*Bearer/);
      assert.equal(answer.headers['x-correlation-id'], answer.json.correlation_id);
    }
    assert.equal((await kit.get('/health/live')).status, 200);
    assert.equal((await kit.get('/nothing')).status, 404);
  });

  test('Basic logs any user in, Bearer the default one; what is wrong is 401', async () => {
    for (const headers of [good, basic('', 'pass:word'), { authorization: 'Bearer pass:word' }]) {
      assert.equal((await kit.get('/api/cache/a', headers)).status, 404, headers.authorization);
    }
    const wrong = [
      basic('default', 'pass:wor'),
      basic('default', ''),
      basic('nobody', 'pass:word'),
      basic('off', 'pw'),
      basic('__proto__', 'x'),
      { authorization: 'Bearer pass' },
      { authorization: 'Bearer' },
      { authorization: 'Basic' },
      { authorization: 'Basic %%%' },
      { authorization: `Basic ${Buffer.from('no colon').toString('base64')}` },
      { authorization: 'Digest pass:word' },
      { authorization: `Bearer ${'x'.repeat(17_000)}` },
    ];
    for (const headers of wrong) {
      const told = headers.authorization.slice(0, 50);
      assert.equal((await kit.get('/api/cache/a', headers)).status, 401, told);
    }
  });

  test('rules hold for keys and commands; ACL LOG tells who was refused', async () => {
    const headers = basic('reader', 'reader-pw');
    const json = { ...headers, 'content-type': 'application/json' };
    const body = '{"value":1}';
    assert.equal((await kit.ask('PUT', '/api/cache/open:a', { body, headers: json })).status, 200);
    assert.equal((await kit.get('/api/cache/open:a', headers)).status, 200);
    for (const [method, path] of [
      ['GET', '/api/cache/closed:a'],
      ['DELETE', '/api/cache/open:a'],
      ['GET', '/metrics'],
      ['GET', '/api/config'],
      ['GET', '/api/stores'],
    ] as const) {
      const answer = await kit.ask(method, path, { headers });
      assert.equal(answer.status, 403, `${method} ${path}`);
      assert.match(answer.json.error, /^NOPERM /);
    }
    const keys = JSON.stringify({ keys: ['open:a', 'closed:a'] });
    const batch = await kit.ask('POST', '/api/cache/batch/get', { body: keys, headers: json });
    const [open, closed] = batch.json.results;
    assert.deepEqual([open.value, closed.value], [1, undefined]);
    assert.match(closed.error, /^NOPERM /);
  });

  test('a user whose rules, password or name changed is another at once', async () => {
    const client = await kit.resp();
    await client.call('AUTH', 'pass:word');
    await client.call('ACL', 'SETUSER', 'short', 'on', '>one', '~*', '+get');
    const status = async (password: string) =>
      (await kit.get('/api/cache/a', basic('short', password))).status;
    assert.equal(await status('one'), 404);
    await client.call('ACL', 'SETUSER', 'short', '-get');
    assert.equal(await status('one'), 403);
    await client.call('ACL', 'SETUSER', 'short', '+get', '<one', '>two');
    assert.deepEqual([await status('one'), await status('two')], [401, 404]);
    await client.call('ACL', 'DELUSER', 'short');
    assert.equal(await status('two'), 401);
    await client.call('ACL', 'SETUSER', 'short', 'on', '>two', '~x', '+get');
    assert.equal(await status('two'), 403);
  });

  test('secrets are in no log line', async () => {
    await kit.get('/api/cache/a', basic('default', 'a-wrong-secret'));
    await kit.get('/api/cache/a', { authorization: 'Bearer another-wrong-secret' });
    assert.ok(!/wrong-secret|pass:word|reader-pw/.test(kit.server.output()));
  });
});

describe('without a password', () => {
  let kit: HttpServerKit;
  before(async () => {
    kit = await startHttp({
      args: [
        '--http.allowed_hosts=cache.example.com',
        '--http.allowed_origins=https://page.example.com',
      ],
    });
  });
  after(() => kit.stop());

  test('a request for a host that is not ours is 421', async () => {
    const { httpPort } = kit;
    const ours = ['localhost', '127.0.0.1', '[::1]', 'CACHE.example.com', os.hostname()];
    for (const name of ours) {
      for (const host of [name, `${name}:${httpPort}`, `${name}:1`]) {
        assert.equal((await kit.get('/api/cache/a', { host })).status, 404, host);
      }
    }
    const others = ['evil.example.com', 'localhost.evil.com', 'cache.example.com.evil', '10.0.0.1'];
    for (const host of [...others, '127.0.0.1.nip.io', 'a@localhost', '[::2]', '*']) {
      for (const path of ['/api/cache/a', '/health', '/metrics', '/nothing']) {
        const answer = await kit.get(path, { host });
        assert.deepEqual([answer.status, answer.json.success], [421, false], `${host} ${path}`);
      }
    }
    const absolute = await kit.get('http://evil.example.com/api/cache/a');
    assert.equal(absolute.status, 421);
    assert.equal((await kit.get('http://localhost/api/cache/a')).status, 404);
  });

  test('a page from elsewhere may not call the API, unless its origin is allowed', async () => {
    const { httpPort } = kit;
    const host = `localhost:${httpPort}`;
    const ask = (origin: string, method = 'GET') =>
      kit.ask(method, '/api/cache/a', { headers: { host, origin } });
    for (const origin of ['http://evil.example.com', 'null', 'http://localhost', 'file://']) {
      const answer = await ask(origin);
      assert.deepEqual([answer.status, answer.json.success], [403, false], origin);
      assert.equal(answer.headers['access-control-allow-origin'], undefined);
      assert.equal((await ask(origin, 'OPTIONS')).status, 403);
    }
    const same = await ask(`http://${host}`);
    assert.equal(same.status, 404);
    assert.equal(same.headers['access-control-allow-origin'], undefined);
    const allowed = await ask('https://page.example.com');
    assert.equal(allowed.status, 404);
    assert.equal(allowed.headers['access-control-allow-origin'], 'https://page.example.com');
    const preflight = await ask('https://page.example.com', 'OPTIONS');
    assert.equal(preflight.status, 204);
    assert.match(String(preflight.headers['access-control-allow-methods']), /PUT/);
  });

  test('no route of the public port takes internal requests', async () => {
    for (const path of [
      '/internal',
      '/internal/replicate',
      '/api/internal/sync',
      '/api/replicate',
    ]) {
      for (const method of ['GET', 'POST', 'PUT']) {
        assert.equal((await kit.ask(method, path)).status, 404, `${method} ${path}`);
      }
    }
  });
});

const outside = Object.values(os.networkInterfaces())
  .flat()
  .find((each) => each !== undefined && each.family === 'IPv4' && !each.internal)?.address;
const skip = outside === undefined ? 'this machine has no address but loopback' : false;

test('protected mode: without a password only this machine is served', { skip }, async () => {
  const kit = await startHttp({ args: ['--network.http_bind_addr=0.0.0.0'] });
  const ask = (host: string) => askFrom(host, kit.httpPort);
  try {
    assert.match(await ask('127.0.0.1'), /^HTTP\/1.1 404 /);
    const refused = await ask(String(outside));
    assert.match(refused, /^HTTP\/1.1 403 /);
    assert.match(refused, /Protected mode/);
    const client = await kit.resp();
    await client.call('CONFIG', 'SET', 'requirepass', 'x');
    assert.match(await ask(String(outside)), /^HTTP\/1.1 401 /);
    await client.call('CONFIG', 'SET', 'requirepass', '');
    await client.call('CONFIG', 'SET', 'protected-mode', 'no');
    assert.match(await ask(String(outside)), /^HTTP\/1.1 404 /);
  } finally {
    await kit.stop();
  }
});

/** What comes back for a GET that is sent to that address, and named by it. */
function askFrom(host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, host);
    let text = '';
    socket.on('data', (bytes) => {
      text += bytes.toString();
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(text));
    socket.write(`GET /api/cache/a HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  });
}

test('more requests than http.rate_limit are 429, with the time to wait', async () => {
  const kit = await startHttp({ args: ['--http.rate_limit=5'] });
  try {
    const asked = Array.from({ length: 40 }, () =>
      request(kit.httpPort, { method: 'GET', path: '/api/cache/a' }),
    );
    const answers = await Promise.all(asked);
    const refused = answers.filter(({ status }) => status === 429);
    assert.ok(answers.some(({ status }) => status === 404));
    assert.ok(refused.length > 0);
    assert.equal(refused[0].headers['retry-after'], '1');
    assert.equal(refused[0].json.success, false);
    let status = 429;
    for (let attempt = 0; status === 429 && attempt < 500; attempt++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      ({ status } = await kit.get('/api/cache/a'));
    }
    assert.equal(status, 404, 'a second later it is served again');
  } finally {
    await kit.stop();
  }
});
