import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { createHttpKit } from '../../testing/http-kit.ts';
import { ROUTES } from '../route-table.ts';
import { DOCS_SCRIPT } from './docs-assets.ts';

const PAGE_PATHS = ['/docs', '/docs/docs.css', '/docs/docs.js'];

test('the description is valid OpenAPI and has every route', async () => {
  const kit = await createHttpKit();
  const { json, headers, status } = await kit.ask('/api/openapi.json');
  assert.equal(status, 200);
  assert.equal(headers['content-type'], 'application/json; charset=utf-8');
  const { errors, valid } = await new Validator().validate(structuredClone(json));
  assert.ok(valid, JSON.stringify(errors));
  const described = Object.entries(json.paths as Record<string, object>).flatMap(
    ([path, operations]) => Object.keys(operations).map((method) => `${method} ${path}`),
  );
  const registered = ROUTES.map(
    ({ method, path }) => `${method.toLowerCase()} ${path.replace(/:(\w+)/g, '{$1}')}`,
  );
  assert.deepEqual(described.sort(), registered.sort());
  assert.equal(json.paths['/health'].get.security.length, 0);
  assert.ok(json.paths['/api/stores'].post.requestBody.content['application/json'].schema);
  const broken = await new Validator().validate({ ...json, info: {} });
  assert.equal(broken.valid, false);
  await kit.stop();
});

test('operation ids are unique and every summary is one sentence without a full stop', () => {
  const ids = ROUTES.map(({ operationId }) => operationId);
  assert.equal(new Set(ids).size, ids.length);
  for (const { operationId, summary } of ROUTES)
    assert.match(summary, /^[A-Z].*[^.]$/, operationId);
});

test('the page has no script and no style but its own files, and asks nobody else', async () => {
  const kit = await createHttpKit();
  for (const path of PAGE_PATHS) {
    const { headers, status, text } = await kit.ask(path);
    assert.equal(status, 200, path);
    const policy = String(headers['content-security-policy']);
    assert.match(policy, /default-src 'none'; script-src 'self'; style-src 'self'/);
    assert.doesNotMatch(policy, /unsafe/);
    assert.doesNotMatch(text, /https?:\/\/|\/\/cdn|innerHTML|style=|\son[a-z]+="/, path);
  }
  const { headers, text } = await kit.ask('/docs');
  assert.equal(headers['content-type'], 'text/html; charset=utf-8');
  assert.doesNotMatch(text, /<script>|<style/);
  assert.match(text, /src="\/docs\/docs\.js"/);
  await kit.stop();
});

test('the script of the page is one that a browser can read', async () => {
  const module = `export function f() {${DOCS_SCRIPT}}`;
  const address = `data:text/javascript,${encodeURIComponent(module)}`;
  assert.equal(typeof (await import(address)).f, 'function');
});

test('http.docs switches all of it off', async () => {
  const without = await createHttpKit({ 'http.docs': 'no' });
  for (const path of ['/api/openapi.json', ...PAGE_PATHS]) {
    assert.equal((await without.ask(path)).status, 404, path);
  }
  await without.stop();
});
