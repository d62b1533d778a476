import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCommandKit } from '../../testing/command-kit.ts';
import { frameOf } from '../../testing/engine-fixture.ts';
import { SlowLog } from './slow-log.ts';

test('SlowLog keeps at most 32 arguments and says how many it left out', async () => {
  const kit = await createCommandKit();
  const log = new SlowLog({ slowerThanUs: 10, lengthMax: 8 }, kit.node.services.clock);
  const args = Array.from({ length: 40 }, (_value, i) => `a${i}`);
  log.record(kit.session, frameOf(...args), 10);
  const [entry] = log.newest(1);
  assert.equal(entry.args.length, 32);
  assert.equal(Buffer.from(entry.args[30]).toString(), 'a30');
  assert.equal(Buffer.from(entry.args[31]).toString(), '... (9 more arguments)');
  await kit.node.stop();
});

test('SlowLog follows its settings as they change', async () => {
  const kit = await createCommandKit();
  const settings = { slowerThanUs: 100, lengthMax: 3 };
  const log = new SlowLog(settings, kit.node.services.clock);
  log.record(kit.session, frameOf('FAST'), 99);
  for (let i = 0; i < 5; i++) log.record(kit.session, frameOf('SLOW'), 100);
  assert.deepEqual(
    log.newest(10).map((entry) => entry.id),
    [4, 3, 2],
  );
  settings.lengthMax = 1;
  log.record(kit.session, frameOf('SLOW'), 100);
  assert.equal(log.length, 1);
  settings.slowerThanUs = -1;
  log.record(kit.session, frameOf('SLOW'), 1e9);
  assert.deepEqual(
    log.newest(10).map((entry) => entry.id),
    [5],
  );
  settings.slowerThanUs = 100;
  settings.lengthMax = 0;
  log.record(kit.session, frameOf('SLOW'), 100);
  assert.equal(log.length, 0);
  settings.lengthMax = 8;
  log.record(kit.session, frameOf('SLOW'), 100);
  assert.deepEqual(
    log.newest(10).map((entry) => entry.id),
    [7],
  );
  await kit.node.stop();
});

test('SlowLog hides every password of a command and nothing else', async () => {
  const kit = await createCommandKit();
  const log = new SlowLog({ slowerThanUs: 0, lengthMax: 8 }, kit.node.services.clock);
  const shown = (...args: string[]): string => {
    log.record(kit.session, frameOf(...args), 1);
    return log
      .newest(1)[0]
      .args.map((arg) => Buffer.from(arg).toString())
      .join(' ');
  };
  assert.equal(shown('AUTH', 'me', 'pw'), 'AUTH (redacted) (redacted)');
  assert.equal(
    shown('hello', '3', 'auth', 'me', 'pw', 'SETNAME', 'x'),
    'hello 3 auth (redacted) (redacted) SETNAME x',
  );
  assert.equal(
    shown('CONFIG', 'SET', 'port', '1', 'requirepass', 'pw', 'masterauth', 'pw2', 'hz', '2'),
    'CONFIG SET port 1 requirepass (redacted) (redacted) (redacted) hz 2',
  );
  assert.equal(shown('ACL', 'SETUSER', 'me', '>pw'), 'ACL SETUSER (redacted) (redacted)');
  assert.equal(shown('SET', 'auth', 'v'), 'SET auth v');
  await kit.node.stop();
});

test('SlowLog tells no client beside what a script called', async () => {
  const kit = await createCommandKit();
  kit.ask('CLIENT', 'SETNAME', 'me');
  kit.ask('CONFIG', 'SET', 'slowlog-log-slower-than', '0');
  kit.ask('EVAL', "return redis.call('get', 'k')", '0');
  const entries = kit.ask('SLOWLOG', 'GET', '2') as [
    number,
    number,
    number,
    string[],
    string,
    string,
  ][];
  const told = entries.map(([, , , args, peer, name]) => [args[0], peer, name]);
  assert.deepEqual(told, [
    ['EVAL', '?:0', 'me'],
    ['get', '?:0', ''],
  ]);
  await kit.node.stop();
});
