import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { createNodeKit, type KitClient, type NodeKit } from '../../testing/node-kit.ts';

const denied = (store: string) => `-NOPERM No permissions to access the store '${store}'\r\n`;

let kit: NodeKit;
let admin: KitClient;

beforeEach(async () => {
  kit = await createNodeKit();
  admin = kit.connect();
  admin.ask('store create Sessions', 'store create secrets', 'store create other');
});

function logIn(rules: string): KitClient {
  assert.equal(
    admin.ask(`acl setuser u reset on >p allkeys allchannels +@all ${rules}`),
    '+OK\r\n',
  );
  const client = kit.connect();
  assert.equal(client.ask('auth u p'), '+OK\r\n');
  return client;
}

test('a user may use every store unless rules say otherwise, and then nothing shows of it', () => {
  const client = logIn('');
  assert.equal(
    client.ask('select sessions', 'select 3', 'select secrets'),
    '+OK\r\n+OK\r\n+OK\r\n',
  );
  assert.equal(admin.ask('acl list').includes('store'), false);
  assert.equal(admin.ask('acl getuser u').includes('stores'), false);
});

test('patterns name stores in any case; others are refused, by whatever names them', () => {
  const client = logIn('resetstores $default $SESS*');
  assert.equal(client.ask('set k 1', 'select sessions', 'set k 2'), '+OK\r\n+OK\r\n+OK\r\n');
  for (const line of ['select secrets', 'store info secrets', 'store flush secrets']) {
    assert.equal(client.ask(line), denied('secrets'), line);
  }
  assert.equal(client.ask('store drop SECRETS', 'store create x'), denied('secrets') + denied('x'));
  assert.equal(client.ask('stores'), '*2\r\n$7\r\ndefault\r\n$8\r\nSessions\r\n');
  assert.match(client.ask('store list'), /^\*2\r\n/);
  assert.equal(client.ask('get k'), '$1\r\n2\r\n', 'it stands where it stood');
  assert.match(admin.ask('acl log'), /store\r\n.*toplevel.*secrets/s);
});

test('default needs permission too: without it nothing touches a key before a SELECT', () => {
  const client = logIn('resetstores $sessions');
  for (const line of ['get k', 'set k 1', 'flushall', 'keys *', 'eval "return 1" 0', 'blpop l 0']) {
    assert.equal(client.ask(line), denied('default'), line);
  }
  assert.equal(client.ask('ping', 'select 2'), `+PONG\r\n${denied('default')}`);
  assert.equal(client.ask('select sessions', 'set k 1'), '+OK\r\n+OK\r\n');
  assert.match(client.ask('reset', 'auth u p', 'get k'), /NOPERM/);
});

test('ACL DRYRUN tells of stores as the command itself would', () => {
  logIn('resetstores $sess*');
  const asked = (line: string) => admin.ask(`acl dryrun u ${line}`);
  const refused = (store: string) => {
    const text = `This user has no permissions to access the '${store}' store`;
    return `$${text.length}\r\n${text}\r\n`;
  };
  assert.equal(asked('get k'), refused('default'));
  assert.equal(asked('select 3'), refused('default'));
  assert.equal(asked('select SECRETS'), refused('secrets'));
  assert.equal(asked('store info Secrets'), refused('secrets'));
  assert.equal(asked('store create x'), refused('x'));
  for (const line of ['ping', 'select sessions', 'store info sessions', 'stores', 'store list']) {
    assert.equal(asked(line), '+OK\r\n', line);
  }
  admin.ask('select sessions');
  assert.equal(asked('get k'), '+OK\r\n');
  admin.ask('acl setuser u resetkeys');
  assert.match(asked('get k'), /access the 'k' key/);
});

test('rules that change hold at once for who stands in the store', () => {
  const client = logIn('');
  client.ask('select secrets', 'set k 1', 'multi', 'get k');
  admin.ask('acl setuser u resetstores $sessions');
  assert.equal(client.ask('exec'), `*1\r\n${denied('secrets')}`);
  assert.equal(client.ask('get k'), denied('secrets'));
  admin.ask('acl setuser u allstores');
  assert.equal(client.ask('get k'), '$1\r\n1\r\n');
});

test('rules are shown where they say something, and make the same user again', () => {
  logIn('resetstores $a* $b');
  const line = admin.ask('acl list');
  assert.match(
    line,
    /user u on sanitize-payload #[0-9a-f]{64} resetstores \$a\* \$b ~\* &\* \+@all/,
  );
  const words = /user u (.*)\r\n/.exec(line)?.[1] ?? '';
  assert.equal(admin.ask(`acl setuser u2 ${words}`), '+OK\r\n');
  assert.match(admin.ask('acl list'), /user u2 .* resetstores \$a\* \$b /);
  assert.match(admin.ask('acl getuser u'), /\$6\r\nstores\r\n\$\d+\r\nresetstores \$a\* \$b\r\n/);
  admin.ask('acl setuser u resetstores');
  assert.match(admin.ask('acl getuser u'), /stores\r\n\$11\r\nresetstores\r\n/);
  assert.match(logIn('resetstores').ask('stores'), /^\*0/);
});

test('what is no rule is refused with a reason', () => {
  const error = (rule: string, reason: string) =>
    `-ERR Error in ACL SETUSER modifier '${rule}': ${reason}`;
  assert.ok(admin.ask('acl setuser u $x').startsWith(error('$x', 'Adding a pattern after the *')));
  assert.ok(admin.ask('acl setuser u resetstores $').startsWith(error('$', 'Syntax error')));
  assert.ok(admin.ask('acl setuser u ($x)').startsWith(error('($x)', 'Syntax error')));
  assert.equal(admin.ask('acl setuser u resetstores $x $*'), '+OK\r\n');
  assert.equal(admin.ask('acl list').includes('$x'), false);
});
