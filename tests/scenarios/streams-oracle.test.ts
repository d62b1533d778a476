import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { HyperCache } from '../../src/index.ts';
import { createCommandKit } from '../../src/testing/command-kit.ts';
import { type RealRedis, startRealRedis } from '../../src/testing/real-redis.ts';
import { playScenario, type Scenario } from './transcript.ts';

/** Clients that wait for entries, and what is passed on of streams: as redis-server has it. */
const SCENARIOS: Record<string, Scenario> = {
  'an entry serves all who read, each from where it was': [
    'A: xread block 0 streams s $',
    'B: xread count 1 block 0 streams s 0',
    'C: xread block 0 streams other s 0 5-0',
    'W: xadd s 1-1 f 1',
    'W: xadd s 1-2 f 2',
    'W: xadd s 6-1 f 3',
    'A: xread block 0 streams s $',
    'A: ping',
    'W: xadd s 7-1 f 4',
    'B: hello 3',
    'B: xread block 0 streams s x $ 0',
    'W: xadd s 7-2 f 5',
    'B: xread block 0 streams s $',
    'W: xadd x 1-1 f 5',
    'W: xadd s 7-3 f 5',
  ],
  'what was added and is gone again wakes who waits, with nothing': [
    'A: xread block 0 streams s 0',
    'W: multi',
    'W: xadd s 1-1 f 1',
    'W: xdel s 1-1',
    'W: exec',
    'B: xread block 0 streams s $',
    'W: xadd s maxlen 0 1-2 f 1',
    'C: xread block 0 streams s $',
    'W: xsetid s 5-0',
    'W: xtrim s maxlen 0',
    'W: xadd s 5-1 f 1',
  ],
  'within EXEC nothing waits': [
    'W: multi',
    'W: xread block 0 streams s $',
    'W: xreadgroup group g c block 0 streams s >',
    'W: exec',
    'W: xgroup create s g $ mkstream',
    'W: multi',
    'W: xreadgroup group g c block 0 streams s >',
    'W: xread block 0 streams s 0-0',
    'W: exec',
  ],
  'a group delivers each entry once, to who came first': [
    'W: xgroup create s g $ mkstream',
    'A: xreadgroup group g alice block 0 streams s >',
    'B: xreadgroup group g bob block 0 count 1 noack streams s >',
    'C: xread block 0 streams s $',
    'W: xadd s 1-1 f 1',
    'W: xadd s 1-2 f 2',
    'W: xpending s g',
    'A: xreadgroup group g alice block 0 streams s >',
    'W: multi',
    'W: xadd s 2-1 f 1',
    'W: xadd s 2-2 f 2',
    'W: xadd s 2-3 f 3',
    'W: exec',
    'B: xreadgroup group g bob count 1 block 0 streams s >',
    'W: xpending s g',
    'A: xreadgroup group g alice block 0 streams s 0',
    'A: xack s g 1-1 2-1 2-1 2-9',
    'A: xreadgroup group g alice block 0 count 1 streams s 0',
    'W: xinfo groups s',
  ],
  'who waits hears when its key or its group goes': [
    'W: xgroup create s g $ mkstream',
    'A: xreadgroup group g a block 0 streams s >',
    'B: xreadgroup group g b block 0 streams s >',
    'C: xread block 0 streams s $',
    'W: xgroup destroy s g',
    'W: xgroup create s g $',
    'A: xreadgroup group g a block 0 streams s >',
    'W: del s',
    'W: xgroup create s g $ mkstream',
    'A: xreadgroup group g a block 0 streams s >',
    'W: set s x',
    'W: del s',
    'W: xgroup create s g $ mkstream',
    'A: xreadgroup group g a block 0 streams s >',
    'W: rename s elsewhere',
    'W: xadd s 1-1 f 1',
    'A: ping',
    'W: xgroup create t g $ mkstream',
    'A: xreadgroup group g a block 0 streams t >',
    'W: multi',
    'W: del t',
    'W: xadd t 1-1 f 1',
    'W: exec',
    'A: ping',
  ],
  'a stream that comes by RENAME or COPY serves': [
    'W: xadd from 3-1 f 1',
    'A: xread block 0 streams s 0',
    'W: rename from s',
    'B: xread block 0 streams t 0',
    'W: copy s t',
    'C: xread block 0 streams u 0',
    'W: lpush u 1',
    'W: del u',
    'W: xadd u 1-1 f 1',
  ],
};

/** After each the effects are compared with what redis-server writes to its AOF. */
const RECORDED: readonly string[] = [
  'xadd s 1-1 f 1',
  'xadd s 2-* f 1 g 2',
  'xadd s 2-* f 1',
  'xadd s nomkstream maxlen = 2 3-* f 1',
  'xadd none nomkstream 1-1 f 1',
  'xadd s minid 2-1 4-1 f 1',
  'xtrim s maxlen 2',
  'xtrim s maxlen 2',
  'xdel s 9-9',
  'xadd s 9-9 f 1',
  'xdel s 9-9 8-8',
  'xgroup create s g 0',
  'xgroup create new g $ mkstream entriesread 0',
  'xgroup createconsumer s g idle',
  'xreadgroup group g alice count 1 streams s >',
  'xreadgroup group g bob noack count 1 streams s >',
  'xreadgroup group g bob streams s >',
  'xadd s 10-1 f 1',
  'xadd s 10-2 f 1',
  'xadd s 10-3 f 1',
  'xreadgroup group g carl noack streams s >',
  'xclaim s g dora 0 10-1 10-2 force',
  'xclaim s g dora 0 10-1 justid retrycount 7 time 1000',
  'xclaim s g dora 0 77-1 lastid 20-0',
  'xclaim s g dora 0 10-1 lastid 30-0',
  'xdel s 10-2',
  'xclaim s g bob 0 10-2',
  'xautoclaim s g bob 0 - count 1',
  'xdel s 10-1',
  'xautoclaim s g dora 0 - justid',
  'xack s g 3-0',
  'xack s g 4-1 9-9',
  'xgroup setid s g 5-5 entriesread 3',
  'xsetid s 50-1 entriesadded 100 maxdeletedid 40-0',
  'xgroup delconsumer s g bob',
  'xgroup delconsumer s g nobody',
  'xgroup destroy s g',
  'xgroup destroy s g',
  'config set stream-node-max-entries 2',
  'xadd t 1-1 f 1',
  'xadd t 1-2 f 1',
  'xadd t 1-3 f 1',
  'xadd t maxlen ~ 2 1-4 f 1',
  'xadd t maxlen ~ 2 1-5 f 1',
  'xadd t minid ~ 1-4 1-6 f 1',
  'xadd t minid ~ 1-6 1-7 f 1',
  'xadd t 1-8 f 1',
  'xtrim t maxlen ~ 3',
  'xtrim t maxlen ~ 3',
  'xtrim t minid ~ 9-9',
  'xadd t 1-9 f 1',
  'xadd t minid ~ 99-99 1-10 f 1',
];

let redis: RealRedis | null;
let ours: HyperCache;

before(async () => {
  redis = await startRealRedis({ flags: ['--appendonly', 'yes'] });
  ours = await HyperCache.start({ port: 0 });
});

after(async () => {
  await redis?.stop();
  await ours.stop();
});

for (const [name, scenario] of Object.entries(SCENARIOS)) {
  test(`as redis-server: ${name}`, async (context) => {
    if (redis === null) return context.skip('no redis-server');
    const expected = await playScenario(redis.port, [...scenario, 'Z: flushall']);
    const found = await playScenario(ours.port, [...scenario, 'Z: flushall']);
    assert.ok(expected.length > 5);
    const index = expected.findIndex((line, at) => line !== found[at]);
    if (index >= 0) assert.equal(found[index], expected[index], `line ${index}`);
    assert.equal(found.length, expected.length);
  });
}

test('effects on streams are what redis-server writes to its AOF', async (context) => {
  if (redis === null) return context.skip('no redis-server');
  const kit = await createCommandKit();
  await redis.call('FLUSHALL');
  const aof = readAof(redis.directory);
  let comparedCount = 0;
  for (const line of RECORDED) {
    const words = line.split(' ');
    const theirs = await redis.call(...words);
    assert.deepEqual(typeof kit.ask(...words), typeof theirs, line);
    const expected = aof().map(masked);
    // Redis leaves unsaid the consumer that comes with its first entry, and, but for NOACK, how
    // many entries its group has read then: its replicas do not know it.
    const isNews = (effect: string) =>
      /^xgroup|noack/i.test(line) || !/^XGROUP (CREATECONSUMER|SETID)/i.test(effect);
    const found = kit.takeEffects().map(masked);
    assert.deepEqual(found.filter(isNews), expected.filter(isNews), line);
    comparedCount += expected.length;
  }
  assert.ok(comparedCount > RECORDED.length / 2, `${comparedCount} effects`);
  await kit.node.stop();
});

/** The clock of each server; options that mean the same, one spelled out. */
function masked(effect: string): string {
  return effect
    .toUpperCase()
    .replace(/ TIME \d{5,}/, ' TIME now')
    .replace('MAXLEN = ', 'MAXLEN ')
    .replace('MINID = ', 'MINID ')
    .replace(' NOMKSTREAM', '');
}

/** Each call gives the commands that were written since the one before. */
function readAof(directory: string): () => string[] {
  const folder = path.join(directory, 'appendonlydir');
  const name = fs.readdirSync(folder).find((each) => each.endsWith('.incr.aof')) as string;
  let offset = fs.statSync(path.join(folder, name)).size;
  return () => {
    const text = fs.readFileSync(path.join(folder, name), 'latin1').slice(offset);
    offset += text.length;
    const commands: string[] = [];
    const parts = text.split('\r\n');
    for (let at = 0; at < parts.length - 1; ) {
      const count = Number(parts[at].slice(1));
      const words = Array.from({ length: count }, (_, i) => parts[at + 2 + 2 * i]);
      at += 1 + 2 * count;
      if (!/^(multi|exec|select)$/i.test(words[0])) commands.push(words.join(' '));
    }
    return commands;
  };
}
