import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import test from 'node:test';
import { patiently } from '../support/patience.ts';
import { MAIN, scratchFolder, startOurs, waitFor } from '../support/server.ts';
import { WireClient } from '../support/wire-client.ts';

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal} answers what was asked, then ends with 0`, async () => {
    const server = await startOurs();
    const client = await WireClient.connect(server.port);
    const idle = await WireClient.connect(server.port);
    const closed = once(idle.socket, 'close');
    await client.call('SET', 'k', 'v');
    const replies = Promise.all([client.call('INCR', 'n'), server.stop(signal)]);
    const [reply, exit] = await replies;
    assert.deepEqual(reply, { kind: 'integer', value: 1 });
    assert.equal(exit, 0, server.output());
    await closed;
    await assert.rejects(WireClient.connect(server.port), { code: 'ECONNREFUSED' });
  });
}

test('SHUTDOWN NOSAVE ends with 0', async () => {
  const server = await startOurs();
  const client = await WireClient.connect(server.port);
  client.socket.write('SHUTDOWN NOSAVE\r\n');
  const exit = await waitFor('the exit', 10_000, () => server.process.exitCode ?? undefined);
  await server.stop();
  assert.equal(exit, 0, server.output());
});

test('a port in use is a printed error and exit 1', async (t) => {
  const holder = net.createServer();
  holder.listen(0, '127.0.0.1');
  await once(holder, 'listening');
  t.after(() => holder.close());
  const { port } = holder.address() as net.AddressInfo;
  const { code, text } = await runToEnd(['--port', String(port)]);
  assert.equal(code, 1, text);
  assert.match(text, new RegExp(`${port}`));
  assert.match(text, /EADDRINUSE|in use/i);
});

test('port 0 takes any free port and says which', async (t) => {
  const child = spawn(process.execPath, [MAIN, '--port', '0'], {
    stdio: 'pipe',
    cwd: scratchFolder(),
  });
  t.after(() => child.kill('SIGKILL'));
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += chunk;
  });
  child.stderr.on('data', (chunk) => {
    text += chunk;
  });
  const port = await waitFor('a port in the output', 10_000, () => {
    const match = /port\W{1,4}(\d{4,5})\b/i.exec(text);
    return match ? Number(match[1]) : undefined;
  });
  const client = await WireClient.connect(port);
  assert.deepEqual(await client.call('PING'), { kind: 'simple', text: 'PONG' });
  client.end();
});

test('an unknown flag is refused with its name and exit 1', async () => {
  const { code, text } = await runToEnd(['--no-such-flag', '7']);
  assert.equal(code, 1, text);
  assert.match(text, /no-such-flag/);
});

function runToEnd(args: readonly string[]): Promise<{ code: number | null; text: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [MAIN, ...args], { stdio: 'pipe', cwd: scratchFolder() });
    let text = '';
    const take = (chunk: Buffer) => {
      text += chunk;
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    const timer = setTimeout(() => child.kill('SIGKILL'), patiently(10_000));
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code, text });
    });
  });
}
