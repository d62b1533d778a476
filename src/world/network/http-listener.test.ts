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
  onAcceptError: () => {},
  onRefused: () => {},
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

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

async function turnsUntil(isSo: () => boolean): Promise<void> {
  while (!isSo()) await turns(1);
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
  await turnsUntil(() => server.connectionCount === 0);
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

test('one connection too many is closed unheard, and told of', async () => {
  let refusedCount = 0;
  const onRefused = (): void => void refusedCount++;
  const server = await listenHttp({ ...QUICK, connectionCountMax: 1, onRefused });
  server.setHandler(answer);
  const first = net.connect(server.port, '127.0.0.1');
  await once(first, 'connect');
  assert.equal(await exchange(server, GET), '');
  assert.equal(refusedCount, 1);
  first.destroy();
  await server.close();
});

test('requests of a connection are handed over one at a time, and answered in order', async () => {
  const server = await listenHttp({ ...QUICK, requestMs: 60_000 });
  const running: http.ServerResponse[] = [];
  server.setHandler(((_request: http.IncomingMessage, response: http.ServerResponse) => {
    running.push(response);
  }) as HttpHandler);
  const post = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc';
  const text = exchange(server, GET + post + GET);
  for (const word of ['one', 'two', 'three']) {
    await turnsUntil(() => running.length > 0);
    await turns(20);
    assert.equal(running.length, 1, 'the next one waits');
    running.pop()?.end(word);
  }
  assert.match(await text, /one.*two.*three/s);
  await server.close();
});

test('what waits behind a request is forgotten when its connection goes', async () => {
  const server = await listenHttp({ ...QUICK, requestMs: 60_000 });
  let askedCount = 0;
  server.setHandler((() => void askedCount++) as HttpHandler);
  const socket = net.connect(server.port, '127.0.0.1');
  socket.write(GET + GET);
  await turnsUntil(() => askedCount === 1);
  socket.destroy();
  await turnsUntil(() => server.connectionCount === 0);
  await turns(20);
  assert.deepEqual([askedCount, server.heldBytes], [1, 0]);
  await server.close();
});

test('requests that are not answered and answers that are not read are counted', async () => {
  const server = await listenHttp({ ...QUICK, requestMs: 60_000 });
  const bodyBytes = 100_000;
  const answerBytes = 64 << 20;
  let response: http.ServerResponse | null = null;
  server.setHandler(((request: http.IncomingMessage, its: http.ServerResponse) => {
    request.resume();
    response = its;
  }) as HttpHandler);
  const socket = net.connect(server.port, '127.0.0.1');
  const post = `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${bodyBytes}\r\n\r\n`;
  socket.write(post + 'x'.repeat(bodyBytes - 1));
  await turnsUntil(() => server.heldBytes === post.length + bodyBytes - 1);
  socket.write('x');
  socket.pause();
  await turnsUntil(() => server.heldBytes === post.length + bodyBytes);
  response!.end(Buffer.alloc(answerBytes));
  await turns(20);
  assert.ok(server.heldBytes > answerBytes, `${server.heldBytes}`);
  socket.resume();
  await turnsUntil(() => server.heldBytes === 0);
  assert.equal(server.connectionCount, 1);
  socket.destroy();
  await server.close();
});
