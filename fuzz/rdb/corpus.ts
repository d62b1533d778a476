import {
  doubleBytes,
  intsetBytes,
  lengthBytes,
  listpackBytes,
  msBytes,
  payloadOf,
  rawId,
  streamNode,
  stringBytes,
  wideBytes,
  ziplistBytes,
  zipmapBytes,
} from '../../src/testing/rdb-bytes.ts';

/** A payload of each form that some redis-server from 2.4 to 7.2 writes. */
export interface SeedPayload {
  readonly name: string;
  readonly payload: Buffer;
  /** redis-server 7.0 does not know its type. */
  readonly isLater?: boolean;
}

const LONG = 'long '.repeat(14);
const COUNTED = lengthBytes;

export function seedPayloads(): SeedPayload[] {
  return [
    { name: 'string', payload: payloadOf(0, stringBytes('hello')) },
    { name: 'string of 8 bits', payload: payloadOf(0, Buffer.of(0xc0, 0x85)) },
    { name: 'string of 16 bits', payload: payloadOf(0, Buffer.of(0xc1, 0x85, 0x3)) },
    { name: 'string of 32 bits', payload: payloadOf(0, Buffer.of(0xc2, 0x85, 0x3, 0x1, 0x80)) },
    {
      name: 'string, compressed',
      payload: payloadOf(0, Buffer.of(0xc3, 6, 40, 1, 0x61, 0x62, 0xe0, 29, 1)),
    },
    ...lists(),
    ...sets(),
    ...sortedSets(),
    ...hashes(),
    ...streams(),
  ];
}

function lists(): SeedPayload[] {
  const elements = ['a', 'b', LONG, '12', 'last'];
  const mixed = [1, 'b', -5000, LONG, 2n ** 40n, 70_000, 'x'];
  return [
    { name: 'list', payload: payloadOf(1, [COUNTED(5), ...elements.map(stringBytes)]) },
    { name: 'list, ziplist', payload: payloadOf(10, stringBytes(ziplistBytes(mixed))) },
    {
      name: 'list, quicklist of ziplists',
      payload: payloadOf(14, [
        COUNTED(2),
        stringBytes(ziplistBytes(mixed)),
        stringBytes(ziplistBytes(['tail', 0, 12, 13, -1])),
      ]),
    },
    {
      name: 'list, quicklist of listpacks',
      payload: payloadOf(18, [
        COUNTED(3),
        COUNTED(2),
        stringBytes(listpackBytes(mixed)),
        COUNTED(1),
        stringBytes(LONG.repeat(5)),
        COUNTED(2),
        stringBytes(listpackBytes(['tail', 127, 128, -4096, -4097])),
      ]),
    },
  ];
}

function sets(): SeedPayload[] {
  const members = ['one', 'two', '3', LONG, '-4'];
  return [
    { name: 'set', payload: payloadOf(2, [COUNTED(5), ...members.map(stringBytes)]) },
    {
      name: 'set of integers, as texts',
      payload: payloadOf(2, [COUNTED(3), ...['5', '-7', '70000'].map(stringBytes)]),
    },
    {
      name: 'intset of 16 bits',
      payload: payloadOf(11, stringBytes(intsetBytes([-3n, 0n, 1n, 500n], 2))),
    },
    {
      name: 'intset of 64 bits',
      payload: payloadOf(11, stringBytes(intsetBytes([-(2n ** 62n), 1n, 2n ** 60n], 8))),
    },
    {
      name: 'set, listpack',
      payload: payloadOf(20, stringBytes(listpackBytes(['one', 2, 'three', LONG, -70_000]))),
      isLater: true,
    },
  ];
}

function sortedSets(): SeedPayload[] {
  const pairs: [string, number][] = [
    ['c', Number.POSITIVE_INFINITY],
    ['b', 2.5],
    [LONG, 2],
    ['a', -1],
  ];
  const packed = ['low', '-inf', 'a', -3, 'b', '2.5', 'c', '2.5', 'd', 70_000, 'e', '1e+20'];
  return [
    {
      name: 'sorted set, scores as text',
      payload: payloadOf(3, [
        COUNTED(3),
        stringBytes('a'),
        stringBytes('1.5'),
        stringBytes('b'),
        Buffer.of(254),
        stringBytes('c'),
        Buffer.of(255),
      ]),
    },
    {
      name: 'sorted set',
      payload: payloadOf(5, [
        COUNTED(4),
        ...pairs.flatMap(([member, score]) => [stringBytes(member), doubleBytes(score)]),
      ]),
    },
    { name: 'sorted set, ziplist', payload: payloadOf(12, stringBytes(ziplistBytes(packed))) },
    { name: 'sorted set, listpack', payload: payloadOf(17, stringBytes(listpackBytes(packed))) },
  ];
}

function hashes(): SeedPayload[] {
  const pairs: [string, string][] = [
    ['a', '1'],
    ['field', LONG],
    ['12', ''],
    ['', 'x'],
  ];
  const packed = ['a', 1, 'field', LONG, 12, '', '', 'x'];
  return [
    { name: 'hash', payload: payloadOf(4, [COUNTED(4), ...pairs.flat().map(stringBytes)]) },
    { name: 'hash, zipmap', payload: payloadOf(9, stringBytes(zipmapBytes(pairs, 2))) },
    { name: 'hash, ziplist', payload: payloadOf(13, stringBytes(ziplistBytes(packed))) },
    { name: 'hash, listpack', payload: payloadOf(16, stringBytes(listpackBytes(packed))) },
  ];
}

const NODES = [
  streamNode(
    1000,
    5,
    ['f', 'g'],
    [
      { ms: 1000, seq: 5, values: ['v', 7] },
      { ms: 1000, seq: 6, values: ['deleted', 8], isDeleted: true },
      { ms: 1002, seq: 0, fields: ['other'], values: [LONG] },
      { ms: 1002, seq: 1, values: ['w', -9] },
    ],
  ),
  streamNode(
    2000,
    0,
    ['f'],
    [
      { ms: 2000, seq: 0, values: ['x'] },
      { ms: 2500, seq: 3, fields: ['f', 'n'], values: ['y', 70_000] },
    ],
  ),
];

function streams(): SeedPayload[] {
  const nodes = [COUNTED(2), ...NODES];
  const last = [wideBytes(2500), wideBytes(3)];
  const later = [
    ...[COUNTED(5), ...last],
    ...[wideBytes(1000), wideBytes(5)],
    ...[wideBytes(1000), wideBytes(6), COUNTED(6)],
  ];
  return [
    {
      name: 'stream of redis-server 5',
      payload: payloadOf(15, [...nodes, COUNTED(5), ...last, ...groups(15)]),
    },
    {
      name: 'stream of redis-server 7.0',
      payload: payloadOf(19, [...nodes, ...later, ...groups(19)]),
    },
    {
      name: 'stream of redis-server 7.2',
      payload: payloadOf(21, [...nodes, ...later, ...groups(21)]),
      isLater: true,
    },
    {
      name: 'stream, empty',
      payload: payloadOf(19, [
        COUNTED(0),
        ...[COUNTED(0), COUNTED(9), COUNTED(1)],
        ...[COUNTED(0), COUNTED(0), COUNTED(9), COUNTED(1), COUNTED(4)],
        COUNTED(0),
      ]),
    },
  ];
}

/** Two groups, of which one has two consumers. */
function groups(type: number): Buffer[] {
  const read = (count: number): Buffer[] => (type === 15 ? [] : [COUNTED(count)]);
  const active = type === 21 ? [msBytes(1_700_000_000_500)] : [];
  const seen = [msBytes(1_700_000_000_000), ...active];
  const pending = (ms: number, seq: number): Buffer[] => [
    rawId(ms, seq),
    msBytes(1_700_000_000_000),
    COUNTED(2),
  ];
  return [
    COUNTED(2),
    ...[stringBytes('first'), wideBytes(1002), wideBytes(1), ...read(4)],
    ...[COUNTED(3), ...pending(1000, 5), ...pending(1002, 0), ...pending(1002, 1)],
    ...[COUNTED(2)],
    ...[stringBytes('alice'), ...seen, COUNTED(1), rawId(1002, 0)],
    ...[stringBytes('bob'), ...seen, COUNTED(2), rawId(1000, 5), rawId(1002, 1)],
    ...[stringBytes('second'), COUNTED(0), COUNTED(0), ...read(0), COUNTED(0), COUNTED(0)],
  ];
}
