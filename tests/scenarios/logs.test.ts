import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { LIMITS } from '../../src/base/limits.ts';
import { encodeCommand, plainReply } from '../../src/testing/reply-decoder.ts';
import { type HttpServer, startWithHttp } from '../http/http-server.ts';
import { scratchFolder, waitFor } from '../support/server.ts';
import { WireClient } from '../support/wire-client.ts';

/** Logs of the real binary: what is in a line, who it is about, and what a bad disk does to it. */

interface Line {
  readonly level: string;
  readonly message: string;
  readonly component: string;
  readonly action: string;
  readonly correlation_id?: string;
  readonly duration_ms?: number;
  readonly fields: Readonly<Record<string, unknown>>;
}

const SECRET = 'the-value-that-nobody-may-see';

function linesOf(server: HttpServer): Line[] {
  const lines = server.output().split('\n').slice(0, -1);
  return lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
}

/** Lines about commands, once the last of them is there. */
async function commandLines(server: HttpServer, id: string, last: string): Promise<Line[]> {
  const find = () => linesOf(server).filter((line) => line.correlation_id === id);
  await waitFor(`the line of ${last}`, 20_000, () => {
    return find().some(({ fields }) => fields['command'] === last) || undefined;
  });
  return find();
}

async function connect(t: TestContext, server: HttpServer): Promise<WireClient> {
  const client = await WireClient.connect(server.port);
  t.after(() => client.end());
  return client;
}

test('at debug each command is one line: name, keys, time, outcome; never a value', async (t) => {
  const server = await startWithHttp(t, ['--logging.level=debug']);
  const client = await connect(t, server);
  await client.call('CLIENT', 'CORRELATION', 'req-1');
  await client.call('MSET', 'a', SECRET, 'b', SECRET);
  await client.call('GET', 'a');
  await client.call('LPUSH', 'a', SECRET);
  await client.call(SECRET, SECRET);
  await client.call('MULTI');
  await client.call('GET', 'b');
  await client.call('EXEC');
  await client.call('EVAL', `return redis.call('GET', KEYS[1])`, '1', 'a');
  await client.call('CLIENT', 'CORRELATION', '');
  await client.call('ECHO', SECRET);
  const all = await commandLines(server, 'req-1', 'eval');
  // On a slow machine a command is in the slow log, which is a line as well.
  const lines = all.filter(({ action }) => action !== 'slow-command');
  const told = lines.map(({ fields }) => [
    fields['command'],
    fields['key_count'],
    fields['outcome'],
    fields['error_code'],
  ]);
  assert.deepEqual(told.slice(1, 5), [
    ['mset', 2, 'ok', undefined],
    ['get', 1, 'ok', undefined],
    ['lpush', 1, 'error', 'WRONGTYPE'],
    ['unknown', 0, 'error', 'ERR'],
  ]);
  for (const line of lines) {
    assert.deepEqual([line.level, line.component, line.action], ['debug', 'resp', 'command']);
    assert.ok(Number(line.duration_ms) >= 0);
  }
  await waitFor('the line of echo', 20_000, () => {
    return linesOf(server).some(({ fields }) => fields['command'] === 'echo') || undefined;
  });
  const echo = linesOf(server).find(({ fields }) => fields['command'] === 'echo');
  assert.equal(echo?.correlation_id, undefined);
  assert.ok(!server.output().includes(SECRET), 'the log');
});

test('the level changes while the node runs, for commands under way as well', async (t) => {
  const server = await startWithHttp(t);
  const client = await connect(t, server);
  await client.call('CLIENT', 'CORRELATION', 'hidden');
  await client.call('SET', 'k', 'v');
  await client.call('CONFIG', 'SET', 'loglevel', 'debug');
  await client.call('CLIENT', 'CORRELATION', 'shown');
  await client.call('GET', 'k');
  const shown = await commandLines(server, 'shown', 'get');
  assert.equal(shown.at(-1)?.level, 'debug');
  const body = { level: 'warn' };
  const put = await server.ask('/api/admin/log-level', { method: 'PUT', body });
  assert.equal(put.status, 200);
  const found = plainReply(await client.call('CONFIG', 'GET', 'loglevel'));
  assert.deepEqual(found, ['loglevel', 'warning']);
  await client.call('CLIENT', 'CORRELATION', 'hidden');
  await client.call('GET', 'k');
  await client.call('CONFIG', 'SET', 'loglevel', 'debug');
  await client.call('CLIENT', 'CORRELATION', 'again');
  await client.call('PING');
  await commandLines(server, 'again', 'ping');
  const hidden = linesOf(server).filter((line) => line.correlation_id === 'hidden');
  // Who administers is told at every level.
  assert.deepEqual(
    hidden.map(({ component, fields }) => [component, fields['names']]),
    Array.from({ length: 2 }, () => ['audit', ['loglevel']]),
  );
});

test('CLIENT CORRELATION takes what fits a header, and RESET takes it back', async (t) => {
  const server = await startWithHttp(t, ['--logging.level=debug']);
  const client = await connect(t, server);
  for (const bad of ['a b', 'a\nb', 'ä', 'x'.repeat(129)]) {
    const reply = await client.call('CLIENT', 'CORRELATION', bad);
    assert.equal(reply.kind, 'error', bad);
  }
  assert.equal((await client.call('CLIENT', 'CORRELATION', 'x'.repeat(128))).kind, 'simple');
  await client.call('CLIENT', 'CORRELATION', 'mine');
  await client.call('RESET');
  await client.call('ECHO', 'x');
  await waitFor('the line of echo', 20_000, () => {
    return linesOf(server).some(({ fields }) => fields['command'] === 'echo') || undefined;
  });
  const echo = linesOf(server).find(({ fields }) => fields['command'] === 'echo');
  assert.equal(echo?.correlation_id, undefined);
});

test('who is refused a command thousands of times fills no disk', async (t) => {
  const server = await startWithHttp(t);
  const admin = await connect(t, server);
  await admin.call('ACL', 'SETUSER', 'small', 'on', '>pw', '+get', '~mine*', '+client');
  const client = await connect(t, server);
  await client.call('AUTH', 'small', 'pw');
  await client.call('CLIENT', 'CORRELATION', 'intruder');
  const attempt = encodeCommand(['GET', 'others']);
  client.send(Buffer.concat(Array.from({ length: 5_000 }, () => attempt)));
  await client.take(5_000);
  const denials = () => linesOf(server).filter(({ action }) => action === 'acl-denied');
  await waitFor('a line', 20_000, () => denials().length > 0 || undefined);
  const [first] = denials();
  assert.deepEqual(
    [first.component, first.correlation_id, first.fields['user'], first.fields['object']],
    ['auth', 'intruder', 'small', 'others'],
  );
  const { text } = await server.ask('/metrics');
  const held = Number(/^hypercache_log_lines_held_total\S* (\d+)/m.exec(text)?.[1]);
  // Some may have come a second after the burst on a slow machine, none can be missing.
  await waitFor('all to be told or counted', 20_000, () => {
    return denials().length + held === 5_000 || undefined;
  });
  assert.ok(denials().length >= LIMITS.pacedLineBurst && denials().length < 500);
});

test('with redact_keys no line names a key', async (t) => {
  const server = await startWithHttp(t, ['--logging.redact_keys=yes', '--logging.level=debug']);
  const client = await connect(t, server);
  await client.call('ACL', 'SETUSER', 'small', 'on', '>pw', '+get', '~mine*');
  await client.call('SET', 'secret-key', 'v');
  await client.call('AUTH', 'small', 'pw');
  await client.call('GET', 'secret-key');
  await waitFor('the denial', 20_000, () => {
    return linesOf(server).some(({ action }) => action === 'acl-denied') || undefined;
  });
  assert.ok(!server.output().includes('secret-key'), 'the log');
});

test('a log that cannot be written: the node serves, counts and tells', {
  skip: fs.existsSync('/dev/full') ? false : 'no /dev/full',
}, async (t) => {
  const server = await startWithHttp(t, ['--logging.log_file=/dev/full']);
  const client = await connect(t, server);
  assert.equal((await client.call('SET', 'k', 'v')).kind, 'simple');
  // The first lines are kept until what writes them is loaded.
  await waitFor('the issue', 20_000, async () => {
    const { json } = await server.ask('/health');
    return /log cannot be written.*ENOSPC/.test(JSON.stringify(json.issues)) || undefined;
  });
  const { text } = await server.ask('/metrics');
  assert.match(text, /^hypercache_log_lines_lost_total\S* [1-9]/m);
  assert.equal(await server.stop(), 0);
});

test('a log file moved away under the node is begun anew, as logrotate expects', async (t) => {
  const file = path.join(scratchFolder(), 'node.log');
  const server = await startWithHttp(t, ['--logging.level=debug', `--logging.log_file=${file}`]);
  const client = await connect(t, server);
  await client.call('PING');
  fs.renameSync(file, `${file}.1`);
  await client.call('ECHO', 'x');
  await waitFor('the new file', 20_000, () => fs.existsSync(file) || undefined);
  assert.match(fs.readFileSync(file, 'utf8'), /"command":"echo"/);
  assert.doesNotMatch(fs.readFileSync(`${file}.1`, 'utf8'), /"command":"echo"/);
});
