import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { talk } from '../support/raw.ts';
import { type RunningServer, startOurs } from '../support/server.ts';

/** SECURITY.md, lines 2, 15 and 16: users, what they may do, and to which keys. */

const PASSWORD = 'correct-horse-battery';
const NO_KEY = '-NOPERM this user has no permissions to access one of the keys used as arguments';

let folder: string;
let server: RunningServer;
before(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hypercache-users-'));
  const file = path.join(folder, 'users.acl');
  fs.writeFileSync(file, 'user default on nopass ~* &* +@all\n', { mode: 0o600 });
  server = await startOurs({ args: ['--aclfile', file] });
});
after(async () => {
  await server.stop();
  fs.rmSync(folder, { recursive: true });
});

/** Replies to lines, each reply's first line. */
async function ask(port: number, ...lines: string[]): Promise<string[]> {
  const text = await talk(port, `${[...lines, 'QUIT'].join('\r\n')}\r\n`);
  return text.split('\r\n').slice(0, -2);
}

test('SECURITY 2: users log in by digest, and files hold nothing else', async () => {
  const rules = `~own:* &news +@read +@write +@connection -@dangerous`;
  const [made, saved] = await ask(
    server.port,
    `ACL SETUSER alice on >${PASSWORD} ${rules} (%R~shared:* +get)`,
    'ACL SAVE',
  );
  assert.deepEqual([made, saved], ['+OK', '+OK']);
  const text = fs.readFileSync(path.join(folder, 'users.acl'), 'utf8');
  assert.match(text, /^user alice on #[0-9a-f]{64} ~own:\* /m);
  assert.ok(!text.includes(PASSWORD));
  assert.equal(fs.statSync(path.join(folder, 'users.acl')).mode & 0o777, 0o600);
  const replies = await ask(
    server.port,
    'AUTH alice wrong',
    `AUTH alice ${PASSWORD}`,
    'ACL WHOAMI',
    'SET own:1 v',
    'SET other v',
    'GET shared:1',
    'SET shared:1 v',
    'PUBLISH secret m',
    'ACL LOG',
  );
  assert.deepEqual(
    replies.map((reply) => reply.slice(0, 30)),
    [
      '-WRONGPASS invalid username-pa',
      '+OK',
      '-NOPERM this user has no permi',
      '+OK',
      NO_KEY.slice(0, 30),
      '$-1',
      NO_KEY.slice(0, 30),
      '-NOPERM this user has no permi',
      '-NOPERM this user has no permi',
    ],
  );
});

test('SECURITY 2: ACL LOG and SLOWLOG tell of refusals and never of passwords', async () => {
  const log = (await ask(server.port, 'ACL LOG 20', 'SLOWLOG GET 100', 'ACL LIST')).join('\n');
  assert.match(log, /reason\n\$4\nauth/);
  assert.match(log, /reason\n\$3\nkey\n.*object\n\$5\nother/s);
  assert.ok(!log.includes(PASSWORD) && !log.includes('wrong'));
});

test('SECURITY 2: a node that is started again has the same users', async () => {
  const file = path.join(folder, 'redis.conf');
  fs.writeFileSync(file, 'user bob on >first ~b:* +get\n');
  const first = await startOurs({ args: ['--config', file] });
  const made = await ask(
    first.port,
    'AUTH bob first',
    'GET b:1',
    'AUTH default x',
    `ACL SETUSER carol on >${PASSWORD} ~c:* +set`,
    'ACL SETUSER bob <first >second',
    'CONFIG REWRITE',
  );
  await first.stop();
  assert.deepEqual(made, ['+OK', '$-1', '+OK', '+OK', '+OK', '+OK']);
  const text = fs.readFileSync(file, 'utf8');
  assert.ok(!text.includes(PASSWORD) && !text.includes('first') && !text.includes('second'));
  const second = await startOurs({ args: ['--config', file] });
  try {
    const lines = [`AUTH carol ${PASSWORD}`, 'SET c:1 v', 'SET d:1 v', 'AUTH bob first'];
    const replies = await ask(second.port, ...lines, 'AUTH bob second', 'GET b:1');
    assert.deepEqual(
      replies.map((reply) => reply.slice(0, 8)),
      ['+OK', '+OK', '-NOPERM ', '-WRONGPA', '+OK', '$-1'],
    );
  } finally {
    await second.stop();
  }
});

test('SECURITY 2: a broken file of users is a refused start', async () => {
  const file = path.join(folder, 'broken.acl');
  fs.writeFileSync(file, 'user default on nopass +@all ~*\nuser eve on nopass +@everything\n');
  await assert.rejects(startOurs({ args: ['--aclfile', file] }), /broken\.acl:2/);
  await assert.rejects(startOurs({ args: ['--aclfile', path.join(folder, 'none.acl')] }));
});

test('SECURITY 2: GENPASS draws what nobody can guess', async () => {
  const replies = await ask(server.port, ...new Array<string>(50).fill('ACL GENPASS'));
  const drawn = replies.filter((reply) => /^[0-9a-f]{64}$/.test(reply));
  assert.equal(new Set(drawn).size, 50);
});

test('SECURITY 15: what endangers the node is dangerous to rules as well', async () => {
  await ask(server.port, 'ACL SETUSER app on nopass ~* &* +@all -@dangerous');
  const lines = ['SHUTDOWN', 'FLUSHALL', 'FLUSHDB', 'KEYS *', 'MONITOR', 'CONFIG GET *'];
  const more = ['DEBUG SLEEP 0', 'ACL LIST', 'CLIENT LIST', 'REPLICAOF no one', 'SWAPDB 0 1'];
  const all = [...lines, ...more, 'CLIENT KILL 127.0.0.1:1', 'SLOWLOG GET', 'LATENCY LATEST'];
  const [login, ...replies] = await ask(server.port, 'AUTH app x', ...all);
  assert.equal(login, '+OK');
  for (const [i, reply] of replies.entries()) assert.match(reply, /^-(NOPERM|ERR DEBUG)/, all[i]);
  const [count] = await ask(server.port, 'ACL DRYRUN app keys *', 'ACL DRYRUN app get k');
  assert.match(count, /^\$\d+$/);
});

test('SECURITY 16: rules see every key a command names, also what it stores to', async () => {
  await ask(server.port, 'ACL SETUSER tenant on nopass ~t:* +@all -@admin', 'SET x secret');
  const reaching = [
    'GET x',
    'MGET t:1 x',
    'MSET t:1 a x b',
    'SET x hacked',
    'COPY x t:1',
    'COPY t:1 x DB 1',
    'RENAME x t:1',
    'RENAMENX t:1 x',
    'BITOP OR t:1 t:2 x',
    'BITOP OR x t:1 t:2',
    'LCS t:1 x',
    'DEL t:1 x',
    'EXISTS t:1 x',
    'TOUCH x',
    'OBJECT ENCODING x',
    'MEMORY USAGE x',
    'WATCH x',
    'EXPIRE x 1',
    'GETEX x PERSIST',
    'BITFIELD x SET u8 0 1',
    'MULTI',
    'GETDEL x',
    'EXEC',
  ];
  const [login, ...replies] = await ask(server.port, 'AUTH tenant x', ...reaching);
  assert.equal(login, '+OK');
  for (const [i, reply] of replies.entries()) {
    if (reaching[i] === 'MULTI') assert.equal(reply, '+OK');
    else if (reaching[i] === 'EXEC') assert.match(reply, /^-EXECABORT/);
    else assert.equal(reply, NO_KEY, reaching[i]);
  }
  assert.deepEqual(await ask(server.port, 'GET x', 'EXISTS t:1'), ['$6', 'secret', ':0']);
});

test('SECURITY 16: what was queued is asked again by EXEC', async () => {
  await ask(server.port, 'ACL SETUSER q on nopass ~* +@all');
  const replies = await ask(
    server.port,
    'AUTH q x',
    'MULTI',
    'ACL SETUSER q resetkeys',
    'SET k hacked',
    'EXEC',
    'AUTH default x',
    'EXISTS k',
  );
  assert.match(replies.join('\n'), /\*2\n\+OK\n-NOPERM ACLs rules changed[^\n]*keys\n\+OK\n:0$/);
});
