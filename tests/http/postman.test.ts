import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../support/server.ts';
import { startWithHttp } from './http-server.ts';

/** Plays the collection as Postman's runner does: from the first request to the last. */

interface Item {
  readonly name: string;
  readonly event: readonly { readonly script: { readonly exec: readonly string[] } }[];
  readonly request: {
    readonly method: string;
    readonly header: readonly { readonly key: string; readonly value: string }[];
    readonly body?: { readonly raw: string };
    readonly url: {
      readonly raw: string;
      readonly host: readonly string[];
      readonly path: readonly string[];
      readonly variable?: readonly { readonly key: string; readonly value: string }[];
    };
  };
}

interface Collection {
  readonly item: readonly { readonly name: string; readonly item: readonly Item[] }[];
}

const FILE = path.join(ROOT, 'docs/hypercache.postman_collection.json');

test('every request of the collection gets one of the answers that its test expects', async (t) => {
  const collection = JSON.parse(fs.readFileSync(FILE, 'utf8')) as Collection;
  const { ask } = await startWithHttp(t, ['--cache.cuckoo_filter=yes']);
  const answers = new Map<string, number>();
  for (const { item } of collection.item) {
    for (const { event, name, request } of item) {
      const { body, header, method, url } = request;
      assert.equal(url.raw, `{{origin}}/${url.path.join('/')}`);
      assert.deepEqual(url.host, ['{{origin}}']);
      const places = new Map(url.variable?.map(({ key, value }) => [`:${key}`, value]));
      const address = url.path.map((part) => places.get(part) ?? part).join('/');
      assert.doesNotMatch(address.replace('postman:', ''), /:/, `${name}: a place without a value`);
      const { status } = await ask(`/${address}`, {
        method,
        headers: Object.fromEntries(header.map(({ key, value }) => [key.toLowerCase(), value])),
        ...(body === undefined ? {} : { body: body.raw }),
      });
      const [, expected] = /oneOf\(\[(.*)\]\)/.exec(event[0].script.exec.join('')) ?? [];
      assert.ok(expected.split(', ').includes(String(status)), `${name}: ${status}`);
      answers.set(`${method} /${address}`, status);
    }
  }
  // They stand in an order in which each finds what it asks for.
  const found: [string, number][] = [
    ['PUT /api/cache/postman:greeting', 200],
    ['GET /api/cache/postman:greeting', 200],
    ['POST /api/stores', 201],
    ['GET /api/stores/postman', 200],
    ['DELETE /api/stores/postman', 200],
    ['GET /api/filter/stats', 200],
  ];
  for (const [address, status] of found) assert.equal(answers.get(address), status, address);
  assert.ok(answers.size > 30);
});
