import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { httpPage } from './http-page.mjs';
import { postmanCollection } from './postman-collection.mjs';

const ROOT = path.resolve(import.meta.dirname, '../..');
const load = (name) => import(path.join(ROOT, '.build/src/http', name));
const { ROUTES } = await load('route-table.js');
const { describeApi } = await load('docs-page/openapi.js');

test('docs/http-api.md is what the route table says, and has every route', () => {
  const text = fs.readFileSync(path.join(ROOT, 'docs/http-api.md'), 'utf8');
  assert.equal(text, httpPage(ROUTES), 'out of date: npm run docs');
  for (const { method, path: address } of ROUTES) {
    const name = `| \`${method} ${address.replace(/:(\w+)/g, '{$1}')}\` |`;
    assert.equal(text.split(name).length, 2, name);
  }
  assert.throws(() => httpPage([{ ...ROUTES[0], tag: 'new' }]), /no heading for the tag new/);
});

test('the Postman collection is what the description says', () => {
  const file = path.join(ROOT, 'docs/hypercache.postman_collection.json');
  const { version } = JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
  const text = postmanCollection(describeApi(ROUTES, { version }));
  assert.equal(fs.readFileSync(file, 'utf8'), text, 'out of date: npm run docs');
});
