import { strict as assert } from 'node:assert';
import { type TestContext, test } from 'node:test';
import { NodeError } from '../../base/errors.ts';
import type { DatagramSocket } from '../../base/world.ts';
import { RealNetwork } from './real-network.ts';

interface Heard {
  readonly text: string;
  readonly address: string;
  readonly port: number;
}

test('a datagram arrives whole, and tells from where', async (t) => {
  const [one, other] = [await bind(t), await bind(t)];
  const bytes = Buffer.from('<hello>');
  one.socket.send(bytes, 1, 6, '127.0.0.1', other.socket.port);
  bytes.fill('x');
  await until(() => other.heard.length === 1);
  const from = { address: '127.0.0.1', port: one.socket.port };
  assert.deepEqual(other.heard, [{ text: 'hello', ...from }]);
});

test('what cannot be sent is lost without a word', async (t) => {
  const [one, other] = [await bind(t), await bind(t)];
  const large = new Uint8Array(70_000);
  one.socket.send(large, 0, large.length, '127.0.0.1', other.socket.port);
  one.socket.send(large, 0, 4, '127.0.0.1', 1);
  one.socket.send(large, 0, 4, '127.0.0.1', 0);
  one.socket.send(large, 0, 4, 'no address', other.socket.port);
  one.socket.send(large, 0, 0, '127.0.0.1', other.socket.port);
  one.socket.send(Buffer.from('still'), 0, 5, '127.0.0.1', other.socket.port);
  await until(() => other.heard.some(({ text }) => text === 'still'));
  one.socket.close();
  one.socket.close();
  one.socket.send(large, 0, 4, '127.0.0.1', other.socket.port);
  assert.ok(other.heard.length <= 2);
});

test('a port that is taken is refused with a code', async (t) => {
  const { socket } = await bind(t);
  const again = () =>
    new RealNetwork().bindDatagram({ host: '127.0.0.1', port: socket.port }, drop);
  await assert.rejects(
    again,
    (error) => error instanceof NodeError && error.code === 'PORT_REFUSED',
  );
});

test('names are resolved as the machine does it, or refused with a code', async () => {
  const network = new RealNetwork();
  const found = await network.resolve('localhost');
  assert.ok(found.includes('127.0.0.1') || found.includes('::1'), found.join(' '));
  assert.deepEqual(await network.resolve('127.0.0.1'), ['127.0.0.1']);
  const isUnknown = (error: unknown) => error instanceof NodeError && error.code === 'NAME_UNKNOWN';
  await assert.rejects(() => network.resolve('nowhere.invalid'), isUnknown);
  await assert.rejects(() => network.resolveService('_gossip._udp.invalid'), isUnknown);
});

async function bind(t: TestContext): Promise<{ socket: DatagramSocket; heard: Heard[] }> {
  const heard: Heard[] = [];
  const socket = await new RealNetwork().bindDatagram(
    { host: '127.0.0.1', port: 0 },
    (bytes, start, end, address, port) => {
      heard.push({ text: String(Buffer.from(bytes.slice(start, end))), address, port });
    },
  );
  t.after(() => socket.close());
  return { socket, heard };
}

function drop(): void {}

async function until(isSo: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + 20_000;
  while (!isSo()) {
    assert.ok(performance.now() < deadlineMs, 'waited in vain');
    await new Promise((resolve) => void setImmediate(resolve));
  }
}
