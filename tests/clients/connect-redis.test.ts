import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { RedisStore } from 'connect-redis';
import session, { type SessionData } from 'express-session';
import { createClient } from 'redis';
import { testBothServers } from '../support/both-servers.ts';
import { waitFor } from '../support/server.ts';

testBothServers('connect-redis', {
  'a web server remembers its visitors, until they leave': async (t, port) => {
    const { client, store } = await openStore(t, port, 'web:');
    const url = await serve(t, store);

    const first = await visit(`${url}/`);
    assert.equal(first.body, '1');
    assert.match(first.cookie, /^sid=s%3A/);
    assert.equal((await visit(`${url}/`, first.cookie)).body, '2');
    assert.equal((await visit(`${url}/`, first.cookie)).body, '3');
    assert.equal((await visit(`${url}/`)).body, '1', 'a visitor without cookie is a new one');
    assert.equal(await store.length(), 2);

    const [key] = await client.keys(`web:${sessionId(first.cookie)}`);
    assert.ok((await client.ttl(key)) > 90);
    await visit(`${url}/leave`, first.cookie);
    assert.equal(await client.exists(key), 0);
    assert.equal((await visit(`${url}/`, first.cookie)).body, '1');
  },

  'another process behind the same store knows the visitor': async (t, port) => {
    const { store } = await openStore(t, port, 'shared:');
    const [one, two] = [await serve(t, store), await serve(t, store)];
    const { cookie } = await visit(`${one}/`);
    assert.equal((await visit(`${two}/`, cookie)).body, '2');
    assert.equal((await visit(`${one}/`, cookie)).body, '3');
  },

  'sets, gets, touches and destroys a session': async (t, port) => {
    const { client, store } = await openStore(t, port, 'direct:');
    await store.set('s1', sessionOf('Ada', 60_000));
    assert.equal((await store.get('s1')).name, 'Ada');
    assert.equal(await store.get('none'), null);
    assert.ok((await client.ttl('direct:s1')) <= 60);
    await store.touch('s1', sessionOf('Ada', 600_000));
    assert.ok((await client.ttl('direct:s1')) > 590);
    await store.set('s1', sessionOf('Bob', 60_000));
    assert.equal((await store.get('s1')).name, 'Bob');
    await store.destroy('s1');
    assert.equal(await store.get('s1'), null);
  },

  'lists and clears all sessions, and no other key': async (t, port) => {
    const { client, store } = await openStore(t, port, 'all:');
    await client.set('else:1', 'stays');
    const ids = Array.from({ length: 150 }, (_, i) => `s${i}`).sort();
    await Promise.all(ids.map((id) => store.set(id, sessionOf(id, 60_000))));
    assert.equal(await store.length(), 150);
    assert.deepEqual((await store.ids()).sort(), ids);
    const all: { id: string; name: string }[] = await store.all();
    assert.deepEqual(all.map(({ id }) => id).sort(), ids);
    for (const { id, name } of all) assert.equal(name, id);
    await store.clear();
    assert.equal(await store.length(), 0);
    assert.equal(await client.get('else:1'), 'stays');
  },

  'a session ends by itself': async (t, port) => {
    const { store } = await openStore(t, port, 'short:');
    await store.set('s1', sessionOf('Ada', 1_000));
    assert.equal((await store.get('s1')).name, 'Ada');
    await waitFor('the session to end', 5_000, async () => {
      return (await store.get('s1')) === null || undefined;
    });
    assert.deepEqual(await store.ids(), []);
  },
});

async function openStore(t: TestContext, port: number, prefix: string) {
  const client = createClient({ url: `redis://127.0.0.1:${port}` });
  await client.connect();
  t.after(() => client.destroy());
  return { client, store: new RedisStore({ client, prefix }) };
}

/** A site that counts a visitor's pages. */
async function serve(t: TestContext, store: RedisStore): Promise<string> {
  const sessions = session({
    store,
    name: 'sid',
    secret: 'not a secret',
    resave: false,
    saveUninitialized: false,
    cookie: { maxAge: 100_000 },
  });
  type Request = Parameters<typeof sessions>[0] & { session: { pageCount?: number } };
  const server = http.createServer((plain, response) => {
    const request = plain as Request;
    sessions(request, response as Parameters<typeof sessions>[1], () => {
      if (request.url === '/leave') {
        request.session.destroy(() => response.end('left'));
        return;
      }
      request.session.pageCount = (request.session.pageCount ?? 0) + 1;
      response.end(String(request.session.pageCount));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function visit(url: string, cookie = ''): Promise<{ body: string; cookie: string }> {
  const response = await fetch(url, { headers: { cookie } });
  const given = response.headers.get('set-cookie')?.split(';')[0];
  return { body: await response.text(), cookie: given ?? cookie };
}

/** The cookie is `sid=s:<id>.<signature>`, with its colon escaped. */
function sessionId(cookie: string): string {
  return decodeURIComponent(cookie)
    .replace(/^sid=s:/, '')
    .replace(/\..*$/, '');
}

function sessionOf(name: string, maxAge: number): SessionData {
  const expires = new Date(Date.now() + maxAge).toISOString();
  return { name, cookie: { originalMaxAge: maxAge, expires } } as unknown as SessionData;
}
