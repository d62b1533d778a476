import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sha1 } from '../../base/digest/sha1.ts';
import { encodeCommand } from '../../testing/reply-decoder.ts';
import { createRoutingKit } from '../../testing/routing-kit.ts';

const OK = '+OK\r\n';

test('CLIENT REPLY drops replies of other nodes too', async () => {
  const kit = await createRoutingKit(2);
  const client = kit.connect(1);
  assert.equal(client.ask('client reply skip', 'set a 1', 'get a'), '$1\r\n1\r\n');
  assert.equal(client.ask('client reply off', 'incr a', 'incr a'), '');
  assert.equal(client.ask('client reply on', 'get a'), `${OK}$1\r\n3\r\n`);
  assert.equal(client.ask('client reply skip', 'blpop list 0', 'ping'), '');
  assert.equal(kit.connect(0).ask('rpush list x'), ':1\r\n');
  assert.equal(client.take(), '+PONG\r\n');
  await kit.stop();
});

test('replies have the form of the protocol that the client speaks', async () => {
  const kit = await createRoutingKit(2);
  const client = kit.connect(1);
  client.ask('hello 3', 'zadd z 1.5 m');
  assert.equal(
    client.ask('zadd z incr 1 m', 'zpopmin z', 'spop s'),
    ',2.5\r\n*2\r\n$1\r\nm\r\n,2.5\r\n_\r\n',
  );
  client.ask('hello 2');
  assert.equal(client.ask('zadd z incr 1 m', 'spop s'), '$1\r\n1\r\n$-1\r\n');
  await kit.stop();
});

test('commands go to the database and the store that the client has chosen', async () => {
  const kit = await createRoutingKit(2);
  const [owner, client] = [kit.connect(0), kit.connect(1)];
  assert.equal(
    client.ask('set a 0', 'select 3', 'set a 3', 'select 0', 'get a'),
    `${OK.repeat(4)}$1\r\n0\r\n`,
  );
  assert.equal(owner.ask('select 3', 'get a'), `${OK}$1\r\n3\r\n`);
  assert.equal(client.ask('store create other'), OK);
  assert.equal(
    client.ask('select other', 'set a other', 'get a'),
    `${OK.repeat(2)}$5\r\nother\r\n`,
  );
  assert.equal(owner.ask('select other', 'get a'), `${OK}$5\r\nother\r\n`);
  assert.equal(client.ask('select 0', 'store flush other', 'get a'), `${OK.repeat(2)}$1\r\n0\r\n`);
  assert.equal(owner.ask('get a'), '$-1\r\n');
  await kit.stop();
});

test('what the user may not do is refused where it is connected', async () => {
  const kit = await createRoutingKit(2);
  const client = kit.connect(1);
  kit.connect(1).ask('acl setuser guest on nopass ~a* +@all -incr');
  client.ask('auth guest x');
  assert.equal(
    client.ask('set a 1', 'set b 1', 'incr a', 'get a'),
    `${OK}-NOPERM this user has no permissions to access one of the keys used as arguments\r\n` +
      "-NOPERM this user has no permissions to run the 'incr' command\r\n$1\r\n1\r\n",
  );
  await kit.stop();
});

test('what a script of the user may not do is refused where it runs', async () => {
  const kit = await createRoutingKit(2);
  const [admin, client] = [kit.connect(1), kit.connect(1)];
  admin.ask('acl setuser guest on nopass ~a* resetchannels +@all -incr');
  client.ask('auth guest x');
  const call = (...args: string[]) =>
    client.askRaw(encodeCommand(['EVAL', 'return redis.call(unpack(ARGV))', 0, ...args]));
  assert.equal(call('set', 'a', '1'), OK);
  assert.match(
    call('set', 'b', '1'),
    /^-ERR The user executing the script can't access at least one of the keys/,
  );
  assert.match(call('incr', 'a'), /^-/);
  assert.equal(kit.connect(0).ask('get a', 'get b'), '$1\r\n1\r\n$-1\r\n');
  admin.ask('acl setuser guest ~b* +incr');
  assert.equal(call('set', 'b', '2') + call('incr', 'b'), `${OK}:3\r\n`);
  admin.ask('acl setuser guest allstores allkeys allchannels allcommands');
  assert.equal(call('set', 'c', '1'), OK);
  await kit.stop();
});

test('messages reach the clients of every node, once', async () => {
  const kit = await createRoutingKit(3);
  const listeners = [kit.connect(0), kit.connect(1), kit.connect(2)];
  for (const listener of listeners) listener.ask('subscribe news', 'ssubscribe shard');
  assert.equal(kit.connect(1).ask('publish news hi', 'spublish shard ho'), ':1\r\n:1\r\n');
  for (const listener of listeners) {
    assert.equal(
      listener.take(),
      '*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$2\r\nhi\r\n' +
        '*3\r\n$8\r\nsmessage\r\n$5\r\nshard\r\n$2\r\nho\r\n',
    );
  }
  assert.equal(
    kit.connect(2).ask('multi', 'set a 1', 'publish news x', 'exec').slice(-13),
    '*2\r\n+OK\r\n:1\r\n',
  );
  for (const listener of listeners)
    assert.match(listener.take(), /^\*3\r\n\$7\r\nmessage\r\n.*x\r\n$/s);
  await kit.stop();
});

test('a message follows the write that it tells of', async () => {
  const kit = await createRoutingKit(3);
  const [client, listener] = [kit.connect(1), kit.connect(2)];
  listener.ask('subscribe news');
  assert.equal(client.ask('set a 1', 'publish news x', 'get a'), `${OK}:0\r\n$1\r\n1\r\n`);
  assert.match(listener.take(), /x\r\n$/);
  await kit.stop();
});

test('scripts run at the owner, and those that are loaded are cached by all', async () => {
  const kit = await createRoutingKit(2);
  const [owner, client] = [kit.connect(0), kit.connect(1)];
  const script = "return redis.call('incr', KEYS[1])";
  assert.equal(client.askRaw(encodeCommand(['EVAL', script, 1, 'a'])), ':1\r\n');
  assert.equal(client.askRaw(encodeCommand(['EVAL', script, 1, 'a'])), ':2\r\n');
  const digest = client.askRaw(encodeCommand(['SCRIPT', 'LOAD', 'return 5'])).slice(5, 45);
  assert.equal(owner.ask(`evalsha ${digest} 0`, `script exists ${digest}`), ':5\r\n*1\r\n:1\r\n');
  assert.equal(client.ask(`evalsha ${digest} 0`), ':5\r\n');
  assert.equal(owner.ask('script flush'), OK);
  const replies = client.ask(`evalsha ${digest} 0`, `script exists ${digest}`);
  assert.match(replies, /^-NOSCRIPT[^\r]*\r\n\*1\r\n:0\r\n$/);
  await kit.stop();
});

test('a script of EVAL is found by its digest at the next owner too', async () => {
  const kit = await createRoutingKit(3);
  const client = kit.connect(2);
  const script = "return {redis.call('incr', KEYS[1]), ARGV[1]}";
  const digest = digestOf(script);
  const call = (...words: string[]) => client.askRaw(encodeCommand([...words, '1', 'a', 'x']));
  assert.equal(call('EVAL', script), '*2\r\n:1\r\n$1\r\nx\r\n');
  kit.elect('node-2');
  assert.equal(call('EVALSHA', digest), '*2\r\n:2\r\n$1\r\nx\r\n');
  kit.elect('node-3');
  assert.equal(call('EVALSHA', digest), '*2\r\n:3\r\n$1\r\nx\r\n');
  const long = `-- ${'x'.repeat(70_000)}\nreturn 1`;
  assert.equal(client.askRaw(encodeCommand(['EVAL', long, '0'])), ':1\r\n');
  const longDigest = digestOf(long);
  assert.equal(kit.connect(0).ask(`script exists ${longDigest} ${digest}`), '*2\r\n:0\r\n:1\r\n');
  await kit.stop();
});

test('a killed or closed client waits for nothing at the owner', async () => {
  const kit = await createRoutingKit(2);
  const [owner, client, other] = [kit.connect(0), kit.connect(1), kit.connect(1)];
  client.ask('blpop list 0');
  assert.equal(other.ask('client kill id 1'), ':1\r\n');
  assert.equal(client.client.isClosed, true);
  kit.settle();
  assert.equal(owner.ask('rpush list x', 'llen list'), ':1\r\n:1\r\n');
  assert.equal(kit.nodes[0].kit.node.services.blocking.count, 0);
  await kit.stop();
});

test('what a client sent before it closed its side is answered', async () => {
  const kit = await createRoutingKit(2);
  const client = kit.connect(1);
  client.client.send('set a 1', 'incr a', 'nonsense');
  client.client.peer.end();
  assert.match(client.take(), /^\+OK\r\n:2\r\n-ERR unknown command/);
  assert.equal(client.client.isClosed, true);
  await kit.stop();
});

test('bytes that are no command are answered behind what was forwarded', async () => {
  const kit = await createRoutingKit(2);
  const client = kit.connect(1);
  const reply = client.askRaw(
    Buffer.from('*1\r\n$4\r\nPING\r\n*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n*1\r\nx\r\n'),
  );
  assert.equal(reply, "+PONG\r\n+OK\r\n-ERR Protocol error: expected '$', got 'x'\r\n");
  assert.equal(client.client.isClosed, true);
  await kit.stop();
});

test('CLIENT PAUSE at the owner holds what others forward to it', async () => {
  const kit = await createRoutingKit(2);
  const [owner, client] = [kit.connect(0), kit.connect(1)];
  assert.equal(owner.ask('client pause 500 write'), OK);
  assert.equal(client.ask('set a 1', 'incr a'), '');
  kit.advance(600);
  assert.equal(client.take(), `${OK}:2\r\n`);
  assert.equal(owner.ask('client pause 60000 write'), OK);
  assert.equal(client.ask('incr a', 'multi', 'incr a', 'exec'), '');
  assert.equal(owner.ask('client unpause'), OK);
  assert.equal(client.take(), `:3\r\n${OK}+QUEUED\r\n*1\r\n:4\r\n`);
  await kit.stop();
});

test('WAIT counts the nodes that have the write, through any node', async () => {
  const kit = await createRoutingKit(3);
  const [owner, client] = [kit.connect(0), kit.connect(1)];
  assert.equal(client.ask('set a 1', 'wait 2 100'), `${OK}:2\r\n`);
  assert.equal(owner.ask('set a 1', 'wait 2 100'), `${OK}:2\r\n`);
  assert.equal(owner.ask('set a 1', 'wait 3 100'), OK);
  kit.advance(200);
  assert.equal(owner.take(), ':2\r\n');
  await kit.stop();
});

test('a pipeline longer than a line is answered whole', async () => {
  const kit = await createRoutingKit(2);
  const client = kit.connect(1);
  const count = 10_000;
  const bytes = Buffer.from('*2\r\n$4\r\nINCR\r\n$1\r\na\r\n'.repeat(count));
  const replies = client.askRaw(bytes);
  assert.equal(replies, Array.from({ length: count }, (_, i) => `:${i + 1}\r\n`).join(''));
  await kit.stop();
});

test('tracking tells of changes made elsewhere, and of keys read through the owner', async () => {
  const kit = await createRoutingKit(2);
  const [owner, client] = [kit.connect(0), kit.connect(1)];
  client.ask('hello 3', 'client tracking on');
  assert.equal(client.ask('set b 1', 'get a'), `${OK}_\r\n`);
  owner.ask('set a 1');
  assert.equal(client.take(), '>2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\na\r\n');
  await kit.stop();
});

test('what a transaction does to its connection is done here', async () => {
  const kit = await createRoutingKit(2);
  const [owner, client] = [kit.connect(0), kit.connect(1)];
  assert.equal(
    client.ask('multi', 'set a 1', 'client setname me', 'select 2', 'set a 2', 'exec', 'get a'),
    `${OK}${'+QUEUED\r\n'.repeat(4)}*4\r\n${OK.repeat(4)}$1\r\n2\r\n`,
  );
  assert.equal(client.ask('client getname', 'incr a'), '$2\r\nme\r\n:3\r\n');
  assert.equal(owner.ask('get a', 'select 2', 'get a'), `$1\r\n1\r\n${OK}$1\r\n3\r\n`);
  assert.equal(client.ask('select 0', 'incr a'), `${OK}:2\r\n`);
  await kit.stop();
});

test('what is executed is shown, counted and logged where it is executed', async () => {
  const kit = await createRoutingKit(2, { 'slowlog.slower_than': '0' });
  const [owner, client, monitor] = [kit.connect(0), kit.connect(1), kit.connect(0)];
  const { port } = addressOf(client.ask('client info'));
  monitor.ask('monitor');
  client.ask('client setname me', 'client correlation job-1', 'set a 1', 'multi', 'incr a', 'exec');
  const shown = monitor.take();
  assert.match(shown, new RegExp(`\\[0 [^ ]*:${port}\\] "set" "a" "1"`));
  assert.match(shown, /"incr" "a"/);
  assert.match(
    owner.ask('slowlog get 10'),
    new RegExp(`\\r\\nset\\r\\n.*:${port}\\r\\n.*\\r\\nme\\r\\n`, 's'),
  );
  const [here, there] = kit.nodes.map(({ kit: { node } }) => node.services.table);
  assert.deepEqual([here.find('set')?.calls, there.find('set')?.calls], [1, 0]);
  assert.equal(client.ask('lpush a x').slice(0, 10), '-WRONGTYPE');
  assert.match(owner.ask('info errorstats'), /errorstat_WRONGTYPE:count=1/);
  await kit.stop();
});

function addressOf(info: string): { port: string } {
  return { port: / addr=[^ ]*:(\d+) /.exec(info)?.[1] ?? '' };
}

function digestOf(script: string): string {
  return Buffer.from(sha1(Buffer.from(script))).toString('hex');
}
