import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { plainReply, type Reply } from '../../src/testing/reply-decoder.ts';
import { type Draw, seededDraws } from '../../src/testing/seeded.ts';
import { type RunningServer, skipWithout, startOurs, startRedis } from '../support/server.ts';
import { type Argument, WireClient } from '../support/wire-client.ts';

/** DUMP beside redis-server: byte for byte where both keep a value alike, and taken by RESTORE. */
const SEED = Number(process.env['TEST_SEED'] ?? Date.now() % 1_000_000);
const draw: Draw = seededDraws(SEED);

type Command = Argument[];

const WORDS = ['the ', 'quick ', 'brown ', 'fox ', 'jumps ', '1', '22', '\n', '{"id":'];
const REDIS_ARGS = ['--enable-debug-command', 'yes'];

const skip = skipWithout('redis-server');
let servers: RunningServer[] = [];
let ours: WireClient;
let redis: WireClient;

before(async () => {
  if (skip) return;
  const started = await Promise.all([startOurs(), startRedis({ args: REDIS_ARGS })]);
  servers = started;
  [ours, redis] = await Promise.all(started.map(({ port }) => WireClient.connect(port)));
});

after(async () => {
  ours?.socket.destroy();
  redis?.socket.destroy();
  for (const server of servers) await server.stop();
});

/** The same commands on both. */
async function runBoth(commands: readonly Command[]): Promise<void> {
  for (const client of [ours, redis]) {
    await client.call('FLUSHALL');
    client.sendCommands(commands);
    for (const reply of await client.take(commands.length)) {
      assert.notEqual(reply.kind, 'error', JSON.stringify(reply));
    }
  }
}

function bytesOf(reply: Reply): Buffer {
  assert.equal(reply.kind, 'bulk', JSON.stringify(reply));
  return (reply as { bytes: Buffer }).bytes;
}

async function dumpBoth(): Promise<[Buffer, Buffer]> {
  return [bytesOf(await ours.call('DUMP', 'k')), bytesOf(await redis.call('DUMP', 'k'))];
}

const CASES: Readonly<Record<string, readonly Command[][]>> = {
  integers: integers().map((value) => [['SET', 'k', value]]),
  'texts of every length and kind': texts().map((value) => [['SET', 'k', value]]),
  'strings changed in place': [
    [['APPEND', 'k', '123']],
    [
      ['SET', 'k', '12'],
      ['APPEND', 'k', '34'],
    ],
    [
      ['SET', 'k', '41'],
      ['INCR', 'k'],
    ],
    [['SETRANGE', 'k', '100', 'x']],
    [['SETBIT', 'k', '9999', '1']],
    [['PFADD', 'k', ...many(500, (i) => [`m${i}`])]],
  ],
  lists: [
    [['RPUSH', 'k', 'a', 'b', '1', '-5', '12345678901234', '-9223372036854775808', '']],
    [['LPUSH', 'k', 'a', 'b', ...many(100, () => ['z'])]],
    ...[10, 100, 300, 900].map((count) => [['RPUSH', 'k', ...many(count, (i) => [`e${i * 7}`])]]),
    [['RPUSH', 'k', ...[9_000, 1, 5_000, 4_000, 100_000, 2].map((length) => noise(length))]],
  ],
  'long lists that grew at their end': [
    many(200, (j) => [['RPUSH', 'k', ...many(100, (i) => [`element-${(j * 100 + i) * 31}`])]]),
    [['RPUSH', 'k', ...many(3_000, (i) => [`${i * 9_973}`])]],
  ],
  'small hashes': [
    [['HSET', 'k', 'f', 'v', 'g', '1', 'h', 'x'.repeat(64), '', '']],
    [['HSET', 'k', 'f', 'x'.repeat(65)]],
    [['HSET', 'k', ...many(20, (i) => [`f${i}`, `v${i}`])]],
  ],
  'sets that are the same in both': [
    [['SADD', 'k', '1', '2', '-3']],
    [['SADD', 'k', '1', '200000']],
    [['SADD', 'k', '1', '-9223372036854775808', '9007199254740993']],
    [['SADD', 'k', ...many(512, (i) => [`${i * 70}`])]],
    [['SADD', 'k', 'alone']],
  ],
  'sorted sets': [
    [['ZADD', 'k', '1', 'a', '2.5', 'b', '-inf', 'c', 'inf', 'd', '1e300', 'e', '0.1', '3']],
    [['ZADD', 'k', '1', 'x'.repeat(65), '2', 'b', '3.25', 'c']],
    [['ZADD', 'k', ...many(128, (i) => [`${(i * 3) % 64}.5`, `${'m'.repeat(60)}${i}`])]],
    ...[100, 129, 400, 512].map((count) => [
      ['ZADD', 'k', ...many(count, (i) => [`${((i * 3) % count) / 2}`, `member${i}`])],
    ]),
  ],
  streams: [
    [
      ['XADD', 'k', '1-1', 'a', '1'],
      ['XADD', 'k', '1-2', 'a', 'hello'],
      ['XADD', 'k', '2-0', 'b', '-77', 'c', 'x'],
      ['XADD', 'k', '5-18446744073709551615', 'a', 'zz'],
    ],
    [
      ['XADD', 'k', '18446744073709551614-5', 'a', '1'],
      ['XADD', 'k', '18446744073709551615-18446744073709551615', 'a', '9223372036854775807'],
    ],
    many(250, (i) => [readingAt(i)]),
    [
      ...many(50, (i) => [readingAt(i)]),
      ['XDEL', 'k', '1003-1', '1006-2', '1030-2'],
      ['XTRIM', 'k', 'MAXLEN', '40'],
    ],
    [
      ['XADD', 'k', '1-1', 'a', 'b'],
      ['XSETID', 'k', '9-9', 'ENTRIESADDED', '100', 'MAXDELETEDID', '3-3'],
    ],
  ],
  'groups of streams': [
    [['XGROUP', 'CREATE', 'k', 'g', '$', 'MKSTREAM']],
    [
      ...many(20, (i) => [['XADD', 'k', `${i + 1}-0`, 'f', `${i}`]]),
      ['XGROUP', 'CREATE', 'k', 'g1', '0'],
      ['XGROUP', 'CREATE', 'k', 'g2', '5-0', 'ENTRIESREAD', '5'],
      ['XGROUP', 'CREATE', 'k', 'a group of a long name', '$'],
    ],
  ],
};

for (const [name, cases] of Object.entries(CASES)) {
  test(`DUMP of ${name} gives the bytes that redis-server gives, seed ${SEED}`, {
    skip,
  }, async () => {
    for (const commands of cases) {
      await runBoth(commands);
      const [mine, theirs] = await dumpBoth();
      const what = JSON.stringify(commands).slice(0, 200);
      assert.equal(mine.toString('hex'), theirs.toString('hex'), what);
    }
  });
}

/** Values that the two keep in another order or form. */
const OTHERS: Readonly<Record<string, readonly Command[]>> = {
  'a set': [['SADD', 'k', ...many(60, (i) => [`m${i}`, `${i}`])]],
  'a large set': [['SADD', 'k', ...many(20_000, (i) => [`m${i * 3}`, `${i}`])]],
  'a hash of long values': [['HSET', 'k', ...many(60, (i) => [`f${i}`, 'v'.repeat(60)])]],
  'a large hash': [['HSET', 'k', ...many(9_000, (i) => [`f${i}`, i % 50 ? `${i}` : noise(3_000)])]],
  'a large sorted set': [['ZADD', 'k', ...many(20_000, (i) => [`${(i * 7) % 999}.5`, `m${i}`])]],
  'a list that grew at its head': many(100, (j) => [
    ['LPUSH', 'k', ...many(100, (i) => [`element-${j * 100 + i}`])],
  ]),
  'a long string': [['SET', 'k', noise(3_000_000)]],
  'a stream of large entries': many(40, (i) => [['XADD', 'k', `${i + 1}-0`, 'f', noise(9_000)]]),
};

for (const [name, commands] of Object.entries(OTHERS)) {
  test(`redis-server takes DUMP of ${name} for the same value`, { skip }, async () => {
    await runBoth(commands);
    const [mine] = await dumpBoth();
    assert.deepEqual(plainReply(await redis.call('RESTORE', 'restored', '0', mine)), 'OK');
    const digests = plainReply(await redis.call('DEBUG', 'DIGEST-VALUE', 'k', 'restored'));
    const [original, restored] = digests as string[];
    assert.equal(restored, original);
  });
}

test('redis-server takes over who of a group has what pending', { skip }, async () => {
  await ours.call('FLUSHALL');
  await redis.call('FLUSHALL');
  const count = 9_000;
  const commands: Command[] = many(count, (i) => [['XADD', 'k', `${i + 1}-0`, 'f', 'v']]);
  commands.push(
    ['XGROUP', 'CREATE', 'k', 'g', '0'],
    ['XGROUP', 'CREATECONSUMER', 'k', 'g', 'idle'],
  );
  const shares = [5_000, 1, ...many(200, () => [draw(20)])];
  for (const [i, share] of shares.entries()) {
    if (share === 0) continue;
    const words = ['GROUP', 'g', `c${i}`, 'COUNT', `${share}`, 'STREAMS', 'k', '>'];
    commands.push(['XREADGROUP', ...words]);
  }
  commands.push(['XCLAIM', 'k', 'g', 'late', '0', '5-0', '900-0', 'TIME', '77', 'RETRYCOUNT', '9']);
  commands.push(['XADD', 'k', `${2n ** 54n}-3`, 'f', 'v']);
  commands.push(['XREADGROUP', 'GROUP', 'g', 'late', 'STREAMS', 'k', '>']);
  ours.sendCommands(commands);
  await ours.take(commands.length);
  const dumped = bytesOf(await ours.call('DUMP', 'k'));
  assert.equal(plainReply(await redis.call('RESTORE', 'k', '0', dumped)), 'OK');
  for (const question of [
    ['XPENDING', 'k', 'g'],
    ['XINFO', 'GROUPS', 'k'],
    ['XPENDING', 'k', 'g', '-', '+', '100', 'late'],
    ['XPENDING', 'k', 'g', '-', '+', '9000', 'c0'],
    ['XPENDING', 'k', 'g', '-', '+', '100', 'c7'],
  ]) {
    const [mine, theirs] = await Promise.all([ours, redis].map((one) => one.call(...question)));
    assert.deepEqual(withoutIdle(plainReply(theirs)), withoutIdle(plainReply(mine)), `${question}`);
  }
  // What redis-server has made of it is what we had: it writes the same bytes.
  assert.ok(bytesOf(await redis.call('DUMP', 'k')).equals(dumped));
});

/** How long ago is not the same at two moments. */
function withoutIdle(answer: unknown): unknown {
  if (!Array.isArray(answer)) return answer;
  const isPending = answer.length === 4 && typeof answer[2] === 'number';
  return answer.map((item, i) => (isPending && i === 2 ? 'idle' : withoutIdle(item)));
}

function integers(): string[] {
  const edges = [0n, 1n, 7n, 8n, 15n, 16n, 31n, 32n, 53n, 63n].flatMap((bits) => {
    const power = 2n ** bits;
    return [power - 1n, power, -power, -power - 1n];
  });
  return [...edges.map(String), '-0', '+1', '01', ' 1', '1e5', '12345678901', '-1234567890'];
}

function texts(): Uint8Array[] {
  const lengths = [
    0, 1, 10, 11, 12, 20, 23, 44, 45, 63, 64, 100, 300, 1_000, 16_383, 16_384, 70_000,
  ];
  return lengths.flatMap((length) => [
    noise(length),
    Buffer.alloc(length, 'abcabcdab'),
    Buffer.from(many(length, () => [97 + draw(3)])),
    Buffer.from(
      many(length, () => [WORDS[draw(WORDS.length)]])
        .join('')
        .slice(0, length),
    ),
  ]);
}

function readingAt(i: number): Command {
  const id = `${1000 + i * 3}-${i % 4}`;
  return ['XADD', 'k', id, 'temp', `${(i * 37) % 1000}`, 'name', `sensor-${i % 7}`];
}

function noise(length: number): Buffer {
  return Buffer.from(many(length, () => [draw(256)]));
}

function many<T>(count: number, one: (i: number) => T[]): T[] {
  return Array.from({ length: count }, (_, i) => one(i)).flat();
}
