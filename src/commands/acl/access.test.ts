import assert from 'node:assert/strict';
import { test } from 'node:test';
import { METRIC } from '../../observability/metrics/metric-table.ts';
import { createCommandKit } from '../../testing/command-kit.ts';
import { frameOf } from '../../testing/engine-fixture.ts';
import { createNodeKit } from '../../testing/node-kit.ts';
import { MemoryDisk } from '../../world/simulated/memory-disk.ts';
import { COMMAND_ROWS } from '../command-table.ts';
import { GATE } from '../session.ts';
import { AccessControl } from './access-control.ts';
import { configuredUsers, loadAccessFile, loadUsers, saveAccessFile } from './access-file.ts';
import { aclAllows, findCommand, refuseScriptAccess } from './enforce.ts';

const NO_AUTH = '-NOAUTH Authentication required.\r\n';
const WRONG = '-WRONGPASS invalid username-password pair or user is disabled.\r\n';
const OK = '+OK\r\n';

function noCommand(name: string): string {
  return `-NOPERM this user has no permissions to run the '${name}' command\r\n`;
}

test('rules of the default user hold for who is connected, until they are lifted', async () => {
  const kit = await createNodeKit();
  const admin = kit.connect();
  const other = kit.connect();
  admin.ask('acl setuser admin on nopass ~* &* +@all', 'auth admin x');
  assert.equal(admin.ask('acl setuser default -@all +ping'), OK);
  assert.equal(other.ask('get k', 'ping'), `${noCommand('get')}+PONG\r\n`);
  assert.equal(kit.connect().ask('set k 1'), noCommand('set'));
  assert.equal(other.ask('reset', 'get k'), `+RESET\r\n${noCommand('get')}`);
  assert.equal(admin.ask('acl setuser default +@all'), OK);
  assert.equal(other.ask('get k'), '$-1\r\n');
});

test('a user that may do everything costs the door nothing', async () => {
  const kit = await createNodeKit();
  const client = kit.connect();
  client.ask('acl setuser app on nopass ~* &* +@all', 'auth app x');
  const [session] = kit.node.services.clients.all();
  assert.equal(session.userName, 'app');
  assert.equal(session.gate, 0);
  client.ask('acl setuser app -debug');
  assert.equal(session.gate, GATE.RESTRICTED);
  client.ask('acl setuser app (+@all ~* &*)');
  assert.equal(session.gate, 0);
});

test('the default user may be closed to who does not log in', async () => {
  const kit = await createNodeKit();
  const admin = kit.connect();
  admin.ask('acl setuser admin on >pw ~* &* +@all', 'auth admin pw');
  admin.ask('acl setuser default resetpass >secret');
  const client = kit.connect();
  assert.equal(client.ask('get k', 'auth wrong', 'auth secret'), NO_AUTH + WRONG + OK);
  assert.equal(client.ask('get k', 'reset', 'get k'), `$-1\r\n+RESET\r\n${NO_AUTH}`);
  admin.ask('acl setuser default off');
  assert.equal(client.ask('auth secret', 'auth admin no', 'auth admin pw'), WRONG + WRONG + OK);
  admin.ask('acl setuser default on nopass');
  assert.equal(kit.connect().ask('ping'), '+PONG\r\n');
});

test('who never logged in must, as soon as there is a password again', async () => {
  const kit = await createNodeKit({ settings: { 'security.requirepass': 'a' } });
  const client = kit.connect();
  assert.equal(client.ask('ping'), NO_AUTH);
  kit.configure('requirepass', '');
  assert.equal(client.ask('ping'), '+PONG\r\n');
  assert.match(client.ask('hello 3'), /^-NOAUTH HELLO must be called/);
  kit.configure('requirepass', 'b');
  assert.equal(client.ask('ping', 'auth b', 'ping'), `${NO_AUTH}${OK}+PONG\r\n`);
});

test('requirepass is the one password of the default user', async () => {
  const kit = await createNodeKit();
  const client = kit.connect();
  client.ask('acl setuser default >other');
  kit.configure('requirepass', 'new');
  assert.equal(client.ask('auth other', 'auth new', 'auth default new'), WRONG + OK + OK);
  const flags = '*2\r\n$5\r\nflags\r\n';
  assert.ok(!client.ask('acl getuser default').startsWith(flags));
  kit.configure('requirepass', '');
  assert.match(client.ask('auth new'), /^-ERR AUTH <password> called without any password/);
  assert.equal(client.ask('auth default anything'), OK);
});

test('protected mode asks for a password of the default user, however it was set', async () => {
  const kit = await createNodeKit();
  const remoteAddress = '192.0.2.1';
  const local = kit.connect();
  assert.match(kit.connect({ remoteAddress }).take(), /^-DENIED/);
  local.ask('acl setuser default >secret');
  assert.equal(kit.connect({ remoteAddress }).ask('auth secret'), OK);
});

test('guesses at any name are slowed down, also at names that nobody has', async () => {
  const kit = await createNodeKit();
  kit.connect().ask('acl setuser u on >pw');
  kit.configure('requirepass', 'secret');
  const guesser = kit.connect({ remoteAddress: '192.0.2.7' });
  let replies = '';
  for (let i = 0; i < 30; i++) replies += guesser.ask(`auth ${i % 2 === 0 ? 'u' : 'none'} x${i}`);
  assert.ok(replies.length < 30 * WRONG.length, 'some wait');
  assert.ok(replies.startsWith(WRONG + WRONG));
});

test('who removes itself is answered and closed; the rest of its EXEC is refused', async () => {
  const kit = await createNodeKit();
  const client = kit.connect();
  client.ask('acl setuser u on nopass ~* &* +@all', 'auth u x', 'multi');
  client.ask('acl deluser u', 'set k hacked', 'acl setuser u on');
  assert.equal(client.ask('exec'), `*3\r\n:1\r\n${NO_AUTH}${NO_AUTH}`);
  assert.equal(client.isClosed, true);
  assert.equal(kit.connect().ask('exists k', 'acl users'), ':0\r\n*1\r\n$7\r\ndefault\r\n');
});

test('whoever takes its own channels away is closed after the reply', async () => {
  const kit = await createNodeKit();
  const client = kit.connect();
  client.ask('acl setuser u on nopass ~* &* +@all', 'auth u x', 'hello 3', 'subscribe c');
  assert.equal(client.ask('acl setuser u resetchannels'), OK);
  assert.equal(client.isClosed, true);
});

test('the embedding program is nobody and may do everything, until it logs in', async () => {
  const kit = await createCommandKit();
  kit.ask('ACL', 'SETUSER', 'default', 'off', '-@all');
  assert.equal(kit.ask('SET', 'k', 'v'), 'OK');
  kit.ask('ACL', 'SETUSER', 'u', 'on', 'nopass', '+get', '~a*');
  kit.ask('AUTH', 'u', 'x');
  assert.match(String(kit.ask('GET', 'k')), /NOPERM/);
  assert.equal(kit.ask('GET', 'a'), null);
  kit.ask('RESET');
  assert.equal(kit.ask('GET', 'k'), 'v');
});

test('keys, users and patterns are bytes', async () => {
  const kit = await createCommandKit();
  const name = Buffer.from([0xff, 0xc3, 0x5f]);
  const rules = ['on', 'nopass', '+get', Buffer.from([0x7e, 0xff, 0x3f])];
  kit.ask('ACL', 'SETUSER', name, ...rules);
  kit.ask('ACL', 'SETUSER', '__proto__', 'on', '>constructor');
  kit.ask('AUTH', name, '');
  assert.equal(kit.ask('GET', Buffer.from([0xff, 0x80])), null);
  assert.match(String(kit.ask('GET', Buffer.from([0xfe, 0x80]))), /NOPERM/);
  assert.match(String(kit.ask('AUTH', 'constructor', 'x')), /WRONGPASS/);
  assert.equal(kit.ask('AUTH', '__proto__', 'constructor'), 'OK');
});

test('refusals that are alike are one entry for a minute; the log has a length', async () => {
  const kit = await createCommandKit();
  kit.ask('ACL', 'SETUSER', 'u', 'on', '>pw');
  const failures = () => {
    const entries = kit.ask('ACL', 'LOG', '100') as unknown[][];
    return entries.map((entry) => {
      const of = (name: string) => entry[entry.indexOf(name) + 1];
      return [of('count'), of('username'), of('entry-id')].join(' ');
    });
  };
  kit.ask('AUTH', 'u', 'x');
  kit.advance(59_000);
  kit.ask('AUTH', 'u', 'y');
  kit.ask('AUTH', 'v', 'y');
  assert.deepEqual(failures(), ['1 v 1', '2 u 0']);
  kit.advance(61_000);
  kit.ask('AUTH', 'u', 'y');
  assert.deepEqual(failures(), ['1 u 2', '1 v 1', '2 u 0']);
  const [newest] = kit.ask('ACL', 'LOG', '1') as unknown[][];
  const { nowMs } = kit.node.services.clock;
  assert.deepEqual(newest.slice(-4), ['timestamp-created', nowMs, 'timestamp-last-updated', nowMs]);
  for (let i = 0; i < 200; i++) kit.ask('AUTH', `user${i}`, 'x');
  assert.equal(failures().length, 100);
  assert.equal(kit.node.services.access.log.latest.length, 128);
  kit.ask('CONFIG', 'SET', 'acllog-max-len', '5');
  kit.ask('AUTH', 'another', 'x');
  assert.equal(failures().length, 5);
  const { counters } = kit.node.services;
  assert.equal(counters[METRIC.deniedLogins], 205);
});

test('refusals are counted by what was refused', async () => {
  const kit = await createCommandKit();
  kit.ask('ACL', 'SETUSER', 'u', 'on', 'nopass', '+get', '+publish', '~a');
  kit.ask('AUTH', 'u', 'x');
  for (const command of ['SET a 1', 'GET b', 'GET c', 'PUBLISH c m']) {
    assert.match(String(kit.ask(...command.split(' '))), /NOPERM/);
  }
  const { counters } = kit.node.services;
  assert.equal(counters[METRIC.deniedCommands], 1);
  assert.equal(counters[METRIC.deniedKeys], 2);
  assert.equal(counters[METRIC.deniedChannels], 1);
  const stats = String(kit.ask('RESET') && kit.ask('INFO', 'stats'));
  assert.match(stats, /acl_access_denied_key:2\r\n/);
});

function security(changes: { aclFile?: string; users?: string[]; requirepass?: string }) {
  return { ...SECURITY, ...changes };
}

const kit = await createCommandKit();
const SECURITY = kit.node.services.configuration.security;

test('users of the configuration are there at start, or the node does not start', () => {
  const load = (users: string[]) => {
    const settings = security({ users });
    const access = new AccessControl(COMMAND_ROWS, settings);
    return { error: loadUsers(access, settings, new MemoryDisk()), access };
  };
  const { error, access } = load(['alice on >pw ~a* +@read (~b +get)', 'default on >x +ping']);
  assert.equal(error, null);
  assert.deepEqual(
    access.sorted().map((user) => user.name),
    ['alice', 'default'],
  );
  assert.equal(access.findLogin('alice', Buffer.from('pw'))?.name, 'alice');
  assert.equal(access.needsLogin, true);
  assert.match(String(load(['a on', 'a off']).error), /Duplicate user/);
  assert.match(String(load(['a +nosuch']).error), /a: \+nosuch: Unknown command/);
  assert.match(String(load(['a (+get']).error), /Unmatched parenthesis/);
  assert.match(String(load(['a <secret']).error), /a password: The password you are trying/);
  assert.doesNotMatch(String(load(['a >secret +nosuch']).error), /secret/);
  const both = security({ users: ['a on'], aclFile: '/users.acl' });
  const error2 = loadUsers(new AccessControl(COMMAND_ROWS, both), both, new MemoryDisk());
  assert.match(String(error2), /both|invalid/);
});

test('a file of users is taken whole or not at all', () => {
  const disk = new MemoryDisk();
  const settings = security({ aclFile: '/users.acl', requirepass: 'x' });
  const access = new AccessControl(COMMAND_ROWS, settings);
  assert.match(String(loadUsers(access, settings, disk)), /No such file or directory/);
  const write = (text: string) => disk.writeFileAtomic('/users.acl', Buffer.from(text));
  write('user a on >pw ~k\r\n\n  user default on >y +@all\n');
  assert.equal(loadUsers(access, settings, disk), null);
  assert.equal(access.find('a')?.isEnabled, true);
  const before = access.lines();
  const bad = [
    '# comment',
    'user',
    'user a\nuser a',
    'user b +nosuch',
    'user c (+get',
    'user d ~* ~a',
  ];
  for (const text of bad) {
    write(`user z on\n${text}\n`);
    const outcome = loadAccessFile(access, '/users.acl', disk);
    assert.match(String(outcome), /WARNING: ACL errors detected, no change/, text);
    assert.deepEqual(access.lines(), before);
  }
  saveAccessFile(access, '/users.acl', disk);
  const again = new AccessControl(COMMAND_ROWS, settings);
  assert.equal(loadUsers(again, settings, disk), null);
  assert.deepEqual(again.lines(), before);
  assert.deepEqual(configuredUsers(again, settings), []);
});

test('what is written down of users makes the same users', () => {
  const settings = security({ users: [], requirepass: 'pw' });
  const access = new AccessControl(COMMAND_ROWS, settings);
  assert.deepEqual(configuredUsers(access, settings), [], 'requirepass says it all');
  const draft = access.createUser('caf\xc3\xa9');
  for (const rule of ['on', '>a', '~k\xff*', '+@all', '-config', '(%R~x +get)']) {
    assert.equal(draft.apply(rule, false), null);
  }
  access.replace(draft);
  const users = configuredUsers(access, settings);
  assert.equal(users.length, 2);
  const again = new AccessControl(COMMAND_ROWS, settings);
  again.addConfigured(users.map((line) => Buffer.from(line, 'utf8').toString('latin1')));
  assert.equal(again.sorted().length, 2);
});

test('a script is refused in words of its own, and logged as one', async () => {
  const { ask, node, session } = await createCommandKit();
  ask('ACL', 'SETUSER', 'u', 'on', 'nopass', '+get', '+publish', '~a');
  ask('AUTH', 'u', 'x');
  session.lastCommand = 'eval';
  const refusalOf = (...words: string[]) => {
    const command = findCommand(session, frameOf(...words));
    assert.ok(command !== null);
    return refuseScriptAccess(session, frameOf(...words), command);
  };
  assert.equal(refusalOf('get', 'a'), null);
  assert.match(String(refusalOf('set', 'a', 'v')), /^ERR The user .* can't run this command/);
  assert.match(String(refusalOf('get', 'b')), /can't access at least one of the keys/);
  assert.match(String(refusalOf('publish', 'c', 'm')), /can't publish to the channel/);
  const logged = node.services.access.log.latest.map(({ context, object, clientLine }) => {
    assert.match(clientLine, / cmd=eval /);
    return `${context} ${object}`;
  });
  assert.deepEqual(logged, ['lua c', 'lua b', 'lua set']);
  const allowed = (...words: string[]) => aclAllows(session, frameOf(...words));
  assert.deepEqual(
    [
      allowed('GET', 'a'),
      allowed('get', 'b'),
      allowed('get'),
      allowed('publish'),
      allowed('nosuch'),
    ],
    [true, false, true, true, null],
  );
  assert.equal(allowed('config', 'nosuch'), null);
  assert.equal(node.services.access.log.latest.length, 3, 'asking is not logged');
});

test('keys that nobody names are for who may read every key', async () => {
  const { ask, node } = await createCommandKit();
  const { access } = node.services;
  const row = access.catalog.find('get')?.row;
  assert.ok(row !== undefined);
  const mayRead = (...rules: string[]) => {
    ask('ACL', 'SETUSER', 'u', 'reset', 'on', '+get', ...rules);
    return access.mayReadEveryKey(access.find('u') ?? null, row, frameOf('get', 'k'));
  };
  assert.equal(mayRead('~k*'), false);
  assert.equal(mayRead('~*'), true);
  assert.equal(mayRead('%RW~*'), true);
  assert.equal(mayRead('%R~*'), true);
  assert.equal(mayRead('%W~*', '~k'), false);
  assert.equal(mayRead('-get', '~*'), false);
  assert.equal(mayRead('~k*', '(+get ~*)'), true);
  assert.equal(access.mayReadEveryKey(null, row, frameOf('get', 'k')), true);
});

test('a pattern for reading is not one for writing, and the other way round', async () => {
  const { ask } = await createCommandKit();
  ask('ACL', 'SETUSER', 'u', 'on', 'nopass', '+@all', '%R~r*', '%W~w*');
  ask('AUTH', 'u', 'x');
  const isAllowed = (...words: string[]) => !/NOPERM/.test(String(ask(...words)));
  assert.deepEqual(
    [isAllowed('GET', 'r'), isAllowed('SET', 'r', '1'), isAllowed('GETDEL', 'r')],
    [true, false, false],
  );
  assert.deepEqual(
    [isAllowed('GET', 'w'), isAllowed('SET', 'w', '1'), isAllowed('SET', 'w', '1', 'GET')],
    [false, true, false],
  );
  assert.deepEqual([isAllowed('EXISTS', 'r', 'w'), isAllowed('EXISTS', 'x')], [true, false]);
  assert.deepEqual([isAllowed('COPY', 'r', 'w'), isAllowed('COPY', 'w', 'r')], [true, false]);
});
