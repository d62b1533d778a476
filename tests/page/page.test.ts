import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import { startCluster } from '../cluster/local-cluster.ts';
import { request } from '../http/http-kit.ts';
import { type HttpServer, startWithHttp } from '../http/http-server.ts';
import { waitFor } from '../support/server.ts';
import { WireClient } from '../support/wire-client.ts';
import {
  accessibilityFaults,
  fitsWidth,
  keepImage,
  openPage,
  skipWithoutChromium,
  visit,
} from './page-kit.ts';

const PASSWORD = 'open sesame';
const VIEWS = ['Stores', 'Keys', 'Console', 'Slow log', 'Clients', 'Persistence', 'Logs'];
const PACKED_BYTES_MAX = 60 * 1024;
const skip = skipWithoutChromium();

test('the files of the page are small, kept for ever and checked by the browser', async (t) => {
  const { httpPort } = await startWithHttp(t);
  const headers = { 'accept-encoding': 'gzip' };
  const get = (path: string) => request(httpPort, { method: 'GET', path, headers });
  const index = await get('/');
  assert.match(String(index.headers['content-type']), /^text\/html/);
  const policy = String(index.headers['content-security-policy']);
  assert.match(policy, /default-src 'none'; script-src 'self'; style-src 'self'/);
  assert.match(policy, /frame-ancestors 'none'/);
  assert.doesNotMatch(policy, /unsafe/);
  assert.equal(index.headers['cache-control'], 'no-store');
  const html = gunzipSync(index.bytes).toString();
  assert.doesNotMatch(html, /https?:|<style|style=|\son\w+=/);
  const paths = [...html.matchAll(/"(\/page\/[^"]+)"/g)].map(([, path]) => path!);
  assert.equal(paths.length, 3);
  let packedBytes = index.bytes.length;
  for (const path of paths) {
    const file = await get(path);
    assert.equal(file.status, 200, path);
    assert.match(path, /-[0-9a-f]{12}\./);
    assert.equal(file.headers['content-encoding'], 'gzip');
    assert.equal(file.headers['x-content-type-options'], 'nosniff');
    assert.match(String(file.headers['cache-control']), /immutable/);
    const plain = await request(httpPort, { method: 'GET', path });
    assert.deepEqual(plain.bytes, gunzipSync(file.bytes));
    packedBytes += file.bytes.length;
  }
  t.diagnostic(`${packedBytes} bytes packed`);
  assert.ok(packedBytes < PACKED_BYTES_MAX, `${packedBytes} bytes`);
  assert.equal((await get('/page/other.js')).status, 404);
});

test('http.dashboard switches the page off, and nothing else', async (t) => {
  const { ask } = await startWithHttp(t, ['--http.dashboard=no']);
  assert.equal((await ask('/')).status, 404);
  assert.equal((await ask('/api/login')).status, 200);
});

test('a person logs in, looks at everything and changes it', { skip }, async (t) => {
  const server = await startWithHttp(t, [
    '--security.requirepass',
    PASSWORD,
    '--slowlog-log-slower-than',
    '0',
  ]);
  const { page, errors } = await openPage(t, server.origin);
  await t.test('a wrong password is said to be wrong, the right one opens', async () => {
    await page.getByLabel('Password').fill('guess');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByText('Name or password is wrong.').waitFor();
    assert.deepEqual(await accessibilityFaults(page), []);
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
  });
  await t.test('numbers move while there is load', () => seeNumbersMove(t, server, page));
  await t.test('a store is made and dropped', () => makeStore(page));
  await t.test('a key of each type is written and edited', () => writeKeys(page, server));
  await t.test('the console completes and runs a command', () => useConsole(page));
  await t.test('a snapshot is saved by a button', () => saveSnapshot(page));
  await t.test('lines of the log come by themselves', () => followLog(page, server));
  await t.test('every view is usable by everybody', () => checkViews(page));
  // The browser itself tells of what was refused: the wrong password, the second store of a name.
  assert.deepEqual(
    errors.filter((text) => !/status of (401|409)/.test(text)),
    [],
  );
});

test('on a phone nothing is cut off, and dark is dark', { skip }, async (t) => {
  const server = await startWithHttp(t);
  const { page, errors } = await openPage(t, server.origin, { isPhone: true, isDark: true });
  await page.locator('[data-figure="commands"]').waitFor();
  for (const view of ['Overview', ...VIEWS]) {
    await visit(page, view);
    assert.ok(await fitsWidth(page), view);
    assert.deepEqual(await accessibilityFaults(page), [], view);
    if (view === 'Overview' || view === 'Keys')
      await keepImage(page, `phone-${view.toLowerCase()}`);
  }
  const ground = 'getComputedStyle(document.body).backgroundColor';
  const dark = await page.evaluate(ground);
  await page.getByRole('button', { name: 'Theme: system' }).click();
  assert.notEqual(await page.evaluate(ground), dark);
  await page.reload();
  await t.test('the keyboard alone leads anywhere', () => useKeyboard(page));
  await page.getByRole('button', { name: 'Theme: light' }).click();
  assert.equal(await page.evaluate(ground), dark);
  assert.deepEqual(errors, []);
});

test('a node of three dies and returns, and the page shows it', { skip }, async (t) => {
  const cluster = await startCluster(t);
  const [first, , third] = cluster.nodes;
  const { page, errors } = await openPage(t, `http://127.0.0.1:${first!.httpPort}`);
  const stateOf = (status: string) => page.locator(`[data-node="node-3"][data-status="${status}"]`);
  await stateOf('alive').waitFor();
  assert.equal(await page.locator('.member.is-alive').count(), 3);
  await fill(first!.port, '');
  await keepImage(page, 'overview');
  await page.emulateMedia({ colorScheme: 'dark' });
  assert.deepEqual(await accessibilityFaults(page), []);
  await keepImage(page, 'overview-dark');
  await page.emulateMedia({ colorScheme: 'light' });
  third!.signal('SIGKILL');
  await stateOf('failed').waitFor();
  await page.getByText('not healthy').waitFor();
  assert.deepEqual(await accessibilityFaults(page), []);
  await keepImage(page, 'node-down');
  await cluster.restart();
  await stateOf('alive').waitFor();
  await page
    .locator('.tile', { hasText: 'Health' })
    .getByText('healthy', { exact: true })
    .waitFor();
  assert.deepEqual(errors, []);
});

async function seeNumbersMove(t: TestContext, server: HttpServer, page: Page): Promise<void> {
  let isOver = false;
  t.after(() => {
    isOver = true;
  });
  const client = await WireClient.connect(server.port);
  await client.call('AUTH', PASSWORD);
  const load = (async () => {
    for (let i = 0; !isOver; i++) await client.call('SET', `load:${i % 500}`, 'x');
  })();
  const figure = page.locator('[data-figure="commands"]');
  const seen = new Set<string>();
  await waitFor('three figures that differ', 10_000, async () => {
    const text = await figure.innerText();
    if (Number.parseInt(text.replaceAll(',', ''), 10) > 0) seen.add(text);
    return seen.size >= 3 || undefined;
  });
  isOver = true;
  await load;
  client.socket.destroy();
}

async function makeStore(page: Page): Promise<void> {
  await visit(page, 'Stores');
  const make = async (name: string): Promise<void> => {
    await page.getByLabel('Name').fill(name);
    await page.getByLabel('Memory limit').fill('64mb');
    await page.getByRole('button', { name: 'Create' }).click();
  };
  await make('sessions');
  await page.locator('[data-store="sessions"]').waitFor();
  await make('sessions');
  await page.getByText(/exists/i).waitFor();
  await make('carts');
  await page.getByRole('button', { name: 'Drop carts' }).click();
  await page.getByRole('button', { name: 'Drop carts' }).click();
  await page.getByText('Store carts is gone').waitFor();
  assert.equal(await page.locator('[data-store="carts"]').count(), 0);
}

/** By type: what the form of a new key is given, how it is edited, and a command that shows it. */
const KEYS: Readonly<
  Record<string, { given: Record<string, string>; shown: string[]; reply: unknown }>
> = {
  hash: { given: { Field: 'name', Value: 'Ada' }, shown: ['HGET', 'name'], reply: 'edited' },
  list: { given: { 'Value at the end': 'one' }, shown: ['LINDEX', '0'], reply: 'edited' },
  zset: { given: { Member: 'ada', Score: '7' }, shown: ['ZSCORE', 'ada'], reply: '12' },
};

interface Collection {
  readonly key: string;
  readonly type: string;
  readonly given: Readonly<Record<string, string>>;
  /** The command that counts its elements. */
  readonly count: string;
}

/** Of each an element is added and one removed. */
const COLLECTIONS: readonly Collection[] = [
  { key: 'my:queue', type: 'list', given: { 'Value at the end': 'a' }, count: 'LLEN' },
  { key: 'my:set', type: 'set', given: { Member: 'a' }, count: 'SCARD' },
  { key: 'my:stream', type: 'stream', given: { Field: 'f', Value: 'v' }, count: 'XLEN' },
];

async function writeKeys(page: Page, server: HttpServer): Promise<void> {
  const call = async (...command: string[]) => {
    const login = Buffer.from(`default:${PASSWORD}`).toString('base64');
    const headers = { authorization: `Basic ${login}` };
    const body = { command };
    const { json } = await server.ask('/api/command', { method: 'POST', body, headers });
    return json.reply!['value'] as unknown;
  };
  await visit(page, 'Keys');
  await page.getByText('shown').waitFor();
  await writeKey(page, 'string', { Value: 'first' });
  await page.getByLabel('Value').fill('second');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved.').waitFor();
  assert.equal(await call('GET', 'my:string'), 'second');
  for (const [type, { given, shown, reply }] of Object.entries(KEYS)) {
    await writeKey(page, type, given);
    await page.getByRole('button', { name: /^Edit / }).click();
    await page.getByRole('textbox', { name: /^Value of/ }).fill(String(reply));
    await page.getByRole('button', { name: /^Save / }).click();
    await page.getByRole('cell', { name: String(reply), exact: true }).waitFor();
    assert.equal(String(await call(shown[0]!, `my:${type}`, ...shown.slice(1))), reply);
  }
  for (const { count, given, key, type } of COLLECTIONS) {
    await writeKey(page, type, given, key);
    const inputs = page.getByRole('form', { name: 'New element' }).getByRole('textbox');
    for (const input of await inputs.all()) await input.fill('b');
    await page.getByRole('button', { name: 'Add' }).click();
    await page
      .getByRole('button', { name: /^Remove / })
      .nth(1)
      .waitFor();
    assert.equal(await call(count, key), 2);
    await removeFirst(page);
    await waitFor('one element to be left', 5_000, async () => {
      return (await call(count, key)) === 1 || undefined;
    });
  }
  assert.equal(await call('LINDEX', 'my:queue', '0'), 'b');
  await keepImage(page, 'keys');
  await page.getByLabel('Expire in seconds').fill('5000');
  await page.getByRole('button', { name: 'Set TTL' }).click();
  await page.getByText('expires in 1 h').waitFor();
  await page.getByRole('button', { name: 'Delete my:stream' }).click();
  await page.getByRole('button', { name: 'Delete my:stream' }).click();
  await page.getByRole('heading', { name: 'New key' }).waitFor();
  assert.equal(await call('EXISTS', 'my:stream'), 0);
}

async function writeKey(
  page: Page,
  type: string,
  given: Readonly<Record<string, string>>,
  key = `my:${type}`,
): Promise<void> {
  const close = page.getByRole('button', { name: 'Close', exact: true });
  if ((await close.count()) > 0) await close.click();
  await page.getByLabel('Key', { exact: true }).fill(key);
  await page.getByLabel('Kind').selectOption(type);
  for (const [label, value] of Object.entries(given)) {
    await page.getByLabel(label, { exact: true }).fill(value);
  }
  await page.getByRole('button', { name: 'Write' }).click();
  await page.getByRole('heading', { name: key }).waitFor();
  await page.locator('.facts', { hasText: type }).waitFor();
}

async function removeFirst(page: Page): Promise<void> {
  const first = page.getByRole('button', { name: /^Remove / }).first();
  await first.click();
  await first.click();
}

async function useConsole(page: Page): Promise<void> {
  await visit(page, 'Console');
  const line = page.getByRole('combobox', { name: 'Command' });
  await line.fill('HGETA');
  await page.getByRole('option', { name: /HGETALL/ }).waitFor();
  await line.press('Tab');
  assert.equal(await line.inputValue(), 'HGETALL ');
  await line.fill('HGETALL my:hash');
  await line.press('Enter');
  const replies = page.getByRole('log', { name: 'Replies' });
  await replies.getByText('1) "name" => "edited"').waitFor();
  await line.fill('LPUSH my:hash x');
  await line.press('Enter');
  await replies.getByText('(error) WRONGTYPE').waitFor();
  await line.press('ArrowUp');
  await line.press('ArrowUp');
  assert.equal(await line.inputValue(), 'HGETALL my:hash');
  await keepImage(page, 'console');
}

async function saveSnapshot(page: Page): Promise<void> {
  await visit(page, 'Persistence');
  await page.getByRole('button', { name: 'Save snapshot' }).click();
  await page.getByText(/Snapshots: default started/).waitFor();
}

async function followLog(page: Page, server: HttpServer): Promise<void> {
  await visit(page, 'Logs');
  await page.getByText('Node started').waitFor();
  const id = 'an-id-of-my-own';
  await server.ask('/health', { headers: { 'x-correlation-id': id } });
  await page.getByText(`id=${id}`).waitFor();
}

async function useKeyboard(page: Page): Promise<void> {
  await page.getByRole('button', { name: /Theme/ }).waitFor();
  const focused = page.locator(':focus');
  await page.keyboard.press('Tab');
  assert.equal(await focused.innerText(), 'Skip to content');
  const isSeen = 'document.activeElement.getBoundingClientRect().top >= 0';
  assert.ok(await page.evaluate(isSeen));
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  assert.equal(await focused.innerText(), 'Stores');
  await page.keyboard.press('Enter');
  // Who hears the page is told where it is.
  await page.locator('h1:focus', { hasText: 'Stores' }).waitFor();
}

async function checkViews(page: Page): Promise<void> {
  for (const view of ['Overview', ...VIEWS]) {
    await visit(page, view);
    assert.deepEqual(await accessibilityFaults(page), [], view);
    assert.equal(await page.locator('.note.bad').count(), 0, view);
  }
  await visit(page, 'Slow log');
  await page
    .getByRole('row', { name: /CLIENT LIST/ })
    .first()
    .waitFor();
}

/** Keys and reads, so that there is something to see. */
async function fill(port: number, prefix: string): Promise<void> {
  const client = await WireClient.connect(port);
  for (let i = 0; i < 2_000; i++) {
    await client.call('SET', `${prefix}page:${i}`, 'x'.repeat(100));
    await client.call('GET', `${prefix}page:${(i * 7) % 2_500}`);
  }
  client.socket.destroy();
}
