import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, test } from 'node:test';
import { Frame } from '../../src/base/frame.ts';
import { formatDouble, parseDouble } from '../../src/base/numbers.ts';
import { unknownCommandText } from '../../src/protocol/error-echo.ts';
import { ERRORS } from '../../src/protocol/error-table.ts';
import {
  AUTHENTICATED_LIMITS,
  authenticatedLimits,
  BROKEN,
  FrameParser,
  NEEDS_MORE,
  type ParserLimits,
  REFUSED,
  UNAUTHENTICATED_LIMITS,
} from '../../src/protocol/frame-parser.ts';
import { ReplyWriter } from '../../src/protocol/reply-writer.ts';
import type { Reply } from '../../src/testing/reply-decoder.ts';
import { patiently } from '../support/patience.ts';
import { type RunningServer, skipWithout, startRedis } from '../support/server.ts';
import { WireClient } from '../support/wire-client.ts';

/** The same bytes to a real redis-server and to the parser: replies equal, byte for byte. */
const skip = skipWithout('redis-server');
let redis: RunningServer;

before(async () => {
  if (skip === false) redis = await startRedis({ args: ['--enable-debug-command', 'yes'] });
});
after(async () => {
  if (skip === false) await redis.stop();
});

const STREAMS: readonly string[] = [
  ...[
    '*1\r\n$4\r\nPING\r\n',
    'PING\n',
    'PING\r\r\n',
    ' \t PING \t\r\n',
    '\r\n\r\nPING\r\n',
    '*0\r\n',
  ],
  ...['*2147483647\r\n', '*2147483648\r\n', '*9223372036854775807\r\n', '*9223372036854775808\r\n'],
  ...['*-1\r\nPING\r\n', '*-9223372036854775808\r\nPING\r\n', '*-9223372036854775809\r\nPING\r\n'],
  ...[
    '*+1\r\n',
    '*01\r\n',
    '*\r\n',
    '*1x\r\n',
    '*-\r\n',
    '*-0\r\n',
    '* 1\r\n',
    '*00\r\n',
    '*0x1\r\n',
  ],
  ...['*1\rx$4\rxPINGxxPING\r\n', '*1\n$4\nPING\n', '*1\r\n\r\n', '*1\r\nfoo', '*1\r\nfoo\r\n'],
  ...[
    '*1\r\n\n\r\n',
    '*1\r\n\xff\r\n',
    '*1\r\n\0\r\n',
    '*1\r\n*1\r\n',
    '*1\r\n:1\r\n',
    '*1\r\n4\r\nPING',
  ],
  ...[
    '*1\r\n$\r\n',
    '*1\r\n$-1\r\n',
    '*1\r\n$-0\r\n',
    '*1\r\n$+4\r\n',
    '*1\r\n$04\r\n',
    '*1\r\n$4x\r\n',
  ],
  ...[
    '*1\r\n$0\r\n\r\n',
    '*2\r\n$4\r\nPING\r\n$0\r\n\r\n',
    '*1\r\n$00\r\n',
    '*1\r\n$0x4\r\nPING\r\n',
  ],
  ...[
    '*1\r\n$536870912\r\n',
    '*1\r\n$536870913\r\n',
    '*1\r\n$2147483648\r\n',
    '*1\r\n$4294967297\r\n',
  ],
  ...[
    '*1\r\n$9007199254740993\r\n',
    '*1\r\n$9223372036854775808\r\n',
    '*1\r\n$99999999999999999999\r\n',
  ],
  ...[
    '*1\r\n$4\r\nPINGxx*1\r\n$4\r\nPING\r\n',
    '*1\r\n$4\r\nPINGPING\r\n',
    '*1\r\n$5\r\nPING\r\nPING\r\n',
  ],
  ...['PI\0NG\r\n', '\0PING\r\nPING\r\n', '*1\0\r\nPING\r\n', '*1\r\n$4\0\r\nPING\r\n', '#x\r\n'],
  ...[
    '"PING"\r\n',
    'PING "a\\x41\\n\\q"\r\n',
    "PING 'a\\'b\\n'\r\n",
    'PING a"b c"\r\n',
    '"" x\r\n',
  ],
  ...[
    'PING "a"b\r\n',
    'PING "a\r\n',
    "PING 'a\r\n",
    "PING 'a'b\r\n",
    'PING "a\\"\r\n',
    'PING "\\\r\n',
  ],
  ...[
    'PING "\\x4"\r\n',
    'PING "\\xzz"\r\n',
    'PING \\x41\r\n',
    'PING "\\x41',
    'PING ""\r\n',
    'PING "\\X41"\r\n',
  ],
  ...['PING a\x0bb\r\n', 'PING\x0bb\r\n', 'PING "a"\x0b\r\n', '\x0b\x0cPING\r\n', 'PING "a"\0\r\n'],
  ...[
    'POST / HTTP/1.1\r\nPING\r\n',
    'Host: x\r\n',
    '*1\r\n$4\r\npost\r\n',
    '*1\r\n$5\r\nHOST:\r\n',
  ],
  ...[
    'foo\r\n',
    'foo a b\r\n',
    'foo "a\\r\\nb" c\r\n',
    'foo "\\r\\n"\r\n',
    `foo ${'x'.repeat(300)}\r\n`,
  ],
  ...[
    `${'x'.repeat(300)} a\r\n`,
    `foo ${'abcdefghi '.repeat(30)}\r\n`,
    'foo "a\\xffb" "\\x00c"\r\n',
  ],
  ...[
    '*3\r\n$3\r\nfoo\r\n$3\r\na\0b\r\n$2\r\n\r\n\r\n',
    '$4\r\nPING\r\n',
    '*1\r\n$4\r\nPIN',
    '*1\r',
    '*',
    '*1',
  ],
  ...['a'.repeat(65_600), `*${'1'.repeat(65_600)}`, `*1\r\n$${'1'.repeat(65_600)}`],
];

test('protocol errors and inline commands are those of redis-server', { skip }, async () => {
  for (const stream of STREAMS) await compare(stream, AUTHENTICATED_LIMITS);
});

test('before login the lengths are bounded as in redis-server', { skip }, async () => {
  const admin = await WireClient.connect(redis.port);
  await admin.call('CONFIG', 'SET', 'requirepass', 'secret');
  const streams = [
    '*10\r\n$4\r\nPI',
    '*11\r\n',
    '*11\r\n$4\r\nPING',
    '*2147483648\r\n',
    '*1\r\n$16384\r\n',
  ];
  streams.push(
    '*1\r\n$16385\r\n',
    '*1\r\n$536870913\r\n',
    '*1\r\n$-1\r\n',
    '*01\r\n',
    'PING\r\n',
    'a "b\r\n',
  );
  for (const stream of streams) await compare(stream, UNAUTHENTICATED_LIMITS);
  await admin.call('CONFIG', 'SET', 'requirepass', '');
  admin.end();
});

test('proto-max-bulk-len moves the bound of a bulk', { skip }, async () => {
  const admin = await WireClient.connect(redis.port);
  await admin.call('CONFIG', 'SET', 'proto-max-bulk-len', '1048576');
  const limits = authenticatedLimits(1_048_576, AUTHENTICATED_LIMITS.queryBytesMax);
  await compare('*1\r\n$1048576\r\n', limits);
  await compare('*1\r\n$1048577\r\n', limits);
  await admin.call('CONFIG', 'SET', 'proto-max-bulk-len', '536870912');
  admin.end();
});

test('every kind of reply is encoded as DEBUG PROTOCOL sends it', { skip }, async () => {
  const kinds: Record<string, (reply: ReplyWriter) => void> = {
    string: (reply) => reply.bulkText('Hello World'),
    integer: (reply) => reply.integer(12345),
    double: (reply) => reply.double(Number('3.141')),
    null: (reply) => reply.null(),
    array: (reply) => {
      reply.array(3);
      for (let i = 0; i < 3; i++) reply.integer(i);
    },
    set: (reply) => {
      reply.set(3);
      for (let i = 0; i < 3; i++) reply.integer(i);
    },
    map: (reply) => {
      reply.map(3);
      for (let i = 0; i < 3; i++) {
        reply.integer(i);
        reply.boolean(i === 1);
      }
    },
    bignum: (reply) => reply.bigNumber('1234567999999999999999999999999999999'),
    true: (reply) => reply.boolean(true),
    false: (reply) => reply.boolean(false),
    verbatim: (reply) => reply.verbatim('txt', 'This is a verbatim\nstring'),
  };
  for (const protocol of [2, 3] as const) {
    for (const [kind, write] of Object.entries(kinds)) {
      const hello = protocol === 3 ? 'HELLO 3\r\n' : '';
      const greeting = hello === '' ? 0 : (await exchange(Buffer.from(hello))).length;
      const theirs = await exchange(Buffer.from(`${hello}DEBUG PROTOCOL ${kind}\r\n`));
      const reply = new ReplyWriter();
      reply.protocol = protocol;
      write(reply);
      // Only the greeting's client id differs between two connections, not its length of digits
      // by more than the id's growth; the reply is compared from its end.
      const ours = Buffer.from(reply.bytes.subarray(0, reply.position)).toString('latin1');
      assert.equal(theirs.slice(-ours.length), ours, `${kind} in RESP${protocol}`);
      assert.ok(Math.abs(theirs.length - ours.length - greeting) <= 1, `${kind} is longer`);
    }
  }
});

test('doubles are read and written as ZADD and ZSCORE do', { skip }, async () => {
  const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);
  const texts = doubleTexts(seed, 4000);
  const client = await WireClient.connect(redis.port);
  for (const text of texts) {
    void client.send(zaddAndScore(text));
  }
  const replies = await client.take(texts.length * 3);
  client.end();
  texts.forEach((text, i) => {
    const bytes = Buffer.from(text, 'latin1');
    const value = parseDouble(bytes, 0, bytes.length);
    // A sorted set stores -0 as 0; that is its own affair.
    const ours = Number.isNaN(value) ? 'refused' : formatDouble(value === 0 ? 0 : value);
    assert.equal(ours, scoreText(replies[i * 3 + 2]), `seed ${seed} ${JSON.stringify(text)}`);
  });
});

function zaddAndScore(text: string): Buffer {
  const length = Buffer.byteLength(text, 'latin1');
  const zadd = `*4\r\n$4\r\nZADD\r\n$1\r\nz\r\n$${length}\r\n${text}\r\n$1\r\nm\r\n`;
  return Buffer.from(`DEL z\r\n${zadd}ZSCORE z m\r\n`, 'latin1');
}

function scoreText(reply: Reply): string {
  return reply.kind === 'bulk' ? reply.bytes.toString('latin1') : 'refused';
}

/** Texts near the grammar's edges, and doubles of every size, also exact ties of the 17th digit. */
function doubleTexts(seed: number, count: number): string[] {
  let state = seed >>> 0;
  const random = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const alphabet = '0123456789.eE+-xXpPabfinty ';
  const value = new Float64Array(1);
  const words = new Uint32Array(value.buffer);
  return Array.from({ length: count }, (_, i) => {
    if (i % 4 === 0) {
      const length = 1 + Math.floor(random() * 8);
      const chars = Array.from({ length }, () => alphabet[Math.floor(random() * alphabet.length)]);
      return (i % 8 === 0 ? '0x' : '') + chars.join('');
    }
    words[0] = random() * 2 ** 32;
    words[1] = random() * 2 ** 32;
    if (i % 4 === 1) value[0] = (2 * Math.floor(random() * 2 ** 20) + 1) * 2 ** -(10 + (i % 50));
    if (i % 4 === 2) value[0] = Math.round(random() * 1e9) / 1000;
    return i % 3 === 0 ? value[0].toExponential(20) : String(value[0]);
  });
}

async function compare(stream: string, limits: ParserLimits): Promise<void> {
  const bytes = Buffer.from(stream, 'latin1');
  const theirs = await exchange(bytes);
  assert.equal(answer(bytes, limits), theirs, JSON.stringify(stream.slice(0, 200)));
}

/** Sends, ends, and reads until the server closes: also `waits for more` is then an answer. */
function exchange(bytes: Uint8Array): Promise<string> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    const socket = net.connect(redis.port, '127.0.0.1');
    socket.setTimeout(patiently(5000), () =>
      reject(new Error('redis-server neither answered nor closed')),
    );
    socket.on('data', (part: Buffer) => parts.push(part));
    // A server that closes on an error resets when input is left unread; the reply came before.
    socket.on('error', () => {});
    socket.on('close', () => resolve(Buffer.concat(parts).toString('latin1')));
    socket.end(bytes);
  });
}

/** What a server that knows PING alone would answer by way of our parser and writer. */
function answer(bytes: Uint8Array, limits: ParserLimits): string {
  const parser = new FrameParser(limits);
  const frame = new Frame();
  const reply = new ReplyWriter();
  parser.feed(Uint8Array.from(bytes), 0, bytes.length);
  for (;;) {
    const status = parser.next(frame);
    if (status === BROKEN) reply.error(parser.error);
    if (status === BROKEN || status === REFUSED || status === NEEDS_MORE) break;
    if (limits === UNAUTHENTICATED_LIMITS) reply.error(ERRORS.noAuth);
    else if (!frame.equals(0, 'PING')) reply.errorLatin1(unknownCommandText(frame));
    else if (frame.count === 1) reply.simple('PONG');
    else reply.bulk(frame.bytes, frame.offsets[1], frame.lengths[1]);
  }
  return Buffer.from(reply.bytes.subarray(0, reply.position)).toString('latin1');
}
