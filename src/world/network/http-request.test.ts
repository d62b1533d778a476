import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { RequestOptions } from '../../base/world.ts';
import { RealNetwork } from './real-network.ts';

const OPTIONS: Omit<RequestOptions, 'url'> = {
  method: 'GET',
  headers: { 'x-asked': 'yes' },
  authorities: null,
  silenceMs: 20_000,
};

async function serve(t: TestContext, handler: http.RequestListener): Promise<string> {
  const server = http.createServer(handler);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/path`;
}

async function read(body: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

test('a request is sent with its headers, and the answer read to its end', async (t) => {
  const url = await serve(t, (asked, answer) => {
    answer.statusCode = 201;
    answer.write(`${asked.method} ${asked.url} ${asked.headers['x-asked']} `);
    setImmediate(() => answer.end('and the rest'));
  });
  const { body, status } = await new RealNetwork().request({ ...OPTIONS, url, method: 'POST' });
  assert.equal(status, 201);
  assert.equal(await read(body), 'POST /path yes and the rest');
});

test('a body is sent along, with whatever method', async (t) => {
  const url = await serve(t, async (asked, answer) => {
    answer.end(`${asked.method} ${await read(asked)}`);
  });
  const options = { ...OPTIONS, url, method: 'DELETE', body: '{"a":"ü"}' } as const;
  const { body } = await new RealNetwork().request(options);
  assert.equal(await read(body), 'DELETE {"a":"ü"}');
});

test('an answer that is cut off is no answer', async (t) => {
  const url = await serve(t, (_asked, answer) => {
    answer.setHeader('content-length', '1000');
    answer.write('part of it');
    setImmediate(() => answer.destroy());
  });
  const { body } = await new RealNetwork().request({ ...OPTIONS, url });
  await assert.rejects(read(body), { code: 'REQUEST_FAILED' });
});

test('nobody there, silence and a wrong address are refused, without secrets', async (t) => {
  const network = new RealNetwork();
  const silent = await serve(t, () => {});
  await assert.rejects(network.request({ ...OPTIONS, url: silent, silenceMs: 50 }), /not answer/);
  for (const url of ['http://user:secret@127.0.0.1:1/', 'nonsense']) {
    await assert.rejects(network.request({ ...OPTIONS, url }), (error: Error) => {
      assert.equal((error as Error & { code: string }).code, 'REQUEST_FAILED');
      return !error.message.includes('secret');
    });
  }
});
