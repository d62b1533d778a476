import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import test from 'node:test';
import { promisify } from 'node:util';
import { skipWithout, startOurs, waitFor } from '../support/server.ts';

const run = promisify(execFile);

test('redis-cli: a session as a person types it', { skip: skipWithout('redis-cli') }, async (t) => {
  const server = await startOurs();
  t.after(() => server.stop());
  const cli = async (...args: string[]) =>
    (await run('redis-cli', ['-p', String(server.port), ...args])).stdout.trim();

  assert.equal(await cli('SET', 'greeting', 'hello world'), 'OK');
  assert.equal(await cli('GET', 'greeting'), 'hello world');
  assert.equal(await cli('EXPIRE', 'greeting', '100'), '1');
  assert.ok(Number(await cli('TTL', 'greeting')) > 97);
  assert.equal(await cli('INCR', 'visits'), '1');
  assert.equal(await cli('INCR', 'visits'), '2');
  assert.deepEqual((await cli('SCAN', '0', 'MATCH', 'v*')).split('\n'), ['0', 'visits']);
  assert.deepEqual((await cli('--scan')).split('\n').sort(), ['greeting', 'visits']);
  assert.equal(await cli('-3', 'GET', 'visits'), '2');
  assert.match(await cli('INFO', 'server'), /^redis_version:\d/m);
  assert.match(await cli('INCR', 'greeting'), /^ERR value is not an integer/);

  const transaction = await pipe(server.port, 'MULTI\nINCR visits\nGET visits\nEXEC\n');
  assert.deepEqual(transaction.trim().split('\n'), ['OK', 'QUEUED', 'QUEUED', '3', '3']);
});

test('redis-cli: a subscriber hears what is published', {
  skip: skipWithout('redis-cli'),
}, async (t) => {
  const server = await startOurs();
  t.after(() => server.stop());
  const port = String(server.port);
  const subscriber = spawn('redis-cli', ['-p', port, 'SUBSCRIBE', 'news']);
  t.after(() => subscriber.kill());
  let heard = '';
  subscriber.stdout.on('data', (chunk) => {
    heard += chunk;
  });
  await waitFor('the subscription', 5_000, () => heard.includes('subscribe') || undefined);
  const { stdout } = await run('redis-cli', ['-p', port, 'PUBLISH', 'news', 'it works']);
  assert.equal(stdout.trim(), '1');
  await waitFor('the message', 5_000, () => heard.includes('it works') || undefined);
  assert.deepEqual(heard.trim().split('\n').slice(-3), ['message', 'news', 'it works']);
});

test('redis-benchmark completes its stock tests', {
  skip: skipWithout('redis-benchmark'),
}, async (t) => {
  const server = await startOurs();
  t.after(() => server.stop());
  const args = ['-p', String(server.port), '-t', 'ping,set,get,incr,mset', '-P', '16', '-q'];
  const { stdout } = await run('redis-benchmark', [...args, '-n', '20000']);
  const names = [...stdout.matchAll(/([A-Z_]+)(?: \(10 keys\))?: [\d.]+ requests per second/g)];
  assert.deepEqual(
    names.map((match) => match[1]),
    ['PING_INLINE', 'PING_MBULK', 'SET', 'GET', 'INCR', 'MSET'],
  );
});

function pipe(port: number, input: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn('redis-cli', ['-p', String(port)], { stdio: ['pipe', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    child.on('error', reject);
    child.on('close', () => resolve(output));
    child.stdin.end(input);
  });
}
