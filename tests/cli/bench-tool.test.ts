/** `hypercache bench` against a real node. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { findFreePort, scratchFolder, skipWithout, startOurs, waitFor } from '../support/server.ts';
import { createTlsSettings } from '../support/tls-settings.ts';
import { WireClient } from '../support/wire-client.ts';
import { readTool, runTool } from './run-tool.ts';

interface BenchFacts {
  readonly loop: string;
  readonly answered: number;
  readonly unanswered: number;
  readonly errors: number;
  readonly nulls: number;
  readonly lost_connections: number;
  readonly latency_ms: Readonly<Record<'max' | 'min' | 'p50' | 'p90' | 'p99', number>>;
  readonly waited_ms: Readonly<Record<'p90', number>>;
  readonly operations: Readonly<Record<string, { readonly count: number }>>;
}

const SHORT = ['--duration', '500ms', '--warm-up', '100ms', '--clients', '8', '--keys', '500'];

test('a closed loop fills, reads what it filled, and cleans up behind itself', async (t) => {
  const { port } = await startOurs().then((server) => {
    t.after(() => server.stop());
    return server;
  });
  const args = ['bench', '--port', `${port}`, ...SHORT, '--mix', 'get:8,set:1,hget:1', '--fill'];
  const kept = await readTool<BenchFacts>([...args, '--pipeline', '4']);
  assert.equal(kept.code, 0);
  const { facts } = kept;
  assert.equal(facts.loop, 'closed');
  assert.equal(facts.errors + facts.unanswered + facts.lost_connections, 0);
  assert.ok(facts.answered > 100, `${facts.answered}`);
  assert.equal(facts.nulls, 0);
  assert.deepEqual(Object.keys(facts.operations), ['get', 'set', 'hget']);
  const { p50, p99, max, min } = facts.latency_ms;
  assert.ok(0 < min && min <= p50 && p50 <= p99 && p99 <= max, JSON.stringify(facts.latency_ms));
  const client = await WireClient.connect(port);
  t.after(() => client.end());
  assert.deepEqual(await client.call('DBSIZE'), { kind: 'integer', value: 1000 });
  assert.equal((await readTool<BenchFacts>([...args, '--clean'])).code, 0);
  assert.deepEqual(await client.call('DBSIZE'), { kind: 'integer', value: 0 });
});

test('an open loop keeps its rate, and feels a node that stands still', async (t) => {
  const server = await startOurs();
  t.after(() => server.stop());
  const args = ['bench', '--port', `${server.port}`, '--rate', '400', '--clients', '20'];
  const running = readTool<BenchFacts>([
    ...args,
    '--duration',
    '2s',
    '--warm-up',
    '300ms',
    '--mix',
    'ping',
  ]);
  const client = await WireClient.connect(server.port);
  t.after(() => client.end());
  await waitFor('the load to come', 10_000, async () => {
    const reply = await client.call('INFO', 'stats');
    const text = reply.kind === 'bulk' ? String(reply.bytes) : '';
    return Number(/total_commands_processed:(\d+)/.exec(text)?.[1]) > 200 || undefined;
  });
  server.process.kill('SIGSTOP');
  await new Promise((resolve) => setTimeout(resolve, 500));
  server.process.kill('SIGCONT');
  const { code, facts } = await running;
  assert.equal(code, 0);
  assert.equal(facts.loop, 'open');
  assert.ok(Math.abs(facts.answered - 800) <= 1, `${facts.answered}`);
  // A quarter of the commands was due while nobody answered: 200 of them, evenly over 500 ms.
  assert.ok(facts.latency_ms.p90 > 250, JSON.stringify(facts.latency_ms));
  assert.ok(facts.waited_ms.p90 > 200, JSON.stringify(facts.waited_ms));
});

test('a command of your own, a named store, a password, errors', async (t) => {
  const server = await startOurs({ args: ['--requirepass', 'right'] });
  t.after(() => server.stop());
  const client = await WireClient.connect(server.port);
  t.after(() => client.end());
  await client.call('AUTH', 'right');
  await client.call('STORE', 'CREATE', 'other');
  const env = { HYPERCACHE_PASSWORD: 'right' };
  const args = ['bench', '--port', `${server.port}`, '--requests', '300', '--keys', '3'];
  const own = ['--command', 'HINCRBY user:{key} visits 1', '--store', 'other'];
  assert.equal((await readTool<BenchFacts>([...args, ...own], { env })).facts.answered, 300);
  await client.call('SELECT', 'other');
  const keys = await client.call('KEYS', 'user:*');
  assert.equal(keys.kind === 'array' && keys.items.length, 3);
  const refused = await runTool([...args, '--command', 'NOSUCH {key}'], { env });
  assert.equal(refused.code, 1);
  assert.match(refused.out, /300 errors: ERR unknown command/);
  const wrong = await runTool(args, { env: { HYPERCACHE_PASSWORD: 'wrong' } });
  assert.equal(wrong.code, 1);
  assert.match(wrong.error, /WRONGPASS/);
  const none = await runTool(args, { env: { HYPERCACHE_PASSWORD: '' } });
  assert.match(none.out, /300 errors: NOAUTH/);
});

test('over TLS, to a node whose certificate is checked', async (t) => {
  const port = await findFreePort();
  const tls = createTlsSettings(port);
  t.after(() => tls.remove());
  const server = await startOurs({ args: [...tls.args, '--tls-auth-clients', 'no'] });
  t.after(() => server.stop());
  const ca = path.join(scratchFolder(), 'ca.crt');
  fs.writeFileSync(ca, tls.authority);
  const args = ['bench', '--target', `localhost:${port}`, '--tls', '--requests', '200'];
  assert.equal((await readTool<BenchFacts>([...args, '--ca', ca])).facts.answered, 200);
  const stranger = await runTool(args);
  assert.equal(stranger.code, 1);
  assert.match(stranger.error, /Cannot connect to localhost.*CERT|SIGNED/);
});

test('on a terminal it shows how far it is', { skip: skipWithout('script') }, async (t) => {
  const server = await startOurs();
  t.after(() => server.stop());
  const ran = await runTool(['bench', '--port', `${server.port}`, '--duration', '1s'], {
    wrap: (words) => ['script', '-qec', words.join(' '), '/dev/null'],
    env: { TERM: 'xterm' },
  });
  assert.equal(ran.code, 0);
  assert.match(ran.out, /\r\[#*-*\] \d+ % \d+ answered, p99 /);
});
