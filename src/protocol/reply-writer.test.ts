import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Frame } from '../base/frame.ts';
import { LIMITS } from '../base/limits.ts';
import { describeReply, encodeCommand, ReplyDecoder } from '../testing/reply-decoder.ts';
import { echoed, unknownCommandText, unknownSubcommandText } from './error-echo.ts';
import { ERRORS } from './error-table.ts';
import { AUTHENTICATED_LIMITS, FrameParser, READY } from './frame-parser.ts';
import { ReplyWriter } from './reply-writer.ts';

/** What `write` writes, also into a buffer that must grow at every step. */
function written(protocol: 2 | 3, write: (reply: ReplyWriter) => void): string {
  const texts = [64 * 1024, 1].map((byteCount) => {
    const reply = new ReplyWriter(byteCount);
    reply.protocol = protocol;
    write(reply);
    assert.ok(reply.position <= reply.bytes.length, 'wrote beyond the buffer');
    assert.equal(reply.view.buffer, reply.bytes.buffer);
    return Buffer.from(reply.bytes.subarray(0, reply.position)).toString('latin1');
  });
  assert.equal(texts[0], texts[1], 'a growing buffer changes the bytes');
  return texts[0];
}

const GOLDEN: [(reply: ReplyWriter) => void, string, string][] = [
  [(reply) => reply.ok(), '+OK\r\n', '+OK\r\n'],
  [(reply) => reply.simple('QUEUED'), '+QUEUED\r\n', '+QUEUED\r\n'],
  [(reply) => reply.integer(7), ':7\r\n', ':7\r\n'],
  [(reply) => reply.integer(-7), ':-7\r\n', ':-7\r\n'],
  [(reply) => reply.integer(10), ':10\r\n', ':10\r\n'],
  [(reply) => reply.integer(2 ** 53 - 1), ':9007199254740991\r\n', ':9007199254740991\r\n'],
  [
    (reply) => reply.integer64(-(2n ** 63n)),
    ':-9223372036854775808\r\n',
    ':-9223372036854775808\r\n',
  ],
  [(reply) => reply.bulk(Buffer.from('xabcx'), 1, 3), '$3\r\nabc\r\n', '$3\r\nabc\r\n'],
  [(reply) => reply.bulk(new Uint8Array(0), 0, 0), '$0\r\n\r\n', '$0\r\n\r\n'],
  [(reply) => reply.bulkText('é'), '$2\r\n\xc3\xa9\r\n', '$2\r\n\xc3\xa9\r\n'],
  [(reply) => reply.bulkLatin1('\xe9\0'), '$2\r\n\xe9\0\r\n', '$2\r\n\xe9\0\r\n'],
  [(reply) => reply.bulkInteger(-1), '$2\r\n-1\r\n', '$2\r\n-1\r\n'],
  [(reply) => reply.bulkInteger(999999999), '$9\r\n999999999\r\n', '$9\r\n999999999\r\n'],
  [(reply) => reply.bulkInteger(1e9), '$10\r\n1000000000\r\n', '$10\r\n1000000000\r\n'],
  [(reply) => reply.bulkInteger(-99999999), '$9\r\n-99999999\r\n', '$9\r\n-99999999\r\n'],
  [(reply) => reply.bulkInteger(-1e8), '$10\r\n-100000000\r\n', '$10\r\n-100000000\r\n'],
  [(reply) => reply.null(), '$-1\r\n', '_\r\n'],
  [(reply) => reply.nullArray(), '*-1\r\n', '_\r\n'],
  [(reply) => reply.array(0), '*0\r\n', '*0\r\n'],
  [(reply) => reply.array(1234), '*1234\r\n', '*1234\r\n'],
  [(reply) => reply.map(5), '*10\r\n', '%5\r\n'],
  [(reply) => reply.set(2), '*2\r\n', '~2\r\n'],
  [(reply) => reply.push(3), '*3\r\n', '>3\r\n'],
  [(reply) => reply.double(0.1), '$19\r\n0.10000000000000001\r\n', ',0.10000000000000001\r\n'],
  [(reply) => reply.double(3), '$1\r\n3\r\n', ',3\r\n'],
  [(reply) => reply.double(-Infinity), '$4\r\n-inf\r\n', ',-inf\r\n'],
  [(reply) => reply.boolean(true), ':1\r\n', '#t\r\n'],
  [(reply) => reply.boolean(false), ':0\r\n', '#f\r\n'],
  [(reply) => reply.bigNumber('-123'), '$4\r\n-123\r\n', '(-123\r\n'],
  [(reply) => reply.verbatim('txt', 'a\r\nb'), '$4\r\na\r\nb\r\n', '=8\r\ntxt:a\r\nb\r\n'],
  [(reply) => reply.error(ERRORS.syntax), '-ERR syntax error\r\n', '-ERR syntax error\r\n'],
  [(reply) => reply.errorText('ERR a\r\nb\n'), '-ERR a  b\r\n', '-ERR a  b\r\n'],
  [(reply) => reply.errorLatin1("ERR '\xff'"), "-ERR '\xff'\r\n", "-ERR '\xff'\r\n"],
];

test('each reply in RESP2 and RESP3', () => {
  for (const [write, resp2, resp3] of GOLDEN) {
    assert.equal(written(2, write), resp2);
    assert.equal(written(3, write), resp3);
  }
});

test('bulks of every length up to 200, with and without a view', () => {
  const bytes = Uint8Array.from({ length: 300 }, (_, i) => i);
  const view = new DataView(bytes.buffer);
  for (let length = 0; length <= 200; length++) {
    const content = Buffer.from(bytes.subarray(7, 7 + length)).toString('latin1');
    const expected = `$${length}\r\n${content}\r\n`;
    assert.equal(
      written(2, (reply) => reply.bulk(bytes, 7, length)),
      expected,
    );
    assert.equal(
      written(2, (reply) => reply.bulkView(bytes, view, 7, length)),
      expected,
    );
    assert.equal(
      written(2, (reply) => reply.bulkLatin1(content)),
      expected,
    );
    const inPieces = written(2, (reply) => {
      reply.bulkStart(length);
      reply.copy(bytes, 7, length >> 1);
      reply.copy(bytes, 7 + (length >> 1), length - (length >> 1));
      reply.bulkEnd();
    });
    assert.equal(inPieces, expected);
  }
});

test('aggregates whose count comes late may be nested', () => {
  for (const protocol of [2, 3] as const) {
    const text = written(protocol, (reply) => {
      const outer = reply.openAggregate();
      reply.integer(1);
      const map = reply.openAggregate();
      for (let i = 0; i < 12; i++) {
        reply.bulkInteger(i);
        const set = reply.openAggregate();
        reply.closeSet(set, 0);
      }
      reply.closeMap(map, 12);
      reply.closeArray(outer, 2);
    });
    const replies = new ReplyDecoder().feed(Buffer.from(text, 'latin1'));
    assert.equal(replies.length, 1);
    const members = Array.from({ length: 12 }, (_, i) => i);
    const flat = members.map((i) => `"${i}" []`).join(' ');
    const pairs = members.map((i) => `"${i}"=>set{}`).join(' ');
    const expected = protocol === 2 ? `[:1 [${flat}]]` : `[:1 map{${pairs}}]`;
    assert.equal(describeReply(replies[0]), expected);
  }
});

test('errors are counted, whichever way they are written', () => {
  const reply = new ReplyWriter();
  reply.error(ERRORS.syntax);
  reply.errorText('ERR x');
  reply.errorLatin1('ERR x');
  reply.null();
  assert.equal(reply.errorCount, 3);
});

test('reset keeps a buffer of usual size and gives a large one back', () => {
  const reply = new ReplyWriter(1024);
  reply.bulk(new Uint8Array(100_000), 0, 100_000);
  const grown = reply.bytes;
  reply.reset();
  assert.equal(reply.position, 0);
  assert.equal(reply.bytes, grown);
  const large = LIMITS.replyBufferBytesKept + 1;
  reply.bulk(new Uint8Array(large), 0, large);
  reply.reset();
  assert.equal(reply.bytes.length, 1024);
});

test('detach gives the buffer away untouched by what is written later', () => {
  const reply = new ReplyWriter(64);
  reply.ok();
  const { position } = reply;
  const sent = reply.detach();
  reply.null();
  assert.equal(Buffer.from(sent).toString('latin1', 0, position), '+OK\r\n');
  assert.notEqual(reply.bytes, sent);
  assert.equal(reply.position, 5);
});

test('echoed text ends at 128 bytes and at a NUL', () => {
  const frame = new Frame();
  const fill = (...args: (string | Uint8Array)[]): void => {
    const parser = new FrameParser(AUTHENTICATED_LIMITS);
    const bytes = encodeCommand(args);
    parser.feed(bytes, 0, bytes.length);
    assert.equal(parser.next(frame), READY);
  };
  fill('foo', 'a\0b', Buffer.of(0xff));
  assert.equal(echoed(frame, 1), 'a');
  assert.equal(
    unknownCommandText(frame),
    "ERR unknown command 'foo', with args beginning with: 'a' '\xff' ",
  );
  fill('x'.repeat(300), 'y'.repeat(100), 'z'.repeat(100), 'w');
  const args = `'${'y'.repeat(100)}' '${'z'.repeat(25)}' `;
  assert.equal(
    unknownCommandText(frame),
    `ERR unknown command '${'x'.repeat(128)}', with args beginning with: ${args}`,
  );
  assert.equal(
    unknownSubcommandText(frame, 'CLIENT'),
    `ERR unknown subcommand '${'y'.repeat(100)}'. Try CLIENT HELP.`,
  );
});
