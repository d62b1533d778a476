import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { HyperCache } from '../../src/index.ts';
import { type Draw, seededDraws } from '../../src/testing/seeded.ts';
import { type RunningServer, skipWithout, startRedis } from '../support/server.ts';
import { playScenario, type Scenario } from './transcript.ts';

/** Clients that wait, and what serves them, in what order: as redis-server has it. */
const SCENARIOS: Record<string, Scenario> = {
  'a push serves who waits, in order of arrival': [
    'A: blpop l 0',
    'B: brpop l 0',
    'C: blpop l 0',
    'W: rpush l 1 2 3 4',
    'W: lrange l 0 -1',
    'A: blpop l 0',
    'A: blpop l 0',
    'B: brpop x y l 0',
    'W: lpush y 1',
    'W: lpush l 1',
    'W: lpush l 2',
    'A: ping',
    'B: ping',
  ],
  'the key that became ready first serves, whatever the others hold': [
    'A: blpop a b 0',
    'W: multi',
    'W: lpush b 1',
    'W: lpush a 2',
    'W: exec',
    'W: lrange a 0 -1',
    'W: del a',
    'A: blpop a b 0',
    'W: set a string',
    'W: lpush b 2',
    'A: ping',
    'A: blpop a b 0',
    'W: del a',
    'A: blpop b a b 0',
    'W: multi',
    'W: lpush a 1',
    'W: del a',
    'W: lpush a 2 3',
    'W: exec',
    'A: ping',
    'A: lrange a 0 -1',
  ],
  'within EXEC nobody is served, and nothing waits': [
    'A: blpop a 0',
    'W: multi',
    'W: lpush a 1',
    'W: lpop a',
    'W: exec',
    'W: multi',
    'W: blpop none 0',
    'W: brpop none 0',
    'W: brpoplpush none x 0',
    'W: blmove none x left right 0',
    'W: blmpop 0 2 none none2 left',
    'W: wait 1 0',
    'W: exec',
    'W: lpush a 2',
    'A: ping',
  ],
  'who is served may serve others': [
    'A: blmove a b left right 0',
    'B: brpoplpush b c 0',
    'C: blpop c 0',
    'D: blpop a 0',
    'W: rpush a 1',
    'W: exists a b c',
    'W: rpush a 2',
    'A: blmove p q left left 0',
    'B: blmove q p left left 0',
    'W: rpush p x',
    'W: lrange p 0 -1',
    'W: lrange q 0 -1',
    'A: brpoplpush s s 0',
    'W: rpush s 1 2 3',
    'W: lrange s 0 -1',
    'A: ping',
  ],
  'a target of another type is an error, and the element stays': [
    'A: blmove a b left left 0',
    'B: blpop a 0',
    'W: set b x',
    'W: lpush a 1',
    'A: ping',
    'B: ping',
  ],
  'many at once': [
    'A: blmpop 0 2 a b left count 2',
    'B: blmpop 0 1 b right',
    'W: rpush b 1 2 3 4',
    'W: lrange b 0 -1',
    'A: blmpop 0 3 a b c left count 10',
    'W: del b',
    'W: multi',
    'W: rpush c 1 2 3',
    'W: rpush a 1',
    'W: exec',
    'A: ping',
    'A: del a',
  ],
  'every way that a key can come': [
    'A: blpop k 0',
    'W: lpush x 1',
    'W: rename x k',
    'A: blpop k 0',
    'W: lpush x 1',
    'W: copy x k',
    'A: blpop k 0',
    'W: copy x k db 1',
    'W: select 1',
    'W: move k 0',
    'A: blpop k 0',
    'W: rpush k 1',
    'W: swapdb 0 1',
    'A: blpop k 0',
    'W: rpush y 1',
    'W: copy y k db 0 replace',
    'W: select 0',
    'A: blpop k 0',
    'W: renamenx x k',
    'A: blpop k 0',
    'W: setbit k 1 1',
    'W: del k',
    'W: rpush src 5',
    'W: lmove src k left left',
    'A: blpop k 0',
    'W: rpush src 5',
    'W: rpoplpush src k',
    'A: blpop k 0',
    'W: linsert k before x y',
    'W: lpushx k 1',
    'W: setrange k 0 x',
    'W: rpush k 1',
    'W: del k',
    'W: rpush k 1 2',
    'W: lpop k',
    'A: ping',
  ],
  timeouts: [
    'A: blpop k 0.001',
    'W: debug sleep 0.02',
    'A: brpoplpush k x 0.001',
    'W: debug sleep 0.02',
    'A: blmove k x left left 0.001',
    'W: debug sleep 0.02',
    'A: blmpop 0.001 1 k left',
    'W: debug sleep 0.02',
    'A: bzpopmax none 0.001',
    'W: debug sleep 0.02',
    'A: bzmpop 0.001 1 none min',
    'W: debug sleep 0.02',
    'A: wait 1 1',
    'W: debug sleep 0.02',
    'A: wait 0 0',
    'A: hello 3',
    'A: blpop k 0.001',
    'W: debug sleep 0.02',
    'A: brpoplpush k x 0.001',
    'W: debug sleep 0.02',
    'A: blmpop 0.001 1 k left',
    'W: debug sleep 0.02',
    'A: blpop k -1',
    'A: blpop k x',
    'A: blpop k nan',
    'A: blpop k inf',
    'A: blpop k -inf',
    'A: blpop k 1e30',
    'A: blpop k ""',
    'A: blpop k " 1"',
    'A: wait 1 -1',
    'A: wait x 1',
    'A: wait 1 x',
    'A: wait -1 0',
    'A: blpop k -0.0001',
    'W: rpush k 1',
    'A: blpop k 9000000000000000',
    'W: rpush k 1',
    'A: blpop k 0x1p3',
    'W: rpush k 1',
    'A: ping',
  ],
  'sorted sets': [
    'A: bzpopmin a b 0',
    'B: bzpopmax b 0',
    'C: bzmpop 0 2 a b min count 2',
    'D: blpop a b 0',
    'W: zadd b 1 x 2 y 3 z 4 w',
    'W: zrange b 0 -1',
    'D: ping',
    'A: bzpopmin a b 0',
    'A: bzpopmin a b 0',
    'W: multi',
    'W: zadd b 1 x',
    'W: zadd a 1 x',
    'W: exec',
    'W: rpush a 1',
    'W: del b a',
    'W: rpush a 1',
    'A: ping',
    'A: hello 3',
    'A: bzpopmin none 0',
    'W: zadd none 1.5 m',
  ],
  'CLIENT UNBLOCK, CLIENT REPLY and who leaves': [
    'A: client reply skip',
    'A: blpop k 0',
    'W: rpush k 1',
    'A: ping',
    'A: client reply off',
    'A: blpop k 0',
    'W: rpush k 1',
    'A: client reply on',
    'A: blpop k 0',
    'W: client unblock 99999999',
    'W: client unblock x',
    'W: client unblock 1 no',
    'W: client unblock 1 timeout x',
    'B: blpop k 0',
    'W: rpush k 1 2',
  ],
  'who listens hears of what was done for those who waited': [
    'S: config set notify-keyspace-events KEAmn',
    'S: psubscribe __key*',
    'A: blpop a 0',
    'B: brpoplpush b c 0',
    'W: rpush a 1',
    'W: rpush b 1',
    'W: config set notify-keyspace-events ""',
  ],
};

/** The scenario in which time passes. */
const TIMED = 'timeouts';

const skip = skipWithout('redis-server');
let redis: RunningServer;
let ours: HyperCache;

before(async () => {
  if (skip) return;
  redis = await startRedis({ args: ['--enable-debug-command', 'local'] });
  ours = await HyperCache.start({
    port: 0,
    settings: { 'security.enable_debug_command': 'local' },
  });
});

after(async () => {
  if (skip) return;
  await Promise.all([redis.stop(), ours.stop()]);
});

for (const [name, scenario] of Object.entries(SCENARIOS)) {
  test(`as redis-server: ${name}`, { skip }, () => compare(scenario, name));
}

test('as redis-server: conversations drawn at random', { skip }, async () => {
  const seed = Number(process.env['TEST_SEED'] ?? Date.now() % 1_000_000);
  const draw = seededDraws(seed);
  for (let round = 0; round < 12; round++) {
    await compare(drawScenario(draw), `TEST_SEED=${seed}, round ${round}`);
  }
});

async function compare(scenario: Scenario, what: string): Promise<void> {
  const expected = await play(redis.port, scenario, what);
  const found = await play(ours.port, scenario, what);
  assert.ok(expected.length > (what === TIMED ? 1 : 5));
  const index = expected.findIndex((line, at) => line !== found[at]);
  if (index >= 0) assert.equal(found[index], expected[index], `${what}, line ${index}`);
  assert.equal(found.length, expected.length, what);
}

async function play(port: number, scenario: Scenario, what: string): Promise<string[]> {
  const transcript = await playScenario(port, [...scenario, 'Z: flushall']);
  return what === TIMED ? perClient(transcript) : transcript;
}

/** What each client got in all: on a busy machine a timeout passes a line earlier or later. */
function perClient(transcript: readonly string[]): string[] {
  const texts = new Map<string, string>();
  for (const line of transcript) {
    const [, name, text] = / -> (\w+) "(.*)"$/s.exec(line) as RegExpExecArray;
    texts.set(name, (texts.get(name) ?? `${name}: `) + text);
  }
  return [...texts.values()];
}

/** Five clients that mostly wait, for three keys, and two that write, in and out of MULTI. */
function drawScenario(draw: Draw): string[] {
  const key = () => 'abc'[draw(3)];
  const end = () => (draw(2) === 0 ? 'left' : 'right');
  const waits = [
    () => `blpop ${key()} 0`,
    () => `brpop ${key()} ${key()} 0`,
    () => `blpop ${key()} ${key()} ${key()} 0`,
    () => `blmove ${key()} ${key()} ${end()} ${end()} 0`,
    () => `brpoplpush ${key()} ${key()} 0`,
    () => `blmpop 0 2 ${key()} ${key()} ${end()} count 2`,
    () => 'ping',
  ];
  const writes = [
    () => `rpush ${key()} ${draw(100)}`,
    () => `lpush ${key()} ${draw(100)} ${draw(100)} ${draw(100)}`,
    () => `del ${key()}`,
    () => `rename ${key()} ${key()}`,
    () => `copy ${key()} ${key()} replace`,
    () => `lmove ${key()} ${key()} ${end()} ${end()}`,
    () => `set ${key()} x`,
    () => `lpop ${key()}`,
    () => `lrange ${key()} 0 -1`,
    () => 'multi',
    () => 'exec',
    () => 'exec',
    () => 'select 1',
    () => 'select 0',
  ];
  return Array.from({ length: 150 }, () => {
    if (draw(3) === 0) return `${'ABCDE'[draw(5)]}: ${waits[draw(waits.length)]()}`;
    return `${'VW'[draw(2)]}: ${writes[draw(writes.length)]()}`;
  });
}
