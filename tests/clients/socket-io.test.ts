import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { createAdapter, createShardedAdapter } from '@socket.io/redis-adapter';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { Server } from 'socket.io';
import { io, type Socket } from 'socket.io-client';
import { testBothServers } from '../support/both-servers.ts';
import { waitFor } from '../support/server.ts';

const WITHIN_MS = 5_000;

/** Two servers side by side, each with two visitors, that know each other through Redis alone. */
interface Site {
  readonly servers: readonly [Server, Server];
  /** Two of the first server, then two of the second. */
  readonly visitors: readonly Visitor[];
}

interface Visitor {
  readonly socket: Socket;
  readonly heard: string[];
}

/** What is to be closed, the last first: a server that closes still unsubscribes. */
type Closers = (() => unknown)[];
type Adapter = Parameters<Server['adapter']>[0];
type MakeAdapter = (closers: Closers, port: number, key: string) => Promise<Adapter>;

const ADAPTERS: Readonly<Record<string, MakeAdapter>> = {
  ioredis: async (closers, port, key) => {
    const [pub, sub] = openIoredis(closers, port);
    return createAdapter(pub, sub, { key }) as Adapter;
  },
  redis: async (closers, port, key) => {
    const [pub, sub] = await openNodeRedis(closers, port);
    return createAdapter(pub, sub, { key, publishOnSpecificResponseChannel: true }) as Adapter;
  },
  'ioredis, sharded': async (closers, port, key) => {
    const [pub, sub] = openIoredis(closers, port);
    return createShardedAdapter(pub, sub, { channelPrefix: key }) as unknown as Adapter;
  },
  'redis, sharded': async (closers, port, key) => {
    const [pub, sub] = await openNodeRedis(closers, port);
    const options = { channelPrefix: key, subscriptionMode: 'dynamic' } as const;
    return createShardedAdapter(pub, sub, options) as unknown as Adapter;
  },
};

const RULES: Readonly<Record<string, (site: Site) => Promise<void>>> = {
  'what one server tells everybody is heard on both, once': async ({ servers, visitors }) => {
    servers[0].emit('news', 'to all', Buffer.from([0, 255]));
    servers[1].emit('news', 'from the other');
    await hearUntil(visitors, 'from the other');
    for (const { heard } of visitors) assert.deepEqual(heard.sort(), ['from the other', 'to all']);
  },

  'rooms reach over both servers': async ({ servers, visitors }) => {
    const [a, b, c, d] = visitors;
    servers[0].in(b.socket.id!).socketsJoin('club');
    servers[0].in(c.socket.id!).socketsJoin('club');
    await waitFor('both to have joined', WITHIN_MS, async () => {
      return (await servers[1].in('club').fetchSockets()).length === 2 || undefined;
    });
    servers[1].to('club').emit('news', 'members');
    servers[1].except('club').emit('news', 'others');
    // By the same server: what two servers send has no order.
    servers[1].emit('news', 'end');
    await hearUntil(visitors, 'end');
    for (const { heard } of [b, c]) assert.deepEqual(heard.sort(), ['end', 'members']);
    for (const { heard } of [a, d]) assert.deepEqual(heard.sort(), ['end', 'others']);

    servers[1].socketsLeave('club');
    await waitFor('both to have left', WITHIN_MS, async () => {
      return (await servers[0].in('club').fetchSockets()).length === 0 || undefined;
    });
  },

  'a visitor speaks to all others, wherever they are': async ({ visitors }) => {
    const [speaker, ...others] = visitors;
    speaker.socket.emit('say', 'hello');
    await hearUntil(others, 'hello');
    assert.deepEqual(speaker.heard, []);
  },

  'the servers ask each other, and hear the answers': async ({ servers }) => {
    const asked = new Promise((resolve) => servers[1].on('announce', resolve));
    servers[0].serverSideEmit('announce', 'I am here');
    assert.equal(await asked, 'I am here');
    servers[1].on('question', (n: number, answer: (reply: number) => void) => answer(n * 2));
    assert.deepEqual(await servers[0].serverSideEmitWithAck('question', 21), [42]);
  },

  'a server knows the sockets of the other, and may send them away': async (site) => {
    const { servers, visitors } = site;
    const sockets = await servers[1].fetchSockets();
    assert.deepEqual(
      sockets.map(({ id }) => id).sort(),
      visitors.map(({ socket }) => socket.id!).sort(),
    );
    const gone = once(visitors[0].socket as never, 'disconnect');
    servers[1].in(visitors[0].socket.id!).disconnectSockets(true);
    await gone;
    await waitFor('the visitor to be gone', WITHIN_MS, async () => {
      return (await servers[1].fetchSockets()).length === 3 || undefined;
    });
  },

  'everybody answers a question to all': async ({ servers, visitors }) => {
    for (const [i, { socket }] of visitors.entries()) {
      socket.on('who', (answer: (name: string) => void) => answer(`visitor ${i}`));
    }
    const answers: string[] = await servers[0].timeout(1_000).emitWithAck('who');
    assert.deepEqual(
      answers.sort(),
      [0, 1, 2, 3].map((i) => `visitor ${i}`),
    );
  },
};

testBothServers(
  '@socket.io/redis-adapter',
  Object.fromEntries(
    Object.entries(ADAPTERS).flatMap(([adapter, make]) =>
      Object.entries(RULES).map(([rule, run]) => [
        `${adapter}: ${rule}`,
        async (t: TestContext, port: number) =>
          run(await openSite(t, port, `${adapter}/${rule}`, make)),
      ]),
    ),
  ),
);

async function openSite(
  t: TestContext,
  port: number,
  key: string,
  make: MakeAdapter,
): Promise<Site> {
  const closers: Closers = [];
  t.after(async () => {
    for (const close of closers.reverse()) await close();
  });
  const first = await openServer(closers, await make(closers, port, key));
  const second = await openServer(closers, await make(closers, port, key));
  const urls = [first.url, first.url, second.url, second.url];
  const visitors = await Promise.all(urls.map((url) => visit(closers, url)));
  // Subscriptions are on their way until both servers count each other.
  await waitFor('the servers to know each other', WITHIN_MS, async () => {
    const counts = await Promise.all(
      [first, second].map(({ server }) => server.of('/').adapter.serverCount()),
    );
    return counts.every((count) => count === 2) || undefined;
  });
  return { servers: [first.server, second.server], visitors };
}

async function openServer(
  closers: Closers,
  adapter: Adapter,
): Promise<{ server: Server; url: string }> {
  const web = http.createServer();
  const server = new Server(web, { adapter, transports: ['websocket'] });
  server.on('connection', (socket) => {
    socket.on('say', (text) => socket.broadcast.emit('news', text));
  });
  web.listen(0, '127.0.0.1');
  await once(web, 'listening');
  closers.push(() => server.close());
  return { server, url: `http://127.0.0.1:${(web.address() as AddressInfo).port}` };
}

async function visit(closers: Closers, url: string): Promise<Visitor> {
  const socket = io(url, { transports: ['websocket'], forceNew: true, reconnection: false });
  closers.push(() => socket.disconnect());
  const heard: string[] = [];
  socket.on('news', (text: string) => heard.push(text));
  await waitFor('the visitor to connect', WITHIN_MS, () => socket.connected || undefined);
  return { socket, heard };
}

async function hearUntil(visitors: readonly Visitor[], text: string): Promise<void> {
  await waitFor(`everybody to hear "${text}"`, WITHIN_MS, () => {
    return visitors.every(({ heard }) => heard.includes(text)) || undefined;
  });
}

function openIoredis(closers: Closers, port: number): [Redis, Redis] {
  const pub = new Redis({ port });
  const sub = pub.duplicate();
  closers.push(() => Promise.all([pub, sub].map((client) => client.quit())));
  return [pub, sub];
}

async function openNodeRedis(closers: Closers, port: number) {
  const pub = createClient({ url: `redis://127.0.0.1:${port}` });
  const sub = pub.duplicate();
  await Promise.all([pub.connect(), sub.connect()]);
  closers.push(() => Promise.all([pub, sub].map((client) => client.close())));
  return [pub, sub] as const;
}
