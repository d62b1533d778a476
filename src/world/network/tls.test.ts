import { strict as assert } from 'node:assert';
import { connect as connectPlain } from 'node:net';
import { before, describe, type TestContext, test } from 'node:test';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { NodeError } from '../../base/errors.ts';
import type { Listener, ListenOptions, Socket, TlsOptions } from '../../base/world.ts';
import { makeTestCertificates, type TestCertificates } from '../../testing/certificates.ts';
import { RecordingHandler } from '../../testing/socket-arena.ts';
import { RealNetwork } from './real-network.ts';

interface Outcome {
  /** What the client read before the connection closed or a whole greeting was there. */
  readonly text: string;
  readonly error: string;
  readonly protocol: string;
  readonly serverCertificate: string;
}

describe('TLS listener', () => {
  let certificates: TestCertificates;
  before(() => {
    certificates = makeTestCertificates();
  });

  const optionsWith = (changes: Partial<TlsOptions>): TlsOptions => ({
    ...certificates.server,
    authorities: certificates.authority.certificate,
    clientCertificate: 'ignored',
    minVersion: 'TLSv1.2',
    ciphers: null,
    ...changes,
  });
  const alice = (): ConnectionOptions => ({
    cert: certificates.client.certificate,
    key: certificates.client.key,
  });
  const mallory = (): ConnectionOptions => ({
    cert: certificates.stranger.certificate,
    key: certificates.stranger.key,
  });

  test('ignored client certificates name nobody', async (t) => {
    const listener = await greet(t, optionsWith({}));
    assert.equal((await visit(t, listener, {})).text, 'hello <>');
    assert.equal((await visit(t, listener, alice())).text, 'hello <>');
    assert.equal((await visit(t, listener, mallory())).text, 'hello <>');
  });

  test('an optional client certificate names its owner, and a bad one is refused', async (t) => {
    const listener = await greet(t, optionsWith({ clientCertificate: 'optional' }));
    assert.equal((await visit(t, listener, {})).text, 'hello <>');
    assert.equal((await visit(t, listener, alice())).text, 'hello <alice>');
    assert.equal((await visit(t, listener, mallory())).text, '');
  });

  test('a required client certificate must be there and good', async (t) => {
    const listener = await greet(t, optionsWith({ clientCertificate: 'required' }));
    assert.equal((await visit(t, listener, {})).text, '');
    assert.equal((await visit(t, listener, mallory())).text, '');
    assert.equal((await visit(t, listener, alice())).text, 'hello <alice>');
  });

  test('old protocol versions are refused, 1.3 on demand only', async (t) => {
    const listener = await greet(t, optionsWith({}));
    const old = { maxVersion: 'TLSv1.1', minVersion: 'TLSv1.1' } as const;
    assert.equal((await visit(t, listener, { ...old, ciphers: 'ALL@SECLEVEL=0' })).text, '');
    assert.equal((await visit(t, listener, { maxVersion: 'TLSv1.2' })).protocol, 'TLSv1.2');
    const strict = await greet(t, optionsWith({ minVersion: 'TLSv1.3' }));
    assert.equal((await visit(t, strict, { maxVersion: 'TLSv1.2' })).text, '');
    assert.equal((await visit(t, strict, {})).protocol, 'TLSv1.3');
  });

  test('replaceTls serves new connections, running ones go on', async (t) => {
    const sockets: Socket[] = [];
    const listener = await greet(t, optionsWith({}), sockets);
    const first = await visit(t, listener, {});
    listener.replaceTls(optionsWith(certificates.nextServer));
    const second = await visit(t, listener, {});
    assert.notEqual(first.serverCertificate, second.serverCertificate);
    assert.equal(second.text, 'hello <>');
    assert.equal(sockets[0].isOpen, true);
  });

  test('plaintext on a TLS port is closed and TLS goes on', async (t) => {
    const sockets: Socket[] = [];
    const listener = await greet(t, optionsWith({}), sockets);
    const client = connectPlain(listener.port, '127.0.0.1');
    t.after(() => client.destroy());
    let received = '';
    client.on('data', (bytes) => {
      received += String(bytes);
    });
    client.on('error', () => {});
    client.write('*1\r\n$4\r\nPING\r\n');
    await new Promise((resolve) => client.once('close', resolve));
    assert.ok(!received.includes('hello'), received);
    assert.equal(sockets.length, 0);
    assert.equal((await visit(t, listener, {})).text, 'hello <>');
  });

  test('who is dialled over TLS must prove who it is', async (t) => {
    const { port } = await greet(t, optionsWith({}));
    const network = new RealNetwork();
    const { certificate: authorities } = certificates.authority;
    const options = { host: 'localhost', port, timeoutMs: 5000, secret: null };
    const socket = await network.dial({ ...options, tls: { authorities } });
    t.after(() => socket.destroy());
    const handler = new RecordingHandler();
    const greeted = new Promise<void>((resolve) => {
      handler.onData = () => resolve();
    });
    socket.setHandler(handler);
    await greeted;
    const { certificate: others } = certificates.stranger;
    for (const trusted of [null, others]) {
      const refused = network.dial({ ...options, tls: { authorities: trusted } });
      await assert.rejects(refused, { code: 'CONNECT_REFUSED' });
    }
  });

  test('a certificate that is none is refused with a NodeError', async (t) => {
    const refused = (error: unknown): boolean =>
      error instanceof NodeError && error.code === 'BAD_CERTIFICATE';
    await assert.rejects(() => greet(t, optionsWith({ certificate: 'nonsense' })), refused);
    const listener = await greet(t, optionsWith({}));
    const mixed = { key: certificates.client.key };
    assert.throws(() => listener.replaceTls(optionsWith(mixed)), refused);
    assert.equal((await visit(t, listener, {})).text, 'hello <>');
  });
});

/** Listens, and greets each client by the name in its certificate. */
async function greet(t: TestContext, tls: TlsOptions, sockets: Socket[] = []): Promise<Listener> {
  const options: ListenOptions = {
    host: '127.0.0.1',
    port: 0,
    backlog: 511,
    tls,
    socketPath: 'auto',
    keepAliveS: 0,
  };
  const listener = await new RealNetwork().listen(options, (socket) => {
    sockets.push(socket);
    socket.setHandler(new RecordingHandler());
    const greeting = Buffer.from(`hello <${socket.peerName}>`);
    socket.write(greeting, 0, greeting.length);
  });
  t.after(async () => {
    for (const socket of sockets) socket.destroy();
    await listener.close();
  });
  return listener;
}

function visit(t: TestContext, { port }: Listener, options: ConnectionOptions): Promise<Outcome> {
  return new Promise((resolve) => {
    const client: TLSSocket = connect({
      port,
      host: '127.0.0.1',
      rejectUnauthorized: false,
      ...options,
    });
    t.after(() => client.destroy());
    let text = '';
    let error = '';
    let protocol = '';
    let serverCertificate = '';
    const finish = (): void => resolve({ text, error, protocol, serverCertificate });
    client.on('secureConnect', () => {
      protocol = client.getProtocol() ?? '';
      serverCertificate = client.getPeerCertificate().fingerprint256;
    });
    client.on('data', (bytes) => {
      text += String(bytes);
      if (text.endsWith('>')) finish();
    });
    client.on('error', (cause: NodeJS.ErrnoException) => {
      error = cause.code ?? cause.message;
    });
    client.on('close', finish);
  });
}
