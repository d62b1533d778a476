import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seedPayloads } from '../../fuzz/rdb/corpus.ts';
import { fewValues, RdbFuzz } from '../../fuzz/rdb/fuzz.ts';
import { type CommandKit, createCommandKit } from '../../src/testing/command-kit.ts';
import {
  bodyOf,
  doubleBytes,
  intsetBytes,
  lengthBytes,
  listpackBytes,
  msBytes,
  packedBytes,
  payloadOf,
  rawId,
  sealed,
  streamNode,
  stringBytes,
  wideBytes,
  ziplistBytes,
  zipmapBytes,
} from '../../src/testing/rdb-bytes.ts';
import { describeReply } from '../../src/testing/reply-decoder.ts';
import { seededDraws } from '../../src/testing/seeded.ts';
import { skipWithout, startRedis } from '../support/server.ts';
import { WireClient } from '../support/wire-client.ts';

const NO_REDIS = { skip: skipWithout('redis-server') };
const LONG = 'x'.repeat(300);

async function createKit(): Promise<CommandKit> {
  const kit = await createCommandKit(1, { records: false });
  kit.node.services.configuration.security.enableDebugCommand = 'yes';
  return kit;
}

/** redis-server, and how it answers. */
async function withRedis(
  args: readonly string[],
  use: (ask: (...words: (string | Uint8Array)[]) => Promise<string>, redis: WireClient) => unknown,
): Promise<void> {
  const quiet = ['--save', '', '--enable-debug-command', 'yes'];
  const server = await startRedis({ args: [...quiet, ...args] });
  const client = await WireClient.connect(server.port);
  try {
    await use(async (...words) => describeReply(await client.call(...words)), client);
  } finally {
    client.end();
    await server.stop();
  }
}

test(
  'every form that redis-server 7.0 takes is taken, and is the same value',
  NO_REDIS,
  async () => {
    const kit = await createKit();
    await withRedis([], async (ask) => {
      for (const { name, payload, isLater } of seedPayloads()) {
        assert.equal(kit.ask('RESTORE', name, 0, payload), 'OK', name);
        if (isLater) continue;
        assert.equal(await ask('RESTORE', name, '0', payload), '+OK', name);
        const digest = describeReply(kit.run('DEBUG', 'DIGEST-VALUE', name));
        assert.equal(digest, await ask('DEBUG', 'DIGEST-VALUE', name), name);
        if (!name.startsWith('stream')) continue;
        for (const question of [
          ['XINFO', 'GROUPS', name],
          ['XINFO', 'STREAM', name],
        ]) {
          const ours = describeReply(kit.run(...question));
          assert.equal(ours, await ask(...question), `${question.join(' ')}`);
        }
      }
    });
    await kit.node.stop();
  },
);

/** Values on both sides of each threshold: count, and the length of the longest text. */
const SIZES: readonly (readonly [number, number])[] = [
  [1, 1],
  [3, 64],
  [3, 65],
  [127, 6],
  [128, 6],
  [129, 6],
  [512, 6],
  [513, 6],
  [1000, 30],
  [20, 5000],
];

test(
  'values of redis-server of all sizes are taken: the same value, and given back',
  NO_REDIS,
  async () => {
    const kit = await createKit();
    await withRedis([], async (ask, redis) => {
      const fill = async (name: string, ...words: string[]): Promise<void> => {
        await ask(...words);
        const reply = await redis.call('DUMP', name);
        if (reply.kind !== 'bulk') return assert.fail(name);
        assert.equal(kit.ask('RESTORE', name, 0, reply.bytes), 'OK', name);
        const digest = await ask('DEBUG', 'DIGEST-VALUE', name);
        assert.equal(describeReply(kit.run('DEBUG', 'DIGEST-VALUE', name)), digest, name);
        const ours = await ask('OBJECT', 'ENCODING', name);
        // A set or list that is told as a listpack is one of later versions.
        const encoding = describeReply(kit.run('OBJECT', 'ENCODING', name));
        if (encoding !== ours) assert.match(`${name} ${encoding}`, /^(set|list) .*"listpack"$/);
        const back = kit.run('DUMP', name);
        if (back.kind !== 'bulk') return assert.fail(name);
        assert.equal(await ask('RESTORE', name, '0', back.bytes, 'REPLACE'), '+OK', name);
        assert.equal(await ask('DEBUG', 'DIGEST-VALUE', name), digest, name);
        assert.equal(await ask('OBJECT', 'ENCODING', name), ours, `${name} there`);
      };
      for (const [count, length] of SIZES) {
        const size = `${count} of ${length}`;
        const texts = Array.from({ length: count }, (_, i) => `t${i}`.padEnd(length, '.'));
        await fill(`list ${size}`, 'RPUSH', `list ${size}`, ...texts);
        await fill(`set ${size}`, 'SADD', `set ${size}`, ...texts);
        await fill(`hash ${size}`, 'HSET', `hash ${size}`, ...texts.flatMap((t, i) => [t, `${i}`]));
        const scored = texts.flatMap((t, i) => [`${i % 7 === 0 ? i / 3 : i}`, t]);
        await fill(`zset ${size}`, 'ZADD', `zset ${size}`, ...scored);
        const integers = texts.map((_, i) => `${i ** 3 - 9}`);
        await fill(`intset ${size}`, 'SADD', `intset ${size}`, ...integers);
        await fill(`string ${size}`, 'SET', `string ${size}`, texts.join(''));
      }
      for (const text of ['0', '-1', '127', '-32769', '9223372036854775807', '1e5', '']) {
        await fill(`string "${text}"`, 'SET', `string "${text}"`, text);
      }
    });
    await kit.node.stop();
  },
);

test('forms of old versions mean what they meant', async () => {
  const kit = await createKit();
  const restore = (type: number, ...body: Uint8Array[]): void => {
    assert.equal(kit.ask('RESTORE', 'k', 0, payloadOf(type, body), 'REPLACE'), 'OK');
  };
  const wide = 2n ** 55n;
  restore(10, stringBytes(ziplistBytes([0, 12, 13, -1, 300, 70_000, 2 ** 30, wide, '07', LONG])));
  const texts = ['0', '12', '13', '-1', '300', '70000', '1073741824', `${wide}`, '07', LONG];
  assert.deepEqual(kit.ask('LRANGE', 'k', 0, -1), texts);
  // Digits that were kept as text are found again.
  restore(13, stringBytes(ziplistBytes(['12', 'v'])));
  assert.equal(kit.ask('HGET', 'k', '12'), 'v');
  restore(16, stringBytes(listpackBytes(['12', 'v'])));
  assert.equal(kit.ask('HGET', 'k', '12'), 'v');
  restore(
    9,
    stringBytes(
      zipmapBytes(
        [
          ['f', LONG],
          ['', 'empty'],
        ],
        3,
      ),
    ),
  );
  assert.deepEqual(kit.ask('HGETALL', 'k'), ['f', LONG, '', 'empty']);
  assert.equal(kit.ask('OBJECT', 'ENCODING', 'k'), 'hashtable', 'a value of more than 64 bytes');
  restore(12, stringBytes(ziplistBytes(['a', '-0', 'b', 0, 'c', '0.5'])));
  assert.deepEqual(kit.ask('ZRANGE', 'k', 0, -1, 'WITHSCORES'), ['a', '0', 'b', '0', 'c', '0.5']);
  restore(4, lengthBytes(1), packedBytes('field'.repeat(20)), packedBytes(LONG));
  assert.equal(kit.ask('HGET', 'k', 'field'.repeat(20)), LONG);
  restore(2, lengthBytes(3), ...['3', '1', '2'].map(stringBytes));
  assert.equal(kit.ask('OBJECT', 'ENCODING', 'k'), 'intset');
  assert.deepEqual(kit.ask('SMEMBERS', 'k'), ['1', '2', '3']);
  await kit.node.stop();
});

test('thresholds decide what OBJECT ENCODING tells of a value that is loaded', async () => {
  const kit = await createKit();
  const encodingOf = (type: number, ...body: Uint8Array[]): unknown => {
    assert.equal(kit.ask('RESTORE', 'k', 0, payloadOf(type, body), 'REPLACE'), 'OK');
    return kit.ask('OBJECT', 'ENCODING', 'k');
  };
  const pairs = stringBytes(listpackBytes(['a', 1, 'b', 2]));
  const members = [lengthBytes(2), ...['a', 'b'].map(stringBytes)];
  const intset = stringBytes(intsetBytes([1n, 2n], 2));
  assert.equal(encodingOf(16, pairs), 'listpack');
  assert.equal(encodingOf(17, pairs), 'listpack');
  assert.equal(encodingOf(11, intset), 'intset');
  assert.equal(encodingOf(2, ...members), 'listpack');
  assert.equal(encodingOf(1, ...members), 'listpack');
  const { encoding } = kit.node.services.configuration;
  encoding.hashMaxListpackEntries = 1;
  encoding.zsetMaxListpackEntries = 1;
  encoding.setMaxIntsetEntries = 1;
  encoding.setMaxListpackEntries = 1;
  encoding.listMaxListpackSize = 1;
  assert.equal(encodingOf(16, pairs), 'hashtable');
  assert.equal(encodingOf(17, pairs), 'skiplist');
  assert.equal(encodingOf(11, intset), 'hashtable');
  assert.deepEqual(kit.ask('SMEMBERS', 'k'), ['1', '2']);
  assert.equal(encodingOf(2, ...members), 'hashtable');
  assert.equal(encodingOf(1, ...members), 'quicklist');
  await kit.node.stop();
});

/** The first element ends, and the second begins, with byte 17. */
const ZIPLIST = ziplistBytes(['abcde', 'fghij', 7]);
/** The length of the first element is byte 15. */
const PAIR = listpackBytes(['abcdefgh', LONG]);

function changed(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] ^= 1;
  return copy;
}

/** Each is whole by its lengths and its checksum, and still no value. */
const UNSOUND: readonly (readonly [string, number, Uint8Array[]])[] = [
  ['a hash with a field twice', 4, [lengthBytes(2), ...['a', '1', 'a', '2'].map(stringBytes)]],
  ['a listpack with a field twice', 16, [stringBytes(listpackBytes(['a', 1, 'a', 2]))]],
  [
    'a large hash with a field twice',
    16,
    [stringBytes(listpackBytes(['a', LONG, 'b', LONG, 'c', LONG, 'd', LONG, 'a', LONG]))],
  ],
  ['a field twice, as text and as number', 16, [stringBytes(listpackBytes(['1', 1, 1, 2]))]],
  ['a field without a value', 16, [stringBytes(listpackBytes(['a', 1, 'b']))]],
  [
    'a zipmap with a field twice',
    9,
    [
      stringBytes(
        zipmapBytes([
          ['a', '1'],
          ['a', '2'],
        ]),
      ),
    ],
  ],
  ['a set with a member twice', 2, [lengthBytes(2), stringBytes('a'), stringBytes('a')]],
  ['a set with an integer twice', 2, [lengthBytes(2), stringBytes('1'), stringBytes('1')]],
  ['an intset out of order', 11, [stringBytes(intsetBytes([2n, 1n], 2))]],
  ['an intset with a member twice', 11, [stringBytes(intsetBytes([1n, 1n], 4))]],
  ['an intset of no width', 11, [stringBytes(Buffer.from([3, 0, 0, 0, 0, 0, 0, 0]))]],
  ['an empty set', 2, [lengthBytes(0)]],
  ['an empty list', 18, [lengthBytes(0)]],
  ['an empty listpack', 16, [stringBytes(listpackBytes([]))]],
  ['a score that is NaN', 5, [lengthBytes(1), stringBytes('a'), doubleBytes(Number.NaN)]],
  ['a score that is NaN, as text', 3, [lengthBytes(1), stringBytes('a'), Buffer.of(253)]],
  ['a score that is a word', 17, [stringBytes(listpackBytes(['a', 'nan']))]],
  ['a score that is no text', 17, [stringBytes(listpackBytes(['a', '']))]],
  ['a score in hexadecimal', 17, [stringBytes(listpackBytes(['a', '0x10']))]],
  ['scores out of order', 17, [stringBytes(listpackBytes(['a', 2, 'b', 1]))]],
  ['members out of order', 17, [stringBytes(listpackBytes(['b', 1, 'a', 1]))]],
  ['a member with two scores', 17, [stringBytes(listpackBytes(['a', 1, 'a', 2]))]],
  [
    'a member twice',
    5,
    [lengthBytes(2), stringBytes('a'), doubleBytes(1), stringBytes('a'), doubleBytes(2)],
  ],
  ['a ziplist whose elements tell other lengths', 10, [stringBytes(changed(ZIPLIST, 17))]],
  ['a ziplist that tells another last element', 10, [stringBytes(changed(ZIPLIST, 4))]],
  ['a ziplist of another count', 10, [stringBytes(changed(ZIPLIST, 8))]],
  ['a listpack that cannot be read backwards', 16, [stringBytes(changed(PAIR, 15))]],
  ['the same of a long element', 16, [stringBytes(changed(PAIR, PAIR.length - 3))]],
  ['a listpack of another count', 16, [stringBytes(changed(PAIR, 4))]],
  ['a list node of unknown form', 18, [lengthBytes(1), lengthBytes(3), stringBytes('a')]],
  ['a value of a module', 7, [wideBytes(1), Buffer.of(0)]],
  ['a type of 7.4', 24, [stringBytes('a')]],
];

test('what is whole but unsound is refused, and nothing of it stays', async () => {
  const kit = await createKit();
  for (const [name, type, body] of UNSOUND) {
    const reply = kit.run('RESTORE', 'k', 0, payloadOf(type, body));
    assert.equal(describeReply(reply), '-ERR Bad data format', name);
    assert.equal(kit.ask('DBSIZE'), 0);
  }
  await kit.node.stop();
});

/** A stream of one node and one group, of which one thing is changed. */
function streamWith(change: Partial<Record<'node' | 'length' | 'last' | 'group', Buffer>>): Buffer {
  const node = streamNode(
    5,
    0,
    ['f'],
    [
      { ms: 5, seq: 0, values: ['a'] },
      { ms: 5, seq: 1, values: ['b'] },
    ],
  );
  const group = Buffer.concat([
    stringBytes('g'),
    Buffer.from([5, 0, 1, 1]),
    ...[rawId(5, 0), msBytes(7), Buffer.of(1)],
    ...[Buffer.of(1), stringBytes('c'), msBytes(7), Buffer.of(1), rawId(5, 0)],
  ]);
  return payloadOf(19, [
    Buffer.of(1),
    change.node ?? node,
    change.length ?? Buffer.of(2),
    change.last ?? Buffer.from([5, 1]),
    Buffer.from([5, 0, 0, 0, 2, 1]),
    change.group ?? group,
  ]);
}

/** Of the string of a node's id, then of that of its listpack. */
const LIVE_COUNT_AT = 17 + 1 + 6;

test('a stream that does not agree with itself is refused', async () => {
  const kit = await createKit();
  assert.equal(kit.ask('RESTORE', 'k', 0, streamWith({})), 'OK');
  assert.deepEqual(kit.ask('XPENDING', 'k', 'g'), [1, '5-0', '5-0', [['c', '1']]]);
  kit.ask('DEL', 'k');
  const node = (entries: Parameters<typeof streamNode>[3]): Buffer =>
    streamNode(5, 0, ['f'], entries);
  const group = (...parts: Uint8Array[]): Buffer =>
    Buffer.concat([stringBytes('g'), Buffer.from([5, 0, 1]), ...parts]);
  const pending = [Buffer.of(1), rawId(5, 0), msBytes(7), Buffer.of(1)];
  const consumer = (name: string, ...owned: Uint8Array[]): Buffer[] => [
    ...[stringBytes(name), msBytes(7), lengthBytes(owned.length)],
    ...owned.map((id) => Buffer.from(id)),
  ];
  const b = { ms: 5, seq: 1, values: ['b'] };
  const changes: readonly (readonly [string, Parameters<typeof streamWith>[0]])[] = [
    ['another length', { length: Buffer.of(3) }],
    ['an entry above the last id', { last: Buffer.from([5, 0]) }],
    ['entries out of order', { node: node([b, { ms: 5, seq: 0, values: ['a'] }]) }],
    ['an entry twice', { node: node([b, b]) }],
    ['a node of another count', { node: changed(node([{ ...b, seq: 0 }, b]), LIVE_COUNT_AT) }],
    ['an entry below its node', { node: streamNode(5, 1, ['f'], [{ ...b, seq: 0 }, b]) }],
    [
      'a value too few',
      {
        node: node([
          { ...b, values: [] },
          { ms: 5, seq: 2, values: ['c'] },
        ]),
      },
    ],
    ['a pending entry of nobody', { group: group(...pending, Buffer.of(0)) }],
    [
      'a pending entry of two',
      {
        group: group(
          ...[...pending, Buffer.of(2)],
          ...consumer('c', rawId(5, 0)),
          ...consumer('d', rawId(5, 0)),
        ),
      },
    ],
    [
      'a consumer with what is not pending',
      { group: group(Buffer.of(0), Buffer.of(1), ...consumer('c', rawId(5, 1))) },
    ],
    [
      'two consumers of one name',
      { group: group(Buffer.of(0), Buffer.of(2), ...consumer('c'), ...consumer('c')) },
    ],
  ];
  for (const [name, change] of changes) {
    const reply = kit.run('RESTORE', 'k', 0, streamWith(change));
    assert.equal(describeReply(reply), '-ERR Bad data format', name);
  }
  assert.equal(kit.ask('DBSIZE'), 0);
  await kit.node.stop();
});

test('broken payloads of every form are refused whole or are sound', async () => {
  const seed = Number(process.env['TEST_SEED'] ?? Date.now() % 1_000_000);
  const draw = seededDraws(seed);
  const fuzz = new RdbFuzz(await createKit());
  const payloads = seedPayloads();
  for (const payload of payloads) {
    // One value of each byte: `npm run fuzz:rdb` tries all of them.
    fuzz.tryEveryByte(payload, (byte) => {
      const values = fewValues(byte);
      return [values[draw(values.length)]];
    });
    for (let i = 0; i < 20; i++) fuzz.tryRandom(payload, payloads, draw);
  }
  const { findings, loaded, refused } = fuzz.result;
  assert.deepEqual(findings, [], `TEST_SEED=${seed}`);
  assert.ok(loaded > 500 && refused > 500, `${loaded} loaded, ${refused} refused`);
});

test('the fuzzer sees values that do not agree, and what a refusal leaves', async () => {
  const lies: [string, (words: unknown[]) => boolean, unknown][] = [
    ['set', ([name]) => name === 'SCARD', 7],
    ['list', ([name]) => name === 'LLEN', 7],
    ['hash', ([name]) => name === 'HLEN', 7],
    ['sorted set', ([name]) => name === 'ZRANK', 7],
    ['stream of redis-server 7.0', ([name]) => name === 'XLEN', 7],
  ];
  for (const [form, isLie, value] of lies) {
    const kit = await createKit();
    const liar: CommandKit = {
      ...kit,
      run: (...words) =>
        isLie(words) ? { kind: 'integer', value: value as number } : kit.run(...words),
    };
    const fuzz = new RdbFuzz(liar);
    const seed = seedPayloads().find(({ name }) => name === form);
    if (seed === undefined) assert.fail(form);
    fuzz.tryEveryByte(seed, () => []);
    assert.ok(fuzz.result.findings.length > 0, form);
    await kit.node.stop();
  }
  const kit = await createKit();
  const fuzz = new RdbFuzz({
    ...kit,
    run: (...words) => {
      const reply = kit.run(...words);
      if (reply.kind === 'error') kit.run('SET', 'left', 'behind');
      return reply;
    },
  });
  const [seed] = seedPayloads();
  fuzz.tryEveryByte({ ...seed, payload: sealed(bodyOf(seed.payload)) }, () => []);
  assert.ok(fuzz.result.findings.length > 0);
  await kit.node.stop();
});
