/** The port itself: connections, limits, TLS, and how a node stops that is being asked. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { after, before, describe, test } from 'node:test';
import { findFreePort, MAIN, scratchFolder, waitFor } from '../support/server.ts';
import { createTlsSettings } from '../support/tls-settings.ts';
import { type HttpServerKit, request, startHttp } from './http-kit.ts';

/** A connection that is written to byte by byte. */
class RawConnection {
  readonly socket: net.Socket;
  text = '';
  isClosed = false;

  constructor(port: number) {
    this.socket = net.connect(port, '127.0.0.1');
    this.socket.on('data', (bytes) => {
      this.text += bytes.toString();
    });
    this.socket.on('error', () => {});
    this.socket.on('close', () => {
      this.isClosed = true;
    });
  }

  send(text: string): this {
    this.socket.write(text);
    return this;
  }

  async until(pattern: RegExp): Promise<string> {
    await waitFor(`${pattern} in ${JSON.stringify(this.text)}`, 20_000, () => {
      return pattern.test(this.text) || undefined;
    });
    return this.text;
  }

  closed(): Promise<true> {
    return waitFor('the connection to be closed', 20_000, () => this.isClosed || undefined);
  }
}

const GET = 'GET /api/cache/a HTTP/1.1\r\nHost: localhost\r\n\r\n';

describe('a port', () => {
  let kit: HttpServerKit;
  before(async () => {
    kit = await startHttp({ args: ['--http.max_connections=20'] });
  });
  after(() => kit.stop());

  test('keeps connections alive, pipelines, and closes when asked', async () => {
    const raw = new RawConnection(kit.httpPort).send(GET + GET);
    await raw.until(/Key not found[\s\S]*Key not found/);
    assert.equal(raw.isClosed, false);
    raw.send(GET.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
    await raw.closed();
    assert.equal(raw.text.match(/Key not found/g)?.length, 3);
  });

  test('what is no HTTP is 400 with an id, too large headers 431', async () => {
    const cases = [
      ['*1\r\n$4\r\nPING\r\n', '400'],
      ['GET\r\n\r\n', '400'],
      ['GET /a HTTP/9.9\r\n\r\n', '400'],
      ['BREW / HTTP/1.1\r\nHost: localhost\r\n\r\n', '400'],
      ['GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n', '400'],
      ['GET / HTTP/1.1\r\nHost: localhost\r\nA: b\nX\r\n\r\n', '400'],
      ['GET /api/cache/a HTTP/1.1\r\n\r\n', '400'],
      [`GET /${'x'.repeat(40_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`, '431'],
      [`GET / HTTP/1.1\r\nHost: localhost\r\nA: ${'x'.repeat(40_000)}\r\n\r\n`, '431'],
    ];
    for (const [text, status] of cases) {
      const raw = new RawConnection(kit.httpPort).send(text);
      const told = await raw.until(/\r\n\r\n\{[\s\S]*\}/);
      assert.ok(told.startsWith(`HTTP/1.1 ${status} `), `${text.slice(0, 40)}: ${told}`);
      const id = /x-correlation-id: (\S+)/i.exec(told)?.[1];
      const body = JSON.parse(told.slice(told.indexOf('\r\n\r\n')));
      assert.deepEqual([body.success, body.correlation_id], [false, id], text.slice(0, 40));
      raw.socket.destroy();
    }
  });

  test('two lengths in one request, and what else smuggles a second, are refused', async () => {
    const head =
      'PUT /api/cache/smuggled HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n';
    const inner = 'PUT /api/cache/smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n';
    for (const lengths of [
      'Content-Length: 5\r\nContent-Length: 6\r\n',
      'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n',
      'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n',
    ]) {
      const raw = new RawConnection(kit.httpPort).send(`${head}${lengths}\r\n0\r\n\r\n${inner}`);
      const told = await raw.until(/^HTTP\/1.1 400 /);
      assert.equal(told.match(/HTTP\/1.1/g)?.length, 1, told);
      await raw.closed();
    }
  });

  test('more connections than http.max_connections are closed, the others served', async () => {
    const connections: RawConnection[] = [];
    for (let i = 0; i < 30; i++) connections.push(new RawConnection(kit.httpPort).send(GET));
    const settled = (raw: RawConnection) => raw.isClosed || raw.text.includes('Key not found');
    await waitFor('each to be served or closed', 20_000, () => {
      return connections.every(settled) || undefined;
    });
    const servedCount = connections.filter((raw) => raw.text.includes('Key not found')).length;
    assert.ok(servedCount >= 10 && servedCount <= 20, `${servedCount} were served`);
    for (const raw of connections) raw.socket.destroy();
    await waitFor('room for another', 20_000, async () => {
      return kit.get('/api/cache/a').then(
        () => true,
        () => undefined,
      );
    });
  });

  test('a client that goes away while it sends costs nobody anything', async () => {
    const head =
      'PUT /api/cache/gone HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n';
    for (let i = 0; i < 10; i++) {
      const raw = new RawConnection(kit.httpPort).send(
        `${head}Content-Length: 100\r\n\r\n{"value":1`,
      );
      await once(raw.socket, 'connect');
      raw.socket.resetAndDestroy();
    }
    assert.equal((await kit.get('/api/cache/gone')).status, 404);
  });
});

test('a store that is full answers 507, and DELETE makes room', async () => {
  const args = ['--maxmemory', '2mb', '--maxmemory-policy', 'noeviction'];
  const kit = await startHttp({ args });
  try {
    const value = 'x'.repeat(64 * 1024);
    let status = 200;
    let count = 0;
    for (; status === 200 && count < 100; count++) {
      const answer = await kit.put(`/api/cache/k${count}`, { value });
      ({ status } = answer);
      if (status !== 200) assert.match(answer.json.error, /^OOM /);
    }
    assert.equal(status, 507);
    const items = [{ key: 'one-more', value }];
    const batch = (await kit.post('/api/cache/batch/set', { items })).json;
    assert.match(batch.results[0].error, /^OOM /);
    assert.equal((await kit.get('/api/cache/k0')).status, 200);
    const keys = Array.from({ length: count }, (_, i) => `k${i}`);
    await kit.post('/api/cache/batch/delete', { keys });
    assert.equal((await kit.put('/api/cache/again', { value: 1 })).status, 200);
  } finally {
    await kit.stop();
  }
});

test('requests wait while CLIENT PAUSE holds what they would run', async () => {
  const kit = await startHttp();
  try {
    const client = await kit.resp();
    await client.call('CLIENT', 'PAUSE', '60000', 'WRITE');
    let isStored = false;
    const write = kit.put('/api/cache/paused', { value: 1 }).then((answer) => {
      isStored = true;
      return answer;
    });
    assert.equal((await kit.get('/api/cache/paused')).status, 404);
    assert.equal((await kit.get('/health/live')).status, 200);
    assert.equal(isStored, false);
    await client.call('CLIENT', 'UNPAUSE');
    assert.equal((await write).status, 200);
  } finally {
    await kit.stop();
  }
});

test('MONITOR tells of requests, with the address they came from', async () => {
  const kit = await startHttp();
  try {
    const raw = new RawConnection(kit.server.port).send('MONITOR\r\n');
    await raw.until(/\+OK/);
    await kit.put('/api/cache/watched', { value: 42 });
    await raw.until(/\[0 127\.0\.0\.1:\d+\] "SET" "watched" "42" "JSON"/);
    raw.socket.destroy();
  } finally {
    await kit.stop();
  }
});

test('over TLS the port speaks HTTPS with the certificates of tls.*, nothing else', async () => {
  const tls = createTlsSettings(0);
  const args = [...tls.args, '--tls-auth-clients', 'no', '--http.tls=yes'];
  const kit = await startHttp({ args, authority: tls.authority });
  try {
    assert.equal((await kit.put('/api/cache/a', { value: 1 })).status, 200);
    assert.equal((await kit.get('/api/cache/a')).json.data.value, 1);
    const plain = new RawConnection(kit.httpPort).send(GET);
    await plain.closed();
    assert.doesNotMatch(plain.text, /HTTP\/1.1 200/);
  } finally {
    await kit.stop();
    tls.remove();
  }
});

test('a failed bind is not ignored: the start fails, says why, leaves no port open', async () => {
  const blocker = net.createServer().listen(0, '127.0.0.1');
  await once(blocker, 'listening');
  const { port } = blocker.address() as net.AddressInfo;
  const respPort = await findFreePort();
  const args = ['--port', `${respPort}`, '--http.enabled=yes', '--http-port', `${port}`];
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: 'pipe', cwd: scratchFolder() });
  let output = '';
  child.stdout.on('data', (bytes: Buffer) => {
    output += bytes.toString();
  });
  let errors = '';
  child.stderr.on('data', (bytes: Buffer) => {
    errors += bytes.toString();
  });
  const [code] = await once(child, 'close');
  blocker.close();
  assert.equal(code, 1);
  assert.match(errors, new RegExp(`Cannot listen on 127.0.0.1:${port}: EADDRINUSE`));
  assert.doesNotMatch(output, /"started"/);
  await assert.rejects(once(net.connect(respPort, '127.0.0.1'), 'connect'));
});

test('a node that stops answers what it was asked, closes what is idle', async () => {
  const kit = await startHttp();
  const agent = new http.Agent({ keepAlive: true });
  await request(kit.httpPort, { method: 'GET', path: '/api/cache/a', agent });
  const idle = new RawConnection(kit.httpPort).send(GET);
  await idle.until(/Key not found/);
  const body = '{"value":"late"}';
  const head =
    'PUT /api/cache/late HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n' +
    `Content-Length: ${body.length}\r\n\r\n`;
  const half = new RawConnection(kit.httpPort).send(head + body.slice(0, 5));
  await once(half.socket, 'connect');
  // Its headers have arrived when a request behind it is answered.
  await kit.get('/api/cache/a');
  const stopped = kit.stop();
  await idle.closed();
  await waitFor('the port to be closed', 20_000, () => {
    return kit.get('/health/live').then(
      () => undefined,
      () => true,
    );
  });
  assert.equal(half.isClosed, false);
  half.send(body.slice(5));
  await half.until(/HTTP\/1.1 200 OK[\s\S]*connection: close[\s\S]*Value stored/i);
  await half.closed();
  assert.equal(await stopped, 0);
  agent.destroy();
});

test('a request that never ends does not keep a node from stopping', async () => {
  const kit = await startHttp({ args: ['--shutdown-timeout', '1'] });
  const half = new RawConnection(kit.httpPort).send(GET.slice(0, 30));
  await once(half.socket, 'connect');
  await kit.get('/api/cache/a');
  assert.equal(await kit.stop(), 0);
  await half.closed();
});
