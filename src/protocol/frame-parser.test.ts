import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Frame } from '../base/frame.ts';
import { encodeCommand } from '../testing/reply-decoder.ts';
import { type Draw, rounds, seededDraws, seedOfRun } from '../testing/seeded.ts';
import { type Outcome, parseSlowly } from '../testing/slow-parser.ts';
import {
  AUTHENTICATED_LIMITS,
  authenticatedLimits,
  BROKEN,
  FrameParser,
  NEEDS_MORE,
  type ParserLimits,
  READY,
  REFUSED,
  UNAUTHENTICATED_LIMITS,
} from './frame-parser.ts';
import { InboxSpare } from './inbox.ts';

/** Feeds `stream` in pieces that end at `cuts`, through a shared buffer that is overwritten. */
function parse(
  stream: Uint8Array,
  cuts: readonly number[],
  options: { limits?: ParserLimits; suspendAfter?: () => boolean; spare?: InboxSpare } = {},
): Outcome {
  const parser = new FrameParser(options.limits ?? AUTHENTICATED_LIMITS, options.spare ?? null);
  const frame = new Frame();
  const outcome: Outcome = { commands: [], end: 'waits' };
  const run = (): boolean => {
    for (;;) {
      const status = parser.next(frame);
      if (status === NEEDS_MORE) return true;
      if (status === BROKEN) outcome.end = parser.error.text;
      if (status === REFUSED) outcome.end = parser.refusal;
      if (status !== READY) return false;
      outcome.commands.push(Array.from({ length: frame.count }, (_, i) => frame.latin1(i)));
      if (options.suspendAfter?.() === true) {
        parser.suspend();
        shared.fill(0x2a);
      }
    }
  };
  const shared = new Uint8Array(stream.length + 3);
  let start = 0;
  for (const cut of [...cuts, stream.length]) {
    shared.set(stream.subarray(start, cut), 3);
    parser.feed(shared, 3, 3 + cut - start);
    const isAlive = run();
    shared.fill(0x2a);
    if (!isAlive) return outcome;
    start = cut;
  }
  return outcome;
}

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');

const CORPUS: readonly string[] = [
  '*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$10\r\n0123456789\r\n*1\r\n$4\r\nPING\r\n',
  '*2\r\n$4\r\nECHO\r\n$0\r\n\r\n*0\r\n*-1\r\n\r\n\n*1\r\n$4\r\nPING\r\n',
  `*12\r\n${'$1\r\na\r\n'.repeat(12)}PING\r\nGET key\n*1\r\n$2\r\nxy\r\n`,
  'SET "a\\x41\\n\\"b" \'it\\\'s\' plain "" x"y z"\r\n  \t \r\nPING\r\r\n',
  `*1\r\n$100\r\n${'x'.repeat(100)}\r\n*1\r\n$1000\r\n${'y'.repeat(1000)}\r\n`,
  '*1\rx$4\rxPINGxx*1\r\n$4\r\nPING\r\n',
  '*-9223372036854775808\r\nPING\r\n*1\r\n\r\n',
  '*1\r\n$4\r\nPING\r\n*1\r\n$-1\r\n',
  'PING a\x0bb "c"\x0bd\r\nPING "a"b\r\n',
  "PING 'a\r\n",
  'PING "a\r\n',
  'PING "a\\\r\n',
  "PING 'a\\\r\n",
  'PING "\\x4" "\\xzz" "\\x4g" \\x41\r\n',
  '*1\r\nfoo\r\n',
  '*01\r\n',
  '*1\r\n$01\r\n',
  '*1\r\n$\r\n',
  '*\r\n',
  '*1\r\n$536870913\r\n',
  '*1\r\n$536870912\r\nabc',
  '*2147483648\r\n',
  '*2147483647\r\n$1\r\na\r\n',
  'PI\0NG\r\nPING\r\n',
  '*1\0\r\nPING\r\n',
  '*1\r\n$1\0\r\nPING\r\n',
  'PING\r\nGET / HTTP/1.1\r\nPING\r\n',
  'POST / HTTP/1.1\r\nPING\r\n',
  'host: localhost\r\n',
  '*1\r\n$4\r\nPOST\r\n',
  '*2\r\n$5\r\nHost:\r\n$1\r\nx\r\n',
  'GET http\r\nGET HTTP/1.1x\r\nGET xHTTP/1.1\r\n',
];

test('the result does not depend on where the stream is cut, once or at every byte', () => {
  for (const text of CORPUS) {
    const stream = latin1(text);
    const expected = parseSlowly(stream, AUTHENTICATED_LIMITS);
    for (let cut = 0; cut <= stream.length; cut++) {
      assert.deepEqual(parse(stream, [cut]), expected, `${JSON.stringify(text)} cut at ${cut}`);
    }
    const everyByte = Array.from({ length: stream.length }, (_, i) => i);
    assert.deepEqual(parse(stream, everyByte), expected, `${JSON.stringify(text)} by byte`);
    const suspendAfter = (): boolean => true;
    assert.deepEqual(parse(stream, [], { suspendAfter }), expected, 'suspended after each command');
  }
});

test('mutated streams parse as the slow parser says, cut and suspended anywhere', () => {
  const seed = seedOfRun();
  const random = seededDraws(seed);
  const spare = new InboxSpare();
  for (let round = 0; round < rounds(4000); round++) {
    const limits = round % 4 === 0 ? UNAUTHENTICATED_LIMITS : AUTHENTICATED_LIMITS;
    const stream = mutated(randomStream(random), random);
    const cuts = Array.from({ length: random(6) }, () => random(stream.length + 1));
    cuts.sort((left, right) => left - right);
    const suspendAfter = (): boolean => random(3) === 0;
    const text = JSON.stringify(stream.toString('latin1'));
    const told = `TEST_SEED=${seed} round ${round} cuts ${cuts} ${text}`;
    assert.deepEqual(
      parse(stream, cuts, { limits, suspendAfter, spare }),
      parseSlowly(stream, limits),
      told,
    );
  }
});

test('a command of many arguments in small pieces costs in proportion to its bytes', () => {
  const count = 200_000;
  const stream = encodeCommand(Array<string>(count).fill('0123456789'));
  const pieces = (pieceBytes: number): number[] => {
    return Array.from({ length: Math.floor(stream.length / pieceBytes) }, (_, i) => i * pieceBytes);
  };
  const fewMs = elapsedMs(() =>
    assert.equal(parse(stream, pieces(65_536)).commands[0].length, count),
  );
  const manyMs = elapsedMs(() =>
    assert.equal(parse(stream, pieces(512)).commands[0].length, count),
  );
  assert.ok(manyMs < fewMs * 20 + 500, `${manyMs} ms in small pieces, ${fewMs} ms in large`);
});

test('a bulk is never given memory for a length that was only declared', () => {
  const parser = new FrameParser(AUTHENTICATED_LIMITS);
  const frame = new Frame();
  feedAll(parser, frame, latin1('*1000000000\r\n$536870912\r\nabc'));
  assert.ok(parser.heldBytes < 1024, `${parser.heldBytes} bytes held`);
  feedAll(parser, frame, Buffer.alloc(100_000, 'x'));
  assert.ok(parser.heldBytes < 400_000, `${parser.heldBytes} bytes held`);
  assert.equal(parser.pendingBytes, 100_000 + 28);
});

test('memory is given back when the kept input is used up', () => {
  const parser = new FrameParser(AUTHENTICATED_LIMITS);
  const frame = new Frame();
  const command = encodeCommand(Array<string>(50_000).fill('x'));
  feedAll(parser, frame, command.subarray(0, 300_000));
  assert.ok(parser.heldBytes >= 300_000);
  assert.equal(feedAll(parser, frame, command.subarray(300_000)), 1);
  assert.equal(parser.heldBytes, 0);
  assert.equal(parser.pendingBytes, 0);
  assert.ok(frame.offsets.length <= 4096, 'the shared frame keeps no huge columns');
});

test('a turn that stops after the last kept command gives its memory back too', () => {
  const parser = new FrameParser(AUTHENTICATED_LIMITS);
  const frame = new Frame();
  const command = encodeCommand(['ECHO', 'x'.repeat(100_000)]);
  parser.feed(command, 0, 50_000);
  assert.equal(parser.next(frame), NEEDS_MORE);
  parser.feed(command, 50_000, command.length);
  assert.equal(parser.next(frame), READY);
  assert.ok(parser.heldBytes > 0);
  parser.suspend();
  assert.equal(parser.heldBytes, 0);
  assert.equal(parser.next(frame), NEEDS_MORE);
});

test('a large bulk that arrives in pieces ends in a buffer of about its own size', () => {
  const parser = new FrameParser(AUTHENTICATED_LIMITS);
  const frame = new Frame();
  const command = encodeCommand(['SET', 'k', Buffer.alloc(9_000_000, 'v')]);
  let mostHeldBytes = 0;
  let found = 0;
  for (let start = 0; start < command.length; start += 65_536) {
    found += feedAll(parser, frame, command.subarray(start, start + 65_536));
    mostHeldBytes = Math.max(mostHeldBytes, parser.heldBytes);
  }
  assert.equal(found, 1);
  assert.ok(mostHeldBytes < 9_100_000, `${mostHeldBytes} bytes held`);
});

test('input above the query buffer limit is refused, kept or suspended', () => {
  const limits = authenticatedLimits(1000, 500);
  const frame = new Frame();
  const waiting = new FrameParser(limits);
  waiting.feed(latin1(`*1\r\n$900\r\n${'x'.repeat(600)}`), 0, 610);
  assert.equal(waiting.next(frame), REFUSED);
  assert.equal(waiting.refusal, 'queryTooLong');
  const suspended = new FrameParser(limits);
  suspended.feed(latin1('PING\r\n'.repeat(200)), 0, 1200);
  assert.equal(suspended.next(frame), READY);
  suspended.suspend();
  assert.equal(suspended.next(frame), REFUSED);
  assert.equal(suspended.heldBytes, 0);
});

test('limits that change between two commands hold from the next length on', () => {
  const parser = new FrameParser(UNAUTHENTICATED_LIMITS);
  const frame = new Frame();
  const login = encodeCommand(['AUTH', 'x']);
  const stream = Buffer.concat([login, encodeCommand(Array<string>(11).fill('a'))]);
  parser.feed(stream, 0, stream.length);
  assert.equal(parser.next(frame), READY);
  parser.limits = AUTHENTICATED_LIMITS;
  assert.equal(parser.next(frame), READY);
  assert.equal(frame.count, 11);
});

test('hasUntriedInput tells an unfinished command from one that only waits for its turn', () => {
  const parser = new FrameParser(AUTHENTICATED_LIMITS);
  const frame = new Frame();
  assert.equal(parser.hasUntriedInput, false);
  parser.feed(latin1('PING\r\nPING\r\nPI'), 0, 14);
  assert.equal(parser.hasUntriedInput, true);
  assert.equal(parser.next(frame), READY);
  parser.suspend();
  assert.equal(parser.hasUntriedInput, true);
  assert.equal(parser.next(frame), READY);
  assert.equal(parser.next(frame), NEEDS_MORE);
  assert.equal(parser.hasUntriedInput, false);
  assert.equal(parser.pendingBytes, 2);
});

test('after the end nothing is parsed any more', () => {
  const parser = new FrameParser(AUTHENTICATED_LIMITS);
  const frame = new Frame();
  const stream = latin1('*x\r\nPING\r\n');
  parser.feed(stream, 0, stream.length);
  assert.equal(parser.next(frame), BROKEN);
  parser.feed(latin1('PING\r\n'), 0, 6);
  assert.equal(parser.next(frame), BROKEN);
});

test('lines above 64 KiB are refused by their kind', () => {
  const long = (head: string): string => parse(latin1(head + '1'.repeat(70_000)), [10, 66_000]).end;
  assert.equal(long(''), 'ERR Protocol error: too big inline request');
  assert.equal(long('*'), 'ERR Protocol error: too big mbulk count string');
  assert.equal(long('*1\r\n$'), 'ERR Protocol error: too big bulk count string');
});

function feedAll(parser: FrameParser, frame: Frame, bytes: Uint8Array): number {
  parser.feed(bytes, 0, bytes.length);
  let found = 0;
  while (parser.next(frame) === READY) found++;
  return found;
}

function elapsedMs(run: () => void): number {
  const startedMs = performance.now();
  run();
  return performance.now() - startedMs;
}

function randomStream(random: Draw): Buffer {
  const parts: Uint8Array[] = [];
  for (let i = random(5) + 1; i > 0; i--) {
    const kind = random(5);
    if (kind === 0) parts.push(latin1(CORPUS[random(CORPUS.length)]));
    else if (kind === 1) parts.push(latin1('set key "quo\\x41ted" \'single\'\r\n'));
    else {
      const lengths = Array.from({ length: random(14) + 1 }, () => random(kind === 2 ? 300 : 12));
      parts.push(encodeCommand(lengths.map((length) => 'z'.repeat(length))));
    }
  }
  return Buffer.concat(parts);
}

function mutated(stream: Buffer, random: Draw): Buffer {
  const telling = latin1('\r\n*$-+0129 "\'\\x\0\xff');
  for (let i = random(4); i > 0 && stream.length > 0; i--) {
    const at = random(stream.length);
    const kind = random(3);
    if (kind === 0) stream[at] = telling[random(telling.length)];
    else if (kind === 1) stream = Buffer.concat([stream.subarray(0, at), stream.subarray(at + 1)]);
    else {
      const byte = telling.subarray(random(telling.length)).subarray(0, 1);
      stream = Buffer.concat([stream.subarray(0, at), byte, stream.subarray(at)]);
    }
  }
  return stream;
}
