import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { HyperCache } from '../../src/index.ts';
import { type Draw, seededDraws } from '../../src/testing/seeded.ts';
import { type RunningServer, skipWithout, startRedis } from '../support/server.ts';
import { playScenario, type Scenario } from './transcript.ts';

/** Client-side caching: every client must hear from us what it hears from Redis. */
const SCENARIOS: Record<string, Scenario> = {
  'a key that was read is told once when it changes': [
    'A: hello 3',
    'A: client tracking on',
    'A: client trackinginfo',
    'A: mget a b a',
    'B: set a 1',
    'B: set a 2',
    'B: set other 1',
    'A: get a',
    'B: expire a 100',
    'A: get a',
    'B: persist a',
    'A: exists a c',
    'B: rename a c',
    'A: mget c d',
    'B: copy c d',
    'A: get c',
    'B: del c nosuch',
    'A: strlen e',
    'B: append e x',
    'A: getrange e 0 1',
    'B: getex e ex 100',
    'A: type e',
    'B: move e 1',
    'A: client tracking off',
    'A: get a',
    'B: set a 3',
    'A: ping',
  ],
  'its own changes are told after the reply, and after all of a transaction': [
    'A: hello 3',
    'A: client tracking on',
    'A: get k',
    'A: set k 1',
    'A: mget k j',
    'A: multi',
    'A: set k 2',
    'A: set j 2',
    'A: get k',
    'A: exec',
    'B: set k 3',
    'A: flushall',
    'A: get k',
    'B: flushdb',
    'A: client tracking on noloop',
    'A: get k',
    'A: set k 1',
    'A: get k',
    'B: set k 1',
  ],
  'OPTIN, OPTOUT and what CLIENT CACHING holds for': [
    'A: client caching yes',
    'A: hello 3',
    'A: client tracking on optin',
    'A: client caching no',
    'A: client caching perhaps',
    'A: get a',
    'A: client caching yes',
    'A: client trackinginfo',
    'A: get b',
    'A: get c',
    'B: mset a 1 b 1 c 1',
    'A: client caching yes',
    'A: multi',
    'A: get a',
    'A: get b',
    'A: exec',
    'A: get c',
    'B: mset a 1 b 1 c 1',
    'A: client caching yes',
    'A: nosuch',
    'A: get a',
    'A: client caching yes',
    'A: get',
    'A: get b',
    'A: client caching yes',
    'A: client getname',
    'A: get c',
    'B: mset a 1 b 1 c 1',
    'A: client tracking on optout',
    'A: client tracking on bcast',
    'A: client tracking off',
    'A: client tracking on optout',
    'A: client caching yes',
    'A: client caching no',
    'A: client trackinginfo',
    'A: get a',
    'A: get b',
    'B: mset a 1 b 1 c 1',
  ],
  'BCAST tells of prefixes, in order, and excludes overlaps': [
    'A: hello 3',
    'A: client tracking on bcast prefix foo prefix bar',
    'A: client trackinginfo',
    'A: client tracking on bcast prefix fo',
    'A: client tracking on bcast prefix z prefix zz',
    'B: mset foo2 1 foo1 1 bar 1 baz 1',
    'B: del foo1 baz',
    'A: set foo1 2',
    'A: client tracking on bcast prefix q noloop',
    'A: set foo1 2',
    'B: set qq 1',
    'A: client tracking on bcast',
    'A: client trackinginfo',
    'B: set foo 1',
    'B: flushall',
    'A: client tracking on',
    'A: reset',
    'A: client trackinginfo',
    'B: set foo1 1',
  ],
  'REDIRECT to a subscriber, and a redirection that breaks': [
    'B: ping',
    'A: client tracking on redirect 999999',
    'A: client tracking on redirect {B} redirect {B}',
    'A: client tracking on redirect {B}',
    'A: client trackinginfo',
    'A: get k',
    'C: set k 1',
    'B: subscribe __redis__:invalidate',
    'A: get k',
    'C: set k 2',
    'A: get k',
    'A: set k 3',
    'C: flushall',
    'B: quit',
    'A: get k',
    'C: set k 4',
    'A: client trackinginfo',
    'A: hello 3',
    'A: get k',
    'C: set k 5',
    'C: hello 3',
    'A: client tracking on redirect {C}',
    'A: client trackinginfo',
    'A: get k',
    'A: set k 6',
  ],
  'RESP2 without a redirection hears nothing': [
    'A: client tracking on',
    'A: get k',
    'B: set k 1',
    'A: set k 2',
    'A: client getredir',
    'A: client tracking off',
    'A: client getredir',
  ],
  'CLIENT REPLY does not silence what is told': [
    'A: hello 3',
    'A: client tracking on',
    'A: get k',
    'A: client reply off',
    'A: set k 1',
    'A: get k',
    'B: set k 2',
    'A: client reply on',
    'A: get k',
    'A: client reply skip',
    'A: set k 3',
    'A: ping',
  ],
  'options that contradict themselves': [
    'A: client tracking',
    'A: client tracking maybe',
    'A: client tracking on optin optout',
    'A: client tracking on bcast optin',
    'A: client tracking on bcast optin optout',
    'A: client tracking on prefix a',
    'A: client tracking on redirect',
    'A: client tracking on redirect x',
    'A: client tracking on redirect 0',
    'A: client tracking on nonsense',
    'A: client tracking off bcast optin',
    'A: client tracking on optin',
    'A: client tracking on optout',
    'A: client tracking on',
    'A: client trackinginfo',
  ],
};

const KEYS = ['a1', 'a2', 'b1', 'b2', 'c'];
const LINES_A_RUN = 250;

/** Two clients track, each in ways of its own, one of them by a subscriber; a third one writes. */
function drawScenario(draw: Draw): Scenario {
  const isModern = draw(2) === 0;
  const lines = ['A: hello 3', 'D: ping', 'W: flushall'];
  if (isModern) lines.push('C: hello 3', 'D: hello 3');
  lines.push('C: client tracking on redirect {D}', 'D: subscribe x', 'A: client tracking on');
  for (let i = 0; i < LINES_A_RUN; i++) {
    const name = ['A', 'A', 'C', 'W', 'W'][draw(5)];
    if (draw(12) === 0) lines.push(...drawTransaction(draw, name));
    else if (name !== 'W' && draw(5) === 0) lines.push(drawTracking(draw, name));
    else lines.push(`${name}: ${drawCommand(draw)}`);
  }
  return lines;
}

function drawTransaction(draw: Draw, name: string): string[] {
  const lines = [`${name}: multi`];
  for (let i = draw(5); i > 0; i--) lines.push(`${name}: ${drawCommand(draw)}`);
  return [...lines, draw(6) === 0 ? `${name}: discard` : `${name}: exec`];
}

function drawTracking(draw: Draw, name: string): string {
  const flags = ['', '', ' noloop', ' optin', ' optout', ' bcast', ' bcast noloop'];
  const modes = [...flags, ' bcast prefix a', ' bcast prefix b prefix c', ' bcast prefix a1'];
  const words = ['trackinginfo', 'caching yes', 'caching yes', 'caching no', 'caching no'];
  const kind = draw(8);
  if (kind < words.length) return `${name}: client ${words[kind]}`;
  // C has no other way to hear: {D} cannot be asked for its id any more.
  if (name === 'C') return 'C: client getname';
  return draw(3) === 0
    ? `${name}: client tracking off`
    : `${name}: client tracking on${modes[draw(modes.length)]}`;
}

function drawCommand(draw: Draw): string {
  const key = KEYS[draw(KEYS.length)];
  const other = KEYS[draw(KEYS.length)];
  const calls = [
    ...[`get ${key}`, `get ${key}`, `mget ${key} ${other}`, `mget ${key} ${other} ${key}`],
    ...[`exists ${key} ${other}`, `strlen ${key}`, `ttl ${key}`, `type ${key}`, `touch ${key}`],
    ...[
      `getbit ${key} 3`,
      `bitcount ${key}`,
      `getrange ${key} 0 1`,
      `dbsize`,
      `lcs ${key} ${other}`,
    ],
    ...[`set ${key} 1`, `set ${key} 1 nx`, `set ${key} 1 xx get`, `mset ${key} 1 ${other} 2`],
    ...[`incr ${key}`, `append ${key} 1`, `setrange ${key} 1 2`, `setbit ${key} 3 1`],
    ...[
      `del ${key} ${other}`,
      `unlink ${key}`,
      `getdel ${key}`,
      `getset ${key} 5`,
      `expire ${key} 99`,
    ],
    ...[`persist ${key}`, `getex ${key} ex 99`, `getex ${key}`, `expire ${key} -1`],
    ...[`rename ${key} ${other}`, `renamenx ${key} ${other}`, `copy ${key} ${other}`],
    ...[`copy ${key} ${other} replace`, `msetnx ${key} 1 ${other} 1`, `move ${key} 1`],
    ...[`bitop or ${key} ${other}`, `incrbyfloat ${key} 1`, 'flushall', 'get', 'nosuch', 'ping'],
  ];
  return calls[draw(calls.length)];
}

const skip = skipWithout('redis-server');
let redis: RunningServer;
let ours: HyperCache;

before(async () => {
  if (skip) return;
  redis = await startRedis();
  ours = await HyperCache.start({ port: 0 });
});

after(async () => {
  if (skip) return;
  await Promise.all([redis.stop(), ours.stop()]);
});

for (const [name, scenario] of Object.entries(SCENARIOS)) {
  test(`as redis-server: ${name}`, { skip }, async () => {
    const expected = await playScenario(redis.port, scenario);
    const found = await playScenario(ours.port, scenario);
    assert.ok(expected.length > 3);
    assert.deepEqual(found, expected);
  });
}

const RUN_COUNT = 4;

for (let run = 1; run <= RUN_COUNT; run++) {
  test(`as redis-server: a random conversation, ${run}`, { skip }, async () => {
    const seed = Number(process.env['TEST_SEED'] ?? Date.now() % 1_000_000) + run;
    const scenario = drawScenario(seededDraws(seed));
    const expected = await playScenario(redis.port, scenario);
    const found = await playScenario(ours.port, scenario);
    assert.ok(expected.length > LINES_A_RUN);
    assert.deepEqual(found, expected, `TEST_SEED=${seed - run}`);
  });
}
