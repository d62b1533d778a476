import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCommandKit } from '../../testing/command-kit.ts';
import { loseLogin } from '../login.ts';

const BAD_ARITY =
  "Error: EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command";

test('EXEC with an argument ends the transaction and forgets what was watched', async () => {
  const kit = await createCommandKit();
  kit.ask('SET', 'k', 'old');
  kit.ask('WATCH', 'k');
  kit.ask('MULTI');
  kit.ask('SET', 'k', 'queued');
  assert.equal(String(kit.ask('EXEC', 'now')), BAD_ARITY);
  assert.equal(String(kit.ask('EXEC')), 'Error: ERR EXEC without MULTI');
  assert.equal(kit.session.watched, null);
  assert.equal(kit.ask('GET', 'k'), 'old');
});

test('EXEC with an argument is refused in the same words outside of a transaction', async () => {
  const kit = await createCommandKit();
  kit.ask('WATCH', 'k');
  assert.equal(String(kit.ask('EXEC', 'now')), BAD_ARITY);
  assert.equal(kit.session.watched, null);
});

test('a refused DISCARD, MULTI or unknown subcommand makes EXEC fail', async () => {
  for (const words of [['DISCARD', 'x'], ['MULTI', 'x'], ['COMMAND', 'nosuch'], ['nosuch']]) {
    const kit = await createCommandKit();
    kit.ask('MULTI');
    assert.match(String(kit.ask(...words)), /^Error: ERR /);
    assert.match(String(kit.ask('EXEC')), /^Error: EXECABORT .* previous errors/, words.join(' '));
  }
});

test('CLIENT INFO within EXEC shows the transaction that runs', async () => {
  const kit = await createCommandKit();
  kit.ask('MULTI');
  kit.ask('PING');
  kit.ask('CLIENT', 'INFO');
  const [, line] = kit.ask('EXEC') as [string, string];
  assert.match(line, / flags=x .* multi=2 .* cmd=exec /);
  assert.match(String(kit.ask('CLIENT', 'INFO')), / flags=N .* multi=-1 .* cmd=client\|info /);
});

test('HELLO names the client even when a later option is wrong', async () => {
  const kit = await createCommandKit();
  assert.match(
    String(kit.ask('HELLO', '2', 'SETNAME', 'me', 'NONSENSE')),
    /^Error: ERR Syntax error/,
  );
  assert.equal(kit.ask('CLIENT', 'GETNAME'), 'me');
});

test('a zero byte ends an option, as it ends a C string', async () => {
  const kit = await createCommandKit();
  assert.equal(kit.ask('SET', 'k', '1', 'NX\0x'), 'OK');
  assert.equal(kit.ask('SET', 'k', '2', 'nx\0'), null);
  assert.equal(String(kit.ask('SET', 'k', '3', 'N')), 'Error: ERR syntax error');
  assert.equal(String(kit.ask('SET', 'k', '3', 'NXX')), 'Error: ERR syntax error');
  assert.match(String(kit.ask('CLIENT', 'INFO\0')), /^Error: ERR unknown subcommand 'INFO'/);
});

test('a full store refuses what would be queued, and EXEC as a whole', async () => {
  const kit = await createCommandKit();
  const { store } = kit.session;
  store.setPolicy('noeviction');
  kit.ask('SET', 'k', 'v');
  kit.ask('MULTI');
  assert.equal(kit.ask('SET', 'k', 'queued'), 'QUEUED');
  store.memoryBytesMax = 1;
  const refusal = "OOM command not allowed when used memory > 'maxmemory'.";
  assert.equal(
    String(kit.ask('EXEC')),
    `Error: EXECABORT Transaction discarded because of: ${refusal}`,
  );
  kit.ask('MULTI');
  for (const words of [['GET', 'k'], ['WATCH', 'k'], ['MULTI']]) {
    assert.equal(String(kit.ask(...words)), `Error: ${refusal}`);
  }
  assert.match(String(kit.ask('EXEC')), /previous errors/);
  assert.equal(kit.ask('GET', 'k'), 'v');
});

test('who has not logged in makes nobody leave a full store', async () => {
  const kit = await createCommandKit();
  const { store } = kit.session;
  kit.ask('SET', 'k', 'v');
  kit.node.services.access.setDefaultPassword('secret');
  loseLogin(kit.session);
  store.setPolicy('lru');
  store.memoryBytesMax = 1;
  assert.match(String(kit.ask('SET', 'k', 'x'.repeat(100))), /NOAUTH/);
  assert.equal(store.databases[0].count, 1);
});

test('an error within EXEC is counted once, for the command that made it', async () => {
  const kit = await createCommandKit();
  kit.ask('SET', 'k', 'v');
  kit.ask('MULTI');
  kit.ask('INCR', 'k');
  kit.ask('EXEC');
  const lines = String(kit.ask('INFO', 'stats', 'commandstats'));
  assert.match(lines, /total_error_replies:1\r/);
  assert.match(lines, /cmdstat_incr:.*failed_calls=1\r/);
  assert.match(lines, /cmdstat_exec:.*failed_calls=0\r/);
});

test('a guarded command is refused before it is queued', async () => {
  const kit = await createCommandKit();
  kit.node.services.configuration.security.enableDebugCommand = 'no';
  kit.ask('MULTI');
  assert.match(String(kit.ask('DEBUG', 'SLEEP', '0')), /^Error: ERR DEBUG command not allowed/);
  assert.match(String(kit.ask('EXEC')), /^Error: EXECABORT/);
});

test('FLUSHALL within MULTI does not stop its own EXEC, but that of others who watch', async () => {
  const kit = await createCommandKit();
  const other = kit.openSession();
  kit.ask('SET', 'k', 'v');
  kit.ask('WATCH', 'k');
  kit.runAs(other, 'WATCH', 'k');
  kit.ask('MULTI');
  kit.ask('FLUSHALL');
  kit.ask('SET', 'k', 'new');
  kit.runAs(other, 'MULTI');
  kit.runAs(other, 'SET', 'k', 'lost');
  assert.deepEqual(kit.ask('EXEC'), ['OK', 'OK']);
  assert.equal(kit.runAs(other, 'EXEC').kind, 'null');
  assert.equal(kit.ask('GET', 'k'), 'new');
});

test('SWAPDB takes sessions, watched keys and deadlines along', async () => {
  const kit = await createCommandKit();
  const other = kit.openSession();
  kit.runAs(other, 'SELECT', '1');
  kit.ask('SET', 'k', 'in 0', 'PX', '500');
  kit.runAs(other, 'SET', 'k', 'in 1');
  kit.ask('WATCH', 'k');
  kit.runAs(other, 'WATCH', 'unheard of');
  assert.equal(kit.ask('SWAPDB', '0', '1'), 'OK');
  assert.equal(kit.ask('GET', 'k'), 'in 1');
  assert.equal(kit.ask('PTTL', 'k'), -1);
  for (const session of [kit.session, other]) kit.runAs(session, 'MULTI');
  assert.equal(kit.ask('EXEC'), null);
  assert.equal(kit.runAs(other, 'EXEC').kind, 'array');
  kit.advance(600);
  assert.deepEqual(kit.runAs(other, 'EXISTS', 'k'), { kind: 'integer', value: 0 });
  assert.equal(kit.ask('DBSIZE'), 1);
  assert.deepEqual(kit.runAs(other, 'DBSIZE'), { kind: 'integer', value: 0 });
});
