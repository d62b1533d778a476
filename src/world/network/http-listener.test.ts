import assert from 'node:assert/strict';
import { once } from 'node:events';
import type http from 'node:http';
import net from 'node:net';
import { test } from 'node:test';
import type { HttpHandler, HttpOptions, HttpServer } from '../../base/world.ts';
import { listenHttp } from './http-listener.ts';

const QUICK: HttpOptions = {
  host: '127.0.0.1',
  port: 0,
  backlog: 16,
  tls: null,
  headerBytesMax: 4096,
  headersMs: 300,
  requestMs: 600,
  keepAliveMs: 300,
  connectionCountMax: 10,
};
const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';

const answer = ((_request: http.IncomingMessage, response: http.ServerResponse) => {
  response.end('hello');
}) as HttpHandler;

/** @returns all that came back until the server closed the connection */
async function exchange(server: HttpServer, ...parts: string[]): Promise<string> {
  const socket = net.connect(server.port, '127.0.0.1');
  let text = '';
  socket.on('data', (bytes) => {
    text += bytes.toString();
  });
  socket.on('error', () => {});
  for (const part of parts) socket.write(part);
  await once(socket, 'close');
  return text;
}

test('a client that says nothing, or never ends its request, is closed', async () => {
  const server = await listenHttp(QUICK);
  server.setHandler(answer);
  for (const slow of [
    '',
    'GET',
    GET.slice(0, -2),
    `${GET.slice(0, -2)}Content-Length: 9\r\n\r\nx`,
  ]) {
    const text = await exchange(server, slow);
    // One that has its headers is answered before its body has come.
    assert.ok(text === '' || /^HTTP\/1.1 (408|200) /.test(text), `${slow}: ${text}`);
  }
  await server.close();
});

test('a connection without a request is closed after the time that it may be kept', async () => {
  const server = await listenHttp(QUICK);
  server.setHandler(answer);
  assert.equal((await exchange(server, GET, GET)).match(/hello/g)?.length, 2);
  for (let turn = 0; server.connectionCount > 0 && turn < 10_000; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(server.connectionCount, 0);
  await server.close();
});

test('what is asked before there is a handler is answered when there is one', async () => {
  const server = await listenHttp(QUICK);
  const answered = exchange(server, GET);
  const raw = server.raw as http.Server;
  await once(raw, 'request');
  server.setHandler(answer);
  assert.match(await answered, /hello/);
  await server.close();
});

test('a port that is taken is refused with a code', async () => {
  const server = await listenHttp(QUICK);
  await assert.rejects(listenHttp({ ...QUICK, port: server.port }), {
    name: 'NodeError',
    code: 'PORT_REFUSED',
  });
  await server.close();
});

test('what still runs can be cut off', async () => {
  const server = await listenHttp({ ...QUICK, requestMs: 60_000 });
  server.setHandler((() => {}) as HttpHandler);
  const asked = exchange(server, GET);
  await once(server.raw as http.Server, 'request');
  const closed = server.close();
  assert.equal(server.connectionCount, 1);
  server.closeConnections();
  await closed;
  assert.equal(await asked, '');
});
