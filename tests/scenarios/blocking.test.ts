import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { after, before, test } from 'node:test';
import { HyperCache } from '../../src/index.ts';
import { addWaitingCommands } from '../../src/testing/waiting-commands.ts';
import { patiently } from '../support/patience.ts';
import { waitFor } from '../support/server.ts';

/** Waiting clients on real sockets. */
const CLIENT_COUNT = 100;

let cache: HyperCache;

before(async () => {
  addWaitingCommands();
  cache = await HyperCache.start({ port: 0 });
});

after(() => cache.stop());

class LineClient {
  readonly socket: net.Socket;
  text = '';

  constructor(socket: net.Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (bytes) => {
      this.text += bytes.toString('latin1');
    });
    socket.on('error', () => {});
  }

  static async connect(): Promise<LineClient> {
    const socket = net.connect(cache.port, '127.0.0.1');
    await once(socket, 'connect');
    return new LineClient(socket);
  }

  send(...lines: string[]): void {
    this.socket.write(lines.map((line) => `${line}\r\n`).join(''));
  }

  /** All that was received, as soon as it is that long. */
  async receive(length: number): Promise<string> {
    await waitFor(`${length} bytes`, 5000, () => this.text.length >= length || undefined);
    const { text } = this;
    this.text = '';
    return text;
  }
}

async function untilBlocked(count: number): Promise<void> {
  const control = await LineClient.connect();
  await waitFor(`${count} blocked clients`, 5000, async () => {
    control.text = '';
    control.send('INFO clients');
    await waitFor('INFO', 5000, () => control.text.includes('total_blocking_keys_on') || undefined);
    return control.text.includes(`blocked_clients:${count}\r\n`) || undefined;
  });
  control.socket.destroy();
}

test('clients are served in the order in which they came to wait', async () => {
  const clients: LineClient[] = [];
  for (let i = 0; i < CLIENT_COUNT; i++) {
    const client = await LineClient.connect();
    client.send('TAKE queue 0');
    clients.push(client);
    // The next must not overtake it.
    await untilBlocked(i + 1);
  }
  const writer = await LineClient.connect();
  for (const client of clients) {
    writer.send('SET queue x');
    assert.equal(await client.receive(11), '$5\r\nqueue\r\n');
  }
  for (const client of clients) assert.equal(client.text, '');
  await untilBlocked(0);
  for (const client of [writer, ...clients]) client.socket.destroy();
});

test('a client that goes away while it waits, in whatever way, takes nothing with it', async () => {
  const ways: ((client: LineClient) => void)[] = [
    (client) => client.socket.destroy(),
    (client) => client.socket.end(),
    (client) => client.socket.resetAndDestroy(),
    (client) => client.socket.end('PING\r\n'),
  ];
  for (const leave of ways) {
    const client = await LineClient.connect();
    client.send('TAKE left 0', 'ECHO behind');
    await untilBlocked(1);
    leave(client);
    await untilBlocked(0);
  }
  const next = await LineClient.connect();
  next.send('SET left x', 'GET left', 'DEL left');
  assert.equal(await next.receive(16), '+OK\r\n$1\r\nx\r\n:1\r\n');
  next.socket.destroy();
});

test('a timeout comes when it is due, not before, and little after', async () => {
  const client = await LineClient.connect();
  for (const ms of [1, 10, 50, 120]) {
    const startMs = performance.now();
    client.send(`TAKE none ${ms / 1000}`);
    assert.equal(await client.receive(5), '*-1\r\n');
    const tookMs = performance.now() - startMs;
    assert.ok(tookMs >= ms, `${tookMs} ms for ${ms}`);
    assert.ok(tookMs < ms + patiently(1000), `${tookMs} ms for ${ms}`);
  }
  client.socket.destroy();
});

test('a pipeline behind a command that waits is executed when it is answered', async () => {
  const client = await LineClient.connect();
  const echoes = Array.from({ length: 2000 }, (_, i) => `ECHO ${i}`);
  client.send('TAKE gate 0', ...echoes);
  await untilBlocked(1);
  const writer = await LineClient.connect();
  writer.send('SET gate x');
  const expected = `$4\r\ngate\r\n${echoes
    .map((line) => `$${line.length - 5}\r\n${line.slice(5)}\r\n`)
    .join('')}`;
  assert.equal(await client.receive(expected.length), expected);
  client.socket.destroy();
  writer.socket.destroy();
});
